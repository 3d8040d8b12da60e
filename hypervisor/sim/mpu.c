/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * armv8r-mpu: each vCPU has a core of its own, with an EL2 MPU. An MPU has no TLB: what a vCPU's
 * TLB holds here are answers of its registers, and all of them go with the next register write.
 */
#include <stdlib.h>
#include <string.h>

#include <xm/mpu-remote.h>

#include "../env/sim/mpu-model.h"
#include "sim-int.h"

#define REGIONS_DEFAULT 16u
#define REGIONS_LEAST 8u
#define MAX_RETRIES 64u
/* Guests end at 2^48; Xen's own lies above. */
#define GUEST_LAST ((UINT64_C(1) << 48) - 1)
#define XEN_TEXT (UINT64_C(1) << 48)
#define XEN_DATA (XEN_TEXT + 0x200000)
#define XEN_LAST (XEN_DATA + 0x5fffff)

struct sim_mpu {
    struct mpu_model hw;
    struct xm_mpu m;
    struct xm_mpu_slot slots[2 * XM_MPU_REGIONS_MAX];
    struct xm_mpu_region scratch[XM_MPU_REGIONS_MAX];
    uint64_t aborts; /* of accesses of the hypervisor's own */
};

static const struct xm_mpu_region own[] = {
    {XEN_TEXT, XEN_DATA - 1, XM_MPU_EL2_RO, 0, 0, 0},
    {XEN_DATA, XEN_LAST, XM_MPU_EL2_RW, 1, 0, 0},
};
static const struct xm_mpu_region rest[] = {{0, GUEST_LAST, XM_MPU_EL2_RW, 1, 0, 0}};

#define OWNS 2u
#define RESTS 1u

static uint32_t regions_of(const struct sim_domain_cfg *cfg)
{
    return cfg->regions != 0 ? cfg->regions : REGIONS_DEFAULT;
}

int xmi_sim_mpu_cfg_check(const struct sim_domain_cfg *cfg)
{
    if (cfg->kind != SIM_ARMV8R_MPU)
        return cfg->regions != 0 || cfg->whole || cfg->qemu_codes ? -XM_EINVAL : 0;
    if (regions_of(cfg) < REGIONS_LEAST || regions_of(cfg) > XM_MPU_REGIONS_MAX)
        return -XM_EINVAL;
    return 0;
}

uint16_t xmi_sim_mpu_budget(const struct sim_domain_cfg *cfg)
{
    if (cfg->kind != SIM_ARMV8R_MPU)
        return 0;
    return (uint16_t)(regions_of(cfg) - 1 - OWNS - RESTS);
}

/* Whatever was written, no answer from before it counts. */
static void written(struct mpu_model *hw, void *ctx, bool after)
{
    struct sim_domain *d = ctx;

    (void)hw;
    if (after)
        d->epoch[0] = ++d->last_epoch;
}

static int core_init(struct sim_domain *d, struct sim_mpu *c)
{
    const struct xm_mpu_cfg cfg = {.ops = &c->hw.ops,
                                   .hw = &c->hw,
                                   .nr = regions_of(&d->cfg),
                                   .slots = c->slots,
                                   .scratch = c->scratch,
                                   .own = own,
                                   .owns = OWNS,
                                   .xen = rest,
                                   .xens = RESTS,
                                   .resident = true};

    xmi_mpu_model_init(&c->hw, cfg.nr, true);
    c->hw.codes = d->cfg.qemu_codes ? MPU_CODES_QEMU : MPU_CODES_SILICON;
    c->hw.hook = written;
    c->hw.hook_ctx = d;
    return xm_mpu_init(&c->m, &cfg);
}

int xmi_sim_mpu_init(struct sim_domain *d)
{
    int rc = 0;

    d->mpu = calloc(d->cfg.vcpus, sizeof(*d->mpu));
    if (d->mpu == NULL)
        return -XM_ENOMEM;
    for (uint32_t i = 0; i < d->cfg.vcpus && rc == 0; i++)
        rc = core_init(d, &d->mpu[i]);
    return rc;
}

void xmi_sim_mpu_destroy(struct sim_domain *d)
{
    free(d->mpu);
    d->mpu = NULL;
}

void xmi_sim_mpu_refresh(struct sim_domain *d)
{
    for (uint32_t i = 0; i < d->cfg.vcpus; i++) {
        if (xm_mpu_refresh(&d->core, &d->mpu[i].m) != 0)
            xm_env_panic("a core does not take the domain's view");
    }
}

uint64_t xmi_sim_mpu_mem_bytes(const struct sim_domain *d)
{
    return xm_mpu_of(&d->core)->x.room * sizeof(struct xm_mpu_extent);
}

/* ---- accesses ---- */

static char *page_at(struct sim_domain *d, uint64_t gfn)
{
    return gfn - d->cfg.first_gfn < d->memory.pages ? xmi_sim_page_of(d, xm_mfn(gfn)) : NULL;
}

/* What the registers let through is compared with the rights, and counted where they forbid it. */
static enum translation let_through(struct sim_domain *d, struct sim_vcpu *v,
                                    const struct xm_access_req *req, struct part *p)
{
    struct tlb_entry *e = tlb_at(&v->tlb, p->gfn);
    struct xm_access_res res = {.mfn = {p->gfn}};

    if (page_at(d, p->gfn) == NULL) {
        d->forbidden++;
        p->host = NULL;
        return TR_OK;
    }
    if (v->mpu_step->open) { /* nothing of it may be remembered */
        p->host = page_at(d, p->gfn) + p->offset;
        xmi_sim_mpu_step_check(d, v, req, p);
        return TR_OK;
    }
    res.bits = xm_mpu_guest_bits(&d->mpu[v->id].m, (xm_mpu_reg)(p->gfn << XM_PAGE_SHIFT));
    xmi_sim_tlb_fill(d, v, p, &res);
    e->change--; /* not compared with the rights yet */
    xmi_sim_tlb_verify(d, v, e, req->what);
    p->host = page_at(d, p->gfn) + p->offset;
    return TR_OK;
}

enum translation xmi_sim_mpu_translate(struct sim_domain *d, struct sim_vcpu *v,
                                       const struct xm_access_req *req, struct part *p)
{
    xm_mpu_reg addr = (xm_mpu_reg)(p->gfn << XM_PAGE_SHIFT | p->offset);
    struct sim_mpu *c = &d->mpu[v->id];
    struct xm_access_res res;

    for (unsigned i = 0; i < MAX_RETRIES; i++) {
        if (xmi_mpu_model_access(&c->hw, addr, req->what, 1) == 0 &&
            !xmi_sim_mpu_step_watches(d, v, p->gfn, req->what))
            return let_through(d, v, req, p);
        xmi_sim_mpu_step_end(d, v, &c->m, false);
        switch (xm_mpu_check(&d->core, &c->m, req, &res)) {
        case XM_V_RETRY_NOW:
            if (!xmi_sim_mpu_step_begin(d, v, &c->m))
                return TR_BLOCKED;
            break;
        case XM_V_EMULATE:
            p->host = page_at(d, p->gfn) + p->offset;
            p->exempt = true;
            return TR_OK;
        case XM_V_UNMAPPED: p->host = NULL; return TR_OK;
        case XM_V_STOPPED: xmi_sim_told(v, p->frame, req->what); return TR_BLOCKED;
        default: return TR_BLOCKED;
        }
    }
    xm_env_panic("an access is retried without end");
}

bool xmi_sim_mpu_enter(struct sim_domain *d, struct sim_vcpu *v)
{
    return v->mpu_step == NULL || v->mpu_step->n == 0 ||
           xmi_sim_mpu_step_begin(d, v, &d->mpu[v->id].m);
}

void xmi_sim_mpu_leave(struct sim_domain *d, struct sim_vcpu *v, bool done)
{
    if (v->mpu_step != NULL && v->mpu_step->open)
        xmi_sim_mpu_step_end(d, v, &d->mpu[v->id].m, done);
}

/* ---- the hypervisor's own ---- */

static void own_access(struct sim_mpu *c, xm_mpu_reg addr, uint32_t len)
{
    struct xm_mpu_target t;

    if (xm_mpu_target_init(&c->m, &t, addr, len, true, 0, 0) != 0 ||
        xm_mpu_remote_begin(&c->m, &t, 0) < 0)
        xm_env_panic("no way to memory of the guest");
    c->aborts += xmi_mpu_model_access(&c->hw, addr, XM_DO_R | XM_DO_W, 2) != 0;
    c->aborts += xmi_mpu_model_access(&c->hw, addr + len - 1, XM_DO_R | XM_DO_W, 2) != 0;
    xm_mpu_remote_end(&c->m);
}

void xmi_sim_mpu_own_access(struct sim_domain *d, struct sim_vcpu *v, const struct part *p,
                            unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        xm_mpu_reg addr = (xm_mpu_reg)(p[i].gfn << XM_PAGE_SHIFT | p[i].offset);

        if (p[i].host != NULL)
            own_access(&d->mpu[v->id], addr, p[i].len);
    }
}

/* ---- what went wrong with a core's registers; 0 in a sound machine ---- */

uint64_t xmi_sim_mpu_defects(struct sim_domain *d)
{
    uint64_t n = 0;

    xmi_sim_enter(d);
    for (uint32_t i = 0; d->mpu != NULL && i < d->cfg.vcpus; i++)
        n += xmi_mpu_model_defects(&d->mpu[i].hw) + d->mpu[i].aborts;
    xmi_sim_leave(d);
    return n;
}

int xmi_sim_mpu_core_info(struct sim_domain *d, uint32_t vcpu, struct sim_mpu_info *out)
{
    if (d->mpu == NULL || vcpu >= d->cfg.vcpus)
        return -XM_EINVAL;
    xmi_sim_enter(d);
    memset(out, 0, sizeof(*out));
    out->regions = d->mpu[vcpu].m.live;
    out->planned = xm_mpu_of(&d->core)->regions;
    out->register_writes = d->mpu[vcpu].m.stats.registers;
    out->syncs = d->mpu[vcpu].m.stats.syncs;
    out->fills = d->mpu[vcpu].m.stats.fills;
    out->evictions = d->mpu[vcpu].m.stats.evictions;
    out->covered = d->mpu[vcpu].m.stats.how[XM_MPU_COVERED];
    out->windows = d->mpu[vcpu].m.stats.how[XM_MPU_BY_WINDOW];
    out->flips = d->mpu[vcpu].m.stats.how[XM_MPU_BY_FLIP];
    out->switches = d->mpu[vcpu].m.stats.how[XM_MPU_BY_SWITCH];
    xmi_sim_leave(d);
    return 0;
}

/* ---- an instruction that was answered with STEP, on the core of its vCPU alone ---- */

static enum xm_mpu_insn insn_at(void *ctx, uint64_t pc)
{
    struct sim_vcpu *v = ctx;
    uint32_t word[A64_MOST];
    struct sim_op op;
    uint64_t at = (pc - v->arm.begin) / A64_BYTES;

    xmi_sim_program_peek(&v->prog, &op);
    unsigned n = xmi_sim_a64_encode(&op, word);
    return xm_mpu_step_insn(XM_MPU_A64, word, at < n ? (unsigned)at + 1 : n);
}

bool xmi_sim_mpu_step_begin(struct sim_domain *d, struct sim_vcpu *v, struct xm_mpu *m)
{
    return xm_mpu_step_enter(&d->core, m, v->id, v->pc, insn_at, v) != XM_MPU_STEP_STOPPED;
}

/* The way back to the guest takes the exclusive monitor away. */
void xmi_sim_mpu_step_end(struct sim_domain *d, struct sim_vcpu *v, struct xm_mpu *m, bool done)
{
    if (!v->mpu_step->open)
        return;
    v->arm.monitor = false;
    xm_mpu_step_leave(&d->core, m, v->id, done);
}

/* The watchpoints that go with an open page. */
bool xmi_sim_mpu_step_watches(const struct sim_domain *d, const struct sim_vcpu *v, uint64_t gfn,
                              unsigned what)
{
    const struct xm_mpu_step *s = v->mpu_step;

    for (unsigned i = 0; s->open && (what & XM_DO_R) != 0 && i < s->n; i++) {
        if (s->page[i].gfn == gfn)
            return xm_mpu_step_watch(s, xm_mpu_of(&d->core), i);
    }
    return false;
}

/* What passes while something is open was allowed, or told: by the machine's own memory of it. */
void xmi_sim_mpu_step_check(struct sim_domain *d, struct sim_vcpu *v,
                            const struct xm_access_req *req, const struct part *p)
{
    const struct sim_access a = {
        .what = req->what, .walk = req->kind == XM_ACC_IN_GPT, .len = p->len, .n = 1, .p = {*p}};

    xmi_sim_check_access(d, v, &a, true);
}
