/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where things are in the arm64 laboratory guest (guest physical = virtual: its MMU is off). */
#ifndef LAB_ARM64_LAYOUT_H
#define LAB_ARM64_LAYOUT_H

#define LAB_IMAGE_BASE   0x40080000  /* Xen gives guests their low memory from 1 GiB on */
#define LAB_MAILBOX_BASE 0x40200000
#define LAB_SCRATCH_BASE 0x40300000  /* free for tests, up to the end of memory */
#define LAB_STACK_SIZE   4096

#endif
