/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of a PV guest's accesses, in all orders: the core's own code between two vCPUs, a tool,
 * a guest that remaps, and frames that leave and come. Options: explore-main.h; -p is 2 where it is not
 * given.
 */
#include "explore-main.h"
#include "pv-world.h"

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
