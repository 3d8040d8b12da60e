/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypercalls by which a PV guest has frames written, and shadow control by a tool. */
#include <string.h>

#include "pv.h"

#define MMU_NORMAL 0u /* low bits of mmu_update's ptr */
#define MMU_PRESERVE_AD 2u
#define STOPPED 1 /* done again when the vCPU runs */

/*
 * A write (or, for a copy's source, a read) of a frame that the guest has made for it. It is
 * the guest's as if it had done it itself: an event stops the vCPU between two items of the
 * hypercall, which goes on there afterwards.
 */
static int may(struct sim_domain *d, struct sim_vcpu *v, uint64_t mfn, uint32_t offset)
{
    const struct xm_pv_ask ask = xmi_pv_ask_make(v, mfn, offset, XM_DO_W, XM_PV_BY_HYPERCALL);

    return xmi_pv_may(d, v, &ask, 1) ? 0 : STOPPED;
}

/* from 0: none. */
static int may_fill(struct sim_domain *d, struct sim_vcpu *v, uint64_t mfn, uint64_t from)
{
    const struct xm_pv_ask asks[] = {
        xmi_pv_ask_make(v, mfn, 0, XM_DO_W, XM_PV_BY_HYPERCALL),
        xmi_pv_ask_make(v, from, 0, XM_DO_R, XM_PV_BY_HYPERCALL),
    };

    return xmi_pv_may(d, v, asks, from != 0 ? 2 : 1) ? 0 : STOPPED;
}

/* ---- mmu_update, update_va_mapping ---- */

/* A frame that is no table is written as memory. */
static int write_plain(struct sim_domain *d, struct sim_vcpu *v, uint64_t mfn, uint32_t offset,
                       uint64_t value)
{
    int rc = xmi_pv_get_type(d, mfn, PV_WRITABLE);

    if (rc != 0)
        return rc;
    rc = may(d, v, mfn, offset);
    if (rc == 0) {
        memcpy(xmi_pv_own(d, mfn)->host + offset, &value, sizeof(value));
        xmi_pv_mark_dirty(d, xmi_pv_own(d, mfn));
    }
    xmi_pv_put_type(d, mfn);
    return rc;
}

static int write_table(struct sim_domain *d, struct sim_vcpu *v, uint64_t mfn, uint32_t offset,
                       uint64_t value)
{
    int rc = may(d, v, mfn, offset);

    return rc == 0 ? xmi_pv_write_entry(d, mfn, offset / 8, value) : rc;
}

static int mmu_update(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    uint64_t mfn = op->addr >> XM_PAGE_SHIFT, value = op->value;
    uint32_t offset = (uint32_t)(op->addr & (XM_PAGE_SIZE - 8));
    const struct pv_frame *f = xmi_pv_own(d, mfn);

    if (f == NULL)
        return xmi_pv_refusal(d, mfn);
    if (op->index != MMU_NORMAL && op->index != MMU_PRESERVE_AD)
        return -XM_ENOSYS;
    if (!pv_is_table(f))
        return write_plain(d, v, mfn, offset, value);
    if (op->index == MMU_PRESERVE_AD)
        value |= pv_table(f)[offset / 8] & (PTE_A | PTE_D);
    return write_table(d, v, mfn, offset, value);
}

static int update_va(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    struct pv_walk w;
    int rc;

    (void)xmi_pv_walk_guest(d, v->pv_root, op->addr, &w);
    if (w.table[1] == 0)
        return -XM_EINVAL;
    rc = write_table(d, v, w.table[1], pv_index(op->addr, 1) * 8, op->value);
    if (rc == 0 && op->index != 0)
        pv_tlb_forget(v);
    return rc;
}

/* ---- mmuext_op ---- */

static int pin(struct sim_domain *d, uint64_t mfn, enum pv_type type)
{
    int rc = xmi_pv_get_type(d, mfn, type);

    if (rc != 0)
        return rc;
    if (xmi_pv_own(d, mfn)->pinned) {
        xmi_pv_put_type(d, mfn);
        return -XM_EINVAL;
    }
    xmi_pv_own(d, mfn)->pinned = true;
    return 0;
}

static int unpin(struct sim_domain *d, uint64_t mfn)
{
    struct pv_frame *f = xmi_pv_own(d, mfn);

    if (f == NULL)
        return xmi_pv_refusal(d, mfn);
    if (!f->pinned)
        return -XM_EINVAL;
    f->pinned = false;
    xmi_pv_put_type(d, mfn);
    return 0;
}

static int new_root(struct sim_domain *d, struct sim_vcpu *v, uint64_t mfn)
{
    int rc = xmi_pv_get_type(d, mfn, PV_L4);

    if (rc != 0)
        return rc;
    uint64_t was = v->pv_root;

    v->pv_root = mfn;
    pv_tlb_forget(v);
    xmi_pcpu_reload(d, v);
    xmi_pv_put_type(d, was);
    return 0;
}

/* 0: none any more. */
static int new_user_root(struct sim_domain *d, struct sim_vcpu *v, uint64_t mfn)
{
    int rc = mfn != 0 ? xmi_pv_get_type(d, mfn, PV_L4) : 0;

    if (rc != 0)
        return rc;
    if (v->pv_other_root != 0)
        xmi_pv_put_type(d, v->pv_other_root);
    v->pv_other_root = mfn;
    return 0;
}

static void toggle(struct sim_domain *d, struct sim_vcpu *v, bool user)
{
    uint64_t root = v->pv_other_root;

    if (user == v->pv_user)
        return;
    if (root == 0) {
        xm_env_domain_crash(sim_to_env(d), "into user mode without an L4 for it");
        return;
    }
    v->pv_other_root = v->pv_root;
    v->pv_root = root;
    v->pv_user = user;
    pv_tlb_forget(v);
    xmi_pcpu_reload(d, v);
}

/* from 0: clears. */
static int fill_page(struct sim_domain *d, struct sim_vcpu *v, uint64_t mfn, uint64_t from)
{
    int rc = xmi_pv_get_type(d, mfn, PV_WRITABLE);

    if (rc != 0)
        return rc;
    if (from != 0 && xmi_pv_own(d, from) == NULL)
        rc = xmi_pv_refusal(d, from);
    if (rc == 0)
        rc = may_fill(d, v, mfn, from);
    if (rc == 0) {
        struct pv_frame *f = xmi_pv_own(d, mfn);

        if (from != 0)
            memmove(f->host, xmi_pv_own(d, from)->host, XM_PAGE_SIZE);
        else
            memset(f->host, 0, XM_PAGE_SIZE);
        xmi_pv_mark_dirty(d, f);
    }
    xmi_pv_put_type(d, mfn);
    return rc;
}

static int mmuext(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    uint64_t mfn = op->addr >> XM_PAGE_SHIFT;

    switch (op->index) {
    case SIM_MMUEXT_PIN_L1:
    case SIM_MMUEXT_PIN_L2:
    case SIM_MMUEXT_PIN_L3:
    case SIM_MMUEXT_PIN_L4:
        return pin(d, mfn, (enum pv_type)(PV_L1 + op->index - SIM_MMUEXT_PIN_L1));
    case SIM_MMUEXT_UNPIN: return unpin(d, mfn);
    case SIM_MMUEXT_NEW_BASEPTR: return new_root(d, v, mfn);
    case SIM_MMUEXT_NEW_USER_BASEPTR: return new_user_root(d, v, mfn);
    case SIM_MMUEXT_TLB_FLUSH_LOCAL: pv_tlb_forget(v); return 0;
    case SIM_MMUEXT_TLB_FLUSH_ALL: xmi_sim_tlb_flush(d, 0); return 0;
    case SIM_MMUEXT_CLEAR_PAGE: return fill_page(d, v, mfn, 0);
    case SIM_MMUEXT_COPY_PAGE: return fill_page(d, v, mfn, op->value >> XM_PAGE_SHIFT);
    default: return -XM_ENOSYS;
    }
}

/* ---- areas that the hypervisor takes by number ---- */

/* It has the frame: nothing is asked any more. */
static int area_write(struct sim_domain *d, uint64_t value)
{
    struct pv_frame *f = xmi_pv_own(d, d->pv->area >> XM_PAGE_SHIFT);

    if (d->pv->area == 0 || f == NULL)
        return -XM_EINVAL;
    memcpy(f->host + (d->pv->area & (XM_PAGE_SIZE - 1)), &value, sizeof(value));
    xmi_pv_mark_dirty(d, f);
    return 0;
}

/* Checked as a write of the guest's before the frame is held. */
static int area_take(struct sim_domain *d, struct sim_vcpu *v, uint64_t addr, uint64_t value)
{
    uint64_t mfn = addr >> XM_PAGE_SHIFT;
    int rc;

    if (d->pv->area != 0)
        return -XM_EBUSY;
    if ((addr & 7) != 0)
        return -XM_EINVAL;
    if (xmi_pv_own(d, mfn) == NULL)
        return xmi_pv_refusal(d, mfn);
    rc = may(d, v, mfn, (uint32_t)(addr & (XM_PAGE_SIZE - 1)));
    if (rc == 0)
        rc = xmi_pv_get_type(d, mfn, PV_WRITABLE);
    if (rc != 0)
        return rc;
    d->pv->area = addr;
    return area_write(d, value);
}

static int area(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    return op->index != 0 ? area_write(d, op->value) : area_take(d, v, op->addr, op->value);
}

enum op_end xmi_sim_pv_op(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    int rc;

    if (op->code == SIM_OP_TOGGLE) {
        toggle(d, v, op->index != 0);
        return OP_DONE;
    }
    if (v->pv_user) /* the guest's kernel alone makes hypercalls */
        rc = -XM_EPERM;
    else if (op->code == SIM_OP_MMU_UPDATE)
        rc = mmu_update(d, v, op);
    else if (op->code == SIM_OP_UPDATE_VA)
        rc = update_va(d, v, op);
    else if (op->code == SIM_OP_AREA)
        rc = area(d, v, op);
    else
        rc = mmuext(d, v, op);
    if (rc == STOPPED)
        return OP_BLOCKED;
    xmi_sim_vcpu_set_result(v, (uint64_t)(int64_t)rc);
    return OP_DONE;
}

/* ---- shadow control ---- */

static void mode_set(struct sim_domain *d, uint32_t mode)
{
    if (mode == d->pv->mode)
        return;
    d->pv->mode = mode;
    if (mode == 0)
        xmi_pv_shadow_free_all(d);
    xmi_sim_tlb_flush(d, 0);
}

/* Every page counts as clean, and its next write is seen. */
static void log_clean(struct sim_domain *d)
{
    for (uint64_t mfn = 0; mfn <= d->pv->highest; mfn++) {
        struct pv_frame *f = xmi_pv_own(d, mfn);

        if (f != NULL)
            f->dirty = false;
    }
    xmi_pv_shadow_free_all(d);
    xmi_sim_tlb_flush(d, 0);
}

static int turn_on(struct sim_domain *d, uint32_t bits)
{
    uint32_t mode = d->pv->mode;

    if ((bits & ~(XM_SHADOW_ENABLE_LOG_DIRTY | XM_SHADOW_ENABLE_MEM_ACCESS)) != 0)
        return -XM_EINVAL;
    if ((bits & XM_SHADOW_ENABLE_MEM_ACCESS) != 0) {
        int rc = xm_pv_enable(&d->core);

        if (rc != 0)
            return rc;
        mode = xm_pv_mode_with(mode, XM_PV_MODE_MEM_ACCESS);
    }
    if ((bits & XM_SHADOW_ENABLE_LOG_DIRTY) != 0 && (mode & XM_PV_MODE_LOG_DIRTY) == 0) {
        log_clean(d);
        mode = xm_pv_mode_with(mode, XM_PV_MODE_LOG_DIRTY);
    }
    mode_set(d, xm_pv_mode_with(mode, 0));
    return 0;
}

/* Without bits: what a migration turned on. mem_access only ever ends by its own name. */
static int turn_off(struct sim_domain *d, uint32_t bits)
{
    uint32_t mode = d->pv->mode;
    bool force = (bits & XM_SHADOW_FORCE) != 0;

    if ((bits & XM_SHADOW_ENABLE_MEM_ACCESS) == 0) {
        mode_set(d, xm_pv_mode_without(mode, XM_PV_MODE_LOG_DIRTY));
        return 0;
    }
    int rc;

    do {
        rc = xm_pv_disable(&d->core, force);
    } while (rc == XM_CONTINUE);
    if (rc == 0)
        mode_set(d, xm_pv_mode_without(mode, XM_PV_MODE_MEM_ACCESS));
    return rc;
}

int xmi_sim_pv_shadow_op(struct sim_domain *d, const struct xm_domctl *op)
{
    const struct xm_domctl_shadow_op *s = &op->u.shadow_op;

    if (op->interface_version != xm_domctl_version(d->core.xen_minor))
        return -XM_EACCES;
    if (d->cfg.kind != SIM_X86_PV)
        return -XM_EINVAL;
    switch (s->op) {
    case XM_SHADOW_OP_OFF: return turn_off(d, s->mode);
    case XM_SHADOW_OP_ENABLE: return turn_on(d, s->mode);
    case XM_SHADOW_OP_CLEAN:
        if ((d->pv->mode & XM_PV_MODE_LOG_DIRTY) == 0)
            return -XM_EINVAL;
        log_clean(d);
        return 0;
    default: return -XM_EINVAL;
    }
}
