/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events: steps by each means, answers, what is left unanswered at the end. */
#include <errno.h>

#include "law.h"

enum how { STEP, DROP, EMULATE, STRICT, FAST };

static int emulate(struct world *w, const struct xmem_event *ev)
{
    struct xmem_reply r = XMEM_INIT(r);
    r.action = XMEM_REPLY_EMULATE;
    return xmem_event_reply(w->d, ev, &r);
}

static int strict(struct world *w, const struct xmem_event *ev)
{
    struct xmem_reply r = XMEM_INIT(r);
    r.action = XMEM_REPLY_STEP_OVER;
    r.flags = XMEM_REPLY_STEP_STRICT;
    return xmem_event_reply(w->d, ev, &r);
}

static void answer(struct world *w, const struct xmem_event *ev, enum how how)
{
    if (how == STEP)
        RUN(w, xmem_event_step_over(w->d, ev));
    else if (how == DROP)
        RUN(w, xmem_event_drop(w->d, ev));
    else if (how == EMULATE)
        RUN(w, emulate(w, ev));
    else
        RUN(w, strict(w, ev));
    if (!w->rc || w->rc == -EALREADY)
        return;
    RUN(w, xmem_event_drop(w->d, ev));
    if (w->rc && w->rc != -EALREADY)
        RUN(w, xmem_event_reply(w->d, ev, NULL));
}

static void loop(struct world *w, unsigned events, enum how how)
{
    const struct xmem_event *ev;
    for (unsigned n = 0, idle = 0; n < events && idle < 4;) {
        RUN(w, xmem_event_next(w->d, &ev));
        if (w->rc) {
            idle++;
            continue;
        }
        n++;
        answer(w, ev, how);
    }
}

static bool begin(struct world *w, uint32_t means)
{
    struct xmem_domain_opts o = XMEM_INIT(o);
    o.step_means = means;
    if (world_open(w, &o))
        return false;
    WHOLE(w, xmem_domain_enable(w->d));
    if (!w->rc)
        WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST, 20, XMEM_R));
    guest(w, 0, FIRST, 8, SIM_OP_WRITE);
    guest(w, 1, FIRST + 4, 8, SIM_OP_WRITE);
    guest(w, 2, FIRST + 2, 8, SIM_OP_RMW);
    return !w->rc;
}

/* Steps, and events that stand in the ring when the session is closed. */
static void steps(struct world *w, uint32_t means, enum how how)
{
    const struct xmem_event *ev;
    if (!begin(w, means))
        return;
    loop(w, 10, how);
    for (unsigned i = 0; i < 3; i++)
        RUN(w, xmem_event_next(w->d, &ev));
}

static void step(struct world *w)
{
    steps(w, 0, STEP);
}
const struct scenario scenario_step = {"step", step, ALL_KINDS};

static void step_single(struct world *w)
{
    steps(w, XMEM_STEP_SINGLE, STEP);
}
const struct scenario scenario_step_single = {"step-single", step_single, ON(SIM_X86_EPT)};

static void step_emulate(struct world *w)
{
    steps(w, XMEM_STEP_EMULATE, STEP);
}
const struct scenario scenario_step_emulate = {"step-emulate", step_emulate,
                                               ON(SIM_X86_EPT) | ON(SIM_X86_NPT) | ON(SIM_ARM_S2)};

/* Writes with two pages each, by its emulator and by the processor with the other vCPUs held. */
static void step_hypervisor(struct world *w)
{
    const struct xmem_event *ev;
    struct sim_op ops[6];
    if (!begin(w, XMEM_STEP_HYPERVISOR))
        return;
    for (uint64_t i = 0; i < 6; i++)
        ops[i] = (struct sim_op){.code = SIM_OP_WRITE,
                                 .flags = i & 1 ? SIM_OP_F_NO_EMUL : 0,
                                 .addr = (FIRST + 2 * i) << 12 | 0xffc,
                                 .value = 1};
    if (xmi_sim_vcpu_script(w->g, 0, ops, 6, 0))
        return;
    loop(w, 14, STEP);
    for (unsigned i = 0; i < 3; i++)
        RUN(w, xmem_event_next(w->d, &ev));
}
const struct scenario scenario_step_hypervisor = {
    "step-hypervisor", step_hypervisor, ON(SIM_X86_NPT) | ON(SIM_X86_PV) | ON(SIM_ARMV8R_MPU)};

/* Writes that end in a page which is told ahead, or turns by being written or told. */
static void step_ahead(struct world *w)
{
    static const enum xmem_rights second[] = {XMEM_RX2RW, XMEM_N2RWX, XMEM_R};
    struct sim_op ops[3];
    if (!begin(w, XMEM_STEP_EMULATE))
        return;
    for (uint64_t i = 0; i < 3 && !w->rc; i++) {
        ops[i] = (struct sim_op){
            .code = SIM_OP_WRITE, .addr = (FIRST + 2 * i) << 12 | 0xffc, .value = 1};
        WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST + 2 * i + 1, second[i]));
    }
    if (w->rc || xmi_sim_vcpu_script(w->g, 0, ops, 3, 0))
        return;
    loop(w, 10, STEP);
}
const struct scenario scenario_step_ahead = {"step-ahead", step_ahead,
                                             ON(SIM_X86_EPT) | ON(SIM_X86_NPT)};

static void step_relax(struct world *w)
{
    steps(w, XMEM_STEP_RELAX, STEP);
}
const struct scenario scenario_step_relax = {"step-relax", step_relax, ALL_KINDS};

static void drop(struct world *w)
{
    steps(w, 0, DROP);
}
const struct scenario scenario_drop = {"drop", drop, ALL_KINDS};

static int toggle(struct world *w, const struct xmem_event *ev)
{
    struct xmem_reply r = XMEM_INIT(r);
    r.flags = XMEM_REPLY_TOGGLE_STEP;
    return xmem_event_reply(w->d, ev, &r);
}

/* The caller's own single stepping, an event that is held, and a pause at the end. */
static void reply(struct world *w)
{
    struct xmem_monitor m = XMEM_INIT(m);
    const struct xmem_event *ev[3] = {NULL};
    unsigned n = 0;
    m.reason = XMEM_EVENT_SINGLESTEP;
    if (!begin(w, 0))
        return;
    if (w->kind->sim == SIM_X86_EPT)
        WHOLE(w, xmem_domain_set_monitor(w->d, &m, 1));
    for (unsigned i = 0; i < 6 && n < 3; i++) {
        RUN(w, xmem_event_next(w->d, &ev[n]));
        n += !w->rc;
    }
    if (n && w->kind->sim == SIM_X86_EPT)
        RUN(w, toggle(w, ev[0]));
    if (n > 1)
        RUN(w, xmem_event_drop(w->d, ev[1]));
    WHOLE(w, xmem_domain_pause(w->d));
}
const struct scenario scenario_reply = {"reply", reply, ALL_KINDS};

/* Nothing is answered. */
static void pending(struct world *w)
{
    const struct xmem_event *ev;
    if (!begin(w, 0))
        return;
    RUN(w, xmem_event_next(w->d, &ev));
    RUN(w, xmem_event_next(w->d, &ev));
    CALL(w, LAW_END, xmem_domain_disable(w->d));
    WHOLE(w, xmem_domain_enable(w->d));
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST, XMEM_R));
    RUN(w, xmem_event_next(w->d, &ev));
}
const struct scenario scenario_pending = {"pending", pending, ALL_KINDS};

static bool begin_queue(struct world *w)
{
    if (world_open(w, NULL))
        return false;
    WHOLE(w, xmem_domain_enable(w->d));
    if (!w->rc)
        WHOLE(w, xmem_domain_set_rights_range(w->d, 0, FIRST, 24, XMEM_N2RWX));
    for (uint32_t v = 0; v < VCPUS && !w->rc; v++)
        guest(w, v, FIRST + 8 * v, 8, SIM_OP_WRITE);
    return !w->rc;
}

/* The ring is full, who waits for a slot has to run, and the caller has paused the domain. */
static void queue(struct world *w)
{
    const struct xmem_event *ev;
    if (!begin_queue(w))
        return;
    while (xmi_sim_domain_run(w->g, 500))
        ;
    RUN(w, xmem_event_next(w->d, &ev));
    WHOLE(w, xmem_domain_pause(w->d));
    CALL(w, LAW_END, xmem_domain_disable(w->d));
    WHOLE(w, xmem_domain_unpause(w->d));
}
const struct scenario scenario_queue = {"queue", queue, ALL_KINDS};

static int inject(struct world *w, const struct xmem_event *ev)
{
    struct xmem_reply r = XMEM_INIT(r);
    r.action = XMEM_REPLY_REINJECT;
    return xmem_event_reply(w->d, ev, &r);
}

static void reinject(struct world *w)
{
    struct xmem_monitor m = XMEM_INIT(m);
    const struct xmem_event *ev;
    m.reason = XMEM_EVENT_BREAKPOINT;
    if (!begin(w, 0))
        return;
    guest(w, 0, FIRST, 4, SIM_OP_BREAKPOINT);
    WHOLE(w, xmem_domain_set_monitor(w->d, &m, 1));
    for (unsigned i = 0; i < 6; i++) {
        RUN(w, xmem_event_next(w->d, &ev));
        if (!w->rc && ev->reason == XMEM_EVENT_BREAKPOINT)
            RUN(w, inject(w, ev));
        else if (!w->rc)
            RUN(w, xmem_event_drop(w->d, ev));
    }
}
const struct scenario scenario_reinject = {"reinject", reinject, ON(SIM_X86_EPT) | ON(SIM_X86_NPT)};

/* In a view of the caller's, where pages show other frames; one of them has a breakpoint. */
static bool begin_in_view(struct world *w)
{
    uint64_t page = 0;
    uint16_t view = 0;
    if (world_open(w, NULL))
        return false;
    WHOLE(w, xmem_domain_enable(w->d));
    if (!w->rc)
        WHOLE(w, xmem_view_create(w->d, NULL, &view));
    if (!w->rc)
        WHOLE(w, xmem_domain_add_page(w->d, &page));
    if (w->rc)
        return false;
    WHOLE(w, xmem_view_change_gfn(w->d, view, FIRST + 2, page));
    WHOLE(w, xmem_view_change_gfn(w->d, view, FIRST + 3, FIRST + 9));
    WHOLE(w, xmem_domain_set_rights_range(w->d, view, FIRST, 6, XMEM_R));
    WHOLE(w, xmem_view_switch(w->d, view));
    return true;
}

static void step_in_view(struct world *w)
{
    struct xmem_monitor m = XMEM_INIT(m);
    m.reason = XMEM_EVENT_BREAKPOINT;
    if (!begin_in_view(w))
        return;
    WHOLE(w, xmem_domain_set_monitor(w->d, &m, 1));
    guest(w, 0, FIRST, 6, SIM_OP_WRITE);
    guest(w, 1, FIRST + 2, 2, SIM_OP_RMW);
    guest(w, 2, FIRST + 2, 1, SIM_OP_BREAKPOINT);
    loop(w, 12, STEP);
    WHOLE(w, xmem_domain_set_rights(w->d, 0, FIRST + 2, XMEM_RX));
    loop(w, 4, STEP);
}
const struct scenario scenario_step_in_view = {"step-in-view", step_in_view, ON(SIM_X86_EPT)};
