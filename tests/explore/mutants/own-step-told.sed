# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step.c
# -c ept-single
# The tool is told of the library's own single steps.
s/if (!rc && (v->user_step || (!ours && d->step_monitor_user)))/if (!rc)/
