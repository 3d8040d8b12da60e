/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the guest's command loop (main.c) and what is x86 about it (arch.c). */
#ifndef LAB_X86_ARCH_H
#define LAB_X86_ARCH_H

#include <stdint.h>

#include "../../common/mailbox.h"

/* Called from entry.S. */
void guest_main(uint64_t vcpu);
void guest_fault(uint64_t vcpu, uint64_t kind, uint64_t addr, uint64_t pc);
void guest_ve(uint64_t vcpu);

void arch_init(uint64_t vcpu);
/* Leaves the processor to others for a while, longer the more often it is called in a row. */
void arch_idle(uint64_t in_a_row);
/* One instruction: memory += value. */
void arch_add(uint64_t addr, uint64_t size, uint64_t value);
/* Operations other than plain accesses; sets box->status for what it does not know. */
uint64_t arch_op(struct lab_mailbox *box);

#endif
