/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two domains in two threads; the third looks at both. For ThreadSanitizer above all. */
#include "sim/sim-test.h"

static void *listen_to(void *arg)
{
    struct listener *l = arg;
    struct xm_ev ev;

    while (xmi_sim_domain_run(l->d, 500) != 0) {
        while (take(l, &ev))
            answer(l, &ev, XM_EV_FLAG_EMULATE);
        if (set_rights(l, 5, 3, XM_ACCESS_RX) != 0)
            break;
    }
    return NULL;
}

START_TEST(test_two_domains)
{
    struct listener l[2] = {new_listener(1, SIM_X86_EPT, 2, 64), {0}};
    struct sim_random_cfg c = {.count = 20000, .gfns = 64, .read = 4, .write = 2, .exec = 1};
    pthread_t t[2];
    struct sim_report r;

    l[1].m = l[0].m;
    l[1].d = new_domain(l[0].m, SIM_X86_EPT, 2, 64);
    ck_assert_int_eq(ring_enable(&l[1]), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(set_rights(&l[i], 10, 2, XM_ACCESS_R), 0);
        for (uint32_t k = 0; k < 2; k++) {
            c.seed = k;
            ck_assert_int_eq(xmi_sim_vcpu_random(l[i].d, k, &c), 0);
        }
        ck_assert_int_eq(pthread_create(&t[i], NULL, listen_to, &l[i]), 0);
    }
    do {
        xmi_sim_report(l[0].m, NULL, &r);
        (void)xmi_sim_domain_runnable(l[0].d);
        (void)xmi_sim_domain_find(l[0].m, 2);
    } while (r.accesses < 40000);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(t[i], NULL), 0);
    xmi_sim_report(l[0].m, NULL, &r);
    ck_assert_uint_eq(r.accesses, 80000);
    ck_assert_uint_gt(r.events, 1000);
    ck_assert_uint_eq(r.forbidden, 0);
    ck_assert_uint_eq(r.unanswered, 0);
    xmi_sim_machine_destroy(l[0].m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_two_domains);
}

int main(void)
{
    return run_suite("sim-threads", fill);
}
