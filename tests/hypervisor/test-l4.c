/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* L4 shadows: records, frames of a pCPU, what is copied, and how much. Orders of several parties: tests/explore/explore-l4. */
#include <stdio.h>
#include <string.h>
#include <xm/l4.h>

#include "fake-env.h"

#define TABLES 8u
#define MFN(t) (UINT64_C(0x1000) + (t))
#define FRAME UINT64_C(0x2000)

static const struct xm_l4_layout xen = {
    .first = 256, .end = 272, .self = 258, .own = {256, 259, 260}, .own_n = 3};

static struct xm_l4_host h;
static struct xm_l4_cpu c;
static uint64_t table[TABLES][XM_L4_SLOTS], shadow[XM_L4_FRAMES][XM_L4_SLOTS];

static uint64_t entry(unsigned t, unsigned slot)
{
    return (uint64_t)(t + 1) << 32 | (uint64_t)slot << 12 | 0x67;
}

static void fill(unsigned t)
{
    memset(table[t], 0, sizeof(table[t]));
    table[t][0] = entry(t, 0);
    table[t][300] = entry(t, 300);
    for (unsigned i = xen.first; i < xen.end; i++)
        table[t][i] = entry(i == 256 || i == 259 || i == 260 ? t : 100, i);
}

static void begin(uint32_t frames)
{
    xm_mfn_t frame[XM_L4_FRAMES];
    uint64_t *at[XM_L4_FRAMES];

    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    xm_l4_host_init(&h, &xen);
    for (unsigned i = 0; i < XM_L4_FRAMES; i++) {
        frame[i] = xm_mfn(FRAME + i);
        at[i] = shadow[i];
    }
    ck_assert_int_eq(xm_l4_cpu_init(&c, frames, frame, at), 0);
    for (unsigned t = 0; t < TABLES; t++) {
        fill(t);
        ck_assert_int_eq(xm_l4_validated(&h, MFN(t), table[t]), 0);
    }
}

static void finish(void)
{
    xm_l4_host_free(&h);
    ck_assert_uint_eq(fake.bytes, 0);
}

static struct xm_l4_frame *go(unsigned t)
{
    struct xm_l4_switch w;

    ck_assert(xm_l4_prepare(&h, &c, MFN(t), table[t], &w));
    xm_l4_enter(&h, &c, table[t], &w);
    xm_l4_loaded(&c, w.f);
    return w.f;
}

/* Every slot of the guest's, and of the hypervisor's all but the one that names the table. */
static void assert_shadows(const struct xm_l4_frame *f, unsigned t)
{
    for (unsigned i = 0; i < XM_L4_SLOTS; i++)
        if (i != xen.self)
            ck_assert_uint_eq(f->shadow[i], table[t][i]);
    ck_assert_uint_eq(f->shadow[xen.self], f->frame.n << 12 | 0x67);
}

static void write_slot(unsigned t, unsigned slot, uint64_t v)
{
    table[t][slot] = v;
    ck_assert_int_eq(xm_l4_note(&h, xm_l4_find(&h, MFN(t)), slot, v != 0), 0);
}

/* ---- records ---- */

START_TEST(a_record_from_validation_to_its_end)
{
    uint64_t id;

    begin(2);
    ck_assert_int_eq(xm_l4_validated(&h, MFN(0), table[0]), -XM_EEXIST);
    ck_assert_ptr_null(xm_l4_find(&h, 1));
    ck_assert_int_eq(xm_l4_ended(&h, 1), -XM_ENOENT);
    id = xm_l4_find(&h, MFN(0))->id;
    ck_assert_int_eq(xm_l4_ended(&h, MFN(0)), 0);
    ck_assert_ptr_null(xm_l4_find(&h, MFN(0)));
    ck_assert_int_eq(xm_l4_validated(&h, MFN(0), table[0]), 0);
    ck_assert_uint_gt(xm_l4_find(&h, MFN(0))->id, id);
    ck_assert_uint_eq(h.records, TABLES + 1); /* one for the frame that was one already */
    finish();
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
    begin(2);
    fake.alloc_left = 0;
    ck_assert_int_eq(xm_l4_validated(&h, 7, table[0]), -XM_ENOMEM);
    ck_assert_ptr_null(xm_l4_find(&h, 7));
    ck_assert_uint_eq(h.records, TABLES);
    finish();
}
END_TEST

START_TEST(slots_that_are_the_same_in_each_are_not_noted)
{
    struct xm_l4 *l4, before;

    begin(2);
    l4 = xm_l4_find(&h, MFN(0));
    before = *l4;
    for (unsigned i = xen.first; i < xen.end; i++)
        if (i != 256 && i != 259 && i != 260)
            ck_assert_int_eq(xm_l4_note(&h, l4, i, true), -XM_EINVAL);
    ck_assert_int_eq(xm_l4_note(&h, l4, XM_L4_SLOTS, true), -XM_EINVAL);
    ck_assert_int_eq(xm_l4_note(&h, l4, ~0u, true), -XM_EINVAL);
    ck_assert_mem_eq(l4, &before, sizeof(before));
    finish();
}
END_TEST

/* Xen writes them into a table that is in use. */
START_TEST(own_slots_follow)
{
    begin(2);
    go(0);
    write_slot(0, 256, 0);
    xm_l4_handle(&h, &c, table[0]);
    assert_shadows(c.loaded, 0);
    go(1);
    write_slot(0, 256, entry(0, 256));
    assert_shadows(go(0), 0);
    finish();
}
END_TEST

START_TEST(numbers_of_frames)
{
    const xm_mfn_t frame[1] = {{FRAME}};
    uint64_t *const at[1] = {shadow[0]};

    begin(2);
    ck_assert_int_eq(xm_l4_cpu_init(&c, 1, frame, at), -XM_EINVAL);
    ck_assert_int_eq(xm_l4_cpu_init(&c, XM_L4_FRAMES + 1, frame, at), -XM_EINVAL);
    ck_assert_uint_eq(c.frames, 2);
    finish();
}
END_TEST

/* ---- a pCPU ---- */

START_TEST(what_is_loaded_is_what_the_guest_has)
{
    begin((uint32_t)_i);
    for (unsigned n = 0; n < 200; n++) {
        unsigned t = n * 7 % TABLES, slot = n * 37 % 256;

        write_slot(t, slot, n % 3 == 0 ? 0 : entry(t, slot + n));
        assert_shadows(go(t), t);
        write_slot(t, 300, entry(t, n));
        xm_l4_handle(&h, &c, table[t]);
        assert_shadows(c.loaded, t);
    }
    finish();
}
END_TEST

START_TEST(the_same_again_copies_nothing)
{
    struct xm_l4_frame *f;
    uint64_t words;

    begin(2);
    f = go(0);
    go(1);
    words = c.counts.words;
    ck_assert_ptr_eq(go(0), f);
    ck_assert_ptr_eq(go(0), f);
    go(1);
    ck_assert_uint_eq(c.counts.words, words);
    ck_assert_uint_eq(c.counts.none, 3);
    write_slot(0, 5, entry(0, 5));
    go(0);
    ck_assert_uint_eq(c.counts.words, words + 1);
    finish();
}
END_TEST

/* What is present in either, and the hypervisor's that differ. */
START_TEST(another_table_costs_what_is_present)
{
    uint64_t words;

    begin(2);
    go(0);
    go(1);
    words = c.counts.words;
    ck_assert_uint_eq(words, 2 * (2 + 16));
    go(2);
    ck_assert_uint_eq(c.counts.words - words, 2 + 3);
    finish();
}
END_TEST

START_TEST(the_loaded_frame_is_never_taken)
{
    begin(2);
    for (unsigned n = 0; n < 50; n++) {
        struct xm_l4_frame *was = c.loaded;
        struct xm_l4_switch w;
        unsigned t = n * 5 % TABLES;

        ck_assert(xm_l4_prepare(&h, &c, MFN(t), table[t], &w));
        ck_assert(w.f != was || was->mfn == MFN(t));
        xm_l4_enter(&h, &c, table[t], &w);
        xm_l4_loaded(&c, w.f);
    }
    finish();
}
END_TEST

START_TEST(live_while_loaded_and_before)
{
    struct xm_l4_switch w;

    begin(2);
    ck_assert(!xm_l4_is_live(&c, MFN(0)));
    ck_assert(xm_l4_prepare(&h, &c, MFN(0), table[0], &w));
    ck_assert(!xm_l4_is_live(&c, MFN(0)));
    xm_l4_enter(&h, &c, table[0], &w);
    ck_assert(xm_l4_is_live(&c, MFN(0)));
    xm_l4_loaded(&c, w.f);
    ck_assert(xm_l4_prepare(&h, &c, MFN(1), table[1], &w));
    xm_l4_enter(&h, &c, table[1], &w);
    ck_assert(xm_l4_is_live(&c, MFN(0)) && xm_l4_is_live(&c, MFN(1)));
    xm_l4_loaded(&c, w.f);
    ck_assert(!xm_l4_is_live(&c, MFN(0)) && xm_l4_is_live(&c, MFN(1)));
    xm_l4_loaded(&c, NULL);
    ck_assert(!xm_l4_is_live(&c, MFN(1)));
    finish();
}
END_TEST

START_TEST(a_frame_that_is_no_l4_is_not_entered)
{
    struct xm_l4_switch w;

    begin(2);
    go(0);
    ck_assert(!xm_l4_prepare(&h, &c, 7, table[0], &w));
    ck_assert_uint_eq(c.loaded->mfn, MFN(0));
    ck_assert(xm_l4_is_live(&c, MFN(0)));
    finish();
}
END_TEST

/* The frame was an L4, and is another one now. */
START_TEST(used_again)
{
    begin(2);
    go(0);
    go(1);
    ck_assert_int_eq(xm_l4_ended(&h, MFN(0)), 0);
    table[0][0] = 0;
    table[0][9] = entry(0, 9);
    ck_assert_int_eq(xm_l4_validated(&h, MFN(0), table[0]), 0);
    assert_shadows(go(0), 0);
    finish();
}
END_TEST

START_TEST(who_needs_it)
{
    ck_assert(xm_l4_needed(true, true, false, true, 2));
    ck_assert(!xm_l4_needed(false, true, false, true, 2));
    ck_assert(!xm_l4_needed(true, false, false, true, 2));
    ck_assert(!xm_l4_needed(true, true, true, true, 2));
    ck_assert(!xm_l4_needed(true, true, false, false, 2));
    ck_assert(!xm_l4_needed(true, true, false, true, 1));
}
END_TEST

/*
 * ---- words copied, by algorithm ----
 * The load is made up: processes with a table for the kernel and one for user mode, system calls, execs
 * that make new tables; two pCPUs, and threads that meet. Counted, so it is the same on every machine.
 */

#define CPUS 2u
#define PROCESSES 8u
#define SLICES 4000u
#define MRU 4u
#define WHOLE 512u

struct process {
    uint64_t mfn[2]; /* the kernel's table, the user's */
    unsigned to_write;
};

/* Three ways at once. */
struct counts {
    uint64_t switches, seed, mru, ours;
};

static struct xm_l4_cpu cpu[CPUS];
static uint64_t shadows[CPUS][XM_L4_FRAMES][XM_L4_SLOTS];
static uint64_t tables[2 * PROCESSES][XM_L4_SLOTS];
static struct process process[PROCESSES];
static uint64_t seed_at[CPUS], mru[CPUS][MRU], next_mfn, random_state;
static struct counts n;

static uint32_t chance(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % below;
}

static uint64_t *table_of(unsigned p, unsigned which)
{
    return tables[2 * p + which];
}

/* ---- the load ---- */

/* New tables; what it had is told in old. */
static void make(unsigned p, uint64_t old[2])
{
    static const uint16_t kernel[] = {272, 273, 402, 465, 468, 508, 511};

    for (unsigned which = 0; which < 2; which++) {
        uint64_t *t = table_of(p, which);

        memset(t, 0, WHOLE * sizeof(*t));
        for (unsigned i = xen.first; i < xen.end; i++)
            t[i] = i + 1;
        for (unsigned i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++)
            t[kernel[i]] = which == 0 || kernel[i] == 511 ? ++next_mfn : 0;
        old[which] = process[p].mfn[which];
        process[p].mfn[which] = ++next_mfn;
        ck_assert_int_eq(xm_l4_validated(&h, next_mfn, t), 0);
    }
    process[p].to_write = 3;
}

static void by_seed(unsigned at, uint64_t mfn)
{
    n.seed += seed_at[at] != mfn ? WHOLE : 0;
    seed_at[at] = mfn;
}

static void by_mru(unsigned at, uint64_t mfn)
{
    unsigned i;

    for (i = 0; i < MRU - 1 && mru[at][i] != mfn; i++)
        ;
    n.mru += mru[at][i] != mfn ? WHOLE : 0;
    memmove(&mru[at][1], &mru[at][0], i * sizeof(mfn));
    mru[at][0] = mfn;
}

static void switch_to(unsigned at, unsigned p, unsigned which)
{
    struct xm_l4_switch w;
    uint64_t mfn = process[p].mfn[which];

    n.switches++;
    by_seed(at, mfn);
    by_mru(at, mfn);
    ck_assert(xm_l4_prepare(&h, &cpu[at], mfn, table_of(p, which), &w));
    xm_l4_enter(&h, &cpu[at], table_of(p, which), &w);
    xm_l4_loaded(&cpu[at], w.f);
}

static void write_counted(unsigned p, unsigned which, unsigned slot)
{
    uint64_t mfn = process[p].mfn[which];

    table_of(p, which)[slot] = ++next_mfn;
    ck_assert_int_eq(xm_l4_note(&h, xm_l4_find(&h, mfn), slot, true), 0);
    for (unsigned at = 0; at < CPUS; at++) {
        n.seed += seed_at[at] == mfn;
        for (unsigned i = 0; i < MRU; i++)
            n.mru += mru[at][i] == mfn;
        if (xm_l4_is_live(&cpu[at], mfn))
            xm_l4_handle(&h, &cpu[at], table_of(p, which));
    }
}

static bool runs(unsigned at, unsigned p)
{
    return xm_l4_is_live(&cpu[at], process[p].mfn[0]) || xm_l4_is_live(&cpu[at], process[p].mfn[1]);
}

/* Goes to its new tables, and then ends the old ones. */
static void exec(unsigned at, unsigned p)
{
    uint64_t old[2];

    make(p, old);
    switch_to(at, p, 0);
    for (unsigned which = 0; which < 2; which++)
        ck_assert_int_eq(xm_l4_ended(&h, old[which]), 0);
}

static void slice(unsigned at, unsigned p, unsigned calls)
{
    static const uint16_t slots[] = {0, 255, 170};

    if (chance(20) == 0 && !runs((at + 1) % CPUS, p))
        exec(at, p);
    for (unsigned i = 0; i < calls; i++) {
        switch_to(at, p, 0);
        if (process[p].to_write > 0 && chance(2) == 0) {
            process[p].to_write--;
            write_counted(p, 0, slots[process[p].to_write]);
            write_counted(p, 1, slots[process[p].to_write]);
        }
        switch_to(at, p, 1);
    }
}

static void run(unsigned processes, unsigned calls, uint32_t frames)
{
    xm_mfn_t frame[XM_L4_FRAMES] = {{0}};
    uint64_t none[2];

    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    memset(process, 0, sizeof(process));
    memset(seed_at, 0, sizeof(seed_at));
    memset(mru, 0, sizeof(mru));
    memset(&n, 0, sizeof(n));
    next_mfn = 0x1000;
    random_state = 1;
    xm_l4_host_init(&h, &xen);
    for (unsigned at = 0; at < CPUS; at++) {
        uint64_t *where[XM_L4_FRAMES];

        for (unsigned i = 0; i < XM_L4_FRAMES; i++)
            where[i] = shadows[at][i];
        ck_assert_int_eq(xm_l4_cpu_init(&cpu[at], frames, frame, where), 0);
    }
    for (unsigned p = 0; p < processes; p++)
        make(p, none);
    for (unsigned s = 0; s < SLICES; s++)
        slice(s % CPUS, chance(processes), calls);
    for (unsigned at = 0; at < CPUS; at++)
        n.ours += cpu[at].counts.words;
    xm_l4_host_free(&h);
    ck_assert_uint_eq(fake.bytes, 0);
}

/*
 * With half the frames fifteen times fewer words than keeping the four used last, over all loads. Where those four
 * hold all that there is (two processes) it is six times.
 */
START_TEST(words)
{
    static const struct {
        unsigned processes, calls;
    } load[] = {{2, 1}, {2, 5}, {4, 1}, {4, 5}, {4, 100}, {8, 1}, {8, 5}, {8, 100}};

    uint64_t all_two = 0, all_mru = 0;

    printf("  words copied for 1,000 changes of CR3\n  %-9s %5s %9s %9s %9s %9s\n", "processes",
           "calls", "one frame", "last four", "two, map", "four, map");
    for (unsigned i = 0; i < sizeof(load) / sizeof(load[0]); i++) {
        struct counts two;

        run(load[i].processes, load[i].calls, 2);
        two = n;
        all_two += n.ours;
        all_mru += n.mru;
        ck_assert_uint_lt(n.ours * 5, n.mru);
        run(load[i].processes, load[i].calls, 4);
        ck_assert_uint_eq(n.switches, two.switches);
        printf("  %-9u %5u %9.0f %9.0f %9.0f %9.0f\n", load[i].processes, load[i].calls,
               (double)n.seed * 1000 / (double)n.switches,
               (double)n.mru * 1000 / (double)n.switches,
               (double)two.ours * 1000 / (double)n.switches,
               (double)n.ours * 1000 / (double)n.switches);
    }
    ck_assert_uint_le(all_two * 15, all_mru);
}
END_TEST

static void add_l4_words(Suite *s)
{
    TCase *t = tcase_create("all");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, words);
    suite_add_tcase(s, t);
}

int main(void)
{
    Suite *s = suite_create("l4");
    TCase *t = tcase_create("all");

    tcase_add_test(t, a_record_from_validation_to_its_end);
    tcase_add_test(t, without_memory_nothing_changes);
    tcase_add_test(t, slots_that_are_the_same_in_each_are_not_noted);
    tcase_add_test(t, own_slots_follow);
    tcase_add_test(t, numbers_of_frames);
    tcase_add_loop_test(t, what_is_loaded_is_what_the_guest_has, 2, XM_L4_FRAMES + 1);
    tcase_add_test(t, the_same_again_copies_nothing);
    tcase_add_test(t, another_table_costs_what_is_present);
    tcase_add_test(t, the_loaded_frame_is_never_taken);
    tcase_add_test(t, live_while_loaded_and_before);
    tcase_add_test(t, a_frame_that_is_no_l4_is_not_entered);
    tcase_add_test(t, used_again);
    tcase_add_test(t, who_needs_it);
    suite_add_tcase(s, t);
    add_l4_words(s);
    return fake_run(s);
}
