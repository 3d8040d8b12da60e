/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core's surroundings reduced to what a unit test wants to see and to break. */
#ifndef FAKE_ENV_H
#define FAKE_ENV_H

#include <check.h>
#include <stdlib.h>
#include <xm/core.h>

#define FAKE_VCPUS 1024u
#define FAKE_FRAMES 4096u
#define FAKE_LOG 64u
/* Frames of the guest that are never looked into. */
#define FAKE_GUEST_MFN UINT64_C(0x100000)

struct fake_env {
    /* what the test says */
    long alloc_left;     /* allocations that still succeed; -1: all */
    long frames_left;    /* the same for frames */
    bool preempt;        /* every question is answered "yes" */
    uint64_t caller;     /* who makes the hypercall */
    uint64_t fault_from; /* copies at this handle or behind it fail; 0: none */
    /* what the test sees */
    size_t bytes, frames; /* handed out and not given back */
    long maps;            /* mappings open */
    int pauses[FAKE_VCPUS];
    bool waits[FAKE_VCPUS];
    unsigned flushes, flushed[FAKE_LOG]; /* views, in order */
    unsigned notifies, logs, preempt_asked;
    unsigned work,
        work_most; /* calls of the surroundings since the last question for preemption; at most */
    const char *crash;
    union {
        struct xm_ev_regs_x86 x86;
        struct xm_ev_regs_arm arm;
    } regs[FAKE_VCPUS];
};
extern struct fake_env fake;

/* Is a lock of this rank held? */
bool fake_holds(enum xm_lock_rank rank);
/* A stretch without a question ends here. */
void fake_pause(void);
/* Makes a domain; the counters start at zero behind it. */
void fake_start(struct xm_domain *d, const struct xm_domain_cfg *cfg);
/* Four vCPUs, ring on, views on if asked for, gfns 0 to 15 mapped to FAKE_GUEST_MFN on. */
void fake_domain(struct xm_domain *d, enum xm_kind kind, uint32_t minor, bool views);
/* Destroys it and proves that everything came back. */
void fake_end(struct xm_domain *d);

/* Short forms; their answer is the hypercall's. */
int fake_set(struct xm_domain *d, uint64_t gfn, uint32_t nr, uint8_t rights);
int fake_get(struct xm_domain *d, uint64_t gfn);
int fake_view_set(struct xm_domain *d, uint16_t view, uint64_t gfn, uint8_t rights);
int fake_view_get(struct xm_domain *d, uint16_t view, uint64_t gfn);
int fake_view_create(struct xm_domain *d, uint8_t rights);
int fake_altp2m(struct xm_domain *d, uint32_t cmd, struct xm_altp2m_op *op);
int fake_monitor(struct xm_domain *d, uint32_t op, uint32_t event);
enum xm_verdict fake_access(struct xm_domain *d, uint32_t vcpu, uint64_t gfn, unsigned what);
/* The newest request, and an answer to it with these flags; consumed at once. */
struct xm_ev *fake_last(struct xm_domain *d);
int fake_answer(struct xm_domain *d, const struct xm_ev *rsp);
int fake_resume(struct xm_domain *d, uint32_t vcpu, uint32_t flags);

/* main() of a test program. */
int fake_run(Suite *s);

#endif
