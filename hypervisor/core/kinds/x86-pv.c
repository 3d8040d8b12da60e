/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV guests on shadow page tables: rights per machine frame, in place of tables and views. */
#include <xm/base.h>
#include <xm/kinds.h>
#include <xm/pv-domain.h>

#include "x86.h"

int xm_pv_enable(struct xm_domain *d)
{
    struct xm_pv *pv = d->own;
    int rc;

    if (d->ops != &xm_kind_x86_pv)
        return -XM_EOPNOTSUPP;
    rc = xm_ring_make(d);
    if (rc != 0)
        return rc;
    xm_p2m_lock(d);
    xm_pv_turn_on(pv, (enum xm_pv_policy)pv->policy, (enum xm_pv_default)pv->semantics);
    xm_p2m_unlock(d);
    return 0;
}

int xm_pv_disable(struct xm_domain *d, bool force)
{
    struct xm_pv *pv = d->own;
    int rc = 0;

    if (d->ops != &xm_kind_x86_pv)
        return -XM_EOPNOTSUPP;
    xm_p2m_lock(d);
    rc = xm_pv_turn_off(pv, !force, d->ring.enabled);
    if (rc == 0)
        xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
    return rc == 0 ? xm_pv_reap(pv) : rc;
}

/* ---- XENMEM_access_op ---- */

static int mem_access(struct xm_domain *d, struct xm_mem_access_op *op, uint32_t *start)
{
    struct xm_pv_op mine = {
        .op = op->op,
        .access = op->access,
        .lists = true,
        .nr = op->nr,
        .xen_minor = d->xen_minor,
        .pfn = op->pfn,
        .pfn_list = op->pfn_list,
        .access_list = op->access_list,
    };
    bool flush = false;
    int rc;

    xm_p2m_lock(d);
    rc = xm_pv_op(xm_pv_of(d), &mine, start, &flush);
    if (flush)
        xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
    op->access = mine.access;
    return rc;
}

/* ---- accesses ---- */

static void call_lock(void *self)
{
    xm_p2m_lock(self);
}

static void call_unlock(void *self, bool flush)
{
    if (flush)
        xm_p2m_note_flush(self, 0);
    xm_p2m_unlock(self);
}

static bool call_listener(void *self)
{
    const struct xm_domain *d = self;

    return d->ring.enabled;
}

static bool call_required(void *self)
{
    const struct xm_domain *d = self;

    return d->access_required;
}

/* A vCPU that finds no slot sleeps where it may, and leaves no trace: it asks again. */
static int call_tell(void *self, uint32_t vcpu, const struct xm_pv_ask *ask, unsigned how)
{
    const struct xm_access_req req = {
        .vcpu = vcpu,
        .gfn = {ask->mfn},
        .offset = ask->offset,
        .gla_valid = ask->va_valid,
        .gla = ask->va,
        .what = ask->what,
        .kind = ask->va_valid ? XM_ACC_WITH_GLA : XM_ACC_UNKNOWN,
    };
    struct xm_domain *d = self;
    struct xm_vcpu *v = &d->vcpu[vcpu];
    struct xm_ev ev;
    int rc;

    if (!d->ring.enabled)
        return -XM_EOPNOTSUPP;
    xm_access_event_fill(&req, ask->what, &ev);
    if (ask->who == XM_PV_BY_XEN)
        return xm_event_notify(d, v, &ev) ? 0 : -XM_EAGAIN;
    if ((how & XM_PV_TELL_WAIT) != 0)
        rc = xm_event_send(d, v, (how & XM_PV_TELL_STOP) != 0, &ev);
    else
        rc = xm_event_try(d, v, (how & XM_PV_TELL_STOP) != 0, &ev);
    return rc == 0 && v->blocked ? 1 : rc;
}

static bool call_tell_unimplemented(void *self, uint32_t vcpu)
{
    return xm_event_emul_unimplemented(self, vcpu) != XM_GO_ON;
}

static void call_crash(void *self, const char *why)
{
    const struct xm_domain *d = self;

    xm_env_domain_crash(d->env, why);
}

static bool call_hold_others(void *self, uint32_t vcpu)
{
    const struct xm_domain *d = self;

    if (xm_pv_of(d)->step.open)
        return false;
    xm_x86_pause_others(d, vcpu);
    return true;
}

static void call_release_others(void *self, uint32_t vcpu)
{
    xm_x86_unpause_others(self, vcpu);
}

static const struct xm_pv_calls calls = {
    .lock = call_lock,
    .unlock = call_unlock,
    .listener = call_listener,
    .required = call_required,
    .tell = call_tell,
    .tell_unimplemented = call_tell_unimplemented,
    .crash = call_crash,
    .hold_others = call_hold_others,
    .release_others = call_release_others,
    .trap_flag = xm_x86_trap_flag,
};

/* ---- answers ---- */

/* Registers have been set. */
static void apply(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    const uint32_t data = XM_EV_FLAG_SET_EMUL_READ_DATA | XM_EV_FLAG_SET_EMUL_INSN_DATA;
    struct xm_pv_answer answer = {.mfn = rsp->u.mem_access.gfn};
    struct xm_ev_regs_x86 regs;

    xm_env_vcpu_get_regs(d->env, v->id, &regs, sizeof(regs));
    answer.moved = (rsp->flags & XM_EV_FLAG_SET_REGISTERS) != 0;
    answer.ip = regs.rip;
    answer.sp = regs.rsp;
    answer.emulate = rsp->reason == XM_EV_REASON_MEM_ACCESS &&
                     (rsp->flags & XM_EV_FLAG_EMULATE) != 0 && (rsp->flags & data) == 0;
    answer.step = rsp->reason == XM_EV_REASON_MEM_ACCESS && (rsp->flags & XM_EV_FLAG_STEP) != 0;
    xm_pv_reply(xm_pv_of(d), xm_pv_vcpu_of(v), &answer);
}

static void answer(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if (xm_pv_takes_registers(xm_pv_vcpu_of(v)))
        xm_x86_regs_set(d, v, rsp);
    apply(d, v, rsp);
}

/* The others are intercepts of HVM guests. */
static uint32_t monitor_caps(const struct xm_domain *d)
{
    (void)d;
    return 1u << XM_MONITOR_EMUL_UNIMPLEMENTED | XM_MONITOR_CAP_STEP;
}

/* Its ring is made when its mem_access is turned on, and at no other time. */
static bool may_listen(const struct xm_domain *d)
{
    return xm_pv_of(d)->on;
}

/* ---- the domain ---- */

static bool cfg_ok(const struct xm_domain_cfg *cfg)
{
    return cfg->pv_hooks != NULL;
}

static void init(struct xm_domain *d, const struct xm_domain_cfg *cfg)
{
    struct xm_pv *pv = xm_pv_of(d);

    xm_pv_init(pv, cfg->env, cfg->pv_hooks, cfg->pv_end);
    pv->calls = &calls;
    pv->self = d;
    for (uint32_t i = 0; i < d->vcpus; i++)
        xm_pv_vcpu_of(&d->vcpu[i])->id = i;
}

static void end(struct xm_domain *d)
{
    xm_pv_table_free(&xm_pv_of(d)->table);
}

/* It has no second-stage table: nothing can be mapped, and nothing is. */
static int table_init(struct xm_domain *d, struct xm_p2m *p2m)
{
    (void)d;
    (void)p2m;
    return 0;
}

static void table_free(struct xm_domain *d, struct xm_p2m *p2m)
{
    (void)d;
    (void)p2m;
}

static struct xm_p2m_entry table_get(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn)
{
    (void)d;
    (void)p2m;
    (void)gfn;
    return (struct xm_p2m_entry){
        .mfn = xm_mfn(XM_GFN_NONE), .order = XM_ORDER_1G, .suppress_ve = true};
}

static int table_set(struct xm_domain *d, struct xm_p2m *p2m, xm_gfn_t gfn, unsigned order,
                     const struct xm_p2m_entry *e)
{
    (void)d;
    (void)p2m;
    (void)gfn;
    (void)order;
    (void)e;
    return -XM_ERANGE;
}

static const struct xm_table_ops no_table = {
    .init = table_init, .free = table_free, .get = table_get, .set = table_set};

const struct xm_kind_ops xm_kind_x86_pv = {
    .kind = XM_KIND_X86_PV,
    .table = &no_table,
    .no_views = -XM_EOPNOTSUPP,
    .regs_bytes = sizeof(struct xm_ev_regs_x86),
    .set_multi = true,
    .own_bytes = sizeof(struct xm_pv),
    .vcpu_bytes = sizeof(struct xm_pv_vcpu),
    .cfg_ok = cfg_ok,
    .init = init,
    .end = end,
    .may_listen = may_listen,
    .mem_access = mem_access,
    .monitor_caps = monitor_caps,
    .answer = answer,
};
