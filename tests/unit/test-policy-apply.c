/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans, and applying: all or nothing, at whatever hypercall it fails. */
#include <errno.h>
#include <stdio.h>

#include <xm/abi.h>

#include "policy-machine.h"

static const char whole[] =
    "\"default_rights\":\"rx\",\"access_required\":true,"
    "\"regions\":{\"a\":[\"0x10-0x1f\",\"0x30\"],\"b\":\"0x40-0x47\"},"
    "\"views\":[{\"name\":\"v\",\"default_rights\":\"rw\",\"visible\":false,\"remaps\":["
    "{\"gfn\":\"0x50\",\"to\":\"0x51\",\"count\":2},"
    "{\"gfn\":\"0x60\",\"to\":\"copy\",\"patches\":[{\"offset\":8,\"bytes\":\"1122334455667788\"}]}"
    "]},{\"name\":\"w\"}],\"start_view\":\"v\","
    "\"rules\":[{\"name\":\"one\",\"region\":\"a\",\"rights\":\"rx\",\"on\":\"deny\"},"
    "{\"region\":\"b\",\"view\":\"v\",\"rights\":\"n\",\"on\":{\"action\":\"switch\","
    "\"view\":\"w\"}}],"
    "\"monitors\":[\"guest_request\",{\"reason\":\"ctrlreg\",\"register\":\"cr3\"}]";

/* Its warning is said when it is loaded. */
static void load_whole(void)
{
    load(whole);
    said(0, 502, "/rules/0: warning: the guest can go to view \"w\" by itself");
    ck_assert_uint_eq(xmem_report_count(report), 1);
    new_report();
}

/* ---- plans ---- */

struct lines {
    char text[4096];
    int stop_at; /* line, from 1; 0: never */
    int n;
};

static int collect(void *arg, const char *line)
{
    struct lines *l = arg;

    strcat(l->text, line);
    strcat(l->text, "\n");
    return ++l->n == l->stop_at ? 42 : 0;
}

START_TEST(plan_says_all)
{
    struct lines l = {.text = ""};
    struct xmem_stats before = XMEM_INIT(before), after = XMEM_INIT(after);

    load_whole();
    ck_assert_int_eq(xmem_domain_get_stats(session, &before), 0);
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, &l), 0);
    ck_assert_int_eq(xmem_domain_get_stats(session, &after), 0);
    ck_assert_str_eq(l.text, "monitoring: enable\n"
                             "view \"v\": create, default rights rw, hidden from the guest\n"
                             "view \"v\": gfns 0x50-0x51 show 0x51-0x52\n"
                             "view \"v\": gfns 0x60-0x60 show copies, 1 patch\n"
                             "view \"w\": create, default rights rwx\n"
                             "default rights: rx\n"
                             "access required: yes\n"
                             "monitor \"guest_request\": guest_request on\n"
                             "monitor \"ctrlreg\": ctrlreg 0x1 on\n"
                             "start view: switch all vCPUs to \"v\"\n"
                             "view \"host\": hidden from the guest, as the start view is\n"
                             "reach: the guest can go to view \"w\" by itself, 0 rules there\n"
                             "rule \"one\": view \"host\": rx for 17 gfns in 2 ranges of \"a\"\n"
                             "rule \"rules/1\": view \"v\": n for 8 gfns in 1 range of \"b\"\n"
                             "total: 25 gfns in 3 ranges\n");
    said(0, 502, "/rules/0: warning: the guest can go to view \"w\" by itself");
    ck_assert_uint_eq(xmem_report_count(report), 1);
    ck_assert_uint_eq(after.sets, before.sets);
}
END_TEST

START_TEST(plan_stops)
{
    struct lines l = {.stop_at = 3};

    load_whole();
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, &l), 42);
    ck_assert_int_eq(l.n, 3);
}
END_TEST

START_TEST(plan_knows_monitoring)
{
    struct lines l = {.text = ""};

    load("");
    ck_assert_int_eq(xmem_domain_enable(session), 0);
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, &l), 0);
    ck_assert_str_eq(l.text, "monitoring: on already\ntotal: 0 gfns in 0 ranges\n");
}
END_TEST

/* By what the domain has, not by its kind: one that the hypervisor steps, or emulates, is not warned of. */
START_TEST(plan_knows_strict_means)
{
    static const enum sim_kind kinds[] = {SIM_X86_EPT, SIM_ARM_S2, SIM_X86_PV, SIM_ARMV8R_MPU};
    static const enum xmem_kind kind_of[] = {XMEM_KIND_X86_EPT, XMEM_KIND_ARM_S2, XMEM_KIND_X86_PV,
                                             XMEM_KIND_ARMV8R_MPU};
    static const char *const texts[] = {
        "\"step\":\"strict\"",
        "\"regions\":{\"a\":16},\"rules\":[{\"region\":\"a\",\"rights\":\"r\",\"on\":\"log\","
        "\"step\":\"strict\"}]"};
    bool relaxed = _i % 2;
    struct lines l = {.text = ""};

    session_opts.step_means = relaxed ? XMEM_STEP_RELAX : 0;
    make_machine(kinds[_i / 4]);
    load(texts[_i / 2 % 2]);
    ck_assert_uint_eq(xmem_report_count(report), 0); /* nothing is known yet */
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, &l), 0);
    ck_assert_uint_eq(xmem_report_count(report), relaxed);
    if (relaxed) {
        said(0, 505, _i / 2 % 2 ? "/rules/0/step: warning: " : "/step: warning: ");
        said(0, 505, xmem_kind_name(kind_of[_i / 4]));
    }
    ck_assert_ptr_nonnull(
        strstr(l.text, relaxed ? "step: strict: what nothing" : "and what nothing"));
    end_machine();
}
END_TEST

static void plan_fails(const char *text, int err, unsigned number, const char *part)
{
    struct lines l = {.text = ""};

    new_report();
    load(text);
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, collect, &l), err);
    ck_assert_int_eq(l.n, 0);
    said(0, number, part);
    new_report();
    ck_assert_int_eq(xmem_policy_apply(policy, session, report, NULL, NULL), err);
    said(0, number, part);
}

START_TEST(what_x86_cannot)
{
    plan_fails("\"regions\":{\"a\":\"0x1\"},\"rules\":[{\"region\":\"a\",\"rights\":\"w\"}]",
               -EOPNOTSUPP, 301,
               "p:1:84: [XM-301] /rules/0/rights: a domain of kind x86-ept "
               "cannot express the rights w");
    plan_fails("\"default_rights\":\"wx\"", -EOPNOTSUPP, 301, "/default_rights");
    plan_fails("\"views\":[{\"name\":\"v\",\"default_rights\":\"w\"}]", -EOPNOTSUPP, 301,
               "/views/0: ");
    plan_fails("\"regions\":{\"a\":\"0x1-0x200\"},\"rules\":[{\"region\":\"a\","
               "\"rights\":\"r\"}]",
               -ERANGE, 303, "/rules/0/region: gfn 0x200 is above the domain's highest, 0x1ff");
    plan_fails("\"views\":[{\"name\":\"v\",\"remaps\":[{\"gfn\":1,\"to\":512}]}]", -ERANGE, 303,
               "/views/0/remaps: gfn 0x200");
    plan_fails("\"views\":[{\"name\":\"v\",\"remaps\":[{\"gfn\":511,\"to\":1,\"count\":2}]}]",
               -ERANGE, 303, "gfn 0x200");
}
END_TEST

START_TEST(too_many_views)
{
    char text[2048] = "\"views\":[{\"name\":\"v\"}";

    for (int i = 0; i < 10; i++)
        sprintf(text + strlen(text), ",{\"name\":\"v%d\"}", i);
    strcat(text, "]");
    plan_fails(text, -EOPNOTSUPP, 302, "11 views are wanted; the domain can have 10 and has 1");
}
END_TEST

static void arm(void)
{
    make_machine(SIM_ARM_S2);
}

START_TEST(what_arm_cannot)
{
    plan_fails("\"views\":[{\"name\":\"v\"}]", -EOPNOTSUPP, 302,
               "a domain of kind arm-s2 has no views");
    plan_fails("\"default_action\":{\"action\":\"switch\",\"view\":\"host\"}", -EOPNOTSUPP, 305,
               "/default_action");
    plan_fails("\"monitors\":[{\"reason\":\"ctrlreg\",\"register\":\"cr3\"}]", -EOPNOTSUPP, 304,
               "/monitors/0: a domain of kind arm-s2 does not report ctrlreg events "
               "here (see caps.monitors)");
}
END_TEST

START_TEST(null_arguments)
{
    struct xmem_policy *p;
    struct lines l = {.text = ""};

    load("");
    ck_assert_int_eq(xmem_policy_plan(NULL, session, report, collect, &l), -EINVAL);
    ck_assert_int_eq(xmem_policy_plan(policy, NULL, report, collect, &l), -EINVAL);
    ck_assert_int_eq(xmem_policy_plan(policy, session, report, NULL, NULL), -EINVAL);
    ck_assert_int_eq(xmem_policy_apply(NULL, session, report, NULL, NULL), -EINVAL);
    ck_assert_int_eq(xmem_policy_apply(policy, NULL, report, NULL, NULL), -EINVAL);
    ck_assert_int_eq(xmem_policy_load(NULL, report, &p), -EINVAL);
    ck_assert_int_eq(xmem_policy_load("x", report, NULL), -EINVAL);
    ck_assert_int_eq(xmem_policy_parse(NULL, "", 0, report, &p), -EINVAL);
    ck_assert_int_eq(xmem_policy_parse("x", NULL, 1, report, &p), -EINVAL);
    ck_assert_int_eq(xmem_policy_parse("x", "", 0, report, NULL), -EINVAL);
    xmem_policy_free(NULL);
}
END_TEST

/* ---- applying ---- */

static enum xmem_rights rights_at(uint16_t view, uint64_t gfn)
{
    enum xmem_rights rights = XMEM_DEFAULT;

    ck_assert_int_eq(xmem_domain_get_rights(session, view, gfn, &rights), 0);
    return rights;
}

static size_t count_views(void)
{
    size_t n = 0;
    int err = xmem_view_list(session, NULL, &n);

    ck_assert(err == 0 || err == -ENOSPC);
    return n;
}

START_TEST(apply_does_all)
{
    enum xmem_rights rights;
    uint16_t view = 0;

    load_whole();
    apply_policy();
    ck_assert_uint_eq(count_views(), 3);
    for (uint32_t i = 0; i < VCPUS; i++) {
        ck_assert_int_eq(xmem_view_get_vcpu(session, i, &view), 0);
        ck_assert_uint_ne(view, 0);
    }
    ck_assert_int_eq(rights_at(0, 0x0f), XMEM_RWX);
    ck_assert_int_eq(rights_at(0, 0x10), XMEM_RX);
    ck_assert_int_eq(rights_at(0, 0x1f), XMEM_RX);
    ck_assert_int_eq(rights_at(0, 0x30), XMEM_RX);
    ck_assert_int_eq(rights_at(0, 0x40), XMEM_RWX);
    ck_assert_int_eq(rights_at(view, 0x40), XMEM_N);
    ck_assert_int_eq(rights_at(view, 0x47), XMEM_N);
    ck_assert_int_eq(rights_at(view, 0x48), XMEM_RW);
    ck_assert_int_eq(xmem_domain_get_default(session, &rights), 0);
    ck_assert_int_eq(rights, XMEM_RX);
}
END_TEST

/* The guest in the view sees the copy with its patch, the host view has the original. */
START_TEST(copies_are_patched)
{
    static const struct sim_op ops[] = {{.code = SIM_OP_READ, .addr = 0x60008},
                                        {.code = SIM_OP_READ, .addr = 0x60010}};
    const uint64_t original = 0x0123456789abcdef;
    struct sim_vcpu_info info;
    uint64_t back;

    load_whole();
    ck_assert_int_eq(xmem_domain_write(session, 0x60008, &original, 8), 0);
    ck_assert_int_eq(xmem_domain_write(session, 0x60010, &original, 8), 0);
    apply_policy();
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, &ops[0], 1, 1), 0);
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 1, &ops[1], 1, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(guest, 10), 2);
    ck_assert_int_eq(xmi_sim_vcpu_info(guest, 0, &info), 0);
    ck_assert_uint_eq(info.result, UINT64_C(0x8877665544332211));
    ck_assert_int_eq(xmi_sim_vcpu_info(guest, 1, &info), 0);
    ck_assert_uint_eq(info.result, original);
    ck_assert_int_eq(xmem_domain_read(session, 0x60008, &back, 8), 0);
    ck_assert_uint_eq(back, original);
}
END_TEST

#define HOOK \
    "\"regions\":{\"f\":\"0x10\"},\"views\":[{\"name\":\"hook\",\"remaps\":[{\"gfn\":\"0x10\"," \
    "\"to\":\"copy\",\"patches\":[{\"offset\":16,\"bytes\":\"cc\"}]}]}],\"start_view\":\"hook\"," \
    "\"rules\":[{\"region\":\"f\",\"view\":\"hook\",\"rights\":\"x\"," \
    "\"on\":{\"action\":\"switch\",\"view\":\"host\"}},{\"region\":\"f\",\"rights\":\"rw\"," \
    "\"on\":{\"action\":\"switch\",\"view\":\"hook\"}}]"

/* Handles all that comes while vCPU 0 runs it; the flags of the decisions. */
static uint32_t run_hooked(const struct sim_op *ops, size_t n)
{
    const struct xmem_event *ev;
    uint32_t flags = 0;

    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, ops, n, 1), 0);
    while (xmem_event_wait(session, 20) == 0)
        while (xmem_event_next(session, &ev) == 0) {
            struct xmem_decision what = XMEM_INIT(what);

            ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &what), 0);
            flags |= what.flags;
        }
    return flags;
}

static uint8_t byte_at(uint64_t gpa)
{
    uint8_t byte;

    ck_assert_int_eq(xmem_domain_read(session, gpa, &byte, 1), 0);
    return byte;
}

/* A guest that patches itself runs what it wrote, and the breakpoint stays. */
START_TEST(copies_follow_the_original)
{
    static const struct sim_op ops[] = {{.code = SIM_OP_EXEC, .addr = 0x10000},
                                        {.code = SIM_OP_WRITE, .addr = 0x10080, .value = 0x90},
                                        {.code = SIM_OP_EXEC, .addr = 0x10000}};
    static const struct sim_op over[] = {{.code = SIM_OP_WRITE, .addr = 0x10010, .value = 0x90},
                                         {.code = SIM_OP_EXEC, .addr = 0x10000}};
    uint64_t copy = PAGES << 12;

    load(HOOK);
    apply_policy();
    ck_assert_uint_eq(byte_at(copy + 0x10), 0xcc);
    ck_assert_uint_eq(run_hooked(ops, 3), 0);
    ck_assert_uint_eq(byte_at(0x10080), 0x90);
    ck_assert_uint_eq(byte_at(copy + 0x80), 0x90);
    ck_assert_uint_eq(byte_at(copy + 0x10), 0xcc);
    ck_assert_uint_eq(run_hooked(over, 2), XMEM_DECISION_PATCH_HIT);
    ck_assert_uint_eq(byte_at(0x10010), 0x90);
    ck_assert_uint_eq(byte_at(copy + 0x10), 0xcc);
    ck_assert_uint_eq(byte_at(copy + 0x80), 0x90);
}
END_TEST

struct calls {
    int n, stop_at;
    uint64_t done, total;
};

static int note(void *arg, uint64_t done, uint64_t total)
{
    struct calls *c = arg;

    ck_assert_uint_ge(done, c->done);
    ck_assert_uint_le(done, total);
    c->done = done;
    c->total = total;
    return ++c->n == c->stop_at;
}

static uint64_t highest_gfn(void)
{
    struct xmem_domain_info info = XMEM_INIT(info);

    ck_assert_int_eq(xmem_domain_get_info(session, &info), 0);
    return info.highest_gfn;
}

#define COPIES \
    "\"views\":[{\"name\":\"v\",\"remaps\":[{\"gfn\":\"0x10\",\"count\":3,\"to\":\"copy\"}]}]"

/* What a session took away is used again by the next: the highest gfn stays. */
START_TEST(copies_use_the_same_gfns)
{
    for (int i = 0; i < 10; i++) {
        load(COPIES);
        apply_policy();
        ck_assert_uint_eq(highest_gfn(), PAGES + 2);
        ck_assert_int_eq(xmem_domain_close(session), 0);
        ck_assert_int_eq(xmem_domain_open(conn, 1, NULL, &session), 0);
    }
}
END_TEST

/* Within a session too. */
START_TEST(rolling_back_takes_copies_away)
{
    struct calls c = {.stop_at = 1};
    uint8_t byte;

    for (int i = 0; i < 3; i++) {
        load(COPIES
             ",\"regions\":{\"f\":\"0x10\"},\"rules\":[{\"region\":\"f\",\"rights\":\"r\"}]");
        ck_assert_int_eq(xmem_policy_apply(policy, session, report, note, &c), -ECANCELED);
        for (uint64_t gfn = PAGES; gfn < PAGES + 3; gfn++)
            ck_assert_int_eq(xmem_domain_read(session, gfn << 12, &byte, 1), -ESRCH);
        ck_assert_uint_eq(highest_gfn(), PAGES + 2);
        c.n = 0;
    }
}
END_TEST

/* With the n-th hypercall of a kind failing; true: there were fewer than n, all went well. */
static bool fails_at(enum xm_hc kind, uint64_t n, bool was_on)
{
    enum xmem_rights rights;
    struct sim_report r;
    int err;

    make_machine(SIM_X86_EPT);
    load_whole();
    if (was_on)
        ck_assert_int_eq(xmem_domain_enable(session), 0);
    xmi_sim_inject_errno(guest, n, (int)kind, EIO);
    err = xmem_policy_apply(policy, session, report, NULL, NULL);
    xmi_sim_inject_errno(guest, 0, 0, 0);
    if (err) {
        ck_assert_uint_ge(xmem_report_count(report), 1);
        ck_assert_uint_eq(count_views(), 1);
        ck_assert_int_eq(xmem_domain_get_rights(session, 0, 0x10, &rights), was_on ? 0 : -ENODEV);
        xmi_sim_report(machine, NULL, &r);
        ck_assert_uint_eq(r.leftover_rights, 0);
        /* that views are on at all stays until the session stops monitoring, */
        ck_assert_uint_le(r.leftover_views, was_on);
        ck_assert_uint_eq(r.leftover_monitors, was_on); /* and the ring */
    }
    end_machine();
    return err == 0;
}

/*
 * Whatever the hypercall, everything is put back. But for an unpause: one that fails
 * leaves the domain paused, whoever tries.
 */
static int fail_everywhere(bool was_on)
{
    int failures = 0;

    for (int kind = XM_HC_ANY + 1; kind < XM_HC_COUNT; kind++) {
        uint64_t n = 1;

        while (kind != XM_HC_UNPAUSE && !fails_at((enum xm_hc)kind, n, was_on)) {
            n += n < 24 ? 1 : 97; /* some kinds are made once for each gfn */
            ck_assert_uint_lt(n, 5000);
            failures++;
        }
    }
    return failures;
}

START_TEST(all_or_nothing)
{
    ck_assert_int_gt(fail_everywhere(false), 20);
}
END_TEST

START_TEST(all_or_nothing_while_on)
{
    ck_assert_int_gt(fail_everywhere(true), 20);
}
END_TEST

static int lose_page(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)total;
    return done ? 0 : xmi_sim_depopulate(guest, 0x25);
}

/* A page that is gone between the look for it and applying: the message is at the rule that names it. */
START_TEST(blames_the_rule)
{
    load("\"regions\":{\"a\":\"0x10\",\"b\":\"0x20-0x2f\"},\"rules\":[{\"region\":\"a\","
         "\"rights\":\"r\"},{\"region\":\"b\",\"rights\":\"r\"}]");
    ck_assert_int_eq(xmem_policy_apply(policy, session, report, lose_page, NULL), -ESRCH);
    said(0, 307, "[XM-307] /rules: setting rights: ");
    said(0, 307, "0x25");
    new_report();
    ck_assert_int_eq(xmem_policy_apply(policy, session, report, NULL, NULL), -ERANGE);
    said(0, 312, "[XM-312] /rules/1/region: gfn 0x25 ");
    ck_assert_int_eq(xmi_sim_populate(guest, 0x25), 0);
    new_report();
    apply_policy();
    ck_assert_int_eq(rights_at(0, 0x25), XMEM_R);
}
END_TEST

START_TEST(progress)
{
    struct calls c = {0};

    load_whole();
    apply_with(note, &c);
    ck_assert_int_ge(c.n, 2);
    ck_assert_uint_eq(c.done, 25);
    ck_assert_uint_eq(c.total, 25);
}
END_TEST

START_TEST(cancelled)
{
    struct calls c = {.stop_at = 1};
    enum xmem_rights rights;

    load_whole();
    ck_assert_int_eq(xmem_policy_apply(policy, session, report, note, &c), -ECANCELED);
    said(0, 308, "stopped; all is put back");
    ck_assert_uint_eq(count_views(), 1);
    ck_assert_int_eq(xmem_domain_get_rights(session, 0, 0x10, &rights), -ENODEV);
}
END_TEST

/* The next unpause is one of putting back. */
static int stop_and_fail(void *arg, uint64_t done, uint64_t total)
{
    (void)arg, (void)done, (void)total;
    xmi_sim_inject_errno(guest, 1, XM_HC_ALTP2M_SWITCH, EIO);
    return 1;
}

START_TEST(cancelled_and_not_put_back)
{
    load_whole();
    ck_assert_int_eq(xmem_policy_apply(policy, session, report, stop_and_fail, NULL), -ECANCELED);
    said(0, 309, "switching views back: ");
    said(0, 309, "; it is tried again when monitoring or the session ends");
    said(1, 308, "stopped; not all is put back");
}
END_TEST

/* A larger domain, so that the rights go in portions. */
START_TEST(cancelled_in_the_middle)
{
    struct sim_domain_cfg dom = {.kind = SIM_X86_EPT, .vcpus = 1, .pages = 300000, .name = "large"};
    struct calls c = {.stop_at = 3};
    struct sim_domain *large;
    struct sim_report r;

    ck_assert_int_eq(xmi_sim_domain_create(machine, &dom, &large), 0);
    ck_assert_int_eq(xmem_domain_close(session), 0);
    ck_assert_int_eq(xmem_domain_open(conn, 2, NULL, &session), 0);
    load("\"regions\":{\"a\":\"0x0-0x40000\"},\"rules\":[{\"region\":\"a\",\"rights\":\"rx\"}]");
    ck_assert_int_eq(xmem_policy_apply(policy, session, report, note, &c), -ECANCELED);
    ck_assert_int_eq(c.n, 3);
    ck_assert_uint_eq(c.done, 2 * 65536);
    xmi_sim_report(machine, large, &r);
    ck_assert_uint_eq(r.leftover_rights, 0);
    c = (struct calls){0};
    new_report();
    apply_with(note, &c);
    ck_assert_uint_eq(c.done, 0x40001);
    ck_assert_int_eq(rights_at(0, 0x40000), XMEM_RX);
}
END_TEST

START_TEST(applied_twice)
{
    load("\"regions\":{\"a\":\"0x10\"},\"rules\":[{\"region\":\"a\",\"rights\":\"r\"}]");
    for (int i = 0; i < 2; i++)
        apply_policy();
    ck_assert_int_eq(rights_at(0, 0x10), XMEM_R);
}
END_TEST

START_TEST(dead_domain)
{
    struct lines l = {.text = ""};

    load_whole();
    xmi_sim_domain_kill(guest);
    ck_assert_int_ne(xmem_policy_apply(policy, session, report, NULL, NULL), 0);
    ck_assert_uint_ge(xmem_report_count(report), 1);
    xmem_domain_close(session);
    session = NULL;
    (void)l;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-apply");
    TCase *tc = tcase_create("x86"), *on_arm = tcase_create("arm"), *own = tcase_create("own");

    tcase_add_checked_fixture(tc, x86, end_machine);
    tcase_add_test(tc, plan_says_all);
    tcase_add_test(tc, plan_stops);
    tcase_add_test(tc, plan_knows_monitoring);
    tcase_add_test(tc, what_x86_cannot);
    tcase_add_test(tc, too_many_views);
    tcase_add_test(tc, null_arguments);
    tcase_add_test(tc, apply_does_all);
    tcase_add_test(tc, copies_are_patched);
    tcase_add_test(tc, copies_follow_the_original);
    tcase_add_test(tc, copies_use_the_same_gfns);
    tcase_add_test(tc, rolling_back_takes_copies_away);
    tcase_add_test(tc, blames_the_rule);
    tcase_add_test(tc, progress);
    tcase_add_test(tc, cancelled);
    tcase_add_test(tc, cancelled_and_not_put_back);
    tcase_add_test(tc, cancelled_in_the_middle);
    tcase_add_test(tc, applied_twice);
    tcase_add_test(tc, dead_domain);
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(on_arm, arm, end_machine);
    tcase_add_test(on_arm, what_arm_cannot);
    suite_add_tcase(suite, on_arm);
    tcase_add_test(own, all_or_nothing);
    tcase_add_loop_test(own, plan_knows_strict_means, 0, 16);
    tcase_add_test(own, all_or_nothing_while_on);
    suite_add_tcase(suite, own);
    return run_suite(suite);
}
