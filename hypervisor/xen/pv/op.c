/* SPDX-License-Identifier: GPL-2.0-only */
/* XENMEM_access_op on a PV domain, where a gfn is a machine frame number. */
#include "priv.h"

#include <xen/hypercall.h>
#include <xsm/xsm.h>

static int op(struct domain *d, xen_mem_access_op_t *mao, uint32_t *start)
{
    struct xm_pv_op mine = {
        .op = mao->op,
        .access = mao->access,
        /* Lists are read under the paging lock, which a caller with second-stage tables does not allow. */
        .lists = !paging_mode_translate(current->domain),
        .nr = mao->nr,
        .xen_minor = XMEM_XEN_MINOR,
        .pfn = mao->pfn,
        .pfn_list = (unsigned long)mao->pfn_list.p,
        .access_list = (unsigned long)mao->access_list.p,
    };
    bool flush = false;
    int rc;

    xmem_lock(d);
    rc = xm_pv_op(&d->arch.pv.xmem->pv, &mine, start, &flush);
    if (flush)
        guest_flush_tlb_mask(d, d->dirty_cpumask);
    xmem_unlock(d);
    mao->access = mine.access;
    return rc;
}

long xmem_pv_memop(struct domain *d, unsigned long cmd, xen_mem_access_op_t *mao,
                   XEN_GUEST_HANDLE_PARAM(xen_mem_access_op_t) arg)
{
    uint32_t start = cmd & ~MEMOP_CMD_MASK;
    int rc = xsm_mem_access(XSM_DM_PRIV, d);

    if (rc != 0)
        return rc;
    if (!xmem_pv_active(d))
        return -EOPNOTSUPP;
    if (!vm_event_check_ring(d->vm_event_monitor))
        return -ENODEV;
    rc = op(d, mao, &start);
    if (rc == XM_CONTINUE)
        return hypercall_create_continuation(__HYPERVISOR_memory_op, "lh",
                                             (unsigned long)XENMEM_access_op | start, arg);
    if (rc == 0 && mao->op == XENMEM_access_op_get_access)
        return __copy_field_to_guest(arg, mao, access) ? -EFAULT : 0;
    return rc;
}
