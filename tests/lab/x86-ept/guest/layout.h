/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where things are in the x86 laboratory guest (guest physical = linear: one to one below 4 GiB). */
#ifndef LAB_X86_LAYOUT_H
#define LAB_X86_LAYOUT_H

#define LAB_IMAGE_BASE   0x100000
#define LAB_MAILBOX_BASE 0x200000
#define LAB_VE_INFO_BASE 0x202000 /* written by the processor (SDM vol. 3, 26.5.7.2) */
#define LAB_VE_LOG_BASE  0x203000 /* struct lab_ve_log, one per vCPU */
#define LAB_SCRATCH_BASE 0x300000 /* free for tests, up to the end of memory */
#define LAB_STACK_SIZE   4096

#endif
