/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mem_access for PV guests on shadow page tables. A PV guest has no second-stage table: its own
 * page tables hold machine frames, and rights are those of a frame (gfn = mfn), wherever and
 * however often it is mapped. They are enforced by what shadow L1 entries may carry.
 *
 * struct xm_pv stands by itself: pv-table.c, pv-set.c, pv-decide.c and the like need neither struct xm_domain
 * nor this core's ring, so that a hypervisor with its own vm_event takes them as they are.
 * pv-domain.c ties them to this core's.
 *
 * The caller holds one lock over a struct xm_pv (in Xen the paging lock). Hooks are called
 * with it held.
 */
#ifndef XM_PV_H
#define XM_PV_H

#include <xm/env.h>
#include <xm/pv-armed.h>
#include <xm/pv-open.h>
#include <xm/pv-table.h>
#include <xm/pv-where.h>
#include <xm/rights.h>

/* What the surroundings do for it. */
struct xm_pv_hooks {
    /* Does the frame belong to the domain now? */
    bool (*owned)(struct xm_env_dom *d, xm_mfn_t mfn);
    /*
     * Takes the frame out of every shadow L1 table of the domain, however often it is mapped, at once or
     * by what settle does. Must not count on references: a PV guest's own tables hold some, too. True: TLBs
     * may hold what was taken out; the flush is the caller's. xm_pv_where_drop() finds the entries.
     */
    bool (*drop)(struct xm_env_dom *d, xm_mfn_t mfn);
    /* The same for all frames; the flush is the caller's. */
    void (*blow)(struct xm_env_dom *d);
    /*
     * The end of an operation, before anybody is told that it is done: xm_pv_where_settle(). NULL: drop
     * leaves nothing to be done.
     */
    int (*settle)(struct xm_env_dom *d, bool may_preempt, bool *flush);
};

/* What setting the default means. */
enum xm_pv_default {
    XM_PV_DEFAULT_ALL = 0,   /* all frames, whatever they were set to before (the RFC for PV) */
    XM_PV_DEFAULT_LATER = 1, /* frames that the domain gets from now on (as for HVM) */
};

/* What becomes of an access of the hypervisor's own that the rights forbid. */
enum xm_pv_policy {
    XM_PV_OWN_IGNORE = 0, /* goes on: mem_access is for guests (as upstream, everywhere) */
    XM_PV_OWN_NOTIFY = 1, /* goes on, and an event is sent that stops nobody */
    XM_PV_OWN_DENY = 2,   /* -EFAULT, nothing is copied */
};

struct xm_pv {
    struct xm_env_dom *env;
    const struct xm_pv_hooks *hooks;
    struct xm_pv_table table;
    uint64_t end;           /* first machine frame number that is none */
    bool on;
    uint8_t default_access; /* enum xm_access; what frames get from now on */
    uint8_t base;           /* what frames have that the table knows nothing of */
    uint8_t semantics;      /* enum xm_pv_default */
    uint8_t policy;         /* enum xm_pv_policy */
    /* An operation that is being checked, over continuations: how much of it was found good. */
    struct {
        uint64_t id;
        uint32_t nr, good;
    } checked;
};

/* ---- on and off ---- */

/* end: frames from it on are refused with -XM_EINVAL. */
void xm_pv_init(struct xm_pv *pv, struct xm_env_dom *env, const struct xm_pv_hooks *hooks,
                uint64_t end);
/* From now on rights hold: rwx at first. Shadows made before need not be dropped. */
void xm_pv_on(struct xm_pv *pv);
/* Forgets all rights and gives the memory back; shadows are dropped, the flush is the caller's. */
void xm_pv_off(struct xm_pv *pv);
/* Nothing is restricted: turning it off would change nothing. */
bool xm_pv_idle(const struct xm_pv *pv);

/*
 * Bits of a shadow mode. Each user of shadow tables implies them; they go with the last user, as
 * in Xen (shadow_one_bit_disable). Turning off what is not on changes nothing.
 */
#define XM_PV_MODE_SHADOW 1u
#define XM_PV_MODE_LOG_DIRTY 2u
#define XM_PV_MODE_MEM_ACCESS 4u
uint32_t xm_pv_mode_with(uint32_t mode, uint32_t bit);
uint32_t xm_pv_mode_without(uint32_t mode, uint32_t bit);

/* ---- rights ---- */

/*
 * Sets all or nothing: unless every frame is the domain's and there is memory for all, nothing
 * changes. -XM_EINVAL: wraps, empty, or beyond the end; -XM_ESRCH: a frame is not the domain's;
 * -XM_ENOMEM. XM_CONTINUE: again with the *start left then (0 at first).
 * XM_ACCESS_DEFAULT: as the default says, from now on with XM_PV_DEFAULT_ALL, today with _LATER.
 * *flush is set where TLBs must be flushed before the lock is dropped; never cleared.
 * A frame that leaves the domain between check and change is passed over, as if it had left behind it.
 */
int xm_pv_set(struct xm_pv *pv, uint64_t first, uint32_t nr, uint32_t *start, enum xm_access a,
              bool *flush);
/* The same for a list. gfns, rights: handles of uint64_t[nr] and uint8_t[nr], the release's numbers. */
int xm_pv_set_list(struct xm_pv *pv, uint64_t gfns, uint64_t rights, uint32_t nr, uint32_t *start,
                   uint32_t xen_minor, bool *flush);
void xm_pv_set_default(struct xm_pv *pv, enum xm_access a, bool *flush);
/* -XM_EINVAL: no frame; -XM_ESRCH: not the domain's. */
int xm_pv_get(struct xm_pv *pv, uint64_t mfn, enum xm_access *a);
/* In force, for a frame that is known to be the domain's. */
enum xm_access xm_pv_rights(struct xm_pv *pv, uint64_t mfn);
/* A verdict's change of rights to ones that allow this access; rx2rw loses execution. -XM_ENOMEM. */
int xm_pv_relax(struct xm_pv *pv, uint64_t mfn, enum xm_access to, bool *flush);
/* Changes of owner. A frame that left starts at the default wherever it comes. */
void xm_pv_frame_left(struct xm_pv *pv, uint64_t mfn);
int xm_pv_frame_came(struct xm_pv *pv, uint64_t mfn);

/* ---- shadow L1 entries ---- */

#define XM_PTE_P (UINT64_C(1) << 0)
#define XM_PTE_RW (UINT64_C(1) << 1)
#define XM_PTE_NX (UINT64_C(1) << 63)

/* Other reasons why an entry is not writable now. */
#define XM_PV_LIMIT_READ_ONLY 1u  /* the guest's own entries say so, or hold no dirty bit yet */
#define XM_PV_LIMIT_LOG_DIRTY 2u  /* the first write must be seen */
#define XM_PV_LIMIT_PAGE_TABLE 4u /* the frame is a page table */

/* XM_DO_* that an entry can allow under these rights: an x86 entry has no w, wx or x. */
uint8_t xm_pv_entry_bits(enum xm_access a);
/*
 * Flags that a shadow L1 entry for mfn may have, out of those of the guest's entry: on a fault as
 * on a prefetch, and when the guest's entry is written. Never adds; bits other than P, RW and NX
 * are left alone. Without P in the answer the entry is to be empty, without the frame's number, also where
 * the guest's own entry has none: a processor may speculate on the address of an entry that is not
 * present, and read a frame that is hidden.
 */
uint64_t xm_pv_entry_flags(struct xm_pv *pv, uint64_t mfn, uint64_t flags, unsigned limits);

/* ---- what becomes of an access ---- */

enum xm_pv_who {
    XM_PV_BY_GUEST = 0,    /* an instruction of the guest: a page fault, or one that is emulated */
    XM_PV_BY_HYPERCALL = 1, /* a page-table write that the guest has made for it: mmu_update,
                              update_va_mapping, mmuext's clear and copy */
    XM_PV_BY_XEN = 2,      /* copies of arguments and results, grants */
};

struct xm_pv_ask {
    uint64_t mfn;
    uint8_t what;      /* XM_DO_* */
    uint8_t who;       /* enum xm_pv_who */
    bool guest_allows; /* the guest's own page tables */
    bool ours;         /* the frame is the domain's: rights are for no others */
    bool listener;     /* somebody has the ring */
    bool required;     /* access_required */
};

enum xm_pv_verdict {
    XM_PV_PASS,        /* as without mem_access; make the entry */
    XM_PV_PASS_ONCE,   /* the rights allow it but no entry can say so: do it, leave no entry */
    XM_PV_GUEST_FAULT, /* the guest's own #PF; no event */
    XM_PV_RELAX,       /* xm_pv_relax(to), then again; no event */
    XM_PV_EVENT,       /* the vCPU stops with an event and does it again. A hypercall ends
                          before this item and is continued there: nobody stops inside */
    XM_PV_EVENT_RELAX, /* an event that stops nobody; if there was a slot, xm_pv_relax(to) */
    XM_PV_NOTIFY,      /* as _EVENT_RELAX (to: the same rights if there is nothing to relax) and go
                          on at once; without a slot the event is lost, nobody waits */
    XM_PV_EFAULT,      /* the hypervisor's access fails */
    XM_PV_CRASH        /* the domain, by access_required */
};

/* Decides, and changes nothing. *to: rights for the verdicts that speak of them. */
enum xm_pv_verdict xm_pv_decide(struct xm_pv *pv, const struct xm_pv_ask *ask, enum xm_access *to);

/* XM_DO_* of an x86 page fault's error code. A read-modify-write reports the write alone. */
#define XM_PFEC_W 2u
#define XM_PFEC_I 16u
uint8_t xm_pv_what(uint32_t error_code);

#endif
