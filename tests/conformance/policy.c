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

/* A page that is there, and behind it one that is not; false: there is none within reach. */
static bool find_edge(struct conf *c, uint64_t *gfn)
{
    uint8_t byte;
    for (uint64_t at = conf_gfn(c, 0); at <= c->caps.highest_gfn && at < conf_gfn(c, 0) + 65536; at++)
        if (xmem_domain_read(c->d, (at + 1) << 12, &byte, 1) == -ESRCH) {
            *gfn = at;
            return xmem_domain_read(c->d, at << 12, &byte, 1) == 0;
        }
    return false;
}

static int edge_policy(uint64_t gfn, const char *holes, struct xmem_policy **p)
{
    char text[512];
    int n = snprintf(text, sizeof(text),
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

const struct statement statements_policy[] = {
    {"a policy that logs reads and denies writes denies a write", log_then_deny, false},
    {"the same in the other order", deny_then_log, false},
    {"a policy that denies reads and logs writes denies a write", a_write_reads, false},
    {"a policy that allows all and logs writes logs a write", log_is_stricter, false},
    {"a policy for a hole is refused, or leaves it out", holes, false},
    {NULL, NULL, false},
};
