/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest does: programs of ops, random accesses, recorded traces; what an instruction touches. */
#ifndef SIM_PROGRAM_H
#define SIM_PROGRAM_H

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "sim.h"

/* ==== random numbers ==== */

/* Random numbers that are the same on every machine: xorshift64*, seeded through splitmix64. */

struct sim_rng {
    uint64_t s;
};

static inline void rng_seed(struct sim_rng *r, uint64_t seed)
{
    uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    r->s = z != 0 ? z : 1; /* xorshift stays at 0 for ever */
}

static inline uint64_t rng_next(struct sim_rng *r)
{
    uint64_t x = r->s;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    r->s = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0 to n - 1; n is not 0. Multiplied down, as the high bits are the good ones. */
static inline uint64_t rng_below(struct sim_rng *r, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)rng_next(r) * n) >> 64);
}

/* ==== traces ==== */

/* A recorded program: every access in 8 bytes, and which page of it became which index. */

/* An access: page index, what it does, offset in the page. */
#define TRACE_OFFSET(a) ((a)&0xfffu)
#define TRACE_DO(a) (((a) >> 12) & 7u) /* XM_DO_*; R|W: read, then write */
#define TRACE_PAGE(a) ((a) >> 16)
#define TRACE_PACK(page, what, offset) \
    ((uint64_t)(page) << 16 | (uint64_t)(what) << 12 | (uint64_t)(offset))

/* Address of a page of the traced program -> index, by first appearance. */
struct trace_map {
    uint64_t *key; /* page + 1; 0: free */
    uint64_t *index;
    size_t room; /* a power of two */
    size_t used;
};

struct sim_trace {
    unsigned refs;
    uint64_t *acc;
    size_t n;
    struct trace_map map;
    uint64_t base; /* index of its first page among the domain's */
    dev_t dev;     /* the file it came from: the same one is kept once */
    ino_t ino;
    off_t bytes;
    int64_t mtime_ns;
    struct sim_trace *next;
};

/* Reads path; one reference. -EINVAL: no access in the file. damage may be NULL. */
int xmi_sim_trace_load(const char *path, struct sim_trace **out, struct sim_trace_damage *damage);
void xmi_sim_trace_free(struct sim_trace *t);
bool xmi_sim_trace_same_file(const struct sim_trace *a, const struct sim_trace *b);
/* -ENOENT: the program did not touch that page. */
int xmi_sim_trace_index(const struct sim_trace *t, uint64_t addr, uint64_t *index);

/* ==== programs ==== */

/* What a vCPU does: a list of ops, random accesses, or a recorded trace. */

enum program_kind { PROGRAM_NONE = 0, PROGRAM_SCRIPT, PROGRAM_RANDOM, PROGRAM_TRACE };

struct sim_program {
    enum program_kind kind;
    uint64_t pos, n;
    uint64_t rounds; /* left, this one included; UINT64_MAX: for ever */
    struct sim_op *ops;
    struct sim_trace *trace;
    uint64_t trace_gfn; /* gfn of page 0 of the trace */
    struct sim_random_cfg random;
    struct sim_rng rng;
    struct sim_op drawn; /* random: the access that is under way */
    bool have_drawn;
};

static inline bool program_over(const struct sim_program *p)
{
    return p->kind == PROGRAM_NONE || p->rounds == 0;
}

/* The op under way; the program is not over. */
void xmi_sim_program_peek(struct sim_program *p, struct sim_op *op);
void xmi_sim_program_advance(struct sim_program *p);
/* Draws the next random access into p->drawn. */
void xmi_sim_program_draw(struct sim_program *p);
/* Empties it; gives back what trace it used (the caller holds the list), or NULL. */
struct sim_trace *xmi_sim_program_reset(struct sim_program *p);

/* pos has been moved to n: another round, or the end. */
static inline void program_wrap(struct sim_program *p)
{
    p->pos = 0;
    if (p->rounds != UINT64_MAX)
        p->rounds--;
}

/* ==== instructions ==== */

/* What an instruction touches: accesses in the processor's order, each of one page or two. */

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

/* ==== Arm's instructions ==== */

/*
 * Ops of an Arm vCPU as A64 instructions, to be read by a tool. An encoder of the machine's own:
 * with the library's decoder behind it, it could not tell that decoder's faults.
 */

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
