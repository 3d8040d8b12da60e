/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the small guest's command loop (main.c) and what is the machine's about it (arch/NAME.c). */
#ifndef LAB_GUEST_ARCH_H
#define LAB_GUEST_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/mailbox.h"

/* Xen public headers: hypercall numbers and sub-operations (public/xen.h, sched.h, vcpu.h, hvm/hvm_op.h). */
#define HYPERVISOR_XEN_VERSION 17u
#define HYPERVISOR_VCPU_OP 24u
#define HYPERVISOR_SCHED_OP 29u
#define HYPERVISOR_HVM_OP 34u
#define VCPUOP_INITIALISE 0u
#define VCPUOP_UP 1u
#define SCHEDOP_YIELD 0u
#define SCHEDOP_SHUTDOWN 2u
#define SCHEDOP_POLL 3u
#define HVMOP_GUEST_REQUEST 24u

/* ---- main.c ---- */

/* Called by the first instructions; `start` is what Xen left for vCPU 0, if it is asked for. */
void guest_main(uint64_t vcpu, const void *start);
/* Called by an exception, which ends the command; `detail` goes to arch_fault(). */
void guest_fault(uint64_t vcpu, uint64_t kind, uint64_t detail, uint64_t pc);

uint64_t guest_load(uint64_t addr, uint64_t size);
void guest_store(uint64_t addr, uint64_t size, uint64_t value);
/* `count` accesses of box->op, known to main.c or to arch_access(). */
uint64_t guest_accesses(struct lab_mailbox *box, uint64_t size);

/* ---- arch/NAME.c ---- */

void arch_init(uint64_t vcpu, const void *start);
struct lab_mailbox *arch_mailbox(uint64_t vcpu);
void arch_barrier(void);
/* Leaves the processor to others for a while, which may be longer the more often it is called in a row. */
void arch_idle(uint64_t vcpu, uint64_t in_a_row);
/* *addr becomes the guest's virtual address of what dom0 calls so; false, and 0: it is not mapped. */
bool arch_virtual(uint64_t *addr);
/* Sets box->fault_addr, and what else there is to tell. */
void arch_fault(struct lab_mailbox *box, uint64_t vcpu, uint64_t detail);
uint64_t arch_hypercall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                        uint64_t arg3);

/* memory += value, in one instruction where there is one. */
void arch_add(uint64_t addr, uint64_t size, uint64_t value);
void arch_call(uint64_t addr, uint64_t first, uint64_t second);
/* One instruction; the eight bytes lie on both sides of the boundary behind addr's page. */
void arch_store_crossing(uint64_t addr, uint64_t value);
uint64_t arch_load_crossing(uint64_t addr);
/* One access of an operation of its own; *guess is kept from one to the next, 0 at first. */
uint64_t arch_access(uint64_t op, uint64_t addr, uint64_t size, uint64_t value, uint64_t *guess);

uint64_t arch_cpu_on(uint64_t vcpu);
uint64_t arch_priv_call(void);
/* Operations of its own; sets box->status for what it does not know. */
uint64_t arch_op(struct lab_mailbox *box);

#endif
