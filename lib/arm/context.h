/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registers of an Arm vCPU, as a hypervisor hands them out and takes them back. */
#ifndef XMEM_ARM_CONTEXT_H
#define XMEM_ARM_CONTEXT_H

#include <stdint.h>

/*
 * x0 to x30, and AArch32's banked registers where the architecture maps them: r0 to r12, then
 * sp_usr 13, lr_usr 14, lr_irq 16, sp_irq 17, lr_svc 18, sp_svc 19, lr_abt 20, sp_abt 21, lr_und 22,
 * sp_und 23, r8_fiq 24 to r12_fiq 28, sp_fiq 29, lr_fiq 30. Where the kernel runs in AArch32 state too,
 * sp_el0, sp_el1 and elr_el1 are 0.
 */
struct arm_regs {
    uint64_t x[31];
    uint64_t pc;
    uint64_t cpsr; /* as SPSR_EL2 has it */
    uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
    uint64_t spsr_fiq, spsr_irq, spsr_und, spsr_abt;
    uint64_t sctlr, tcr, ttbr0, ttbr1; /* of EL1 */
    uint64_t online; /* 1: the vCPU was started, and is not switched off */
};

#endif
