/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The small PVH guest: where things are in it (guest physical = linear: one to one below 4 GiB), and the
 * mailbox operations that only it knows; the common ones are in common/mailbox.h.
 */
#ifndef LAB_X86_PVH_H
#define LAB_X86_PVH_H

#define LAB_X86_IMAGE_BASE 0x100000
#define LAB_X86_MAILBOX_BASE 0x200000
#define LAB_X86_VE_INFO_BASE 0x202000 /* written by the processor (SDM vol. 3, 26.5.7.2) */
#define LAB_X86_VE_LOG_BASE 0x203000  /* struct lab_ve_log, one per vCPU */
#define LAB_X86_SCRATCH_BASE 0x300000 /* free for tests, up to the end of memory */
#define LAB_STACK_SIZE 4096

#ifndef __ASSEMBLER__
#include <stdint.h>

enum lab_x86_op {
    LAB_X86_FIRST = 0x100,
    LAB_X86_CPUID = LAB_X86_FIRST, /* leaf `value`, sub-leaf `count`; result: ebx:eax, and ecx, edx
                                    * with the others as four 32-bit words at addr if not 0 */
    LAB_X86_RDMSR,                 /* MSR `value`; result: its contents */
    LAB_X86_WRMSR,                 /* MSR `addr` becomes `value` */
    LAB_X86_TOGGLE_CR3,            /* flips the bits `value` of CR3 (0: writes what is there) */
    LAB_X86_TOGGLE_CR4,            /* the same for CR4 */
    LAB_X86_INT3,                  /* a one-byte breakpoint; a listener has to step over it */
    LAB_X86_VMFUNC,                /* EPTP switching to view `value` */
    LAB_X86_SHUTDOWN,              /* SCHEDOP_shutdown with reason `value` */
    LAB_X86_LOAD_CR3, /* the page at `value` becomes a copy of the first-level table, and CR3 */
    LAB_X86_LAST
};

/* What the guest's #VE handler saw last; it then returns to view 0, so that the access completes. */
struct lab_ve_log {
    volatile uint64_t count;
    volatile uint64_t reason;
    volatile uint64_t gla;
    volatile uint64_t gpa;
    volatile uint64_t view;
};

#endif

#endif
