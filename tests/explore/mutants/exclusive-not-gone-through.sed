# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-arm.c
# -c arm-emulate
# An exclusive is done by itself, and its loop is the vCPU's.
s/^#define LOOP_MOST 64u/#define LOOP_MOST 1u/
