/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The checklist of mem_access for PV guests (docs/pv-checklist.md, which has these tests by
 * name), on the simulated PV machine.
 */
#include "sim-pv-test.h"

#define PAGE (FIRST + 3)
#define OTHER (FIRST + 4)
#define FOREIGN 0x10000u

/* 1. The guest can neither map nor write the ring page at any moment (XSA-99). */
START_TEST(the_guest_never_reaches_the_ring)
{
    static const uint32_t pins[] = {SIM_MMUEXT_PIN_L1, SIM_MMUEXT_PIN_L4, SIM_MMUEXT_NEW_BASEPTR,
                                    SIM_MMUEXT_CLEAR_PAGE, SIM_MMUEXT_COPY_PAGE};
    struct listener l = {.m = new_machine(1)};
    uint64_t ring, before;

    l.d = pv_domain(l.m, 1, FIRST);
    ck_assert_uint_eq(xmi_sim_pv_ring_mfn(l.d), XM_GFN_NONE); /* made only when asked for */
    ck_assert_ptr_null(xmi_sim_ring_page(l.d));
    /* Before anybody listens, while somebody does, and afterwards. */
    for (unsigned moment = 0; moment < 4; moment++) {
        if (moment == 0)
            ck_assert_int_eq(access_on(&l), 0);
        else if (moment == 1)
            ck_assert_int_eq(ring_enable(&l), 0);
        else if (moment == 2)
            ck_assert_int_eq(ring_disable(&l), 0);
        else
            ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS), 0);
        ring = xmi_sim_pv_ring_mfn(l.d);
        ck_assert_uint_ne(ring, XM_GFN_NONE);
        before = entry_at(l.d, at(PAGE));
        ck_assert_int_eq(update_va(l.d, at(PAGE), pte_make(ring, RW_PAGE)), -XM_EPERM);
        ck_assert_int_eq(update_va(l.d, at(PAGE), pte_make(ring, RO_PAGE)), -XM_EPERM);
        ck_assert_int_eq(
            pv_call(l.d, SIM_OP_MMU_UPDATE, 0, entry_addr(l.d, at(PAGE)), pte_make(ring, RW_PAGE)),
            -XM_EPERM);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, entry_addr(l.d, at(PAGE)), pte_make(ring, RW_PAGE)));
        ck_assert_uint_eq(vcpu(l.d, 0).traps, moment + 1); /* ptwr: the guest's #PF */
        ck_assert_uint_eq(pte_mfn(entry_at(l.d, at(PAGE))), pte_mfn(before));
        ck_assert_int_eq(pv_call(l.d, SIM_OP_MMU_UPDATE, 0, at(ring), 1), -XM_EPERM);
        for (unsigned i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
            ck_assert_int_eq(pv_call(l.d, SIM_OP_MMUEXT, pins[i], at(ring), at(PAGE)), -XM_EPERM);
        /* Nor is it read: copied into a page of the guest's. */
        ck_assert_int_eq(pv_call(l.d, SIM_OP_MMUEXT, SIM_MMUEXT_COPY_PAGE, at(PAGE), at(ring)),
                         -XM_EPERM);
        /* Nor does a tool that takes frames for the guest get it. */
        ck_assert_int_lt(xmi_sim_populate(l.d, ring), 0);
    }
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 2. Mem_access implies shadow. Log-dirty off leaves mem_access on, and the reverse. */
START_TEST(log_dirty_and_mem_access_end_without_each_other)
{
    struct listener l = pv_listener(1);
    struct xm_ev ev;

    ck_assert_uint_eq(l.d->pv->mode, XM_PV_MODE_SHADOW | XM_PV_MODE_MEM_ACCESS);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_ENABLE, XM_SHADOW_ENABLE_LOG_DIRTY), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, 0), 0); /* as a migration ends it */
    ck_assert_uint_eq(l.d->pv->mode, XM_PV_MODE_SHADOW | XM_PV_MODE_MEM_ACCESS);
    ev = pv_stopped(&l, SIM_OP_WRITE, at(PAGE), 1, PAGE, XM_DO_W);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RWX), 0);
    go_on(&l, &ev);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_ENABLE, XM_SHADOW_ENABLE_LOG_DIRTY), 0);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS), 0);
    ck_assert_uint_eq(l.d->pv->mode, XM_PV_MODE_SHADOW | XM_PV_MODE_LOG_DIRTY);
    ck_assert(!xmi_pv_own(l.d, PAGE)->dirty);
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 2));
    ck_assert(xmi_pv_own(l.d, PAGE)->dirty);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, 0), 0);
    ck_assert_uint_eq(l.d->pv->mode, 0);
    ck_assert_uint_eq(l.d->pv->shadow_count, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 3. Enable without a ring: -ENODEV. A range that wraps or passes the end: -EINVAL; not ~0. */
START_TEST(no_ring_is_enodev_and_a_range_beyond_the_end_einval)
{
    struct listener l = {.m = new_machine(1)};

    l.d = pv_domain(l.m, 1, FIRST);
    ck_assert_int_eq(ring_enable(&l), -XM_ENODEV);
    ck_assert_int_eq(access_on(&l), 0);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_R), -XM_ENODEV);
    ck_assert_int_eq(rights_of(&l, PAGE), -XM_ENODEV);
    ck_assert_int_eq(ring_enable(&l), 0);
    ck_assert_int_eq(set_rights(&l, UINT64_MAX - 1, 4, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(set_rights(&l, PV_END - 1, 2, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(set_rights(&l, PV_END, 1, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(set_rights(&l, PAGE, 0, XM_ACCESS_R), -XM_EINVAL);
    ck_assert_int_eq(rights_of(&l, PV_END), -XM_EINVAL);
    ck_assert_int_eq(set_rights(&l, UINT64_MAX, 0, XM_ACCESS_RX), 0);
    ck_assert_int_eq(set_rights(&l, UINT64_MAX, 1000, XM_ACCESS_RX), 0);
    ck_assert_int_eq(rights_of(&l, UINT64_MAX), XM_ACCESS_RX);
    ck_assert_int_eq(rights_of(&l, PAGE), XM_ACCESS_RX);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 4. access_required and no listener: crashed. Not required: relaxed to rwx, and on it goes. */
START_TEST(with_nobody_listening_a_page_is_relaxed_or_the_domain_crashed)
{
    for (unsigned required = 0; required < 2; required++) {
        struct listener l = pv_listener(1);
        struct sim_domain_info info;

        ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
        ck_assert_int_eq(domctl(&l, XM_DOMCTL_SET_ACCESS_REQUIRED, required, 0), 0);
        ck_assert_int_eq(ring_disable(&l), 0);
        ck_assert_int_eq(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 5), !required);
        xmi_sim_domain_info(l.d, &info);
        ck_assert_int_eq(info.dying, required);
        if (!required) {
            ck_assert_int_eq(ring_enable(&l), 0);
            ck_assert_int_eq(rights_of(&l, PAGE), XM_ACCESS_RWX);
            ck_assert_uint_eq(peek64(l.d, at(PAGE)), 5);
        }
        xmi_sim_machine_destroy(l.m);
    }
}
END_TEST

/* 5. Each frame's owner is checked; a foreign frame is refused with nothing changed. */
START_TEST(a_foreign_frame_is_refused_with_nothing_changed)
{
    uint64_t gfns[3] = {PAGE, OTHER, FOREIGN};
    uint8_t rights[3] = {XM_ACCESS_N, XM_ACCESS_N, XM_ACCESS_N};
    struct listener l = pv_listener(1), l2;
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET_MULTI,
                                  .domid = (uint16_t)l.d->cfg.domid,
                                  .nr = 3,
                                  .pfn_list = (uintptr_t)gfns,
                                  .access_list = (uintptr_t)rights};
    uint64_t hole = FIRST + PAGES + 4, flushes;

    l2 = (struct listener){.m = l.m, .d = pv_domain(l.m, 1, FOREIGN)};
    ck_assert_int_eq(access_on(&l2), 0);
    ck_assert_int_eq(ring_enable(&l2), 0);
    flushes = report(l.d).tlb_flushes;
    ck_assert_int_eq(set_rights(&l, FOREIGN, 1, XM_ACCESS_N), -XM_ESRCH);
    ck_assert_int_eq(rights_of(&l, FOREIGN), -XM_ESRCH);
    ck_assert_int_eq(set_rights(&l, FIRST, (uint32_t)(hole - FIRST + 1), XM_ACCESS_N), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &op), -XM_ESRCH);
    for (uint64_t m = FIRST; m < hole; m++)
        ck_assert_int_eq(rights_of(&l, m), XM_ACCESS_RWX);
    ck_assert_uint_eq(report(l.d).tlb_flushes, flushes);
    ck_assert_int_eq(rights_of(&l2, FOREIGN), XM_ACCESS_RWX);
    /* The batching answer, in one flush. */
    op.nr = 2;
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 5));
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(OTHER), 5));
    flushes = report(l.d).tlb_flushes;
    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &op), 0);
    ck_assert_uint_eq(report(l.d).tlb_flushes, flushes + 1);
    ck_assert_int_eq(rights_of(&l, OTHER), XM_ACCESS_N);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 6. One frame: its mappings go, wherever they are, though the guest's own tables refer to it;
 * nothing else goes; the flush is made, and only when something was there. */
START_TEST(all_mappings_of_a_frame_go_though_the_guest_refers_to_it)
{
    struct listener l = pv_listener(1);
    uint64_t flushes, shadows;

    ck_assert_int_eq(update_va(l.d, at(OTHER), pte_make(PAGE, RW_PAGE)), 0);
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 1));
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(OTHER), 2));
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(FIRST + 9), 2));
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 2);
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->refs, 2);
    shadows = l.d->pv->shadow_count;
    flushes = report(l.d).tlb_flushes;
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_R), 0);
    ck_assert_uint_eq(report(l.d).tlb_flushes, flushes + 1);
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 0);
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->refs, 2);
    ck_assert_uint_eq(xmi_pv_own(l.d, FIRST + 9)->smaps, 1);
    ck_assert_uint_eq(l.d->pv->shadow_count, shadows);
    /* Not mapped in any shadow: no walk, no flush. */
    ck_assert_int_eq(set_rights(&l, FIRST + 30, 1, XM_ACCESS_N), 0);
    ck_assert_uint_eq(report(l.d).tlb_flushes, flushes + 1);
    ck_assert_uint_eq(l.d->pv->where.sweeps, 1);
    (void)pv_stopped(&l, SIM_OP_WRITE, at(OTHER), 1, PAGE, XM_DO_W);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 7. Fetches are told apart; rx2rw; n2rwx; where the guest's own table denies, its #PF and no event. */
START_TEST(a_fault_tells_fetches_apart_and_leaves_the_guests_own_to_it)
{
    struct listener l = pv_listener(1);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RW), 0);
    ck_assert(pv_do(l.d, SIM_OP_RMW, 0, at(PAGE), 1));
    ev = pv_stopped(&l, SIM_OP_EXEC, at(PAGE), 0, PAGE, XM_DO_X);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RWX), 0);
    go_on(&l, &ev);

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RX2RW), 0);
    ck_assert(pv_do(l.d, SIM_OP_EXEC, 0, at(PAGE), 0));
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 2));
    ck_assert(no_event(&l));
    ck_assert_int_eq(rights_of(&l, PAGE), XM_ACCESS_RW);
    ev = pv_stopped(&l, SIM_OP_EXEC, at(PAGE), 0, PAGE, XM_DO_X);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N2RWX), 0);
    go_on(&l, &ev);

    ck_assert(take(&l, &ev)); /* the same fetch once more, on n2rwx: it went through */
    ck_assert_uint_eq(ev.flags & XM_EV_FLAG_VCPU_PAUSED, 0);
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, XM_DO_X);
    ck_assert_int_eq(rights_of(&l, PAGE), XM_ACCESS_RWX);
    answer(&l, &ev, 0);

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(update_va(l.d, at(PAGE), pte_make(PAGE, RO_PAGE | XM_PTE_NX)), 0);
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 3));
    ck_assert(pv_do(l.d, SIM_OP_EXEC, 0, at(PAGE), 0));
    ck_assert_uint_eq(vcpu(l.d, 0).traps, 2);
    ck_assert(no_event(&l));
    (void)pv_stopped(&l, SIM_OP_READ, at(PAGE), 0, PAGE, XM_DO_R);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static uint64_t shadow_entry(struct sim_domain *d, uint64_t va)
{
    struct pv_walk w;

    return xmi_pv_walk_hw(d, xmi_sim_pv_root(d), va, &w) ? w.leaf : 0;
}

/* 8. Propagate intersects with log-dirty, read-only and page-table protection; prefetch too. A
 * denied write marks nothing dirty. */
START_TEST(an_entry_has_what_rights_and_log_dirty_and_the_guest_allow)
{
    struct listener l = pv_listener(1);
    uint64_t table = l1_of(l.d, at(PAGE));
    struct xm_ev ev;

    /* A neighbour that was used before is prefetched, with its rights. */
    for (unsigned i = 0; i < 3; i++)
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE + i), 1));
    ck_assert_int_eq(set_rights(&l, PAGE + 1, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(set_rights(&l, PAGE + 2, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(set_rights(&l, XM_GFN_NONE, 0, XM_ACCESS_RWX), 0); /* blows the shadows */
    ck_assert_uint_eq(l.d->pv->shadow_count, 0);
    ck_assert_int_eq(set_rights(&l, PAGE + 1, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(set_rights(&l, PAGE + 2, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_ENABLE, XM_SHADOW_ENABLE_LOG_DIRTY), 0);
    ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(PAGE), 0));
    ck_assert_uint_ne(l.d->pv->prefetched, 0);
    ck_assert_uint_eq(shadow_entry(l.d, at(PAGE)) & (XM_PTE_P | XM_PTE_RW), XM_PTE_P); /* clean */
    ck_assert_uint_eq(shadow_entry(l.d, at(PAGE + 1)) & (XM_PTE_P | XM_PTE_RW | XM_PTE_NX),
                      XM_PTE_P | XM_PTE_NX);
    ck_assert_uint_eq(shadow_entry(l.d, at(PAGE + 2)), 0);

    /* Denied by the rights: neither the log nor the guest's dirty bit knows of it. */
    ck_assert_int_eq(update_va(l.d, at(PAGE + 1), pte_make(PAGE + 1, RW_PAGE)), 0);
    ev = pv_stopped(&l, SIM_OP_WRITE, at(PAGE + 1), 9, PAGE + 1, XM_DO_W);
    ck_assert(!xmi_pv_own(l.d, PAGE + 1)->dirty);
    ck_assert_uint_eq(entry_at(l.d, at(PAGE + 1)) & (PTE_A | PTE_D), 0);
    ck_assert_int_eq(set_rights(&l, PAGE + 1, 1, XM_ACCESS_RW), 0);
    go_on(&l, &ev);
    ck_assert(xmi_pv_own(l.d, PAGE + 1)->dirty);
    ck_assert_uint_eq(entry_at(l.d, at(PAGE + 1)) & (PTE_A | PTE_D), PTE_A | PTE_D);
    ck_assert_uint_eq(shadow_entry(l.d, at(PAGE + 1)) & (XM_PTE_P | XM_PTE_RW | XM_PTE_NX),
                      XM_PTE_P | XM_PTE_RW | XM_PTE_NX);

    /* Rights of rwx give no more than the log, the guest or a page table allow. */
    ck_assert(!xmi_pv_own(l.d, PAGE)->dirty);
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 1));
    ck_assert(xmi_pv_own(l.d, PAGE)->dirty);
    ck_assert_int_eq(update_va(l.d, at(PAGE), pte_make(PAGE, RO_PAGE)), 0);
    ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(PAGE), 0));
    ck_assert_uint_eq(shadow_entry(l.d, at(PAGE)) & XM_PTE_RW, 0);
    ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(table), 0));
    ck_assert_uint_eq(shadow_entry(l.d, at(table)) & (XM_PTE_P | XM_PTE_RW), XM_PTE_P);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_CLEAN, 0), 0);
    ck_assert(!xmi_pv_own(l.d, PAGE + 1)->dirty);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 9. w, wx and x: no entry, and the fault path decides each access. */
START_TEST(what_no_entry_can_express_is_decided_by_the_fault)
{
    static const struct {
        uint8_t op;
        uint32_t bit;
    } doing[] = {{SIM_OP_READ, XM_DO_R}, {SIM_OP_WRITE, XM_DO_W}, {SIM_OP_EXEC, XM_DO_X}};
    static const uint8_t rights[] = {XM_ACCESS_W, XM_ACCESS_X, XM_ACCESS_WX};

    for (unsigned i = 0; i < 9; i++) {
        struct listener l = pv_listener(1);
        uint8_t a = rights[i / 3];
        struct xm_ev ev;

        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 1));
        ck_assert_int_eq(set_rights(&l, PAGE, 1, a), 0);
        ck_assert_int_eq(rights_of(&l, PAGE), a);
        for (unsigned again = 0; again < 2; again++) { /* nothing is left from the first time */
            if ((xm_rights_bits((enum xm_access)a) & doing[i % 3].bit) != 0) {
                ck_assert(pv_do(l.d, doing[i % 3].op, 0, at(PAGE), 40 + i + again));
                ck_assert(no_event(&l));
                ck_assert_uint_eq(shadow_entry(l.d, at(PAGE)), 0);
                ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 0);
            } else {
                ev = pv_stopped(&l, doing[i % 3].op, at(PAGE), 7, PAGE, doing[i % 3].bit);
                ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RWX), 0);
                go_on(&l, &ev);
                ck_assert_int_eq(set_rights(&l, PAGE, 1, a), 0);
            }
        }
        if (doing[i % 3].op == SIM_OP_WRITE && a != XM_ACCESS_X)
            ck_assert_uint_eq(peek64(l.d, at(PAGE)), 41 + i);
        ck_assert_uint_eq(report(l.d).forbidden, 0);
        xmi_sim_machine_destroy(l.m);
    }
}
END_TEST

/* 10. Page-table writes by fault and by hypercall are checked like the guest's own. */
START_TEST(page_table_writes_by_fault_and_by_hypercall_meet_the_rights)
{
    struct listener l = pv_listener(1);
    uint64_t table = l1_of(l.d, at(PAGE)), entry = entry_addr(l.d, at(PAGE));
    struct {
        uint8_t code;
        uint32_t index;
        uint64_t addr, value, mfn;
    } ways[] = {
        {SIM_OP_WRITE, 0, entry, 0, table}, /* ptwr */
        {SIM_OP_MMU_UPDATE, 0, entry, 0, table},
        {SIM_OP_MMU_UPDATE, 2, entry, 0, table},
        {SIM_OP_UPDATE_VA, 1, at(PAGE), 0, table},
        {SIM_OP_MMU_UPDATE, 0, at(OTHER), 0, OTHER}, /* by its machine address */
        {SIM_OP_MMUEXT, SIM_MMUEXT_CLEAR_PAGE, at(OTHER), 0, OTHER},
        {SIM_OP_MMUEXT, SIM_MMUEXT_COPY_PAGE, at(OTHER), at(FIRST + 20), OTHER},
    };

    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        uint64_t value = pte_make(PAGE, RW_PAGE | ((uint64_t)i << 9)),
                 was = entry_at(l.d, at(PAGE));
        bool copies = ways[i].code == SIM_OP_MMUEXT;
        struct xm_ev ev;

        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(OTHER), 1000 + i));
        ck_assert_int_eq(set_rights(&l, ways[i].mfn, 1, XM_ACCESS_R), 0);
        ck_assert(
            !pv_do(l.d, ways[i].code, ways[i].index, ways[i].addr, copies ? ways[i].value : value));
        ck_assert(take(&l, &ev));
        ck_assert_uint_eq(ev.u.mem_access.gfn, ways[i].mfn);
        ck_assert_uint_eq(ev.u.mem_access.flags & 7u, XM_DO_W);
        ck_assert_uint_eq(entry_at(l.d, at(PAGE)), was); /* nothing was written */
        ck_assert_uint_eq(peek64(l.d, at(OTHER)), 1000 + i);
        answer(&l, &ev, 0); /* resumed as it is: caught again */
        (void)xmi_sim_domain_run(l.d, 64);
        ck_assert(take(&l, &ev));
        ck_assert_int_eq(set_rights(&l, ways[i].mfn, 1, XM_ACCESS_RWX), 0);
        go_on(&l, &ev); /* the hypercall goes on where it was */
        ck_assert(no_event(&l));
        if (ways[i].mfn == table)
            ck_assert_uint_eq(entry_at(l.d, at(PAGE)) & ~(PTE_A | PTE_D), value);
        else
            ck_assert_uint_eq(peek64(l.d, at(OTHER)), copies ? 0 : value);
    }
    /* A copy's source is read. */
    ck_assert_int_eq(set_rights(&l, OTHER, 1, XM_ACCESS_N), 0);
    ck_assert(!pv_do(l.d, SIM_OP_MMUEXT, SIM_MMUEXT_COPY_PAGE, at(FIRST + 20), at(OTHER)));
    /* And rights of the page that an entry names hold behind any way of writing the entry. */
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);

    l = pv_listener(1);
    ck_assert_int_eq(set_rights(&l, OTHER, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(update_va(l.d, at(PAGE), pte_make(OTHER, RW_PAGE | PTE_A | PTE_D)), 0);
    (void)pv_stopped(&l, SIM_OP_WRITE, at(PAGE), 1, OTHER, XM_DO_W);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* What is given to Xen by its number is a write of the guest's; what Xen has, it writes. */
START_TEST(a_frame_given_to_xen_by_number_is_a_write_of_the_guests)
{
    struct listener l = pv_listener(1);
    struct xm_ev ev;

    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE) + 0x100, 0x1111));
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(pv_call(l.d, SIM_OP_AREA, 1, 0, 5), -XM_EINVAL);
    ck_assert_int_eq(pv_call(l.d, SIM_OP_AREA, 0, at(0x9999), 5), -XM_EINVAL);
    ck_assert(!pv_do(l.d, SIM_OP_AREA, 0, at(PAGE) + 0x100, 0x2222));
    ck_assert(take(&l, &ev));
    ck_assert(ev.u.mem_access.gfn == PAGE && ev.u.mem_access.offset == 0x100);
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, XM_DO_W);
    ck_assert_uint_eq(peek64(l.d, at(PAGE) + 0x100), 0x1111);
    answer(&l, &ev, XM_EV_FLAG_EMULATE); /* let through: the rights stay */
    while (xmi_sim_domain_run(l.d, 64) != 0)
        ;
    ck_assert_int_eq((int)vcpu(l.d, 0).result, 0);
    ck_assert_uint_eq(peek64(l.d, at(PAGE) + 0x100), 0x2222);
    ck_assert_int_eq(rights_of(&l, PAGE), XM_ACCESS_R);
    /* The frame is Xen's to write, whatever the rights, and still the guest's to be stopped at. */
    ck_assert_int_eq(pv_call(l.d, SIM_OP_AREA, 1, 0, 0x3333), 0);
    ck_assert(no_event(&l));
    ck_assert_uint_eq(peek64(l.d, at(PAGE) + 0x100), 0x3333);
    ck_assert_int_eq(pv_call(l.d, SIM_OP_AREA, 0, at(OTHER), 5), -XM_EBUSY);
    (void)pv_stopped(&l, SIM_OP_WRITE, at(PAGE), 1, PAGE, XM_DO_W);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 11. Xen's own accesses: ignored, told of without stopping anybody, or denied with -EFAULT. */
START_TEST(accesses_of_xen_pass_or_are_told_or_are_denied)
{
    struct listener l = pv_listener(1);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
    ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 11), 0); /* ignore */
    ck_assert_uint_eq(peek64(l.d, at(PAGE)), 11);
    ck_assert(no_event(&l));

    ck_assert_int_eq(xmi_sim_pv_set_policy(l.d, SIM_PV_OWN_NOTIFY), 0);
    for (unsigned i = 0; i < 12; i++) { /* more than the ring holds: it never waits */
        ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 20 + i),
                         i == 0 ? 11 : 19 + i);
        ck_assert_int_eq(vcpu(l.d, 0).state, SIM_VCPU_IDLE);
    }
    ck_assert_uint_eq(l.d->core.stats.lost, 4);
    while (take(&l, &ev)) {
        ck_assert_uint_eq(ev.flags & XM_EV_FLAG_VCPU_PAUSED, 0);
        ck_assert_uint_eq(ev.u.mem_access.gfn, PAGE);
        answer(&l, &ev, 0);
    }
    ck_assert_int_eq(rights_of(&l, PAGE), XM_ACCESS_N);

    ck_assert_int_eq(xmi_sim_pv_set_policy(l.d, SIM_PV_OWN_DENY), 0);
    ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 50), -XM_EFAULT);
    /* Half of it would be allowed: none of it is done. */
    ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE - 1) + 0xffc, 50), -XM_EFAULT);
    ck_assert_uint_eq(peek64(l.d, at(PAGE)), 31);
    ck_assert_uint_eq(peek64(l.d, at(PAGE - 1) + 0xff8), 0);
    ck_assert(no_event(&l));
    ck_assert_int_eq(pv_call(l.d, SIM_OP_HYPERCALL_BUF, 0, at(OTHER), 50), 0);
    /* With access_required and nobody to tell, a notification is a violation like any other. */
    ck_assert_int_eq(xmi_sim_pv_set_policy(l.d, SIM_PV_OWN_NOTIFY), 0);
    ck_assert_int_eq(domctl(&l, XM_DOMCTL_SET_ACCESS_REQUIRED, 1, 0), 0);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert(!pv_do(l.d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 60));
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* 12. A frame that changes owner starts at the default again. */
START_TEST(a_frame_with_a_new_owner_starts_at_the_default)
{
    for (unsigned later = 0; later < 2; later++) {
        struct listener l = {.m = new_machine(1)}, l2 = {.m = l.m};

        l.d = pv_domain(l.m, 1, FIRST);
        l2.d = pv_domain(l.m, 1, FOREIGN);
        ck_assert_int_eq(xmi_sim_pv_set_later_default(l2.d, later != 0), 0);
        ck_assert_int_eq(access_on(&l), 0);
        ck_assert_int_eq(ring_enable(&l), 0);
        ck_assert_int_eq(access_on(&l2), 0);
        ck_assert_int_eq(ring_enable(&l2), 0);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 5));
        ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_N), 0);
        ck_assert_int_eq(set_rights(&l2, XM_GFN_NONE, 0, XM_ACCESS_RX), 0);
        ck_assert_int_eq(xmi_sim_depopulate(l.d, PAGE), 0);
        ck_assert_int_eq(rights_of(&l, PAGE), -XM_ESRCH);
        ck_assert_int_eq(xmi_sim_populate(l2.d, PAGE), 0);
        ck_assert_int_eq(rights_of(&l2, PAGE), XM_ACCESS_RX); /* not n */
        /* For all, or for frames that came later. */
        ck_assert_int_eq(rights_of(&l2, FOREIGN), later ? XM_ACCESS_RWX : XM_ACCESS_RX);
        ck_assert_int_eq(xmi_sim_depopulate(l2.d, PAGE), 0);
        ck_assert_int_eq(xmi_sim_populate(l.d, PAGE), 0); /* and home again */
        ck_assert_int_eq(rights_of(&l, PAGE), XM_ACCESS_RWX);
        ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(PAGE), 0));
        ck_assert_uint_eq(vcpu(l.d, 0).result, 0);
        ck_assert(no_event(&l));
        ck_assert_uint_eq(report(l.d).forbidden, 0);
        xmi_sim_machine_destroy(l.m);
    }
}
END_TEST

/* 13. Disable restores every mapping to what the guest's tables say, and leaks nothing. */
START_TEST(the_end_restores_every_mapping_and_leaks_nothing)
{
    struct listener l = pv_listener(1);

    for (uint64_t m = FIRST; m < FIRST + 32; m++) {
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(m), m));
        ck_assert_int_eq(set_rights(&l, m, 1, (uint8_t)(m % 8)), 0);
    }
    ck_assert_int_eq(update_va(l.d, at(PAGE), pte_make(PAGE, RO_PAGE)), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS | XM_SHADOW_FORCE),
                     -XM_EBUSY); /* not under a listener */
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS), -XM_EBUSY);
    ck_assert_uint_gt(report(l.d).leftover_rights, 20);
    ck_assert_uint_eq(report(l.d).leftover_monitors, 1);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS | XM_SHADOW_FORCE),
                     0);
    ck_assert_uint_eq(l.d->pv->mode, 0);
    ck_assert_uint_eq(l.d->pv->shadow_count, 0);
    ck_assert_uint_eq(xm_pv_of(&l.d->core)->table.bytes, 0);
    ck_assert_uint_eq(report(l.d).leftover_rights, 0);
    ck_assert_uint_eq(report(l.d).leftover_monitors, 0);
    for (uint64_t m = FIRST; m < FIRST + 32; m++) {
        ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(m), 0));
        ck_assert_uint_eq(vcpu(l.d, 0).result, m);
        ck_assert(pv_do(l.d, SIM_OP_EXEC, 0, at(m), 0));
        ck_assert_uint_eq(vcpu(l.d, 0).traps, m > PAGE ? 1 : 0);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(m), 1));
        ck_assert_uint_eq(vcpu(l.d, 0).traps, m >= PAGE ? 1 : 0); /* the guest's own */
    }
    /* On again: no rights of before. */
    ck_assert_int_eq(access_on(&l), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    for (uint64_t m = FIRST; m < FIRST + 32; m++)
        ck_assert_int_eq(rights_of(&l, m), XM_ACCESS_RWX);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, the_guest_never_reaches_the_ring);
    tcase_add_test(t, log_dirty_and_mem_access_end_without_each_other);
    tcase_add_test(t, no_ring_is_enodev_and_a_range_beyond_the_end_einval);
    tcase_add_test(t, with_nobody_listening_a_page_is_relaxed_or_the_domain_crashed);
    tcase_add_test(t, a_foreign_frame_is_refused_with_nothing_changed);
    tcase_add_test(t, all_mappings_of_a_frame_go_though_the_guest_refers_to_it);
    tcase_add_test(t, a_fault_tells_fetches_apart_and_leaves_the_guests_own_to_it);
    tcase_add_test(t, an_entry_has_what_rights_and_log_dirty_and_the_guest_allow);
    tcase_add_test(t, what_no_entry_can_express_is_decided_by_the_fault);
    tcase_add_test(t, page_table_writes_by_fault_and_by_hypercall_meet_the_rights);
    tcase_add_test(t, a_frame_given_to_xen_by_number_is_a_write_of_the_guests);
    tcase_add_test(t, accesses_of_xen_pass_or_are_told_or_are_denied);
    tcase_add_test(t, a_frame_with_a_new_owner_starts_at_the_default);
    tcase_add_test(t, the_end_restores_every_mapping_and_leaks_nothing);
}

int main(void)
{
    return run_suite("sim-pv-checklist", fill);
}
