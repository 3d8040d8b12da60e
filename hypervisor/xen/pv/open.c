/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shadow entries for Xen's own accesses, made whatever the rights.
 *
 * They are closed before their vCPU enters guest mode again, on either way there. On the pCPU where they
 * were opened: no return to a guest passes a pending softirq, and opening raises one. On another pCPU: the
 * vCPU is switched out first, and context_switch() closes them after the last access that it makes for this
 * vCPU and before another pCPU can run it. Entries that context_switch() opens for the next vCPU belong to
 * that vCPU, and the softirq is pending on the pCPU that runs it. A softirq raised for a vCPU that has left
 * finds nothing to do.
 *
 * Meanwhile another vCPU on the same page tables can use these entries, until the flush.
 */
#include "priv.h"

#include <xen/init.h>
#include <xen/softirq.h>
#include <asm/shadow.h>

void xmem_open(struct vcpu *v, unsigned long mfn)
{
    paging_lock(v->domain);
    xm_pv_open_next(&xmem_vcpu(v)->open, mfn);
    paging_unlock(v->domain);
    raise_softirq(XMEM_CLOSE_SOFTIRQ);
}

bool xmem_open_passes(const struct domain *d, unsigned long mfn)
{
    return current->domain == d && xm_pv_open_passes(&xmem_vcpu(current)->open, mfn);
}

void xmem_open_made(unsigned long mfn, uint64_t place)
{
    xm_pv_open_made(&xmem_vcpu(current)->open, mfn, place, to_env(current->domain), xmem_take);
}

/* v runs on this pCPU, so nothing else opens entries for it. */
void xmem_pv_close(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct xm_pv_open *o = &xmem_vcpu(v)->open;

    if (!xm_pv_open_any(o))
        return;
    paging_lock(d);
    if (xm_pv_open_close(o, to_env(d), xmem_take))
        guest_flush_tlb_mask(d, d->dirty_cpumask);
    paging_unlock(d);
}

static void cf_check close_current(void)
{
    xmem_pv_leaves(current);
}

static int __init cf_check open_init(void)
{
    open_softirq(XMEM_CLOSE_SOFTIRQ, close_current);
    return 0;
}
__initcall(open_init);
