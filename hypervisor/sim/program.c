/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "sim-int.h"

static uint8_t code_of(unsigned what)
{
    switch (what) {
    case XM_DO_R: return SIM_OP_READ;
    case XM_DO_W: return SIM_OP_WRITE;
    case XM_DO_X: return SIM_OP_EXEC;
    default: return SIM_OP_RMW;
    }
}

static void peek_trace(const struct sim_program *p, struct sim_op *op)
{
    uint64_t a = p->trace->acc[p->pos];

    memset(op, 0, sizeof(*op));
    op->code = code_of(TRACE_DO(a));
    op->len = 1; /* the recording has no values: one byte stands for the access */
    op->addr = (p->trace_gfn + TRACE_PAGE(a)) << XM_PAGE_SHIFT | TRACE_OFFSET(a);
    op->value = p->pos;
}

void xmi_sim_program_draw(struct sim_program *p)
{
    const struct sim_random_cfg *c = &p->random;
    uint64_t gfn = c->first_gfn + rng_below(&p->rng, c->gfns);
    uint64_t bits = rng_next(&p->rng);
    uint64_t all = (uint64_t)c->read + c->write + c->exec + c->rmw;
    uint64_t w = rng_below(&p->rng, all);

    if (w < c->read)
        p->drawn.code = SIM_OP_READ;
    else if (w < (uint64_t)c->read + c->write)
        p->drawn.code = SIM_OP_WRITE;
    else if (w < (uint64_t)c->read + c->write + c->exec)
        p->drawn.code = SIM_OP_EXEC;
    else
        p->drawn.code = SIM_OP_RMW;
    p->drawn.len = 1; /* as in a trace */
    p->drawn.addr = gfn << XM_PAGE_SHIFT | (bits & 0xff8u);
    p->drawn.value = bits;
    p->have_drawn = true;
}

void xmi_sim_program_peek(struct sim_program *p, struct sim_op *op)
{
    if (p->kind == PROGRAM_SCRIPT) {
        *op = p->ops[p->pos];
    } else if (p->kind == PROGRAM_TRACE) {
        peek_trace(p, op);
    } else {
        if (!p->have_drawn)
            xmi_sim_program_draw(p);
        *op = p->drawn;
    }
}

void xmi_sim_program_advance(struct sim_program *p)
{
    p->have_drawn = false;
    if (p->n == 0) /* random, for ever */
        return;
    if (++p->pos == p->n)
        program_wrap(p);
}

struct sim_trace *xmi_sim_program_reset(struct sim_program *p)
{
    struct sim_trace *t = p->trace;

    free(p->ops);
    memset(p, 0, sizeof(*p));
    return t;
}

/* ---- loading ---- */

static void trace_put(struct sim_domain *d, struct sim_trace *t)
{
    struct sim_trace **at = &d->traces;

    if (t == NULL || --t->refs != 0)
        return;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    xmi_sim_trace_free(t);
}

/* The new program starts at its first op, whatever the vCPU was about to do. */
static void replace(struct sim_domain *d, struct sim_vcpu *v, const struct sim_program *p)
{
    struct sim_trace *old = xmi_sim_program_reset(&v->prog);

    trace_put(d, old);
    v->prog = *p;
    v->in_op = v->held_write = v->moved = v->arm.shown = v->arm.monitor = false;
    v->told_n = 0;
    v->pv_due = PV_DUE_NOTHING;
    if (v->pv != NULL)
        xm_pv_step_close(xm_pv_of(&d->core), v->pv, true);
    if (v->mpu_step != NULL)
        xm_mpu_step_forget(v->mpu_step);
    if (v->hap != NULL) {
        xm_hap_left(&v->hap->trap, &v->hap->step, XM_HAP_INTERCEPTED);
        xm_hap_ended(&v->hap->step);
    }
    v->hap_meets = false;
    xmi_sim_halt_end(v);
}

/* With its neighbour. */
static bool address_ok(uint64_t addr)
{
    return addr >> XM_PAGE_SHIFT < XM_GFN_LIMIT - 1;
}

#define EXCL_FLAGS (SIM_OP_F_NO_EMUL | SIM_OP_F_WAITS | SIM_OP_F_FETCH)

/* A register of its own alignment: others fault. Its code is in one page. */
static bool excl_ok(const struct sim_op *op)
{
    uint32_t len = op->len != 0 ? op->len : 8;
    uint64_t last = op->fetch + (A64_MOST - 1) * A64_BYTES;

    return (op->flags & ~EXCL_FLAGS) == 0 && len <= 8 && (len & (len - 1)) == 0 &&
           (op->addr & (len - 1)) == 0 && address_ok(op->addr) && (op->to & 7) == 0 &&
           address_ok(op->to) && (op->fetch & (A64_BYTES - 1)) == 0 && address_ok(op->fetch) &&
           op->fetch >> XM_PAGE_SHIFT == last >> XM_PAGE_SHIFT;
}

static bool op_ok(const struct sim_domain *d, const struct sim_op *op)
{
    uint8_t last = d->cfg.kind == SIM_X86_PV ? SIM_OP_MMUEXT : SIM_OP_POWEROFF;

    if (op->code == SIM_OP_EXCL)
        return sim_is_arm(d) && excl_ok(op);
    if (op->code == SIM_OP_AREA || op->code == SIM_OP_TOGGLE)
        return d->cfg.kind == SIM_X86_PV;
    if (op->code < SIM_OP_READ || op->code > last)
        return false;
    if (op->code == SIM_OP_CTRLREG && op->index >= XM_EV_CTRLREGS)
        return false;
    if (op->code == SIM_OP_DESCRIPTOR && (op->index < XM_EV_DESC_IDTR || op->index > XM_EV_DESC_TR))
        return false;
    if (op->code == SIM_OP_WAKE && op->index >= d->cfg.vcpus)
        return false;
    /* Machine addresses that a PV guest makes up are refused by the machine. */
    return op->code > SIM_OP_POWEROFF ||
           (address_ok(op->addr) && address_ok(op->to) && address_ok(op->fetch));
}

static bool vcpu_ok(const struct sim_domain *d, uint32_t vcpu)
{
    return d != NULL && vcpu < d->cfg.vcpus;
}

int xmi_sim_vcpu_script(struct sim_domain *d, uint32_t vcpu, const struct sim_op *ops, size_t n,
                        uint64_t repeat)
{
    struct sim_program p = {
        .kind = PROGRAM_SCRIPT, .n = n, .rounds = repeat != 0 ? repeat : UINT64_MAX};

    if (!vcpu_ok(d, vcpu) || ops == NULL || n == 0 || n > SIZE_MAX / sizeof(*ops))
        return -XM_EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (!op_ok(d, &ops[i]))
            return -XM_EINVAL;
    }
    p.ops = malloc(n * sizeof(*ops));
    if (p.ops == NULL)
        return -XM_ENOMEM;
    memcpy(p.ops, ops, n * sizeof(*ops));
    xmi_sim_enter(d);
    replace(d, &d->vcpu[vcpu], &p);
    xmi_sim_leave(d);
    return 0;
}

int xmi_sim_vcpu_random(struct sim_domain *d, uint32_t vcpu, const struct sim_random_cfg *cfg)
{
    struct sim_program p = {.kind = PROGRAM_RANDOM, .rounds = 1};

    if (!vcpu_ok(d, vcpu) || cfg == NULL || cfg->gfns == 0 ||
        (cfg->read | cfg->write | cfg->exec | cfg->rmw) == 0)
        return -XM_EINVAL;
    if (cfg->first_gfn >= XM_GFN_LIMIT || cfg->gfns > XM_GFN_LIMIT - cfg->first_gfn)
        return -XM_EINVAL;
    p.random = *cfg;
    p.n = cfg->count;
    rng_seed(&p.rng, cfg->seed);
    xmi_sim_enter(d);
    replace(d, &d->vcpu[vcpu], &p);
    xmi_sim_leave(d);
    return 0;
}

/* Where among the domain's pages it goes: behind those of other traces. */
static int place(struct sim_domain *d, const struct sim_vcpu *v, struct sim_trace *t)
{
    uint64_t base = 0;

    for (const struct sim_trace *o = d->traces; o != NULL; o = o->next) {
        bool leaves = o == v->prog.trace && o->refs == 1;

        if (!leaves && o->base + o->map.used > base)
            base = o->base + o->map.used;
    }
    if (t->map.used > d->cfg.pages || base > d->cfg.pages - t->map.used)
        return -XM_ENOSPC;
    t->base = base;
    t->next = d->traces;
    d->traces = t;
    return 0;
}

/* vCPUs that run the same file run the same program: one copy, the same pages. */
static int share_or_place(struct sim_domain *d, const struct sim_vcpu *v, struct sim_trace **t)
{
    for (struct sim_trace *o = d->traces; o != NULL; o = o->next) {
        if (xmi_sim_trace_same_file(o, *t)) {
            xmi_sim_trace_free(*t);
            o->refs++;
            *t = o;
            return 0;
        }
    }
    return place(d, v, *t);
}

int xmi_sim_vcpu_trace(struct sim_domain *d, uint32_t vcpu, const char *path, uint64_t repeat,
                       struct sim_trace_damage *damage)
{
    struct sim_program p = {.kind = PROGRAM_TRACE, .rounds = repeat != 0 ? repeat : UINT64_MAX};

    if (!vcpu_ok(d, vcpu) || path == NULL)
        return -XM_EINVAL;
    int rc = xmi_sim_trace_load(path, &p.trace, damage);
    if (rc != 0)
        return rc;
    xmi_sim_enter(d);
    rc = share_or_place(d, &d->vcpu[vcpu], &p.trace);
    if (rc == 0) {
        p.n = p.trace->n;
        p.trace_gfn = d->cfg.first_gfn + p.trace->base;
        replace(d, &d->vcpu[vcpu], &p);
    }
    xmi_sim_leave(d);
    if (rc != 0)
        xmi_sim_trace_free(p.trace);
    return rc;
}

int xmi_sim_trace_gfn(struct sim_domain *d, uint32_t vcpu, uint64_t addr, uint64_t *gfn)
{
    uint64_t index;
    int rc = -XM_ENOENT;

    if (!vcpu_ok(d, vcpu) || gfn == NULL)
        return -XM_EINVAL;
    xmi_sim_enter(d);
    const struct sim_program *p = &d->vcpu[vcpu].prog;
    if (p->kind == PROGRAM_TRACE)
        rc = xmi_sim_trace_index(p->trace, addr, &index);
    if (rc == 0)
        *gfn = p->trace_gfn + index;
    xmi_sim_leave(d);
    return rc;
}
