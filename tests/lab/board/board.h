/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The laboratory's own program at EL2: TAP on the console. */
#ifndef BOARD_H
#define BOARD_H

#include <bare.h>

/* Where guests are: A's pages and B's, with their programs before them. */
#define BOARD_A ((uint64_t)(ARCH_RAM_FIRST >> XM_PAGE_SHIFT) + 16u)
#define BOARD_B (BOARD_A + 1024u)
#define BOARD_PAGES 64u

/* Counts a test; its name is printed with the verdict. */
bool board_ok(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* How the program ends. */
void board_done(void) __attribute__((noreturn));
uint32_t board_random(uint32_t below);

/* ---- one file each ---- */

void board_scenarios(void);
void board_measure(void);
void board_events(void);
void board_policy(void);
void board_evtchn(void);
void board_faults(void);
void board_step(void);
void board_cores(void);
void board_second(void); /* what the second core does meanwhile */
void board_random_accesses(void);

extern struct bare_dom board_a, board_b;
/* What an op of a guest came to: an enum xm_mpu_fault, an enum bare_end but DONE, an errno. */
int board_guest(struct bare_vcpu *v, enum bare_op op, uintptr_t a, uintptr_t b);
/* The request that is next in its ring, or NULL; its answer: as it came, with these flags more. */
const struct xm_ev *board_next(struct bare_dom *d);
int board_answer(struct bare_dom *d, uint32_t flags);
/* The event that is next in its ring: this one? */
bool board_event(struct bare_dom *d, uint64_t gfn, unsigned what);
/* Both domains afresh, heap and MPU too. */
void board_reset(enum xm_mpu_mode mode);

#endif
