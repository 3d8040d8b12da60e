/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Four native threads count on one word as fast as they can while an emulated one does its part.
 * The word must have what all of them together did.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "race.h"

#define NATIVE 4u

static const uint32_t a64_exclusive[] = {
    0xc85f7c01, /* ldxr x1, [x0] */
    0x91000421, /* add x1, x1, #1 */
    0xc8027c01, /* stxr w2, x1, [x0] */
    0x35ffffa2, /* cbnz w2, back */
};
static const uint32_t a64_ordered[] = {0xc85ffc01, 0x91000421, 0xc802fc01, 0x35ffffa2};
/* The upper half counts; the lower one, that others write, must not come back. */
static const uint32_t a64_pair[] = {
    0xc87f0c01, /* ldxp x1, x3, [x0] */
    0x91000463, /* add x3, x3, #1 */
    0xc8220c01, /* stxp w2, x1, x3, [x0] */
    0x35ffffa2,
};
static const uint32_t a32_exclusive[] = {
    0xe1901f9f, /* ldrex r1, [r0] */
    0xe2811001, /* add r1, r1, #1 */
    0xe1802f91, /* strex r2, r1, [r0] */
    0xe3520000, /* cmp r2, #0 */
    0x1afffffa, /* bne back */
};
static const uint32_t a32_double[] = {
    0xe1b02f9f, /* ldrexd r2, r3, [r0] */
    0xe2922001, /* adds r2, r2, #1 */
    0xe2a33000, /* adc r3, r3, #0 */
    0xe1a01f92, /* strexd r1, r2, r3, [r0] */
    0xe3510000, /* cmp r1, #0 */
    0x1afffff9, /* bne back */
};
static const uint16_t t32_exclusive[] = {
    0xe850, 0x1f00, /* ldrex r1, [r0] */
    0x3101,         /* adds r1, #1 */
    0xe840, 0x1200, /* strex r2, r1, [r0] */
    0x2a00,         /* cmp r2, #0 */
    0xd1f8,         /* bne back */
    0xbf00,
};

struct kind {
    const char *name;
    struct code code;
    uint32_t one; /* A64: the instruction, where it is no loop */
    enum native_kind native;
    bool narrow, have; /* 32 bits; this machine's natives can do it */
};
static const struct kind kinds[] = {
    {"LDXR, STXR", {ARM_A64, a64_exclusive, NULL, 8}, 0, NATIVE_EXCLUSIVE, false, HAVE_A64},
    {"LDAXR, STLXR", {ARM_A64, a64_ordered, NULL, 8}, 0, NATIVE_EXCLUSIVE, false, HAVE_A64},
    {"LDXP, STXP", {ARM_A64, a64_pair, NULL, 8}, 0, NATIVE_EXCLUSIVE, false, HAVE_A64},
    {"CAS", {ARM_A64, NULL, NULL, 0}, 0xc8a17c02, NATIVE_CAS, false, HAVE_A64},
    {"LDADD", {ARM_A64, NULL, NULL, 0}, 0xf8230001, NATIVE_ADD, false, HAVE_A64},
    {"LDREX, STREX of A32", {ARM_A32, a32_exclusive, NULL, 8}, 0, NATIVE_ADD, true, HAVE_A32},
    {"LDREXD, STREXD of A32",
     {ARM_A32, a32_double, NULL, 12},
     0,
     NATIVE_EXCLUSIVE,
     false,
     HAVE_A32},
    {"LDREX, STREX of T32", {ARM_T32, NULL, t32_exclusive, 6}, 0, NATIVE_ADD, true, HAVE_A32},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct shared {
    uint64_t word[2] __attribute__((aligned(64)));
    uint64_t sum __attribute__((aligned(64))); /* of what native threads said so far */
    const struct kind *kind;
    bool stop;
};
struct native {
    struct shared *s;
    uint64_t did;
};

static void *native_thread(void *arg)
{
    struct native *n = arg;
    struct shared *s = n->s;
    for (; !__atomic_load_n(&s->stop, __ATOMIC_RELAXED); n->did += 64) {
        for (unsigned i = 0; i < 64; i++)
            if (s->kind->narrow)
                native_increment_32((uint32_t *)s->word);
            else
                native_increment(s->kind->native, &s->word[0]);
        __atomic_fetch_add(&s->sum, 64, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void by_one(struct arm_regs *r, const struct shared *s)
{
    if (s->kind->native == NATIVE_ADD) {
        emulated_one(r, s->kind->one); /* ldadd x3, x1, [x0] */
        return;
    }
    emulated_one(r, 0xf9400001); /* ldr x1, [x0] */
    do {
        r->x[4] = r->x[1];
        r->x[2] = r->x[1] + 1;
        emulated_one(r, s->kind->one); /* cas x1, x2, [x0] */
    } while (r->x[1] != r->x[4]);
}

/* Half of them from the store-exclusive on, as it is when that one was stopped. */
static uint64_t emulated_thread(struct shared *s, uint64_t increments, uint64_t least)
{
    const struct kind *k = s->kind;
    struct arm_regs r;
    uint64_t did = 0;
    emulated_start(&r, k->code.set);
    r.x[0] = emulated_address(s->word);
    r.x[3] = 1;
    while (did < least || did + __atomic_load_n(&s->sum, __ATOMIC_RELAXED) < increments) {
        if (k->one)
            by_one(&r, s);
        else
            emulated_loop(&r, &k->code, did & 1 ? k->code.store : 0);
        did++;
    }
    return did;
}

static bool run_kind(const struct kind *kind, unsigned number, uint64_t increments, uint64_t least)
{
    static struct shared s;
    struct native native[NATIVE] = {{0}};
    pthread_t thread[NATIVE];
    uint64_t did = 0, emulated, is;
    memset(&s, 0, sizeof(s));
    s.kind = kind;
    for (unsigned i = 0; i < NATIVE; i++) {
        native[i].s = &s;
        pthread_create(&thread[i], NULL, native_thread, &native[i]);
    }
    emulated = emulated_thread(&s, increments, least);
    __atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < NATIVE; i++) {
        pthread_join(thread[i], NULL);
        did += native[i].did;
    }
    is = s.word[0] + s.word[1];
    printf("%s %u - %s: %" PRIu64 " natively, %" PRIu64 " emulated, %" PRId64 " lost\n",
           is == did + emulated ? "ok" : "not ok", number, kind->name, did, emulated,
           (int64_t)(did + emulated - is));
    return is == did + emulated;
}

unsigned counter_tests(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < KINDS; i++)
        n += kinds[i].have;
    return n;
}

bool counter_run(unsigned *number, uint64_t increments, uint64_t emulated)
{
    bool ok = true;
    for (unsigned i = 0; i < KINDS; i++)
        if (kinds[i].have)
            ok = run_kind(&kinds[i], ++*number, increments, emulated) && ok;
    return ok;
}
