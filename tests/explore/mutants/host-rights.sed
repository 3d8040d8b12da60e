# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-20
# The step view has the rights of the host view.
s/rc = step_rights_of(d, domain_view(d, sv->origin), gfn, &rights);/rc = step_rights_of(d, domain_view(d, 0), gfn, \&rights);/
