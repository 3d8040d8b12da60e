/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scheduler and the two loops that matter for speed. A hit in the TLB is all
 * that they do by themselves; whatever else comes up is one xmi_sim_op_step().
 */
#include "sim-int.h"

#define SLICE_BITS 10u /* slices of 1 to 512 ops */

/* What the loops keep in registers; holds as long as no xmi_sim_op_step() was made. */
struct fast {
    struct tlb_entry *tlb;
    uint64_t epoch, change;
};

static struct fast fast_begin(const struct sim_domain *d, const struct sim_vcpu *v)
{
    return (struct fast){.tlb = v->tlb.e, .epoch = d->epoch[v->core->view], .change = d->change};
}

/* False: more than a hit is needed; nothing was done. */
static inline bool fast_access(const struct fast *f, uint64_t gfn, uint32_t offset, unsigned what,
                               uint8_t value)
{
    const struct tlb_entry *e = &f->tlb[gfn & (TLB_ENTRIES - 1)];
    volatile uint8_t *p;

    if (unlikely(!tlb_hit(e, gfn, f->epoch, what) || e->change != f->change))
        return false;
    p = (volatile uint8_t *)tlb_page(e) + offset;
    if ((what & XM_DO_W) == 0) {
        (void)*p;
        return true;
    }
    if ((what & XM_DO_R) != 0)
        (void)*p;
    *p = value;
    return true;
}

static void fast_end(struct sim_domain *d, struct sim_vcpu *v, uint64_t n)
{
    d->accesses += n;
    v->done += n;
    v->pc = sim_is_arm(d) ? xmi_sim_arm_pc_after(v, v->pc, n) : v->pc + n;
    v->arm.shown = false;
}

static uint64_t fast_trace(struct sim_domain *d, struct sim_vcpu *v, uint64_t budget)
{
    struct sim_program *p = &v->prog;
    const uint64_t *acc = p->trace->acc;
    const struct fast f = fast_begin(d, v);
    const uint64_t gfn = p->trace_gfn, count = p->n;
    uint64_t n = 0, pos = p->pos;

    while (n < budget) {
        uint64_t a = acc[pos];

        if (!fast_access(&f, gfn + TRACE_PAGE(a), TRACE_OFFSET(a), TRACE_DO(a), (uint8_t)pos))
            break;
        n++;
        if (unlikely(++pos == count)) {
            program_wrap(p);
            pos = 0;
            if (p->rounds == 0)
                break;
        }
    }
    p->pos = pos;
    fast_end(d, v, n);
    return n;
}

static const uint8_t drawn_what[] = {
    [SIM_OP_READ] = XM_DO_R,
    [SIM_OP_WRITE] = XM_DO_W,
    [SIM_OP_EXEC] = XM_DO_X,
    [SIM_OP_RMW] = XM_DO_R | XM_DO_W,
};

static uint64_t fast_random(struct sim_domain *d, struct sim_vcpu *v, uint64_t budget)
{
    struct sim_program *p = &v->prog;
    const struct fast f = fast_begin(d, v);
    uint64_t n = 0;

    while (n < budget && p->rounds != 0) {
        if (!p->have_drawn)
            xmi_sim_program_draw(p);
        if (!fast_access(&f, p->drawn.addr >> XM_PAGE_SHIFT,
                         (uint32_t)(p->drawn.addr & (XM_PAGE_SIZE - 1)), drawn_what[p->drawn.code],
                         (uint8_t)p->drawn.value))
            break;
        n++;
        xmi_sim_program_advance(p);
    }
    fast_end(d, v, n);
    return n;
}

/* Nothing but plain accesses is ahead of this vCPU. */
static bool plain(const struct sim_vcpu *v)
{
    const struct xm_vcpu *c = v->core;

    return !v->in_op && !v->step_due && !v->exception.pending && !c->single_step && !c->has_reply &&
           !c->next_interrupt && (v->mpu_step == NULL || v->mpu_step->n == 0) &&
           !sim_vcpu_traps(v) && !xm_pv_open_any(&v->open);
}

static uint64_t fast_run(struct sim_domain *d, struct sim_vcpu *v, uint64_t budget)
{
    if (program_over(&v->prog) || !plain(v))
        return 0;
    if (v->prog.kind == PROGRAM_TRACE)
        return fast_trace(d, v, budget);
    if (v->prog.kind == PROGRAM_RANDOM)
        return fast_random(d, v, budget);
    return 0;
}

/* Where the order of steps is the caller's, a step is one in which nobody comes between. */
bool xmi_sim_others_come(struct sim_domain *d)
{
    return d->schedule == NULL && rng_below(&d->rng, 4) == 0;
}

/* How a run stands. tries: ops begun, which bounds a run in which nobody gets anywhere. */
struct run {
    uint64_t steps, done, tries;
    uint64_t events; /* when it began */
};

static bool run_over(struct sim_domain *d, const struct run *r)
{
    if (d->death_at != 0 && d->core.stats.events >= d->death_at)
        d->doomed = true;
    return d->dying || d->doomed || d->pauses != 0 || r->tries >= r->steps ||
           d->core.stats.events != r->events;
}

static void run_slice(struct sim_domain *d, struct sim_vcpu *v, uint64_t slice, struct run *r)
{
    uint64_t end = r->tries + slice;

    do {
        uint64_t n = fast_run(d, v, end - r->tries);

        r->done += n;
        r->tries += n;
        if (r->tries == end || !xmi_sim_vcpu_can_run(v))
            break;
        r->tries++;
        if (xmi_sim_op_step(d, v))
            r->done++;
    } while (r->tries < end && xmi_sim_vcpu_can_run(v) && !run_over(d, r));
}

static uint32_t count_runnable(const struct sim_domain *d)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->cfg.vcpus; i++)
        n += xmi_sim_vcpu_can_run(&d->vcpu[i]);
    return n;
}

static uint32_t runnable_now(struct sim_domain *d)
{
    uint32_t n;

    if (likely(d->halted_n == 0))
        return count_runnable(d);
    xmi_sim_halt_timers(d, false);
    n = count_runnable(d);
    if (n != 0)
        return n;
    xmi_sim_halt_timers(d, true);
    return count_runnable(d);
}

static struct sim_vcpu *nth_runnable(struct sim_domain *d, uint32_t n)
{
    uint32_t i = 0;

    for (;; i++) {
        if (xmi_sim_vcpu_can_run(&d->vcpu[i]) && n-- == 0)
            return &d->vcpu[i];
    }
}

/* The caller's choice. NULL: nobody. */
static struct sim_vcpu *ask(struct sim_domain *d, uint32_t n, uint64_t *slice)
{
    uint32_t can[SIM_MAX_VCPUS] = {0}, chosen;

    for (uint32_t i = 0; i < n; i++)
        can[i] = nth_runnable(d, i)->id;
    *slice = 1;
    chosen = d->schedule(d->schedule_ctx, can, n, slice);
    for (uint32_t i = 0; i < n && *slice != 0; i++) {
        if (can[i] == chosen)
            return &d->vcpu[chosen];
    }
    return NULL;
}

static struct sim_vcpu *draw(struct sim_domain *d, uint32_t n, uint64_t *slice)
{
    struct sim_vcpu *v = nth_runnable(d, n > 1 ? (uint32_t)rng_below(&d->rng, n) : 0);

    if (n > 1 || d->halted_n != 0)
        *slice = UINT64_C(1) << rng_below(&d->rng, SLICE_BITS);
    return v;
}

/* False: nobody can run, or is to. */
static bool run_somebody(struct sim_domain *d, struct run *r)
{
    uint32_t n = runnable_now(d);
    uint64_t left = r->steps - r->tries;
    uint64_t slice = left, before = r->tries;
    struct sim_vcpu *v;

    if (n == 0)
        return false;
    v = d->schedule != NULL ? ask(d, n, &slice) : draw(d, n, &slice);
    if (v == NULL)
        return false;
    if (!xmi_pcpu_enter(d, v))
        return false;
    run_slice(d, v, slice < left ? slice : left, r);
    xmi_pcpu_leave(d, v);
    d->clock += r->tries - before;
    return true;
}

uint64_t xmi_sim_domain_run(struct sim_domain *d, uint64_t steps)
{
    struct run r = {.steps = steps};

    xmi_sim_enter(d);
    r.events = d->core.stats.events;
    while (!run_over(d, &r) && run_somebody(d, &r))
        ;
    /* An op that did no more than put its request into the ring is progress as well. */
    if (r.done == 0 && d->core.stats.events != r.events)
        r.done = 1;
    if (r.done)
        xmi_sim_evtchn_time(&d->evtchn);
    xmi_sim_leave(d);
    return r.done;
}

#define LOOK_LEAST_BITS 4u
#define LOOK_BITS 4u

void xmi_sim_domain_look(struct sim_domain *d)
{
    uint64_t steps = d->cfg.look != 0 ? d->cfg.look : 1;

    if (d->cfg.look == 0 && d->cfg.kind == SIM_ARM_S2) {
        xmi_sim_enter(d);
        steps = UINT64_C(1) << (LOOK_LEAST_BITS + rng_below(&d->rng, LOOK_BITS));
        xmi_sim_leave(d);
    }
    (void)xmi_sim_domain_run(d, steps);
}

void xmi_sim_domain_schedule(struct sim_domain *d, sim_schedule_fn fn, void *ctx)
{
    xmi_sim_enter(d);
    d->schedule = fn;
    d->schedule_ctx = ctx;
    xmi_sim_leave(d);
}

static bool later(const struct sim_vcpu *v)
{
    bool sleeps_on = v->halted && v->wake_at == SIM_NEVER;

    return !sleeps_on && (!program_over(&v->prog) || v->step_due || v->exception.pending);
}

bool xmi_sim_domain_runnable(struct sim_domain *d)
{
    bool any = false;

    xmi_sim_enter(d);
    for (uint32_t i = 0; i < d->cfg.vcpus && !d->dying; i++)
        any = any || later(&d->vcpu[i]);
    xmi_sim_leave(d);
    return any;
}
