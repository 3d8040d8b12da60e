/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV guests on a few physical CPUs, with a shadow of the L4 on each. */
#include <stdio.h>

#include "sim-pv-test.h"

#define PAGE (FIRST + 1)
#define ROOT_2 (FIRST + 2)
#define SLOT_VA(slot) ((uint64_t)(slot) << 39)
#define ABOVE (XM_PTE_P | XM_PTE_RW | PTE_US)
#define SLOT 5u

static struct sim_machine *machine(uint64_t seed, uint32_t pcpus, uint32_t frames)
{
    const struct sim_machine_cfg cfg = {.seed = seed, .pcpus = pcpus, .l4_frames = frames};
    struct sim_machine *m = NULL;

    ck_assert_int_eq(xmi_sim_machine_create(&cfg, &m), 0);
    return m;
}

static struct sim_l4_counts counts(struct sim_machine *m)
{
    struct sim_l4_counts n;

    xmi_sim_l4_counts(m, &n);
    return n;
}

static void assert_right(struct sim_machine *m)
{
    struct sim_l4_counts n = counts(m);

    ck_assert_uint_eq(n.shared, 0);
    ck_assert_uint_eq(n.wrong, 0);
    ck_assert_uint_eq(n.in_vain, 0);
}

/* Each vCPU stays on the pCPU with its number, and those that have something to do take turns. */
static uint32_t in_turn(void *ctx, const uint32_t *vcpus, uint32_t n, uint64_t *ops)
{
    uint32_t *turn = ctx;

    *ops = 1;
    return vcpus[(*turn)++ % n];
}

/* The L3 that the guest has in slot 0 of its L4: mapped in another slot, the same pages are there. */
static uint64_t l3_of(struct sim_domain *d, uint64_t root)
{
    return pte_mfn(pv_table(xmi_pv_own(d, root))[0]);
}

static int64_t write_slot(struct sim_domain *d, uint64_t root, unsigned slot, uint64_t e)
{
    return pv_call(d, SIM_OP_MMU_UPDATE, 0, at(root) + slot * 8, e);
}

/* A copy of the L4, pinned. */
static void make_root(struct sim_domain *d, uint64_t mfn)
{
    uint64_t root = xmi_sim_pv_root(d);

    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_COPY_PAGE, at(mfn), at(root)), 0);
    ck_assert_int_eq(update_va(d, at(mfn), 0), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_PIN_L4, at(mfn), 0), 0);
}

static bool reads(struct sim_domain *d, uint32_t vcpu_id, uint64_t va)
{
    const struct sim_op op = {.code = SIM_OP_READ, .addr = va};
    uint64_t before = vcpu(d, vcpu_id).traps;

    ck_assert_int_eq(xmi_sim_vcpu_script(d, vcpu_id, &op, 1, 1), 0);
    while (xmi_sim_domain_run(d, 64) != 0)
        ;
    return vcpu(d, vcpu_id).traps == before;
}

START_TEST(test_cfg)
{
    static const struct sim_machine_cfg bad[] = {
        {.pcpus = SIM_MAX_PCPUS + 1}, {.pcpus = 2, .l4_frames = 1}, {.pcpus = 2, .l4_frames = 5}};
    struct sim_machine *m = NULL;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(xmi_sim_machine_create(&bad[i], &m), -XM_EINVAL);
}
END_TEST

/* What one vCPU writes, the other, on another pCPU, finds at once; with and without shadow mode. */
START_TEST(test_write_is_seen)
{
    for (unsigned shadows = 0; shadows < 2; shadows++) {
        struct listener l = {.m = machine(1, 2, 2)};
        uint64_t root, page = SLOT_VA(SLOT) | at(PAGE);
        uint32_t turn = 0;

        l.d = pv_domain(l.m, 2, FIRST);
        xmi_sim_domain_schedule(l.d, in_turn, &turn);
        if (shadows)
            ck_assert_int_eq(access_on(&l), 0);
        root = xmi_sim_pv_root(l.d);
        ck_assert(reads(l.d, 0, at(PAGE)));
        ck_assert(reads(l.d, 1, at(PAGE)));
        ck_assert(!reads(l.d, 1, page));
        ck_assert_int_eq(write_slot(l.d, root, SLOT, pte_make(l3_of(l.d, root), ABOVE)), 0);
        ck_assert(reads(l.d, 1, page));
        ck_assert_int_eq(write_slot(l.d, root, SLOT, 0), 0);
        ck_assert(!reads(l.d, 1, page));
        ck_assert(!reads(l.d, 0, page));
        ck_assert_uint_gt(counts(l.m).writes, 1);
        ck_assert_uint_gt(counts(l.m).slots, 1);
        assert_right(l.m);
        xmi_sim_machine_destroy(l.m);
    }
}
END_TEST

/* Nobody is asked who has not loaded it; the frame that has been loaded before is brought up to date then. */
START_TEST(test_cached_is_not_told)
{
    struct sim_machine *m = machine(1, 2, 2);
    struct sim_domain *d = pv_domain(m, 2, FIRST);
    uint64_t root = xmi_sim_pv_root(d), page = SLOT_VA(SLOT) | at(PAGE);
    struct sim_l4_counts before, after;
    uint32_t turn = 0;

    xmi_sim_domain_schedule(d, in_turn, &turn);
    ck_assert(reads(d, 1, at(PAGE)));
    make_root(d, ROOT_2);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_BASEPTR, at(ROOT_2), 0), 0);
    /* vCPU 0 is on the copy now, vCPU 1 on the first. */
    before = counts(m);
    ck_assert_int_eq(write_slot(d, ROOT_2, SLOT, pte_make(l3_of(d, root), ABOVE)), 0);
    after = counts(m);
    ck_assert_uint_eq(after.writes, before.writes + 1);
    ck_assert_uint_eq(after.cache_miss, before.cache_miss + 1);
    ck_assert(reads(d, 0, page));
    ck_assert(!reads(d, 1, page));
    ck_assert_int_eq(write_slot(d, root, SLOT, pte_make(l3_of(d, root), ABOVE)), 0);
    ck_assert_int_eq(write_slot(d, ROOT_2, SLOT, 0), 0);
    before = counts(m);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_BASEPTR, at(root), 0), 0);
    after = counts(m);
    ck_assert(reads(d, 0, page)); /* its frame of the first was kept, and follows */
    ck_assert_uint_eq(after.slots, before.slots + 1);
    ck_assert_uint_eq(after.words, before.words + 1);
    assert_right(m);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* One vCPU needs none, wherever it goes. */
START_TEST(test_one_vcpu)
{
    struct sim_machine *m = machine(1, 4, 2);
    struct sim_domain *d = pv_domain(m, 1, FIRST);

    for (unsigned i = 0; i < 100; i++)
        ck_assert(reads(d, 0, at(PAGE)));
    ck_assert_uint_gt(counts(m).loads, 3);
    ck_assert_uint_eq(counts(m).words, 0);
    assert_right(m);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* The user's L4 is loaded in user mode alone, and no hypercall is made from there. */
START_TEST(test_toggle)
{
    struct sim_machine *m = machine(1, 2, 2);
    struct sim_domain *d = pv_domain(m, 2, FIRST);
    uint64_t root = xmi_sim_pv_root(d), page = SLOT_VA(SLOT) | at(PAGE), words;

    make_root(d, ROOT_2);
    ck_assert_int_eq(write_slot(d, ROOT_2, SLOT, pte_make(l3_of(d, root), ABOVE)), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_USER_BASEPTR, at(ROOT_2), 0), 0);
    ck_assert(!reads(d, 0, page));
    ck_assert(pv_do(d, SIM_OP_TOGGLE, 1, 0, 0));
    ck_assert(reads(d, 0, page));
    ck_assert_int_eq(write_slot(d, ROOT_2, SLOT, 0), -XM_EPERM);
    ck_assert(pv_do(d, SIM_OP_TOGGLE, 0, 0, 0));
    ck_assert(!reads(d, 0, page));
    words = counts(m).words;
    for (unsigned i = 0; i < 20; i++)
        ck_assert(pv_do(d, SIM_OP_TOGGLE, ~i & 1, 0, 0));
    ck_assert_uint_lt(counts(m).words - words, 200); /* it may have been moved meanwhile */
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    ck_assert_int_eq(pv_call(d, SIM_OP_MMUEXT, SIM_MMUEXT_UNPIN, at(ROOT_2), 0), 0);
    assert_right(m);
    (void)pv_do(d, SIM_OP_TOGGLE, 1, 0, 0);
    ck_assert(d->dying);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* ---- anything, in any order ---- */

#define ROOTS 4u
#define VCPUS 3u
#define OPS 6u

static struct sim_op draw(struct sim_domain *d, struct sim_rng *r)
{
    uint64_t root = FIRST + 2 + rng_below(r, ROOTS), l3 = l3_of(d, xmi_sim_pv_root(d));
    unsigned slot = 1 + (unsigned)rng_below(r, 6);

    switch (rng_below(r, 10)) {
    case 0:
        return (struct sim_op){
            .code = SIM_OP_MMUEXT, .index = SIM_MMUEXT_NEW_BASEPTR, .addr = at(root)};
    case 1:
        return (struct sim_op){
            .code = SIM_OP_MMUEXT, .index = SIM_MMUEXT_NEW_USER_BASEPTR, .addr = at(root)};
    case 2: return (struct sim_op){.code = SIM_OP_TOGGLE, .index = 1};
    case 3:
    case 4: return (struct sim_op){.code = SIM_OP_TOGGLE};
    case 5:
    case 6:
        return (struct sim_op){.code = SIM_OP_MMU_UPDATE,
                               .addr = at(root) + slot * 8,
                               .value = rng_below(r, 2) != 0 ? pte_make(l3, ABOVE) : 0};
    case 7:
        return (struct sim_op){.code = SIM_OP_MMUEXT,
                               .index = rng_below(r, 2) != 0 ? SIM_MMUEXT_UNPIN : SIM_MMUEXT_PIN_L4,
                               .addr = at(root)};
    default: return (struct sim_op){.code = SIM_OP_READ, .addr = SLOT_VA(slot) | at(PAGE)};
    }
}

static void storm(struct sim_domain *d, struct sim_rng *r)
{
    struct sim_op ops[OPS];

    for (uint32_t v = 0; v < VCPUS; v++) {
        for (unsigned i = 0; i < OPS; i++)
            ops[i] = draw(d, r);
        ck_assert_int_eq(xmi_sim_vcpu_script(d, v, ops, OPS, 1), 0);
    }
}

/* On, all shadows freed now and then, off. */
static void shadow_mode(struct listener *l, unsigned round)
{
    if (round == 200)
        ck_assert_int_eq(shadow_op(l, XM_SHADOW_OP_ENABLE, XM_SHADOW_ENABLE_LOG_DIRTY), 0);
    else if (round == 499)
        ck_assert_int_eq(shadow_op(l, XM_SHADOW_OP_OFF, 0), 0);
    else if (round > 200 && round % 8 == 0)
        ck_assert_int_eq(shadow_op(l, XM_SHADOW_OP_CLEAN, 0), 0);
}

/*
 * Two domains on two pCPUs: roots are changed, written, given up and made again, user and kernel
 * take turns, shadow mode comes and goes.
 */
static void soak(uint32_t frames)
{
    struct listener l = {.m = machine(7, 2, frames)};
    struct sim_domain *d[2] = {pv_domain(l.m, VCPUS, FIRST), pv_domain(l.m, VCPUS, FIRST + 0x200)};
    struct sim_rng r = {0};

    l.d = d[0];
    rng_seed(&r, 13);
    for (unsigned i = 0; i < ROOTS; i++)
        make_root(d[0], FIRST + 2 + i);
    /* Toggling without a user's L4 would end the guest. */
    for (uint32_t v = 0; v < VCPUS; v++) {
        const struct sim_op op = {
            .code = SIM_OP_MMUEXT, .index = SIM_MMUEXT_NEW_USER_BASEPTR, .addr = at(FIRST + 2)};

        ck_assert_int_eq(xmi_sim_vcpu_script(d[0], v, &op, 1, 1), 0);
    }
    for (unsigned round = 0; round < 3000; round++) {
        while (xmi_sim_domain_run(d[0], 7) != 0)
            ck_assert(reads(d[1], round % VCPUS, at(FIRST + 0x201)));
        storm(d[0], &r);
        shadow_mode(&l, round % 500);
        assert_right(l.m);
    }
    ck_assert(!d[0]->dying);
    ck_assert_uint_gt(counts(l.m).writes, 1000);
    ck_assert_uint_gt(counts(l.m).cache_miss, 1000);
    ck_assert_uint_gt(counts(l.m).none, 1000);
    ck_assert_uint_gt(counts(l.m).slots, 1000);
    ck_assert_uint_gt(counts(l.m).full, 100);
    xmi_sim_machine_destroy(l.m);
}

START_TEST(test_soak)
{
    soak(2);
    soak(4);
}
END_TEST

/* A vCPU's TLB has nothing of what was loaded before it came back. */
START_TEST(test_tlb_is_the_pcpus)
{
    struct sim_machine *m = machine(1, 1, 2);
    struct sim_domain *d = pv_domain(m, 2, FIRST);

    ck_assert(reads(d, 0, at(PAGE)));
    ck_assert(tlb_at(&d->vcpu[0].tlb, PAGE)->epoch != 0);
    ck_assert(reads(d, 1, at(PAGE)));
    ck_assert_ptr_eq(d->vcpu[0].pcpu, NULL);
    ck_assert(reads(d, 0, at(PAGE + 1)));
    ck_assert_uint_eq(tlb_at(&d->vcpu[0].tlb, PAGE)->epoch, 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, test_cfg);
    tcase_add_test(t, test_write_is_seen);
    tcase_add_test(t, test_cached_is_not_told);
    tcase_add_test(t, test_one_vcpu);
    tcase_add_test(t, test_toggle);
    tcase_add_test(t, test_soak);
    tcase_add_test(t, test_tlb_is_the_pcpus);
}

int main(void)
{
    return run_suite("sim-pcpu", fill);
}
