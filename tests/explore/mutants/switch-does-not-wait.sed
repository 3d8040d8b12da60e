# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-view.c
# -c ept-view-20
# A switch does not wait for the steps under way.
s/if (!d->step_view_n || none_running(d, 0) || wait_for(d, none_running, 0))/if (d->dom)/
