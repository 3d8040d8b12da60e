/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about events and their order. */
#include "conf.h"

#include <errno.h>

static void none_is_eagain(struct conf *c)
{
    const struct xmem_event *ev = NULL;
    for (int i = 0; i < 3; i++)
        EXPECT_RC(c, xmem_event_next(c->d, &ev), -EAGAIN);
    EXPECT(c, ev == NULL);
}

static void sequence_counts(struct conf *c)
{
    const struct xmem_event *ev;
    uint64_t last = 0;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 4, XMEM_N), 0);
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_RC(c, conf_do_event(c, 0, ACT_READ, conf_gfn(c, i), &ev), 0);
        EXPECT(c, ev->seq == last + 1);
        last = ev->seq;
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    }
}

static void held_in_any_order(struct conf *c)
{
    const struct xmem_event *ev[4], *extra;
    uint32_t n = c->vcpus < 4 ? c->vcpus : 4;
    NEED(c, n >= 2, "one vCPU only");
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), n, XMEM_N), 0);
    for (uint32_t v = 0; v < n; v++)
        EXPECT_RC(c, conf_do_event(c, v, ACT_WRITE, conf_gfn(c, v), &ev[v]), 0);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), n, XMEM_RWX), 0);
    for (uint32_t i = 0; i < n; i++) { /* 1, 0, 3, 2 */
        uint32_t v = (i ^ 1) < n ? (i ^ 1) : i;
        EXPECT(c, ev[v]->vcpu == v && ev[v]->u.mem.gfn == conf_gfn(c, v));
        EXPECT_RC(c, xmem_event_reply(c->d, ev[v], NULL), 0);
    }
    for (uint32_t v = 0; v < n; v++)
        EXPECT_RC(c, conf_finish(c, v, &extra), 0);
}

static void registers_survive_other_answers(struct conf *c)
{
    const struct xmem_event *a, *b;
    struct xmem_regs first = XMEM_INIT(first), later = XMEM_INIT(later);
    NEED(c, c->vcpus >= 2, "one vCPU only");
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 2, XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &a), 0);
    EXPECT_RC(c, xmem_event_get_regs(c->d, a, &first), 0);
    EXPECT_RC(c, conf_do_event(c, 1, ACT_WRITE, conf_gfn(c, 1), &b), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 1), XMEM_RWX), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, b, NULL), 0);
    EXPECT_RC(c, conf_finish(c, 1, &b), 0);
    EXPECT_RC(c, xmem_event_get_regs(c->d, a, &later), 0);
    EXPECT(c, first.arch == later.arch);
    for (unsigned i = 0; i < 5; i++)
        EXPECT(c, first.u.raw[i] == later.u.raw[i]);
    EXPECT_RC(c, xmem_event_drop(c->d, a), 0);
    EXPECT_RC(c, conf_finish(c, 0, &a), 0);
}

/*
 * Where a page is opened for all while one vCPU is stepped over it, whoever has not met it yet
 * passes: there all of them, as many as the ring holds, meet it first.
 */
static void twelve_on_one_page(struct conf *c)
{
    const struct xmem_event *ev, *held[32];
    uint32_t seen = 0, n = c->vcpus < 32 ? c->vcpus : 31, waiting = 0;
    bool by_view = c->caps.step_means & XMEM_STEP_VIEW;
    NEED(c, n >= 2, "one vCPU only");
    if (!by_view && n > c->caps.ring_slots)
        n = c->caps.ring_slots;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_N), 0);
    for (uint32_t v = 0; v < n; v++)
        EXPECT_RC(c, c->ops->start(c, v, ACT_WRITE, conf_gfn(c, 0), 8 * v, v), 0);
    while (seen != (1u << n) - 1) {
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT(c, ev->vcpu < n && !(seen & (1u << ev->vcpu)));
        seen |= 1u << ev->vcpu;
        if (by_view)
            EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        else
            held[waiting++] = ev;
    }
    while (waiting)
        EXPECT_RC(c, xmem_event_step_over(c->d, held[--waiting]), 0);
    for (uint32_t v = 0; v < n; v++)
        EXPECT_RC(c, conf_finish(c, v, &ev), 0);
}

static void asynchronous_flood(struct conf *c)
{
    const struct xmem_event *ev;
    unsigned want = 64, seen = 0;
    NEED(c, c->caps.rights & XMEM_RIGHTS_BIT(XMEM_N2RWX), "no n2rwx here");
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), want, XMEM_N2RWX), 0);
    for (unsigned i = 0; i < want; i++) {
        EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, i), 0, 0), 0);
        int rc = conf_finish(c, 0, &ev);
        if (rc == -EEXIST) {
            seen++;
            EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
            rc = conf_finish(c, 0, &ev);
        }
        EXPECT_RC(c, rc, 0);
    }
    EXPECT(c, seen == want);
}

/* The instruction was not done when the event was made. */
static bool repeats(enum xmem_event_reason reason)
{
    return reason == XMEM_EVENT_CPUID || reason == XMEM_EVENT_BREAKPOINT ||
           reason == XMEM_EVENT_PRIVILEGED_CALL;
}

static void monitor_event(struct conf *c, enum xmem_event_reason reason, enum guest_act act,
                          uint32_t index, uint64_t value)
{
    const struct xmem_event *ev;
    struct xmem_monitor m = {.size = sizeof(m), .reason = reason, .index = index};
    NEED(c, c->caps.monitors & (UINT64_C(1) << reason), "this kind has no such event");
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 1), 0);
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 1), 0);
    int rc = c->ops->start(c, 0, act, conf_gfn(c, 0), 0, value);
    NEED(c, rc != -EOPNOTSUPP, "this guest cannot cause it");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->reason == (uint32_t)reason);
    EXPECT(c, ev->vcpu == 0);
    if (reason == XMEM_EVENT_CTRLREG)
        EXPECT(c, ev->u.ctrlreg.index == XMEM_CTRLREG_CR3 && ev->u.ctrlreg.new_value == value);
    if (reason == XMEM_EVENT_MSR)
        EXPECT(c, ev->u.msr.msr == index);
    if (repeats(reason))
        EXPECT_RC(c, conf_answer_past(c, ev), 0);
    else
        EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 0), 0);
    EXPECT_RC(c, c->ops->start(c, 0, act, conf_gfn(c, 0), 0, value + 0x1000), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void guest_request(struct conf *c)
{
    monitor_event(c, XMEM_EVENT_GUEST_REQUEST, ACT_GUEST_REQUEST, 0, 0);
}

static void cpuid(struct conf *c)
{
    monitor_event(c, XMEM_EVENT_CPUID, ACT_CPUID, 0, 0);
}

static void ctrlreg(struct conf *c)
{
    monitor_event(c, XMEM_EVENT_CTRLREG, ACT_CTRLREG3, XMEM_CTRLREG_CR3, 0x7000);
}

static void msr(struct conf *c)
{
    monitor_event(c, XMEM_EVENT_MSR, ACT_MSR, CONF_MSR, 0);
}

static void privileged_call(struct conf *c)
{
    monitor_event(c, XMEM_EVENT_PRIVILEGED_CALL, ACT_PRIVCALL, 0, 0);
}

static void breakpoint(struct conf *c)
{
    monitor_event(c, XMEM_EVENT_BREAKPOINT, ACT_BREAKPOINT, 0, 0);
}

static void registers_fit_the_kind(struct conf *c)
{
    const struct xmem_event *ev;
    struct xmem_regs r = XMEM_INIT(r);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &ev), 0);
    EXPECT_RC(c, xmem_event_get_regs(c->d, ev, &r), 0);
    EXPECT(c, r.arch == XMEM_ARCH_X86 || r.arch == XMEM_ARCH_ARM);
    EXPECT(c, r.arch == XMEM_ARCH_X86 ? r.u.x86.rip != 0 : r.u.arm.pc != 0);
    EXPECT_RC(c, xmem_event_drop(c->d, ev), 0);
    EXPECT_RC(c, xmem_event_get_regs(c->d, ev, &r), -EALREADY);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

const struct statement statements_events[] = {
    {"without an event next answers -EAGAIN", none_is_eagain, false},
    {"the sequence counts from 1 without a gap", sequence_counts, false},
    {"events are held and answered in any order", held_in_any_order, false},
    {"registers stay right while others are answered", registers_survive_other_answers, false},
    {"all vCPUs on one page are all delivered, once", twelve_on_one_page, false},
    {"a flood of events that do not pause loses none", asynchronous_flood, false},
    {"a guest request is an event when monitored", guest_request, false},
    {"CPUID is an event when monitored", cpuid, false},
    {"a write of CR3 is an event when monitored", ctrlreg, false},
    {"a write of an MSR is an event when monitored", msr, false},
    {"a privileged call is an event when monitored", privileged_call, false},
    {"a breakpoint is an event when monitored", breakpoint, false},
    {"registers of an event are of the kind's architecture", registers_fit_the_kind, false},
    {NULL, NULL, false},
};
