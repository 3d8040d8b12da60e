/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated domain's state beside a ledger that is read from outside: whatever is not as it was found
 * has to be named there.
 */
#ifndef FAULTS_LEDGER_CHECK_H
#define FAULTS_LEDGER_CHECK_H

#include <arena/arena.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_domain;

#define SHOT_GFNS 160u
#define SHOT_VIEWS 10u
#define SHOT_VCPUS 4u

/* Of one moment; no pointers, so that it can be handed from process to process. */
struct shot {
    struct {
        bool there, visible;
        struct {
            uint64_t mfn; /* UINT64_MAX: nothing */
            uint8_t access, sve;
        } gfn[SHOT_GFNS];
    } view[SHOT_VIEWS];
    struct {
        uint64_t notify;
        uint16_t view;
        bool step;
        uint32_t holds;
    } vcpu[SHOT_VCPUS];
    uint32_t monitors, pauses;
    uint64_t registers;
    uint8_t def;
    bool ring, required, views;
};

/* The machine is entered. */
void shot_take(struct sim_domain *g, struct shot *s);
/* NULL: all that differs is named; else what is not, static. */
const char *shot_unnamed(const struct shot *found, const struct shot *now,
                         const struct ledger_image *m);

#endif
