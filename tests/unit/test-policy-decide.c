/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a policy says of events, and that it is done: a scripted guest meets each action. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "policy-machine.h"

#define AT 0x10008u /* page 0x10 */
#define OLD UINT64_C(0x1111111111111111)
#define NEW UINT64_C(0x2222222222222222)

static const struct sim_op read_op = {.code = SIM_OP_READ, .addr = AT};
static const struct sim_op write_op = {.code = SIM_OP_WRITE, .addr = AT, .value = NEW};
static const struct sim_op exec_op = {.code = SIM_OP_EXEC, .addr = AT};

/* One rule for page 0x10; extra: what else the document has, with its comma. */
static void apply_rule(const char *rights, const char *on, const char *extra)
{
    const uint64_t old = OLD;
    char text[1024];

    snprintf(text, sizeof(text),
             "\"regions\":{\"page\":\"0x10-0x13\"},\"rules\":[{\"name\":\"r\",\"region\":\"page\","
             "\"rights\":\"%s\",\"on\":%s}]%s",
             rights, on, extra);
    load(text);
    ck_assert_int_eq(xmem_domain_write(session, AT, &old, 8), 0);
    apply_policy();
}

/* In this many looks nothing comes: enough where no vCPU can run, and where one can. */
#define LOOKS 8
#define LOOKS_RUNNING 10000

static bool nothing_comes(int looks)
{
    struct sim_vcpu_info info;

    ck_assert_int_eq(xmi_sim_vcpu_info(guest, 0, &info), 0);
    return looks >= (info.state == SIM_VCPU_RUNNABLE ? LOOKS_RUNNING : LOOKS);
}

/* Handles what comes, at most max events; the last decision is in *last. */
static int handle(int max, struct xmem_decision *last)
{
    const struct xmem_event *ev;
    int n = 0, err;

    *last = (struct xmem_decision)XMEM_INIT(*last);
    for (int idle = 0; n < max && !nothing_comes(idle);) {
        err = xmem_event_next(session, &ev);
        idle = err == -EAGAIN ? idle + 1 : 0;
        if (idle != 0)
            continue;
        ck_assert_int_eq(err, 0);
        ck_assert_int_eq(xmem_policy_handle(policy, session, ev, last), 0);
        n++;
    }
    return n;
}

/* Runs one op `repeat` times and answers for it. */
static int run(const struct sim_op *op, uint64_t repeat, int max, struct xmem_decision *last)
{
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, op, 1, repeat), 0);
    return handle(max, last);
}

static struct sim_vcpu_info vcpu(void)
{
    struct sim_vcpu_info info;

    ck_assert_int_eq(xmi_sim_vcpu_info(guest, 0, &info), 0);
    return info;
}

static uint64_t memory(void)
{
    uint64_t value;

    ck_assert_int_eq(xmem_domain_read(session, AT, &value, 8), 0);
    return value;
}

START_TEST(log_steps_over)
{
    struct xmem_decision d;

    apply_rule("rx", "\"log\"", "");
    ck_assert_int_eq(run(&write_op, 3, 10, &d), 3);
    ck_assert_uint_eq(d.action, XMEM_ACTION_LOG);
    ck_assert_str_eq(d.rule, "r");
    ck_assert_str_eq(d.region, "page");
    ck_assert_uint_eq(d.region_gfn, 0x10);
    ck_assert_uint_eq(memory(), NEW);
    ck_assert_uint_eq(vcpu().done, 3);
}
END_TEST

START_TEST(log_limit)
{
    struct xmem_decision d;
    const struct xmem_event *ev;

    apply_rule("rx", "\"log\",\"log_limit\":2", "");
    ck_assert_int_eq(run(&write_op, 2, 9, &d), 2);
    ck_assert_uint_eq(d.action, XMEM_ACTION_LOG);
    ck_assert_int_eq(run(&write_op, 5, 9, &d), 5);
    ck_assert_uint_eq(d.action, XMEM_ACTION_ALLOW_ONCE);
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, &write_op, 1, 1), 0);
    ck_assert_int_eq(xmem_event_next(session, &ev), 0);
    ck_assert_int_eq(xmem_policy_decide(policy, session, ev, &d), 0);
    ck_assert_uint_eq(d.action, XMEM_ACTION_ALLOW_ONCE);
    ck_assert_int_eq(xmem_event_drop(session, ev), 0);
}
END_TEST

/* Deciding sends nothing and counts nothing. */
START_TEST(deciding_changes_nothing)
{
    struct xmem_decision d = XMEM_INIT(d);
    const struct xmem_event *ev;

    apply_rule("rx", "\"log\",\"log_limit\":1", "");
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, &write_op, 1, 1), 0);
    ck_assert_int_eq(xmem_event_next(session, &ev), 0);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(xmem_policy_decide(policy, session, ev, &d), 0);
        ck_assert_uint_eq(d.action, XMEM_ACTION_LOG);
    }
    ck_assert_uint_eq(memory(), OLD);
    ck_assert_int_eq(xmem_policy_handle(policy, session, ev, NULL), 0);
    ck_assert_int_eq(handle(1, &d), 0);
    ck_assert_uint_eq(memory(), NEW);
}
END_TEST

START_TEST(deny_write)
{
    struct xmem_decision d;

    apply_rule("rx", "\"deny\"", "");
    ck_assert_int_eq(run(&write_op, 2, 10, &d), 2);
    ck_assert_uint_eq(d.action, XMEM_ACTION_DENY);
    ck_assert_uint_eq(memory(), OLD);
    ck_assert_uint_eq(vcpu().done, 2);
}
END_TEST

START_TEST(deny_read)
{
    struct xmem_decision d;

    apply_rule("n", "\"deny\"", "");
    ck_assert_int_eq(run(&read_op, 1, 10, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_DENY);
    ck_assert_uint_eq(vcpu().done, 1);
    ck_assert_uint_eq(vcpu().result, 0);
}
END_TEST

START_TEST(deny_fetch)
{
    struct xmem_decision d;

    apply_rule("rw", "\"deny\"", "");
    ck_assert_int_eq(run(&exec_op, 1, 10, &d), 1);
    ck_assert(d.action == XMEM_ACTION_DENY || d.action == XMEM_ACTION_PAUSE);
    if (d.action == XMEM_ACTION_PAUSE)
        ck_assert_uint_eq(vcpu().done, 0);
}
END_TEST

START_TEST(allow_once)
{
    struct xmem_decision d;

    apply_rule("n", "\"allow-once\"", "");
    ck_assert_int_eq(run(&read_op, 2, 10, &d), 2);
    ck_assert_uint_eq(d.action, XMEM_ACTION_ALLOW_ONCE);
    ck_assert_uint_eq(vcpu().result, OLD);
}
END_TEST

START_TEST(pause_holds)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_decision d;

    apply_rule("rx", "\"pause\"", "");
    ck_assert_int_eq(run(&write_op, 1, 10, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_PAUSE);
    ck_assert_int_eq(xmem_domain_get_info(session, &info), 0);
    ck_assert_uint_ne(info.flags & XMEM_DOMAIN_PAUSED, 0);
    ck_assert_uint_eq(vcpu().done, 0);
    ck_assert_uint_eq(memory(), OLD);
}
END_TEST

START_TEST(relax_for_good)
{
    struct xmem_decision d;

    apply_rule("rx", "\"relax\"", "");
    ck_assert_int_eq(run(&write_op, 5, 10, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_RELAX);
    ck_assert_uint_eq(vcpu().done, 5);
    ck_assert_uint_eq(memory(), NEW);
}
END_TEST

/* Resumed as it is, the guest meets the page again and again. */
START_TEST(resume_faults_again)
{
    struct xmem_decision d;

    apply_rule("rx", "\"resume\"", "");
    ck_assert_int_eq(run(&write_op, 1, 5, &d), 5);
    ck_assert_uint_eq(d.action, XMEM_ACTION_RESUME);
    ck_assert_uint_eq(vcpu().done, 0);
}
END_TEST

START_TEST(filters)
{
    struct xmem_decision d;

    apply_rule("n",
               "[{\"action\":\"deny\",\"access\":\"w\"},{\"action\":\"log\",\"access\":\"x\"}]",
               ",\"default_action\":\"allow-once\"");
    ck_assert_int_eq(run(&write_op, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_DENY);
    ck_assert_int_eq(run(&exec_op, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_LOG);
    ck_assert_int_eq(run(&read_op, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_ALLOW_ONCE);
    ck_assert_str_eq(d.rule, "r"); /* the default action, but the rule's page */
}
END_TEST

START_TEST(outside_of_rules)
{
    struct xmem_decision d;

    apply_rule("rx", "\"log\"", "");
    ck_assert_int_eq(xmem_domain_set_rights(session, 0, 0x10, XMEM_RWX), 0);
    ck_assert_int_eq(xmem_domain_set_rights(session, 0, 0x14, XMEM_RX), 0);
    ck_assert_int_eq(run(&(struct sim_op){.code = SIM_OP_WRITE, .addr = 0x14000}, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_NONE);
    ck_assert_ptr_null(d.rule);
    ck_assert_ptr_null(d.region);
    ck_assert_uint_eq(vcpu().done, 1);
}
END_TEST

/* As in examples/policies/hidden-breakpoint.json. */
START_TEST(switching_views)
{
    struct xmem_decision d;

    load("\"regions\":{\"f\":\"0x10\"},\"views\":[{\"name\":\"hook\",\"remaps\":[{\"gfn\":\"0x10\","
         "\"to\":\"copy\",\"patches\":[{\"offset\":8,\"bytes\":\"cccccccccccccccc\"}]}]}],"
         "\"start_view\":\"hook\",\"rules\":[{\"name\":\"in\",\"region\":\"f\",\"view\":\"hook\","
         "\"rights\":\"x\",\"on\":{\"action\":\"switch\",\"view\":\"host\"}},{\"name\":\"out\","
         "\"region\":\"f\",\"rights\":\"rw\",\"on\":{\"action\":\"switch\",\"view\":\"hook\"}}]");
    apply_policy();
    ck_assert_int_eq(run(&exec_op, 1, 9, &d), 0);
    ck_assert_int_eq(run(&read_op, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_SWITCH);
    ck_assert_uint_eq(d.view, 0);
    ck_assert_str_eq(d.rule, "in");
    ck_assert_uint_eq(vcpu().result, 0); /* the original, not the patch */
    ck_assert_uint_eq(vcpu().view, 0);
    ck_assert_int_eq(run(&exec_op, 1, 9, &d), 1);
    ck_assert_str_eq(d.rule, "out");
    ck_assert_uint_ne(d.view, 0);
    ck_assert_uint_eq(vcpu().view, d.view);
}
END_TEST

START_TEST(monitors)
{
    const struct sim_op cr3 = {.code = SIM_OP_CTRLREG, .index = 1, .value = 0x5000};
    const struct sim_op cr0 = {.code = SIM_OP_CTRLREG, .index = 0, .value = 1};
    const struct sim_op request = {.code = SIM_OP_GUEST_REQUEST};
    struct xmem_decision d;

    load("\"monitors\":[\"guest_request\",{\"name\":\"three\",\"reason\":\"ctrlreg\","
         "\"register\":\"cr3\",\"action\":\"deny\"}],\"default_action\":\"relax\"");
    apply_policy();
    ck_assert_int_eq(run(&cr3, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_DENY);
    ck_assert_str_eq(d.rule, "three");
    ck_assert_ptr_null(d.region);
    ck_assert_int_eq(run(&cr0, 1, 9, &d), 0);
    ck_assert_int_eq(run(&request, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_LOG); /* nothing to relax: it tells */
    ck_assert_str_eq(d.rule, "guest_request");
    ck_assert_uint_eq(vcpu().done, 3);
}
END_TEST

START_TEST(monitors_by_index)
{
    const struct sim_op lstar = {.code = SIM_OP_MSR, .index = 0xc0000082, .value = 5};
    const struct sim_op other = {.code = SIM_OP_MSR, .index = 0xc0000081, .value = 5};
    struct xmem_decision d = XMEM_INIT(d);
    struct xmem_event ev = {.reason = XMEM_EVENT_IO, .u.io.port = 0x3f8};

    load("\"monitors\":[{\"name\":\"l\",\"reason\":\"msr\",\"index\":\"0xc0000082\"},"
         "{\"name\":\"s\",\"reason\":\"msr\",\"index\":\"0xc0000081\",\"action\":\"resume\"}],"
         "\"default_action\":\"deny\"");
    apply_policy();
    ck_assert_int_eq(run(&lstar, 1, 9, &d), 1);
    ck_assert_str_eq(d.rule, "l");
    ck_assert_uint_eq(d.action, XMEM_ACTION_DENY); /* a write to a register can be denied */
    ck_assert_int_eq(run(&other, 1, 9, &d), 1);
    ck_assert_str_eq(d.rule, "s");
    ck_assert_uint_eq(d.action, XMEM_ACTION_RESUME);
    load("\"monitors\":[{\"name\":\"com\",\"reason\":\"io\",\"index\":\"0x3f8\"}]");
    ck_assert_int_eq(xmem_policy_decide(policy, session, &ev, &d), 0);
    ck_assert_str_eq(d.rule, "com");
    ev.u.io.port = 0x3f9;
    ck_assert_int_eq(xmem_policy_decide(policy, session, &ev, &d), 0);
    ck_assert_ptr_null(d.rule);
}
END_TEST

START_TEST(death_needs_no_answer)
{
    const struct sim_op off = {.code = SIM_OP_POWEROFF};
    struct xmem_decision d = XMEM_INIT(d);
    const struct xmem_event *ev;

    apply_rule("rx", "\"log\"", ",\"default_action\":\"pause\"");
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, &off, 1, 1), 0);
    ck_assert_int_eq(xmem_event_next(session, &ev), 0);
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_DOMAIN_DIED);
    ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &d), 0);
    ck_assert_uint_eq(d.action, XMEM_ACTION_NONE);
    xmem_domain_close(session);
    session = NULL;
}
END_TEST

START_TEST(bad_arguments)
{
    struct xmem_decision d = XMEM_INIT(d);
    struct xmem_event ev = {.reason = XMEM_EVENT_MEM_ACCESS};

    load("");
    ck_assert_int_eq(xmem_policy_decide(NULL, session, &ev, &d), -EINVAL);
    ck_assert_int_eq(xmem_policy_decide(policy, NULL, &ev, &d), -EINVAL);
    ck_assert_int_eq(xmem_policy_decide(policy, session, NULL, &d), -EINVAL);
    ck_assert_int_eq(xmem_policy_decide(policy, session, &ev, NULL), -EINVAL);
    ck_assert_int_eq(xmem_policy_handle(NULL, session, &ev, &d), -EINVAL);
    ck_assert_int_eq(xmem_policy_handle(policy, NULL, &ev, &d), -EINVAL);
    ck_assert_int_eq(xmem_policy_handle(policy, session, NULL, &d), -EINVAL);
    d.size = 0;
    ck_assert_int_eq(xmem_policy_decide(policy, session, &ev, &d), -EINVAL);
    ck_assert_int_eq(xmem_policy_handle(policy, session, &ev, &d), -EINVAL);
    ck_assert_ptr_null(xmem_action_name((enum xmem_action)99));
    ck_assert_str_eq(xmem_action_name(XMEM_ACTION_NONE), "none");
    ck_assert_str_eq(xmem_action_name(XMEM_ACTION_RESUME), "resume");
}
END_TEST

/* ---- Arm: the answer moves the pc ---- */

static void arm(void)
{
    make_machine(SIM_ARM_S2);
}

START_TEST(arm_denies_by_skipping)
{
    static const struct sim_op ops[] = {{.code = SIM_OP_WRITE, .addr = AT, .value = NEW},
                                        {.code = SIM_OP_READ, .addr = AT}};
    struct xmem_decision d;

    apply_rule("r", "\"deny\"", "");
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, ops, 2, 1), 0);
    ck_assert_int_eq(handle(9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_DENY);
    ck_assert_uint_eq(memory(), OLD);
    ck_assert_uint_eq(vcpu().done, 2);
    ck_assert_uint_eq(vcpu().result, OLD);
}
END_TEST

START_TEST(arm_logs)
{
    struct xmem_decision d;

    apply_rule("r", "\"log\"", "");
    ck_assert_int_eq(run(&write_op, 2, 9, &d), 2);
    ck_assert_uint_eq(memory(), NEW);
}
END_TEST

/* ---- an instruction that is stepped over only by letting others pass ---- */

static const struct sim_op hard_op = {
    .code = SIM_OP_WRITE, .flags = SIM_OP_F_NO_EMUL, .addr = AT, .value = NEW};

/* As on a hypervisor that does not carry an instruction over itself. */
static void pv(void)
{
    session_opts.step_means = XMEM_STEP_EMULATE | XMEM_STEP_RELAX;
    make_machine(SIM_X86_PV);
}

/* The vCPU has not moved, and the text says why. */
static void held(const struct xmem_decision *d, const char *rule)
{
    ck_assert_uint_eq(d->action, XMEM_ACTION_PAUSE);
    ck_assert_uint_eq(d->flags, XMEM_DECISION_STRICT);
    ck_assert(rule ? d->rule && !strcmp(d->rule, rule) : !d->rule);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(session), "by relaxing, but"));
    ck_assert_uint_eq(vcpu().done, 0);
    ck_assert_uint_eq(memory(), OLD);
    ck_assert_int_eq(xmem_domain_unpause(session), 0);
}

START_TEST(strict_pauses)
{
    struct xmem_decision d;

    apply_rule("r", "\"log\"", ",\"step\":\"strict\"");
    ck_assert_int_eq(run(&hard_op, 1, 9, &d), 2);
    held(&d, "r");
}
END_TEST

START_TEST(strict_for_allow_once)
{
    struct xmem_decision d;

    apply_rule("r", "\"allow-once\",\"step\":\"strict\"", "");
    ck_assert_int_eq(run(&hard_op, 1, 9, &d), 2);
    held(&d, "r");
}
END_TEST

/* No rule says what to do, and the session would step over it. */
START_TEST(strict_by_default)
{
    struct xmem_decision d;

    load("\"step\":\"strict\",\"regions\":{\"page\":\"0x10\"},\"rules\":[{\"name\":\"r\","
         "\"region\":\"page\",\"rights\":\"r\"}]");
    ck_assert_int_eq(xmem_domain_write(session, AT, &(uint64_t){OLD}, 8), 0);
    apply_policy();
    ck_assert_int_eq(run(&hard_op, 1, 9, &d), 2);
    held(&d, "r");
}
END_TEST

START_TEST(a_rule_that_is_not_strict)
{
    struct xmem_decision d;

    apply_rule("r", "\"log\",\"step\":\"any\"", ",\"step\":\"strict\"");
    ck_assert_int_eq(run(&hard_op, 1, 9, &d), 1);
    ck_assert_uint_eq(d.action, XMEM_ACTION_LOG);
    ck_assert_uint_eq(d.flags, 0);
    ck_assert_uint_eq(memory(), NEW);
}
END_TEST

/* Where a view, or an emulator, lets nothing pass it is as ever. */
START_TEST(strict_as_ever)
{
    struct xmem_decision d;

    apply_rule("r", "\"log\"", ",\"step\":\"strict\"");
    ck_assert_int_eq(run(&write_op, 3, 9, &d), 3);
    ck_assert_uint_eq(d.action, XMEM_ACTION_LOG);
    ck_assert_uint_eq(d.flags, 0);
    ck_assert_uint_eq(memory(), NEW);
}
END_TEST

static void pv_stepped(void)
{
    session_opts.step_means = 0; /* as the library finds it */
    make_machine(SIM_X86_PV);
}

/* What no emulator does either, where the hypervisor carries it over. */
START_TEST(strict_by_the_hypervisor)
{
    struct xmem_decision d;

    apply_rule("r", "\"log\"", ",\"step\":\"strict\"");
    ck_assert_int_eq(run(&hard_op, 3, 9, &d), 3);
    ck_assert_uint_eq(d.action, XMEM_ACTION_LOG);
    ck_assert_uint_eq(d.flags, 0);
    ck_assert_uint_eq(memory(), NEW);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-decide");
    TCase *tc = tcase_create("x86"), *on_arm = tcase_create("arm"), *on_pv = tcase_create("pv"),
          *stepped = tcase_create("pv-stepped");

    tcase_add_checked_fixture(tc, x86, end_machine);
    tcase_add_test(tc, log_steps_over);
    tcase_add_test(tc, log_limit);
    tcase_add_test(tc, deciding_changes_nothing);
    tcase_add_test(tc, deny_write);
    tcase_add_test(tc, deny_read);
    tcase_add_test(tc, deny_fetch);
    tcase_add_test(tc, allow_once);
    tcase_add_test(tc, pause_holds);
    tcase_add_test(tc, relax_for_good);
    tcase_add_test(tc, resume_faults_again);
    tcase_add_test(tc, filters);
    tcase_add_test(tc, outside_of_rules);
    tcase_add_test(tc, switching_views);
    tcase_add_test(tc, monitors);
    tcase_add_test(tc, monitors_by_index);
    tcase_add_test(tc, death_needs_no_answer);
    tcase_add_test(tc, bad_arguments);
    tcase_add_test(tc, strict_as_ever);
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(on_arm, arm, end_machine);
    tcase_add_test(on_arm, arm_denies_by_skipping);
    tcase_add_test(on_arm, arm_logs);
    suite_add_tcase(suite, on_arm);
    tcase_add_checked_fixture(on_pv, pv, end_machine);
    tcase_add_test(on_pv, strict_pauses);
    tcase_add_test(on_pv, strict_for_allow_once);
    tcase_add_test(on_pv, strict_by_default);
    tcase_add_test(on_pv, a_rule_that_is_not_strict);
    tcase_add_test(on_pv, strict_as_ever);
    suite_add_tcase(suite, on_pv);
    tcase_add_checked_fixture(stepped, pv_stepped, end_machine);
    tcase_add_test(stepped, strict_by_the_hypervisor);
    suite_add_tcase(suite, stepped);
    return run_suite(suite);
}
