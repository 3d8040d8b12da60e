/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the guest's command loop (main.c) and what is Xen and PV about it (arch.c). */
#ifndef LAB_PV_ARCH_H
#define LAB_PV_ARCH_H

#include <stdint.h>

#include "../../common/mailbox.h"

/* Called from entry.S. */
void guest_main(uint64_t vcpu, const void *start_info);
void guest_fault(uint64_t vcpu, uint64_t kind, uint64_t error, uint64_t pc);

void arch_init(uint64_t vcpu, const void *start_info);
/* Leaves the processor to others for a while, longer the more often it is called in a row. */
void arch_idle(uint64_t vcpu, uint64_t in_a_row);
/* One instruction: memory += value. */
void arch_add(uint64_t addr, uint64_t size, uint64_t value);
/* The guest's virtual address of a machine address; upper-half addresses are their own; 0: not mapped. */
uint64_t arch_virtual(uint64_t addr);
uint64_t arch_fault_address(uint64_t vcpu);
/* Operations other than plain accesses; sets box->status for what it does not know. */
uint64_t arch_op(struct lab_mailbox *box);

/* As Xen's public headers number them. */
uint64_t arch_hypercall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2, uint64_t arg3);
/* The machine frame that a page of the guest's is in; 0: none. */
uint64_t arch_frame(const void *page);
/* Of the guest's memory, by page number. */
void *arch_page(uint64_t pfn);

/* balloon.c: LAB_PV_BALLOON */
uint64_t balloon(struct lab_mailbox *box);

#endif
