/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shadow entries for accesses of Xen's own, made whatever the rights.
 *
 * They are closed before their vCPU is in guest mode again. There are two ways to there from Xen. On the
 * pCPU where they were opened: no return to a guest passes a pending softirq, and opening raises one.
 * On another pCPU: the vCPU has to be switched out first, and context_switch() closes them while it
 * still has its pCPU, behind the last access that it makes in this vCPU's name; only later is the vCPU given
 * free for others. What it opens for the next vCPU is that one's, on the pCPU that goes on with it, and the
 * softirq is pending there. A softirq that was raised for a vCPU that left finds nothing to do.
 *
 * In between another vCPU that runs on the same tables can use them; the flush ends that.
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

/* The vCPU is this pCPU's: nobody else opens anything in its name. */
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
