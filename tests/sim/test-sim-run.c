/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scheduler, the ring under load, holds, and the fd. */
#include <stdio.h>
#include <unistd.h>

#include "sim/sim-test.h"

#define PAGE(n) ((uint64_t)(n) << XM_PAGE_SHIFT)

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * UINT64_C(0x100000001b3);
}

/* What 4 vCPUs did under a listener that emulates: a digest of the events in their order. */
static uint64_t history(uint64_t seed)
{
    struct listener l = new_listener(seed, SIM_X86_EPT, 4, 64);
    struct sim_random_cfg c = {
        .count = 2000, .gfns = 64, .read = 5, .write = 3, .exec = 1, .rmw = 1};
    uint64_t h = 0;
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, 8, 4, XM_ACCESS_RX), 0);
    for (uint32_t i = 0; i < 4; i++) {
        c.seed = i;
        ck_assert_int_eq(xmi_sim_vcpu_random(l.d, i, &c), 0);
    }
    while (xmi_sim_domain_run(l.d, 1000) != 0) {
        while (take(&l, &ev)) {
            h = mix(mix(h, ev.vcpu_id), ev.u.mem_access.gfn << 12 | ev.u.mem_access.offset);
            h = mix(mix(h, ev.u.mem_access.flags), ev.data.x86.rip);
            answer(&l, &ev, XM_EV_FLAG_EMULATE);
        }
    }
    ck_assert(!xmi_sim_domain_runnable(l.d));
    ck_assert_uint_eq(report(l.d).accesses, 8000);
    ck_assert_uint_gt(report(l.d).events, 100);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
    return h;
}

START_TEST(test_determinism)
{
    uint64_t h = history(7);

    ck_assert_uint_eq(history(7), h);
    ck_assert_uint_ne(history(8), h);
}
END_TEST

static uint32_t count_state(struct sim_domain *d, uint32_t n, enum sim_vcpu_state state)
{
    uint32_t k = 0;

    for (uint32_t i = 0; i < n; i++)
        k += vcpu(d, i).state == state;
    return k;
}

static struct listener twelve(void)
{
    struct listener l = new_listener(3, SIM_X86_EPT, 12, 16);
    const struct sim_op op = {.code = SIM_OP_WRITE, .addr = PAGE(2), .value = 1};

    ck_assert_int_eq(set_rights(&l, 2, 1, XM_ACCESS_R), 0);
    for (uint32_t i = 0; i < 12; i++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, i, &op, 1, 1), 0);
    return l;
}

/* Eight fill the ring, four sleep; every one is delivered in the end, once. */
START_TEST(test_twelve_on_one_page)
{
    struct listener l = twelve();
    uint32_t seen = 0, n = 0;
    struct xm_ev ev;

    while (xmi_sim_domain_run(l.d, 100) != 0)
        ;
    ck_assert_uint_eq(report(l.d).unanswered, 8);
    ck_assert_uint_eq(count_state(l.d, 12, SIM_VCPU_PAUSED), 8);
    ck_assert_uint_eq(count_state(l.d, 12, SIM_VCPU_WAITING), 4);
    ck_assert_int_eq(ring_disable(&l), -XM_EBUSY);
    do {
        while (take(&l, &ev)) {
            ck_assert_uint_eq(seen & 1u << ev.vcpu_id, 0);
            seen |= 1u << ev.vcpu_id;
            n++;
            answer(&l, &ev, XM_EV_FLAG_EMULATE);
        }
    } while (xmi_sim_domain_run(l.d, 100) != 0);
    ck_assert_uint_eq(n, 12);
    ck_assert_uint_eq(report(l.d).accesses, 12);
    ck_assert_uint_eq(count_state(l.d, 12, SIM_VCPU_IDLE), 12);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* Events that stop nobody do, once there are fewer free slots than vCPUs. */
START_TEST(test_async_ring_full)
{
    struct listener l = new_listener(3, SIM_X86_EPT, 3, 16);
    const struct sim_op op = {.code = SIM_OP_GUEST_REQUEST};
    uint32_t n = 0;
    struct xm_ev ev;

    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_GUEST_REQUEST, 0), 0);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, i, &op, 1, 50), 0);
    while (xmi_sim_domain_run(l.d, 100) != 0)
        ;
    ck_assert_uint_eq(report(l.d).unanswered, 8);
    ck_assert_uint_eq(count_state(l.d, 3, SIM_VCPU_RUNNABLE), 0);
    do {
        while (take(&l, &ev)) {
            ck_assert_uint_eq(ev.flags & XM_EV_FLAG_VCPU_PAUSED, 0);
            n++;
            answer(&l, &ev, 0);
        }
    } while (xmi_sim_domain_run(l.d, 100) != 0);
    ck_assert_uint_eq(n, 150);
    ck_assert_uint_eq(report(l.d).double_answers, 0);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 0);
    ck_assert_uint_eq(report(l.d).leaked_slots, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A single-step event that finds no slot is not lost. */
START_TEST(test_step_waits_for_slot)
{
    struct listener l = twelve();
    struct xm_ev first, ev;
    uint32_t steps = 0;

    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_SINGLESTEP, 0), 0);
    while (xmi_sim_domain_run(l.d, 100) != 0)
        ;
    ck_assert(take(&l, &first));
    answer(&l, &first, XM_EV_FLAG_EMULATE | XM_EV_FLAG_TOGGLE_SINGLESTEP);
    while (xmi_sim_domain_run(l.d, 100) != 0)
        ;
    /* Its slot went to a sleeper; it has nothing left to do but to tell its step. */
    ck_assert_uint_eq(vcpu(l.d, first.vcpu_id).done, 1);
    ck_assert(xmi_sim_domain_runnable(l.d));
    do {
        while (take(&l, &ev)) {
            bool step = ev.reason == XM_EV_REASON_SINGLESTEP;

            steps += step;
            answer(&l, &ev, step ? XM_EV_FLAG_TOGGLE_SINGLESTEP : XM_EV_FLAG_EMULATE);
        }
    } while (xmi_sim_domain_run(l.d, 100) != 0);
    ck_assert_uint_eq(steps, 1);
    ck_assert_uint_eq(report(l.d).accesses, 12);
    ck_assert(!xmi_sim_domain_runnable(l.d));
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* As on each released Xen, unless the machine says otherwise. */
START_TEST(test_no_holds)
{
    struct listener l = new_listener(1, (enum sim_kind)_i, 2, 16);

    ck_assert_int_eq(domctl(&l, XM_DOMCTL_GDBSX_PAUSE_VCPU, 1, 0), -XM_EOPNOTSUPP);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_GDBSX_UNPAUSE_VCPU, 1, 0), -XM_EOPNOTSUPP);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_holds)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 2, 16);
    const struct sim_op op = {.code = SIM_OP_READ, .addr = 0};
    struct sim_domain_info i;

    l.d->cfg.holds = true;

    for (uint32_t k = 0; k < 2; k++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, k, &op, 1, 0), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_GDBSX_PAUSE_VCPU, 1, 0), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_GDBSX_PAUSE_VCPU, 2, 0), -XM_EINVAL);
    xmi_sim_domain_run(l.d, 1000);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1000);
    ck_assert_uint_eq(vcpu(l.d, 1).done, 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_PAUSE, 0, 0), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_PAUSE, 0, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1000), 0);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 2);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_UNPAUSE, 0, 0), 0);
    xmi_sim_domain_info(l.d, &i);
    ck_assert(i.paused);
    ck_assert_int_eq(vcpu(l.d, 0).state, SIM_VCPU_PAUSED);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_UNPAUSE, 0, 0), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_UNPAUSE, 0, 0), -XM_EINVAL);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_GDBSX_UNPAUSE_VCPU, 1, 0), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_GDBSX_UNPAUSE_VCPU, 1, 0), -XM_EINVAL);
    xmi_sim_domain_run(l.d, 10000);
    ck_assert_uint_gt(vcpu(l.d, 1).done, 0);
    ck_assert_uint_eq(report(l.d).leftover_pauses, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* vCPU 1 two ops at a time, then nobody; of whom may run is asked each time. */
static uint32_t only_1(void *ctx, const uint32_t *vcpus, uint32_t n, uint64_t *ops)
{
    unsigned *asked = ctx;

    ck_assert_uint_eq(n, 2);
    ck_assert(vcpus[0] == 0 && vcpus[1] == 1 && *ops == 1);
    *ops = 2;
    return ++*asked < 3 ? 1 : SIM_NOBODY;
}

START_TEST(test_schedule)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 2, 16);
    const struct sim_op op = {.code = SIM_OP_READ, .addr = PAGE(3)};
    unsigned asked = 0;

    for (uint32_t i = 0; i < 2; i++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, i, &op, 1, 100), 0);
    xmi_sim_domain_schedule(l.d, only_1, &asked);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1000), 4);
    ck_assert_uint_eq(asked, 3);
    ck_assert_uint_eq(vcpu(l.d, 1).done, 4);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 0);
    xmi_sim_domain_schedule(l.d, NULL, NULL);
    while (xmi_sim_domain_run(l.d, 1000) != 0)
        ;
    ck_assert_uint_eq(vcpu(l.d, 0).done, 100);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_fd)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev;

    ck_assert(!readable(l.d));
    ck_assert_int_eq(set_rights(&l, 1, 1, XM_ACCESS_RX), 0);
    one_op(l.d, SIM_OP_WRITE, PAGE(1), 1);
    ck_assert(readable(l.d)); /* somebody could run */
    xmi_sim_evtchn_quiet(l.d, true);
    ck_assert(!readable(l.d));
    xmi_sim_domain_run(l.d, 10);
    ck_assert(readable(l.d)); /* an event */
    xmi_sim_evtchn_ack(l.d);
    ck_assert(!readable(l.d));
    xmi_sim_evtchn_ack(l.d);
    xmi_sim_evtchn_quiet(l.d, false);
    ck_assert(!readable(l.d)); /* nobody can run */
    ck_assert(take(&l, &ev));
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    ck_assert(readable(l.d));
    xmi_sim_evtchn_ack(l.d);
    ck_assert(readable(l.d));
    xmi_sim_domain_run(l.d, 10);
    ck_assert(!readable(l.d));
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* What comes soon comes when somebody has run, once. */
START_TEST(test_fd_soon)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    const struct sim_op op = {.code = SIM_OP_WRITE, .addr = PAGE(1)};

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 2), 0);
    xmi_sim_evtchn_quiet(l.d, true);
    xmi_sim_evtchn_soon(l.d);
    xmi_sim_evtchn_soon(l.d);
    ck_assert(!readable(l.d));
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 0), 0);
    ck_assert(!readable(l.d));
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(readable(l.d));
    xmi_sim_evtchn_ack(l.d);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert(!readable(l.d));
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A replaced program does not inherit the answer to the one before. */
START_TEST(test_new_program_while_stopped)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, 1, 2, XM_ACCESS_R), 0);
    one_op(l.d, SIM_OP_WRITE, PAGE(1), 1);
    xmi_sim_domain_run(l.d, 10);
    ck_assert(take(&l, &ev));
    one_op(l.d, SIM_OP_WRITE, PAGE(2), 1);
    answer(&l, &ev, XM_EV_FLAG_EMULATE);
    xmi_sim_domain_run(l.d, 10);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.gfn, 2);
    ck_assert_uint_eq(report(l.d).accesses, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A replay with rights in its way, on the loops made for speed: each violation is seen. */
START_TEST(test_trace_violations)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 64);
    char path[] = "/tmp/test-sim-XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    uint64_t events = 0;
    struct xm_ev ev;

    for (int i = 0; i < 20000; i++)
        fprintf(f, " %c %x,1\n", i % 100 == 0 ? 'S' : 'L', 0x1000 * (1 + i % 50));
    fclose(f);
    ck_assert_int_eq(xmi_sim_vcpu_trace(l.d, 0, path, 1, NULL), 0);
    unlink(path);
    ck_assert_int_eq(set_rights(&l, 0, 50, XM_ACCESS_R), 0);
    while (xmi_sim_domain_run(l.d, 1000000) != 0) {
        while (take(&l, &ev)) {
            events++;
            answer(&l, &ev, XM_EV_FLAG_EMULATE);
        }
    }
    ck_assert_uint_eq(events, 200);
    ck_assert_uint_eq(report(l.d).accesses, 20000);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 20000);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void script(struct sim_domain *d, uint32_t v, struct sim_op a, struct sim_op b)
{
    const struct sim_op ops[2] = {a, b};

    ck_assert_int_eq(xmi_sim_vcpu_script(d, v, ops, 2, 1), 0);
}

static const struct sim_op a_read = {.code = SIM_OP_READ};

/* Who waits, for an answer or for a slot, or is paused with its domain, does not sleep; who is done does. */
START_TEST(test_asleep)
{
    struct listener l = twelve();
    struct xm_ev ev;

    while (xmi_sim_domain_run(l.d, 100) != 0)
        ;
    for (uint32_t i = 0; i < 12; i++)
        ck_assert(!vcpu(l.d, i).asleep);
    do {
        while (take(&l, &ev))
            answer(&l, &ev, XM_EV_FLAG_EMULATE);
    } while (xmi_sim_domain_run(l.d, 100) != 0);
    script(l.d, 0, a_read, (struct sim_op){.code = SIM_OP_HALT});
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_PAUSE, 0, 0), 0);
    ck_assert(!vcpu(l.d, 0).asleep && vcpu(l.d, 1).asleep);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_UNPAUSE, 0, 0), 0);
    while (xmi_sim_domain_run(l.d, 100) != 0)
        ;
    ck_assert(vcpu(l.d, 0).asleep);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* By its timer, which goes while another one works, and at once when nobody does. */
START_TEST(test_halt_timer)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, (enum sim_kind)_i, 2, 16);
    uint64_t pc = vcpu(d, 0).pc;

    script(d, 0, (struct sim_op){.code = SIM_OP_HALT, .value = 100}, a_read);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 1), 1);
    ck_assert_uint_eq(vcpu(d, 0).done, 1);
    ck_assert_uint_gt(vcpu(d, 0).pc, pc);
    ck_assert_int_eq(vcpu(d, 0).state, SIM_VCPU_HALTED);
    ck_assert(readable(d));
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 1, &a_read, 1, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 90), 90);
    ck_assert_uint_eq(vcpu(d, 0).done, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 10000), 10000);
    ck_assert_uint_eq(vcpu(d, 0).done, 2);
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 1, &a_read, 1, 1), 0);
    script(d, 0, (struct sim_op){.code = SIM_OP_HALT, .value = UINT64_C(1) << 40}, a_read);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 3);
    ck_assert(!xmi_sim_domain_runnable(d));
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_halt_until_woken)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 2, 16);
    struct sim_op bad = {.code = SIM_OP_WAKE, .index = 2};

    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &bad, 1, 1), -XM_EINVAL);
    script(d, 0, (struct sim_op){.code = SIM_OP_HALT}, a_read);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 1);
    ck_assert(!readable(d) && !xmi_sim_domain_runnable(d));
    script(d, 1, (struct sim_op){.code = SIM_OP_WAKE, .index = 0}, a_read);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 3);
    ck_assert_uint_eq(vcpu(d, 0).done, 2);
    script(d, 0, (struct sim_op){.code = SIM_OP_HALT}, a_read);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 1);
    ck_assert_int_eq(xmi_sim_vcpu_wake(d, 2), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_wake(d, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 1);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* Stepped, it is told of its halt when it wakes. */
START_TEST(test_halt_while_stepping)
{
    struct listener l = new_listener(1, SIM_X86_EPT, 1, 16);
    struct xm_ev ev;

    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_SINGLESTEP, 0), 0);
    l.d->vcpu[0].core->single_step = true;
    script(l.d, 0, (struct sim_op){.code = SIM_OP_HALT}, a_read);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(!take(&l, &ev));
    ck_assert_int_eq(xmi_sim_vcpu_wake(l.d, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.reason, XM_EV_REASON_SINGLESTEP);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    answer(&l, &ev, XM_EV_FLAG_TOGGLE_SINGLESTEP);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 2);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_loop_test(t, test_halt_timer, SIM_X86_EPT, SIM_X86_PV);
    tcase_add_test(t, test_halt_until_woken);
    tcase_add_test(t, test_halt_while_stepping);
    tcase_add_test(t, test_determinism);
    tcase_add_test(t, test_twelve_on_one_page);
    tcase_add_test(t, test_asleep);
    tcase_add_test(t, test_async_ring_full);
    tcase_add_test(t, test_step_waits_for_slot);
    tcase_add_loop_test(t, test_no_holds, SIM_X86_EPT, SIM_X86_PV);
    tcase_add_test(t, test_holds);
    tcase_add_test(t, test_schedule);
    tcase_add_test(t, test_fd);
    tcase_add_test(t, test_fd_soon);
    tcase_add_test(t, test_new_program_while_stopped);
    tcase_add_test(t, test_trace_violations);
}

int main(void)
{
    return run_suite("sim-run", fill);
}
