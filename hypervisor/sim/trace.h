/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recorded program: every access in 8 bytes, and which page of it became which index. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

struct sim_trace_damage;

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

#endif
