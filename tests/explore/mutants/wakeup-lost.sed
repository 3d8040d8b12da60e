# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/event.c
# -c ept-single -p 1
# The ring is not looked at again behind the acknowledging.
/^static int settle/,/^}/s/^    if (!rc && ring_any(&d->ring))$/    if (!rc \&\& !d->dom)/
/^static int next_slow/,/^}/s/int rc = event_take(d, &ev);/int rc = more ? event_take(d, \&ev) : 0;/
