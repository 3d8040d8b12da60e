/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers with STEP on this core's domains on nested paging. */
#ifndef XM_HAP_DOMAIN_H
#define XM_HAP_DOMAIN_H

#include <xm/base.h>
#include <xm/steps.h>

/* Of a vCPU: by the emulator, and by its processor. */
struct xm_hap_vcpu {
    struct xm_hap_step step;
    struct xm_hap_trap trap;
};

/* Of a vCPU of that kind, and of no other. */
static inline struct xm_hap_vcpu *xm_hap_of(const struct xm_vcpu *v)
{
    return v->own;
}

#endif
