/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * L4 shadows of two pCPUs, in all orders: the core's own code, step by step, between writers and
 * interrupts. Options: explore.h.
 */
#include "explore.h"
#include "l4-world.h"

/* Slots 0 and 1 are present at first, 2 is not. 3: the hypervisor's. 5 to 8: slots 0 to 3 are cleared. */
const struct l4_scenario l4_scenarios[] = {
    {"one switch, one write", {"A", ""}, {"A0", ""}, .ring = 2},
    {"toggles, two writes", {"ABA", ""}, {"A0A1", ""}, .ring = 2},
    {"the same table again", {"AAB", ""}, {"A0A0", ""}, .ring = 2},
    {"three tables, two frames", {"ABCA", ""}, {"A0C1", ""}, .ring = 2},
    {"three tables, slots come and go", {"ABCAB", ""}, {"A2A7B5", ""}, .ring = 2},
    {"two pCPUs on one table", {"AB", "A"}, {"A0", ""}, .ring = 2},
    {"both tables written", {"AB", "B"}, {"A0B1", ""}, .ring = 2},
    {"two writers, one table", {"AB", ""}, {"A0", "A0"}, .ring = 2},
    {"two writers, two tables", {"ABA", ""}, {"A1", "B0"}, .ring = 2},
    {"the ring overflows", {"ABA", ""}, {"A0A1A2", ""}, .ring = 2},
    {"a ring of four", {"ABA", ""}, {"A0A1A2A0", ""}, .ring = 4},
    {"slots come and go", {"ABA", ""}, {"A2A7A2", ""}, .ring = 2},
    {"gone while the ring overflows", {"ABABA", ""}, {"A2A7B2B7A6", ""}, .ring = 2},
    {"freed and used again", {"ABA", "BI"}, {"A0FAA1", ""}, .ring = 2},
    {"used again at any time, idle between", {"AIBIA", ""}, {"FAA1", "FB"}, .ring = 2},
    {"set and cleared while the map is copied", {"BCA", ""}, {"A5A0A5", ""}, .ring = 2},
    {"the hypervisor's own slot changes", {"ABA", ""}, {"A3B3", "A0"}, .ring = 2},
    {"interrupts off", {"aba", ""}, {"A0A1", ""}, .ring = 2},
    {"idle between", {"AIAIB", ""}, {"A0", "A1"}, .ring = 2},
    {"two writers, one table, two pCPUs", {"AB", "A"}, {"A0", "A0"}, .ring = 2, .large = true},
    {"two writers, two tables, two pCPUs", {"ABA", "B"}, {"A1", "B0"}, .ring = 2, .large = true},
    {"slots come and go, two writers", {"ABA", ""}, {"A2A7A2", "A5"}, .ring = 2, .large = true},
    {"toggles, two writes, two pCPUs", {"ABA", "A"}, {"A0A1", ""}, .ring = 2, .large = true},
    {"both tables written, two pCPUs", {"ABA", "BA"}, {"A0B1", ""}, .ring = 2, .large = true},
    {"idle between, two pCPUs", {"AIAIB", "AI"}, {"A0", "A1"}, .ring = 2, .large = true},
    {"interrupts off, two pCPUs", {"aba", "a"}, {"A0A1", ""}, .ring = 2, .large = true},
    {"long", {"ABABA", "AIBA"}, {"A0B0A1", "B1A2"}, .ring = 2, .large = true},
    {"three writes, two pCPUs", {"ABA", "BAB"}, {"A0A1A2", "B2B7"}, .ring = 2, .large = true},
    {"seed: one switch, one write", {"A", ""}, {"A0", ""}, .seed = true, .fails = true},
    {"seed: toggles, two writes", {"ABA", "A"}, {"A0A1", ""}, .seed = true, .fails = true},
};
const size_t l4_scenario_n = sizeof(l4_scenarios) / sizeof(l4_scenarios[0]);

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
