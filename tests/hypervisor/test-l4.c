/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* L4 shadows: records, frames of a pCPU, what is copied. Orders of several parties: tests/explore/explore-l4. */
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
    uint64_t words;

    begin(2);
    struct xm_l4_frame *f = go(0);
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
    return fake_run(s);
}
