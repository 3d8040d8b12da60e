/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "deny": what must not happen does not happen, nor anything else of its instruction; where the kind cannot deny. */
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

/* ---- other pages of the instruction ---- */

#define PAGE_SIZE UINT64_C(0x1000)
#define FIRST 0x10u /* five pages are restricted, all others are not */
#define RESTRICTED 5u
#define OLD(page) ((uint8_t)(0x40 + (page)))

static const struct {
    const char *rights;
    struct sim_op op;
    unsigned denied, logged; /* pages; those logged before it, of which bit 0 is the first */
    unsigned traps;
} many[] = {
    /* the write of what is read as zeros */
    {"n", {.code = SIM_OP_COPY, .addr = 0x10008, .to = 0x12008}, 0, 0, 0},
    {"n", {.code = SIM_OP_COPY, .addr = 0x10ffc, .to = 0x12ffc}, 0, 0, 0},
    {"n", {.code = SIM_OP_COPY, .addr = 0x10ffc, .to = 0x12ffc}, 1, 1, 0},
    {"n", {.code = SIM_OP_COPY, .addr = 0x10ffc, .to = 0x12ffc}, 2, 3, 0},
    {"n", {.code = SIM_OP_COPY, .addr = 0x10ffc, .to = 0x12ffc}, 3, 7, 0},
    {"n", {.code = SIM_OP_COPY, .addr = 0x10008, .to = 0x10010}, 0, 0, 0},
    {"n", {.code = SIM_OP_READ, .addr = 0x10ffc}, 0, 0, 0},
    {"rx", {.code = SIM_OP_WRITE, .addr = 0x10ffc, .value = 2}, 0, 0, 0},
    {"rx", {.code = SIM_OP_WRITE, .addr = 0x10ffc, .value = 2}, 1, 1, 0},
    {"n", {.code = SIM_OP_RMW, .addr = 0x10ffc, .value = 2}, 0, 0, 0},
    /* the read of what is not written */
    {"n", {.code = SIM_OP_RMW, .addr = 0x10008, .value = 2}, 0, 0, 0},
    {"n", {.code = SIM_OP_READ, .addr = 0x10008, .flags = SIM_OP_F_WALK}, 0, 0, 0},
    /* the access of what may not be fetched */
    {"n",
     {.code = SIM_OP_WRITE, .addr = 0x12008, .flags = SIM_OP_F_FETCH, .fetch = 0x10008},
     0,
     0,
     1},
    {"n",
     {.code = SIM_OP_COPY,
      .addr = 0x13008,
      .to = 0x12008,
      .flags = SIM_OP_F_FETCH,
      .fetch = 0x10ffe},
     1,
     1,
     1},
};

static void deny_one_log_others(const char *rights, unsigned denied)
{
    char text[2048];
    size_t n = 0;

    n += (size_t)snprintf(text, sizeof(text), "\"regions\":{\"p0\":\"0x10\"");
    for (unsigned i = 1; i < RESTRICTED; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"p%u\":\"0x%x\"", i, FIRST + i);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "},\"rules\":[");
    for (unsigned i = 0; i < RESTRICTED; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "%s{\"region\":\"p%u\",\"rights\":\"%s\",\"on\":\"%s\"}",
                              i ? "," : "", i, rights, i == denied ? "deny" : "log");
    snprintf(text + n, sizeof(text) - n, "]");
    load(text);
}

static void fill(uint8_t *page, unsigned i)
{
    memset(page, OLD(i), PAGE_SIZE);
    ck_assert_int_eq(xmem_domain_write(session, (FIRST + i) * PAGE_SIZE, page, PAGE_SIZE), 0);
}

static void as_filled(uint8_t *page, unsigned i)
{
    ck_assert_int_eq(xmem_domain_read(session, (FIRST + i) * PAGE_SIZE, page, PAGE_SIZE), 0);
    for (size_t b = 0; b < PAGE_SIZE; b++)
        ck_assert_msg(page[b] == OLD(i), "page %u, byte %zu", i, b);
}

/* All events are answered by the policy. The pages whose action was that. */
static unsigned handle_all(unsigned *denied)
{
    const struct xmem_event *ev;
    unsigned logged = 0;

    *denied = 0;
    for (int n = 0; n < 50; n++) {
        struct xmem_decision d = XMEM_INIT(d);

        xmi_sim_domain_run(guest, 100);
        if (xmem_event_next(session, &ev) != 0)
            break;
        ck_assert_int_eq(xmem_policy_handle(policy, session, ev, &d), 0);
        if (d.action == XMEM_ACTION_DENY)
            *denied |= 1u << (ev->u.mem.gfn - FIRST);
        else
            logged |= 1u << (ev->u.mem.gfn - FIRST);
        ck_assert_int_eq(xmem_event_flush(session), 0);
    }
    return logged;
}

/* The machine's report says that nothing was reached that is forbidden. */
START_TEST(nothing_of_a_denied_instruction_passes)
{
    static uint8_t page[PAGE_SIZE];
    const size_t n = sizeof(many) / sizeof(many[0]);
    const struct sim_op *op = &many[(size_t)_i % n].op;
    struct sim_vcpu_info v;
    unsigned denied;

    deny_one_log_others(many[(size_t)_i % n].rights, many[(size_t)_i % n].denied);
    for (unsigned i = 0; i < RESTRICTED; i++)
        fill(page, i);
    apply_policy();
    ck_assert_int_eq(xmi_sim_vcpu_script(guest, 0, op, 1, 1), 0);
    ck_assert_uint_eq(handle_all(&denied), many[(size_t)_i % n].logged);
    ck_assert_uint_eq(denied, 1u << many[(size_t)_i % n].denied);
    for (unsigned i = 0; i < RESTRICTED; i++)
        as_filled(page, i);
    ck_assert_int_eq(xmi_sim_vcpu_info(guest, 0, &v), 0);
    ck_assert_uint_eq(v.done, 1);
    ck_assert_uint_eq(v.traps, many[(size_t)_i % n].traps);
    if (denied == 1) /* what it reads reached no register */
        ck_assert_uint_ne(v.result & 0xff, OLD(0));
}
END_TEST

static void npt(void)
{
    make_machine(SIM_X86_NPT);
}

static void by_single_step(void)
{
    session_opts.step_means = XMEM_STEP_SINGLE;
    make_machine(SIM_X86_EPT);
}

static void by_emulation(void)
{
    session_opts.step_means = XMEM_STEP_EMULATE;
    make_machine(SIM_X86_EPT);
}

static void on(Suite *suite, const char *name, void (*begin)(void), int n)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, begin, end_machine);
    tcase_add_loop_test(tc, nothing_of_a_denied_instruction_passes, 0, n);
    suite_add_tcase(suite, tc);
}

int main(void)
{
    Suite *suite = suite_create("policy-deny");
    TCase *tc = tcase_create("pv");
    const int n = sizeof(many) / sizeof(many[0]);

    tcase_add_checked_fixture(tc, pv, end_machine);
    tcase_add_loop_test(tc, what_cannot_be_denied_pauses, 0, 6);
    suite_add_tcase(suite, tc);
    on(suite, "ept", x86, n);
    on(suite, "npt", npt, n);
    on(suite, "single", by_single_step, n);
    on(suite, "emulated", by_emulation,
       n - 1); /* of code in the guest's own memory it knows one page */
    return run_suite(suite);
}
