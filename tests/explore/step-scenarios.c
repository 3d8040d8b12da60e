/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is explored: programs of a few instructions, under rights that they meet. */
#include "step-world.h"

#define AT(page, offset) (((uint64_t)(GFN + (page)) << 12) + (offset))
#define DO(c, page, v) {.code = SIM_OP_##c, .addr = AT(page, 0x100), .value = 0x0101010101010101u * (v)}
/* 8 bytes, of which half are in the next page. */
#define CROSS(c, page, v) \
    {.code = SIM_OP_##c, .addr = AT(page, 0xffc), .value = 0x0101010101010101u * (v)}

/* An instruction that is fetched in one page and writes into another, or the same. */
#define FETCH(page, to, v) \
    {.code = SIM_OP_WRITE, .flags = SIM_OP_F_FETCH, .fetch = AT(page, 0x200), .addr = AT(to, 0x100), \
     .value = 0x0101010101010101u * (v)}
/* Two registers at once, one in each page. */
#define PAIR(c, page, v) \
    {.code = SIM_OP_##c, .addr = AT(page, 0xff8), .len = 16, .value = 0x0101010101010101u * (v)}
#define COPY(page, dest) {.code = SIM_OP_COPY, .addr = AT(page, 0x100), .to = AT(dest, 0x110)}
/* Fetched across two pages, writes across two. */
#define WIDE(page, dest, v) \
    {.code = SIM_OP_WRITE, .flags = SIM_OP_F_FETCH, .fetch = AT(page, 0xffe), .addr = AT(dest, 0xffc), \
     .value = 0x0101010101010101u * (v)}

const struct scenario scenarios[] = {
    {.name = "one page",
     .op = {{DO(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}}},
    {.name = "crossing",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 1, 3)}},
     .rights = {{XMEM_R, XMEM_R}}},
    {.name = "crossing, both",
     .op = {{CROSS(WRITE, 0, 1)}, {CROSS(RMW, 0, 2)}},
     .rights = {{XMEM_R, XMEM_R}}},
    {.name = "crossing into a deny",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R, XMEM_R}},
     .decide = {STEP, DENY}},
    {.name = "crossing, either",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(READ, 1, 0)}},
     .rights = {{XMEM_R, XMEM_R}},
     .decide = {EITHER, EITHER}},
    {.name = "a pair over two pages",
     .op = {{PAIR(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(RMW, 1, 3)}},
     .rights = {{XMEM_R, XMEM_R}}},
    {.name = "a pair into a deny",
     .op = {{PAIR(WRITE, 0, 1), DO(WRITE, 0, 2)}, {PAIR(READ, 0, 0)}},
     .rights = {{XMEM_N, XMEM_N}},
     .decide = {STEP, EITHER}},
    {.name = "a pair, and rights change",
     .op = {{PAIR(WRITE, 0, 1)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R, XMEM_R}},
     .change = {{RIGHTS, HOST, 1, XMEM_RWX}, {RIGHTS, HOST, 0, XMEM_N}}},
    {.name = "a pair, and close",
     .op = {{PAIR(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(RMW, 0, 3)}},
     .rights = {{XMEM_R, XMEM_R}},
     .change = {{.kind = CLOSE}}},
    {.name = "an exclusive beside a store",
     .op = {{DO(EXCL, 0, 0), DO(EXCL, 0, 0)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}},
     .exclusives = true},
    {.name = "an exclusive beside a swap, closed",
     .op = {{DO(EXCL, 0, 0)}, {DO(RMW, 0, 3)}},
     .rights = {{XMEM_N}},
     .exclusives = true},
    {.name = "two exclusives",
     .op = {{DO(EXCL, 0, 0), DO(EXCL, 0, 0)}, {DO(EXCL, 0, 0)}},
     .rights = {{XMEM_R}},
     .exclusives = true},
    {.name = "two exclusives, closed",
     .op = {{DO(EXCL, 0, 0)}, {DO(EXCL, 0, 0)}},
     .rights = {{XMEM_N}},
     .exclusives = true},
    {.name = "an exclusive beside a store, and rights change",
     .op = {{DO(EXCL, 0, 0)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_N}},
     .change = {{RIGHTS, HOST, 0, XMEM_RWX}},
     .exclusives = true},
    {.name = "two exclusives, and rights change",
     .op = {{DO(EXCL, 0, 0)}, {DO(EXCL, 0, 0)}},
     .rights = {{XMEM_N}},
     .change = {{RIGHTS, HOST, 0, XMEM_RWX}, {RIGHTS, HOST, 0, XMEM_R}},
     .exclusives = true,
     .large = true},
    {.name = "an exclusive, and close",
     .op = {{DO(EXCL, 0, 0)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_N}},
     .change = {{.kind = CLOSE}},
     .exclusives = true},
    {.name = "three pages",
     .op = {{CROSS(WRITE, 0, 1), CROSS(WRITE, 1, 2)}, {CROSS(WRITE, 1, 3)}},
     .rights = {{XMEM_R, XMEM_R, XMEM_R}},
     .large = true},
    {.name = "fetch, then write",
     .op = {{DO(EXEC, 0, 0), DO(WRITE, 0, 1)}, {DO(WRITE, 0, 2)}},
     .rights = {{XMEM_R}},
     .decide = {STEP}},
    {.name = "a fetch answered, a write denied",
     .op = {{DO(EXEC, 0, 0), DO(WRITE, 0, 1)}, {DO(EXEC, 0, 0)}},
     .rights = {{XMEM_R, XMEM_R}},
     .decide = {EITHER}},
    {.name = "fetched and written in one page",
     .op = {{FETCH(0, 0, 1), FETCH(1, 0, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}}},
    {.name = "a fetch answered, its write denied",
     .op = {{FETCH(0, 1, 1), FETCH(2, 0, 2)}, {DO(WRITE, 1, 3)}},
     .rights = {{XMEM_R, XMEM_R}},
     .decide = {STEP, DENY}},
    {.name = "a fetch in the host view, in the own one",
     .op = {{FETCH(0, 1, 1)}, {FETCH(0, 0, 2)}},
     .rights = {{XMEM_RWX, XMEM_RX}, {XMEM_R, XMEM_RX}},
     .own_view = true,
     .start_view = OWN},
    {.name = "copy",
     .op = {{COPY(0, 1), DO(READ, 0, 0)}, {DO(WRITE, 1, 3)}},
     .rights = {{XMEM_N, XMEM_N}}},
    {.name = "two pages again, then another one",
     .op = {{COPY(1, 2), COPY(1, 2), COPY(1, 0)}, {DO(WRITE, 2, 3)}},
     .rights = {{XMEM_RWX, XMEM_N, XMEM_R}},
     .again = true},
    {.name = "two pages again, and the second one's rights change",
     .op = {{COPY(1, 2), COPY(1, 2)}, {DO(READ, 1, 0)}},
     .rights = {{XMEM_RWX, XMEM_N, XMEM_R}},
     .change = {{RIGHTS, HOST, 2, XMEM_RWX}},
     .again = true},
    {.name = "four parts",
     .op = {{WIDE(0, 1, 1)}, {DO(EXEC, 2, 0)}},
     .rights = {{XMEM_R, XMEM_R, XMEM_R}}},
    {.name = "four parts, either",
     .op = {{WIDE(0, 1, 1), DO(WRITE, 0, 2)}, {DO(EXEC, 0, 0)}},
     .rights = {{XMEM_R, XMEM_R, XMEM_R}},
     .decide = {EITHER, EITHER, EITHER},
     .large = true},
    {.name = "rights change",
     .op = {{DO(WRITE, 0, 1)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}},
     .change = {{RIGHTS, HOST, 0, XMEM_RWX}, {RIGHTS, HOST, 0, XMEM_R}}},
    {.name = "rights taken",
     .op = {{DO(WRITE, 0, 1)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}},
     .change = {{RIGHTS, HOST, 0, XMEM_N}}},
    {.name = "rights taken, and more",
     .op = {{DO(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}},
     .change = {{RIGHTS, HOST, 0, XMEM_N}},
     .large = true},
    {.name = "rights change, and more",
     .op = {{DO(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}},
     .change = {{RIGHTS, HOST, 0, XMEM_RWX}, {RIGHTS, HOST, 0, XMEM_R}},
     .large = true},
    {.name = "another page's rights change",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}},
     .change = {{RIGHTS, HOST, 1, XMEM_R}}},
    {.name = "pause",
     .op = {{DO(WRITE, 0, 1)}, {DO(WRITE, 0, 2)}},
     .rights = {{XMEM_R}},
     .change = {{.kind = PAUSE}, {.kind = UNPAUSE}}},
    {.name = "close",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R, XMEM_R}},
     .change = {{.kind = CLOSE}}},
    {.name = "default reply",
     .op = {{CROSS(WRITE, 0, 1)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R, XMEM_R}},
     .decide = {DROP, DROP}},
    {.name = "the tool's single step",
     .op = {{DO(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 2, 3)}},
     .rights = {{XMEM_R, 0, XMEM_R}},
     .decide = {TOGGLE}},
    {.name = "the tool's single step, and more",
     .op = {{DO(WRITE, 0, 1), DO(WRITE, 0, 2), DO(WRITE, 1, 3)}, {DO(WRITE, 0, 4)}},
     .rights = {{XMEM_R}},
     .decide = {TOGGLE},
     .large = true},
    {.name = "own view",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 1, 3)}},
     .rights = {{0}, {XMEM_R, XMEM_R}},
     .own_view = true,
     .start_view = OWN},
    {.name = "own view, a deny",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{0}, {XMEM_R, XMEM_R}},
     .decide = {STEP, DENY},
     .own_view = true,
     .start_view = OWN},
    {.name = "host restricts, own view does not",
     .op = {{CROSS(WRITE, 0, 1)}, {DO(WRITE, 0, 3), DO(WRITE, 1, 4)}},
     .rights = {{XMEM_R, XMEM_R}, {XMEM_R, XMEM_RWX}},
     .own_view = true,
     .start_view = OWN},
    {.name = "switch",
     .op = {{DO(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R}, {XMEM_RWX, XMEM_R}},
     .change = {{SWITCH, OWN, 0, 0}},
     .own_view = true},
    {.name = "switch back",
     .op = {{DO(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_RWX, XMEM_R}, {XMEM_R}},
     .change = {{SWITCH, HOST, 0, 0}},
     .own_view = true,
     .start_view = OWN},
    {.name = "switch back, crossing",
     .op = {{CROSS(WRITE, 0, 1)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R, XMEM_R}, {XMEM_R, XMEM_R}},
     .change = {{SWITCH, HOST, 0, 0}},
     .own_view = true,
     .start_view = OWN,
     .large = true},
    {.name = "switch by a reply",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 0, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{XMEM_R, XMEM_R}, {XMEM_RWX, XMEM_R}},
     .decide = {STEP, GO_OWN},
     .own_view = true},
    {.name = "own view, rights change",
     .op = {{CROSS(WRITE, 0, 1), DO(WRITE, 1, 2)}, {DO(WRITE, 0, 3)}},
     .rights = {{0}, {XMEM_R, XMEM_RWX}},
     .change = {{RIGHTS, OWN, 1, XMEM_R}},
     .own_view = true,
     .start_view = OWN},
};
const size_t scenario_n = sizeof(scenarios) / sizeof(scenarios[0]);

const struct config configs[] = {
    {.name = "ept-view-17", .kind = SIM_X86_EPT, .minor = 17, .means = XMEM_STEP_VIEW, .views = true},
    {.name = "ept-view-20", .kind = SIM_X86_EPT, .minor = 20, .means = XMEM_STEP_VIEW, .views = true},
    {.name = "ept-view-few", .kind = SIM_X86_EPT, .minor = 17, .means = XMEM_STEP_VIEW,
     .views = true, .max_views = 3},
    {.name = "ept-single", .kind = SIM_X86_EPT, .minor = 17, .means = XMEM_STEP_SINGLE,
     .views = true, .holds = true},
    {.name = "ept-single-no-hold", .kind = SIM_X86_EPT, .minor = 17, .means = XMEM_STEP_SINGLE,
     .views = true, .others_pass = true},
    {.name = "ept-emulate", .kind = SIM_X86_EPT, .minor = 17, .means = XMEM_STEP_EMULATE,
     .views = true, .rest_passes = true},
    {.name = "ept-relax", .kind = SIM_X86_EPT, .minor = 17, .means = XMEM_STEP_RELAX,
     .views = true, .holds = true, .later_pass = true},
    {.name = "arm-relax", .kind = SIM_ARM_S2, .minor = 17, .means = XMEM_STEP_RELAX, .holds = true,
     .later_pass = true},
    {.name = "arm-relax-no-hold", .kind = SIM_ARM_S2, .minor = 17, .means = XMEM_STEP_RELAX,
     .others_pass = true, .later_pass = true},
    {.name = "arm-emulate", .kind = SIM_ARM_S2, .minor = 17, .means = XMEM_STEP_EMULATE,
     .aligned = true},
    {.name = "mpu-emulate", .kind = SIM_ARMV8R_MPU, .minor = 17, .means = XMEM_STEP_EMULATE,
     .aligned = true},
    {.name = "pv-emulate", .kind = SIM_X86_PV, .minor = 17, .means = XMEM_STEP_EMULATE,
     .forgets = true},
    {.name = "pv-relax", .kind = SIM_X86_PV, .minor = 17, .means = XMEM_STEP_RELAX, .holds = true,
     .later_pass = true},
    {.name = "mpu-relax", .kind = SIM_ARMV8R_MPU, .minor = 17, .means = XMEM_STEP_RELAX,
     .holds = true, .later_pass = true},
};
const size_t config_n = sizeof(configs) / sizeof(configs[0]);

/* A load, a store or a swap, each of its registers aligned: with the MMU off others are refused. */
static bool is_aligned(const struct sim_op *op)
{
    bool known = op->code == SIM_OP_READ || op->code == SIM_OP_WRITE || op->code == SIM_OP_RMW ||
                 op->code == SIM_OP_EXCL;
    return known && !op->flags && !(op->addr & 7);
}

static bool all_aligned(const struct scenario *sc)
{
    for (unsigned v = 0; v < VCPUS; v++)
        for (unsigned i = 0; i < op_count(sc, v); i++)
            if (!is_aligned(&sc->op[v][i]))
                return false;
    return true;
}

bool scenario_fits(const struct scenario *sc, const struct config *cfg)
{
    for (unsigned p = 0; p < PAGES; p++)
        if (sc->decide[p] == TOGGLE && cfg->kind != SIM_X86_EPT)
            return false;
    if (cfg->forgets && sc->again)
        return false;
    if (cfg->aligned ? !all_aligned(sc) : sc->exclusives || sc->op[0][0].len == 16)
        return false; /* there CROSS serves */
    return cfg->views || !sc->own_view;
}
