/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ops of an Arm vCPU as A64 instructions, to be read by a tool. An encoder of the machine's own:
 * with the library's decoder behind it, it could not tell that decoder's faults.
 */
#ifndef SIM_A64_H
#define SIM_A64_H

#include <stdint.h>

#include "sim.h"

#define A64_BYTES 4u
#define A64_MOST 7u /* words of one op */
#define A64_UDF 0u  /* permanently undefined: what no load or store can say */

/*
 * Registers of an op: what it reads goes to 0 (and 3), its address is in 1, what it writes in 2 (and 3);
 * EXCL: 3 is its store's status, and what is loaded meanwhile goes from [5] to 4.
 */
enum { A64_OLD = 0, A64_ADDR = 1, A64_NEW = 2, A64_MORE = 3, A64_GOT = 4, A64_FROM = 5 };

/* The instructions of EXCL, in order; which of them, the op says. */
enum excl_step { EXCL_LOAD, EXCL_WAIT, EXCL_FURTHER, EXCL_ODD, EXCL_ADD, EXCL_STORE, EXCL_BRANCH };

/* How many words. UDF: the op is none that A64 knows. */
unsigned xmi_sim_a64_encode(const struct sim_op *op, uint32_t out[A64_MOST]);
/* How many instructions; EXCL only. */
unsigned xmi_sim_a64_excl(const struct sim_op *op, uint8_t step[A64_MOST]);
/* A branch to `to` bytes from where it stands. */
uint32_t xmi_sim_a64_branch(int32_t to);

#endif
