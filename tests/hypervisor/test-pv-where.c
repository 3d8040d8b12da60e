/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where shadow entries are; those for the hypervisor's own accesses. */
#include "fake-env.h"

#define TABLES 512u
#define ENTRIES 512u
#define FRAMES (TABLES * ENTRIES) /* a guest of 1 GiB */
#define FIRST_TABLE UINT64_C(0x500000)
#define PARTS 16u

static uint64_t (*shadow)[ENTRIES]; /* frame + 1; 0: no entry */
static bool *limited;               /* of a frame: no entry may stay */
static uint64_t looked, swept;
static struct xm_pv_where w;

static uint64_t *entry(uint64_t place)
{
    uint64_t table = place / ENTRIES - FIRST_TABLE;

    ck_assert_uint_lt(table, TABLES);
    return &shadow[table][place % ENTRIES];
}

static uint64_t place_of(uint32_t table, uint32_t index)
{
    return xm_pv_place(FIRST_TABLE + table, index);
}

static uint32_t parts(struct xm_env_dom *d)
{
    (void)d;
    return PARTS;
}

static bool holds(struct xm_env_dom *d, uint64_t place, uint64_t mfn)
{
    (void)d;
    looked++;
    return *entry(place) == mfn + 1;
}

static void take(struct xm_env_dom *d, uint64_t place, uint64_t mfn)
{
    if (holds(d, place, mfn))
        *entry(place) = 0;
}

static void sweep(struct xm_env_dom *d, uint32_t part, uint32_t of)
{
    (void)d;
    ck_assert_uint_eq(of, PARTS);
    for (uint32_t t = part; t < TABLES; t += of) {
        for (uint32_t i = 0; i < ENTRIES; i++) {
            uint64_t *e = &shadow[t][i];

            swept++;
            if (*e != 0 && limited[*e - 1])
                *e = 0;
            else if (*e != 0)
                xm_pv_where_note(&w, *e - 1, place_of(t, i));
        }
    }
}

static const struct xm_pv_where_hooks hooks = {
    .parts = parts, .holds = holds, .take = take, .sweep = sweep};

/* As the surroundings write an entry. */
static void write_entry(uint32_t table, uint32_t index, uint64_t to)
{
    uint64_t was = shadow[table][index], place = place_of(table, index);

    if (was != 0 && was != to)
        xm_pv_where_gone(&w, was - 1, place);
    if (to != 0)
        xm_pv_where_note(&w, to - 1, place);
    shadow[table][index] = to;
}

static void start(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    shadow = calloc(TABLES, sizeof(*shadow));
    limited = calloc(FRAMES, sizeof(*limited));
    ck_assert_ptr_nonnull(shadow);
    ck_assert_ptr_nonnull(limited);
    looked = swept = 0;
    xm_pv_where_init(&w, NULL, &hooks);
}

static void end(void)
{
    ck_assert_int_eq(xm_pv_where_free(&w, false), 0);
    ck_assert_uint_eq(w.bytes, 0);
    ck_assert_uint_eq(fake.bytes, 0);
    free(shadow);
    free(limited);
}

static void drop(uint64_t mfn)
{
    limited[mfn] = true;
    xm_pv_where_drop(&w, mfn);
}

/* An operation's end. How often it was continued. */
static unsigned settle(void)
{
    unsigned n = 0;
    bool flush = false;

    while (xm_pv_where_settle(&w, true, &flush) == XM_CONTINUE)
        n++;
    ck_assert_uint_eq(w.left, 0);
    return n;
}

static void make_whole(void)
{
    drop(FRAMES - 1);
    (void)settle();
    limited[FRAMES - 1] = false;
    ck_assert(w.whole);
    looked = swept = 0;
}

static uint64_t entries_of(uint64_t mfn)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < FRAMES; i++)
        n += shadow[i / ENTRIES][i % ENTRIES] == mfn + 1;
    return n;
}

/* A frame's number as a scattered set has it. */
static uint64_t scattered(uint64_t i)
{
    return i * UINT64_C(104729) % FRAMES;
}

static void map_all(void)
{
    for (uint32_t i = 0; i < FRAMES; i++)
        write_entry(i / ENTRIES, i % ENTRIES, scattered(i) + 1);
}

/* Nothing is kept before the first frame loses rights; then every entry is looked at, once. */
START_TEST(test_first)
{
    start();
    write_entry(3, 7, 100);
    write_entry(4, 7, 100);
    write_entry(4, 8, 200);
    ck_assert_uint_eq(fake.bytes, 0);
    drop(99);
    ck_assert_uint_eq(looked + swept, 0);
    (void)settle();
    ck_assert_uint_eq(swept, FRAMES);
    ck_assert_uint_eq(entries_of(99), 0);
    ck_assert_uint_eq(entries_of(199), 1);
    /* From here on it is known. */
    drop(199);
    ck_assert_uint_eq(entries_of(199), 0);
    ck_assert_uint_eq(settle(), 0);
    ck_assert_uint_eq(swept, FRAMES);
    ck_assert_uint_eq(looked, 1);
    ck_assert_uint_eq(w.sweeps, 1);
    drop(300); /* without an entry */
    ck_assert_uint_eq(looked, 1);
    end();
}
END_TEST

/* 10,000 scattered frames of 1 GiB: as many looks; and one sweep in all if they are the first. */
START_TEST(test_scattered)
{
    start();
    map_all();
    for (uint64_t i = 0; i < 10000; i++)
        drop(scattered(3 * i));
    (void)settle();
    ck_assert_uint_eq(w.sweeps, 1);
    ck_assert_uint_eq(swept, FRAMES);
    for (uint64_t i = 1; i < 30000; i += 3)
        drop(scattered(i));
    ck_assert_uint_eq(settle(), 0);
    ck_assert_uint_eq(w.sweeps, 1);
    ck_assert_uint_le(looked, 10000);
    for (uint64_t i = 0; i < FRAMES; i++)
        ck_assert(shadow[i / ENTRIES][i % ENTRIES] == 0 ||
                  !limited[shadow[i / ENTRIES][i % ENTRIES] - 1]);
    /* 16 bytes a frame and the nodes' heads. */
    ck_assert_uint_lt(w.bytes, FRAMES * UINT64_C(17));
    end();
}
END_TEST

/* A sweep stops between two parts; entries come and go meanwhile; another frame makes it go round. */
START_TEST(test_preempted)
{
    bool flush = false;

    start();
    map_all();
    fake.preempt = true;
    drop(5);
    ck_assert_int_eq(xm_pv_where_settle(&w, true, &flush), XM_CONTINUE);
    ck_assert(flush);
    ck_assert_uint_eq(swept, FRAMES / PARTS);
    ck_assert(!w.whole);
    write_entry(0, 0, 1001); /* in the part that was swept, */
    write_entry(1, 0, 1001); /* and in one that was not */
    write_entry(1, 1, 0);
    drop(1000);
    ck_assert_uint_eq(w.left, PARTS);
    ck_assert_uint_eq(settle(), PARTS - 1);
    ck_assert_uint_eq(swept, FRAMES / PARTS + FRAMES);
    ck_assert_uint_eq(w.sweeps, 1);
    ck_assert_uint_eq(entries_of(5), 0);
    ck_assert_uint_eq(entries_of(1000), 0);
    ck_assert(w.whole);
    /* Where nobody may be kept waiting it is done at once. */
    xm_pv_where_free(&w, false);
    drop(6);
    ck_assert_int_eq(xm_pv_where_settle(&w, false, &flush), 0);
    end();
}
END_TEST

/* However often it is mapped; beyond what is kept, by a sweep. */
START_TEST(test_often)
{
    start();
    make_whole();
    for (uint32_t n = 1; n <= XM_PV_WHERE_PLACES + 1; n++) {
        for (uint32_t i = 0; i < n; i++)
            write_entry(i, 9, 78);
        ck_assert_uint_eq(entries_of(77), n);
        drop(77);
        ck_assert_uint_eq(entries_of(77), 0);
        limited[77] = false;
    }
    ck_assert_uint_eq(settle(), 0);
    ck_assert_uint_eq(w.sweeps, 1);
    for (uint32_t i = 0; i < TABLES; i++)
        write_entry(i, 9, 78);
    drop(77);
    ck_assert_uint_ne(entries_of(77), 0);
    (void)settle();
    ck_assert_uint_eq(entries_of(77), 0);
    ck_assert_uint_eq(w.sweeps, 2);
    ck_assert(w.whole);
    end();
}
END_TEST

/* Tables that went without a word: their places are used again, no memory is lost to them. */
START_TEST(test_stale)
{
    start();
    make_whole();
    for (uint32_t i = 0; i < 20 * TABLES; i++) {
        uint32_t t = i % TABLES;

        memset(shadow[(t + TABLES - 3) % TABLES], 0, sizeof(*shadow));
        write_entry(t, 11, 501);
    }
    ck_assert_uint_lt(w.more, 100);
    drop(500);
    ck_assert_uint_eq(entries_of(500), 0);
    ck_assert_uint_eq(w.sweeps, 1);
    end();
}
END_TEST

/* What the guest maps often takes no more than the tree does; then it counts as one of many. */
START_TEST(test_bounded)
{
    start();
    make_whole();
    for (uint32_t f = 0; f < 8192; f++) {
        for (uint32_t t = 0; t < 60; t++) {
            write_entry(t, f % ENTRIES, f + 1);
            /* its shadow goes, another frame's place it is */
            shadow[t][f % ENTRIES] = f % 7 == 0 ? 0 : f + 1;
        }
    }
    ck_assert_uint_le(w.more, (w.bytes - w.more) + 65536);
    for (uint32_t f = 8191; f > 8000; f--)
        drop(f);
    (void)settle();
    for (uint32_t i = 0; i < 60 * ENTRIES; i++)
        ck_assert(shadow[i / ENTRIES][i % ENTRIES] <= 8001);
    end();
}
END_TEST

/* Without memory nothing is missed: each operation sweeps, until there is some again. */
START_TEST(test_no_memory)
{
    start();
    map_all();
    fake.alloc_left = 100;
    drop(5);
    (void)settle();
    ck_assert_uint_eq(entries_of(5), 0);
    ck_assert(!w.whole);
    drop(6);
    (void)settle();
    ck_assert_uint_eq(entries_of(6), 0);
    ck_assert_uint_eq(w.sweeps, 2);
    fake.alloc_left = -1;
    drop(7);
    (void)settle();
    ck_assert(w.whole);
    drop(8);
    ck_assert_uint_eq(entries_of(8), 0);
    ck_assert_uint_eq(w.sweeps, 3);
    /* One that is lost later is noticed, too. */
    fake.alloc_left = 0;
    xm_pv_where_note(&w, UINT64_C(1) << 39, place_of(0, 0));
    ck_assert(!w.whole);
    end();
}
END_TEST

START_TEST(test_given_back)
{
    unsigned n = 0;

    start();
    make_whole();
    map_all();
    for (uint64_t i = 0; i < FRAMES; i++) {
        if (i % 2 == 0) /* of the others the place is kept: their tables are gone */
            write_entry((uint32_t)(i / ENTRIES), i % ENTRIES, 0);
        shadow[i / ENTRIES][i % ENTRIES] = 0;
        xm_pv_where_left(&w, scattered(i));
    }
    for (uint64_t i = 0; i < FRAMES / 32 / 8; i++)
        (void)settle();
    ck_assert_uint_eq(w.bytes, 0);
    ck_assert_uint_eq(fake.bytes, 0);
    map_all();
    fake.preempt = true;
    while (xm_pv_where_free(&w, true) == XM_CONTINUE) {
        ck_assert(!w.on);
        n++;
    }
    ck_assert_uint_ge(n, FRAMES / 32 / 64);
    ck_assert_uint_eq(fake.bytes, 0);
    end();
}
END_TEST

/* told: with a word for each entry that goes. */
static void leaves(uint32_t f, bool told)
{
    for (uint32_t k = 0; k < 8 * ENTRIES; k++) {
        uint64_t *e = &shadow[k / ENTRIES][k % ENTRIES];

        if (*e == f + 1 && told)
            write_entry(k / ENTRIES, k % ENTRIES, 0);
        else if (*e == f + 1)
            *e = 0;
    }
    xm_pv_where_left(&w, f);
}

/* A balloon: as much as is there at a time, however often frames go and others come. */
START_TEST(test_left_and_came)
{
    uint64_t most = 0, first;

    start();
    make_whole();
    for (uint32_t n = 0; n < FRAMES; n++) {
        uint32_t t = n / ENTRIES % 2, i = n % ENTRIES;
        uint64_t was = shadow[t][i];

        write_entry(t, i, 0);
        if (was != 0)
            xm_pv_where_left(&w, was - 1);
        write_entry(t, i, n + 1);
        most = w.bytes > most ? w.bytes : most;
        if (n == 2 * ENTRIES)
            first = most;
    }
    ck_assert_uint_le(most, first + 4 * 520);
    /* One that comes back has what it gets then, also while there are many that nobody has come by for yet. */
    leaves(FRAMES - 1, false);
    for (uint32_t f = FRAMES - 1; f > FRAMES - 2 * ENTRIES; f -= 32)
        leaves(f, true);
    write_entry(3, 3, FRAMES);
    for (unsigned i = 0; i < 8; i++)
        (void)settle();
    drop(FRAMES - 1);
    ck_assert_uint_eq(shadow[3][3], 0);
    ck_assert(w.whole);
    end();
}
END_TEST

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* Entries, frames, tables and memory that come and go, and drops between: no entry of a dropped frame is left. */
START_TEST(test_random)
{
    uint64_t seed = 1;

    start();
    for (uint32_t step = 0; step < 60000; step++) {
        uint32_t t = draw(&seed, 8), i = draw(&seed, 4), f = draw(&seed, 20),
                 what = draw(&seed, 100);

        fake.alloc_left = what == 1 ? (long)draw(&seed, 2) : -1;
        if (what == 0)
            memset(shadow[t], 0, sizeof(*shadow));
        else if (what < 90)
            write_entry(t, i, what < 70 && !limited[f] ? f + 1 : 0);
        else if (what == 99)
            xm_pv_where_free(&w, false);
        else if (what < 92)
            limited[f] = false;
        else if (what < 95)
            leaves(f, what == 94);
        else {
            drop(f);
            (void)settle();
            for (uint32_t k = 0; k < 8 * 4; k++)
                ck_assert_uint_ne(shadow[k / 4][k % 4], f + 1);
        }
    }
    end();
}
END_TEST

/* ---- entries for the hypervisor's own accesses ---- */

static struct xm_pv_open_entry taken[64];
static uint32_t n;

static void take_open(struct xm_env_dom *d, uint64_t place, uint64_t mfn)
{
    (void)d;
    taken[n].place = place;
    taken[n++].mfn = mfn;
}

/* One frame, one entry: neither a neighbour nor the next fault gets by. */
START_TEST(test_one)
{
    struct xm_pv_open o = {.n = 0};

    n = 0;
    ck_assert(!xm_pv_open_any(&o));
    ck_assert(!xm_pv_open_passes(&o, 0));
    xm_pv_open_next(&o, 7);
    ck_assert(xm_pv_open_any(&o));
    ck_assert(xm_pv_open_passes(&o, 7));
    ck_assert(!xm_pv_open_passes(&o, 8));
    xm_pv_open_made(&o, 7, 70, NULL, take_open);
    ck_assert(!xm_pv_open_passes(&o, 7));
    ck_assert(xm_pv_open_any(&o));
    ck_assert(xm_pv_open_close(&o, NULL, take_open));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(taken[0].mfn, 7);
    ck_assert_uint_eq(taken[0].place, 70);
    ck_assert(!xm_pv_open_any(&o));
    ck_assert(!xm_pv_open_close(&o, NULL, take_open));
}
END_TEST

/* Where the entry was not made there is nothing to flush, and nothing is let through later. */
START_TEST(test_not_made)
{
    struct xm_pv_open o = {.n = 0};

    n = 0;
    xm_pv_open_next(&o, 7);
    ck_assert(!xm_pv_open_close(&o, NULL, take_open));
    ck_assert_uint_eq(n, 0);
    ck_assert(!xm_pv_open_passes(&o, 7));
    ck_assert(!xm_pv_open_any(&o));
}
END_TEST

/* With too many the oldest goes at once, and the flush is still to be made; one twice is one. */
START_TEST(test_too_many)
{
    struct xm_pv_open o = {.n = 0};

    n = 0;
    for (uint32_t i = 0; i < XM_PV_OPEN_MOST + 3; i++) {
        for (unsigned twice = 0; twice < 2; twice++) {
            xm_pv_open_next(&o, i);
            xm_pv_open_made(&o, i, 10 * i, NULL, take_open);
        }
    }
    ck_assert_uint_eq(o.n, XM_PV_OPEN_MOST);
    ck_assert_uint_eq(n, 3);
    ck_assert(xm_pv_open_close(&o, NULL, take_open));
    ck_assert_uint_eq(n, XM_PV_OPEN_MOST + 3);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_eq(taken[i].place, 10 * taken[i].mfn);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_eq(taken[i].mfn, i);
}
END_TEST

static void add_pv_open(Suite *s)
{
    TCase *t = tcase_create("pv-open");

    tcase_add_test(t, test_one);
    tcase_add_test(t, test_not_made);
    tcase_add_test(t, test_too_many);
    suite_add_tcase(s, t);
}

int main(void)
{
    Suite *s = suite_create("pv-where");
    TCase *t = tcase_create("pv-where");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_first);
    tcase_add_test(t, test_scattered);
    tcase_add_test(t, test_preempted);
    tcase_add_test(t, test_often);
    tcase_add_test(t, test_stale);
    tcase_add_test(t, test_bounded);
    tcase_add_test(t, test_no_memory);
    tcase_add_test(t, test_given_back);
    tcase_add_test(t, test_left_and_came);
    tcase_add_test(t, test_random);
    suite_add_tcase(s, t);
    add_pv_open(s);
    return fake_run(s);
}
