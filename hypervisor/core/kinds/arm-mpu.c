/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that an EL2 MPU confines: extents in place of a table. */
#include <xm/base.h>
#include <xm/kinds.h>
#include <xm/mpu-domain.h>
#include <xm/rights.h>

#include "arm.h"

#define ROOM_FIRST 32u

/* ---- in place of a table ---- */

static int table_init(struct xm_domain *d, struct xm_p2m *p2m)
{
    struct xm_mpu_extents *x = &xm_mpu_of(d)->x;

    (void)p2m;
    x->e = xm_env_alloc(ROOM_FIRST * sizeof(*x->e));
    if (x->e == NULL)
        return -XM_ENOMEM;
    x->room = ROOM_FIRST;
    xm_mpu_view_accept(xm_mpu_of(d));
    return 0;
}

/* All of its views' are the one of the host view. */
static void table_free(struct xm_domain *d, struct xm_p2m *p2m)
{
    struct xm_mpu_extents *x = &xm_mpu_of(d)->x;

    (void)p2m;
    if (x->e != NULL)
        xm_env_free(x->e, x->room * sizeof(*x->e));
    memset(x, 0, sizeof(*x));
}

/* Room for one operation more. */
static int make_room(struct xm_mpu_extents *x)
{
    struct xm_mpu_extent *more;

    if (x->room - x->n >= XM_MPU_EXTENTS_MORE)
        return 0;
    more = xm_env_alloc(2 * (size_t)x->room * sizeof(*x->e));
    if (more == NULL)
        return -XM_ENOMEM;
    memcpy(more, x->e, x->n * sizeof(*x->e));
    xm_env_free(x->e, x->room * sizeof(*x->e));
    x->e = more;
    x->room *= 2;
    return 0;
}

static struct xm_p2m_entry table_get(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn)
{
    const struct xm_mpu_extent *x = xm_mpu_extents_find(&xm_mpu_of(d)->x, gfn.n);
    struct xm_p2m_entry e = {.mfn = xm_mfn(XM_GFN_NONE), .suppress_ve = true};

    (void)p2m;
    if (x != NULL) {
        e.mfn = xm_mfn(gfn.n);
        e.access = x->access;
    }
    return e;
}

static int table_set(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order,
                     const struct xm_p2m_entry *e)
{
    struct xm_mpu_view *v = xm_mpu_of(d);
    const struct xm_mpu_extent map = {.first = gfn.n,
                                      .last = gfn.n + (UINT64_C(1) << order) - 1,
                                      .access = e->access,
                                      .sh = v->sh,
                                      .attr = v->attr};
    int rc;

    if (xm_mfn_valid(e->mfn) && e->mfn.n != gfn.n)
        return -XM_EINVAL;
    rc = make_room(&v->x);
    if (rc == 0)
        rc = xm_mfn_valid(e->mfn) ? xm_mpu_extents_map(&v->x, &map)
                                  : xm_mpu_extents_unmap(&v->x, map.first, map.last);
    if (rc != 0)
        return rc;
    p2m->mapped = v->x.gfns;
    xm_mpu_view_accept(v);
    return 0;
}

static const struct xm_table_ops extents = {
    .init = table_init, .free = table_free, .get = table_get, .set = table_set};

/* ---- rights ---- */

/* What the extents were, while it is not certain that they stay changed. */
static int save(const struct xm_mpu_view *v, struct xm_mpu_extent **old)
{
    *old = NULL;
    if (v->mode != XM_MPU_WHOLE)
        return 0;
    *old = xm_env_alloc(v->x.room * sizeof(**old));
    if (*old == NULL)
        return -XM_ENOMEM;
    memcpy(*old, v->x.e, v->x.n * sizeof(**old));
    return 0;
}

static int set_range(struct xm_mpu_view *v, uint64_t first, uint64_t last, enum xm_access a)
{
    struct xm_mpu_extent *old;
    uint32_t n = v->x.n;
    int rc = make_room(&v->x);

    if (rc == 0)
        rc = save(v, &old);
    if (rc != 0)
        return rc;
    rc = xm_mpu_extents_set(&v->x, first, last, a);
    if (rc == 0)
        rc = xm_mpu_view_changed(v);
    if (rc != 0 && old != NULL) {
        memcpy(v->x.e, old, n * sizeof(*old));
        v->x.n = n;
    }
    if (old != NULL)
        xm_env_free(old, v->x.room * sizeof(*old));
    return rc;
}

static int set_locked(struct xm_domain *d, const struct xm_mem_access_op *op)
{
    uint64_t last = op->pfn + op->nr - 1;
    enum xm_access a;
    int rc;

    if (!xm_rights_from_wire(d->xen_minor, op->access, &a))
        return -XM_EINVAL;
    if (a == XM_ACCESS_DEFAULT)
        a = (enum xm_access)d->view[0].default_access;
    if (op->pfn == XM_GFN_NONE) {
        d->view[0].default_access = (uint8_t)a;
        return 0;
    }
    if (op->nr == 0 || last < op->pfn || last > xm_p2m_highest_gfn(d))
        return -XM_EINVAL;
    rc = set_range(xm_mpu_of(d), op->pfn, last, a);
    if (rc == 0)
        xm_p2m_note_flush(d, 0);
    return rc;
}

static int mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start)
{
    int rc;

    if (op->op != XM_MEM_ACCESS_SET)
        return xm_access_op(d, op, start);
    xm_p2m_lock(d);
    rc = set_locked(d, op);
    xm_p2m_unlock(d);
    return rc;
}

/* ---- accesses ---- */

static enum xm_verdict verdict_of(struct xm_domain *d, int fault)
{
    switch (fault) {
    case XM_MPU_FAULT_LOADED:
    case XM_MPU_FAULT_STALE:
    case XM_MPU_FAULT_DENIED: /* only now: asked again, it gets its event */ return XM_V_RETRY_NOW;
    case XM_MPU_FAULT_ONCE: return XM_V_EMULATE;
    case XM_MPU_FAULT_HOLE: return XM_V_UNMAPPED;
    default:
        xm_env_domain_crash(d->env, "an access faults although its region is there");
        return XM_V_CRASH;
    }
}

static uint64_t pc_of(struct xm_domain *d, uint32_t vcpu)
{
    struct xm_ev_regs_arm regs;

    xm_env_vcpu_get_regs(d->env, vcpu, &regs, sizeof(regs));
    return regs.pc;
}

/* In the middle of a step an access that the rights allow is one more thing to have there. */
static enum xm_verdict besides(struct xm_vcpu *v, const struct xm_access_req *req,
                               enum xm_verdict verdict)
{
    if (xm_mpu_step_of(v)->n == 0 || (verdict != XM_V_RETRY_NOW && verdict != XM_V_EMULATE))
        return verdict;
    xm_mpu_step_needs(xm_mpu_step_of(v), req->gfn.n, req->what);
    return xm_mpu_step_of(v)->n != 0 ? XM_V_RETRY_NOW : verdict;
}

static enum xm_verdict check_regions(struct xm_domain *d, struct xm_mpu *m,
                                     const struct xm_access_req *req, bool open)
{
    uint64_t addr = (req->gfn.n << XM_PAGE_SHIFT) | (req->offset & (XM_PAGE_SIZE - 1));
    int fault;

    xm_p2m_lock(d);
    fault = xm_mpu_view_fault(m, xm_mpu_of(d), addr, req->what & 7u);
    xm_p2m_unlock(d);
    if (fault == -XM_EEXIST && open) /* what was open had taken its place */
        fault = XM_MPU_FAULT_LOADED;
    return verdict_of(d, fault);
}

enum xm_verdict xm_mpu_check(struct xm_domain *d, struct xm_mpu *m, const struct xm_access_req *req,
                             struct xm_access_res *res)
{
    struct xm_vcpu *v = xm_vcpu_get(d, req->vcpu);
    enum xm_verdict verdict;

    if (v != NULL) { /* before the event: its answer may come at once */
        uint64_t pc = pc_of(d, req->vcpu);

        xm_mpu_step_fault(xm_mpu_step_of(v), pc, req->gfn.n, req->what);
        xm_mpu_step_asked(xm_mpu_step_of(v), pc, req->gfn.n, req->what);
    }
    verdict = xm_access_check(d, req, res);
    if (verdict != XM_V_OK)
        return verdict;
    return besides(v, req, check_regions(d, m, req, xm_mpu_step_of(v)->tried));
}

/* ---- one instruction ---- */

/* Tells that it is not implemented. Where nobody listens for that, its access is told again. */
static enum xm_mpu_entry refuse_step(struct xm_domain *d, struct xm_vcpu *v)
{
    xm_mpu_step_forget(xm_mpu_step_of(v));
    return xm_event_emul_unimplemented(d, v->id) != XM_GO_ON ? XM_MPU_STEP_STOPPED
                                                             : XM_MPU_STEP_NONE;
}

enum xm_mpu_entry xm_mpu_step_enter(struct xm_domain *d, struct xm_mpu *m, uint32_t vcpu,
                                    uint64_t pc, enum xm_mpu_insn (*insn)(void *ctx, uint64_t pc),
                                    void *ctx)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);
    int rc;

    if (v == NULL || xm_mpu_step_of(v)->n == 0)
        return XM_MPU_STEP_NONE;
    if (xm_mpu_step_of(v)->pc != pc) {
        xm_mpu_step_forget(xm_mpu_step_of(v));
        return XM_MPU_STEP_NONE;
    }
    if (insn(ctx, pc) != XM_MPU_INSN_PLAIN)
        return refuse_step(d, v);
    xm_p2m_lock(d);
    rc = xm_mpu_view_load(m, xm_mpu_of(d));
    if (rc == 0)
        rc = xm_mpu_step_open(xm_mpu_step_of(v), m, xm_mpu_of(d));
    xm_p2m_unlock(d);
    if (rc != 0)
        xm_mpu_step_forget(xm_mpu_step_of(v));
    return rc == 0 ? XM_MPU_STEP_OPEN : XM_MPU_STEP_NONE;
}

void xm_mpu_step_leave(struct xm_domain *d, struct xm_mpu *m, uint32_t vcpu, bool done)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);

    if (v == NULL || !xm_mpu_step_of(v)->open)
        return;
    xm_p2m_lock(d);
    xm_mpu_step_close(xm_mpu_step_of(v), m, xm_mpu_of(d), done);
    if (xm_mpu_view_load(m, xm_mpu_of(d)) != 0)
        xm_env_panic("a core does not get back to its domain's view");
    xm_p2m_unlock(d);
}

enum xm_mpu_entry xm_mpu_step_refuse(struct xm_domain *d, struct xm_mpu *m, uint32_t vcpu)
{
    xm_mpu_step_leave(d, m, vcpu, true);
    return refuse_step(d, xm_vcpu_get(d, vcpu));
}

int xm_mpu_refresh(struct xm_domain *d, struct xm_mpu *m)
{
    return xm_mpu_view_load(m, xm_mpu_of(d));
}

/* ---- answers ---- */

/* What was told is let run once; registers that the answer sets decide whether it still is there. */
static void answer(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    const struct xm_mpu_domain *own = d->own;

    xm_arm_regs_set(d, v, rsp);
    if (own->can_step && (rsp->flags & XM_EV_FLAG_STEP) != 0 &&
        rsp->reason == XM_EV_REASON_MEM_ACCESS && v->pending_reason == XM_EV_REASON_MEM_ACCESS)
        xm_mpu_step_answer(xm_mpu_step_of(v), rsp->u.mem_access.gfn);
}

/* What STEP does not do is told as not implemented. */
static uint32_t monitor_caps(const struct xm_domain *d)
{
    const struct xm_mpu_domain *own = d->own;
    uint32_t caps = xm_arm_monitor_caps(d);

    return own->can_step ? caps | 1u << XM_MONITOR_EMUL_UNIMPLEMENTED | XM_MONITOR_CAP_STEP : caps;
}

/* ---- the domain ---- */

static bool cfg_ok(const struct xm_domain_cfg *cfg)
{
    return cfg->mpu_budget >= XM_MPU_FLOOR && cfg->mpu_mode <= XM_MPU_WHOLE && cfg->mpu_sh <= 3 &&
           cfg->mpu_attr <= 7;
}

static void init(struct xm_domain *d, const struct xm_domain_cfg *cfg)
{
    struct xm_mpu_domain *own = d->own;

    own->view.budget = cfg->mpu_budget;
    own->view.mode = cfg->mpu_mode;
    own->view.sh = cfg->mpu_sh;
    own->view.attr = cfg->mpu_attr;
    own->can_step = cfg->mpu_step;
}

const struct xm_kind_ops xm_kind_arm_mpu = {
    .kind = XM_KIND_ARM_MPU,
    .table = &extents,
    .no_views = -XM_ENOSYS,
    .regs_bytes = sizeof(struct xm_ev_regs_arm),
    .own_bytes = sizeof(struct xm_mpu_domain),
    .vcpu_bytes = sizeof(struct xm_mpu_step),
    .cfg_ok = cfg_ok,
    .init = init,
    .mem_access = mem_access,
    .monitor_caps = monitor_caps,
    .answer = answer,
};
