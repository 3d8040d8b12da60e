/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EMULATE answers on the PV machine: what they let through, and what the emulator does not do. */
#include "sim-pv-test.h"

#define PAGE (FIRST + 3)
#define NEXT (PAGE + 1)

static struct listener l;
static struct xm_ev ev;

static void begin(void)
{
    l = pv_listener(2);
    ck_assert_int_eq(set_rights(&l, PAGE, 2, XM_ACCESS_R), 0);
}

static void end(void)
{
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    ck_assert(no_event(&l));
    xmi_sim_machine_destroy(l.m);
}

static void run_on(uint32_t flags)
{
    answer(&l, &ev, flags);
    while (xmi_sim_domain_run(l.d, 64) != 0)
        ;
}

static void told(uint64_t mfn, uint32_t reason)
{
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.reason, reason);
    if (reason == XM_EV_REASON_MEM_ACCESS)
        ck_assert_uint_eq(ev.u.mem_access.gfn, mfn);
}

static void listen_for_unimplemented(void)
{
    struct xm_domctl c = {.cmd = XM_DOMCTL_MONITOR_OP,
                          .interface_version = xm_domctl_version(MINOR)};

    c.domain = (uint16_t)l.d->cfg.domid;
    c.u.monitor_op.op = XM_MONITOR_ENABLE;
    c.u.monitor_op.event = XM_MONITOR_EMUL_UNIMPLEMENTED;
    ck_assert_int_eq(xmi_sim_hc_domctl(l.m, &c), 0);
}

static void write_so(uint16_t flags)
{
    const struct sim_op op = {.code = SIM_OP_WRITE, .flags = flags, .addr = at(PAGE), .value = 7};

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
    while (xmi_sim_domain_run(l.d, 64) != 0)
        ;
    told(PAGE, XM_EV_REASON_MEM_ACCESS);
}

/* Once, and nobody else gets by. */
START_TEST(one_access)
{
    ev = pv_stopped(&l, SIM_OP_WRITE, at(PAGE), 7, PAGE, XM_DO_W);
    run_on(XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(peek64(l.d, at(PAGE)), 7);
    ev = pv_stopped(&l, SIM_OP_WRITE, at(PAGE), 8, PAGE, XM_DO_W);
    ck_assert_uint_eq(peek64(l.d, at(PAGE)), 7);
    run_on(XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(peek64(l.d, at(PAGE)), 8);
}
END_TEST

/* Nobody answered for the second frame; the first one is not told again. */
START_TEST(two_frames)
{
    ev = pv_stopped(&l, SIM_OP_WRITE, at(NEXT) - 4, UINT64_MAX, PAGE, XM_DO_W);
    run_on(XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(peek64(l.d, at(NEXT) - 8), 0);
    told(NEXT, XM_EV_REASON_MEM_ACCESS);
    run_on(0);
    told(NEXT, XM_EV_REASON_MEM_ACCESS);
    run_on(XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(peek64(l.d, at(NEXT)), UINT32_MAX);
}
END_TEST

/* A read was answered for, the write of the same instruction was not. */
START_TEST(another_access_to_the_same_frame)
{
    const struct sim_op op = {.code = SIM_OP_COPY, .addr = at(PAGE), .to = at(PAGE) + 8};

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
    ck_assert_uint_ne(xmi_sim_domain_run(l.d, 64), 0);
    told(PAGE, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, XM_DO_R);
    run_on(XM_EV_FLAG_EMULATE);
    told(PAGE, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, XM_DO_W);
    run_on(XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
}
END_TEST

START_TEST(not_emulated_is_reported_again)
{
    write_so(SIM_OP_F_NO_EMUL);
    run_on(XM_EV_FLAG_EMULATE);
    told(PAGE, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 0);
    ck_assert_uint_eq(peek64(l.d, at(PAGE)), 0);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RWX), 0);
    run_on(0);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
}
END_TEST

/* Of a PV guest the emulator gives nothing up without a word. */
START_TEST(not_emulated_is_told)
{
    listen_for_unimplemented();
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_R), 0);
        write_so(i ? SIM_OP_F_UNHANDLEABLE : SIM_OP_F_NO_EMUL);
        run_on(XM_EV_FLAG_EMULATE);
        told(0, XM_EV_REASON_EMUL_UNIMPLEMENTED);
        ck_assert_uint_eq(vcpu(l.d, 0).traps, 0);
        run_on(0); /* the answer was for that try */
        told(PAGE, XM_EV_REASON_MEM_ACCESS);
        ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RWX), 0);
        run_on(0);
        ck_assert_uint_eq(vcpu(l.d, 0).done, i + 1);
    }
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, one_access);
    tcase_add_test(t, two_frames);
    tcase_add_test(t, another_access_to_the_same_frame);
    tcase_add_test(t, not_emulated_is_reported_again);
    tcase_add_test(t, not_emulated_is_told);
}

int main(void)
{
    return run_suite("sim-pv-emulate", fill);
}
