/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* armv8r-mpu: a guest confined by the MPUs of its cores, as a listener sees it. */
#include "sim-test.h"

#define FIRST 0x80000u
#define PAGES 64u
#define ALL_RIGHTS XM_ACCESS_DEFAULT /* those with a number below */

static struct sim_domain *mpu_domain(struct sim_machine *m, uint32_t vcpus, uint32_t regions,
                                     bool whole)
{
    const struct sim_domain_cfg cfg = {.kind = SIM_ARMV8R_MPU,
                                       .vcpus = vcpus,
                                       .pages = PAGES,
                                       .first_gfn = FIRST,
                                       .regions = regions,
                                       .whole = whole,
                                       .qemu_codes = vcpus % 2 == 0,
                                       .name = "r52"};
    struct sim_domain *d = NULL;

    ck_assert_int_eq(xmi_sim_domain_create(m, &cfg, &d), 0);
    return d;
}

static struct listener mpu_listener(uint32_t vcpus, uint32_t regions, bool whole)
{
    struct listener l = {.m = new_machine(1)};

    l.d = mpu_domain(l.m, vcpus, regions, whole);
    ck_assert_int_eq(ring_enable(&l), 0);
    return l;
}

static void end(struct listener *l)
{
    struct sim_report r = report(l->d);

    ck_assert_uint_eq(r.forbidden, 0);
    ck_assert_uint_eq(xmi_sim_mpu_defects(l->d), 0);
    xmi_sim_machine_destroy(l->m);
}

static uint64_t at(uint64_t i)
{
    return (FIRST + i) << XM_PAGE_SHIFT;
}

static struct sim_mpu_info core(struct listener *l, uint32_t vcpu_id)
{
    struct sim_mpu_info i;

    ck_assert_int_eq(xmi_sim_mpu_core_info(l->d, vcpu_id, &i), 0);
    return i;
}

/* Does it; true: it caused an event, which is in *ev. */
static bool causes(struct listener *l, uint8_t code, uint64_t addr, struct xm_ev *ev)
{
    one_op(l->d, code, addr, 42);
    (void)xmi_sim_domain_run(l->d, 8);
    return take(l, ev);
}

START_TEST(test_memory)
{
    struct listener l = mpu_listener(1, 0, false);
    struct sim_domain_info info;

    xmi_sim_domain_info(l.d, &info);
    ck_assert_int_eq(info.kind, SIM_ARMV8R_MPU);
    ck_assert_uint_eq(info.regions, 12); /* of 16: window, Xen's own two, its view */
    ck_assert_uint_eq(info.pages, PAGES);
    one_op(l.d, SIM_OP_WRITE, at(3) + 8, 77);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 8), 1);
    ck_assert_uint_eq(peek64(l.d, at(3) + 8), 77);
    ck_assert_uint_eq(core(&l, 0).regions, 1);
    /* Direct-mapped: what it has it can give up and take back, and get nothing else. */
    ck_assert_int_eq(xmi_sim_depopulate(l.d, FIRST + 5), 0);
    ck_assert_uint_eq(core(&l, 0).regions, 2);
    one_op(l.d, SIM_OP_READ, at(5), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 8), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).result, UINT64_MAX);
    ck_assert_int_eq(xmi_sim_populate(l.d, FIRST + 5), 0);
    ck_assert_uint_eq(core(&l, 0).regions, 1);
    ck_assert_int_eq(xmi_sim_populate(l.d, FIRST + PAGES), -XM_EINVAL);
    end(&l);
}
END_TEST

/* Each right times each access. */
START_TEST(test_rights)
{
    static const struct {
        uint8_t code, what;
    } ops[] = {{SIM_OP_READ, 1}, {SIM_OP_WRITE, 2}, {SIM_OP_EXEC, 4}, {SIM_OP_RMW, 3}};
    struct listener l = mpu_listener(1, 0, false);
    struct xm_ev ev;

    for (uint8_t a = XM_ACCESS_N; a <= XM_ACCESS_RWX; a++) {
        for (unsigned k = 0; k < 4; k++) {
            unsigned missing = ops[k].what & ~xm_rights_bits((enum xm_access)a);
            bool allowed = missing == 0;

            ck_assert_int_eq(set_rights(&l, FIRST + 7, 1, a), 0);
            ck_assert_int_eq(causes(&l, ops[k].code, at(7) + 16, &ev), !allowed);
            if (allowed)
                continue;
            ck_assert_uint_eq(ev.u.mem_access.gfn, FIRST + 7);
            ck_assert_uint_eq(ev.u.mem_access.offset, 16);
            /* A read-modify-write is a read, and then a write. */
            ck_assert_uint_eq(ev.u.mem_access.flags & 7u, missing & -missing);
            ck_assert_int_eq(set_rights(&l, FIRST + 7, 1, XM_ACCESS_RWX), 0);
            answer(&l, &ev, 0);
            ck_assert_uint_eq(xmi_sim_domain_run(l.d, 8), 1);
        }
    }
    end(&l);
}
END_TEST

/* The plan is what the rights need, and a change of one page is a few register writes. */
START_TEST(test_plan)
{
    struct listener l = mpu_listener(1, 0, false);
    uint64_t writes;

    ck_assert_int_eq(set_rights(&l, FIRST, 16, XM_ACCESS_RX), 0);
    ck_assert_int_eq(set_rights(&l, FIRST + 16, 16, XM_ACCESS_RW), 0);
    ck_assert_int_eq(set_rights(&l, FIRST + 32, 32, XM_ACCESS_N), 0);
    ck_assert_uint_eq(core(&l, 0).planned, 2);
    ck_assert_uint_eq(core(&l, 0).regions, 2);
    writes = core(&l, 0).register_writes;
    ck_assert_int_eq(set_rights(&l, FIRST + 32, 1, XM_ACCESS_RW), 0); /* grows by a page */
    ck_assert_uint_eq(core(&l, 0).register_writes, writes + 1);
    ck_assert_int_eq(set_rights(&l, FIRST + 40, 1, XM_ACCESS_W), 0); /* has no region anyway */
    ck_assert_uint_eq(core(&l, 0).register_writes, writes + 1);
    end(&l);
}
END_TEST

START_TEST(test_whole_refuses)
{
    struct listener l = mpu_listener(2, 8, true);
    struct xm_ev ev;
    uint64_t writes;

    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(set_rights(&l, FIRST + 2 * i, 1, XM_ACCESS_N), 0);
    ck_assert_uint_eq(core(&l, 0).planned, 3);
    ck_assert_int_eq(set_rights(&l, FIRST + 7, 1, XM_ACCESS_N), 0);
    writes = core(&l, 1).register_writes;
    ck_assert_int_eq(set_rights(&l, FIRST + 9, 2, XM_ACCESS_R), -XM_ENOSPC);
    ck_assert_uint_eq(core(&l, 1).register_writes, writes);
    ck_assert_uint_eq(core(&l, 0).planned, 4);
    ck_assert(!causes(&l, SIM_OP_WRITE, at(9), &ev)); /* as before */
    ck_assert(causes(&l, SIM_OP_READ, at(7), &ev));
    ck_assert_int_eq(set_rights(&l, FIRST, PAGES, XM_ACCESS_RWX), 0);
    answer(&l, &ev, 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 8), 1);
    end(&l);
}
END_TEST

/* More ranges than regions: nobody notices but the counters. */
START_TEST(test_demand)
{
    struct listener l = mpu_listener(4, 8, false);
    struct sim_random_cfg r = {.first_gfn = FIRST, .gfns = PAGES, .count = 5000, .read = 1};

    for (unsigned i = 0; i < PAGES; i += 2)
        ck_assert_int_eq(set_rights(&l, FIRST + i, 1, XM_ACCESS_RX), 0);
    for (unsigned i = 0; i < 4; i++) {
        r.seed = i;
        ck_assert_int_eq(xmi_sim_vcpu_random(l.d, i, &r), 0);
    }
    while (xmi_sim_domain_run(l.d, 10000) != 0)
        ;
    ck_assert_uint_eq(report(l.d).accesses, 20000);
    ck_assert_uint_eq(report(l.d).events, 0);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(core(&l, i).planned, PAGES);
        ck_assert_uint_eq(core(&l, i).regions, 4);
        ck_assert_uint_gt(core(&l, i).evictions, 1000);
    }
    end(&l);
}
END_TEST

/* A change reaches each core; where it does not, the machine sees it. */
START_TEST(test_every_core)
{
    struct listener l = mpu_listener(3, 0, false);
    const struct sim_op op = {.code = SIM_OP_WRITE, .addr = at(1)};
    struct xm_ev ev;

    for (unsigned broken = 0; broken < 2; broken++) {
        xmi_sim_break_tlb_flush(l.d, broken != 0);
        ck_assert_int_eq(set_rights(&l, FIRST + 1, 1, XM_ACCESS_R), 0);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_int_eq(xmi_sim_vcpu_script(l.d, i, &op, 1, 1), 0);
        while (xmi_sim_domain_run(l.d, 8) != 0 && broken != 0)
            ;
        while (xmi_sim_domain_run(l.d, 8) != 0)
            ;
        ck_assert_uint_eq(report(l.d).forbidden, broken != 0 ? 3 : 0);
        ck_assert_uint_eq(report(l.d).events, 3);
        xmi_sim_break_tlb_flush(l.d, false);
        ck_assert_int_eq(set_rights(&l, FIRST + 1, 1, XM_ACCESS_RWX), 0);
        while (take(&l, &ev))
            answer(&l, &ev, 0);
        (void)xmi_sim_domain_run(l.d, 8);
    }
    ck_assert_uint_eq(xmi_sim_mpu_defects(l.d), 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* Nobody listens: rights are lifted, or the domain dies, as on every kind. */
START_TEST(test_no_listener)
{
    struct listener l = mpu_listener(1, 0, false);

    ck_assert_int_eq(set_rights(&l, FIRST, PAGES, XM_ACCESS_N), 0);
    ck_assert_uint_eq(core(&l, 0).regions, 0);
    ck_assert_int_eq(ring_disable(&l), 0);
    one_op(l.d, SIM_OP_WRITE, at(9), 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 8), 1);
    ck_assert_uint_eq(core(&l, 0).regions, 1);
    ck_assert_uint_eq(report(l.d).leftover_rights, PAGES - 1);
    end(&l);
}
END_TEST

/* A hypercall's buffer: in the guest's view, out of it, and in it with fewer rights. */
START_TEST(test_own_access)
{
    struct listener l = mpu_listener(1, 0, false);

    ck_assert_int_eq(set_rights(&l, FIRST + 1, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(set_rights(&l, FIRST + 2, 1, XM_ACCESS_R), 0);
    for (unsigned i = 0; i < 3; i++) {
        one_op(l.d, SIM_OP_HYPERCALL_BUF, at(i) + 64, 5 + i);
        ck_assert_uint_eq(xmi_sim_domain_run(l.d, 8), 1);
        ck_assert_uint_eq(peek64(l.d, at(i) + 64), 5 + i);
    }
    one_op(l.d, SIM_OP_HYPERCALL_BUF, at(1) + 4092, 7); /* half there, half there */
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 8), 1);
    ck_assert_uint_eq(report(l.d).events, 0);
    ck_assert_uint_eq(core(&l, 0).covered, 1);
    ck_assert_uint_eq(core(&l, 0).windows, 2);
    ck_assert_uint_eq(core(&l, 0).flips, 2);
    end(&l);
}
END_TEST

/* Views and lists are for others. */
START_TEST(test_not_here)
{
    struct listener l = mpu_listener(1, 0, false);
    struct xm_altp2m_op op = {0};
    struct xm_mem_access_op multi = {.op = XM_MEM_ACCESS_SET_MULTI, .nr = 1};
    struct sim_mpu_info i;

    multi.domid = (uint16_t)l.d->cfg.domid;
    ck_assert_int_eq(altp2m(&l, XM_ALTP2M_SET_DOMAIN_STATE, &op), -XM_ENOSYS);
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &multi), -XM_EOPNOTSUPP);
    ck_assert_int_eq(set_rights(&l, FIRST, 1, 77), -XM_EINVAL);
    ck_assert_int_eq(set_rights(&l, FIRST, 0, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(set_rights(&l, FIRST + PAGES - 1, 2, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_mpu_core_info(l.d, 1, &i), -XM_EINVAL);
    end(&l);
}
END_TEST

/* Random rights, random accesses on three cores, events answered by lifting what they tell of. */
START_TEST(test_random)
{
    struct listener l = mpu_listener(3, _i == 0 ? 8 : 16, false);
    struct sim_random_cfg r = {.first_gfn = FIRST,
                               .gfns = PAGES,
                               .count = 3000,
                               .read = 3,
                               .write = 2,
                               .exec = 2,
                               .rmw = 1};
    struct sim_rng rng;
    struct xm_ev ev;
    uint64_t rounds = 0;

    rng_seed(&rng, 5 + (uint64_t)_i);
    for (unsigned i = 0; i < 3; i++) {
        r.seed = i;
        ck_assert_int_eq(xmi_sim_vcpu_random(l.d, i, &r), 0);
    }
    while (xmi_sim_domain_runnable(l.d)) {
        uint64_t gfn = rng_below(&rng, PAGES);

        ck_assert_uint_lt(++rounds, 20000);
        if (rng_below(&rng, 4) == 0)
            ck_assert_int_eq(set_rights(&l, FIRST + gfn,
                                        (uint32_t)(1 + rng_below(&rng, PAGES - gfn)),
                                        (uint8_t)rng_below(&rng, ALL_RIGHTS)),
                             0);
        (void)xmi_sim_domain_run(l.d, 1 + rng_below(&rng, 64));
        while (take(&l, &ev)) {
            ck_assert_int_eq(set_rights(&l, ev.u.mem_access.gfn, 1, XM_ACCESS_RWX), 0);
            answer(&l, &ev, 0);
        }
    }
    ck_assert_uint_eq(report(l.d).accesses, 9000);
    ck_assert_uint_gt(report(l.d).events, 100);
    end(&l);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_memory);
    tcase_add_test(t, test_rights);
    tcase_add_test(t, test_plan);
    tcase_add_test(t, test_whole_refuses);
    tcase_add_test(t, test_demand);
    tcase_add_test(t, test_every_core);
    tcase_add_test(t, test_no_listener);
    tcase_add_test(t, test_own_access);
    tcase_add_test(t, test_not_here);
    tcase_add_loop_test(t, test_random, 0, 2);
}

int main(void)
{
    return run_suite("sim-mpu", fill);
}
