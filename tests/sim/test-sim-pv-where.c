/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many shadow entries are looked at where rights change, and where the hypervisor's own accesses end. */
#include "sim-pv-test.h"

#define GIB 0x40000u /* frames */
#define SET 10000u
#define PAGE (FIRST + 4)
#define OTHER (FIRST + 5)

static struct listener large(uint32_t pages)
{
    const struct sim_domain_cfg cfg = {
        .kind = SIM_X86_PV, .vcpus = 1, .pages = pages, .first_gfn = GIB, .name = "large"};
    struct listener l = {.m = new_machine(1)};

    ck_assert_int_eq(xmi_sim_domain_create(l.m, &cfg, &l.d), 0);
    ck_assert_int_eq(access_on(&l), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    return l;
}

/* Reads one word in so many pages. */
static void touch(struct sim_domain *d, uint32_t pages, uint32_t stride)
{
    struct sim_op *op = calloc(pages, sizeof(*op));

    ck_assert_ptr_nonnull(op);
    for (uint32_t i = 0; i < pages; i++)
        op[i] = (struct sim_op){
            .code = SIM_OP_READ, .addr = at(GIB + (uint64_t)i * stride), .len = 8};
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, op, pages, 1), 0);
    while (xmi_sim_domain_run(d, 1u << 20) != 0)
        ;
    free(op);
}

static uint64_t l1_shadows(const struct sim_domain *d)
{
    uint64_t n = 0;

    for (const struct pv_shadow *s = d->pv->shadows; s != NULL; s = s->next)
        n += s->level == 1;
    return n;
}

/* The frames from the one that is so far from the first, none beside another. */
static void set_scattered(struct listener *l, uint32_t from, uint8_t rights)
{
    uint64_t *gfns = calloc(SET, sizeof(*gfns));
    uint8_t *all = calloc(SET, 1);
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET_MULTI,
                                  .domid = (uint16_t)l->d->cfg.domid,
                                  .nr = SET,
                                  .pfn_list = (uintptr_t)gfns,
                                  .access_list = (uintptr_t)all};

    ck_assert_ptr_nonnull(gfns);
    ck_assert_ptr_nonnull(all);
    for (uint32_t i = 0; i < SET; i++)
        gfns[i] = GIB + (from + i * UINT64_C(26)) % GIB;
    memset(all, rights, SET);
    ck_assert_int_eq(xmi_sim_hc_mem_access(l->m, &op), 0);
    free(gfns);
    free(all);
}

/* The first time one sweep, over all continuations of the hypercall; then the frames' own entries. */
START_TEST(test_scattered_set)
{
    struct listener l = large(GIB);

    touch(l.d, GIB, 1);
    ck_assert_uint_ge(l1_shadows(l.d), 512);
    set_scattered(&l, 0, XM_ACCESS_R);
    ck_assert_uint_eq(l.d->pv->where.sweeps, 1);
    ck_assert_uint_eq(l.d->pv->looked, l1_shadows(l.d) * PV_ENTRIES);
    l.d->pv->looked = 0;
    set_scattered(&l, 1, XM_ACCESS_N);
    ck_assert_uint_eq(l.d->pv->looked, SET);
    /* One by one as well. */
    l.d->pv->looked = 0;
    for (uint32_t i = 0; i < 100; i++) {
        ck_assert_int_eq(set_rights(&l, GIB + 2 + 26 * i, 1, XM_ACCESS_R), 0);
        ck_assert_uint_eq(xmi_pv_own(l.d, GIB + 2 + 26 * i)->smaps, 0);
    }
    ck_assert_uint_eq(l.d->pv->looked, 100);
    ck_assert_uint_eq(l.d->pv->where.sweeps, 1);
    for (uint32_t i = 0; i < SET; i++) {
        ck_assert_uint_eq(xmi_pv_own(l.d, GIB + 26 * i)->smaps, 0);
        ck_assert_uint_eq(xmi_pv_own(l.d, GIB + 26 * i + 1)->smaps, 0);
        ck_assert_uint_ne(xmi_pv_own(l.d, GIB + 26 * i + 3)->smaps, 0);
    }
    ck_assert_int_eq(set_rights(&l, XM_GFN_NONE, 0, XM_ACCESS_RWX), 0);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS), 0);
    ck_assert_uint_eq(l.d->pv->where.bytes, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* What is mapped and used after the sweep is found as well, and what went is not looked for. */
START_TEST(test_later_entries)
{
    struct listener l = pv_listener(1);

    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 1));
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_R), 0);
    l.d->pv->looked = 0;
    for (uint32_t i = 1; i < 8; i++) {
        ck_assert_int_eq(update_va(l.d, at(OTHER + i), pte_make(OTHER, RW_PAGE)), 0);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(OTHER + i), 2));
    }
    ck_assert_int_eq(update_va(l.d, at(OTHER + 7), 0), 0);
    ck_assert_uint_eq(xmi_pv_own(l.d, OTHER)->smaps, 6);
    ck_assert_int_eq(set_rights(&l, OTHER, 1, XM_ACCESS_N), 0);
    ck_assert_uint_eq(xmi_pv_own(l.d, OTHER)->smaps, 0);
    ck_assert_uint_lt(l.d->pv->looked, 20);
    ck_assert_uint_eq(l.d->pv->where.sweeps, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A hypercall with its argument in a restricted frame: one entry, whatever there is besides. */
START_TEST(test_own_access)
{
    static const uint32_t tables[] = {1, 64, 512};

    for (unsigned i = 0; i < 3; i++) {
        struct listener l = large(tables[i] * 512);

        touch(l.d, tables[i], 512);
        ck_assert_uint_ge(l1_shadows(l.d), tables[i]);
        ck_assert_int_eq(set_rights(&l, GIB + 1, 1, XM_ACCESS_N), 0);
        l.d->pv->looked = 0;
        ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(GIB + 1), 11), 0);
        ck_assert_uint_eq(l.d->pv->looked, 1);
        ck_assert_uint_eq(xmi_pv_own(l.d, GIB + 1)->smaps, 0);
        xmi_sim_machine_destroy(l.m);
    }
}
END_TEST

static bool other_writes(struct sim_domain *d, uint64_t va)
{
    const struct sim_op op = {.code = SIM_OP_WRITE, .addr = va, .value = 7};
    uint64_t before = vcpu(d, 1).done;

    ck_assert_int_eq(xmi_sim_vcpu_script(d, 1, &op, 1, 1), 0);
    while (xmi_sim_domain_run(d, 64) != 0)
        ;
    return vcpu(d, 1).done != before;
}

/* Open until its vCPU goes on: another one gets by, and none does afterwards, by its TLB neither. */
START_TEST(test_closed)
{
    struct listener l = pv_listener(2);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 11), 0);
    ck_assert(!other_writes(l.d, at(PAGE)));
    ck_assert(take(&l, &ev));
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RWX), 0);
    answer(&l, &ev, 0);
    while (xmi_sim_domain_run(l.d, 64) != 0)
        ;

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
    l.d->pv->lingers = true;
    ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 12), 7);
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 1);
    ck_assert(other_writes(l.d, at(PAGE)));
    ck_assert_uint_ge(l.d->pv->through_open, 1);
    ck_assert(no_event(&l));
    ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(OTHER), 0));
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 0);
    ck_assert(!other_writes(l.d, at(PAGE)));
    ck_assert(take(&l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.gfn, PAGE);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A change of rights takes an open entry out, and closing one that is not there any more is nothing. */
START_TEST(test_open_and_set)
{
    struct listener l = pv_listener(2);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RX), 0);
    l.d->pv->lingers = true;
    ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 11), 0);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 0);
    ck_assert(!other_writes(l.d, at(PAGE)));
    ck_assert(take(&l, &ev));
    ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(OTHER), 0));
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* Frames over more than the vCPU keeps: all are closed. */
START_TEST(test_open_many)
{
    struct listener l = pv_listener(1);

    ck_assert_int_eq(set_rights(&l, FIRST, PAGES, XM_ACCESS_N), 0);
    l.d->pv->lingers = true;
    for (uint32_t i = 0; i < 3 * XM_PV_OPEN_MOST; i++) {
        uint64_t va = at(FIRST + i) + 0xffc; /* and the first word of the next */

        ck_assert_int_ge(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, va, 1), 0);
        ck_assert_uint_ne(xmi_pv_own(l.d, FIRST + i)->smaps, 0);
        ck_assert_uint_ne(xmi_pv_own(l.d, FIRST + i + 1)->smaps, 0);
    }
    l.d->pv->lingers = false;
    ck_assert_int_ge(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(FIRST), 1), 0);
    for (uint32_t i = 0; i < PAGES; i++)
        ck_assert_uint_eq(xmi_pv_own(l.d, FIRST + i)->smaps, 0);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A hidden frame's number is nowhere in the tables that the processor sees, asked for or prefetched. */
START_TEST(test_hidden)
{
    struct listener l = pv_listener(1);
    const struct pv_shadow *s;
    struct xm_ev ev;

    for (uint32_t i = 0; i < 8; i++)
        ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(PAGE + i), 0));
    ck_assert_int_eq(set_rights(&l, PAGE + 1, 6, XM_ACCESS_N), 0);
    ev = pv_stopped(&l, SIM_OP_READ, at(PAGE + 3), 0, PAGE + 3, XM_DO_R);
    ck_assert_int_eq(set_rights(&l, PAGE + 3, 1, XM_ACCESS_RWX), 0);
    go_on(&l, &ev);
    s = xmi_pv_own(l.d, l1_of(l.d, at(PAGE)))->shadow;
    ck_assert_ptr_nonnull(s);
    for (uint32_t i = 0; i < 8; i++)
        ck_assert(i == 0 || i == 3 || i == 7 ? s->e[pv_index(at(PAGE + i), 1)] != 0
                                             : s->e[pv_index(at(PAGE + i), 1)] == 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_scattered_set);
    tcase_add_test(t, test_later_entries);
    tcase_add_test(t, test_own_access);
    tcase_add_test(t, test_closed);
    tcase_add_test(t, test_open_and_set);
    tcase_add_test(t, test_open_many);
    tcase_add_test(t, test_hidden);
}

int main(void)
{
    return run_suite("sim-pv-where", fill);
}
