# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/event.c
# unit/test-event a_request_beside_the_acknowledging_is_not_lost
# The ring is not looked at again behind the acknowledging.
/^static int settle/,/^}/s/^    if (!rc && ring_any(&d->ring))$/    if (!rc \&\& !d->dom)/
