# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/event.c
# unit/test-event a_broken_ring_is_not_waited_for
# A broken ring is waited for.
s/^    if (d->broken || d->events.own_n/    if (d->events.own_n/
