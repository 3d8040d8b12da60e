/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small PV guest: its layout, and its operations. */
#ifndef LAB_X86_PV_H
#define LAB_X86_PV_H

/*
 * Where things are in the small PV guest. Its memory is mapped from LAB_PV_BASE on, in the order of
 * its page numbers; which machine frames these are only its builder and its tables know.
 */
#define LAB_PV_BASE 0xffffffff80000000
#define LAB_PV_MAILBOX_PFN 0x200
#define LAB_PV_SHARED_PFN 0x201    /* its page gives way to Xen's shared-info page */
#define LAB_PV_SCRATCH_PFN 0x400   /* free for tests, */
#define LAB_PV_SCRATCH_PFNS 0x4000 /* 64 MiB of it */
#define LAB_STACK_SIZE 4096

#ifndef __ASSEMBLER__
/*
 * Mailbox operations that only the PV guest knows; the common ones are in common/mailbox.h. Their
 * addresses are machine addresses (a PV domain's gfn is an mfn), or, in the upper half, the guest's
 * own virtual ones: that is how a page-table page is written, which the guest has mapped read-only.
 */
enum lab_pv_op {
    LAB_PV_FIRST = 0x200,
    LAB_PV_PTE = LAB_PV_FIRST, /* result: machine address of the L1 entry that maps addr; progress:
                                * the entry */
    LAB_PV_VIRTUAL,            /* result: the virtual address of machine address addr */
    LAB_PV_HYPERCALL, /* number `value` with addr, stride, count, size as arguments, `extra`
                                * times (0: once) */
    LAB_PV_SHUTDOWN,  /* SCHEDOP_shutdown with reason `value` */
    LAB_PV_BALLOON,   /* `count` pages from page number `addr` on go back to Xen and come again,
                                * one by one, until a later `seq` appears. What frames they are in is in page
                                * number `stride`, from word `extra` on. result: pages whose contents were wrong; progress: frames exchanged; fault_pc: pages that Xen kept */
    LAB_PV_LAST
};

#endif

#endif
