/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mappings are kept, for how long, and that each is given back once. */
#include "unit.h"

#include <events/events-int.h>

#define MAPS 8192u
#define GFNS 4096u

static struct {
    uint64_t gfn[MAPS];
    bool live[MAPS];
    unsigned n, lives;
    int error;
} machine;
static uint8_t memory[MAPS];
static struct page_cache c;

static int fake_map(void *dom, uint64_t gfn, void **page)
{
    ck_assert_ptr_eq(dom, &machine);
    if (machine.error)
        return machine.error;
    ck_assert_uint_lt(machine.n, MAPS);
    machine.gfn[machine.n] = gfn;
    machine.live[machine.n] = true;
    *page = &memory[machine.n++];
    machine.lives++;
    return 0;
}

static void fake_unmap(void *dom, void *page)
{
    size_t i = (size_t)((uint8_t *)page - memory);
    ck_assert_ptr_eq(dom, &machine);
    ck_assert(i < machine.n && machine.live[i]);
    machine.live[i] = false;
    machine.lives--;
}

static const struct xmem_backend_ops ops = {.page_map = fake_map, .page_unmap = fake_unmap};

static void begin(void)
{
    xmi_page_cache_begin(&c, &ops, &machine);
}

/* As if so many ns had passed. */
static void begin_later(uint64_t ns)
{
    begin();
    c.now += ns;
}

static uint8_t *get(uint64_t gfn, enum page_use use)
{
    uint8_t *p = NULL;
    ck_ok(page_cache_get(&c, &ops, &machine, gfn, use, &p));
    ck_assert(machine.live[p - memory]);
    ck_assert_uint_eq(machine.gfn[p - memory], gfn);
    return p;
}

static void setup(void)
{
    memset(&machine, 0, sizeof(machine));
    memset(&c, 0, sizeof(c));
    begin();
}

static void teardown(void)
{
    xmi_page_cache_drop_all(&c, &ops, &machine);
    ck_assert_uint_eq(machine.lives, 0);
}

START_TEST(data_is_mapped_afresh_in_each_step)
{
    uint8_t *p = get(9, PAGE_AFRESH);
    ck_assert_ptr_eq(get(9, PAGE_AFRESH), p);
    ck_assert_ptr_eq(get(9, PAGE_RECENT), p);
    begin();
    ck_assert_ptr_ne(get(9, PAGE_AFRESH), p);
    ck_assert_uint_eq(c.mapped, 2);
    begin();
    ck_assert_uint_eq(machine.lives, 1);
}
END_TEST

START_TEST(what_is_known_is_kept)
{
    uint8_t *p = get(9, PAGE_KNOWN);
    begin_later(UINT64_C(3600000000000));
    ck_assert_ptr_eq(get(9, PAGE_KNOWN), p);
    xmi_page_cache_drop(&c, &ops, &machine, 8, 1);
    ck_assert_ptr_eq(get(9, PAGE_KNOWN), p);
    xmi_page_cache_drop(&c, &ops, &machine, 8, 2);
    ck_assert_uint_eq(machine.lives, 0);
    ck_assert_ptr_ne(get(9, PAGE_KNOWN), p);
}
END_TEST

START_TEST(tables_and_code_are_kept_for_a_while)
{
    uint8_t *p = get(0, PAGE_RECENT);
    c.v[0][0].at = c.now; /* gfn 0 lies there */
    uint64_t mapped_at = c.now;
    begin();
    c.now = mapped_at + PAGE_CACHE_KEEP_NS;
    ck_assert_ptr_eq(get(0, PAGE_RECENT), p);
    begin();
    c.now = mapped_at + PAGE_CACHE_KEEP_NS + 1;
    ck_assert_ptr_ne(get(0, PAGE_RECENT), p);
    /* Being looked at does not make it younger. */
    ck_assert_uint_eq(c.mapped, 2);
}
END_TEST

/* A page that is mapped afresh while it is read as code: both pointers hold. */
START_TEST(pointers_hold_while_the_step_lasts)
{
    uint8_t *code = get(9, PAGE_RECENT);
    begin();
    ck_assert_ptr_eq(get(9, PAGE_RECENT), code);
    uint8_t *data = get(9, PAGE_AFRESH);
    ck_assert_ptr_ne(code, data);
    ck_assert(machine.live[code - memory] && machine.live[data - memory]);
    begin();
    ck_assert(!machine.live[code - memory] && machine.live[data - memory]);
}
END_TEST

/* However many pages a step asks for, none is lost and none taken from under it. */
START_TEST(there_are_so_many_and_no_more)
{
    static uint8_t *got[GFNS];
    uint64_t n = 0;
    int rc = 0;
    while (n < GFNS && !(rc = page_cache_get(&c, &ops, &machine, n, PAGE_RECENT, &got[n])))
        n++;
    ck_assert_int_eq(rc, -ENOBUFS);
    ck_assert_uint_ge(n, PAGE_CACHE_RETIRED + PAGE_CACHE_WAYS);
    ck_assert_uint_le(n, PAGE_CACHE_PAGES + PAGE_CACHE_RETIRED);
    for (uint64_t i = 0; i < n; i++)
        ck_assert(machine.live[got[i] - memory]);
    begin();
    ck_assert_uint_le(machine.lives, PAGE_CACHE_PAGES);
    get(n, PAGE_RECENT);
}
END_TEST

/* As many pages in a row as there is room for all stay. */
START_TEST(neighbours_do_not_push_each_other_out)
{
    for (uint64_t base = 0; base < UINT64_C(1) << 36; base = base * 3 + 0x40080) {
        unsigned before = machine.n;
        for (unsigned round = 0; round < 3; round++) {
            begin();
            for (uint64_t i = 0; i < 24; i++)
                get(base + i, PAGE_KNOWN);
        }
        ck_assert_uint_eq(machine.n - before, 24);
        xmi_page_cache_drop_all(&c, &ops, &machine);
    }
}
END_TEST

START_TEST(a_refusal_passes_and_leaves_nothing)
{
    uint8_t *p = get(9, PAGE_KNOWN), *q = p;
    begin();
    machine.error = -ESRCH;
    ck_rc(page_cache_get(&c, &ops, &machine, 9, PAGE_AFRESH, &q), -ESRCH);
    ck_assert_ptr_eq(q, p);
    /* The old one is not it any more. */
    ck_rc(page_cache_get(&c, &ops, &machine, 9, PAGE_KNOWN, &q), -ESRCH);
    begin();
    ck_assert_uint_eq(machine.lives, 0);
    machine.error = 0;
    get(9, PAGE_KNOWN);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {
        data_is_mapped_afresh_in_each_step,   what_is_known_is_kept,
        tables_and_code_are_kept_for_a_while, pointers_hold_while_the_step_lasts,
        there_are_so_many_and_no_more,        neighbours_do_not_push_each_other_out,
        a_refusal_passes_and_leaves_nothing,  NULL};
    return unit_main("page-cache", setup, teardown, tests);
}
