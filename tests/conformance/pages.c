/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about instructions that touch more pages than one. */
#include "conf.h"

#include <errno.h>
#include <string.h>

#define VALUE UINT64_C(0x1122334455667788)

/* The two halves that a crossing access leaves at the end of gfn and the begin of gfn + 1. */
static int halves(struct conf *c, uint64_t gfn, uint32_t half[2])
{
    int rc = xmem_domain_read(c->d, (gfn << 12) + 0xffc, &half[0], 4);
    return rc ? rc : xmem_domain_read(c->d, (gfn + 1) << 12, &half[1], 4);
}

static int zero(struct conf *c, uint64_t gfn, unsigned pages)
{
    static const char nothing[4096];
    int rc = 0;
    for (unsigned i = 0; !rc && i < pages; i++)
        rc = xmem_domain_write(c->d, (gfn + i) << 12, nothing, sizeof(nothing));
    return rc;
}

/* Done without an event; -EOPNOTSUPP: this guest has no such instruction. */
static int act_of(struct conf *c, enum guest_act act, uint64_t gfn, uint64_t value)
{
    const struct xmem_event *ev;
    int rc = c->ops->start(c, 0, act, gfn, 0x40, value);
    return rc ? rc : conf_finish(c, 0, &ev);
}

static void crossing_data(struct conf *c)
{
    uint64_t gfn = conf_gfn(c, 4);
    uint32_t half[2];
    EXPECT_RC(c, zero(c, gfn, 2), 0);
    EXPECT_RC(c, act_of(c, ACT_WRITE_CROSSING, gfn, VALUE), 0);
    EXPECT_RC(c, halves(c, gfn, half), 0);
    EXPECT(c, half[0] == (uint32_t)VALUE && half[1] == (uint32_t)(VALUE >> 32));
    EXPECT_RC(c, act_of(c, ACT_READ_CROSSING, gfn, 0), 0);
    EXPECT(c, c->ops->result(c, 0) == VALUE);
    EXPECT_RC(c, zero(c, gfn, 2), 0);
    int rc = act_of(c, ACT_RMW_CROSSING, gfn, VALUE);
    NEED(c, rc != -EOPNOTSUPP, "no such instruction");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, halves(c, gfn, half), 0);
    EXPECT(c, half[0] == (uint32_t)VALUE && half[1] == (uint32_t)(VALUE >> 32));
}

static void fetch_and_write(struct conf *c)
{
    uint64_t gfn = conf_gfn(c, 4), v = 0;
    int rc = act_of(c, ACT_EXEC_WRITE, gfn, VALUE);
    NEED(c, rc != -EOPNOTSUPP, "no such instruction");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, xmem_domain_read(c->d, ((gfn + 1) << 12) + 0x40, &v, 8), 0);
    EXPECT(c, v == VALUE);
}

static void crossing_fetch(struct conf *c)
{
    int rc = act_of(c, ACT_EXEC_CROSSING, conf_gfn(c, 4), 0);
    NEED(c, rc != -EOPNOTSUPP, "no such instruction");
    EXPECT_RC(c, rc, 0);
}

static void four_pages(struct conf *c)
{
    uint64_t gfn = conf_gfn(c, 4);
    uint32_t half[2];
    EXPECT_RC(c, zero(c, gfn, 4), 0);
    int rc = act_of(c, ACT_FOUR_PAGES, gfn, VALUE);
    NEED(c, rc != -EOPNOTSUPP, "no such instruction");
    EXPECT_RC(c, rc, 0);
    EXPECT_RC(c, halves(c, gfn + 2, half), 0);
    EXPECT(c, half[0] == (uint32_t)VALUE && half[1] == (uint32_t)(VALUE >> 32));
}

const struct statement statements_pages[] = {
    {"an access over a page boundary is one of both pages", crossing_data, false},
    {"an instruction in one page writes into another", fetch_and_write, false},
    {"an instruction over a page boundary is fetched from both pages", crossing_fetch, false},
    {"one instruction touches four pages", four_pages, false},
    {NULL, NULL, false},
};
