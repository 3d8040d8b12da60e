# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step.c
# -c pv-processor
# The emulator is asked to do what the processor is to.
/^static int by_hypervisor/,/^}/s/RING_FLAG_STEP/RING_FLAG_EMULATE/
