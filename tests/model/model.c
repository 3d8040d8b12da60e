/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random operations on a session and on a flat reference model, compared step by step.
 *   model [SEED [OPERATIONS]]
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_OPERATIONS 120000u
#define CHECK_EVERY 64u

static const struct {
    const char *name;
    enum sim_kind kind;
    uint32_t share; /* of the operations, in eighths */
} kinds[] = {{"x86-ept", SIM_X86_EPT, 6},
             {"arm-s2", SIM_ARM_S2, 2},
             {"x86-pv", SIM_X86_PV, 2},
             {"armv8r-mpu", SIM_ARMV8R_MPU, 2},
             {"x86-npt", SIM_X86_NPT, 2}};

static void act(struct model *m)
{
    static void (*const ops[])(struct model *) = {
        model_set_one, model_set_range, model_set_many, model_batch,      model_get,
        model_access,  model_access,    model_access,   model_view,       model_switch,
        model_default, model_failing,   model_session,  model_host_remap,
    };
    ops[model_below(m, sizeof(ops) / sizeof(*ops))](m);
}

static int run(size_t k, uint64_t seed, uint64_t operations)
{
    struct model m;
    model_open(&m, kinds[k].kind, seed);
    for (m.step = 0; m.step < operations && !m.failed; m.step++) {
        act(&m);
        if (m.step % CHECK_EVERY == 0)
            model_compare(&m);
    }
    model_compare(&m);
    model_close(&m);
    printf(
        "%s: model %s: seed %ju, %ju operations (%ju sets, %ju accesses, %ju events, %ju views)\n",
        m.failed ? "FAIL" : "ok", kinds[k].name, (uintmax_t)seed, (uintmax_t)m.step,
        (uintmax_t)m.sets, (uintmax_t)m.accesses, (uintmax_t)m.events, (uintmax_t)m.views_made);
    return m.failed;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260101;
    uint64_t operations = argc > 2 ? strtoull(argv[2], NULL, 0) : DEFAULT_OPERATIONS;
    int failed = 0;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
        failed |= run(k, seed + k, operations * kinds[k].share / 6);
    return failed;
}
