/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about rights in the host view. */
#include "conf.h"

#include <errno.h>

static bool can(const struct conf *c, enum xmem_rights r)
{
    return c->caps.rights & XMEM_RIGHTS_BIT(r);
}

static void every_right_reads_back(struct conf *c)
{
    enum xmem_rights got;
    for (int r = XMEM_N; r <= XMEM_R_PW; r++) {
        if (!can(c, (enum xmem_rights)r))
            continue;
        EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 3), (enum xmem_rights)r), 0);
        EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 3), &got), 0);
        EXPECT(c, (int)got == r);
    }
}

static void unsupported_rights_are_refused(struct conf *c)
{
    enum xmem_rights got;
    for (int r = XMEM_N; r <= XMEM_R_PW; r++) {
        if (can(c, (enum xmem_rights)r))
            continue;
        EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 3), (enum xmem_rights)r),
                  -EOPNOTSUPP);
        EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 3), 4, (enum xmem_rights)r),
                  -EOPNOTSUPP);
        EXPECT_RC(c, xmem_domain_set_default(c->d, (enum xmem_rights)r), -EOPNOTSUPP);
    }
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 3), &got), 0);
    EXPECT(c, got == XMEM_RWX);
}

/* Does act on rights r cause an event, and is it told which access it was? */
static int access_check(struct conf *c, enum xmem_rights r, enum guest_act act, uint32_t bit)
{
    const struct xmem_event *ev;
    uint64_t gfn = conf_gfn(c, 5);
    int rc = xmem_domain_set_rights(c->d, 0, gfn, r);
    if (rc)
        return rc;
    rc = c->ops->start(c, 0, act, gfn, 0x40, 0x55);
    if (rc)
        return rc;
    rc = conf_finish(c, 0, &ev);
    bool allowed = (conf_allowed(r) & bit) == bit;
    if (allowed)
        return rc == -EEXIST ? -EPERM : rc;
    if (rc != -EEXIST)
        return rc ? rc : -ENOMSG;
    if (ev->reason != XMEM_EVENT_MEM_ACCESS || ev->u.mem.gfn != gfn || ev->vcpu != 0)
        return -EBADMSG;
    if (!(ev->u.mem.access & bit & ~conf_allowed(r)) || !(ev->flags & XMEM_EVENT_PAUSED))
        return -EBADMSG;
    rc = xmem_event_step_over(c->d, ev);
    return rc ? rc : conf_finish(c, 0, &ev);
}

static void each_access_each_right(struct conf *c)
{
    static const struct {
        enum guest_act act;
        uint32_t bit;
    } acts[] = {{ACT_READ, 1}, {ACT_WRITE, 2}, {ACT_EXEC, 4}};
    for (int r = XMEM_N; r <= XMEM_RWX; r++) {
        if (!can(c, (enum xmem_rights)r))
            continue;
        for (unsigned i = 0; i < 3; i++)
            EXPECT_RC(c, access_check(c, (enum xmem_rights)r, acts[i].act, acts[i].bit), 0);
    }
}

static void offset_and_gfn_are_right(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 6), XMEM_R), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE, conf_gfn(c, 6), 0x128, 9), 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->u.mem.gfn == conf_gfn(c, 6));
    EXPECT(c, ev->u.mem.offset == 0x128);
    EXPECT(c, ev->u.mem.access & XMEM_ACCESS_W);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void rmw_is_one_or_two_events(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 6), XMEM_R), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_RMW, conf_gfn(c, 6), &ev), 0);
    EXPECT(c, ev->u.mem.access & XMEM_ACCESS_W);
    EXPECT_RC(c, xmem_event_step_over(c->d, ev), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
}

static void rx2rw_turns_silently(struct conf *c)
{
    enum xmem_rights got;
    NEED(c, can(c, XMEM_RX2RW), "no rx2rw here");
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 7), XMEM_RX2RW), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_EXEC, conf_gfn(c, 7)), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 7)), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 7), &got), 0);
    EXPECT(c, got == XMEM_RW);
    EXPECT_RC(c, conf_do(c, 0, ACT_EXEC, conf_gfn(c, 7)), -EEXIST);
}

static void n2rwx_turns_with_an_event(struct conf *c)
{
    enum xmem_rights got;
    const struct xmem_event *ev;
    NEED(c, can(c, XMEM_N2RWX), "no n2rwx here");
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 7), XMEM_N2RWX), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 7), &ev), 0);
    EXPECT(c, ev->u.mem.gfn == conf_gfn(c, 7));
    EXPECT(c, !(ev->flags & XMEM_EVENT_PAUSED));
    EXPECT_RC(c, xmem_event_reply(c->d, ev, NULL), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 7), &got), 0);
    EXPECT(c, got == XMEM_RWX);
}

static void default_is_restored(struct conf *c)
{
    enum xmem_rights before, got;
    EXPECT_RC(c, xmem_domain_get_default(c->d, &before), 0);
    EXPECT_RC(c, xmem_domain_set_default(c->d, XMEM_RW), 0);
    EXPECT_RC(c, xmem_domain_get_default(c->d, &got), 0);
    EXPECT(c, got == XMEM_RW);
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, xmem_domain_get_default(c->d, &got), 0);
    EXPECT(c, got == before);
}

static void default_touches_no_mapped_page(struct conf *c)
{
    enum xmem_rights got;
    NEED(c, !(c->caps.flags & XMEM_CAP_DEFAULT_ALL), "here a default is for all pages");
    EXPECT_RC(c, xmem_domain_set_default(c->d, XMEM_R), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 8), &got), 0);
    EXPECT(c, got == XMEM_RWX);
}

static void set_to_default(struct conf *c)
{
    enum xmem_rights got;
    EXPECT_RC(c, xmem_domain_set_default(c->d, XMEM_RX), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 9), XMEM_DEFAULT), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 9), &got), 0);
    EXPECT(c, got == XMEM_RX);
}

static void range_is_exact(struct conf *c)
{
    enum xmem_rights got;
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 10), 20, XMEM_RX), 0);
    for (unsigned i = 8; i < 34; i++) {
        EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, i), &got), 0);
        EXPECT(c, got == (i >= 10 && i < 30 ? XMEM_RX : XMEM_RWX));
    }
}

static void many_with_repeats(struct conf *c)
{
    uint64_t g[5];
    uint8_t r[5] = {XMEM_R, XMEM_N, XMEM_RX, XMEM_RW, XMEM_N};
    static const unsigned idx[5] = {4, 40, 20, 4, 41};
    enum xmem_rights got;
    for (unsigned i = 0; i < 5; i++)
        g[i] = conf_gfn(c, idx[i]);
    EXPECT_RC(c, xmem_domain_set_rights_many(c->d, 0, g, r, 5), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, g[0], &got), 0);
    EXPECT(c, got == XMEM_RW);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, g[2], &got), 0);
    EXPECT(c, got == XMEM_RX);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, g[4], &got), 0);
    EXPECT(c, got == XMEM_N);
}

static void setting_again_sends_nothing(struct conf *c)
{
    struct xmem_stats a = XMEM_INIT(a), b = XMEM_INIT(b);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 32, XMEM_RX), 0);
    EXPECT_RC(c, xmem_domain_get_stats(c->d, &a), 0);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 32, XMEM_RX), 0);
    EXPECT_RC(c, xmem_domain_get_stats(c->d, &b), 0);
    EXPECT(c, a.hypercalls == b.hypercalls);
    EXPECT(c, b.elided == a.elided + 32);
}

static void change_holds_on_every_vcpu(struct conf *c)
{
    uint32_t n = c->vcpus < 4 ? c->vcpus : 4;
    for (uint32_t v = 0; v < n; v++)
        EXPECT_RC(c, conf_do(c, v, ACT_WRITE, conf_gfn(c, 2)), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_R), 0);
    for (uint32_t v = 0; v < n; v++)
        EXPECT_RC(c, conf_do(c, v, ACT_WRITE, conf_gfn(c, 2)), -EEXIST);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 2), XMEM_RWX), 0);
    for (uint32_t v = 0; v < n; v++) {
        const struct xmem_event *ev;
        EXPECT_RC(c, conf_finish(c, v, &ev), 0);
        EXPECT_RC(c, conf_do(c, v, ACT_WRITE, conf_gfn(c, 2)), 0);
    }
}

static void write_reaches_memory(struct conf *c)
{
    uint64_t in = UINT64_C(0x1122334455667788), out = 0;
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_write(c->d, (conf_gfn(c, 3) << 12) + 0x10, &in, 8), 0);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_READ, conf_gfn(c, 3), 0x10, 0), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT(c, c->ops->result(c, 0) == in);
    EXPECT_RC(c, c->ops->start(c, 0, ACT_WRITE, conf_gfn(c, 3), 0x10, 77), 0);
    EXPECT_RC(c, conf_finish(c, 0, &ev), 0);
    EXPECT_RC(c, xmem_domain_read(c->d, (conf_gfn(c, 3) << 12) + 0x10, &out, 8), 0);
    EXPECT(c, out == 77);
}

static void hypervisor_access_is_not_stopped(struct conf *c)
{
    int rc = xmem_domain_set_rights(c->d, 0, conf_gfn(c, 4), XMEM_N);
    EXPECT_RC(c, rc, 0);
    rc = conf_do(c, 0, ACT_HYPERCALL_BUF, conf_gfn(c, 4));
    NEED(c, rc != -EOPNOTSUPP, "this guest makes no hypercalls");
    EXPECT_RC(c, rc, 0);
}

const struct statement statements_rights[] = {
    {"every right that the kind has reads back", every_right_reads_back, false},
    {"rights that the kind has not are refused everywhere", unsupported_rights_are_refused, false},
    {"each access is stopped or let through by each right", each_access_each_right, false},
    {"gfn, offset and access of an event are right", offset_and_gfn_are_right, false},
    {"a read-modify-write on r reports the write", rmw_is_one_or_two_events, false},
    {"rx2rw turns to rw at a write, without an event", rx2rw_turns_silently, false},
    {"n2rwx turns to rwx with an event that does not pause", n2rwx_turns_with_an_event, false},
    {"the default is set, read and restored", default_is_restored, false},
    {"a default changes no page that is mapped", default_touches_no_mapped_page, false},
    {"rights 'default' are the default's", set_to_default, false},
    {"a range changes its gfns and no other", range_is_exact, false},
    {"of many with repeats the last counts", many_with_repeats, false},
    {"setting what is set makes no hypercall", setting_again_sends_nothing, false},
    {"a change holds on every vCPU at once", change_holds_on_every_vcpu, false},
    {"memory is read and written through the session", write_reaches_memory, false},
    {"the hypervisor's own accesses are not stopped", hypervisor_access_is_not_stopped, false},
    {NULL, NULL, false},
};
