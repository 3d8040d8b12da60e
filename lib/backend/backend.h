/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam between the library's objects and what they run on.
 *
 * Above it: sessions, views, batches, events, all written once. Below it:
 * xen/ (the only files that know libxenctrl) and sim/ (the only
 * ones that know the simulated machine). An op does one hypercall or a fixed few,
 * checks nothing that the hypervisor checks, and answers with 0 or a negative
 * errno value as the hypervisor gave it; the callers above give it meaning and text.
 */
#ifndef XMEM_BACKEND_H
#define XMEM_BACKEND_H

#include <stdbool.h>
#include <xmem.h>

#include "base/base.h"
#include "arm/arm.h"

struct xmem_error; /* base/base.h */

/* Differences between releases that the code above the seam must mind. */
/* A host change overwrites that gfn's rights in views. */
#define QUIRK_HOST_SET_OVERWRITES_VIEWS 1u
/* Fast single step works only with single step monitored. */
#define QUIRK_FAST_STEP_NEEDS_MONITOR 2u
/* A view set on a gfn without host entry does nothing, silently. */
#define QUIRK_VIEW_SET_SKIPS_UNMAPPED 4u
/* RESUME answers -EINVAL on success (before 4.13). */
#define QUIRK_RESUME_EINVAL 8u
/* What a view has no entry for takes the host's rights, not the view's default (before 4.19). */
#define QUIRK_VIEW_COPIES_HOST_RIGHTS 16u
/* What a view gets for a gfn that it has no entry for covers the host's whole leaf around it. */
#define QUIRK_VIEW_SET_COVERS_LEAF 32u
/* And all but that gfn take the host's rights, not the view's default (4.19 to 4.21). */
#define QUIRK_LEAF_TAKES_HOST_RIGHTS 64u
/* What the guest executes is not in its memory: the simulated machine's programs. */
#define QUIRK_CODE_ELSEWHERE 128u
/* But at the pc of an event stands an instruction that touches what it touches. */
#define QUIRK_CODE_SHOWN 512u
/*
 * EMULATE holds to the rights of pages that nobody answered for, which are told, and what it does not do
 * is told too, all of it.
 */
#define QUIRK_EMULATES_BY_RIGHTS 256u

/* The ring as the session sees it. */
struct backend_ring {
    void *page;                 /* 4 KiB, mapped read-write */
    uint32_t interface_version; /* of vm_event: 3 to 7 */
    uint32_t arch;              /* XMEM_ARCH_* of the registers in it */
    bool left;                  /* enabling failed and left something, which monitor_disable ends */
};

struct backend_monitor {
    uint32_t reason; /* enum xmem_event_reason */
    uint32_t index;
    uint64_t bitmask;
    bool on, sync, on_change, userspace;
};

/* An exception to be injected (x86). */
struct backend_exception {
    uint8_t vector, type, insn_len; /* type: of the processor's event injection */
    uint32_t error_code;            /* UINT32_MAX: none */
    uint64_t extra;                 /* vector 1: what DR6 gets; 14: CR2 */
};

/* All registers of a vCPU. */
struct backend_vcpu {
    uint32_t arch; /* XMEM_ARCH_*; says which part holds */
    uint32_t reserved;
    union {
        struct arm_regs arm;
    } u;
};

/* What `done` holds when the hypervisor does not tell how far it came. */
#define BACKEND_DONE_UNKNOWN UINT64_MAX

/* Runs, or questions, in one hypercall. */
#define BACKEND_RUNS_MAX 256u
#define BACKEND_NO_RIGHTS 0xffu
/* gfns of one xmi_pages_there(). */
#define BACKEND_THERE_MAX 1024u

struct backend_run {
    uint64_t gfn;
    uint32_t nr;
    uint8_t rights; /* enum xmem_rights */
    int rc;
};

/*
 * conn: what open() made; dom: what domain_open() made. An op that is NULL is not
 * there: the capabilities say so as well, and callers answer -EOPNOTSUPP. Ops of
 * different dom may be called from different threads.
 */
struct xmem_backend_ops {
    const char *scheme; /* of the uri, without the colon */

    /* rest: the uri behind the colon. On failure err says why. */
    int (*open)(const char *rest, const struct xmem_open_opts *opts, void **conn,
                struct xmem_error *err);
    void (*close)(void *conn);
    /* Fills at most room elements; *n is how many there are. */
    int (*domain_list)(void *conn, struct xmem_domain_info *v, size_t room, size_t *n);
    int (*machine_check)(void *conn, struct xmem_machine_report *out);

    int (*domain_open)(void *conn, uint32_t domid, void **dom, struct xmem_error *err);
    void (*domain_close)(void *dom);
    /* A domain that is gone: -ESRCH; one that dies: XMEM_DOMAIN_DYING. */
    int (*domain_info)(void *dom, struct xmem_domain_info *out);
    /* reply_flags, replies, monitors and so on as the kind and release have them. */
    int (*domain_caps)(void *dom, struct xmem_caps *out);
    uint32_t (*domain_quirks)(void *dom);
    int (*pause)(void *dom);
    int (*unpause)(void *dom);
    /*
     * Holds one vCPU off the processor; each hold is undone by one release. NULL or
     * -EOPNOTSUPP: cannot be done here, stepping by relaxing then leaves the others running.
     */
    int (*vcpu_hold)(void *dom, uint32_t vcpu, bool hold);
    /* Lets the domain run for a moment; then *pc is the vCPU's program counter. */
    int (*vcpu_peek)(void *dom, uint32_t vcpu, uint64_t *pc);
    /*
     * Registers outside of an event; NULL, or -EOPNOTSUPP: not on this kind. get stops that vCPU for
     * as long as it reads, set may stop the whole domain. -ENODATA: never started. -EINVAL of set: not
     * taken, nothing was changed; some that get hands out are not taken back. A vCPU that waits for an
     * answer is set before it is answered.
     */
    int (*vcpu_get)(void *dom, uint32_t vcpu, struct backend_vcpu *out);
    int (*vcpu_set)(void *dom, uint32_t vcpu, const struct backend_vcpu *in);
    /* May be NULL; the domain is not paused. 1: the vCPU waits for an answer, 0: it does not. */
    int (*vcpu_waits)(void *dom, uint32_t vcpu);
    /*
     * May be NULL. A vCPU that waits for an answer takes it when it goes on. -EBUSY: another
     * one is pending.
     */
    int (*vcpu_inject)(void *dom, uint32_t vcpu, const struct backend_exception *e);

    /*
     * May be NULL. Single step off, whatever the vCPU does, a fast one too (hvm_debug_op()).
     */
    int (*vcpu_step_off)(void *dom, uint32_t vcpu);
    /* May be NULL. How long the vCPU was on a processor, in ns; *idle: it sleeps, or is off. */
    int (*vcpu_ran)(void *dom, uint32_t vcpu, uint64_t *ns, bool *idle);

    /*
     * monitor_enable also binds the event channel; monitor_disable unbinds it, and is made
     * for the rings of others too (see xmem_domain_recover()). -EBUSY of disable: vCPUs
     * wait for a slot, the ring is still there.
     */
    int (*monitor_enable)(void *dom, struct backend_ring *ring);
    int (*monitor_disable)(void *dom);
    /* After a disable that failed: the ring is still on and mapped, and wants to be read. */
    bool (*ring_is_on)(void *dom);
    /*
     * The ring of a listener that is gone, as it left it; event_notify makes the hypervisor
     * look at it, monitor_disable ends it. NULL or a failure: cannot be done, as on Xen, where
     * the page is in no memory map any more.
     */
    int (*monitor_attach)(void *dom, struct backend_ring *ring);
    /* On to on and off to off may answer -EEXIST. */
    int (*monitor_set)(void *dom, const struct backend_monitor *m);
    int (*access_required)(void *dom, bool required);

    /*
     * fd is readable while events may be there; it lives as long as dom. event_ack is called
     * before the ring is looked at; it makes the fd quiet and must be safe to call at any time.
     * event_idle is called when the ring was found empty: a machine that runs in this
     * thread makes progress there; returns 1 if there may be more now, else 0.
     * -ESHUTDOWN from either: the domain died.
     */
    int (*event_fd)(void *dom);
    int (*event_ack)(void *dom);
    /* As poll() of the fd, but shorter; NULL: poll it. 1: something may be there, 0: time is over. */
    int (*event_wait)(void *dom, int timeout_ms);
    int (*event_idle)(void *dom);
    int (*event_notify)(void *dom);
    /* The fd is readable once more, until event_ack: the session has an event of its own. NULL: cannot be. */
    int (*event_poke)(void *dom);
    /* The same in about a ms: nothing tells when what the session waits for is there. NULL: cannot be. */
    int (*event_soon)(void *dom);

    /* gfn ~0 with nr 0: the default (view 0 only). rights: enum xmem_rights. */
    int (*rights_get)(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights);
    /*
     * *done: how many of the nr took effect when it fails, so that the caller can put them
     * back; the first *done ones are changed and the next one is refused. Or
     * BACKEND_DONE_UNKNOWN: some of the first are changed. Set on failure only.
     */
    int (*rights_set)(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                      uint64_t *done);
    int (*rights_set_many)(void *dom, uint16_t view, const uint64_t *gfns, const uint8_t *rights,
                           uint32_t nr, uint64_t *done);

    /*
     * Host view; NULL, or -EOPNOTSUPP: cannot be done here. One hypercall each, for at most
     * BACKEND_RUNS_MAX. rights[i] is BACKEND_NO_RIGHTS where that gfn was refused. Runs are
     * independent of each other: v[i].rc is 0, or why it was refused, with some of its first
     * gfns changed. Negative: nothing of it was done.
     */
    int (*rights_get_many)(void *dom, const uint64_t *gfns, uint32_t nr, uint8_t *rights);
    int (*rights_set_runs)(void *dom, struct backend_run *v, uint32_t n);
    /*
     * Sets gfns of the host view to the rights that they have, which splits the leaves around
     * them; needs views, and no ring. rights[i]: these rights, BACKEND_NO_RIGHTS of a hole.
     * NULL where no release needs it.
     */
    int (*host_split)(void *dom, const uint64_t *gfns, uint8_t *rights, uint32_t n);

    /* Views: state turns them on for the domain, once, on demand. */
    int (*views_get_state)(void *dom, bool *on);
    int (*views_set_state)(void *dom, bool on);
    /* 1: there is such a view (state is on), 0: there is not. */
    int (*view_exists)(void *dom, uint16_t view);
    int (*view_create)(void *dom, uint8_t default_rights, uint16_t *view);
    int (*view_destroy)(void *dom, uint16_t view);
    int (*view_switch)(void *dom, uint16_t view);
    /* One vCPU; NULL where only an answer to an event can do that. */
    int (*view_switch_vcpu)(void *dom, uint32_t vcpu, uint16_t view);
    int (*view_get_vcpu)(void *dom, uint32_t vcpu, uint16_t *view);
    int (*view_change_gfn)(void *dom, uint16_t view, uint64_t gfn, uint64_t to_gfn);
    int (*view_set_visible)(void *dom, uint16_t view, bool visible);
    int (*view_set_suppress_ve)(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, bool suppress);
    int (*view_get_suppress_ve)(void *dom, uint16_t view, uint64_t gfn, bool *suppress);
    int (*view_set_notify)(void *dom, uint32_t vcpu, uint64_t gfn);

    /*
     * For a machine that checks itself; all NULL on Xen, and failures change nothing.
     * step_note: that page is (open) or is no more open for one vCPU's step; rights: in force
     * for all others meanwhile. Called before it is opened, and after it was closed.
     * step_told: the instruction under way of that vCPU was told for this page too (XMEM_ACCESS_R, _W,
     * _X), by an event of the library's own.
     * view_internal: view is the library's own, for steps of vCPUs that belong to from_view.
     */
    int (*step_note)(void *dom, uint16_t view, uint64_t gfn, uint32_t vcpu, uint8_t rights,
                     bool open);
    int (*step_told)(void *dom, uint32_t vcpu, uint64_t gfn, uint32_t access);
    int (*view_internal)(void *dom, uint16_t view, uint16_t from_view);

    /* One page of the guest, mapped read-write; -ESRCH nothing there. */
    int (*page_map)(void *dom, uint64_t gfn, void **page);
    void (*page_unmap)(void *dom, void *page);
    /* there[i]: gfn + i has a page that page_map would map; nr up to BACKEND_THERE_MAX. NULL: one by one. */
    int (*pages_there)(void *dom, uint64_t gfn, uint32_t nr, bool *there);
    int (*page_add)(void *dom, uint64_t gfn);
    int (*page_remove)(void *dom, uint64_t gfn);

    /* Hypercalls made for this domain so far. */
    uint64_t (*hypercalls)(void *dom);
};

extern const struct xmem_backend_ops xmi_backend_sim;
extern const struct xmem_backend_ops xmi_backend_xen;

#endif
