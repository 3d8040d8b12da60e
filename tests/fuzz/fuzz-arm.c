/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any word, any registers, any place: an instruction writes nothing but what it said it touches,
 * and changes nothing where it is refused; a loop ends, whatever its world answers.
 */
#include <arm/arm.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

#define PAGE 4096u
#define PAGES 5u /* the second and the fourth are the guest's */
#define MOST 64u
#define LOOP_CALLS (2 * MOST) /* of its world's: one more is a hang in the making */

#define CHECK(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

static uint8_t memory[PAGES * PAGE] __attribute__((aligned(4096)));
static uint8_t before[PAGES * PAGE];

struct fuzz {
    struct fuzz_in in;
    uint64_t state;
    unsigned calls;
};

static uint64_t mixed(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ z >> 27;
}

/* As it is given, or any. */
static uint32_t some_word(struct fuzz *f)
{
    uint8_t how = fuzz_u8(&f->in);
    uint32_t word = fuzz_u32(&f->in);
    if (how & 1)
        return word;
    f->state ^= word;
    return (uint32_t)(mixed(&f->state) >> 32);
}

static void some_regs(struct fuzz *f, enum arm_set set, struct arm_regs *r)
{
    static const uint8_t mode_a64[] = {0, 4, 5, 9, 13, 0, 5, 0};
    static const uint8_t mode_a32[] = {0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x1a, 0x1b, 0x1f, 0x14};
    uint64_t *all = (uint64_t *)r;
    f->state ^= fuzz_u64(&f->in);
    for (size_t i = 0; i < sizeof(*r) / sizeof(*all); i++) {
        uint64_t v = mixed(&f->state), how = mixed(&f->state) >> 40;
        all[i] = how % 4 ? v & ~(uint64_t)(how & 31) : how % 3 ? v % 8192 : 0 - v % 64;
    }
    r->cpsr &= ~(uint64_t)(ARM_CPSR_MODE | ARM_CPSR_T);
    if (set == ARM_A64)
        r->cpsr |= mode_a64[mixed(&f->state) >> 32 & 7];
    else
        r->cpsr |= mode_a32[(mixed(&f->state) >> 32) % sizeof(mode_a32)];
    r->cpsr |= set == ARM_T32 ? ARM_CPSR_T : 0;
}

static void check_touch(const struct arm_touch *t)
{
    CHECK(t->bytes <= PAGE);
    CHECK(!t->bytes || (t->access && !(t->access & ~(ARM_READS | ARM_WRITES))));
}

/* At the guest's offset within its page, with what is beyond in another one. */
static void place_of(const struct arm_touch *t, struct arm_place *at)
{
    uint32_t offset = (uint32_t)(t->va % PAGE);
    at->p[0] = memory + PAGE + offset;
    at->p[1] = memory + 3 * PAGE;
    at->first = t->bytes < PAGE - offset ? t->bytes : PAGE - offset;
}

static void check_memory(const struct arm_touch *t, const struct arm_place *at, bool may)
{
    uint32_t rest = t->bytes - at->first;
    if (may && t->bytes && t->access & ARM_WRITES) {
        memcpy(before + (at->p[0] - memory), at->p[0], at->first);
        memcpy(before + (at->p[1] - memory), at->p[1], rest);
    }
    CHECK(!memcmp(memory, before, sizeof(memory)));
}

static void one(struct fuzz *f, enum arm_set set)
{
    struct arm_place at = {{NULL, NULL}, 0};
    struct arm_monitor m;
    struct arm_regs r, was;
    struct arm_touch touch = {0};
    struct arm_insn in;
    enum arm_why why = xmi_arm_decode(set, some_word(f), &in);
    CHECK(why == ARM_OK || why == ARM_UNKNOWN || why == ARM_VECTOR);
    some_regs(f, set, &r);
    was = r;
    fuzz_take(&f->in, &m, sizeof(m));
    m.bytes = (uint8_t)(1u << (m.bytes & 7)) & 31;
    m.stored = false;
    if (!why)
        why = xmi_arm_touches(&in, &r, &touch);
    CHECK(why == ARM_OK || why == ARM_UNKNOWN || why == ARM_VECTOR || why == ARM_FAULTS ||
          why == ARM_UNSURE);
    check_touch(&touch);
    if (why)
        return;
    if (m.bytes == touch.bytes && f->state & 1)
        m.va = touch.va;
    place_of(&touch, &at);
    why = xmi_arm_do(&in, &touch, touch.bytes ? &at : NULL, &r, f->state & 6 ? &m : NULL);
    check_memory(&touch, &at, !why);
    CHECK(!why || !memcmp(&r, &was, sizeof(r)));
}

/* ---- a loop in a hostile world ---- */

static enum arm_why fetch(void *ctx, const struct arm_regs *r, uint32_t *word)
{
    struct fuzz *f = ctx;
    CHECK(++f->calls <= LOOP_CALLS);
    (void)r;
    if (mixed(&f->state) >> 32 & 63)
        *word = some_word(f);
    else
        return ARM_NO_PLACE;
    return ARM_OK;
}

static enum arm_why place(void *ctx, const struct arm_regs *r, const struct arm_touch *touch,
                          struct arm_place *out)
{
    struct fuzz *f = ctx;
    CHECK(++f->calls <= LOOP_CALLS);
    (void)r;
    check_touch(touch);
    place_of(touch, out);
    return mixed(&f->state) >> 32 & 15 ? ARM_OK : ARM_NO_PLACE;
}

static void loop(struct fuzz *f, enum arm_set set)
{
    const struct arm_world world = {f, fetch, place, NULL, NULL};
    struct arm_monitor m = {0};
    struct arm_regs r;
    unsigned done = ~0u;
    some_regs(f, set, &r);
    f->calls = 0;
    (void)xmi_arm_loop(&world, &r, &m, MOST, &done);
    CHECK(done <= MOST);
    memcpy(before + PAGE, memory + PAGE, PAGE);
    memcpy(before + 3 * PAGE, memory + 3 * PAGE, PAGE);
    CHECK(!memcmp(memory, before, sizeof(memory)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.in = {data, size}};
    for (size_t i = 0; i < sizeof(memory); i++)
        before[i] = memory[i] = (uint8_t)(i * 7 + i / 256);
    while (f.in.left) {
        uint8_t how = fuzz_u8(&f.in);
        enum arm_set set = (enum arm_set)(how % 3);
        if (how & 0xc0)
            one(&f, set);
        else
            loop(&f, set);
    }
    return 0;
}
