/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about listeners and domains that die. */
#include "conf.h"

#include <errno.h>
#include <string.h>

static void domain_death_is_an_event(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_N), 0);
    EXPECT_RC(c, conf_do_event(c, 0, ACT_WRITE, conf_gfn(c, 0), &ev), 0);
    int rc = c->ops->kill(c);
    NEED(c, rc != -EOPNOTSUPP, "this guest cannot be killed");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, conf_next(c, &ev), 0);
    EXPECT(c, ev->reason == XMEM_EVENT_DOMAIN_DIED);
    EXPECT_RC(c, xmem_event_next(c->d, &ev), -ESHUTDOWN);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_R), -ESHUTDOWN);
    EXPECT_RC(c, conf_close(c), 0);
}

static void second_listener_is_busy(struct conf *c)
{
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_R), 0);
    int rc = c->ops->abandon(c);
    NEED(c, rc != -EOPNOTSUPP, "this machine ends with its listener");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, conf_open(c, NULL), -EBUSY);
    EXPECT_RC(c, conf_close(c), 0);
    EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, NULL), 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
}

/* A listener dies with `events` vCPUs waiting; recover brings every one of them back. */
static void dies_with(struct conf *c, uint32_t events)
{
    const struct xmem_event *ev;
    struct xmem_recovery rec = XMEM_INIT(rec);
    enum xmem_rights got;
    NEED(c, c->vcpus >= events, "fewer vCPUs than events");
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 20, XMEM_N), 0);
    for (uint32_t v = 0; v < events; v++)
        EXPECT_RC(c, c->ops->start(c, v, ACT_WRITE, conf_gfn(c, v), 8, v), 0);
    for (int i = 0; i < 500; i++) /* a sleeping vCPU takes its command some ms later */
        c->ops->run(c);
    if (events > 2) /* one of them taken from the ring, not answered */
        EXPECT_RC(c, conf_next(c, &ev), 0);
    int rc = c->ops->abandon(c);
    NEED(c, rc != -EOPNOTSUPP, "this machine ends with its listener");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, &rec), 0);
    EXPECT(c, rec.ring_was_active == 1);
    for (int i = 0; i < 5000; i++)
        c->ops->run(c);
    for (uint32_t v = 0; v < events; v++)
        EXPECT(c, c->ops->done(c, v));
    EXPECT_RC(c, conf_open(c, NULL), 0);
    for (unsigned i = 0; i < 20; i++) {
        EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, i), &got), 0);
        EXPECT(c, got == XMEM_RWX);
    }
}

static void dies_with_1(struct conf *c)
{
    dies_with(c, 1);
}
static void dies_with_7(struct conf *c)
{
    dies_with(c, 7);
}
static void dies_with_8(struct conf *c)
{
    dies_with(c, 8);
}

/* Where a vCPU that got no slot comes back and asks again. */
static void dies_with_9(struct conf *c)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    NEED(c, info.kind == XMEM_KIND_X86_PV || info.kind == XMEM_KIND_ARMV8R_MPU, "another kind");
    dies_with(c, 9);
}

static void dies_with_a_view(struct conf *c)
{
    uint16_t v;
    NEED(c, c->caps.max_views > 1, "this kind has no views");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_N), 0);
    EXPECT_RC(c, xmem_view_switch(c->d, v), 0);
    int rc = c->ops->abandon(c);
    NEED(c, rc != -EOPNOTSUPP, "this machine ends with its listener");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, NULL), 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, conf_do(c, 0, ACT_WRITE, conf_gfn(c, 0)), 0);
}

static bool all_done(struct conf *c)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t v = 0;
        while (v < c->vcpus && c->ops->done(c, v))
            v++;
        if (v == c->vcpus)
            return true;
        c->ops->run(c);
    }
    return false;
}

/* Those that queue for a slot are woken by the last answers, when the ring is about to go. */
static void ends_with_a_queue(struct conf *c)
{
    const struct xmem_event *ev;
    for (unsigned round = 0; round < 5 && !c->failed; round++) {
        EXPECT_RC(c, conf_open(c, NULL), 0);
        NEED(c, c->vcpus > c->caps.ring_slots, "fewer vCPUs than slots");
        EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 20, XMEM_N), 0);
        for (uint32_t v = 0; v < c->vcpus; v++)
            EXPECT_RC(c, c->ops->start(c, v, ACT_WRITE, conf_gfn(c, v), 8, v), 0);
        for (unsigned i = 0; i < 50 + 10 * round; i++)
            c->ops->run(c);
        EXPECT_RC(c, conf_next(c, &ev), 0);
        EXPECT_RC(c, conf_close(c), 0);
        EXPECT(c, all_done(c));
    }
}

static void recover_of_the_healthy(struct conf *c)
{
    struct xmem_recovery rec = XMEM_INIT(rec);
    EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, &rec), 0);
    EXPECT(c, rec.ring_was_active == 0);
    EXPECT_RC(c, conf_open(c, NULL), 0);
    EXPECT_RC(c, xmem_domain_recover(c->x, c->domid, &rec), -EBUSY);
    EXPECT_RC(c, xmem_domain_recover(c->x, 31999, &rec), -ESRCH);
}

const struct statement statements_death[] = {
    {"the domain's death is an event, and then -ESHUTDOWN", domain_death_is_an_event, false},
    {"a ring that somebody has is -EBUSY until it is recovered", second_listener_is_busy, false},
    {"a listener that died with 1 event is recovered from", dies_with_1, false},
    {"a listener that died with 7 events is recovered from", dies_with_7, false},
    {"a listener that died with 8 events is recovered from", dies_with_8, false},
    {"a listener that died with 9 events is recovered from", dies_with_9, false},
    {"a listener that died with a view is recovered from", dies_with_a_view, false},
    {"a session that ends with more vCPUs waiting than slots leaves none behind", ends_with_a_queue,
     true},
    {"recovering a healthy domain changes nothing", recover_of_the_healthy, true},
    {NULL, NULL, false},
};
