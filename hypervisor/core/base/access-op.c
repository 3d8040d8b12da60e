/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XENMEM_access_op: order of checks and errnos as common/mem_access.c and its arch parts in Xen. */
#include <xm/base.h>
#include <xm/rights.h>

/* MEMOP_CMD_MASK: a continuation can only resume at multiples of 64. */
#define CHUNK_MASK 0x3fu

/* default becomes what it is now; a later change of the default does not reach back. */
static int rights_decode(struct xm_domain *d, uint32_t wire, enum xm_access *a)
{
    if (!xm_rights_from_wire(d->xen_minor, wire, a))
        return -XM_EINVAL;
    if (*a == XM_ACCESS_DEFAULT)
        *a = (enum xm_access)d->view[0].default_access;
    return xm_kind_expresses(d->ops, *a) ? 0 : -XM_EINVAL;
}

static int host_set_one(struct xm_domain *d, xm_gfn_t gfn, enum xm_access a)
{
    struct xm_p2m *host = &d->view[0];
    struct xm_p2m_entry e = xm_table_get(d, host, gfn);
    int rc;

    if (!xm_mfn_valid(e.mfn))
        return 0;
    /* Xen writes a 4 KiB entry whatever is there (set_mem_access()): a larger leaf is split. */
    if (e.access != a || e.order != XM_ORDER_4K) {
        e.access = (uint8_t)a;
        rc = xm_table_set(d, host, gfn, XM_ORDER_4K, &e);
        if (rc != 0)
            return rc;
        xm_p2m_note_flush(d, 0);
    }
    return xm_views_follow(d, gfn, XM_ORDER_4K, &e);
}

static int view_set_one(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, enum xm_access a)
{
    struct xm_p2m_entry e;
    int rc = d->ops->views->effective(d, p2m, gfn, true, &e);

    if (rc != 0)
        return rc == -XM_ESRCH ? 0 : rc;
    e.access = (uint8_t)a;
    rc = xm_table_set(d, p2m, gfn, XM_ORDER_4K, &e);
    if (rc == 0)
        xm_p2m_note_flush(d, p2m->view);
    return rc;
}

static int set_one(struct xm_domain *d, struct xm_p2m *p2m, uint64_t gfn, enum xm_access a)
{
    if (p2m->view == 0)
        return host_set_one(d, xm_gfn(gfn), a);
    return view_set_one(d, p2m, xm_gfn(gfn), a);
}

/* After ++*start: stop here and let others run? */
static bool chunk_ends(uint32_t nr, uint32_t start)
{
    return nr > start && (start & CHUNK_MASK) == 0 && xm_env_preempt();
}

int xm_access_set(struct xm_domain *d, unsigned view, uint64_t gfn, uint32_t nr, uint32_t *start,
                  uint32_t wire)
{
    struct xm_p2m *p2m;
    enum xm_access a;
    int rc;

    xm_p2m_lock(d);
    p2m = xm_view_find(d, view);
    rc = p2m == NULL ? -XM_EINVAL : rights_decode(d, wire, &a);
    if (rc != 0)
        goto out;
    d->access_used = true;
    if (gfn == XM_GFN_NONE) {
        /* Whatever the view, Xen changes the host's. */
        d->view[0].default_access = (uint8_t)a;
        goto out;
    }
    while (nr > *start) {
        rc = set_one(d, p2m, gfn + *start, a);
        if (rc != 0)
            break;
        ++*start;
        if (chunk_ends(nr, *start)) {
            rc = XM_CONTINUE;
            break;
        }
    }
out:
    xm_p2m_unlock(d);
    return rc;
}

static int multi_one(struct xm_domain *d, struct xm_p2m *p2m, uint64_t gfns, uint64_t rights,
                     uint32_t i)
{
    enum xm_access a;
    uint8_t wire;
    uint64_t gfn;
    int rc;

    if (xm_env_copy_in(&gfn, gfns, (size_t)i * sizeof(gfn), sizeof(gfn)) != 0 ||
        xm_env_copy_in(&wire, rights, i, sizeof(wire)) != 0)
        return -XM_EFAULT;
    rc = rights_decode(d, wire, &a);
    return rc != 0 ? rc : set_one(d, p2m, gfn, a);
}

int xm_access_set_multi(struct xm_domain *d, unsigned view, uint64_t gfns, uint64_t rights,
                        uint32_t nr, uint32_t *start)
{
    struct xm_p2m *p2m;
    int rc = 0;

    if (!d->ops->set_multi)
        return -XM_EOPNOTSUPP;
    xm_p2m_lock(d);
    p2m = xm_view_find(d, view);
    if (p2m == NULL) {
        rc = -XM_EINVAL;
        goto out;
    }
    while (*start < nr) {
        rc = multi_one(d, p2m, gfns, rights, *start);
        if (rc != 0)
            break;
        ++*start;
        if (chunk_ends(nr, *start)) {
            rc = XM_CONTINUE;
            break;
        }
    }
out:
    xm_p2m_unlock(d);
    return rc;
}

static int entry_access(struct xm_domain *d, struct xm_p2m *p2m, uint64_t gfn, uint8_t *access)
{
    struct xm_p2m_entry e;

    *access = XM_ACCESS_RWX;
    if (d->ops->rwx_until_set && !d->access_used)
        return 0;
    if (gfn == XM_GFN_NONE) {
        *access = p2m->default_access;
        return 0;
    }
    e = xm_table_get(d, p2m, xm_gfn(gfn));
    *access = e.access;
    return xm_mfn_valid(e.mfn) ? 0 : -XM_ESRCH;
}

int xm_access_get(struct xm_domain *d, unsigned view, uint64_t gfn, uint8_t *wire)
{
    struct xm_p2m *p2m;
    uint8_t access;
    int rc;

    xm_p2m_lock(d);
    p2m = xm_view_find(d, view);
    rc = p2m == NULL ? -XM_EINVAL : entry_access(d, p2m, gfn, &access);
    if (rc == 0)
        rc = xm_rights_to_wire(d->xen_minor, (enum xm_access)access, wire);
    xm_p2m_unlock(d);
    return rc;
}

static int op_set(struct xm_domain *d, const struct xm_mem_access_op *op, uint32_t *start)
{
    uint64_t last = op->pfn + op->nr - 1;

    /* With nr 0 last is pfn - 1, so that one of the two refuses it; as in Xen. */
    if (op->pfn != XM_GFN_NONE &&
        (op->nr < *start || last < op->pfn || last > xm_p2m_highest_gfn(d)))
        return -XM_EINVAL;
    return xm_access_set(d, 0, op->pfn, op->nr, start, op->access);
}

static int op_get(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t start)
{
    if (start != 0)
        return -XM_ENOSYS;
    if (op->pfn > xm_p2m_highest_gfn(d) && op->pfn != XM_GFN_NONE)
        return -XM_EINVAL;
    return xm_access_get(d, 0, op->pfn, &op->access);
}

int xm_access_op(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start)
{
    switch (op->op) {
    case XM_MEM_ACCESS_SET: return op_set(d, op, start);
    case XM_MEM_ACCESS_GET: return op_get(d, op, *start);
    case XM_MEM_ACCESS_SET_MULTI:
        return xm_access_set_multi(d, 0, op->pfn_list, op->access_list, op->nr, start);
    default: return -XM_ENOSYS;
    }
}

int xm_hc_mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start)
{
    if (!d->ring.enabled)
        return -XM_ENODEV;
    return d->ops->mem_access != NULL ? d->ops->mem_access(d, op, start)
                                      : xm_access_op(d, op, start);
}
