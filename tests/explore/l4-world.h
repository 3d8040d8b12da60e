/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The world of explore-l4: three guest L4s, two pCPUs that switch between them, two writers of their slots.
 * What a party stores waits in its store buffer until it drains, in order; a barrier empties it. An
 * interrupt comes between any two steps of a pCPU that has them on.
 */
#ifndef L4_WORLD_H
#define L4_WORLD_H

#include "explore.h"

#include <xm/l4.h>

#define CPUS 2u
#define WRITERS 2u
#define TABLES 3u
#define PARTIES (CPUS + WRITERS)
#define USED 3u /* slots that writers know */
#define BUFFER 8u
#define SHADOWS 2u
#define OWN USED
#define SLOTS 5u /* of a table: three of the guest's, two of the hypervisor's, OWN differs */

struct l4_scenario {
    const char *name;
    const char
        *cpu[CPUS]; /* A to C: switches there; a to c: with interrupts off throughout; I: leaves */
    const char *writer
        [WRITERS]; /* pairs: table, slot; - for +: clears it; FA: A ends, and is validated anew, if nobody keeps it */
    uint32_t ring;
    bool seed; /* by the algorithm of one frame, copied whole */
    bool large;
    bool fails; /* a violation is what is wanted */
};

struct l4_store {
    uint64_t *at;
    uint64_t value;
};

struct l4_party {
    struct l4_store buffer[BUFFER];
    uint8_t waiting;
    uint8_t pos; /* in its script */
    uint8_t at;  /* within what it does */
};

struct l4_cpu {
    struct xm_l4_cpu core;
    uint64_t shadow[SHADOWS][SLOTS];
    struct xm_l4_frame *hw; /* in CR3 */
    struct xm_l4_switch sw;
    struct xm_l4_sync irq;     /* the handler's */
    uint8_t going, was;        /* tables that it keeps L4s: 1 + number */
    bool off;                  /* interrupts */
    uint8_t pending, handling; /* interrupts, bits: of these writers */
};

struct l4_writer {
    uint8_t table, slot, look;
    bool present, busy;
    uint64_t value, order;
};

struct l4_value {
    uint64_t value, order;
};

struct l4_world {
    struct xm_l4_host host;
    struct xm_l4 record[TABLES * 2];
    uint32_t records;
    struct l4_party party[PARTIES]; /* pCPUs first */
    struct l4_cpu cpu[CPUS];
    struct l4_writer writer[WRITERS];
    uint64_t guest[TABLES][SLOTS];
    struct l4_value committed[TABLES][SLOTS]; /* by the last write that returned */
    uint64_t stored[TABLES][SLOTS];           /* writes begun */
    uint64_t locked[TABLES];                  /* its page lock */
    uint64_t stamp;                           /* values of tables that are validated anew */
};
extern struct l4_world lw;
extern const struct l4_scenario *l4_scenario;

extern const struct l4_scenario l4_scenarios[];
extern const size_t l4_scenario_n;

#define L4_MFN(table) (UINT64_C(0x1000) + (table))

/* l4-world.c */
void l4_begin(struct explore *e, void *ctx);
enum explore_step l4_step(struct explore *e, void *ctx);
void l4_end(struct explore *e, void *ctx, bool whole);
uint64_t l4_hash(struct explore *e, void *ctx);

/* Who runs right now: whose buffer stores go into. */
extern unsigned l4_runs;
bool l4_is_valid(unsigned table);
void l4_validate(unsigned table);

/* l4-cpu.c */
bool l4_cpu_can(unsigned cpu);
void l4_cpu_step(struct explore *e, unsigned cpu);
bool l4_irq_can(unsigned cpu);
void l4_irq_step(struct explore *e, unsigned cpu);
/* Does anybody need the table to be an L4? */
bool l4_is_kept(unsigned table);

/* l4-writer.c */
bool l4_writer_can(unsigned writer);
void l4_writer_step(struct explore *e, unsigned writer);
bool l4_drain(struct explore *e, unsigned party);

/* The seed: one frame a pCPU, copied whole; the interrupt names a slot. */
void l4_seed_begin(struct xm_l4_cpu *c, uint64_t mfn, struct xm_l4_switch *w);
void l4_seed_switch(struct xm_l4_cpu *c, const uint64_t *guest, struct xm_l4_switch *w);
/* False: done. */
bool l4_seed_irq(struct xm_l4_cpu *c, uint64_t mfn, uint16_t slot, const uint64_t *guest,
                 struct xm_l4_sync *s);

#endif
