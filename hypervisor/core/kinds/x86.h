/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What x86's kinds share. */
#ifndef XM_KINDS_X86_H
#define XM_KINDS_X86_H

#include <xm/base.h>

/* x86.c: all of them. An answer's general registers, flags and instruction pointer, where it says so. */
void xm_x86_regs_set(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp);
/* The processor's trap flag for the vCPU; as it was before. self: the domain. */
bool xm_x86_trap_flag(void *self, uint32_t vcpu, bool on);
void xm_x86_pause_others(const struct xm_domain *d, uint32_t vcpu);
void xm_x86_unpause_others(const struct xm_domain *d, uint32_t vcpu);

/* x86-hvm.c: guests on nested page tables. SDM, "EPT misconfigurations": write without read. */
#define XM_HVM_REFUSED (1u << XM_ACCESS_W | 1u << XM_ACCESS_WX)
#define XM_HVM_EMULATE \
    (XM_EV_FLAG_EMULATE | XM_EV_FLAG_EMULATE_NOWRITE | XM_EV_FLAG_SET_EMUL_READ_DATA | \
     XM_EV_FLAG_SET_EMUL_INSN_DATA)
/* But for steps. */
uint32_t xm_hvm_monitor_caps(const struct xm_domain *d);
/* An answer's EMULATE; first of all. */
void xm_hvm_emulate(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp);
/* DENY, the next interrupt, registers. */
void xm_hvm_answer(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp);

#endif
