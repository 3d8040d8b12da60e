# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step.c
# -c ept-single
# The caller's single step is taken for the library's.
s/if (!rc && (v->user_step || (!ours && d->step_monitor_user)))/if (!rc \&\& !ours \&\& d->step_monitor_user)/
