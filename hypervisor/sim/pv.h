/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PV guests: machine frames that the domains of a machine share out among themselves, page
 * tables in frames of the guest, validated as Xen does, and shadows of them.
 *
 * A frame's fields belong to its owner's lock, the owner itself moves under the machine's
 * pv_lock (inside a domain's lock): who finds himself as the owner stays it while he holds his lock.
 */
#ifndef SIM_PV_H
#define SIM_PV_H

#include <string.h>

#include <xm/l4.h>

#include "sim-int.h"

#define PV_END SIM_PV_END
#define PV_XEN_FIRST (UINT64_C(1) << 36)
#define PV_ENTRIES 512u
#define PV_LEVELS 4u

#define PTE_US (UINT64_C(1) << 2)
#define PTE_A (UINT64_C(1) << 5)
#define PTE_D (UINT64_C(1) << 6)
#define PTE_PSE (UINT64_C(1) << 7)
#define PTE_ADDR ((UINT64_C(1) << 52) - XM_PAGE_SIZE)

enum pv_type { PV_NONE = 0, PV_L1, PV_L2, PV_L3, PV_L4, PV_WRITABLE };

struct pv_shadow {
    struct pv_shadow *next, **at;
    uint64_t gmfn; /* whose shadow it is */
    uint64_t *e;   /* level 1: what the processor sees; above: copies of the guest's entries */
    uint8_t level;
};

struct pv_frame {
    struct sim_domain *owner; /* NULL: free */
    char *host;
    struct pv_shadow *shadow;
    uint32_t refs;  /* mappings in the guest's L1 tables */
    uint32_t types; /* uses as .type; 0: may become another */
    uint32_t smaps; /* mappings in shadows */
    uint8_t type;   /* enum pv_type */
    bool pinned;
    bool leaving; /* nobody's any more, and not free yet */
    bool dirty;   /* written since log-dirty was turned on or cleaned */
};

struct sim_pv {
    uint32_t mode;   /* XM_PV_MODE_* */
    uint64_t root;   /* L4 table that the builder made */
    uint64_t tables; /* that it made in all, behind the guest's pages */
    uint64_t highest, owned;
    uint64_t
        area; /* machine address of what the hypervisor writes by the frame's number; 0: none */
    struct pv_shadow *shadows;
    uint64_t shadow_count;
    uint64_t prefetched; /* entries made ahead of need */
    struct xm_pv_where where;
    uint64_t looked;            /* entries that were looked at to take some out */
    struct xm_pv_open *opening; /* an entry is being made for the hypervisor's own access */
    bool
        lingers; /* what was opened is closed only when its vCPU goes on, not when the op is done */
    uint64_t through_open; /* accesses of guests that were only let through by such an entry */
};

static inline uint64_t pte_mfn(uint64_t e)
{
    return (e & PTE_ADDR) >> XM_PAGE_SHIFT;
}

static inline uint64_t pte_make(uint64_t mfn, uint64_t flags)
{
    return mfn << XM_PAGE_SHIFT | flags;
}

static inline unsigned pv_index(uint64_t va, unsigned level)
{
    return (unsigned)(va >> (XM_PAGE_SHIFT + 9 * (level - 1))) & (PV_ENTRIES - 1);
}

static inline bool pv_is_table(const struct pv_frame *f)
{
    return f->types != 0 && f->type >= PV_L1 && f->type <= PV_L4;
}

static inline uint64_t *pv_table(const struct pv_frame *f)
{
    return (uint64_t *)(void *)f->host;
}

static inline void pv_tlb_forget(struct sim_vcpu *v)
{
    memset(v->tlb.e, 0, TLB_ENTRIES * sizeof(*v->tlb.e));
}

/* pv-frames.c */
struct pv_frame *xmi_pv_frame(const struct sim_machine *m, uint64_t mfn);
/* NULL: not this domain's. */
struct pv_frame *xmi_pv_own(const struct sim_domain *d, uint64_t mfn);
/* -XM_EPERM: there is such a frame, and it is another's; -XM_EINVAL: there is none. */
int xmi_pv_refusal(const struct sim_domain *d, uint64_t mfn);
/* All or none: -XM_EEXIST, -XM_ENOMEM. */
int xmi_pv_claim(struct sim_domain *d, uint64_t first, uint64_t n, char *host);
/* It leaves in two steps, as in Xen: no more the domain's, then free for others. */
void xmi_pv_disown(struct pv_frame *f);
void xmi_pv_release(struct sim_domain *d, uint64_t mfn);

/* pv-types.c */
int xmi_pv_get_type(struct sim_domain *d, uint64_t mfn, enum pv_type type);
void xmi_pv_put_type(struct sim_domain *d, uint64_t mfn);
/* Validates the new entry, stores it, lets go of the old one; the shadow follows. */
int xmi_pv_write_entry(struct sim_domain *d, uint64_t table, unsigned index, uint64_t value);

/* pv-shadow.c */
enum pv_how { PV_DEMAND_READ, PV_DEMAND_WRITE, PV_PREFETCH };
struct pv_walk {
    uint64_t table[PV_LEVELS + 1]; /* mfn of the table at each level; [1] is the L1 */
    uint64_t leaf;                 /* the L1 entry; 0: none */
    bool write, exec;              /* all levels together */
};
/* What the guest's tables say. False: not present. */
bool xmi_pv_walk_guest(struct sim_domain *d, uint64_t root, uint64_t va, struct pv_walk *w);
/* What the processor finds: through the shadows where they are on. */
bool xmi_pv_walk_hw(struct sim_domain *d, uint64_t root, uint64_t va, struct pv_walk *w);
/* The same by the pCPU that the vCPU is on: from the L4 that is loaded. */
bool xmi_pv_walk_cpu(struct sim_domain *d, struct sim_vcpu *v, uint64_t va, struct pv_walk *w);
/* Makes the shadow entry for va, which this vCPU met, and those of neighbours that the guest used before. */
int xmi_pv_shadow_fill(struct sim_domain *d, uint32_t vcpu, const struct pv_walk *w, uint64_t va,
                       enum pv_how how);
/* The guest's table was written: its shadow follows. */
void xmi_pv_shadow_written(struct sim_domain *d, uint64_t table, unsigned index);
/* mfn is no table any more. */
void xmi_pv_shadow_forget(struct sim_domain *d, struct pv_frame *f);
void xmi_pv_shadow_free_all(struct sim_domain *d);
void xmi_pv_mark_dirty(struct sim_domain *d, struct pv_frame *f);
extern const struct xm_pv_where_hooks xmi_sim_pv_where_hooks;

/* Shadow mode's own L4, made if it is not there. NULL: no memory. */
struct pv_shadow *xmi_pv_shadow_root(struct sim_domain *d, uint64_t gmfn);

/* pcpu.c; key: the L4's mfn, or of a shadow of it: */
uint64_t xmi_pcpu_shadow_key(uint64_t gmfn);
/* -XM_ENOMEM */
int xmi_pcpu_l4_began(struct sim_domain *d, uint64_t key, const uint64_t *table);
void xmi_pcpu_l4_ended(struct sim_domain *d, uint64_t key);
/* The slot was stored. pCPUs that run on it have it when this returns. */
void xmi_pcpu_l4_written(struct sim_domain *d, uint64_t key, const uint64_t *table, unsigned slot);
/* The vCPU, which runs, has another root. */
void xmi_pcpu_reload(struct sim_domain *d, struct sim_vcpu *v);
/* The shadow that it runs on; NULL: it runs on the L4 itself. */
uint64_t *xmi_pcpu_table(struct sim_domain *d, struct sim_vcpu *v);
/* No vCPU of the domain will run any more. */
void xmi_pcpus_forget(struct sim_domain *d);

/* The hypervisor's own access goes on: its entry is made if the rights do not give one. */
void xmi_pv_open(struct sim_domain *d, struct sim_vcpu *v, const struct pv_walk *w, uint64_t va);
bool xmi_pv_is_open(const struct sim_domain *d, uint64_t mfn);

/* pv-access.c */
/*
 * What the core says to an access. Between its decision and what is done about it others may run: then
 * STOPPED, and xmi_sim_pv_due() goes on.
 */
enum xm_pv_next xmi_pv_access(struct sim_domain *d, struct sim_vcpu *v,
                              const struct xm_pv_ask *ask);
/* All frames of an item of a hypercall. False: not now, or never. */
bool xmi_pv_may(struct sim_domain *d, struct sim_vcpu *v, const struct xm_pv_ask *asks, unsigned n);
/* Where the vCPU is, for an access that its instruction or its hypercall makes. */
struct xm_pv_ask xmi_pv_ask_make(struct sim_vcpu *v, uint64_t mfn, uint32_t offset, uint8_t what,
                                 enum xm_pv_who who);
bool xmi_pv_walk_allows(const struct pv_walk *w, uint8_t what);
/* The access goes on: accessed bits on the way, and the dirty bit of the page. */
void xmi_pv_set_used(struct sim_vcpu *v, struct pv_walk *w, uint64_t va, bool write);
/* The walk, without the hypervisor's own part. */
bool xmi_pv_walk_user(struct sim_domain *d, struct sim_vcpu *v, uint64_t va, struct pv_walk *w);

static inline uint64_t pv_va(const struct part *p)
{
    return p->gfn << XM_PAGE_SHIFT | p->offset;
}

#endif
