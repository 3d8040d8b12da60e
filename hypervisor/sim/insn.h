/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an instruction touches: accesses in the processor's order, each of one page or two. */
#ifndef SIM_INSN_H
#define SIM_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim.h"

#define INSN_ACCESSES 3u /* the fetch, then reads, then writes */
#define INSN_FETCH_BYTES 4u

struct sim_domain;
struct sim_vcpu;
struct xm_reply;

struct part {
    uint64_t gfn;   /* x86-pv: of the virtual address */
    uint64_t frame; /* whose rights count: the gfn; x86-pv: the mfn */
    uint32_t offset, len;
    char *host;  /* NULL: nothing is mapped there */
    bool exempt; /* let through whatever the rights: a page walk that makes no events */
};

struct sim_access {
    uint8_t what; /* XM_DO_* */
    bool walk;
    bool rmw;     /* x86-pv: a write that reads as well */
    bool no_emul; /* of an instruction that no emulator does */
    uint32_t len;
    uint64_t value; /* of a write */
    unsigned n;
    struct part p[2];
};

struct sim_insn {
    unsigned n;
    struct sim_access a[INSN_ACCESSES];
};

void xmi_sim_insn_make(const struct sim_domain *d, const struct sim_op *op, struct sim_insn *in);
/* One access of len bytes (0: 8) at addr. */
void xmi_sim_access_make(struct sim_access *a, uint8_t what, uint64_t addr, uint32_t len);
/* Its first 8 bytes, or fewer. */
uint64_t xmi_sim_access_load(const struct sim_access *a);
/* Reads and writes what it says; all of its parts were found. reply: what its emulation is told. */
void xmi_sim_insn_do(struct sim_vcpu *v, const struct sim_op *op, const struct sim_insn *in,
                     const struct xm_reply *reply);

#endif
