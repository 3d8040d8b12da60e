/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about misuse: a documented code, a text, and nothing changed. */
#include "conf.h"

#include <errno.h>
#include <string.h>

static void null_handles(struct conf *c)
{
    enum xmem_rights r = XMEM_N;
    uint16_t v = 5;
    size_t n = 0;
    const struct xmem_event *ev = NULL;
    EXPECT_RC(c, xmem_open(NULL, NULL, &c->x), -EINVAL);
    EXPECT_RC(c, xmem_domain_open(NULL, 1, NULL, NULL), -EINVAL);
    EXPECT_RC(c, xmem_domain_close(NULL), 0);
    EXPECT_RC(c, xmem_domain_get_rights(NULL, 0, 0, &r), -EINVAL);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 0), NULL), -EINVAL);
    EXPECT_RC(c, xmem_domain_set_rights_many(c->d, 0, NULL, NULL, 3), -EINVAL);
    EXPECT_RC(c, xmem_view_create(NULL, NULL, &v), -EINVAL);
    EXPECT_RC(c, xmem_view_list(c->d, NULL, NULL), -EINVAL);
    EXPECT_RC(c, xmem_domain_list(NULL, NULL, &n), -EINVAL);
    EXPECT_RC(c, xmem_event_next(NULL, &ev), -EINVAL);
    EXPECT_RC(c, xmem_event_reply(c->d, NULL, NULL), -EINVAL);
    EXPECT_RC(c, xmem_batch_apply(NULL, NULL), -EINVAL);
    EXPECT(c, xmem_domain_get_fd(NULL) == -EINVAL);
    EXPECT(c, r == XMEM_N && v == 5);
    xmem_batch_free(NULL);
    xmem_report_free(NULL);
    xmem_policy_free(NULL);
}

static void wrong_sizes(struct conf *c)
{
    struct {
        struct xmem_caps caps;
        uint64_t tail[4];
    } big;
    struct xmem_caps zero;
    memset(&zero, 0, sizeof(zero));
    EXPECT_RC(c, xmem_domain_get_caps(c->d, &zero), -EINVAL);
    memset(&big, 0, sizeof(big));
    big.caps.size = sizeof(big); /* a newer caller: the tail stays zero */
    big.tail[1] = 0;
    EXPECT_RC(c, xmem_domain_get_caps(c->d, &big.caps), 0);
    EXPECT(c, big.caps.highest_gfn == c->caps.highest_gfn);
    struct {
        struct xmem_view_opts o;
        uint64_t tail;
    } opts = {{.size = sizeof(opts)}, 1};
    uint16_t v;
    NEED(c, c->caps.max_views > 1, "this kind has no views");
    EXPECT_RC(c, xmem_view_create(c->d, &opts.o, &v), -E2BIG);
}

static void bad_arguments(struct conf *c)
{
    enum xmem_rights r;
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), (enum xmem_rights)77), -EINVAL);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), (enum xmem_rights)1), -EINVAL);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, conf_gfn(c, 0), 0, XMEM_R), -EINVAL);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, c->caps.highest_gfn + 1, &r), -ERANGE);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, UINT64_MAX, XMEM_R), -ERANGE);
    EXPECT_RC(c, xmem_domain_read(c->d, UINT64_MAX - 4, &r, 8), -ERANGE);
    uint8_t bad = 3;
    uint64_t gfn = conf_gfn(c, 0);
    EXPECT_RC(c, xmem_domain_set_rights_many(c->d, 0, &gfn, &bad, 1), -EINVAL);
}

static void view_that_is_gone(struct conf *c)
{
    uint16_t v;
    enum xmem_rights r;
    NEED(c, c->caps.max_views > 1, "this kind has no views");
    EXPECT_RC(c, xmem_view_create(c->d, NULL, &v), 0);
    EXPECT_RC(c, xmem_view_destroy(c->d, v), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, v, conf_gfn(c, 0), XMEM_R), -ENOENT);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, v, conf_gfn(c, 0), &r), -ENOENT);
    EXPECT_RC(c, xmem_view_switch(c->d, v), -ENOENT);
    EXPECT_RC(c, xmem_view_change_gfn(c->d, v, conf_gfn(c, 0), conf_gfn(c, 1)), -ENOENT);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 4000, conf_gfn(c, 0), XMEM_R), -ENOENT);
}

static void not_monitoring(struct conf *c)
{
    const struct xmem_event *ev;
    EXPECT_RC(c, xmem_domain_disable(c->d), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, conf_gfn(c, 0), XMEM_R), -ENODEV);
    EXPECT_RC(c, xmem_event_next(c->d, &ev), -ENODEV);
}

static void every_failure_has_a_text(struct conf *c)
{
    EXPECT(c, xmem_domain_set_rights(c->d, 0, UINT64_MAX, XMEM_R) < 0);
    EXPECT(c, strlen(xmem_domain_last_error(c->d)) > 10);
    EXPECT(c, strstr(xmem_domain_last_error(c->d), "gfn") != NULL);
    EXPECT(c, xmem_domain_open(c->x, 31999, NULL, &(struct xmem_domain *){NULL}) < 0);
    EXPECT(c, strstr(xmem_last_error(c->x), "31999") != NULL);
}

static void foreign_event(struct conf *c)
{
    struct xmem_event fake;
    memset(&fake, 0, sizeof(fake));
    EXPECT_RC(c, xmem_event_reply(c->d, &fake, NULL), -EINVAL);
    EXPECT_RC(c, xmem_event_drop(c->d, &fake), -EINVAL);
}

static void unknown_monitor(struct conf *c)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = 60};
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 1), -EINVAL);
    m.reason = XMEM_EVENT_MEM_PAGING;
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, 1), -EOPNOTSUPP);
}

const struct statement statements_errors[] = {
    {"null arguments are -EINVAL and change nothing", null_handles, false},
    {"structs of other sizes are told apart", wrong_sizes, false},
    {"bad arguments have their codes", bad_arguments, false},
    {"a view that is gone is -ENOENT", view_that_is_gone, false},
    {"without monitoring rights are -ENODEV", not_monitoring, false},
    {"every failure has a text that says where", every_failure_has_a_text, false},
    {"an event of nobody's is refused", foreign_event, false},
    {"a monitor that is none is refused", unknown_monitor, false},
    {NULL, NULL, false},
};
