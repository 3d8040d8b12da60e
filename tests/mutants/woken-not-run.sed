# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/api/restore.c
# unit/test-close a_queue_for_a_slot_when_the_session_ends
# vCPUs that queue for a slot are not run before the ring goes.
s/^        bool all = run_woken(d, &p);$/        bool all = true;/
