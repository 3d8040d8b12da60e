/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about stepping: an instruction is let through, and nothing beside it. */
#include "conf.h"

#include <errno.h>
#include <string.h>

#define VALUE UINT64_C(0x1122334455667788)
#define EVENTS_MAX 40u /* of one instruction; more: it never ends */

static uint64_t page(struct conf *c, unsigned i)
{
    return conf_gfn(c, 4 + i);
}

/* A session that steps by these means alone (0: the best there is), four pages zeroed. False: skipped or failed. */
static bool open_by(struct conf *c, uint32_t means)
{
    static const char nothing[4096];
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    int rc = conf_open(c, &o);
    if (!rc && means && !(c->caps.step_means & means)) {
        conf_skip(c, "this kind has no such means");
        return false;
    }
    for (unsigned i = 0; i < 4 && !rc; i++)
        rc = xmem_domain_write(c->d, page(c, i) << 12, nothing, sizeof(nothing));
    if (rc)
        conf_fail(c, __FILE__, __LINE__, "it does not begin: %d", rc);
    return !rc;
}

static int halves(struct conf *c, unsigned i, uint32_t half[2])
{
    int rc = xmem_domain_read(c->d, (page(c, i) << 12) + 0xffc, &half[0], 4);
    return rc ? rc : xmem_domain_read(c->d, page(c, i + 1) << 12, &half[1], 4);
}

/*
 * Steps over all events of the instruction until it is done. *told: a bit for each page that
 * was told.
 */
static int step_through(struct conf *c, uint32_t *told)
{
    const struct xmem_event *ev;
    *told = 0;
    for (unsigned n = 0; n < EVENTS_MAX; n++) {
        int rc = conf_finish(c, 0, &ev);
        if (rc != -EEXIST)
            return rc;
        if (ev->reason == XMEM_EVENT_MEM_ACCESS && ev->u.mem.gfn - page(c, 0) < 4)
            *told |= 1u << (ev->u.mem.gfn - page(c, 0));
        rc = xmem_event_step_over(c->d, ev);
        if (rc)
            return rc;
    }
    return -ELOOP;
}

/* ---- two pages, four pages ---- */

static void crossing_open(struct conf *c)
{
    uint32_t told, half[2];
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_RX), 0);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE + i), 0);
        EXPECT_RC(c, step_through(c, &told), 0);
        if (told != 3) {
            conf_fail(c, __FILE__, __LINE__, "round %u: told 0x%x", i, told);
            return;
        }
        EXPECT_RC(c, halves(c, 0, half), 0);
        EXPECT(c, half[0] == (uint32_t)(VALUE + i) && half[1] == (uint32_t)(VALUE >> 32));
    }
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, page(c, 0)), -EEXIST); /* armed again, both */
    EXPECT_RC(c, step_through(c, &told), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, page(c, 1)), -EEXIST);
}

static void crossing(struct conf *c, uint32_t means)
{
    if (open_by(c, means))
        crossing_open(c);
}

static void crossing_by_view(struct conf *c)
{
    crossing(c, XMEM_STEP_VIEW);
}
static void crossing_by_single(struct conf *c)
{
    crossing(c, XMEM_STEP_SINGLE);
}
static void crossing_by_relaxing(struct conf *c)
{
    crossing(c, XMEM_STEP_RELAX);
}
static void crossing_by_hypervisor(struct conf *c)
{
    crossing(c, XMEM_STEP_HYPERVISOR);
}

static void pages_of_code(struct conf *c, enum guest_act act, enum xmem_rights code, uint32_t want)
{
    uint32_t told;
    int rc = xmem_domain_set_rights_range(c->d, 0, page(c, 0), 4, code);
    EXPECT_RC(c, rc, 0);
    rc = c->ops->start(c, 0, act, page(c, 0), 0x40, VALUE);
    NEED(c, rc != -EOPNOTSUPP, "no such instruction");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, step_through(c, &told), 0);
    EXPECT(c, (told & want) == want);
}

/* By the best means there is; -EOPNOTSUPP of emulation alone is another statement's. */
static void fetch_crossing(struct conf *c)
{
    if (open_by(c, XMEM_STEP_VIEW | XMEM_STEP_SINGLE | XMEM_STEP_RELAX))
        pages_of_code(c, ACT_EXEC_CROSSING, XMEM_RW, 3);
}

static void fetch_and_write(struct conf *c)
{
    if (open_by(c, XMEM_STEP_VIEW | XMEM_STEP_SINGLE | XMEM_STEP_RELAX))
        pages_of_code(c, ACT_EXEC_WRITE, XMEM_R, 3);
}

static void four_pages(struct conf *c)
{
    if (open_by(c, XMEM_STEP_VIEW | XMEM_STEP_SINGLE | XMEM_STEP_RELAX))
        pages_of_code(c, ACT_FOUR_PAGES, XMEM_N, 15);
}

/* ---- by the hypervisor's emulator, which looks at no rights itself on some kinds ---- */

static bool open_by_emulation(struct conf *c)
{
    if (!open_by(c, XMEM_STEP_EMULATE))
        return false;
    if (c->caps.replies & (1u << XMEM_REPLY_EMULATE))
        return true;
    conf_skip(c, "the hypervisor has no emulator");
    return false;
}

/* A PV guest's emulator leaves some of them to other means. */
static void emulated(struct conf *c, enum guest_act act, enum xmem_rights code, uint32_t want)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    if (!open_by_emulation(c))
        return;
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    NEED(c, info.kind != XMEM_KIND_X86_PV, "this emulator need not do it");
    NEED(c, c->caps.rights & XMEM_RIGHTS_BIT(code), "this kind has no such rights");
    for (unsigned i = 0; i < 3 && !c->failed && !c->skipped; i++)
        pages_of_code(c, act, code, want);
}

static void crossing_emulated(struct conf *c)
{
    if (open_by_emulation(c))
        crossing_open(c);
}

static void fetch_emulated(struct conf *c)
{
    emulated(c, ACT_EXEC_CROSSING, XMEM_RW, 3);
}
static void write_emulated(struct conf *c)
{
    emulated(c, ACT_EXEC_WRITE, XMEM_R, 3);
}
static void four_emulated(struct conf *c)
{
    emulated(c, ACT_FOUR_PAGES, XMEM_N, 15);
}

/* The second page allows the write: it is not told, and nothing is said to pass. */
static void second_page_alone(struct conf *c)
{
    const struct xmem_event *ev;
    if (!open_by_emulation(c))
        return;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, page(c, 0), XMEM_RX), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->u.mem.gfn == page(c, 0));
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT(c, ev->stepped == XMEM_STEP_EMULATE && !ev->passes);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

/* ---- carried over by the hypervisor ---- */

static void carried(struct conf *c, enum guest_act act, enum xmem_rights code, uint32_t want)
{
    uint64_t v = 0;
    if (!open_by(c, XMEM_STEP_HYPERVISOR))
        return;
    NEED(c, c->caps.rights & XMEM_RIGHTS_BIT(code), "this kind has no such rights");
    for (unsigned i = 0; i < 3 && !c->failed && !c->skipped; i++)
        pages_of_code(c, act, code, want);
    if (c->failed || c->skipped || act != ACT_EXEC_VECTOR)
        return;
    EXPECT_RC(c, xmem_domain_read(c->d, (page(c, 1) << 12) + 0x40, &v, 8), 0);
    EXPECT(c, v == VALUE);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, page(c, 1)), -EEXIST); /* closed again */
}

static void fetch_carried(struct conf *c)
{
    carried(c, ACT_EXEC_CROSSING, XMEM_RW, 3);
}
static void write_carried(struct conf *c)
{
    carried(c, ACT_EXEC_WRITE, XMEM_N, 3);
}
static void four_carried(struct conf *c)
{
    carried(c, ACT_FOUR_PAGES, XMEM_N, 15);
}
static void vector_carried(struct conf *c)
{
    carried(c, ACT_EXEC_VECTOR, XMEM_N, 3);
}
static void vector_carried_from_x(struct conf *c)
{
    carried(c, ACT_EXEC_VECTOR, XMEM_X, 2);
}

/* Resumed at its second page it has done nothing, and is told of that page alone. */
static void not_carried_further(struct conf *c)
{
    const struct xmem_event *ev;
    uint64_t v = 1;
    if (!open_by(c, XMEM_STEP_HYPERVISOR))
        return;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_R), 0);
    int rc = c->ops->start(c, 0, ACT_EXEC_VECTOR, page(c, 0), 0x40, VALUE);
    NEED(c, rc != -EOPNOTSUPP, "no such instruction");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    while (ev->u.mem.gfn == page(c, 0)) { /* one instruction after the other */
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        EXPECT_RC(c, conf_next(c, &ev), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(c, ev->u.mem.gfn == page(c, 1));
        EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
        EXPECT_RC(c, conf_next(c, &ev), 0);
    }
    EXPECT_RC(c, xmem_domain_read(c->d, (page(c, 1) << 12) + 0x40, &v, 8), 0);
    EXPECT(c, v == 0);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_RWX), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

/* ---- a deny on the way ---- */

static int deny(struct conf *c, const struct xmem_event *ev)
{
    struct xmem_reply r = {.size = sizeof(r), .action = XMEM_REPLY_EMULATE_NOWRITE};
    struct xmem_regs regs = XMEM_INIT(regs);
    if (c->caps.replies & (1u << XMEM_REPLY_EMULATE_NOWRITE))
        return xmem_event_reply(c->d, ev, &r);
    int rc = xmem_event_get_regs(c->d, ev, &regs);
    if (rc || regs.arch != XMEM_ARCH_ARM)
        return rc ? rc : -EOPNOTSUPP;
    regs.u.arm.pc += 4;
    r = (struct xmem_reply){.size = sizeof(r), .flags = XMEM_REPLY_SET_REGS, .regs = &regs};
    return xmem_event_reply(c->d, ev, &r);
}

static void denied_open(struct conf *c)
{
    const struct xmem_event *ev;
    uint32_t half[2];
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_RX), 0);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT(c, ev->u.mem.gfn == page(c, 0));
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT(c, ev->u.mem.gfn == page(c, 1) && ev->view == 0);
        int rc = deny(c, ev);
        NEED(c, rc != -EOPNOTSUPP, "this kind cannot deny a write");
        EXPECT_RC(c, rc, 0);
        EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
        EXPECT_RC(c, halves(c, 0, half), 0);
        EXPECT(c, half[1] == 0);
    }
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, page(c, 0)), -EEXIST); /* nothing stayed open */
}

static void denied(struct conf *c, uint32_t means)
{
    if (open_by(c, means))
        denied_open(c);
}

static void denied_emulated(struct conf *c)
{
    if (open_by_emulation(c))
        denied_open(c);
}

static void denied_by_view(struct conf *c)
{
    denied(c, XMEM_STEP_VIEW);
}
static void denied_by_single(struct conf *c)
{
    denied(c, XMEM_STEP_SINGLE);
}
static void denied_by_relaxing(struct conf *c)
{
    denied(c, XMEM_STEP_RELAX);
}
static void denied_by_hypervisor(struct conf *c)
{
    denied(c, XMEM_STEP_HYPERVISOR);
}

/* Opened by one step, a page is not open in another's. */
static void nothing_left_open(struct conf *c)
{
    const struct xmem_event *ev;
    uint32_t told;
    if (!open_by(c, 0))
        return;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_R), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, page(c, 1), &ev), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
    EXPECT_RC(c, step_through(c, &told), 0);
    EXPECT(c, told == 3);
}

/* ---- in a view ---- */

static void rights_of_its_own_view(struct conf *c)
{
    const struct xmem_event *ev;
    uint16_t view;
    if (!open_by(c, 0))
        return;
    NEED(c, c->caps.max_views > 1, "no views");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &view), 0);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, view, page(c, 0), 2, XMEM_RX), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, view), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT(c, ev->u.mem.gfn == page(c, i) && ev->view == view);
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    }
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    uint16_t now = 0;
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == view);
}

static void switch_with_an_event_held(struct conf *c)
{
    const struct xmem_event *ev, *extra;
    uint16_t view, now = 0;
    if (!open_by(c, 0))
        return;
    NEED(c, c->caps.max_views > 1, "no views");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &view), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, page(c, 0), XMEM_R), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, page(c, 0), &ev), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, view), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &extra), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &now), 0);
    EXPECT(c, now == view);
}

static void the_same_page_costs_nothing(struct conf *c)
{
    struct xmem_stats a = XMEM_INIT(a), b = XMEM_INIT(b);
    uint32_t told;
    if (!open_by(c, XMEM_STEP_VIEW))
        return;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_R), 0);
    for (unsigned i = 0; i < 6; i++) {
        if (i == 3)
            EXPECT_RC(c, xmem_domain_get_stats(c->d, &a), 0);
        EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
        EXPECT_RC(c, step_through(c, &told), 0);
        EXPECT(c, told == 3);
    }
    EXPECT_RC(c, xmem_domain_get_stats(c->d, &b), 0);
    EXPECT(c, a.sets == b.sets);
}

/* ---- beside what the caller does ---- */

static void the_callers_single_step_goes_on(struct conf *c, uint32_t means)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_SINGLESTEP};
    struct xmem_reply toggle = {
        .size = sizeof(toggle), .flags = XMEM_REPLY_TOGGLE_STEP, .action = XMEM_REPLY_EMULATE};
    const struct xmem_event *ev;
    unsigned steps = 0, accesses = 0;
    if (!open_by(c, means))
        return;
    NEED(c, c->caps.reply_flags & XMEM_REPLY_TOGGLE_STEP, "no single step");
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 1), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, page(c, 0), XMEM_R), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, page(c, 0), &ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &toggle), 0);
    while (conf_finish(c, 0, &ev) == -EEXIST && ++steps < 1000)
        EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE, page(c, 0), 0, 1), 0);
    for (steps = 0; conf_finish(c, 0, &ev) == -EEXIST && steps < 1000;) {
        if (ev->reason == XMEM_EVENT_MEM_ACCESS) {
            accesses++;
            steps = 0;
            EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        } else {
            EXPECT(c, ev->reason == XMEM_EVENT_SINGLESTEP);
            steps += accesses != 0;
            EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
        }
    }
    EXPECT(c, accesses == 1 && steps >= 1); /* also behind the access */
    toggle.action = XMEM_REPLY_RESUME;
    int rc = c->ops->start(c, 0, ACT_READ, page(c, 1), 0, 0);
    for (bool off = false; !rc && conf_finish(c, 0, &ev) == -EEXIST; off = true)
        rc = xmem_event_reply(c->d, ev, off ? NULL : &toggle);
    EXPECT_RC(c, rc, 0);
}

static void single_step_by_view(struct conf *c)
{
    the_callers_single_step_goes_on(c, XMEM_STEP_VIEW);
}
static void single_step_by_single(struct conf *c)
{
    the_callers_single_step_goes_on(c, XMEM_STEP_SINGLE);
}

static void paused_meanwhile(struct conf *c)
{
    const struct xmem_event *ev;
    uint64_t v = 0;
    if (!open_by(c, 0))
        return;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, page(c, 0), XMEM_R), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE, page(c, 0), 8, VALUE), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_domain_pause(c->d), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), -EALREADY);
    EXPECT_RC(c, xmem_domain_unpause(c->d), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_read(c->d, (page(c, 0) << 12) + 8, &v, 8), 0);
    EXPECT(c, v == VALUE);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, page(c, 0)), -EEXIST);
}

/* What was answered for is decided anew when the rights were changed before it was done. */
static void rights_changed_meanwhile(struct conf *c)
{
    const struct xmem_event *ev;
    enum xmem_rights r;
    uint32_t told;
    if (!open_by(c, XMEM_STEP_VIEW | XMEM_STEP_SINGLE | XMEM_STEP_RELAX))
        return;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_R), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->u.mem.gfn == page(c, 1));
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, page(c, 0), XMEM_N), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, step_through(c, &told), 0);
    EXPECT(c, told & 1); /* the first page is told again */
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, page(c, 0), &r), 0);
    EXPECT(c, r == XMEM_N);
}

/* Closed with an event of an instruction that was being stepped; another session by single step. */
static void closed_in_a_step(struct conf *c)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = XMEM_STEP_SINGLE};
    const struct xmem_event *ev;
    uint32_t told;
    if (!open_by(c, XMEM_STEP_VIEW))
        return;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_RX), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->u.mem.gfn == page(c, 1));
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, conf_open(c, &o), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, page(c, 0), 2, XMEM_RX), 0);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE_CROSSING, page(c, 0), 0, VALUE), 0);
        EXPECT_RC(c, step_through(c, &told), 0);
        EXPECT(c, told == 3);
    }
}

static void what_passes_is_told(struct conf *c)
{
    const struct xmem_event *ev, *extra;
    for (uint32_t means = XMEM_STEP_VIEW; means <= XMEM_STEP_RELAX; means <<= 1) {
        struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
        EXPECT_RC(c, conf_open(c, &o), 0);
        if (!(c->caps.step_means & means)) {
            EXPECT_RC(c, conf_close(c), 0);
            continue;
        }
        EXPECT(c, !(c->caps.step_airtight & ~means));
        EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, page(c, 0), XMEM_R), 0);
        EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, page(c, 0), &ev), 0);
        EXPECT(c, !ev->stepped && !ev->passes);
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        EXPECT(c, ev->stepped == means);
        EXPECT(c, !ev->passes || !c->caps.step_airtight);
        if (means != XMEM_STEP_EMULATE) /* which knows it of most instructions only */
            EXPECT(c, !ev->passes == (c->caps.step_airtight == means));
        EXPECT_RC(c, conf_finish(c, 0, &extra), 0);
        EXPECT_RC(c, conf_close(c), 0);
    }
}

/* By these means alone: nothing else may pass, or nothing was opened and the event is there still. */
static void strictly_by(struct conf *c, uint32_t means)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    struct xmem_reply strict = {
        .size = sizeof(strict), .action = XMEM_REPLY_STEP_OVER, .flags = XMEM_REPLY_STEP_STRICT};
    const struct xmem_event *ev, *extra;
    enum xmem_rights r = XMEM_DEFAULT;
    EXPECT_RC(c, conf_open(c, &o), 0);
    if (!(c->caps.step_means & means)) {
        EXPECT_RC(c, conf_close(c), 0);
        return;
    }
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, page(c, 0), XMEM_R), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, page(c, 0), &ev), 0);
    int rc = xmem_event_reply(c->d, ev, &strict);
    uint32_t wide = ev->passes & (XMEM_PASSES_OTHERS | XMEM_PASSES_AGAIN);
    EXPECT(c, rc == 0 || rc == -EOPNOTSUPP);
    EXPECT(c, !wide && !ev->stepped == !!rc);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, page(c, 0), &r), 0);
    EXPECT(c, !rc || r == XMEM_R);
    if (rc) /* another answer is as good as before */
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT(c, ev->stepped == means);
    wide = ev->passes & (XMEM_PASSES_OTHERS | XMEM_PASSES_AGAIN);
    EXPECT(c, !wide == !rc);
    EXPECT_RC(c, conf_finish(c, 0, &extra), 0);
    EXPECT_RC(c, conf_close(c), 0);
}

static void strict_steps(struct conf *c)
{
    for (uint32_t means = XMEM_STEP_VIEW; means <= XMEM_STEP_RELAX; means <<= 1)
        strictly_by(c, means);
}

const struct statement statements_steps[] = {
    {"by view an instruction on two restricted pages is done, each of them told", crossing_by_view,
     true},
    {"by single step the same", crossing_by_single, true},
    {"by relaxing the same as by view", crossing_by_relaxing, true},
    {"by the hypervisor the same as by view", crossing_by_hypervisor, true},
    {"by emulation the same as by view", crossing_emulated, true},
    {"by emulation a fetch over a page boundary is done, both pages told", fetch_emulated, true},
    {"by emulation one that is fetched in a page and writes into another", write_emulated, true},
    {"by emulation one that touches four restricted pages", four_emulated, true},
    {"by emulation an instruction that was looked at lets nothing pass", second_page_alone, true},
    {"by the hypervisor a fetch over a page boundary is done, both pages told", fetch_carried,
     true},
    {"by the hypervisor one that is fetched in a page and writes into another", write_carried,
     true},
    {"by the hypervisor one that touches four restricted pages", four_carried, true},
    {"by the hypervisor one that no emulator does", vector_carried, true},
    {"by the hypervisor one that no emulator does, in a page of rights x", vector_carried_from_x,
     true},
    {"by the hypervisor nothing is done before the second page is answered", not_carried_further,
     true},
    {"an instruction fetched over a page boundary is done, both pages told", fetch_crossing, true},
    {"one that is fetched in a page and writes into another is done, both told", fetch_and_write,
     true},
    {"one that touches four restricted pages is done, all told", four_pages, true},
    {"by view a deny on the second page denies", denied_by_view, true},
    {"by single step a deny on the second page denies", denied_by_single, true},
    {"by relaxing a deny on the second page denies", denied_by_relaxing, true},
    {"by emulation a deny on the second page denies", denied_emulated, true},
    {"by the hypervisor a deny on the second page denies", denied_by_hypervisor, true},
    {"a page opened by one step is closed for the next", nothing_left_open, true},
    {"a step has the rights of the view that the vCPU is in", rights_of_its_own_view, true},
    {"a switch of views while an event is held is not undone by stepping over it",
     switch_with_an_event_held, true},
    {"by view the same pages again cost no change of rights", the_same_page_costs_nothing, true},
    {"by view the caller's own single steps go on", single_step_by_view, true},
    {"by single step the caller's own single steps go on", single_step_by_single, true},
    {"a step of a paused domain is done when it goes on", paused_meanwhile, true},
    {"rights that change during a step are decided anew", rights_changed_meanwhile, true},
    {"a session closed in a step by view leaves the next one's single steps alone",
     closed_in_a_step, true},
    {"what can pass beside a step is told", what_passes_is_told, true},
    {"a strict step lets nothing else pass, or is refused and nothing is opened", strict_steps,
     true},
    {NULL, NULL, false},
};
