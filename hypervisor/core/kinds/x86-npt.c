/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests on AMD's nested paging: no views, no single steps, but answers with STEP. */
#include <xm/base.h>
#include <xm/hap-domain.h>
#include <xm/kinds.h>
#include <xm/second-stage.h>

#include "x86.h"

/* Of a domain. */
struct npt {
    bool held; /* one vCPU holds the others */
};

/* ---- what steps ask for ---- */

static bool call_hold_others(void *self, uint32_t vcpu)
{
    const struct xm_domain *d = self;
    struct npt *own = d->own;

    if (own->held)
        return false;
    own->held = true;
    xm_x86_pause_others(d, vcpu);
    return true;
}

static void call_release_others(void *self, uint32_t vcpu)
{
    const struct xm_domain *d = self;
    struct npt *own = d->own;

    own->held = false;
    xm_x86_unpause_others(d, vcpu);
}

/* Entries are the rights themselves here; what is beside them is asked for at each access. */
static void call_renew(void *self, uint32_t vcpu, uint64_t gfn)
{
    struct xm_domain *d = self;

    (void)vcpu;
    (void)gfn;
    xm_p2m_lock(d);
    xm_p2m_note_flush(d, 0);
    xm_p2m_unlock(d);
}

static const struct xm_hap_calls calls = {
    .hold_others = call_hold_others,
    .release_others = call_release_others,
    .trap_flag = xm_x86_trap_flag,
    .renew = call_renew,
};

static void init(struct xm_domain *d, const struct xm_domain_cfg *cfg)
{
    (void)cfg;
    for (uint32_t i = 0; i < d->vcpus; i++) {
        struct xm_hap_trap *t = &xm_hap_of(&d->vcpu[i])->trap;

        t->calls = &calls;
        t->self = d;
        t->vcpu = i;
    }
}

/* ---- answers ---- */

/* True: it says STEP, and nothing else that is emulated. */
static bool step(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    const uint32_t others = XM_HVM_EMULATE & ~XM_EV_FLAG_EMULATE;
    struct xm_access_res now = {.access = XM_ACCESS_RWX};
    uint64_t gfn = rsp->u.mem_access.gfn;
    enum xm_hap_says says = (rsp->flags & XM_HVM_EMULATE) != 0 ? XM_HAP_SAYS_OTHER
                                                               : XM_HAP_SAYS_RESUME;

    if (rsp->reason == XM_EV_REASON_MEM_ACCESS && (rsp->flags & XM_EV_FLAG_STEP) != 0 &&
        (rsp->flags & others) == 0)
        says = XM_HAP_SAYS_STEP;
    if (says == XM_HAP_SAYS_STEP && gfn < XM_GFN_LIMIT)
        (void)xm_access_lookup(d, v->id, xm_gfn(gfn), &now);
    xm_hap_answer(&xm_hap_of(v)->step, says, gfn, rsp->u.mem_access.flags,
                  (enum xm_access)now.access);
    return says == XM_HAP_SAYS_STEP;
}

static void answer(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    if (step(d, v, rsp))
        v->has_reply = false;
    else
        xm_hvm_emulate(d, v, rsp);
    xm_hvm_answer(d, v, rsp);
}

/* AMD's processors have no trap flag for their monitor; what we have there instead is STEP. */
static uint32_t monitor_caps(const struct xm_domain *d)
{
    return xm_hvm_monitor_caps(d) | XM_MONITOR_CAP_STEP;
}

const struct xm_kind_ops xm_kind_x86_npt = {
    .kind = XM_KIND_X86_NPT,
    .table = &xm_second_stage,
    .no_views = -XM_EOPNOTSUPP,
    .refused = XM_HVM_REFUSED | 1u << XM_ACCESS_X | 1u << XM_ACCESS_R_PW,
    .regs_bytes = sizeof(struct xm_ev_regs_x86),
    .write_reads = true,
    .set_multi = true,
    .intercepts = true,
    .own_bytes = sizeof(struct npt),
    .vcpu_bytes = sizeof(struct xm_hap_vcpu),
    .init = init,
    .monitor_caps = monitor_caps,
    .answer = answer,
};
