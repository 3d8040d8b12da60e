/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about replies. */
#include "conf.h"

#include <errno.h>

static void step_with(struct conf *c, uint32_t means)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    const struct xmem_event *ev;
    enum xmem_rights got;
    EXPECT_RC(c, conf_open(c, &o), 0);
    NEED(c, c->caps.step_means & means, "this kind has no such means");
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_R), 0);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE, conf_gfn(c, 2), 8 * i, 100 + i), 0);
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT(c, ev->reason == XMEM_EVENT_MEM_ACCESS);
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
        uint64_t v = 0;
        EXPECT_RC(c, xmem_domain_read(c->d, (conf_gfn(c, 2) << 12) + 8 * i, &v, 8), 0);
        EXPECT(c, v == 100 + i);
    }
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 2), &got), 0);
    EXPECT(c, got == XMEM_R);
}

static void xmi_step_by_view(struct conf *c)
{
    step_with(c, XMEM_STEP_VIEW);
}
static void xmi_step_by_single(struct conf *c)
{
    step_with(c, XMEM_STEP_SINGLE);
}
static void xmi_step_by_emulation(struct conf *c)
{
    step_with(c, XMEM_STEP_EMULATE);
}
static void xmi_step_by_relaxing(struct conf *c)
{
    step_with(c, XMEM_STEP_RELAX);
}
static void xmi_step_by_hypervisor(struct conf *c)
{
    step_with(c, XMEM_STEP_HYPERVISOR);
}

static void step_lets_one_through(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_READ, conf_gfn(c, 2), &ev), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_READ, conf_gfn(c, 2)), -EEXIST);
}

static void steps_on_one_page(struct conf *c)
{
    const struct xmem_event *ev[2], *extra;
    NEED(c, c->vcpus >= 2, "one vCPU only");
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    for (uint32_t v = 0; v < 2; v++)
        EXPECT_RC(c, conf_do_event(c, v, ACT_WRITE, conf_gfn(c, 2), &ev[v]), 0);
    for (uint32_t v = 0; v < 2; v++)
        EXPECT_RC(c, xmem_event_step_over(c->d, ev[v]), 0);
    for (uint32_t v = 0; v < 2; v++) {
        int rc = conf_finish(c, v, &extra);
        while (rc == -EEXIST) { /* relaxed and armed again between the two: it asks once more */
            EXPECT_RC(c, xmem_event_step_over(c->d, extra), 0);
            rc = conf_finish(c, v, &extra);
        }
        EXPECT_RC(c, rc, 0);
    }
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 2)), -EEXIST);
}

static void twice_is_ealready(struct conf *c)
{
    const struct xmem_event *ev, *extra;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_R), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 2), &ev), 0);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), -EALREADY);
    EXPECT_RC(c, xmem_event_drop(c->d, ev), -EALREADY);
    EXPECT_RC(c, conf_finish(c, 0, &extra), 0);
}

static void relaxed_by_set_and_resume(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 2), &ev), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_RWX), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void resumed_faults_again(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_READ, conf_gfn(c, 2), &ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->u.mem.gfn == conf_gfn(c, 2));
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void emulate_nowrite(struct conf *c)
{
    const struct xmem_event *ev;
    struct xmem_reply r = {.size = sizeof(r), .action = XMEM_REPLY_EMULATE_NOWRITE};
    uint64_t v = 1;
    NEED(c, c->caps.replies & (1u << XMEM_REPLY_EMULATE_NOWRITE), "no emulation here");
    EXPECT_RC(c, xmem_domain_write(c->d, conf_gfn(c, 2) << 12, &v, 8), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_R), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE, conf_gfn(c, 2), 0, 99), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_read(c->d, conf_gfn(c, 2) << 12, &v, 8), 0);
    EXPECT(c, v == 1);
}

static void deny_of_a_register(struct conf *c)
{
    const struct xmem_event *ev;
    struct xmem_monitor m = {.size = sizeof(m),
                             .reason = XMEM_EVENT_CTRLREG,
                             .index = XMEM_CTRLREG_CR3,
                             .flags = XMEM_MONITOR_ON_CHANGE};
    struct xmem_reply deny = {.size = sizeof(deny), .action = XMEM_REPLY_DENY};
    NEED(c, c->caps.replies & (1u << XMEM_REPLY_DENY), "nothing can be denied here");
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 1), 0);
    int rc = c->ops->start(c, 0, ACT_CTRLREG3, conf_gfn(c, 0), 0, 0x9000);
    NEED(c, rc != -EOPNOTSUPP, "this guest cannot cause it");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    uint64_t before = ev->u.ctrlreg.old_value;
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &deny), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_CTRLREG3, conf_gfn(c, 0), 0, 0xa000), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->u.ctrlreg.old_value == before);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void emulate_read_data(struct conf *c)
{
    const struct xmem_event *ev;
    uint64_t data = UINT64_C(0xabcdef);
    struct xmem_reply r = {.size = sizeof(r),
                           .action = XMEM_REPLY_EMULATE,
                           .flags = XMEM_REPLY_SET_READ_DATA,
                           .data = &data,
                           .data_len = 8};
    NEED(c, c->caps.reply_flags & XMEM_REPLY_SET_READ_DATA, "no data for emulation here");
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 2), 0, 0), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT(c, c->ops->result(c, 0) == data);
}

static void unsupported_reply_keeps_event(struct conf *c)
{
    const struct xmem_event *ev;
    struct xmem_reply r = {.size = sizeof(r), .action = XMEM_REPLY_EMULATE};
    NEED(c, !(c->caps.replies & (1u << XMEM_REPLY_EMULATE)), "emulation is there");
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_READ, conf_gfn(c, 2), &ev), 0);
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), -EOPNOTSUPP);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void set_regs_skips(struct conf *c)
{
    const struct xmem_event *ev;
    struct xmem_regs regs = XMEM_INIT(regs);
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_REGS, .regs = &regs};
    uint64_t v = 5;
    NEED(c, c->caps.reply_flags & XMEM_REPLY_SET_REGS, "registers cannot be set");
    NEED(c, c->caps.flags & XMEM_CAP_MEM_ACCESS && c->vcpus, "no vCPU");
    EXPECT_RC(c, xmem_domain_write(c->d, conf_gfn(c, 2) << 12, &v, 8), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_R), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE, conf_gfn(c, 2), 0, 99), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT_RC(c, xmem_event_get_regs(c->d, ev, &regs), 0);
    NEED(c, regs.arch == XMEM_ARCH_ARM, "the length of an x86 instruction is not known here");
    regs.u.arm.pc += 4;
    EXPECT_RC(c, xmem_event_reply(c->d, ev, &r), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_read(c->d, conf_gfn(c, 2) << 12, &v, 8), 0);
    EXPECT(c, v == 5);
}

static void drop_uses_the_default(struct conf *c)
{
    const struct xmem_event *ev;
    struct xmem_stats s = XMEM_INIT(s);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_READ, conf_gfn(c, 2), &ev), 0);
    EXPECT_RC(c, xmem_event_drop(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_get_stats(c->d, &s), 0);
    EXPECT(c, s.defaulted == 1);
}

static void drop_relaxes(struct conf *c)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .default_reply = XMEM_DEFAULT_RELAX};
    const struct xmem_event *ev;
    enum xmem_rights got;
    EXPECT_RC(c, conf_open(c, &o), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_READ, conf_gfn(c, 2), &ev), 0);
    EXPECT_RC(c, xmem_event_drop(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 2), &got), 0);
    EXPECT(c, got == XMEM_RWX);
}

static void exec_is_stepped(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_RW), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_EXEC, conf_gfn(c, 2), &ev), 0);
    EXPECT(c, ev->u.mem.access & XMEM_ACCESS_X);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    int rc = conf_finish(c, 0, &ev);
    while (rc == -EEXIST) { /* more than one instruction on the page */
        EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
        rc = conf_finish(c, 0, &ev);
    }
    EXPECT_RC(c, rc, 0);
}

const struct statement statements_reply[] = {
    {"stepping over by the hypervisor", xmi_step_by_hypervisor, true},
    {"stepping over by an alternate view", xmi_step_by_view, true},
    {"stepping over by a single step", xmi_step_by_single, true},
    {"stepping over by emulation", xmi_step_by_emulation, true},
    {"stepping over by relaxing the page for a moment", xmi_step_by_relaxing, true},
    {"stepping over lets one access through and no more", step_lets_one_through, false},
    {"two vCPUs are stepped over one page", steps_on_one_page, false},
    {"a fetch is stepped over", exec_is_stepped, false},
    {"a second answer is -EALREADY", twice_is_ealready, false},
    {"a page set free and resumed goes on", relaxed_by_set_and_resume, false},
    {"a page still restricted and resumed faults again", resumed_faults_again, false},
    {"emulation without write writes nothing", emulate_nowrite, false},
    {"a denied write of a register is not done", deny_of_a_register, false},
    {"emulated reads take the data given", emulate_read_data, false},
    {"a reply that the kind has not leaves the event open", unsupported_reply_keeps_event, false},
    {"setting pc skips the instruction", set_regs_skips, false},
    {"a dropped event is answered by the default", drop_uses_the_default, false},
    {"the default 'relax' frees the page", drop_relaxes, true},
    {NULL, NULL, false},
};
