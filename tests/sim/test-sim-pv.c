/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PV machine: frames, validation, page-table writes, shadows, its TLB. */
#include "sim-pv-test.h"

#define PAGE (FIRST + 3)
#define OTHER (FIRST + 4)
#define FREE_TABLE (FIRST + 40) /* a page that becomes a table */

START_TEST(test_builder)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 2, FIRST);
    struct sim_domain_info info;

    xmi_sim_domain_info(d, &info);
    ck_assert_int_eq(info.kind, SIM_X86_PV);
    ck_assert_uint_eq(info.highest_gfn, FIRST + PAGES + 3); /* one table of each level */
    ck_assert_uint_eq(info.pages, PAGES + 4);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE) + 16, 99));
    ck_assert_uint_eq(peek64(d, at(PAGE) + 16), 99);
    ck_assert(pv_do(d, SIM_OP_READ, 0, at(PAGE) + 16, 0));
    ck_assert_uint_eq(vcpu(d, 0).result, 99);
    ck_assert(pv_do(d, SIM_OP_RMW, 0, at(PAGE) + 16, 5));
    ck_assert_uint_eq(vcpu(d, 0).result, 99);
    ck_assert(pv_do(d, SIM_OP_EXEC, 0, at(PAGE), 0));
    ck_assert_uint_eq(vcpu(d, 0).traps, 0);
    ck_assert_uint_eq(report(d).forbidden, 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_cfg)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain_cfg c = {.kind = SIM_X86_PV, .vcpus = 1, .pages = 16, .first_gfn = 100};
    struct sim_domain *d = NULL;

    c.altp2m = true;
    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), -XM_EINVAL);
    c.altp2m = false;
    c.pages = UINT64_C(1) << 21;
    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), -XM_EINVAL);
    c.pages = 16;
    c.first_gfn = UINT64_C(1) << 28;
    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), -XM_EINVAL);
    /* Over a border of tables, so that two of each lower level are needed. */
    c.first_gfn = (UINT64_C(1) << 18) - 8;
    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), 0);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(c.first_gfn + 15), 1));
    ck_assert_uint_eq(vcpu(d, 0).traps, 0);
    /* Its frames are its own. */
    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), -XM_EEXIST);
    c.first_gfn += 1000;
    ck_assert_int_eq(xmi_sim_domain_create(m, &c, &d), 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_guest_faults)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST);
    uint64_t traps = 0;

    ck_assert_int_eq(update_va(d, at(PAGE), pte_make(PAGE, RO_PAGE | XM_PTE_NX)), 0);
    ck_assert(pv_do(d, SIM_OP_READ, 0, at(PAGE), 0));
    ck_assert_uint_eq(vcpu(d, 0).traps, traps);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE), 1));
    ck_assert_uint_eq(vcpu(d, 0).traps, ++traps);
    ck_assert(pv_do(d, SIM_OP_EXEC, 0, at(PAGE), 0));
    ck_assert_uint_eq(vcpu(d, 0).traps, ++traps);
    ck_assert_int_eq(update_va(d, at(PAGE), 0), 0);
    ck_assert(pv_do(d, SIM_OP_READ, 0, at(PAGE), 0));
    ck_assert_uint_eq(vcpu(d, 0).traps, ++traps);
    ck_assert(pv_do(d, SIM_OP_READ, 0, UINT64_C(0x12345) << 30, 0));
    ck_assert_uint_eq(vcpu(d, 0).traps, ++traps);
    ck_assert(pv_do(d, SIM_OP_READ, 0, UINT64_C(0x800000000000), 0)); /* the hypervisor's */
    ck_assert_uint_eq(vcpu(d, 0).traps, ++traps);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* Everything that validation must refuse; the table is as before. */
START_TEST(test_validation)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST), *other = pv_domain(m, 1, 0x10000);
    uint64_t l1 = l1_of(d, at(PAGE)), root = xmi_sim_pv_root(d), before = entry_at(d, at(PAGE));

    (void)other;
    ck_assert_int_eq(update_va(d, at(PAGE), pte_make(0x10000, RO_PAGE)), -XM_EPERM); /* foreign */
    ck_assert_int_eq(update_va(d, at(PAGE), pte_make(0x9999, RO_PAGE)), -XM_EINVAL); /* nobody's */
    ck_assert_int_eq(update_va(d, at(PAGE), pte_make(l1, RW_PAGE)), -XM_EINVAL); /* a table, rw */
    ck_assert_int_eq(update_va(d, at(PAGE), pte_make(l1, RO_PAGE)), 0);
    ck_assert_int_eq(update_va(d, at(PAGE), before), 0);
    ck_assert_uint_eq(entry_at(d, at(PAGE)), before);
    /* Upper levels: only validated tables of the level below, no large pages. */
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, at(root) + 8, pte_make(PAGE, RW_PAGE)),
                     -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, at(root) + 8, pte_make(l1, RW_PAGE)),
                     -XM_EINVAL);
    ck_assert_int_eq(
        pv_call(d, SIM_OP_MMU_UPDATE, 0, at(root) + 256 * 8, pte_make(root + 1, RW_PAGE)),
        -XM_EPERM);
    ck_assert_int_eq(
        pv_call(d, SIM_OP_MMU_UPDATE, 0, at(root + 2) + 8, pte_make(l1, RW_PAGE | PTE_PSE)),
        -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 1, at(l1), 0), -XM_ENOSYS);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, at(0x10000), 0), -XM_EPERM);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, at(UINT64_C(1) << 50), 0), -XM_EPERM);
    ck_assert_int_eq(update_va(d, UINT64_C(0x12345) << 30, 0), -XM_EINVAL); /* no L1 there */
    /* A page that is mapped writable is no table; one that is a table is not cleared. */
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_PIN_L1, at(PAGE), 0), -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_CLEAR_PAGE, at(l1), 0), -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_BASEPTR, at(l1), 0), -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, 99, 0, 0), -XM_ENOSYS);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_pin)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST);
    uint64_t bad = pte_make(0x9999, RO_PAGE), good = pte_make(PAGE, RW_PAGE);

    /* The guest fills a page, gives up writing it, and has it pinned. */
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(FREE_TABLE), good));
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(FREE_TABLE) + 8, bad));
    ck_assert_int_eq(update_va(d, at(FREE_TABLE), pte_make(FREE_TABLE, RO_PAGE)), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_PIN_L1, at(FREE_TABLE), 0), -XM_EINVAL);
    ck_assert_uint_eq(xmi_pv_own(d, PAGE)->refs, 1); /* what was taken is given back */
    ck_assert_int_eq(update_va(d, at(FREE_TABLE), pte_make(FREE_TABLE, RW_PAGE)), 0);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(FREE_TABLE) + 8, 0));
    ck_assert_int_eq(update_va(d, at(FREE_TABLE), pte_make(FREE_TABLE, RO_PAGE)), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_PIN_L1, at(FREE_TABLE), 0), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_PIN_L1, at(FREE_TABLE), 0), -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_PIN_L2, at(FREE_TABLE), 0), -XM_EINVAL);
    ck_assert_uint_eq(xmi_pv_own(d, PAGE)->refs, 2);
    /* While it is a table, it is not mapped writable. */
    ck_assert_int_eq(update_va(d, at(FREE_TABLE), pte_make(FREE_TABLE, RW_PAGE)), -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_UNPIN, at(FREE_TABLE), 0), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_UNPIN, at(FREE_TABLE), 0), -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_UNPIN, at(0x9999), 0), -XM_EINVAL);
    ck_assert_uint_eq(xmi_pv_own(d, PAGE)->refs, 1);
    ck_assert_int_eq(update_va(d, at(FREE_TABLE), pte_make(FREE_TABLE, RW_PAGE)), 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* A copy of the L4: the vCPU moves to it and back. */
START_TEST(test_new_root)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST);
    uint64_t root = xmi_sim_pv_root(d);

    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_COPY_PAGE, at(FREE_TABLE), at(root)), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_BASEPTR, at(FREE_TABLE), 0),
                     -XM_EINVAL); /* still mapped writable */
    ck_assert_int_eq(update_va(d, at(FREE_TABLE), 0), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_BASEPTR, at(FREE_TABLE), 0), 0);
    ck_assert_uint_eq(d->vcpu[0].pv_root, FREE_TABLE);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE), 7));
    ck_assert_uint_eq(vcpu(d, 0).traps, 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_COPY_PAGE, at(OTHER), at(0x9999)),
                     -XM_EINVAL);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_BASEPTR, at(root), 0), 0);
    ck_assert_uint_eq(xmi_pv_own(d, FREE_TABLE)->types, 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* A guest writes its L1 table, which it has mapped read-only; the same with and without shadows. */
START_TEST(test_ptwr)
{
    for (unsigned shadows = 0; shadows < 2; shadows++) {
        struct listener l = {.m = new_machine(1)};
        uint64_t va, traps;

        l.d = pv_domain(l.m, 1, FIRST);
        if (shadows)
            ck_assert_int_eq(access_on(&l), 0);
        va = entry_addr(l.d, at(PAGE)); /* 1:1 */
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, va, pte_make(OTHER, RW_PAGE)));
        ck_assert_uint_eq(vcpu(l.d, 0).traps, 0);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE) + 8, 1234));
        ck_assert_uint_eq(peek64(l.d, at(OTHER) + 8), 1234);
        ck_assert(pv_do(l.d, SIM_OP_RMW, 0, va, pte_make(PAGE, RW_PAGE)));
        ck_assert_uint_eq(pte_mfn(vcpu(l.d, 0).result), OTHER);
        traps = vcpu(l.d, 0).traps;
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, va, pte_make(0x9999, RW_PAGE))); /* not valid */
        ck_assert_uint_eq(vcpu(l.d, 0).traps, traps + 1);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, va + 3, 0)); /* not aligned */
        ck_assert_uint_eq(vcpu(l.d, 0).traps, traps + 2);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(xmi_sim_pv_root(l.d)), 0)); /* not an L1 */
        ck_assert_uint_eq(vcpu(l.d, 0).traps, traps + 3);
        ck_assert_uint_eq(pte_mfn(entry_at(l.d, at(PAGE))), PAGE);
        ck_assert_uint_eq(report(l.d).forbidden, 0);
        xmi_sim_machine_destroy(l.m);
    }
}
END_TEST

/* Without shadows an old translation lives until it is flushed; shadows flush by themselves. */
START_TEST(test_stale_tlb)
{
    struct listener l = {.m = new_machine(1)};
    struct sim_domain *d = l.d = pv_domain(l.m, 1, FIRST);
    uint64_t e = entry_addr(d, at(PAGE));

    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE), 1));
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, e, pte_make(OTHER, RW_PAGE)), 0);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE), 2));
    ck_assert_uint_eq(peek64(d, at(PAGE)), 2);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE), 3));
    ck_assert_uint_eq(peek64(d, at(OTHER)), 3);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, e, pte_make(PAGE, RW_PAGE)), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    ck_assert_int_eq(access_on(&l), 0);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE), 4));
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, e, pte_make(OTHER, RW_PAGE)), 0);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE), 5));
    ck_assert_uint_eq(peek64(d, at(OTHER)), 5);
    ck_assert_uint_eq(report(d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A page turns into a table: what translated it as writable is flushed, asked for or not. */
START_TEST(test_table_is_never_writable)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST);
    uint64_t traps;

    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(FREE_TABLE) + 64, 0)); /* in the TLB */
    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, entry_addr(d, at(FREE_TABLE)),
                             pte_make(FREE_TABLE, RO_PAGE)),
                     0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_PIN_L2, at(FREE_TABLE), 0), 0);
    traps = vcpu(d, 0).traps;
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(FREE_TABLE) + 64, pte_make(PAGE, RW_PAGE)));
    ck_assert_uint_eq(vcpu(d, 0).traps, traps + 1);
    ck_assert_uint_eq(report(d).forbidden, 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* The machine notices if a flush that must be is left out. */
START_TEST(test_check_sees_a_missing_flush)
{
    struct listener l = pv_listener(1);

    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 1));
    xmi_sim_break_tlb_flush(l.d, true);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_R), 0);
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 2));
    ck_assert_uint_eq(report(l.d).forbidden, 1);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_accessed_and_dirty)
{
    for (unsigned shadows = 0; shadows < 2; shadows++) {
        struct listener l = {.m = new_machine(1)};

        l.d = pv_domain(l.m, 1, FIRST);
        if (shadows)
            ck_assert_int_eq(access_on(&l), 0);
        ck_assert_uint_eq(entry_at(l.d, at(PAGE)) & (PTE_A | PTE_D), 0);
        ck_assert(pv_do(l.d, SIM_OP_READ, 0, at(PAGE), 0));
        ck_assert_uint_eq(entry_at(l.d, at(PAGE)) & (PTE_A | PTE_D), PTE_A);
        ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 0));
        ck_assert_uint_eq(entry_at(l.d, at(PAGE)) & (PTE_A | PTE_D), PTE_A | PTE_D);
        ck_assert_int_eq(
            pv_call(l.d, SIM_OP_MMU_UPDATE, 2, entry_addr(l.d, at(PAGE)), pte_make(PAGE, RW_PAGE)),
            0);
        ck_assert_uint_eq(entry_at(l.d, at(PAGE)) & (PTE_A | PTE_D), PTE_A | PTE_D);
        ck_assert_int_eq(update_va(l.d, at(PAGE), pte_make(PAGE, RW_PAGE)), 0);
        ck_assert_uint_eq(entry_at(l.d, at(PAGE)) & (PTE_A | PTE_D), 0);
        xmi_sim_machine_destroy(l.m);
    }
}
END_TEST

START_TEST(test_buffers)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST);

    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(PAGE) + 0xffc, 0x1111111122222222));
    ck_assert_int_eq(pv_call(d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE) + 0xffc, 5), 0x1111111122222222);
    ck_assert_uint_eq(peek64(d, at(OTHER)) & 0xffffffff, 0); /* the upper half, over the border */
    ck_assert_int_eq(update_va(d, at(OTHER), pte_make(OTHER, RO_PAGE)), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE) + 0xffc, 6), -XM_EFAULT);
    ck_assert_uint_eq(peek64(d, at(PAGE) + 0xff8) >> 32, 5); /* nothing was copied */
    ck_assert_int_eq(update_va(d, at(PAGE), 0), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_HYPERCALL_BUF, 0, at(PAGE), 6), -XM_EFAULT);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* Memory of the guest written through hypercalls. */
START_TEST(test_pages_by_hypercall)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST);

    ck_assert_int_eq(pv_call(d, SIM_OP_MMU_UPDATE, 0, at(PAGE) + 8, 77), 0);
    ck_assert_uint_eq(peek64(d, at(PAGE) + 8), 77);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_COPY_PAGE, at(OTHER), at(PAGE)), 0);
    ck_assert_uint_eq(peek64(d, at(OTHER) + 8), 77);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_CLEAR_PAGE, at(PAGE), 0), 0);
    ck_assert_uint_eq(peek64(d, at(PAGE) + 8), 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* A guest that balloons through many frames, each of them restricted while it has it. */
START_TEST(test_frames_leave_nothing)
{
    struct listener l = pv_listener(1);
    uint64_t first = FIRST + PAGES + 10, most = 0;

    for (uint64_t i = 0; i < 300; i++) {
        uint64_t fresh = first + i * 5000;

        ck_assert_int_eq(xmi_sim_populate(l.d, fresh), 0);
        ck_assert_int_eq(set_rights(&l, fresh, 1, XM_ACCESS_N), 0);
        ck_assert_uint_gt(xm_pv_of(&l.d->core)->table.bytes, 0);
        most = xm_pv_of(&l.d->core)->table.bytes > most ? xm_pv_of(&l.d->core)->table.bytes : most;
        ck_assert_int_eq(xmi_sim_depopulate(l.d, fresh), 0);
        ck_assert_uint_eq(xm_pv_of(&l.d->core)->table.bytes, 0);
        ck_assert_int_eq(set_rights(&l, fresh, 1, XM_ACCESS_N), -XM_ESRCH);
    }
    ck_assert_uint_lt(most, 2500);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS), 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

START_TEST(test_pages_come_and_go)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = pv_domain(m, 1, FIRST), *other = pv_domain(m, 1, 0x10000);
    uint64_t fresh = FIRST + PAGES + 10;
    struct sim_domain_info info;
    void *page;

    ck_assert_int_eq(xmi_sim_populate(d, PAGE), -XM_EEXIST);
    ck_assert_int_eq(xmi_sim_populate(d, 0x10000), -XM_EEXIST); /* the other's */
    ck_assert_int_eq(xmi_sim_populate(d, UINT64_C(1) << 30), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_depopulate(d, 0x10000), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_depopulate(d, xmi_sim_pv_root(d)), -XM_EBUSY);
    ck_assert_int_eq(xmi_sim_populate(d, fresh), 0);
    xmi_sim_domain_info(d, &info);
    ck_assert_uint_eq(info.highest_gfn, fresh);
    ck_assert_uint_eq(info.pages, PAGES + 5);
    ck_assert(pv_do(d, SIM_OP_WRITE, 0, at(fresh), 3));
    ck_assert_uint_eq(peek64(d, at(fresh)), 3);
    ck_assert_int_eq(xmi_sim_depopulate(d, fresh), 0);
    ck_assert_int_eq(xmi_sim_map_gfn(d, fresh, &page), -XM_ESRCH);
    ck_assert(pv_do(d, SIM_OP_READ, 0, at(fresh), 0));
    ck_assert_uint_eq(vcpu(d, 0).traps, 1);
    /* Mapped twice: not given away behind the guest's back. */
    ck_assert_int_eq(update_va(d, at(PAGE), pte_make(OTHER, RW_PAGE)), 0);
    ck_assert_int_eq(xmi_sim_depopulate(d, OTHER), -XM_EBUSY);
    ck_assert_int_eq(update_va(d, at(PAGE), 0), 0);
    ck_assert_int_eq(xmi_sim_depopulate(d, OTHER), 0);
    ck_assert_int_eq(xmi_sim_populate(other, OTHER), 0); /* a frame moves */
    ck_assert_uint_eq(peek64(other, at(OTHER)), 0);
    ck_assert_int_eq(xmi_sim_populate(d, OTHER), -XM_EEXIST);
    ck_assert_uint_eq(report(d).forbidden, 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_shadow_control)
{
    struct listener l = {.m = new_machine(1)};
    struct xm_domctl c = {.cmd = XM_DOMCTL_SHADOW_OP, .interface_version = 1};

    l.d = pv_domain(l.m, 1, FIRST);
    c.domain = (uint16_t)l.d->cfg.domid;
    ck_assert_int_eq(xmi_sim_hc_domctl(l.m, &c), -XM_EACCES);
    ck_assert_int_eq(shadow_op(&l, 77, 0), -XM_EINVAL);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_ENABLE, 1), -XM_EINVAL);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_CLEAN, 0), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_pv_set_policy(l.d, (enum sim_pv_policy)9), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_pv_set_later_default(l.d, true), 0);
    ck_assert_int_eq(access_on(&l), 0);
    ck_assert_int_eq(xmi_sim_pv_set_later_default(l.d, false), -XM_EINVAL);
    l.d = new_domain(l.m, SIM_X86_EPT, 1, 16);
    ck_assert_int_eq(access_on(&l), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_pv_set_policy(l.d, SIM_PV_OWN_DENY), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_pv_set_later_default(l.d, true), -XM_EINVAL);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* A frame's rights hold wherever and however often it is mapped. */
START_TEST(test_aliases)
{
    struct listener l = pv_listener(1);
    struct xm_ev ev;

    ck_assert_int_eq(update_va(l.d, at(OTHER), pte_make(PAGE, RW_PAGE)), 0);
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(PAGE), 1));
    ck_assert(pv_do(l.d, SIM_OP_WRITE, 0, at(OTHER), 2));
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 2);
    ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RX), 0);
    ck_assert_uint_eq(xmi_pv_own(l.d, PAGE)->smaps, 0);
    ck_assert_uint_ne(l.d->pv->shadow_count, 0); /* nothing else was dropped */
    for (unsigned i = 0; i < 2; i++) {
        uint64_t va = at(i == 0 ? PAGE : OTHER);

        ev = pv_stopped(&l, SIM_OP_WRITE, va + 8 * i, 7, PAGE, XM_DO_W);
        ck_assert_uint_eq(ev.u.mem_access.gla, va + 8 * i);
        ck_assert_uint_eq(ev.data.x86.cr3, at(xmi_sim_pv_root(l.d)));
        ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RWX), 0);
        go_on(&l, &ev);
        ck_assert_int_eq(set_rights(&l, PAGE, 1, XM_ACCESS_RX), 0);
    }
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

/* Random accesses and rights on four vCPUs, with the guest's tables changing below. */
START_TEST(test_soak)
{
    struct listener l = pv_listener(4);
    uint64_t events = 0;
    struct xm_ev ev;

    for (uint32_t v = 1; v < 4; v++) {
        const struct sim_random_cfg cfg = {.seed = v,
                                           .first_gfn = FIRST,
                                           .gfns = PAGES - 20,
                                           .read = 3,
                                           .write = 2,
                                           .exec = 1,
                                           .rmw = 1};

        ck_assert_int_eq(xmi_sim_vcpu_random(l.d, v, &cfg), 0);
    }
    for (unsigned i = 0; i < 4000; i++) {
        uint64_t page = FIRST + i * 7 % (PAGES - 20);

        ck_assert_int_eq(set_rights(&l, page, 1, (uint8_t)(i % 10)), 0);
        if (i % 97 == 0)
            ck_assert_int_eq(set_rights(&l, XM_GFN_NONE, 0, XM_ACCESS_RWX), 0);
        if (i % 5 == 0) {
            const struct sim_op op = {.code = SIM_OP_UPDATE_VA,
                                      .index = 1,
                                      .addr = at(FIRST + i * 11 % (PAGES - 20)),
                                      .value = pte_make(page, i % 3 != 0 ? RW_PAGE : RO_PAGE)};

            ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), 0);
        }
        (void)xmi_sim_domain_run(l.d, 200);
        while (take(&l, &ev)) {
            events++;
            if (ev.reason == XM_EV_REASON_MEM_ACCESS)
                ck_assert_int_eq(set_rights(&l, ev.u.mem_access.gfn, 1, XM_ACCESS_RWX), 0);
            answer(&l, &ev, 0);
        }
    }
    ck_assert_uint_gt(events, 500);
    ck_assert_uint_gt(l.d->pv->prefetched, 100);
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    ck_assert_uint_eq(report(l.d).unanswered, 0);
    ck_assert_int_eq(set_rights(&l, XM_GFN_NONE, 0, XM_ACCESS_RWX), 0);
    ck_assert_int_eq(ring_disable(&l), 0);
    ck_assert_int_eq(shadow_op(&l, XM_SHADOW_OP_OFF, XM_SHADOW_ENABLE_MEM_ACCESS), 0);
    ck_assert_uint_eq(report(l.d).leftover_rights, 0);
    ck_assert_uint_eq(l.d->pv->shadow_count, 0);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_builder);
    tcase_add_test(t, test_cfg);
    tcase_add_test(t, test_guest_faults);
    tcase_add_test(t, test_validation);
    tcase_add_test(t, test_pin);
    tcase_add_test(t, test_new_root);
    tcase_add_test(t, test_ptwr);
    tcase_add_test(t, test_stale_tlb);
    tcase_add_test(t, test_table_is_never_writable);
    tcase_add_test(t, test_check_sees_a_missing_flush);
    tcase_add_test(t, test_accessed_and_dirty);
    tcase_add_test(t, test_buffers);
    tcase_add_test(t, test_pages_by_hypercall);
    tcase_add_test(t, test_frames_leave_nothing);
    tcase_add_test(t, test_pages_come_and_go);
    tcase_add_test(t, test_shadow_control);
    tcase_add_test(t, test_aliases);
    tcase_add_test(t, test_soak);
}

int main(void)
{
    return run_suite("sim-pv", fill);
}
