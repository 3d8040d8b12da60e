/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop that takes, answers and prints events; for the commands watch, apply --hold, demo. */
#ifndef WATCH_H
#define WATCH_H

#include "ctl.h"

/* Counts events by gfn. */
struct hot {
    uint64_t *keys, *counts; /* open addressing; a count of 0 is a free place */
    size_t room, used;
    uint64_t others; /* events on gfns that found no place any more */
};
void hot_add(struct hot *h, uint64_t gfn);
/* The n hottest, hottest first; how many there are. */
size_t hot_top(const struct hot *h, uint64_t *gfns, uint64_t *counts, size_t n);
void hot_free(struct hot *h);

struct summary {
    uint64_t events, accesses, by_reason[65], by_action[8];
    uint64_t slowest_ns, slowest_seq, elapsed_ns;
    struct hot hot;
    struct xmem_stats stats;
};

struct watch {
    /* how */
    struct xmem_domain *d;
    struct xmem_domain_info info; /* of the domain */
    struct xmem_policy *policy;   /* NULL: the session's default answers */
    uint64_t max_events;          /* 0: no limit */
    uint64_t duration_ms;         /* 0: no limit */
    uint64_t idle_ms;             /* end when nothing happened for so long; 0: do not */
    uint64_t max_print;           /* events that are printed */
    bool json;
    /* what came of it */
    struct summary sum;
    uint64_t start_ns, printed;
    bool died;                      /* the domain did */
    bool stuck_told;                /* that a vCPU makes no progress */
    bool strict_told;               /* that a strict step paused the domain */
    uint64_t patch_hits, patch_hit; /* as told */
    bool output_failed;             /* stdout takes no more */
    const char *why;                /* what ended it */
};

/* Until a limit, a signal, the domain's death or an error; 0 or a negative errno. */
int watch_run(struct watch *w);
void watch_print_event(struct watch *w, const struct xmem_event *ev,
                       const struct xmem_decision *dec);
/* t: seconds since the beginning. */
void watch_json_event(const struct watch *w, const struct xmem_event *ev,
                      const struct xmem_decision *dec, double t);
/* "mem_access"; "r-x"; "cr3", NULL for a register that has no name. */
const char *watch_reason(const struct xmem_event *ev);
const char *watch_access(uint32_t access, char out[4]);
const char *watch_ctrlreg(uint32_t index);
/* That the guest wrote where a copy is patched. */
void watch_print_patches(struct watch *w);
void watch_print_summary(const struct watch *w);
/* Of it: by which means accesses were stepped over. The text is a line on Arm, else nothing. */
void watch_text_steps(const struct xmem_stats *s);
void watch_json_steps(const struct xmem_stats *s);

#endif
