/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements about what policies decide. */
#include "conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where the guest's accesses go. */
static uint64_t place(const struct conf *c)
{
    return (conf_gfn(c, 0) << 12) + 0x40;
}

/* A policy for the first of the gfns, from which everything is taken away; applied. */
static int apply(struct conf *c, const char *on, struct xmem_policy **p)
{
    char text[512];
    int n = snprintf(text, sizeof(text),
                     "{\"version\":1,\"domains\":[\"*\"],\"regions\":{\"p\":\"0x%" PRIx64 "\"},"
                     "\"rules\":[{\"name\":\"r\",\"region\":\"p\",\"rights\":\"n\",\"on\":%s}]}",
                     conf_gfn(c, 0), on);
    int rc = xmem_policy_parse("conformance", text, (size_t)n, NULL, p);
    return rc ? rc : xmem_policy_apply(*p, c->d, NULL, NULL, NULL);
}

/* The decision for one access. Where a denial cannot be carried out it holds the domain. */
static int decide(struct conf *c, struct xmem_policy *p, enum guest_act act, uint32_t *action)
{
    struct xmem_decision what = XMEM_INIT(what);
    const struct xmem_event *ev;
    int rc = conf_do_event(c, 0, act, conf_gfn(c, 0), &ev);
    if (!rc)
        rc = xmem_policy_handle(p, c->d, ev, &what);
    *action = what.action == XMEM_ACTION_PAUSE ? XMEM_ACTION_DENY : what.action;
    return rc || what.action == XMEM_ACTION_PAUSE ? rc : conf_finish(c, 0, &ev);
}

static void one_list(struct conf *c, const char *on, uint32_t read, uint32_t write)
{
    static const uint64_t old = UINT64_C(0x1122334455667788);
    struct xmem_policy *p = NULL;
    uint32_t got = 0;
    uint64_t value = 0;
    NEED(c, c->caps.rights & XMEM_RIGHTS_BIT(XMEM_N), "no right can be taken away here");
    EXPECT_RC(c, xmem_domain_write(c->d, place(c), &old, 8), 0);
    EXPECT_RC(c, apply(c, on, &p), 0);
    if (read != XMEM_ACTION_DENY) { /* else the domain may be held */
        EXPECT_RC(c, decide(c, p, ACT_READ, &got), 0);
        EXPECT(c, got == read);
    }
    EXPECT_RC(c, decide(c, p, ACT_WRITE, &got), 0);
    EXPECT(c, got == write);
    EXPECT_RC(c, xmem_domain_read(c->d, place(c), &value, 8), 0);
    EXPECT(c, (value == old) == (write == XMEM_ACTION_DENY));
    EXPECT_RC(c, conf_close(c), 0);
    xmem_policy_free(p);
}

#define LOG_READ "{\"action\":\"log\",\"access\":\"r\"}"
#define LOG_WRITE "{\"action\":\"log\",\"access\":\"w\"}"
#define DENY_READ "{\"action\":\"deny\",\"access\":\"r\"}"
#define DENY_WRITE "{\"action\":\"deny\",\"access\":\"w\"}"

static void log_then_deny(struct conf *c)
{
    one_list(c, "[" LOG_READ "," DENY_WRITE "]", XMEM_ACTION_LOG, XMEM_ACTION_DENY);
}

static void deny_then_log(struct conf *c)
{
    one_list(c, "[" DENY_WRITE "," LOG_READ "]", XMEM_ACTION_LOG, XMEM_ACTION_DENY);
}

static void a_write_reads(struct conf *c)
{
    one_list(c, "[" DENY_READ "," LOG_WRITE "]", XMEM_ACTION_DENY, XMEM_ACTION_DENY);
}

static void log_is_stricter(struct conf *c)
{
    one_list(c, "[\"allow-once\"," LOG_WRITE "]", XMEM_ACTION_ALLOW_ONCE, XMEM_ACTION_LOG);
}

/* ---- holes ---- */

/* A PV guest's page tables cannot be mapped to be written, but they are there and have rights. */
static bool is_hole(struct conf *c, uint64_t gfn)
{
    enum xmem_rights rights;
    uint8_t byte;
    return xmem_domain_read(c->d, gfn << 12, &byte, 1) == -ESRCH &&
           xmem_domain_get_rights(c->d, 0, gfn, &rights);
}

/* A page that is there, and behind it one that is not; false: there is none within reach. */
static bool find_edge(struct conf *c, uint64_t *gfn)
{
    uint8_t byte;
    for (uint64_t at = conf_gfn(c, 0); at <= c->caps.highest_gfn && at < conf_gfn(c, 0) + 65536;
         at++)
        if (is_hole(c, at + 1)) {
            *gfn = at;
            return xmem_domain_read(c->d, at << 12, &byte, 1) == 0;
        }
    return false;
}

static int edge_policy(uint64_t gfn, const char *holes, struct xmem_policy **p)
{
    char text[512];
    int n = snprintf(
        text, sizeof(text),
        "{\"version\":1,\"domains\":[\"*\"],\"holes\":\"%s\",\"regions\":{\"p\":\"0x%" PRIx64
        "-0x%" PRIx64 "\"},\"rules\":[{\"region\":\"p\",\"rights\":\"r\"}]}",
        holes, gfn, gfn + 1);
    return xmem_policy_parse("conformance", text, (size_t)n, NULL, p);
}

static int ignore_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
    return 0;
}

static void holes(struct conf *c)
{
    struct xmem_policy *p = NULL;
    enum xmem_rights rights = XMEM_N;
    uint64_t gfn = 0;
    NEED(c, c->caps.rights & XMEM_RIGHTS_BIT(XMEM_R), "no page can be made read-only here");
    NEED(c, find_edge(c, &gfn), "the guest has no hole near its pages");
    EXPECT_RC(c, edge_policy(gfn, "refuse", &p), 0);
    EXPECT_RC(c, xmem_policy_plan(p, c->d, NULL, ignore_line, NULL), -ERANGE);
    EXPECT_RC(c, xmem_policy_apply(p, c->d, NULL, NULL, NULL), -ERANGE);
    xmem_policy_free(p);
    EXPECT_RC(c, edge_policy(gfn, "skip", &p), 0);
    EXPECT_RC(c, xmem_policy_plan(p, c->d, NULL, ignore_line, NULL), 0);
    EXPECT_RC(c, xmem_policy_apply(p, c->d, NULL, NULL, NULL), 0);
    EXPECT_RC(c, xmem_domain_get_rights(c->d, 0, gfn, &rights), 0);
    EXPECT(c, rights == XMEM_R);
    EXPECT_RC(c, conf_close(c), 0);
    xmem_policy_free(p);
}

/* ---- copies ---- */

#define PATCH 0x40u

/* A view whose first gfn is a copy with an int3 in it; all vCPUs are there. Nothing is restricted. */
static int apply_copy(struct conf *c, struct xmem_policy **p)
{
    char text[512];
    int n = snprintf(
        text, sizeof(text),
        "{\"version\":1,\"domains\":[\"*\"],\"views\":[{\"name\":\"h\",\"visible\":false,"
        "\"remaps\":[{\"gfn\":\"0x%" PRIx64 "\",\"to\":\"copy\",\"patches\":[{\"offset\":%u,"
        "\"bytes\":\"cc\"}]}]}],\"start_view\":\"h\"}",
        conf_gfn(c, 0), PATCH);
    int rc = xmem_policy_parse("conformance", text, (size_t)n, NULL, p);
    return rc ? rc : xmem_policy_apply(*p, c->d, NULL, NULL, NULL);
}

/* What is in the guest's page, and what the guest sees of it. */
static int both(struct conf *c, uint32_t offset, uint64_t *original, uint64_t *shown)
{
    const struct xmem_event *ev;
    int rc = xmem_domain_read(c->d, (conf_gfn(c, 0) << 12) + offset, original, 8);
    if (!rc)
        rc = c->ops->start(c, 0, ACT_READ, conf_gfn(c, 0), offset, 0);
    if (!rc)
        rc = conf_finish(c, 0, &ev);
    *shown = c->ops->result(c, 0);
    return rc;
}

static int write_at(struct conf *c, uint32_t offset, uint64_t value)
{
    const struct xmem_event *ev;
    int rc = c->ops->start(c, 0, ACT_WRITE, conf_gfn(c, 0), offset, value);
    return rc ? rc : conf_finish(c, 0, &ev);
}

/* From its view and from the host view; no event is the tool's. */
static void copies_follow(struct conf *c)
{
    struct xmem_policy *p = NULL;
    uint64_t original, shown;
    uint16_t hook = 0;
    NEED(c, c->caps.max_views > 1 && (c->caps.flags & XMEM_CAP_ADD_PAGE), "no copies here");
    EXPECT_RC(c, apply_copy(c, &p), 0);
    EXPECT_RC(c, xmem_view_get_vcpu(c->d, 0, &hook), 0);
    for (uint64_t i = 1; i <= 4; i++) {
        EXPECT_RC(c, xmem_view_switch(c->d, i % 2 ? hook : 0), 0);
        EXPECT_RC(c, write_at(c, 0x200, i), 0);
        EXPECT_RC(c, xmem_view_switch(c->d, hook), 0);
        EXPECT_RC(c, both(c, 0x200, &original, &shown), 0);
        EXPECT(c, original == i && shown == i);
    }
    EXPECT_RC(c, conf_close(c), 0);
    xmem_policy_free(p);
}

static void patches_stay(struct conf *c)
{
    static const uint64_t value = UINT64_C(0x8877665544332211);
    struct xmem_stats st = XMEM_INIT(st);
    struct xmem_policy *p = NULL;
    uint64_t original, shown;
    NEED(c, c->caps.max_views > 1 && (c->caps.flags & XMEM_CAP_ADD_PAGE), "no copies here");
    EXPECT_RC(c, apply_copy(c, &p), 0);
    EXPECT_RC(c, write_at(c, PATCH, value), 0);
    EXPECT_RC(c, both(c, PATCH, &original, &shown), 0);
    EXPECT(c, original == value);
    EXPECT(c, shown == ((value & ~UINT64_C(0xff)) | 0xcc));
    EXPECT_RC(c, xmem_domain_get_stats(c->d, &st), 0);
    EXPECT(c, st.patch_hits == 1 && st.patch_hit == (conf_gfn(c, 0) << 12) + PATCH);
    EXPECT_RC(c, conf_close(c), 0);
    xmem_policy_free(p);
}

/* What a session took away is free for the next one. */
static void the_highest_gfn_stays(struct conf *c)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    uint64_t gfn, highest = 0;
    NEED(c, c->caps.flags & XMEM_CAP_ADD_PAGE, "no pages can be added");
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned n = 0; n < 2; n++)
            EXPECT_RC(c, xmem_domain_add_page(c->d, &gfn), 0);
        EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
        EXPECT(c, !i || info.highest_gfn == highest);
        highest = info.highest_gfn;
        EXPECT_RC(c, conf_close(c), 0);
        EXPECT_RC(c, conf_open(c, NULL), 0);
    }
}

const struct statement statements_policy[] = {
    {"a policy that logs reads and denies writes denies a write", log_then_deny, false},
    {"the same in the other order", deny_then_log, false},
    {"a policy that denies reads and logs writes denies a write", a_write_reads, false},
    {"a policy that allows all and logs writes logs a write", log_is_stricter, false},
    {"a policy for a hole is refused, or leaves it out", holes, false},
    {"what the guest writes into a page is in its copies before it goes on", copies_follow, false},
    {"what is written over a patch goes into the original alone, and is told", patches_stay, false},
    {"sessions that add pages leave the highest gfn where it was", the_highest_gfn_stays, false},
    {NULL, NULL, false},
};
