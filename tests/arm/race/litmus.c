/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Message passing and store buffering, each side native or emulated. Two threads go through an
 * array of cells side by side; afterwards no cell may show what the architecture forbids. Without
 * acquire and release it is only counted: a machine that shows it can be relied on to find it.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "race.h"

#define CELLS 2048u
#define PATIENCE 2000u /* looks at how far the other is, before it may have the processor */

enum { STR, LDR, STLR, LDAR, OPS };
static const uint32_t a64[OPS] = {0xf9000001, 0xf9400001, 0xc89ffc01, 0xc8dffc01};
/* Of 32 bits: str r1, [r0] and so on. */
static const uint32_t a32[OPS] = {0xe5801000, 0xe5901000, 0xe180fc91, 0xe1901c9f};

struct cell {
    uint64_t x __attribute__((aligned(64))), y __attribute__((aligned(64)));
    uint64_t seen[2] __attribute__((aligned(64)));
};
struct test;
struct side {
    struct test *test;
    unsigned which;
    bool emulated, ordered;
    struct arm_regs r;
};
struct test {
    void (*act)(struct side *s, struct cell *c);
    struct side side[2];
    struct cell cell[CELLS];
    unsigned at[2];
    uint64_t from;
};

static void store(struct side *s, uint64_t *p, bool ordered)
{
    if (s->emulated) {
        s->r.x[0] = emulated_address(p);
        s->r.x[1] = 1;
        emulated_one(&s->r, (HAVE_A64 ? a64 : a32)[ordered ? STLR : STR]);
    } else if (ordered) {
        native_store_release(p, 1);
    } else {
        native_store(p, 1);
    }
}

static uint64_t load(struct side *s, uint64_t *p, bool ordered)
{
    if (!s->emulated)
        return ordered ? native_load_acquire(p) : native_load(p);
    s->r.x[0] = emulated_address(p);
    emulated_one(&s->r, (HAVE_A64 ? a64 : a32)[ordered ? LDAR : LDR]);
    return s->r.x[1];
}

/* x is the message, y says that it is there. */
static void message_passing(struct side *s, struct cell *c)
{
    if (s->which == 0) {
        store(s, &c->x, false);
        store(s, &c->y, s->ordered);
    } else {
        uint64_t there = load(s, &c->y, s->ordered), message = load(s, &c->x, false);
        c->seen[0] = c->seen[1] = message | !there;
    }
}

/* Each stores its own and looks at the other's. */
static void store_buffering(struct side *s, struct cell *c)
{
    store(s, s->which ? &c->y : &c->x, s->ordered);
    c->seen[s->which] = load(s, s->which ? &c->x : &c->y, s->ordered);
}

/* Each meets the other at another point of it: an emulated one takes longer. */
static void wait_some(uint32_t seed)
{
    for (volatile uint32_t n = seed * 2654435761u >> 16 & 63; n; n--)
        ;
}

static void *go_through(void *arg)
{
    struct side *s = arg;
    struct test *t = s->test;
    for (unsigned i = 0; i < CELLS; i++) {
        __atomic_store_n(&t->at[s->which], i + 1, __ATOMIC_RELAXED);
        for (unsigned n = 0; __atomic_load_n(&t->at[!s->which], __ATOMIC_RELAXED) < i + 1; n++)
            if (n > PATIENCE)
                sched_yield();
        wait_some(s->which + 2 * i);
        t->act(s, &t->cell[i]);
    }
    return NULL;
}

/* How many cells show it: neither saw anything. */
static uint64_t round_of(struct test *t)
{
    pthread_t other;
    uint64_t shown = 0;
    memset(t->cell, 0, sizeof(t->cell));
    t->at[0] = t->at[1] = 0;
    pthread_create(&other, NULL, go_through, &t->side[1]);
    go_through(&t->side[0]);
    pthread_join(other, NULL);
    for (unsigned i = 0; i < CELLS; i++)
        shown += !t->cell[i].seen[0] && !t->cell[i].seen[1];
    return shown;
}

static const struct {
    const char *name;
    void (*act)(struct side *s, struct cell *c);
    bool emulated[2], ordered;
} rows[] = {
    {"message passing, writer emulated", message_passing, {true, false}, true},
    {"message passing, reader emulated", message_passing, {false, true}, true},
    {"message passing, both emulated", message_passing, {true, true}, true},
    {"store buffering, one emulated", store_buffering, {true, false}, true},
    {"store buffering, both emulated", store_buffering, {true, true}, true},
    {"store buffering, without order, both native", store_buffering, {false, false}, false},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool run_row(unsigned row, unsigned number, uint64_t rounds)
{
    static struct test t;
    uint64_t shown = 0, done = 0;
    bool ok;
    memset(&t, 0, sizeof(t));
    t.act = rows[row].act;
    for (unsigned i = 0; i < 2; i++) {
        t.side[i].test = &t;
        t.side[i].which = i;
        t.side[i].emulated = rows[row].emulated[i];
        t.side[i].ordered = rows[row].ordered;
        emulated_start(&t.side[i].r, HAVE_A64 ? ARM_A64 : ARM_A32);
    }
    for (; done < rounds; done += CELLS)
        shown += round_of(&t);
    ok = !shown || !rows[row].ordered;
    printf("%s %u - %s: %s %" PRIu64 " of %" PRIu64 "\n", ok ? "ok" : "not ok", number,
           rows[row].name, rows[row].ordered ? "forbidden" : "reordered", shown, done);
    return ok;
}

unsigned litmus_tests(void)
{
    return ROWS;
}

bool litmus_run(unsigned *number, uint64_t rounds)
{
    bool ok = true;
    for (unsigned i = 0; i < ROWS; i++)
        ok = run_row(i, ++*number, rounds) && ok;
    return ok;
}
