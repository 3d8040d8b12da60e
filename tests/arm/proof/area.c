/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages of data, one of code, pages of data: at one address for this processor, and once more, in
 * reverse order so that two neighbours are none there, for the emulation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "proof.h"

#define PAGES_BEFORE 40u
#define PAGES_AFTER 4u
#define PAGES (PAGES_BEFORE + 1 + PAGES_AFTER)
#define NEAR 64u /* looked at around each access */
#ifdef __aarch64__
#define AREA_AT 0x1000000000ull
#else
#define AREA_AT 0x50000000ull
#endif
#define TRAP_A64 0xd4200000u
#define TRAP_A32 0xe1200070u
#define TRAP_T32 0xbe00u

#define CODE_MAX 64u

static struct range {
    uint64_t from, to;
} code[CODE_MAX];
static unsigned n_code;
static uint8_t *real;
static uint8_t length[AREA_SLOTS]; /* of what is no trap, in bytes */
static uint8_t copied[PAGES][AREA_PAGE] __attribute__((aligned(4096)));

static uint8_t *copy_of(unsigned page)
{
    /* Code is only read. */
    return page == PAGES_BEFORE ? real + page * AREA_PAGE : copied[PAGES - 1 - page];
}

/* What else can be run in this process: a jump there would be one. */
static void note_code(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    unsigned long from, to;
    char rights[8], line[256];
    while (f && n_code < CODE_MAX && fgets(line, sizeof(line), f))
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && rights[2] == 'x')
            code[n_code++] = (struct range){from, to};
    if (!f || !n_code || n_code == CODE_MAX) {
        fprintf(stderr, "/proc/self/maps does not tell where code is\n");
        exit(1);
    }
    fclose(f);
}

void area_make(struct rng *r)
{
    note_code();
    real = mmap((void *)(uintptr_t)AREA_AT, PAGES * AREA_PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (real == MAP_FAILED ||
        mprotect(real + PAGES_BEFORE * AREA_PAGE, AREA_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)) {
        perror("area");
        exit(1);
    }
    for (size_t i = 0; i < PAGES * AREA_PAGE; i += 8) {
        uint64_t v = rng_next(r);
        memcpy(real + i, &v, sizeof(v));
    }
    area_sync();
}

uint64_t area_middle(void)
{
    return AREA_AT + PAGES_BEFORE / 2 * AREA_PAGE;
}

uint64_t area_slot(unsigned i)
{
    return AREA_AT + PAGES_BEFORE * AREA_PAGE + i * AREA_SLOT;
}

static void fill_traps(uint8_t *p, enum arm_set set)
{
    const uint32_t trap = set == ARM_A64 ? TRAP_A64 : TRAP_A32;
    const uint16_t narrow = TRAP_T32;
    unsigned size = set == ARM_T32 ? 2 : 4;
    for (unsigned i = 0; i < AREA_SLOT; i += size)
        memcpy(p + i, set == ARM_T32 ? (const void *)&narrow : &trap, size);
}

void area_code(unsigned i, enum arm_set set, const uint32_t *words, unsigned n)
{
    uint8_t *p = (uint8_t *)(uintptr_t)area_slot(i);
    struct arm_insn in;
    fill_traps(p, set);
    for (unsigned k = 0; k < n; k++) {
        uint32_t word = set == ARM_T32 ? words[k] << 16 | words[k] >> 16 : words[k];
        (void)xmi_arm_decode(set, words[k], &in);
        memcpy(p, &word, in.bytes);
        p += in.bytes;
    }
    length[i] = (uint8_t)(p - (uint8_t *)(uintptr_t)area_slot(i));
    __builtin___clear_cache((char *)p - AREA_SLOT, (char *)p + AREA_SLOT);
}

/* Elsewhere than in a slot's beginning: a trap, or nothing that can be run. */
bool area_can_run(uint64_t pc, bool same_set)
{
    uint64_t at = pc - area_slot(0);
    if (at < AREA_PAGE)
        return same_set && at % AREA_SLOT >= length[at / AREA_SLOT] && !(at % 2);
    for (unsigned i = 0; i < n_code; i++)
        if (pc + 8 >= code[i].from && pc < code[i].to)
            return false;
    return NATIVE_WIDTH == 64 ? !(pc >> 56) && (pc >> 32) < 0x1000 : pc < 0xffff0000u;
}

uint32_t area_fetch(uint64_t pc, enum arm_set set)
{
    uint32_t word;
    memcpy(&word, (const void *)(uintptr_t)pc, sizeof(word));
    return set == ARM_T32 ? word << 16 | word >> 16 : word;
}

bool area_place(const struct arm_touch *touch, struct arm_place *out)
{
    uint64_t va = NATIVE_WIDTH == 64 ? touch->va << 8 >> 8 : touch->va; /* the tag is ignored */
    uint64_t from = va - AREA_AT, last = from + touch->bytes - 1;
    unsigned page = (unsigned)(from / AREA_PAGE);
    uint32_t offset = (uint32_t)(from % AREA_PAGE);
    if (from >= PAGES * AREA_PAGE || last >= PAGES * AREA_PAGE || touch->bytes > AREA_PAGE)
        return false;
    if (touch->access & ARM_WRITES && (page == PAGES_BEFORE || last / AREA_PAGE == PAGES_BEFORE))
        return false;
    out->p[0] = copy_of(page) + offset;
    out->p[1] = last / AREA_PAGE == page ? NULL : copy_of(page + 1);
    out->first = out->p[1] ? AREA_PAGE - offset : touch->bytes;
    return true;
}

static bool same(size_t from, size_t to)
{
    for (size_t at = from; at < to;) {
        unsigned page = (unsigned)(at / AREA_PAGE);
        size_t n = AREA_PAGE - at % AREA_PAGE;
        if (n > to - at)
            n = to - at;
        if (memcmp(real + at, copy_of(page) + at % AREA_PAGE, n))
            return false;
        at += n;
    }
    return true;
}

bool area_same(const struct arm_touch *touch)
{
    if (!touch)
        return same(0, PAGES * AREA_PAGE);
    uint64_t from = (NATIVE_WIDTH == 64 ? touch->va << 8 >> 8 : touch->va) - AREA_AT;
    uint64_t to = from + touch->bytes + NEAR;
    if (from >= PAGES * AREA_PAGE)
        return true;
    return same(from < NEAR ? 0 : from - NEAR, to > PAGES * AREA_PAGE ? PAGES * AREA_PAGE : to);
}

void area_sync(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        if (i != PAGES_BEFORE)
            memcpy(copy_of(i), real + i * AREA_PAGE, AREA_PAGE);
}
