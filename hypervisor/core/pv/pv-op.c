/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a toolstack asks for, of a PV guest: XENMEM_access_op, and the mode. */
#include <xm/pv.h>

#define OP_SET 0u
#define OP_GET 1u
#define OP_SET_MULTI 4u
#define CLEANING 64u /* *start of a default that is set, but for the memory of what it ended */

static int op_set(struct xm_pv *pv, const struct xm_pv_op *op, uint32_t *start, bool *flush)
{
    enum xm_access a;
    int rc;

    if (!xm_rights_from_wire(op->xen_minor, op->access, &a))
        return -XM_EINVAL;
    if (op->pfn != XM_GFN_NONE)
        return xm_pv_set(pv, op->pfn, op->nr, start, a, flush);
    if (*start == 0)
        xm_pv_set_default(pv, a, flush);
    rc = xm_pv_reap(pv);
    if (rc == XM_CONTINUE)
        *start = CLEANING;
    return rc;
}

static int op_get(struct xm_pv *pv, struct xm_pv_op *op, uint32_t start)
{
    enum xm_access a = (enum xm_access)pv->default_access;
    int rc = start != 0 ? -XM_ENOSYS : 0;

    if (rc == 0 && op->pfn != XM_GFN_NONE)
        rc = xm_pv_get(pv, op->pfn, &a);
    return rc != 0 ? rc : xm_rights_to_wire(op->xen_minor, a, &op->access);
}

int xm_pv_op(struct xm_pv *pv, struct xm_pv_op *op, uint32_t *start, bool *flush)
{
    if (!pv->on)
        return -XM_EOPNOTSUPP;
    switch (op->op) {
    case OP_SET: return op_set(pv, op, start, flush);
    case OP_GET: return op_get(pv, op, *start);
    case OP_SET_MULTI:
        if (!op->lists)
            return -XM_EOPNOTSUPP;
        return xm_pv_set_list(pv, op->pfn_list, op->access_list, op->nr, start, op->xen_minor,
                              flush);
    default: return -XM_ENOSYS;
    }
}

/* ---- the mode ---- */

void xm_pv_turn_on(struct xm_pv *pv, enum xm_pv_policy policy, enum xm_pv_default semantics)
{
    xm_pv_on(pv);
    xm_env_lock(&pv->lock);
    pv->policy = (uint8_t)policy;
    pv->semantics = (uint8_t)semantics;
    xm_env_unlock(&pv->lock);
}

int xm_pv_turn_off(struct xm_pv *pv, bool if_idle, bool listener)
{
    if (!pv->on)
        return 0;
    if (listener || (if_idle && !xm_pv_idle(pv)))
        return -XM_EBUSY;
    xm_pv_off(pv);
    return 0;
}
