/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where things are in the small PV guest. Its memory is mapped from LAB_PV_BASE on, in the order of
 * its page numbers; which machine frames these are only its builder and its tables know.
 */
#ifndef LAB_PV_LAYOUT_H
#define LAB_PV_LAYOUT_H

#define LAB_PV_BASE         0xffffffff80000000
#define LAB_PV_MAILBOX_PFN  0x200
#define LAB_PV_SHARED_PFN   0x201 /* its page gives way to Xen's shared-info page */
#define LAB_PV_SCRATCH_PFN  0x400 /* free for tests, */
#define LAB_PV_SCRATCH_PFNS 0x4000 /* 64 MiB of it */
#define LAB_STACK_SIZE      4096

#endif
