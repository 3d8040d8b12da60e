# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/event.c
# unit/test-event a_broken_ring_is_not_waited_for
# A broken ring is waited for.
s/^    if (d->broken || events_of(d)->own_n/    if (events_of(d)->own_n/
