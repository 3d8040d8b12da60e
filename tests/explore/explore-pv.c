/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of a PV guest's accesses, in all orders: the core's own code between two vCPUs, a tool,
 * a guest that remaps, and frames that leave and come. Options: explore.h; -p is 2 where it is not
 * given.
 */
#include "explore.h"
#include "pv-world.h"

/* ---- what is explored: instructions and hypercalls, under rights that they meet ---- */

#define R XM_DO_R
#define W XM_DO_W
#define X XM_DO_X
#define DO(w_, page) \
    { \
        .kind = OP_INSN, .n = 1, .part = { {page, w_, 8} } \
    }
#define HARD(w_, page) \
    { \
        .kind = OP_INSN, .n = 1, .hard = true, .part = { {page, w_, 8} } \
    }
#define HARD_AGAIN(w_, page) \
    { \
        .kind = OP_INSN, .n = 1, .hard = true, .same_ip = true, .part = { {page, w_, 8} } \
    }
#define AGAIN(w_, page) \
    { \
        .kind = OP_INSN, .n = 1, .same_ip = true, .part = { {page, w_, 8} } \
    }
#define MOVE(from, to) \
    { \
        .kind = OP_INSN, .n = 2, .part = { {from, R, 8}, {to, W, 16} } \
    }
#define HARD_MOVE(from, to) \
    { \
        .kind = OP_INSN, .n = 2, .hard = true, .part = { {from, R, 8}, {to, W, 16} } \
    }
#define ITEM(frame, at) \
    { \
        .kind = OP_ITEM, .n = 1, .part = { {frame, W, at} } \
    }
#define NEXT(frame, at) \
    { \
        .kind = OP_ITEM, .n = 1, .same_ip = true, .part = { {frame, W, at} } \
    }
#define COPY(from, to) \
    { \
        .kind = OP_ITEM, .n = 2, .part = { {from, R, 0}, {to, W, 0} } \
    }
#define OWN(w_, page) \
    { \
        .kind = OP_OWN, .n = 1, .part = { {page, w_, 0} } \
    }

const struct scenario scenarios[] = {
    {.name = "writes and rights that change",
     .op = {{DO(W, 0), DO(R, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .answers = BY_EMULATE | BY_PLAIN | BY_OTHER,
     .tool = {{SET, 0, XM_ACCESS_N}, {SET, 0, XM_ACCESS_RWX}, {SET, 0, XM_ACCESS_R}}},
    {.name = "rights that turn",
     .op = {{DO(W, 0), DO(X, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_RX2RW, XM_ACCESS_RWX},
     .tool = {{SET, 0, XM_ACCESS_N}, {SET, 0, XM_ACCESS_RX2RW}, {SET, 0, XM_ACCESS_R}}},
    {.name = "rights that turn with an event, few slots",
     .op = {{DO(W, 0), DO(W, 0)}, {DO(R, 0), DO(W, 1)}},
     .rights = {XM_ACCESS_N2RWX, XM_ACCESS_R},
     .slots = 1,
     .tool = {{SET, 0, XM_ACCESS_R}, {SET, 0, XM_ACCESS_N2RWX}}},
    {.name = "rights that no entry has",
     .op = {{DO(W, 0), DO(R, 0)}, {DO(X, 1)}},
     .rights = {XM_ACCESS_W, XM_ACCESS_X},
     .tool = {{SET, 0, XM_ACCESS_WX}, {SET, 1, XM_ACCESS_N}}},
    {.name = "rights that no entry has, and no emulator, nobody listens",
     .op = {{HARD(W, 0), DO(R, 0)}, {HARD(X, 1)}},
     .rights = {XM_ACCESS_W, XM_ACCESS_X},
     .alone = true,
     .tool = {{SET, 0, XM_ACCESS_W}, {ATTACH, 0, 0}}},
    {.name = "no emulator, and access required",
     .op = {{HARD(W, 0)}, {DO(W, 1)}},
     .rights = {XM_ACCESS_W, XM_ACCESS_R},
     .required = true,
     .tool = {{DETACH, 0, 0}, {ATTACH, 0, 0}}},
    {.name = "no emulator",
     .op = {{HARD(W, 0), DO(R, 0)}, {HARD(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .tool = {{SET, 0, XM_ACCESS_N}}},
    {.name = "no emulator, which is told",
     .op = {{HARD(W, 0), DO(R, 0)}, {HARD(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .unimplemented = true,
     .tool = {{SET, 0, XM_ACCESS_N}}},
    {.name = "steps",
     .op = {{HARD(W, 0), HARD_AGAIN(W, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .answers = BY_STEP | BY_EMULATE,
     .tool = {{SET, 0, XM_ACCESS_N}}},
    {.name = "two frames",
     .op = {{MOVE(0, 1)}, {DO(W, 1)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .answers = BY_EMULATE | BY_PLAIN,
     .tool = {{SET, 1, XM_ACCESS_N}, {SET, 0, XM_ACCESS_RWX}}},
    {.name = "two frames, of which one turns",
     .op = {{MOVE(0, 1)}, {DO(W, 1)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_RX2RW},
     .tool = {{SET, 1, XM_ACCESS_N2RWX}, {SET, 1, XM_ACCESS_R}}},
    {.name = "two frames, and the listener goes",
     .op = {{MOVE(0, 1)}, {DO(W, 1)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .tool = {{DETACH, 0, 0}, {SET, 0, XM_ACCESS_N}, {ATTACH, 0, 0}}},
    {.name = "two frames that a step touches",
     .op = {{HARD_MOVE(0, 1)}, {DO(W, 1)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .answers = BY_STEP,
     .tool = {{SET, 1, XM_ACCESS_N}}},
    {.name = "steps by the processor, interrupted",
     .op = {{HARD_MOVE(0, 1), HARD(W, 1)}, {HARD(W, 0), DO(W, 1)}},
     .handler = DO(W, 1),
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .answers = BY_STEP,
     .slots = 1,
     .guest = {{HANDLER, 0, 0}, {REMAP, 1, 0}}},
    {.name = "steps by the processor, and frames leave",
     .op = {{HARD_MOVE(0, 1)}, {HARD(W, 0)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .answers = BY_STEP,
     .tool = {{SET, 0, XM_ACCESS_R}, {DETACH, 0, 0}},
     .guest = {{LEAVE, 0, 0}, {COME, 0, 0}}},
    {.name = "remaps",
     .op = {{DO(W, 0), DO(W, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_N},
     .tool = {{SET, 1, XM_ACCESS_RWX}},
     .guest = {{REMAP, 0, 1}, {REMAP, 0, 0}}},
    {.name = "two frames and remaps",
     .op = {{MOVE(0, 1)}, {DO(R, 1)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .guest = {{REMAP, 0, 1}, {REMAP, 1, 0}}},
    {.name = "a frame leaves and comes back",
     .op = {{DO(W, 0), DO(W, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .tool = {{DEFAULT, 0, XM_ACCESS_R}},
     .guest = {{LEAVE, 0, 0}, {COME, 0, 0}}},
    {.name = "a frame that turns leaves and comes back",
     .op = {{DO(W, 0), DO(W, 0)}, {DO(R, 0)}},
     .rights = {XM_ACCESS_N2RWX, XM_ACCESS_RWX},
     .tool = {{DEFAULT, 0, XM_ACCESS_RX2RW}, {SET, 0, XM_ACCESS_N}},
     .guest = {{LEAVE, 0, 0}, {COME, 0, 0}}},
    {.name = "a frame comes to another default",
     .op = {{DO(W, 0), DO(W, 0)}, {DO(R, 0), DO(W, 0)}},
     .rights = {XM_ACCESS_RWX, XM_ACCESS_RWX},
     .later = true,
     .tool = {{DEFAULT, 0, XM_ACCESS_R}, {SET, 0, XM_ACCESS_N}},
     .guest = {{LEAVE, 0, 0}, {COME, 0, 0}}},
    {.name = "a frame leaves, nobody listens",
     .op = {{DO(W, 0), DO(W, 0)}, {DO(R, 0)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_RWX},
     .alone = true,
     .tool = {{ATTACH, 0, 0}, {SET, 0, XM_ACCESS_N}},
     .guest = {{LEAVE, 0, 0}, {COME, 0, 0}}},
    {.name = "the listener comes and goes",
     .op = {{DO(W, 0), DO(R, 0)}, {DO(W, 1)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .tool = {{DETACH, 0, 0}, {SET, 0, XM_ACCESS_R}, {ATTACH, 0, 0}, {SET, 1, XM_ACCESS_R}}},
    {.name = "the listener goes, access required",
     .op = {{DO(W, 0)}, {DO(R, 1)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_N},
     .required = true,
     .tool = {{SET, 1, XM_ACCESS_R}, {DETACH, 0, 0}, {ATTACH, 0, 0}}},
    {.name = "registers, few slots",
     .op = {{DO(W, 0), ITEM(0, 8), NEXT(1, 8)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_R},
     .answers = BY_EMULATE | BY_SKIP,
     .slots = 1},
    {.name = "a copy of two frames",
     .op = {{COPY(0, 1), COPY(1, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .answers = BY_EMULATE | BY_SKIP,
     .tool = {{SET, 0, XM_ACCESS_R}}},
    {.name = "a copy, and the listener goes",
     .op = {{COPY(0, 1), ITEM(0, 8)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_RX2RW},
     .tool = {{SET, 1, XM_ACCESS_R}, {DETACH, 0, 0}}},
    {.name = "a copy, and frames leave",
     .op = {{COPY(0, 1)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_N, XM_ACCESS_R},
     .guest = {{LEAVE, 1, 0}, {COME, 1, 0}}},
    {.name = "items of one hypercall",
     .op = {{ITEM(0, 8), NEXT(0, 16), NEXT(0, 8)}, {ITEM(0, 8)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .answers = BY_EMULATE | BY_PLAIN,
     .tool = {{SET, 0, XM_ACCESS_N}}},
    {.name = "an interrupt",
     .op = {{DO(W, 0), DO(W, 0)}, {DO(R, 1)}},
     .handler = DO(W, 1),
     .rights = {XM_ACCESS_R, XM_ACCESS_R},
     .tool = {{SET, 0, XM_ACCESS_N}},
     .guest = {{HANDLER, 0, 0}, {HANDLER, 0, 0}}},
    {.name = "an answer that is kept",
     .op = {{DO(W, 0), DO(W, 1), DO(W, 0)}, {DO(R, 1)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_R},
     .tool = {{SET, 0, XM_ACCESS_RWX}, {SET, 0, XM_ACCESS_R}},
     .guest = {{REMAP, 0, 1}}},
    {.name = "the hypervisor's own",
     .op = {{OWN(W, 0), DO(W, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_N2RWX, XM_ACCESS_RWX},
     .policy = XM_PV_OWN_NOTIFY,
     .slots = 1,
     .tool = {{SET, 0, XM_ACCESS_R}, {SET, 0, XM_ACCESS_RX2RW}}},
    {.name = "the hypervisor's own, denied",
     .op = {{OWN(W, 0), OWN(R, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_RX2RW, XM_ACCESS_RWX},
     .policy = XM_PV_OWN_DENY,
     .tool = {{SET, 0, XM_ACCESS_N}, {DETACH, 0, 0}, {SET, 0, XM_ACCESS_N}}},
    {.name = "the hypervisor's own, ignored",
     .op = {{OWN(W, 0), DO(R, 0)}, {DO(W, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .tool = {{SET, 0, XM_ACCESS_N}}},
    {.name = "many are set, and a frame leaves",
     .op = {{DO(W, 0)}, {DO(W, 1)}},
     .rights = {XM_ACCESS_RWX, XM_ACCESS_R},
     .tool = {{SET_MANY, 0, XM_ACCESS_N}, {SET_MANY, 0, XM_ACCESS_RX}},
     .guest = {{LEAVE, 1, 0}, {COME, 1, 0}}},
    {.name = "many are set by two",
     .op = {{DO(W, 0)}},
     .rights = {XM_ACCESS_RWX, XM_ACCESS_R},
     .tool = {{SET_MANY, 0, XM_ACCESS_N}},
     .other = {{SET_MANY, 1, XM_ACCESS_RX}},
     .guest = {{LEAVE, 0, 0}, {COME, 0, 0}}},
    {.name = "a loop",
     .op = {{DO(W, 0), AGAIN(W, 0), AGAIN(W, 0)}, {DO(R, 0)}},
     .rights = {XM_ACCESS_R, XM_ACCESS_RWX},
     .tool = {{SET, 0, XM_ACCESS_RWX}, {SET, 0, XM_ACCESS_R}}},
};
const size_t scenario_n = sizeof(scenarios) / sizeof(scenarios[0]);

/* ---- the program ---- */

static struct explore_scenario scenario(size_t i)
{
    return (struct explore_scenario){.name = scenarios[i].name, .large = scenarios[i].large};
}

static void choose(size_t i)
{
    world_scenario = &scenarios[i];
}

int main(int argc, char **argv)
{
    const struct explore_program p = {
        .name = "explore-pv",
        .subject = {.begin = world_begin,
                    .step = world_step,
                    .end = world_end,
                    .hash = world_hash,
                    .state = &w,
                    .state_bytes = sizeof(w)},
        .steps = 200,
        .n = scenario_n,
        .scenario = scenario,
        .choose = choose,
        .meanwhile = &preempts_allowed,
    };
    return explore_main(argc, argv, &p);
}
