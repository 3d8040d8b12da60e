# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/event.c
# -c ept-view-few -p 1 -s view,
# What waits is looked at before the acknowledging, which takes its wake-up away.
/^static int settle/,/^}/{
s/^    int rc = events_send(d);$/    int rc = d->later_n ? begin_waiting(d) : 0;\n    rc = events_send(d);/
s/^    if (!rc && d->later_n)$/    if (!d->ops)/
}
