# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-arm-world.c
# -c arm-emulate
# A further page of an instruction that the library does is not asked for.
s/    if (why || !missing)/    if (why || missing < 9)/
