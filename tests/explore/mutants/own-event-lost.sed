# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/event.c
# -c arm-emulate
# The session's own event is not given to the caller.
s/^    while (events_of(d)->own_n) {/    while (events_of(d)->own_n > 9) {/
