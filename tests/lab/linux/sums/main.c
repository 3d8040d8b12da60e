/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sums NAME: does operations of many kinds on one page, again and again, and follows them with a model in
 * another page: each result and the page's check sum must be right. NAME is a64, vector, a32 or t32.
 * Says the page's frame, how many accesses a round makes, and once a second whether all was right.
 */
#include "ops.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define MARKS 64u /* the page's last bytes: one is written for each round, in turn */
#define ROOM (PAGE - MARKS)
#define PART (ROOM / 4u) /* of which a round takes the check sum */
#define PAUSE_US 4000
#define TOLD 5u /* wrong results that are told */

struct sums {
    const char *name;
    const struct op_set *set;
    uint8_t *page, *model;
    uint64_t frame, state, rounds, broken;
};

static uint64_t next(struct sums *s)
{
    s->state = s->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return s->state ^ s->state >> 31;
}

/* Linux, Documentation/admin-guide/mm/pagemap: bit 63 present, bits 0-54 the frame. */
static uint64_t frame_of(const void *addr)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (pread64(fd, &entry, sizeof(entry), (off64_t)((uintptr_t)addr / PAGE * 8)) != sizeof(entry))
        entry = 0;
    close(fd);
    return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

static uint8_t *new_page(void)
{
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (page == MAP_FAILED || mlock(page, PAGE)) {
        perror("LAB-LINUX sums");
        exit(1);
    }
    memset(page, 0, PAGE);
    return page;
}

/* ---- the model ---- */

static uint64_t load(const uint8_t *at, unsigned bytes, unsigned sign)
{
    uint64_t value = 0;

    memcpy(&value, at, bytes);
    if (sign && bytes < 8 && value >> (bytes * 8 - 1))
        value |= ~UINT64_C(0) << bytes * 8;
    return sign == 32 ? (uint32_t)value : value;
}

static uint64_t changed(enum op_kind kind, uint64_t old, uint64_t value)
{
    switch (kind) {
    case OP_ADD: return old + value;
    case OP_OR: return old | value;
    case OP_XOR: return old ^ value;
    case OP_CLEAR: return old & ~value;
    default: return value;
    }
}

/* Does the same to the model; the result that is due. */
static uint64_t expect(const struct op *op, uint8_t *at, uint64_t value)
{
    uint64_t out[4] = {0};
    unsigned i;

    if (op->kind == OP_ZERO) {
        memset(at, 0, op->bytes);
        return 0;
    }
    for (i = 0; i < op->count; i++) {
        uint64_t old = load(at + i * op->bytes, op->bytes, op->sign);
        uint64_t is = changed(op->kind, old, op_element(value, i));

        memcpy(at + i * op->bytes, &is, op->bytes);
        out[i] = op->kind == OP_MOVE ? load(at + i * op->bytes, op->bytes, op->sign) : old;
    }
    return op_mix(out, op->count);
}

/* ---- rounds ---- */

static bool can(const struct op *op)
{
    return (getauxval(AT_HWCAP) & op->needs) == op->needs;
}

static void wrong(struct sums *s, const char *what, uint64_t is, uint64_t due)
{
    if (s->broken++ >= TOLD)
        return;
    printf("LAB-LINUX sums-%s BROKEN: %s gives 0x%" PRIx64 ", 0x%" PRIx64 " is due, round %" PRIu64
           "\n",
           s->name, what, is, due, s->rounds);
    fflush(stdout);
}

static void one(struct sums *s, const struct op *op)
{
    uint64_t value = next(s), at, is, due;

    at = next(s) % (ROOM - (unsigned)op->bytes * op->count) / op->align * op->align;
    is = op->run(s->page + at, value);
    due = expect(op, s->model + at, value);
    if (is != due)
        wrong(s, op->name, is, due);
}

static void one_round(struct sums *s)
{
    size_t i, part = s->rounds % (ROOM / PART) * PART;
    uint64_t is, due;

    for (i = 0; i < s->set->count; i++)
        if (can(&s->set->ops[i]))
            one(s, &s->set->ops[i]);
    is = s->set->sum(s->page + part, PART);
    due = s->set->sum(s->model + part, PART);
    if (is != due)
        wrong(s, "the check sum", is, due);
    usleep(PAUSE_US); /* a page that was opened before is closed again */
    ((volatile uint8_t *)s->page)[ROOM + s->rounds++ % MARKS] = 1;
    usleep(PAUSE_US);
}

/* What a tool that sees all must see, of a round with its mark. */
static void say_accesses(const struct sums *s)
{
    unsigned loads = 0, stores = 0;
    size_t i;

    for (i = 0; i < s->set->count; i++) {
        if (!can(&s->set->ops[i]))
            continue;
        loads += s->set->ops[i].loads;
        stores += s->set->ops[i].stores;
    }
    printf("LAB-LINUX sums-%s gfn=0x%" PRIx64 " kinds=%zu stores=%u accesses=%u\n", s->name,
           s->frame, s->set->count, stores + 1, loads + stores + PART / 16 + 1);
    fflush(stdout);
}

static void go_on(struct sums *s)
{
    time_t told = time(NULL);

    for (;;) {
        one_round(s);
        if (time(NULL) != told) {
            told = time(NULL);
            printf("LAB-LINUX sums-%s %" PRIu64 " rounds %s%s\n", s->name, s->rounds,
                   s->broken ? "BROKEN" : "right",
                   frame_of(s->page) == s->frame ? "" : ", BROKEN: the page moved");
            fflush(stdout);
        }
    }
}

static const struct op_set *set_named(const char *name)
{
    const struct {
        const char *name;
        const struct op_set *set;
    } sets[] = {{"a64", &op_a64}, {"vector", &op_vector}, {"a32", &op_arm}, {"t32", &op_thumb}};
    size_t i;

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        if (!strcmp(sets[i].name, name))
            return sets[i].set;
    return NULL;
}

int main(int argc, char **argv)
{
    struct sums s = {.name = argc > 1 ? argv[1] : "", .state = 1};

    s.set = set_named(s.name);
    if (!s.set) {
        printf("LAB-LINUX sums: no %s in this program\n", s.name);
        return 2;
    }
    s.page = new_page();
    s.model = new_page();
    s.frame = frame_of(s.page);
    say_accesses(&s);
    if (argc > 2) { /* so many rounds, to be tried where there is no tool */
        for (s.rounds = 0; s.rounds < strtoull(argv[2], NULL, 0);)
            one_round(&s);
        return s.broken != 0;
    }
    go_on(&s);
    return 0;
}
