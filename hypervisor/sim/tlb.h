/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vCPU's TLB: direct mapped, second-stage translations only, tagged by view. An entry
 * holds until the view's epoch moves (a flush: O(1) whatever the number of vCPUs) or
 * another gfn takes its place, however much the table changed meanwhile, as in a real one.
 */
#ifndef SIM_TLB_H
#define SIM_TLB_H

#include <xm/base.h>

#define TLB_ENTRIES 2048u

struct tlb_entry {
    uint64_t gfn;
    uint64_t epoch;  /* 0: never valid */
    uint64_t change; /* of the domain when this was last compared with the table */
    uintptr_t page;  /* host address | rights (XM_DO_*) */
};

struct sim_tlb {
    struct tlb_entry *e;
};

struct part;
struct sim_domain;
struct sim_vcpu;

static inline struct tlb_entry *tlb_at(const struct sim_tlb *t, uint64_t gfn)
{
    return &t->e[gfn & (TLB_ENTRIES - 1)];
}

static inline char *tlb_page(const struct tlb_entry *e)
{
    return (char *)(e->page & ~(uintptr_t)(XM_PAGE_SIZE - 1));
}

/* Holds a translation that lets `what` through? Says nothing of whether it ought to. */
static inline bool tlb_hit(const struct tlb_entry *e, uint64_t gfn, uint64_t epoch, unsigned what)
{
    return e->gfn == gfn && e->epoch == epoch && (e->page & what) == what;
}

int xmi_sim_tlb_init(struct sim_tlb *t);
void xmi_sim_tlb_destroy(struct sim_tlb *t);
void xmi_sim_tlb_fill(struct sim_domain *d, struct sim_vcpu *v, const struct part *p,
                      const struct xm_access_res *res);
/*
 * A hit is used although the tables changed since: counts it as forbidden if the rights
 * in force do not allow `what`, or if the page is another by now.
 */
void xmi_sim_tlb_verify(struct sim_domain *d, struct sim_vcpu *v, struct tlb_entry *e,
                        unsigned what);
void xmi_sim_tlb_flush(struct sim_domain *d, unsigned view);

#endif
