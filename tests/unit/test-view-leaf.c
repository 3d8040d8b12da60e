/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views over large pages of the host, on the simulated machine as each release is. */
#include "unit.h"

#include <doc/doc.h>
#include <session/session.h>
#include <sim.h>

#define LEAF 0x200u /* gfns of a large page */
#define FIRST 17u

static struct sim_machine *machine;
static struct xmem *x;
static struct xmem_domain *d;

static void start_on(const struct sim_machine_cfg *mc)
{
    struct sim_domain_cfg dc = {.kind = SIM_X86_EPT,
                                .vcpus = 1,
                                .pages = 4096,
                                .superpages = true,
                                .altp2m = true,
                                .name = "g"};
    struct sim_domain *dom;
    ck_ok(xmi_sim_machine_create(mc, &machine));
    ck_ok(xmi_sim_domain_create(machine, &dc, &dom));
    ck_ok(xmi_open_machine(machine, &x));
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_domain_enable(d));
}

static void start(uint32_t minor)
{
    struct sim_machine_cfg mc = {.seed = 1, .xen_minor = minor};
    start_on(&mc);
}

static void stop(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    xmi_sim_machine_destroy(machine);
}

static uint16_t view_of(enum xmem_rights rights)
{
    struct xmem_view_opts o = {.size = sizeof(o), .default_rights = rights};
    uint16_t v;
    ck_ok(xmem_view_create(d, &o, &v));
    return v;
}

static enum xmem_rights rights_at(uint16_t view, uint64_t gfn)
{
    enum xmem_rights r;
    ck_ok(xmem_domain_get_rights(d, view, gfn, &r));
    return r;
}

static uint64_t calls(void)
{
    struct xmem_stats s = XMEM_INIT(s);
    ck_ok(xmem_domain_get_stats(d, &s));
    return s.hypercalls;
}

START_TEST(the_default_stays_beside_a_set)
{
    start(FIRST + (uint32_t)_i);
    uint16_t v = view_of(XMEM_RX);
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 5, XMEM_R));
    ck_assert_int_eq(rights_at(v, LEAF + 5), XMEM_R);
    ck_assert_int_eq(rights_at(v, LEAF), XMEM_RX);
    ck_assert_int_eq(rights_at(v, LEAF + 511), XMEM_RX);
    ck_assert_int_eq(rights_at(0, LEAF + 5), XMEM_RWX);
    stop();
}
END_TEST

START_TEST(and_in_batches)
{
    start(FIRST + (uint32_t)_i);
    uint16_t v = view_of(XMEM_RX);
    uint64_t gfns[] = {LEAF + 5, 2 * LEAF, 3 * LEAF + 511, 5 * LEAF};
    uint8_t rights[] = {XMEM_R, XMEM_N, XMEM_R, XMEM_RWX};
    ck_ok(xmem_domain_set_rights_many(d, v, gfns, rights, 4));
    ck_ok(xmem_domain_set_rights_range(d, v, 6 * LEAF + 10, 1000, XMEM_R));
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(rights_at(v, gfns[i]), rights[i]);
        ck_assert_int_eq(rights_at(v, gfns[i] ^ 1), XMEM_RX);
    }
    ck_assert_int_eq(rights_at(v, 6 * LEAF + 9), XMEM_RX);
    ck_assert_int_eq(rights_at(v, 6 * LEAF + 1009), XMEM_R);
    ck_assert_int_eq(rights_at(v, 6 * LEAF + 1010), XMEM_RX);
    stop();
}
END_TEST

START_TEST(what_other_views_have_stays)
{
    start(FIRST + (uint32_t)_i);
    uint16_t a = view_of(XMEM_RX), b = view_of(XMEM_N), c = view_of(XMEM_RWX);
    ck_ok(xmem_domain_set_rights(d, c, LEAF + 5, XMEM_R));
    ck_ok(xmem_view_change_gfn(d, c, LEAF + 6, LEAF + 7));
    ck_ok(xmem_domain_set_rights(d, a, LEAF + 5, XMEM_R));
    ck_ok(xmem_domain_set_rights(d, b, LEAF + 5, XMEM_RX));
    ck_ok(xmem_view_change_gfn(d, a, LEAF + 6, LEAF + 9));
    ck_assert_int_eq(rights_at(a, LEAF + 5), XMEM_R);
    ck_assert_int_eq(rights_at(a, LEAF + 6), XMEM_RX);
    ck_assert_int_eq(rights_at(b, LEAF + 5), XMEM_RX);
    ck_assert_int_eq(rights_at(b, LEAF + 6), XMEM_N);
    ck_assert_int_eq(rights_at(c, LEAF + 5), XMEM_R);
    ck_assert_int_eq(rights_at(c, LEAF + 6), XMEM_RWX);
    stop();
}
END_TEST

/* Made by a tool that went without closing; its default is not known. */
START_TEST(what_another_tools_view_has_stays)
{
    struct xmem *y;
    start(FIRST + (uint32_t)_i);
    uint16_t v = view_of(XMEM_RX);
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 5, XMEM_R));
    ck_ok(xmi_open_machine(machine, &y));
    struct xmem_domain *first = d;
    ck_ok(xmem_domain_open(y, 1, NULL, &d));
    uint16_t w = view_of(XMEM_N);
    ck_ok(xmem_domain_set_rights(d, w, LEAF + 5, XMEM_RX));
    ck_assert_int_eq(rights_at(v, LEAF + 5), XMEM_R);
    ck_assert_int_eq(rights_at(w, LEAF + 6), XMEM_N);
    ck_ok(xmem_domain_close(d));
    xmem_close(y);
    d = first;
    ck_assert_int_eq(rights_at(v, LEAF + 5), XMEM_R);
    stop();
}
END_TEST

START_TEST(a_hole_is_refused_and_an_undone_remapping_covers_nothing)
{
    start(FIRST + (uint32_t)_i);
    uint16_t v = view_of(XMEM_RWX);
    ck_rc(xmem_domain_set_rights(d, v, 5000, XMEM_R), -ERANGE);
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 5, XMEM_R));
    ck_ok(xmem_view_change_gfn(d, v, LEAF + 7, LEAF + 8));
    ck_ok(xmem_view_change_gfn(d, v, LEAF + 7, XMEM_GFN_UNDO));
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 7, XMEM_RX));
    ck_assert_int_eq(rights_at(v, LEAF + 5), XMEM_R);
    ck_assert_int_eq(rights_at(v, LEAF + 7), XMEM_RX);
    stop();
}
END_TEST

/* From 4.19 to 4.21 the first in 2 MiB: pause, ask, split, the view's own again, unpause. */
START_TEST(few_hypercalls)
{
    static const struct {
        uint32_t minor, first, second, part;
    } of[] = {{17, 1, 1, 1}, {19, 6, 2, 7}, {20, 6, 2, 7}, {21, 6, 2, 7}, {22, 2, 2, 2}};
    start(of[_i].minor);
    uint16_t v = view_of(XMEM_RX);
    uint64_t before = calls();
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 5, XMEM_R));
    ck_assert_uint_eq(calls() - before, of[_i].first);
    before = calls();
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 6, XMEM_R));
    ck_assert_uint_eq(calls() - before, of[_i].second);
    before = calls();
    ck_ok(xmem_domain_set_rights_range(d, v, 2 * LEAF, 512, XMEM_R));
    ck_assert_uint_eq(calls() - before, of[_i].part);
    ck_ok(xmem_domain_pause(d)); /* paused by the caller: not once more */
    before = calls();
    ck_ok(xmem_domain_set_rights(d, v, 3 * LEAF + 5, XMEM_R));
    ck_assert_uint_eq(calls() - before, of[_i].first > 2 ? of[_i].first - 2 : of[_i].first);
    ck_ok(xmem_domain_unpause(d));
    stop();
}
END_TEST

START_TEST(without_a_ring)
{
    start(FIRST + (uint32_t)_i);
    ck_ok(xmem_domain_disable(d));
    uint16_t v = view_of(XMEM_RX);
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 5, XMEM_R));
    ck_ok(xmem_view_change_gfn(d, v, 2 * LEAF, LEAF));
    ck_assert_int_eq(rights_at(v, LEAF + 6), XMEM_RX);
    ck_assert_int_eq(rights_at(v, 2 * LEAF + 1), XMEM_RX);
    stop();
}
END_TEST

START_TEST(suppress_ve_leaves_the_default)
{
    start(FIRST + (uint32_t)_i);
    uint16_t v = view_of(XMEM_RX);
    ck_ok(xmem_view_set_suppress_ve(d, v, LEAF + 5, 3, 0));
    ck_assert_int_eq(rights_at(v, LEAF + 5), XMEM_RX);
    ck_assert_int_eq(rights_at(v, LEAF + 8), XMEM_RX);
    ck_ok(xmem_domain_set_rights(d, v, LEAF + 6, XMEM_R));
    ck_ok(xmem_view_set_suppress_ve(d, v, LEAF + 6, 8, 1));
    ck_assert_int_eq(rights_at(v, LEAF + 6), XMEM_R);
    stop();
}
END_TEST

/* Added before there was a ring: shut when there is one, and again after it was off. */
START_TEST(an_added_page_is_shut_when_there_is_a_ring)
{
    uint64_t page;
    start(FIRST + (uint32_t)_i);
    ck_ok(xmem_domain_disable(d));
    ck_ok(xmem_domain_add_page(d, &page));
    uint16_t v = view_of(XMEM_RWX);
    ck_assert_int_eq(rights_at(v, page), XMEM_N);
    ck_ok(xmem_domain_enable(d));
    ck_assert_int_eq(rights_at(0, page), XMEM_N);
    ck_assert_int_eq(rights_at(v, page), XMEM_N);
    ck_ok(xmem_domain_set_rights_range(d, 0, LEAF, 1024, XMEM_RX));
    ck_assert_int_eq(rights_at(v, page), XMEM_N);
    ck_ok(xmem_domain_disable(d));
    ck_ok(xmem_domain_enable(d));
    ck_assert_int_eq(rights_at(0, page), XMEM_N);
    ck_ok(xmem_domain_remove_page(d, page));
    stop();
}
END_TEST

#define MANY 40u

/* From 4.21 on a domain may have more than ten, and nobody tells. */
START_TEST(views_above_nine_are_seen_and_destroyed)
{
    struct sim_machine_cfg mc = {.seed = 1, .xen_minor = 21, .max_views = MANY};
    struct xmem_recovery rec = XMEM_INIT(rec);
    uint16_t v[64];
    struct xmem *y;
    start_on(&mc);
    for (unsigned i = 1; i < MANY; i++)
        ck_assert_uint_eq(view_of(XMEM_RX), i);
    ck_rc(xmem_view_create(d, NULL, v), -ENOSPC);
    ck_assert(strstr(xmem_domain_last_error(d), "40") != NULL);
    ck_ok(xmem_domain_set_rights(d, MANY - 1, LEAF, XMEM_R));
    ck_ok(xmem_domain_set_rights(d, 0, LEAF, XMEM_N));
    ck_assert_int_eq(rights_at(MANY - 1, LEAF), XMEM_R);
    ck_assert_int_eq(rights_at(MANY - 2, LEAF), XMEM_RX);

    struct xmem_domain *first = d;
    size_t n = 64;
    ck_ok(xmi_open_machine(machine, &y));
    ck_ok(xmem_domain_open(y, 1, NULL, &d));
    ck_ok(xmem_view_list(d, v, &n));
    ck_assert(n == MANY && v[MANY - 1] == MANY - 1);
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_domain_recover(y, 1, &rec)); /* as if the first had died */
    ck_assert_uint_eq(rec.views_destroyed, MANY - 1);
    xmem_close(y);
    (void)xmem_domain_close(first);
    xmem_close(x);
    xmi_sim_machine_destroy(machine);
}
END_TEST

START_TEST(closing_destroys_views_above_nine)
{
    struct sim_machine_cfg mc = {.seed = 1, .xen_minor = 22, .max_views = MANY};
    struct sim_report r;
    start_on(&mc);
    for (unsigned i = 1; i < MANY; i++)
        ck_assert_uint_eq(view_of(XMEM_RWX), i);
    ck_ok(xmem_view_switch(d, MANY - 1));
    ck_ok(xmem_domain_close(d));
    xmi_sim_report(machine, NULL, &r);
    ck_assert(r.leftover_views == 0 && r.leftover_rights == 0);
    xmem_close(x);
    xmi_sim_machine_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("view-leaf");
    TCase *t = tcase_create("view-leaf");
    tcase_add_loop_test(t, the_default_stays_beside_a_set, 0, 7);
    tcase_add_loop_test(t, and_in_batches, 0, 7);
    tcase_add_loop_test(t, what_other_views_have_stays, 0, 7);
    tcase_add_loop_test(t, what_another_tools_view_has_stays, 0, 7);
    tcase_add_loop_test(t, a_hole_is_refused_and_an_undone_remapping_covers_nothing, 0, 7);
    tcase_add_loop_test(t, few_hypercalls, 0, 5);
    tcase_add_loop_test(t, without_a_ring, 0, 7);
    tcase_add_loop_test(t, suppress_ve_leaves_the_default, 0, 7);
    tcase_add_loop_test(t, an_added_page_is_shut_when_there_is_a_ring, 0, 7);
    tcase_add_test(t, views_above_nine_are_seen_and_destroyed);
    tcase_add_test(t, closing_destroys_views_above_nine);
    suite_add_tcase(s, t);
    return unit_run(s);
}
