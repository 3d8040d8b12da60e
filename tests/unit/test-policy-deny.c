/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "deny" where the kind cannot deny: what must not happen does not happen. */
#include <errno.h>

#include "policy-machine.h"

#define AT 0x10008u /* page 0x10 */

static void pv(void)
{
    make_machine(SIM_X86_PV);
}

static void nothing_is_done(const char *rights, const struct sim_op *op, bool default_action)
{
    const uint64_t old = 1;
    struct xmem_decision d = XMEM_INIT(d);
    struct xmem_domain_info info = XMEM_INIT(info);
    const struct xmem_event *ev;
    struct sim_vcpu_info v;
    char text[512];
    uint64_t now;

    snprintf(text, sizeof(text),
             "\"regions\":{\"p\":\"0x10-0x13\"},\"rules\":[{\"name\":\"r\","
             "\"region\":\"p\",\"rights\":\"%s\"%s}]%s",
             rights, default_action ? "" : ",\"on\":\"deny\"",
             default_action ? ",\"default_action\":\"deny\"" : "");
    load(text);
    ck_assert_int_eq(xmem_domain_write(session, AT, &old, 8), 0);
    apply_policy();
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, op, 1, 1), 0);
    ck_assert_int_eq(xmem_event_next(session, &ev), 0);
    ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &d), 0);
    ck_assert_uint_eq(d.action, XMEM_ACTION_PAUSE);
    ck_assert_int_eq(xmem_event_flush(session), 0);
    xmi_sim_domain_run(guest, 100);
    ck_assert_int_eq(xmi_sim_vcpu_info(guest, 0, &v), 0);
    ck_assert_uint_eq(v.done, 0);
    ck_assert_int_eq(xmem_domain_read(session, AT, &now, 8), 0);
    ck_assert_uint_eq(now, old);
    ck_assert_int_eq(xmem_domain_get_info(session, &info), 0);
    ck_assert_uint_ne(info.flags & XMEM_DOMAIN_PAUSED, 0);
}

START_TEST(what_cannot_be_denied_pauses)
{
    static const struct sim_op ops[] = {{.code = SIM_OP_WRITE, .addr = AT, .value = 2},
                                        {.code = SIM_OP_READ, .addr = AT},
                                        {.code = SIM_OP_EXEC, .addr = AT}};
    static const char *const rights[] = {"rx", "n", "rw"};

    nothing_is_done(rights[_i % 3], &ops[_i % 3], _i >= 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy-deny");
    TCase *tc = tcase_create("pv");

    tcase_add_checked_fixture(tc, pv, end_machine);
    tcase_add_loop_test(tc, what_cannot_be_denied_pauses, 0, 6);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
