/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * L4 shadows of two pCPUs, in all orders: the core's own code, step by step, between writers and
 * interrupts. Options: explore-main.h.
 */
#include "explore-main.h"
#include "l4-world.h"

static struct explore_scenario scenario(size_t i)
{
    const struct l4_scenario *sc = &l4_scenarios[i];
    return (struct explore_scenario){sc->name, sc->large, sc->fails};
}

static void choose(size_t i)
{
    l4_scenario = &l4_scenarios[i];
}

int main(int argc, char **argv)
{
    const struct explore_program p = {
        .name = "explore-l4",
        .subject = {.begin = l4_begin,
                    .step = l4_step,
                    .end = l4_end,
                    .hash = l4_hash,
                    .state = &lw,
                    .state_bytes = sizeof(lw)},
        .steps = 400,
        .n = l4_scenario_n,
        .scenario = scenario,
        .choose = choose,
    };
    return explore_main(argc, argv, &p);
}
