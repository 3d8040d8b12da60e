/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about batches. */
#include "conf.h"

#include <errno.h>

static void applies_all(struct conf *c)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    enum xmem_rights got;
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    for (unsigned i = 0; i < 60; i += 2) /* any order */
        EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 58 - i), 1, XMEM_R), 0);
    EXPECT_RC(c, xmem_batch_apply(b, &res), 0);
    EXPECT(c, res.gfns == 30);
    EXPECT(c, res.changed == 30);
    EXPECT(c, res.failed_gfn == XMEM_GFN_UNDO);
    for (unsigned i = 0; i < 60; i++) {
        EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, i), &got), 0);
        EXPECT(c, got == (i % 2 ? XMEM_RWX : XMEM_R));
    }
    xmem_batch_free(b);
}

static void merges_runs(struct conf *c)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    for (unsigned i = 0; i < 64; i++)
        EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 63 - i), 1, i < 32 ? XMEM_R : XMEM_RX), 0);
    EXPECT_RC(c, xmem_batch_plan(b, &res), 0);
    EXPECT(c, res.ranges == 2);
    EXPECT_RC(c, xmem_batch_apply(b, &res), 0);
    EXPECT(c, res.ranges == 2);
    xmem_batch_free(b);
}

static void last_change_wins(struct conf *c)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    enum xmem_rights got;
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 0), 32, XMEM_N), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 8), 4, XMEM_RX), 0);
    EXPECT_RC(c, xmem_batch_apply(b, &res), 0);
    EXPECT(c, res.gfns == 32);
    for (unsigned i = 0; i < 32; i++) {
        EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, i), &got), 0);
        EXPECT(c, got == (i >= 8 && i < 12 ? XMEM_RX : XMEM_N));
    }
    xmem_batch_free(b);
}

static void second_apply_is_free(struct conf *c)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 0), 64, XMEM_RX), 0);
    EXPECT_RC(c, xmem_batch_apply(b, &res), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 0), 64, XMEM_RX), 0);
    EXPECT_RC(c, xmem_batch_apply(b, &res), 0);
    EXPECT(c, res.elided == 64);
    EXPECT(c, res.changed == 0);
    EXPECT(c, res.hypercalls == 0);
    xmem_batch_free(b);
}

static void plan_changes_nothing(struct conf *c)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    enum xmem_rights got;
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 0), 8, XMEM_N), 0);
    EXPECT_RC(c, xmem_batch_plan(b, &res), 0);
    EXPECT(c, res.gfns == 8);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 0), &got), 0);
    EXPECT(c, got == XMEM_RWX);
    xmem_batch_free(b);
}

static void portions_and_revert(struct conf *c)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    enum xmem_rights got;
    unsigned calls = 0;
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 0), 64, XMEM_RX), 0);
    EXPECT_RC(c, xmem_batch_apply_some(b, 8, &res), 1);
    EXPECT_RC(c, xmem_batch_revert(b), 0);
    for (unsigned i = 0; i < 64; i++) {
        EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, i), &got), 0);
        EXPECT(c, got == XMEM_RWX);
    }
    xmem_batch_clear(b);
    EXPECT_RC(c, xmem_batch_add(b, 0, conf_gfn(c, 0), 64, XMEM_RX), 0);
    int rc;
    while ((rc = xmem_batch_apply_some(b, 16, &res)) == 1)
        EXPECT(c, ++calls < 100);
    EXPECT(c, rc == 0);
    EXPECT(c, calls >= 1);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 63), &got), 0);
    EXPECT(c, got == XMEM_RX);
    xmem_batch_free(b);
}

static void nothing_on_bad_gfn(struct conf *c)
{
    struct xmem_batch *b = NULL;
    enum xmem_rights got;
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    EXPECT_RC(c, xmem_batch_add(b, 0, c->caps.highest_gfn + 1, 1, XMEM_R), -ERANGE);
    EXPECT_RC(c, xmem_batch_add(b, 0, UINT64_MAX - 3, 8, XMEM_R), -ERANGE);
    EXPECT_RC(c, xmem_domain_set_rights_range(c->d, 0, c->caps.highest_gfn, 2, XMEM_R), -ERANGE);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, conf_gfn(c, 0), &got), 0);
    EXPECT(c, got == XMEM_RWX);
    xmem_batch_free(b);
}

static void large_batch(struct conf *c)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    NEED(c, c->gfns >= 12000, "the guest has fewer than 12,000 free pages");
    EXPECT_RC(c, xmem_batch_new(c->d, &b), 0);
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t run = i / 16; /* runs of 16 with holes of 3 */
        EXPECT_RC(c, xmem_batch_add(b, 0, c->first_gfn + run * 19 + i % 16, 1, XMEM_RX), 0);
    }
    EXPECT_RC(c, xmem_batch_apply(b, &res), 0);
    EXPECT(c, res.gfns == 10000);
    EXPECT(c, res.ranges == 625);
    EXPECT(c, res.hypercalls <= 500); /* 20 times fewer than gfns */
    xmem_batch_free(b);
}

const struct statement statements_batch[] = {
    {"a batch applies all of its changes", applies_all, false},
    {"neighbours with equal rights are merged", merges_runs, false},
    {"of two changes of a gfn the later wins", last_change_wins, false},
    {"applying the same again makes no hypercall", second_apply_is_free, false},
    {"a plan changes nothing", plan_changes_nothing, false},
    {"a batch is applied in portions, or put back", portions_and_revert, false},
    {"a gfn beyond the highest is refused when it is added", nothing_on_bad_gfn, false},
    {"10,000 gfns in runs take few hypercalls", large_batch, false},
    {NULL, NULL, false},
};
