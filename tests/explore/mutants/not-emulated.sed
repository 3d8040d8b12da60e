# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-answer.c
# -c ept-emulate
# An emulation that is none.
s/by_answer(d, ev, RING_FLAG_EMULATE)/by_answer(d, ev, 0)/
