/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every way by which a PV guest's frame can be reached, tried on real Xen: the table of
 * hypervisor/xen/README.md as a program. The frame is TARGET, with r, n and x, under both policies for
 * Xen's own accesses; what each way has to do is its kind.
 */
#ifndef LAB_WAYS_H
#define LAB_WAYS_H

#include "../check/check.h"

#define TARGET 10u /* test pages: what is reached, */
#define SLOT 11u   /* at whose address other frames are mapped, */
#define BUFFER 20u /* for arguments, */
#define OTHER 21u  /* the other end of a copy, */
#define CODE 22u   /* and for instructions */

/* public/xen.h, and the numbers of sub-operations. */
#define HC_SET_GDT 2u
#define HC_UPDATE_DESCRIPTOR 10u
#define HC_GRANT_TABLE 20u
#define HC_VCPU 24u
#define HC_EVTCHN 32u
#define HC_PHYSDEV 33u
#define HC_ARGO 39u
#define HC_PMU 40u
#define MMUEXT_PIN_L1 0u
#define MMUEXT_UNPIN 4u
#define MMUEXT_CLEAR 16u
#define MMUEXT_COPY 17u

enum kind {
    BY_GUEST, /* an event that stops it, nothing is done before it is allowed */
    BY_XEN,   /* as the policy says: an event that stops nobody, or -EFAULT and nothing done */
    ON_FRAME, /* Xen's own, and never denied: the guest could not be told */
    REFUSED,  /* Xen does not do it at all here */
    NOT_SEEN, /* not covered: it goes through, and no event tells of it */
};

struct way {
    const char *text;
    enum kind kind;
    uint32_t does;     /* MEM_ACCESS_* */
    unsigned int from; /* Xen 4.x that has it; 0: all */
    bool fails;        /* what becomes of it is not in its result */
    bool once;         /* a domain can do it once */
    bool changes;      /* NOT_SEEN: the frame is another one afterwards */
    /* Before the frame is restricted; 0 or not. NULL: nothing. */
    int (*prepare)(struct check *c);
    /* Begins it on vCPU 0. */
    int (*start)(struct check *c);
};

/* list.c and tables.c; each ends with an element without text. */
extern const struct way ways_list[], ways_tables[];

/* Words at the start of the page for arguments; their virtual address. */
uint64_t ways_words(struct check *c, const uint64_t *words, unsigned int n);
int ways_hypercall(struct check *c, uint64_t number, uint64_t a, uint64_t b, uint64_t d,
                   uint64_t e);
int ways_mmuext(struct check *c, uint64_t op, uint64_t arg1, uint64_t arg2);
/* Code for LAB_OP_EXEC in a test page. */
int ways_code(struct check *c, const void *code, uint64_t size);
/* vCPU 1 changes an entry, and has the TLBs of all vCPUs flushed. */
int ways_remap(struct check *c, uint64_t va, uint64_t entry);
/* Waits for its end; INT64_MIN if there is none. */
int64_t ways_result(struct check *c);
unsigned int ways_release(void);

/* Lines of their own, with two vCPUs; the last with ten. */
extern const struct check_line ways_areas[], ways_answers[], ways_orders[];

#endif
