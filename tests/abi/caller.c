/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program that hands every sized struct of the API to the library. Compiled three times: with
 * the header, with an older one (structs shorter) and with a newer one (structs longer, then
 * XM_NEWER is defined); see caller-sizes.sh. Prints the sizes that it was compiled with.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xmem.h>

static int checks, failures;

static void check(int good, int line, const char *what)
{
    checks++;
    if (good)
        return;
    failures++;
    fprintf(stderr, "caller.c:%d: not so: %s\n", line, what);
}
#define CHECK(x) check(!!(x), __LINE__, #x)

enum { GUARD = 64, FILL = 0xa5 };

static int all_are(const void *at, size_t n, int byte)
{
    for (const unsigned char *p = at; n; n--)
        if (*p++ != byte)
            return 0;
    return 1;
}

/* A struct that the library fills, with bytes behind it that it must leave alone. */
#define OUT(type, var) \
    struct { \
        struct type v; \
        unsigned char guard[GUARD]; \
    } var; \
    memset(&var, FILL, sizeof(var)); \
    var.v.size = sizeof(var.v)
#define FILLED(var) \
    CHECK(all_are(var.guard, GUARD, FILL)); \
    CHECK(var.v.size == sizeof(var.v)); \
    CHECK(LATER_IS_ZERO(var.v))

/*
 * What a newer caller knows is refused where it is set and taken where it is not. REFUSED()
 * sets it, makes the call and clears it again.
 */
#ifdef XM_NEWER
#define LATER_IS_ZERO(s) all_are((s).xm_later, sizeof((s).xm_later), 0)
#define REFUSED(s, call) \
    (s).xm_later[1] = 1; \
    CHECK((call) == -E2BIG); \
    (s).xm_later[1] = 0
#else
#define LATER_IS_ZERO(s) 1
#define REFUSED(s, call) (void)0
#endif

static void connection(struct xmem **x)
{
    struct xmem_open_opts opts = XMEM_INIT(opts);
    REFUSED(opts, xmem_open("sim:", &opts, x));
    CHECK(!*x);
    opts.seed = 7;
    CHECK(xmem_open("sim:", &opts, x) == 0);
}

static void machine(struct xmem *x)
{
    struct {
        struct xmem_domain_info v[4];
        unsigned char guard[GUARD];
    } list;
    size_t n = 4;
    memset(&list, FILL, sizeof(list));
    list.v[0].size = sizeof(list.v[0]);
    CHECK(xmem_domain_list(x, list.v, &n) == 0 && n >= 1 && n <= 4);
    for (size_t i = 0; i < n && i < 4; i++) {
        CHECK(list.v[i].size == sizeof(list.v[i]));
        CHECK(list.v[i].vcpus > 0 && list.v[i].pages > 0 && LATER_IS_ZERO(list.v[i]));
    }
    CHECK(list.v[0].domid == 1);
    CHECK(all_are(list.v + n, (4 - n) * sizeof(list.v[0]), FILL));
    CHECK(all_are(list.guard, GUARD, FILL));
}

static void session(struct xmem *x, struct xmem_domain **d)
{
    struct xmem_domain_opts opts = XMEM_INIT(opts);
    REFUSED(opts, xmem_domain_open(x, 1, &opts, d));
    CHECK(!*d);
    opts.default_reply = XMEM_DEFAULT_RELAX;
    CHECK(xmem_domain_open(x, 1, &opts, d) == 0);

    OUT(xmem_domain_info, info);
    CHECK(xmem_domain_get_info(*d, &info.v) == 0);
    FILLED(info);
    CHECK(info.v.domid == 1 && info.v.highest_gfn > 0);
    OUT(xmem_caps, caps);
    CHECK(xmem_domain_get_caps(*d, &caps.v) == 0);
    FILLED(caps);
    CHECK(caps.v.granule == 4096);
    CHECK(xmem_domain_enable(*d) == 0);
}

static void rights(struct xmem_domain *d)
{
    struct xmem_batch *b = NULL;
    CHECK(xmem_batch_new(d, &b) == 0);
    CHECK(xmem_batch_add(b, 0, 0x1200, 4, XMEM_RX) == 0);
    OUT(xmem_batch_result, plan);
    CHECK(xmem_batch_plan(b, &plan.v) == 0);
    FILLED(plan);
    CHECK(plan.v.gfns == 4);
    OUT(xmem_batch_result, result);
    CHECK(xmem_batch_apply(b, &result.v) == 0);
    FILLED(result);
    CHECK(result.v.gfns == 4 && result.v.failed_gfn == XMEM_GFN_UNDO);
    xmem_batch_free(b);

    uint16_t view = 0;
    struct xmem_view_opts opts = XMEM_INIT(opts);
    opts.default_rights = XMEM_RX;
    REFUSED(opts, xmem_view_create(d, &opts, &view));
    CHECK(view == 0);
    CHECK(xmem_view_create(d, &opts, &view) == 0 && view > 0);
    CHECK(xmem_view_destroy(d, view) == 0);

    struct xmem_monitor m = XMEM_INIT(m);
    m.reason = XMEM_EVENT_CTRLREG;
    m.index = XMEM_CTRLREG_CR4;
    REFUSED(m, xmem_domain_set_monitor(d, &m, 1));
    CHECK(xmem_domain_set_monitor(d, &m, 1) == 0);
    CHECK(xmem_domain_set_monitor(d, &m, 0) == 0);
}

static const struct xmem_event *next_event(struct xmem_domain *d)
{
    const struct xmem_event *ev = NULL;
    int rc;
    while ((rc = xmem_event_next(d, &ev)) == -EAGAIN && xmem_event_wait(d, 5000) == 0)
        continue;
    CHECK(rc == 0 && ev && ev->reason == XMEM_EVENT_MEM_ACCESS);
    return rc == 0 ? ev : NULL;
}

static void replies(struct xmem_domain *d)
{
    const struct xmem_event *ev = next_event(d);
    if (!ev)
        return;
    OUT(xmem_regs, regs);
    CHECK(xmem_event_get_regs(d, ev, &regs.v) == 0);
    FILLED(regs);
    CHECK(regs.v.arch == XMEM_ARCH_X86);
    struct xmem_reply reply = XMEM_INIT(reply);
#ifndef XM_OLDER
    reply.flags = XMEM_REPLY_SET_REGS;
    reply.regs = &regs.v;
    REFUSED(regs.v, xmem_event_reply(d, ev, &reply));
#endif
    reply.action = XMEM_REPLY_STEP_OVER;
    reply.flags = 0;
    REFUSED(reply, xmem_event_reply(d, ev, &reply));
    CHECK(xmem_event_reply(d, ev, &reply) == 0);
}

static const char policy_text[] =
    "{\"version\": 1, \"domains\": [\"*\"], \"regions\": {\"code\": [\"0x1200-0x1203\"]},"
    " \"rules\": [{\"name\": \"no-writes\", \"region\": \"code\", \"rights\": \"rx\", \"on\": \"log\"}]}";

static void policies(struct xmem_domain *d)
{
    struct xmem_policy *p = NULL;
    struct xmem_report *r = NULL;
    CHECK(xmem_report_new(&r) == 0);
    CHECK(xmem_policy_parse("t", "{}", 2, r, &p) == -EBADMSG && !p);
    OUT(xmem_diag, diag);
    CHECK(xmem_report_get(r, 0, &diag.v) == 0);
    FILLED(diag);
    CHECK(diag.v.number > 0 && strcmp(diag.v.file, "t") == 0);
    xmem_report_free(r);

    CHECK(xmem_policy_parse("t", policy_text, strlen(policy_text), NULL, &p) == 0);
    struct xmem_domain_info info = XMEM_INIT(info);
    CHECK(xmem_domain_get_info(d, &info) == 0);
    REFUSED(info, xmem_policy_match(p, &info));
    CHECK(xmem_policy_match(p, &info) == 0);
    CHECK(xmem_policy_apply(p, d, NULL, NULL, NULL) == 0);
    const struct xmem_event *ev = next_event(d);
    if (ev) {
        OUT(xmem_decision, decision);
        CHECK(xmem_policy_decide(p, d, ev, &decision.v) == 0);
        FILLED(decision);
        CHECK(decision.v.action == XMEM_ACTION_LOG && strcmp(decision.v.rule, "no-writes") == 0);
        OUT(xmem_decision, handled);
        CHECK(xmem_policy_handle(p, d, ev, &handled.v) == 0);
        FILLED(handled);
    }
    OUT(xmem_stats, stats);
    CHECK(xmem_domain_get_stats(d, &stats.v) == 0);
    FILLED(stats);
    CHECK(stats.v.events >= 2);
    CHECK(xmem_domain_close(d) == 0);
    xmem_policy_free(p);
}

#define PRINT_SIZE(type) printf("%s %zu\n", #type, sizeof(struct type))

int main(void)
{
    struct xmem *x = NULL;
    struct xmem_domain *d = NULL;
    connection(&x);
    if (x) {
        machine(x);
        session(x, &d);
    }
    if (d) {
        rights(d);
        replies(d);
        policies(d);
        OUT(xmem_machine_report, report);
        CHECK(xmem_machine_check(x, &report.v) == 0);
        FILLED(report);
        CHECK(report.v.accesses > 0 && report.v.leftover_rights == 0);
        OUT(xmem_recovery, recovery);
        CHECK(xmem_domain_recover(x, 1, &recovery.v) == 0);
        FILLED(recovery);
        CHECK(recovery.v.ring_was_active == 0);
    }
    xmem_close(x);
    PRINT_SIZE(xmem_batch_result);
    PRINT_SIZE(xmem_caps);
    PRINT_SIZE(xmem_decision);
    PRINT_SIZE(xmem_diag);
    PRINT_SIZE(xmem_domain_info);
    PRINT_SIZE(xmem_domain_opts);
    PRINT_SIZE(xmem_machine_report);
    PRINT_SIZE(xmem_monitor);
    PRINT_SIZE(xmem_recovery);
    PRINT_SIZE(xmem_reply);
    PRINT_SIZE(xmem_stats);
    PRINT_SIZE(xmem_open_opts);
    PRINT_SIZE(xmem_regs);
    PRINT_SIZE(xmem_view_opts);
    fprintf(stderr, "%d checks, %d failed\n", checks, failures);
    return failures != 0;
}
