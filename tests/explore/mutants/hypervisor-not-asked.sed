# SPDX-License-Identifier: LGPL-2.1-or-later
# lib/events/step-answer.c
# -c pv-processor
# The emulator is asked to do what the processor is to.
/^int step_by_hypervisor/,/^}/s/RING_FLAG_STEP/RING_FLAG_EMULATE/
