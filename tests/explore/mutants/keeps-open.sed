# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-few
# The step view keeps open what another step opened.
s/if (step_pages_have(&s->pages, p.gfn, p.need) && sv->unhook == s->unhook)/if (p.gfn)/
