/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* #VE: violations that the guest handles itself. */
#include <xm/altp2m.h>

#define EXIT_EPT_VIOLATION 48u
#define QUALIFICATION_RIGHTS_SHIFT 3u
#define QUALIFICATION_GLA (1u << 7 | 1u << 8)
#define CHUNK_MASK 0x3fu

static int sve_one(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, bool suppress)
{
    struct xm_p2m_entry e;
    int rc = xm_view_effective(d, p2m, gfn, false, &e);

    if (rc != 0)
        return p2m->view == 0 ? 0 : rc; /* a hole of the host view takes it without a word */
    e.suppress_ve = suppress;
    rc = xm_table_set(d, p2m, gfn, XM_ORDER_4K, &e);
    if (rc == 0)
        xm_p2m_note_flush(d, p2m->view);
    return rc;
}

static int sve_range(struct xm_domain *d, struct xm_p2m *p2m,
                     struct xm_altp2m_suppress_ve_multi *op)
{
    uint64_t gfn = op->first_gfn, top = xm_p2m_highest_gfn(d);
    int err, rc = 0;

    if (top < p2m->max_gfn)
        top = p2m->max_gfn;
    while (gfn <= op->last_gfn) {
        err = sve_one(d, p2m, xm_gfn(gfn), op->suppress_ve != 0);
        if (err != 0 && op->first_error == 0) {
            op->first_error_gfn = gfn;
            op->first_error = err;
        }
        /* Beyond the top all answer like the first one: not each of 2^50 is asked. */
        gfn = gfn > top ? op->last_gfn + 1 : gfn + 1;
        if (gfn <= op->last_gfn && (gfn & CHUNK_MASK) == 0 && xm_env_preempt()) {
            rc = XM_CONTINUE;
            break;
        }
    }
    op->first_gfn = gfn;
    return rc;
}

int xm_altp2m_set_sve_multi(struct xm_domain *d, struct xm_altp2m_suppress_ve_multi *op)
{
    struct xm_p2m *p2m;
    int rc = -XM_EINVAL;

    if (op->last_gfn >= XM_GFN_LIMIT)
        op->last_gfn = XM_GFN_LIMIT - 1;
    if (op->pad1 != 0 || op->first_gfn > op->last_gfn)
        return rc;
    xm_p2m_lock(d);
    p2m = xm_view_find(d, op->view);
    if (p2m != NULL)
        rc = sve_range(d, p2m, op);
    xm_p2m_unlock(d);
    return rc;
}

int xm_altp2m_set_sve(struct xm_domain *d, struct xm_altp2m_suppress_ve *op)
{
    struct xm_altp2m_suppress_ve_multi one = {.view = op->view,
                                              .suppress_ve = op->suppress_ve,
                                              .first_gfn = op->gfn,
                                              .last_gfn = op->gfn};
    int rc;

    if (op->pad1 != 0 || op->pad2 != 0)
        return -XM_EINVAL;
    rc = xm_altp2m_set_sve_multi(d, &one);
    return rc != 0 ? rc : one.first_error;
}

int xm_altp2m_get_sve(struct xm_domain *d, struct xm_altp2m_suppress_ve *op)
{
    struct xm_p2m_entry e;
    struct xm_p2m *p2m;
    int rc = -XM_EINVAL;

    if (op->pad1 != 0 || op->pad2 != 0)
        return rc;
    xm_p2m_lock(d);
    p2m = xm_view_find(d, op->view);
    if (p2m != NULL) {
        e = xm_table_get(d, p2m, xm_gfn(op->gfn));
        rc = xm_mfn_valid(e.mfn) ? 0 : -XM_ESRCH;
        if (rc == 0)
            op->suppress_ve = e.suppress_ve;
    }
    xm_p2m_unlock(d);
    return rc;
}

int xm_altp2m_notify_on(struct xm_domain *d, const struct xm_altp2m_enable_notify *op)
{
    struct xm_vcpu *v = xm_vcpu_get(d, op->vcpu_id);
    struct xm_p2m_entry e;
    int rc = -XM_EINVAL;

    if (op->pad != 0 || v == NULL)
        return rc;
    if (v->notify_gfn != XM_GFN_NONE)
        return -XM_EEXIST;
    xm_p2m_lock(d);
    e = xm_table_get(d, &d->view[0], xm_gfn(op->gfn));
    if (xm_mfn_valid(e.mfn)) {
        v->notify_gfn = op->gfn;
        v->notify_mfn = e.mfn;
        rc = 0;
    }
    xm_p2m_unlock(d);
    return rc;
}

int xm_altp2m_notify_off(struct xm_domain *d, uint32_t vcpu)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);

    if (v == NULL)
        return -XM_EINVAL;
    v->notify_gfn = XM_GFN_NONE;
    v->notify_mfn = xm_mfn(XM_GFN_NONE);
    return 0;
}

/* A #VE page that leaves the guest may be reused for something else: stop writing into it. */
void xm_altp2m_changed(struct xm_domain *d, xm_gfn_t gfn, unsigned order)
{
    for (uint32_t i = 0; i < d->vcpus; i++) {
        struct xm_vcpu *v = &d->vcpu[i];

        if (v->notify_gfn - gfn.n < (UINT64_C(1) << order)) {
            v->notify_gfn = XM_GFN_NONE;
            v->notify_mfn = xm_mfn(XM_GFN_NONE);
        }
    }
}

bool xm_ve_deliver(struct xm_vcpu *v, uint64_t gpa, uint64_t gla, unsigned what, unsigned rights)
{
    struct xm_ve_info *info;
    bool free;

    if (v->notify_gfn == XM_GFN_NONE)
        return false;
    info = xm_env_frame_map(v->notify_mfn);
    /* The guest's own memory: only asked whether it is done with the last one. */
    free = __atomic_load_n(&info->busy, __ATOMIC_ACQUIRE) == 0;
    if (free) {
        info->exit_reason = EXIT_EPT_VIOLATION;
        info->exit_qualification = what | rights << QUALIFICATION_RIGHTS_SHIFT | QUALIFICATION_GLA;
        info->gla = gla;
        info->gpa = gpa;
        info->eptp_index = v->view;
        __atomic_store_n(&info->busy, ~0u, __ATOMIC_RELEASE);
    }
    xm_env_frame_unmap(info);
    return free;
}
