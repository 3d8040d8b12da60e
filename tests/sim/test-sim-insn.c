/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions that touch several pages, on each kind of machine. */
#include "sim/sim-pv-test.h"

#define CODE (FIRST + 8)
#define FROM (FIRST + 2) /* and the page behind it */
#define TO (FIRST + 4)   /* likewise */
#define KINDS_END (SIM_ARMV8R_MPU + 1)

static struct listener begin(enum sim_kind kind)
{
    const struct sim_domain_cfg cfg = {.kind = kind,
                                       .vcpus = 2,
                                       .pages = PAGES,
                                       .first_gfn = FIRST,
                                       .altp2m = kind == SIM_X86_EPT,
                                       .name = "guest"};
    struct listener l = {.m = new_machine(1)};

    ck_assert_int_eq(xmi_sim_domain_create(l.m, &cfg, &l.d), 0);
    if (kind == SIM_X86_PV)
        ck_assert_int_eq(access_on(&l), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    return l;
}

static void end(struct listener *l)
{
    ck_assert_uint_eq(report(l->d).forbidden, 0);
    ck_assert_uint_eq(report(l->d).unseen, 0);
    xmi_sim_machine_destroy(l->m);
}

/* Once more, up to its end or an event. A PV guest's hypervisor may decide and act in two goes. */
static void one_more(struct sim_domain *d)
{
    uint64_t done = 0;

    for (unsigned i = 0; i < 8 && done == 0; i++)
        done = xmi_sim_domain_run(d, 1);
    ck_assert_uint_eq(done, 1);
}

static bool starts(struct listener *l, const struct sim_op *op, struct xm_ev *ev)
{
    ck_assert_int_eq(xmi_sim_vcpu_script(l->d, 0, op, 1, 1), 0);
    one_more(l->d);
    return take(l, ev);
}

/* What EPT says of a write. */
static unsigned told_as(const struct listener *l, unsigned what)
{
    return what == XM_DO_W && l->d->cfg.kind == SIM_X86_EPT ? XM_DO_R | XM_DO_W : what;
}

/* It met this page; opens it, and lets it try again. */
static void open_page(struct listener *l, struct xm_ev *ev, uint64_t gfn, unsigned what)
{
    ck_assert_uint_eq(ev->u.mem_access.gfn, gfn);
    ck_assert_uint_eq(ev->u.mem_access.flags & 7u, told_as(l, what));
    ck_assert_uint_eq(vcpu(l->d, 0).done, 0);
    ck_assert_int_eq(set_rights(l, gfn, 1, XM_ACCESS_RWX), 0);
    answer(l, ev, 0);
    one_more(l->d);
}

static void poke(struct listener *l, uint64_t addr, uint64_t value)
{
    one_op(l->d, SIM_OP_WRITE, addr, value);
    one_more(l->d);
    l->d->vcpu[0].done = 0;
}

START_TEST(test_fetch_and_write)
{
    const struct sim_op op = {.code = SIM_OP_WRITE,
                              .flags = SIM_OP_F_FETCH,
                              .addr = at(TO) + 8,
                              .value = 42,
                              .fetch = at(CODE) + 0x10};
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, CODE, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(set_rights(&l, TO, 1, XM_ACCESS_RX), 0);
    ck_assert(starts(&l, &op, &ev));
    ck_assert_uint_eq(ev.u.mem_access.offset, 0x10);
    ck_assert_uint_ne(ev.u.mem_access.flags & XM_EV_ACCESS_GLA_VALID, 0);
    open_page(&l, &ev, CODE, XM_DO_X);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.offset, 8);
    open_page(&l, &ev, TO, XM_DO_W);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(peek64(l.d, at(TO) + 8), 42);
    end(&l);
}
END_TEST

START_TEST(test_straddling_fetch)
{
    const struct sim_op op = {.code = SIM_OP_READ,
                              .flags = SIM_OP_F_FETCH,
                              .addr = at(FROM),
                              .fetch = at(CODE) + XM_PAGE_SIZE - 2};
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, CODE, 2, XM_ACCESS_R), 0);
    ck_assert(starts(&l, &op, &ev));
    open_page(&l, &ev, CODE, XM_DO_X);
    ck_assert(take(&l, &ev));
    open_page(&l, &ev, CODE + 1, XM_DO_X);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    end(&l);
}
END_TEST

static const struct sim_op copy = {
    .code = SIM_OP_COPY, .addr = (FROM + 1) * XM_PAGE_SIZE - 3, .to = (TO + 1) * XM_PAGE_SIZE - 5};

/* Reads come before writes, and each restricted page is an event of its own. */
START_TEST(test_four_pages)
{
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    poke(&l, copy.addr, UINT64_C(0x1122334455667788));
    ck_assert_int_eq(set_rights(&l, FROM, 4, XM_ACCESS_N), 0);
    ck_assert(starts(&l, &copy, &ev));
    open_page(&l, &ev, FROM, XM_DO_R);
    ck_assert(take(&l, &ev));
    open_page(&l, &ev, FROM + 1, XM_DO_R);
    ck_assert(take(&l, &ev));
    open_page(&l, &ev, TO, XM_DO_W);
    ck_assert(take(&l, &ev));
    open_page(&l, &ev, TO + 1, XM_DO_W);
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).result, UINT64_C(0x1122334455667788));
    one_op(l.d, SIM_OP_READ, copy.to, 0);
    one_more(l.d);
    ck_assert_uint_eq(vcpu(l.d, 0).result, UINT64_C(0x1122334455667788));
    end(&l);
}
END_TEST

/* It begins anew with each try: a page that was closed meanwhile stops it once more. */
START_TEST(test_all_at_the_same_try)
{
    struct listener l = begin((enum sim_kind)_i);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, FROM, 4, XM_ACCESS_N), 0);
    ck_assert(starts(&l, &copy, &ev));
    open_page(&l, &ev, FROM, XM_DO_R);
    ck_assert(take(&l, &ev));
    ck_assert_int_eq(set_rights(&l, FROM, 1, XM_ACCESS_N), 0);
    open_page(&l, &ev, FROM + 1, XM_DO_R);
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.gfn, FROM);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 0);
    end(&l);
}
END_TEST

/* A read-modify-write is one access on EPT, a write to a page fault, and two on Arm. */
START_TEST(test_rmw)
{
    const struct sim_op op = {.code = SIM_OP_RMW, .addr = at(TO), .value = 5};
    struct listener l = begin((enum sim_kind)_i);
    bool arm = sim_is_arm(l.d);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, TO, 1, XM_ACCESS_N), 0);
    ck_assert(starts(&l, &op, &ev));
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, arm ? XM_DO_R : told_as(&l, XM_DO_W));
    ck_assert_int_eq(set_rights(&l, TO, 1, arm ? XM_ACCESS_R : XM_ACCESS_RWX), 0);
    answer(&l, &ev, 0);
    one_more(l.d);
    if (arm) {
        ck_assert(take(&l, &ev));
        open_page(&l, &ev, TO, XM_DO_W);
    }
    ck_assert(!take(&l, &ev));
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(peek64(l.d, at(TO)), 5);
    end(&l);
}
END_TEST

START_TEST(test_bad_addresses)
{
    struct listener l = begin(SIM_X86_EPT);
    struct sim_op op = {.code = SIM_OP_COPY, .addr = at(FROM), .to = UINT64_MAX};

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_READ, .flags = SIM_OP_F_FETCH, .fetch = UINT64_MAX};
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    end(&l);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_loop_test(t, test_fetch_and_write, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_straddling_fetch, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_four_pages, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_all_at_the_same_try, SIM_X86_EPT, KINDS_END);
    tcase_add_loop_test(t, test_rmw, SIM_X86_EPT, KINDS_END);
    tcase_add_test(t, test_bad_addresses);
}

int main(void)
{
    return run_suite("sim-insn", fill);
}
