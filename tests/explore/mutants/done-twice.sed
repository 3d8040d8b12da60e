# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-arm.c
# -c arm-emulate
# What the library did is done by the vCPU as well.
s/event_answer_at(d, w->ev, v->now.pc)/event_answer(d, w->ev, 0)/
