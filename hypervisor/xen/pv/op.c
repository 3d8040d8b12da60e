/* SPDX-License-Identifier: GPL-2.0-only */
/* XENMEM_access_op on a PV domain: a gfn is a machine frame number. */
#include "priv.h"

#include <xen/hypercall.h>
#include <xsm/xsm.h>

static int op_set(struct xmem_pv *x, const xen_mem_access_op_t *mao, uint32_t *start, bool *flush)
{
    enum xm_access a;

    if (!xm_rights_from_wire(XMEM_XEN_MINOR, mao->access, &a))
        return -EINVAL;
    if (mao->pfn != ~0ULL)
        return xm_pv_set(&x->pv, mao->pfn, mao->nr, start, a, flush);
    if (a == XM_ACCESS_DEFAULT)
        return -EINVAL;
    xm_pv_set_default(&x->pv, a, flush);
    return 0;
}

static int op_get(struct xmem_pv *x, xen_mem_access_op_t *mao)
{
    enum xm_access a = x->pv.default_access;
    uint8_t wire = 0;
    int rc = 0;

    if (mao->pfn != ~0ULL)
        rc = xm_pv_get(&x->pv, mao->pfn, &a);
    if (rc == 0)
        rc = xm_rights_to_wire(XMEM_XEN_MINOR, a, &wire);
    mao->access = wire;
    return rc;
}

static int op_locked(struct xmem_pv *x, xen_mem_access_op_t *mao, uint32_t *start, bool *flush)
{
    switch (mao->op) {
    case XENMEM_access_op_set_access:
        return op_set(x, mao, start, flush);
    case XENMEM_access_op_set_access_multi:
        /* The lists are read with the paging lock held: not through a second-stage table. */
        if (paging_mode_translate(current->domain))
            return -EOPNOTSUPP;
        return xm_pv_set_list(&x->pv, (unsigned long)mao->pfn_list.p,
                              (unsigned long)mao->access_list.p, mao->nr, start, XMEM_XEN_MINOR,
                              flush);
    case XENMEM_access_op_get_access:
        return *start != 0 ? -ENOSYS : op_get(x, mao);
    default:
        return -ENOSYS;
    }
}

static int op(struct domain *d, xen_mem_access_op_t *mao, uint32_t *start)
{
    bool flush = false;
    int rc;

    paging_lock(d);
    /* It can have been turned off. */
    rc = xmem_pv_active(d) ? op_locked(d->arch.pv.xmem, mao, start, &flush) : -EOPNOTSUPP;
    if (flush)
        guest_flush_tlb_mask(d, d->dirty_cpumask);
    xmem_unlock(d);
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
                                             XENMEM_access_op | start, arg);
    if (rc == 0 && mao->op == XENMEM_access_op_get_access)
        return __copy_field_to_guest(arg, mao, access) ? -EFAULT : 0;
    return rc;
}
