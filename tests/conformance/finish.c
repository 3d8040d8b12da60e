/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Statements about who finishes the instruction of an event: one for each reason, over every
 * action, alone and together with a switch of the view. xmem_event_reply(3) has the same table.
 */
#include "conf.h"

#include <errno.h>

#define ACTIONS (XMEM_REPLY_REINJECT + 1)

enum end {
    NO,    /* refused, the event stays open */
    ENDS,  /* the instruction ends, without another event */
    AGAIN, /* the same event comes again */
    BACK,  /* the guest's own handler gets the exception */
};

struct row {
    enum xmem_event_reason reason;
    enum guest_act act;
    uint32_t index;
    /* resume, deny, emulate, emulate without write, step over, reinject */
    enum end end[ACTIONS];
};

static const struct row access_row = {
    XMEM_EVENT_MEM_ACCESS, ACT_WRITE, 0, {AGAIN, NO, ENDS, ENDS, ENDS, NO}};
static const struct row ctrlreg_row = {
    XMEM_EVENT_CTRLREG, ACT_CTRLREG3, XMEM_CTRLREG_CR3, {ENDS, ENDS, NO, NO, ENDS, NO}};
static const struct row msr_row = {
    XMEM_EVENT_MSR, ACT_MSR, CONF_MSR, {ENDS, ENDS, NO, NO, ENDS, NO}};
static const struct row breakpoint_row = {
    XMEM_EVENT_BREAKPOINT, ACT_BREAKPOINT, 0, {BACK, NO, ENDS, NO, BACK, BACK}};
static const struct row debug_row = {
    XMEM_EVENT_DEBUG, ACT_DEBUG, 0, {BACK, NO, NO, NO, BACK, BACK}};
static const struct row request_row = {
    XMEM_EVENT_GUEST_REQUEST, ACT_GUEST_REQUEST, 0, {ENDS, NO, NO, NO, ENDS, NO}};
static const struct row cpuid_row = {XMEM_EVENT_CPUID, ACT_CPUID, 0, {ENDS, NO, NO, NO, ENDS, NO}};
static const struct row call_row = {
    XMEM_EVENT_PRIVILEGED_CALL, ACT_PRIVCALL, 0, {ENDS, NO, NO, NO, ENDS, NO}};
static const struct row descriptor_row = {
    XMEM_EVENT_DESCRIPTOR, ACT_DESCRIPTOR, 0, {ENDS, NO, ENDS, ENDS, ENDS, NO}};
static const struct row in_row = {XMEM_EVENT_IO, ACT_IN, 0, {ENDS, NO, ENDS, ENDS, ENDS, NO}};
static const struct row out_row = {XMEM_EVENT_IO, ACT_OUT, 0, {ENDS, NO, ENDS, ENDS, ENDS, NO}};
static const struct row vmexit_row = {
    XMEM_EVENT_VMEXIT, ACT_VMEXIT, 0, {ENDS, NO, NO, NO, ENDS, NO}};

/* What the kind has not is refused; where nothing is injected a plain answer goes past it. */
static enum end expected(const struct conf *c, const struct row *row, uint32_t action)
{
    enum end end = row->end[action];
    if (!(c->caps.replies & (1u << action)))
        return NO;
    if (end == BACK && !(c->caps.replies & (1u << XMEM_REPLY_REINJECT)))
        return ENDS;
    return end;
}

/* A write of CR3 is an event when it changes something: two values in turn. */
static uint64_t value_of(const struct row *row, bool done)
{
    static uint64_t cr3 = 0x7000;
    uint64_t next = cr3 ^ 0x7000 ^ 0x8000;
    if (row->reason == XMEM_EVENT_CTRLREG && done)
        cr3 = next;
    return next;
}

static uint64_t exceptions(struct conf *c)
{
    return c->ops->exceptions ? c->ops->exceptions(c, 0) : 0;
}

static void let_go(struct conf *c, const struct row *row, const struct xmem_event *ev)
{
    EXPECT_RC(c, xmem_event_drop(c->d, ev), 0);
    if (row->reason == XMEM_EVENT_MEM_ACCESS) /* the session steps over it */
        EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

/*
 * Given to a vCPU that goes on in a view which does not hold the pages of its handler yet, an
 * exception can be told again on a real machine (differences.md), until the guest has it.
 */
#define AGAIN_MAX 16

static bool again_is_told(struct conf *c, const struct row *row, const struct xmem_event *ev)
{
    return !c->ops->exceptions && ev->reason == (uint32_t)row->reason && !xmem_event_drop(c->d, ev);
}

/* The end that an answer of the row's action led to. */
static void check_end(struct conf *c, const struct row *row, enum end want, uint64_t before)
{
    const struct xmem_event *ev;
    int rc = conf_finish(c, 0, &ev);
    if (want == AGAIN) {
        EXPECT_RC(c, rc, -EEXIST);
        EXPECT(c, ev->reason == (uint32_t)row->reason);
        let_go(c, row, ev);
        return;
    }
    for (int i = 0; rc == -EEXIST && want == BACK && i < AGAIN_MAX && again_is_told(c, row, ev);
         i++)
        rc = conf_finish(c, 0, &ev);
    EXPECT_RC(c, rc, 0);
    for (int i = 0; i < 4; i++) {
        EXPECT_RC(c, xmem_event_next(c->d, &ev), -EAGAIN);
        c->ops->run(c);
    }
    if (c->ops->exceptions)
        EXPECT(c, exceptions(c) - before == (want == BACK));
}

static void cell(struct conf *c, const struct row *row, uint32_t action, uint32_t flags)
{
    static const uint8_t nops[16] = {[0 ... 15] = 0x90};
    struct xmem_reply r = {.size = sizeof(r), .action = action, .flags = flags};
    enum end want = expected(c, row, action);
    uint64_t before = exceptions(c);
    const struct xmem_event *ev;
    if (row->reason == XMEM_EVENT_BREAKPOINT && action == XMEM_REPLY_EMULATE) {
        r.flags |= XMEM_REPLY_SET_INSN_DATA;
        r.data = nops;
        r.data_len = sizeof(nops);
    }
    EXPECT_RC(
        c,
        c->ops->start(c, 0, row->act, conf_gfn(c, 0), 0, value_of(row, action != XMEM_REPLY_DENY)),
        0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->reason == (uint32_t)row->reason);
    EXPECT(c, !(ev->flags & XMEM_EVENT_PAUSED) == (row->reason == XMEM_EVENT_VMEXIT));
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), want == NO ? -EOPNOTSUPP : 0);
    if (want == NO)
        EXPECT_RC(c, xmem_event_drop(c->d, ev), 0);
    else
        check_end(c, row, want, before);
    if (want == NO)
        EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static bool watch(struct conf *c, const struct row *row)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = row->reason, .index = row->index};
    if (row->reason == XMEM_EVENT_MEM_ACCESS)
        return !xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_R);
    return !xmem_domain_set_monitor(c->d, &m, 1);
}

/* Is the guest able to cause it? It does so once, before anybody watches. */
static bool able(struct conf *c, const struct row *row)
{
    const struct xmem_event *ev;
    return c->ops->start(c, 0, row->act, conf_gfn(c, 0), 0, value_of(row, true)) != -EOPNOTSUPP &&
           !conf_finish(c, 0, &ev);
}

static void all_cells(struct conf *c, const struct row *row)
{
    NEED(c, c->caps.monitors & (UINT64_C(1) << row->reason), "this kind has no such event");
    NEED(c, able(c, row), "this guest cannot cause it");
    EXPECT(c, watch(c, row));
    for (uint32_t action = 0; action < ACTIONS && !c->failed; action++)
        cell(c, row, action, 0);
}

/* The switch is done, and the instruction as well. */
static void switched(struct conf *c, const struct row *row)
{
    const struct xmem_event *ev;
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_VIEW};
    uint64_t before;
    uint16_t now;
    NEED(c, c->caps.max_views > 1, "this kind has no views");
    NEED(c, c->caps.monitors & (UINT64_C(1) << row->reason), "this kind has no such event");
    NEED(c, able(c, row), "this guest cannot cause it");
    before = exceptions(c);
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &r.view), 0);
    EXPECT(c, watch(c, row));
    EXPECT_RC(c, c->ops->start(c, 0, row->act, conf_gfn(c, 0), 0, value_of(row, true)), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), 0);
    enum end want = expected(c, row, XMEM_REPLY_RESUME);
    check_end(c, row, want == AGAIN ? ENDS : want, before); /* the other view lets it through */
    if (!xmem_view_get_vcpu(c->d, 0, &now))
        EXPECT(c, now == r.view);
}

/* An answer that moved the pc, and one that did not. */
static void registers(struct conf *c, const struct row *row)
{
    const struct xmem_event *ev;
    struct xmem_regs regs = XMEM_INIT(regs);
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_REGS, .regs = &regs};
    NEED(c, c->caps.monitors & (UINT64_C(1) << row->reason), "this kind has no such event");
    NEED(c, c->caps.reply_flags & XMEM_REPLY_SET_REGS, "registers cannot be set");
    NEED(c, able(c, row), "this guest cannot cause it");
    EXPECT(c, watch(c, row));
    uint64_t before = exceptions(c);
    EXPECT_RC(c, c->ops->start(c, 0, row->act, conf_gfn(c, 0), 0, 0), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_get_regs(c->d, ev, &regs), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), 0);
    check_end(c, row, expected(c, row, XMEM_REPLY_RESUME), before);
    before = exceptions(c);
    EXPECT_RC(c, c->ops->start(c, 0, row->act, conf_gfn(c, 0), 0, 0), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, conf_answer_past(c, ev), 0);
    check_end(c, row, ENDS, before);
}

/* The session's breakpoint hides one of the guest's own: done by a step, it is given to the guest. */
static void below_the_sessions(struct conf *c)
{
    const struct xmem_event *ev;
    uint64_t gfn = conf_gfn(c, 0);
    uint16_t view, now;
    NEED(c, c->caps.replies & (1u << XMEM_REPLY_REINJECT), "nothing is injected here");
    NEED(c, c->caps.step_means & XMEM_STEP_VIEW, "no step in a view here");
    NEED(c, c->ops->exceptions, "this guest does not count");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &view), 0);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, view, gfn, conf_gfn(c, 1)), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, view), 0);
    EXPECT(c, watch(c, &breakpoint_row));
    uint64_t before = exceptions(c);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_BREAKPOINT, gfn, 0, 0), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0); /* not the guest's: hit again */
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->reason == XMEM_EVENT_BREAKPOINT && exceptions(c) == before);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    check_end(c, &breakpoint_row, BACK, before);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == view);
}

/* Nobody is left with an exception that the session took: its end gives it back. */
static void held_at_the_end(struct conf *c)
{
    const struct xmem_event *ev;
    uint64_t before = exceptions(c);
    NEED(c, c->caps.replies & (1u << XMEM_REPLY_REINJECT), "nothing is injected here");
    NEED(c, c->ops->exceptions, "this guest does not count");
    EXPECT(c, watch(c, &debug_row));
    EXPECT_RC(c, c->ops->start(c, 0, ACT_DEBUG, conf_gfn(c, 0), 0, 0), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_domain_disable(c->d), 0);
    c->ops->run(c);
    EXPECT(c, exceptions(c) == before + 1);
    EXPECT_RC(c, xmem_domain_enable(c->d), 0);
    EXPECT(c, watch(c, &breakpoint_row));
    EXPECT_RC(c, c->ops->start(c, 0, ACT_BREAKPOINT, conf_gfn(c, 0), 0, 0), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_domain_disable(c->d), 0);
    c->ops->run(c);
    EXPECT(c, exceptions(c) == before + 2);
}

/* The session's own single stepping does not end by an input instruction that was emulated. */
static void input_while_stepping(struct conf *c)
{
    const struct xmem_event *ev;
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_SINGLESTEP};
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_TOGGLE_STEP};
    NEED(c, c->caps.monitors & (UINT64_C(1) << XMEM_EVENT_IO), "this kind has no such event");
    NEED(c, c->caps.monitors & (UINT64_C(1) << XMEM_EVENT_SINGLESTEP),
         "this kind does not single-step");
    NEED(c, able(c, &in_row), "this guest cannot cause it");
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 1), 0);
    EXPECT(c, watch(c, &in_row));
    for (int i = 0; i < 2; i++) { /* on with the first, off with the step of the second */
        EXPECT_RC(c, c->ops->start(c, 0, ACT_IN, 0, 0, 0), 0);
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT(c, ev->reason == XMEM_EVENT_IO);
        EXPECT_RC(c, xmem_event_reply(c->d, ev, i ? NULL : &r), 0);
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT(c, ev->reason == XMEM_EVENT_SINGLESTEP);
        EXPECT_RC(c, xmem_event_reply(c->d, ev, i ? &r : NULL), 0);
    }
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_READ, conf_gfn(c, 0)), 0);
}

#define STATE(fn, how, row) \
    static void fn(struct conf *c) \
    { \
        how(c, &row); \
    }
STATE(access_cells, all_cells, access_row)
STATE(ctrlreg_cells, all_cells, ctrlreg_row)
STATE(msr_cells, all_cells, msr_row)
STATE(breakpoint_cells, all_cells, breakpoint_row)
STATE(debug_cells, all_cells, debug_row)
STATE(request_cells, all_cells, request_row)
STATE(cpuid_cells, all_cells, cpuid_row)
STATE(call_cells, all_cells, call_row)
STATE(descriptor_cells, all_cells, descriptor_row)
STATE(in_cells, all_cells, in_row)
STATE(out_cells, all_cells, out_row)
STATE(vmexit_cells, all_cells, vmexit_row)
STATE(ctrlreg_switched, switched, ctrlreg_row)
STATE(breakpoint_switched, switched, breakpoint_row)
STATE(debug_switched, switched, debug_row)
STATE(cpuid_switched, switched, cpuid_row)
STATE(descriptor_switched, switched, descriptor_row)
STATE(in_switched, switched, in_row)
STATE(out_switched, switched, out_row)
STATE(access_switched, switched, access_row)
STATE(cpuid_registers, registers, cpuid_row)
STATE(breakpoint_registers, registers, breakpoint_row)
STATE(call_registers, registers, call_row)

const struct statement statements_finish[] = {
    {"an access ends as its answer says", access_cells, false},
    {"a write of a control register ends whatever the answer", ctrlreg_cells, false},
    {"a write of an MSR ends whatever the answer", msr_cells, false},
    {"the guest gets its own breakpoint", breakpoint_cells, false},
    {"the guest gets its own debug exception", debug_cells, false},
    {"a guest request ends whatever the answer", request_cells, false},
    {"CPUID ends whatever the answer", cpuid_cells, false},
    {"a privileged call ends whatever the answer", call_cells, false},
    {"a descriptor access ends whatever the answer", descriptor_cells, false},
    {"an input instruction ends whatever the answer", in_cells, false},
    {"an output instruction ends whatever the answer", out_cells, false},
    {"a VM exit does not wait for its answer", vmexit_cells, false},
    {"an access goes on in another view", access_switched, false},
    {"a write of a control register ends with a switch", ctrlreg_switched, false},
    {"the guest gets its breakpoint with a switch", breakpoint_switched, false},
    {"the guest gets its debug exception with a switch", debug_switched, false},
    {"CPUID ends with a switch", cpuid_switched, false},
    {"a descriptor access ends with a switch", descriptor_switched, false},
    {"an input instruction ends with a switch", in_switched, false},
    {"an output instruction ends with a switch", out_switched, false},
    {"CPUID ends with registers, wherever the pc is", cpuid_registers, false},
    {"a breakpoint ends with registers, wherever the pc is", breakpoint_registers, false},
    {"a privileged call ends with registers, wherever the pc is", call_registers, false},
    {"below the session's breakpoint the guest has its own", below_the_sessions, false},
    {"what was taken from the guest is given back at the end", held_at_the_end, false},
    {"an input instruction leaves single stepping as it is", input_while_stepping, false},
    {NULL, NULL, false},
};
