/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"

#define MODE_USR 0x10u
#define SCTLR_M 1u
#define MOST 1000000u

/* Addresses of 32 bits reach this program's data on every machine. */
static uint8_t anchor[4096] __attribute__((aligned(4096)));
#define BASE ((uintptr_t)anchor - ANCHOR_AT)
#define ANCHOR_AT 0x40000000u

uint64_t emulated_address(const void *p)
{
    return (uintptr_t)p - BASE;
}

static void must(enum arm_why why, const struct arm_regs *r, uint32_t word)
{
    if (!why)
        return;
    printf("# not done: why %d, pc 0x%llx, word %08x\n", why, (unsigned long long)r->pc,
           (unsigned)word);
    exit(1);
}

void emulated_start(struct arm_regs *r, enum arm_set set)
{
    memset(r, 0, sizeof(*r));
    r->sctlr = SCTLR_M;
    r->cpsr = set == ARM_A64 ? 0 : set == ARM_A32 ? MODE_USR : MODE_USR | ARM_CPSR_T;
    r->online = 1;
}

static enum arm_why place(void *ctx, const struct arm_regs *r, const struct arm_touch *touch,
                          struct arm_place *out)
{
    (void)ctx, (void)r;
    out->p[0] = (uint8_t *)((uintptr_t)touch->va + BASE);
    out->p[1] = NULL;
    out->first = touch->bytes;
    return ARM_OK;
}

void emulated_one(struct arm_regs *r, uint32_t word)
{
    struct arm_place at = {{NULL, NULL}, 0};
    struct arm_touch touch;
    struct arm_insn in;
    enum arm_why why = xmi_arm_decode(arm_set_of(r), word, &in);
    if (!why)
        why = xmi_arm_touches(&in, r, &touch);
    if (!why)
        why = place(NULL, r, &touch, &at);
    if (!why)
        do /* too long: others were always first, and nothing was changed */
            why = xmi_arm_do(&in, &touch, &at, r, NULL);
        while (why == ARM_TOO_LONG);
    must(why, r, word);
}

/* The code's address is its place in the array. */
static enum arm_why fetch(void *ctx, const struct arm_regs *r, uint32_t *word)
{
    const struct code *code = ctx;
    if (code->set == ARM_T32)
        *word = (uint32_t)code->halfword[r->pc / 2] << 16 | code->halfword[r->pc / 2 + 1];
    else
        *word = code->words[r->pc / 4];
    return ARM_OK;
}

void emulated_loop(struct arm_regs *r, const struct code *code, unsigned from)
{
    const struct arm_world world = {(void *)(uintptr_t)code, fetch, place, NULL, NULL};
    struct arm_monitor monitor = {0};
    unsigned done;
    r->pc = from;
    must(xmi_arm_loop(&world, r, &monitor, MOST, &done), r, 0);
}
