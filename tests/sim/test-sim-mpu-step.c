/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* armv8r-mpu: instructions that the hypervisor carries over, on 1, 4 and 12 vCPUs: nothing unseen. */
#include "sim-test.h"

#define FIRST 0x80000u
#define PAGES 64u
#define TURNS 50u

static uint64_t at(uint64_t i)
{
    return (FIRST + i) << XM_PAGE_SHIFT;
}

static struct listener start(uint32_t vcpus, uint32_t regions)
{
    const struct sim_domain_cfg cfg = {.kind = SIM_ARMV8R_MPU,
                                       .vcpus = vcpus,
                                       .pages = PAGES,
                                       .first_gfn = FIRST,
                                       .regions = regions,
                                       .name = "r52"};
    struct listener l = {.m = new_machine(vcpus + regions)};

    ck_assert_int_eq(xmi_sim_domain_create(l.m, &cfg, &l.d), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    return l;
}

static void rights(struct listener *l, uint64_t i, uint32_t nr, uint8_t access)
{
    ck_assert_int_eq(set_rights(l, FIRST + i, nr, access), 0);
}

static void end(struct listener *l)
{
    struct sim_report r = report(l->d);

    ck_assert_uint_eq(r.forbidden, 0);
    ck_assert_uint_eq(r.unseen, 0);
    ck_assert_uint_eq(xmi_sim_mpu_defects(l->d), 0);
    xmi_sim_machine_destroy(l->m);
}

/* Answers all with STEP, or `flags`, until nobody can run; how many events there were. */
static uint64_t serve(struct listener *l, uint32_t flags, uint64_t most)
{
    uint64_t n = 0;
    struct xm_ev ev;

    while (n < most) {
        bool ran = xmi_sim_domain_run(l->d, 1000) != 0;

        if (!take(l, &ev)) {
            if (!ran)
                break;
            continue;
        }
        n++;
        answer(l, &ev, flags);
    }
    return n;
}

static uint64_t counted(struct sim_domain *d, uint32_t vcpus)
{
    uint64_t done = 0;

    for (uint32_t v = 0; v < vcpus; v++)
        done += vcpu(d, v).done;
    return done;
}

/* Each access of each vCPU is told, once for each page that its instruction touches. */
static void ck_told(uint32_t vcpus, const struct sim_op *ops, size_t n, uint64_t events)
{
    struct listener l = start(vcpus, 16);

    rights(&l, 4, 2, XM_ACCESS_N);
    rights(&l, 8, 1, XM_ACCESS_R);
    for (uint32_t v = 0; v < vcpus; v++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, v, ops, n, TURNS), 0);
    ck_assert_uint_eq(serve(&l, XM_EV_FLAG_STEP, UINT64_MAX), events * TURNS * vcpus);
    ck_assert_uint_eq(counted(l.d, vcpus), n * TURNS * vcpus);
    end(&l);
}

static const uint32_t many[] = {1, 4, 12};

START_TEST(test_told)
{
    const struct sim_op write[] = {{.code = SIM_OP_WRITE, .addr = at(4), .value = 7}};
    const struct sim_op plain[] = {{.code = SIM_OP_READ, .addr = at(4) + 8},
                                   {.code = SIM_OP_WRITE, .addr = at(20)},
                                   {.code = SIM_OP_EXEC, .addr = at(5)},
                                   {.code = SIM_OP_WRITE, .addr = at(8) + 16},
                                   {.code = SIM_OP_READ, .addr = at(8)}};
    const struct sim_op odd[] = {
        {.code = SIM_OP_RMW, .addr = at(4), .flags = SIM_OP_F_NO_EMUL},
        {.code = SIM_OP_RMW, .addr = at(8), .flags = SIM_OP_F_UNHANDLEABLE},
        {.code = SIM_OP_COPY, .addr = at(5), .to = at(8)}};
    const struct sim_op crossing[] = {{.code = SIM_OP_WRITE, .addr = at(5) - 4},
                                      {.code = SIM_OP_READ, .addr = at(4) - 4},
                                      {.code = SIM_OP_WRITE, .addr = at(9) - 2}};
    const struct sim_op fetched[] = {
        {.code = SIM_OP_READ, .flags = SIM_OP_F_FETCH, .fetch = at(4), .addr = at(5)},
        {.code = SIM_OP_READ, .flags = SIM_OP_F_FETCH, .fetch = at(4), .addr = at(4) + 64},
        {.code = SIM_OP_WRITE, .flags = SIM_OP_F_FETCH, .fetch = at(20), .addr = at(4)}};

    ck_told(many[_i], write, 1, 1);
    ck_told(many[_i], plain, 5, 3);
    ck_told(many[_i], odd, 3, 2 + 1 + 2);
    ck_told(many[_i], crossing, 3, 2 + 1 + 1);
    /* A page that an instruction is fetched from is not for reading thereby: the second one is told. */
    ck_told(many[_i], fetched, 3, 2 + 2 + 1);
}
END_TEST

/* The same accesses answered by rights: what is open is open for all, and most are not told. */
START_TEST(test_against_relaxing)
{
    const struct sim_op op = {.code = SIM_OP_WRITE, .addr = at(8), .value = 7};
    uint32_t vcpus = many[_i];
    struct listener l = start(vcpus, 16);
    uint64_t told;

    rights(&l, 8, 1, XM_ACCESS_R);
    for (uint32_t v = 0; v < vcpus; v++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, v, &op, 1, 1000), 0);
    told = serve(&l, XM_EV_FLAG_STEP, 500u * vcpus);
    ck_assert_uint_le(counted(l.d, vcpus), told);
    ck_assert_uint_ge(counted(l.d, vcpus), told - vcpus);
    rights(&l, 8, 1, XM_ACCESS_RW);
    told += serve(&l, XM_EV_FLAG_STEP, UINT64_MAX); /* who was stopped goes on */
    ck_assert_uint_le(told, 501u * vcpus);
    ck_assert_uint_eq(counted(l.d, vcpus), 1000u * vcpus);
    end(&l);
}
END_TEST

/* Few regions, many ranges: what the instruction needs besides is there as well. */
START_TEST(test_few_regions)
{
    struct listener l = start(4, 8);
    const struct sim_op ops[] = {{.code = SIM_OP_COPY,
                                  .flags = SIM_OP_F_FETCH,
                                  .fetch = at(63),
                                  .addr = at(5) - 4,
                                  .to = at(33) - 4},
                                 {.code = SIM_OP_COPY,
                                  .flags = SIM_OP_F_FETCH,
                                  .fetch = at(62),
                                  .addr = at(13) - 4,
                                  .to = at(33) - 4},
                                 {.code = SIM_OP_READ, .addr = at(40)}};
    uint64_t n;

    for (uint64_t i = 1; i < 60; i += 2)
        rights(&l, i, 1, i % 4 == 1 ? XM_ACCESS_R : XM_ACCESS_N);
    for (uint32_t v = 0; v < 4; v++)
        ck_assert_int_eq(xmi_sim_vcpu_script(l.d, v, ops, 3, 10), 0);
    n = serve(&l, XM_EV_FLAG_STEP, 100000);
    ck_assert_uint_ge(n, 4 * 10 * 2);
    ck_assert_uint_lt(n, 4 * 10 * 20);
    ck_assert_uint_eq(counted(l.d, 4), 4 * 10 * 3);
    end(&l);
}
END_TEST

/* Rights that change at any time, vCPUs in the middle of their steps. */
START_TEST(test_changes)
{
    static const uint8_t some[] = {XM_ACCESS_N, XM_ACCESS_R, XM_ACCESS_RW, XM_ACCESS_RX,
                                   XM_ACCESS_RWX};
    const struct sim_random_cfg cfg = {.seed = (uint64_t)_i + 3,
                                       .count = 3000,
                                       .first_gfn = FIRST,
                                       .gfns = 12,
                                       .read = 3,
                                       .write = 3,
                                       .exec = 1,
                                       .rmw = 2};
    struct listener l = start(4, _i % 2 != 0 ? 9 : 16);
    struct xm_ev ev;

    for (uint32_t v = 0; v < 4; v++)
        ck_assert_int_eq(xmi_sim_vcpu_random(l.d, v, &cfg), 0);
    for (uint64_t k = 0; k < 20000; k++) {
        bool ran = xmi_sim_domain_run(l.d, 50) != 0;

        if (k % 3 == 0)
            rights(&l, k * 7 % 12, 1, some[k * 11 % 5]);
        if (take(&l, &ev))
            answer(&l, &ev, k % 16 == 0 ? 0 : XM_EV_FLAG_STEP);
        else if (!ran)
            break;
    }
    rights(&l, 0, 12, XM_ACCESS_RWX);
    (void)serve(&l, XM_EV_FLAG_STEP, UINT64_MAX);
    ck_assert_uint_eq(counted(l.d, 4), 4 * 3000);
    end(&l);
}
END_TEST

/* An exclusive, and a load between them, would never come to its end so: it is told. */
START_TEST(test_exclusives)
{
    const struct sim_op op = {
        .code = SIM_OP_EXCL, .addr = at(_i == 2 ? 20 : 4), .to = _i == 0 ? 0 : at(5)};
    struct listener l = start(1, 16);
    uint64_t unimplemented = 0;
    struct xm_ev ev;

    ck_assert_int_eq(domctl(&l, XM_DOMCTL_MONITOR_OP, XM_MONITOR_EMUL_UNIMPLEMENTED, 0), 0);
    rights(&l, 4, 2, XM_ACCESS_N);
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
    for (unsigned k = 0; k < 100 && vcpu(l.d, 0).done == 0; k++) {
        (void)xmi_sim_domain_run(l.d, 100);
        if (!take(&l, &ev))
            continue;
        if (ev.reason == XM_EV_REASON_EMUL_UNIMPLEMENTED) {
            unimplemented++;
            rights(&l, 4, 2, XM_ACCESS_RWX); /* what a listener does who cannot do it himself */
        }
        answer(&l, &ev, XM_EV_FLAG_STEP);
    }
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(unimplemented, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_loop_test(t, test_told, 0, 3);
    tcase_add_loop_test(t, test_against_relaxing, 0, 3);
    tcase_add_test(t, test_few_regions);
    tcase_add_loop_test(t, test_changes, 0, 4);
    tcase_add_loop_test(t, test_exclusives, 0, 3);
}

int main(void)
{
    return run_suite("sim-mpu-step", fill);
}
