/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxmem: memory-access control of virtual machines, of every kind of guest that Xen runs and of a
 * simulated machine. A tool opens a connection, a session on a domain, sets rights, and answers events.
 *
 * CONVENTIONS
 *  Results    0, or a negative errno value; only the codes named at a function (and -EINVAL for null
 *             or wrongly sized arguments, -ENOMEM) escape. Outputs are untouched on failure.
 *             xmem_last_error() and xmem_domain_last_error() hold a text: what, where, what to do.
 *  Units      A gfn is a guest frame number: guest-physical address >> 12.
 *  Structs    One that the caller fills, or has filled, starts with `size`, set to sizeof(struct)
 *             (XMEM_INIT does it). Zero in any other field means the default. Structs grow at the
 *             end only: an older caller works with a newer library and the reverse (unknown trailing
 *             bytes must be zero, else -E2BIG).
 *  Ownership  Handles are opaque, made by one call and freed by another that accepts NULL. Strings
 *             returned belong to the handle until the next call on it, unless said otherwise.
 *  Threads    A handle, and all handles made from it, may be used from one thread at a time.
 *             Different sessions may be used from different threads, also on one connection:
 *             xmem_domain_open(), xmem_domain_close() and every call on a session are safe beside
 *             calls on other sessions. The library starts no threads.
 *  Manners    The library never prints, exits, forks or installs signal handlers. A signal ends a wait: -EINTR.
 *  Errors common to calls on a session
 *             -ESHUTDOWN the domain died or is gone; -EPROTO the ring held garbage and the session
 *             refuses it; -EOPNOTSUPP this kind of machine cannot do it (ask
 *             xmem_domain_get_caps()); -EACCES or -EPERM the hypervisor refuses this caller; -EIO
 *             anything else the hypervisor answered, named in the text.
 */
#ifndef XMEM_H
#define XMEM_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#ifdef __cplusplus
extern "C" {
/* Prepares a sized struct: struct xmem_caps c = XMEM_INIT(c); */
#define XMEM_INIT(var) ([] { decltype(var) xm_v{}; xm_v.size = sizeof(xm_v); return xm_v; }())
#else
#define XMEM_INIT(var) { .size = sizeof(var) }
#endif
/* clang-format on */

#define XMEM_API __attribute__((visibility("default")))

/* Version of this header; xmem_version() tells the library's. */
#define XMEM_VERSION_MAJOR 0
#define XMEM_VERSION_MINOR 1
#define XMEM_VERSION_PATCH 0

struct xmem;        /* a connection to a hypervisor or a simulated machine */
struct xmem_domain; /* a session on one domain */
struct xmem_batch;  /* changes of rights, collected and applied together */
struct xmem_report; /* diagnostics with positions */
struct xmem_policy; /* a loaded policy */

/* "major.minor.patch"; static. */
XMEM_API const char *xmem_version(void);

/* ---- rights ------------------------------------------------------------ */

/*
 * Rights of a guest page (XENMEM_access_op in Xen's public/memory.h; own
 * numbers, since Xen renumbered "default" in 4.20). For XMEM_N to XMEM_RWX the
 * low three bits are read (1), write (2), execute (4).
 */
enum xmem_rights {
    XMEM_DEFAULT = 0, /* the default rights of the view */
    XMEM_N = 8,
    XMEM_R = 9,
    XMEM_W = 10,
    XMEM_RW = 11,
    XMEM_X = 12,
    XMEM_RX = 13,
    XMEM_WX = 14,
    XMEM_RWX = 15,
    XMEM_RX2RW = 16, /* rx; the first write turns it rw, without an event */
    XMEM_N2RWX = 17, /* the first access turns it rwx, with an event that does not pause */
    XMEM_R_PW = 18,  /* r; writes of page-table walks are allowed (Xen 4.20) */
};
#define XMEM_RIGHTS_BIT(r) (UINT32_C(1) << (r))

/* Name ("rw", "rx2rw", "default"), or NULL for a number that is no right; static. */
XMEM_API const char *xmem_rights_name(enum xmem_rights rights);
/* The reverse; -EINVAL for an unknown name. */
XMEM_API int xmem_rights_parse(const char *name, enum xmem_rights *out);

/* ---- connection -------------------------------------------------------- */

struct xmem_open_opts {
    size_t size;
    uint64_t seed;              /* simulated machines: seed, where the description names none */
    struct xmem_report *report; /* NULL, or takes all messages about a description */
};

/*
 * Opens a connection. uri: "xen:" the running hypervisor; "sim:" the built-in demonstration machine;
 * "sim:FILE" what FILE describes (xmem-machine(5)). opts may be NULL. *out is freed by xmem_close().
 * -EINVAL bad uri or description; -ENOENT no such file; -EOPNOTSUPP no usable hypervisor or library;
 * -EACCES, -EPERM not allowed. On failure the text is xmem_last_error(NULL), per thread.
 */
XMEM_API int xmem_open(const char *uri, const struct xmem_open_opts *opts, struct xmem **out);
/* Closes sessions that are still open (as xmem_domain_close()), then the connection. */
XMEM_API void xmem_close(struct xmem *x);
/* Text of the last failure on this handle, "" if none. */
XMEM_API const char *xmem_last_error(const struct xmem *x);

/* Kinds of machine; each says by its capabilities what it can do. */
enum xmem_kind {
    XMEM_KIND_UNKNOWN = 0,
    XMEM_KIND_X86_EPT = 1,    /* HVM or PVH on VMX with EPT */
    XMEM_KIND_X86_NPT = 2,    /* HVM or PVH on SVM with nested paging */
    XMEM_KIND_X86_PV = 3,     /* PV on shadow page tables */
    XMEM_KIND_ARM_S2 = 4,     /* Arm, stage-2 tables */
    XMEM_KIND_ARMV8R_MPU = 5, /* Armv8-R, memory protection unit */
};
/* "x86-ept" and so on; "unknown" otherwise; static. */
XMEM_API const char *xmem_kind_name(enum xmem_kind kind);

struct xmem_domain_info {
    size_t size;
    uint32_t domid;
    uint32_t kind;        /* enum xmem_kind */
    uint32_t vcpus;       /* number of vCPUs */
    uint32_t flags;       /* XMEM_DOMAIN_* */
    uint64_t highest_gfn; /* highest gfn that rights can be set for */
    uint64_t pages;       /* frames that the domain owns */
    char name[64];        /* NUL-terminated; "" if there is none */
};
#define XMEM_DOMAIN_PAUSED 1u
#define XMEM_DOMAIN_DYING 2u

/*
 * Domains that the caller may see. On entry *n is the room in v, on return their number; -ENOSPC
 * more than fit (v holds the first). v[0].size says the size of an element; v may be NULL if *n is 0.
 */
XMEM_API int xmem_domain_list(struct xmem *x, struct xmem_domain_info *v, size_t *n);

/* What the machine found when it checked itself (simulated machines only). */
struct xmem_machine_report {
    size_t size;
    uint64_t accesses; /* guest accesses that were completed */
    uint64_t events;   /* requests put into rings */
    uint64_t hypercalls;
    uint64_t tlb_flushes;
    uint64_t unanswered;      /* requests that have no answer yet */
    uint64_t double_answers;  /* answers to nothing */
    uint64_t leaked_slots;    /* ring slots that nobody will give back */
    uint64_t leftover_rights; /* gfns whose rights differ from those at creation */
    uint64_t leftover_views;
    uint64_t leftover_pauses; /* vCPUs or domains held by a tool */
    uint64_t leftover_monitors;
    uint64_t forbidden; /* accesses against the rights in force; Arm: `unseen` ones too */
    uint64_t mem_bytes; /* memory of the rights and second-stage tables */
    uint64_t mapped_gfns;
    uint64_t unseen; /* not Arm: accesses that passed while a page was open for another's step */
};
/* -EOPNOTSUPP on a real hypervisor. */
XMEM_API int xmem_machine_check(struct xmem *x, struct xmem_machine_report *out);

/* ---- domain session ---------------------------------------------------- */

/* How the session learns the rights that a gfn had before it changed them. */
enum xmem_restore {
    /*
     * Few gfns in one change (XMEM_EXACT_MAX or fewer): asks for each. More, or gfn after gfn in
     * changes that follow each other: for a spread sample; if one differs, for each.
     */
    XMEM_RESTORE_AUTO = 0,
    XMEM_RESTORE_EXACT = 1, /* asks for every gfn the first time that it is changed */
    XMEM_RESTORE_KEEP = 2,  /* restores nothing at close: what was set stays */
};
#define XMEM_EXACT_MAX 32u

/* What answers an event that the caller does not answer. */
enum xmem_default_reply {
    XMEM_DEFAULT_STEP = 0,   /* step over an access, resume the rest */
    XMEM_DEFAULT_RESUME = 1, /* resume: a page still restricted faults again */
    XMEM_DEFAULT_DENY = 2,   /* deny where that can be done, else step over */
    XMEM_DEFAULT_RELAX = 3,  /* set the page rwx for good, then resume */
};

struct xmem_domain_opts {
    size_t size;
    uint32_t restore;       /* enum xmem_restore */
    uint32_t default_reply; /* enum xmem_default_reply */
    uint32_t step_means;    /* XMEM_STEP_* allowed for stepping over; 0: all */
    uint32_t reserved;      /* zero */
};

/*
 * Opens a session; opts may be NULL. It records the default rights, the views and the state of the
 * domain, and changes nothing. *out is freed by xmem_domain_close(). -ESRCH no such domain; -EBUSY
 * this connection has a session on it already.
 */
XMEM_API int xmem_domain_open(struct xmem *x, uint32_t domid, const struct xmem_domain_opts *opts,
                              struct xmem_domain **out);
/*
 * Ends the session whatever state it is in and leaves the domain as it was found: rights, default
 * and views restored (but see XMEM_RESTORE_KEEP), every request answered, monitors off, ring off,
 * pauses undone. Always frees d. Returns the first failure of what is left undone, its text is
 * xmem_last_error(); the next open, recover or xmem_close() on that connection goes on with it.
 */
XMEM_API int xmem_domain_close(struct xmem_domain *d);
/* Text of the last failure on this session, "" if none. */
XMEM_API const char *xmem_domain_last_error(const struct xmem_domain *d);
XMEM_API int xmem_domain_get_info(struct xmem_domain *d, struct xmem_domain_info *out);

/* Ways to let one instruction through; the library picks the one that lets least pass beside it. */
#define XMEM_STEP_VIEW 1u    /* in a view that no other vCPU, and not the guest, gets into */
#define XMEM_STEP_SINGLE 2u  /* page open for all vCPUs, single step; others held if possible */
#define XMEM_STEP_EMULATE 4u /* the hypervisor emulates it; on Arm the library, and no page opens */
#define XMEM_STEP_RELAX 8u   /* page open for all vCPUs, until it was seen to have gone on */
#define XMEM_STEP_HYPERVISOR 16u /* the hypervisor carries it over, for the told access alone */
#define XMEM_STEP_STRICT 256u    /* opts.step_means: none with XMEM_PASSES_OTHERS or _AGAIN */
/* What can pass unseen meanwhile (passes of struct xmem_event); 0: nothing. */
#define XMEM_PASSES_OTHERS 1u /* accesses of other vCPUs to the same page */
#define XMEM_PASSES_AGAIN 2u  /* the next accesses of the same vCPU to it */
#define XMEM_PASSES_PAGES 4u  /* of an instruction that is not known: its accesses to other pages */

struct xmem_caps {
    size_t size;
    uint32_t rights;      /* XMEM_RIGHTS_BIT()s that can be set in the host view */
    uint32_t view_rights; /* the same for other views; 0 without views */
    uint32_t max_views;   /* including view 0; 1: no alternate views */
    uint32_t step_means;  /* XMEM_STEP_* */
    uint32_t replies;     /* bits 1 << enum xmem_reply_action */
    uint32_t reply_flags; /* XMEM_REPLY_* flags that work */
    uint64_t monitors;    /* bits 1 << enum xmem_event_reason */
    uint32_t ring_slots;  /* requests that can wait at once */
    uint32_t regions;     /* MPU: regions that rights of one domain can use; else 0 */
    uint32_t granule;     /* bytes; 4096, on an MPU 64 */
    uint32_t flags;       /* XMEM_CAP_* */
    uint64_t highest_gfn;
    uint32_t interface_version; /* of vm_event */
    uint32_t step_airtight;     /* of step_means: those beside which nothing passes */
};
#define XMEM_CAP_MEM_ACCESS 1u /* rights can be set and enforced */
#define XMEM_CAP_SET_MANY 2u   /* scattered gfns in one hypercall */
#define XMEM_CAP_SUPPRESS_VE 4u
#define XMEM_CAP_VISIBILITY 8u
#define XMEM_CAP_SWITCH_VCPU 16u /* one vCPU can be switched, through a reply */
#define XMEM_CAP_DEFAULT_ALL 32u /* a new default applies to all pages (PV), not later ones only */
#define XMEM_CAP_ADD_PAGE 64u
XMEM_API int xmem_domain_get_caps(struct xmem_domain *d, struct xmem_caps *out);

struct xmem_stats {
    size_t size;
    uint64_t hypercalls; /* made for this session, all kinds */
    uint64_t sets, gets; /* of them, changes of rights, and questions about them */
    uint64_t elided;     /* gfns not sent because they were set so already */
    uint64_t events;     /* requests taken from the ring */
    uint64_t answers;    /* answers put into the ring */
    uint64_t defaulted;  /* of them, by the session's default */
    uint64_t steps;      /* accesses stepped over */
    uint64_t notifies;   /* event-channel notifications sent */
    uint64_t stuck;      /* events flagged XMEM_EVENT_STUCK */
    uint64_t emulated; /* of steps, done by the library itself (Arm); those that it could not do: */
    uint64_t not_walk, not_fetch; /* a walk of the guest's tables; code that only the vCPU can do */
    uint64_t not_decoded, not_sure; /* SIMD, system, unknown; it faults, or is unpredictable */
    uint64_t not_mapped, not_ended; /* no memory there; an exclusive's loop went too far */
    uint64_t not_same, not_taken;   /* code or tables changed since; registers refused by Xen */
    uint64_t carried, patch_hits, patch_hit; /* changes of code; of patches; where, the last */
};
XMEM_API int xmem_domain_get_stats(struct xmem_domain *d, struct xmem_stats *out);

/*
 * Starts monitoring: sets the ring up and listens; rights can be set from then on. On already: 0.
 * -EBUSY another listener has the ring, or one died (xmem_domain_recover()). xc_monitor_enable().
 */
XMEM_API int xmem_domain_enable(struct xmem_domain *d);
/* Stops it as closing does; the session stays open. Off already: 0. One that failed goes on if called again. */
XMEM_API int xmem_domain_disable(struct xmem_domain *d);
/* Pauses the domain, counted; closing makes up for missing unpauses. -EINVAL there was no pause. */
XMEM_API int xmem_domain_pause(struct xmem_domain *d);
XMEM_API int xmem_domain_unpause(struct xmem_domain *d);

struct xmem_recovery {
    size_t size;
    uint32_t ring_was_active; /* 1: a ring of a listener that is gone was taken over */
    uint32_t vcpus_released;
    uint64_t rights_reset; /* pages set back to rwx */
    uint32_t views_destroyed;
    uint32_t reserved;
};
/*
 * Brings back a domain whose tool died: takes the ring over, answers for vCPUs that wait, destroys
 * views, sets the default and every gfn to rwx, disables. out may be NULL. -ESRCH; -EBUSY a session
 * of this connection is open on it.
 */
XMEM_API int xmem_domain_recover(struct xmem *x, uint32_t domid, struct xmem_recovery *out);

/* ---- rights of pages ---------------------------------------------------
 * view 0 is the host view. Rights in force are what the hypervisor holds: the changes take effect
 * before the call returns, on all vCPUs. -ENODEV monitoring is not enabled (view 0 only);
 * -ENOENT no such view; -ERANGE a gfn above the highest; -ESRCH nothing is mapped at the gfn;
 * -EOPNOTSUPP the kind cannot express these rights; -ENOSPC no MPU region left.
 * A change either happens for all gfns or for none (then the text names the gfn).
 */
XMEM_API int xmem_domain_get_rights(struct xmem_domain *d, uint16_t view, uint64_t gfn,
                                    enum xmem_rights *out);
XMEM_API int xmem_domain_set_rights(struct xmem_domain *d, uint16_t view, uint64_t gfn,
                                    enum xmem_rights rights);
XMEM_API int xmem_domain_set_rights_range(struct xmem_domain *d, uint16_t view, uint64_t first_gfn,
                                          uint64_t count, enum xmem_rights rights);
/* rights[i], an enum xmem_rights in a byte, for gfns[i]; of repeated gfns the last counts. */
XMEM_API int xmem_domain_set_rights_many(struct xmem_domain *d, uint16_t view, const uint64_t *gfns,
                                         const uint8_t *rights, size_t n);
/* Those of the host view: for pages mapped later, or all without their own (XMEM_CAP_DEFAULT_ALL). */
XMEM_API int xmem_domain_get_default(struct xmem_domain *d, enum xmem_rights *out);
XMEM_API int xmem_domain_set_default(struct xmem_domain *d, enum xmem_rights rights);
/* Not 0: a violation that nobody listens for crashes the domain, else it passes. 0 again at close. */
XMEM_API int xmem_domain_set_access_required(struct xmem_domain *d, int required);

/* ---- memory of the guest ------------------------------------------------ */

/* Copies len bytes at guest-physical address gpa; ranges may cross pages. -ESRCH not mapped. */
XMEM_API int xmem_domain_read(struct xmem_domain *d, uint64_t gpa, void *buf, size_t len);
XMEM_API int xmem_domain_write(struct xmem_domain *d, uint64_t gpa, const void *buf, size_t len);
/*
 * A zeroed page at a gfn that the domain did not use, for xmem_view_change_gfn(); no view has
 * rights at that gfn until they are set. xmem_domain_remove_page() or closing takes it away.
 */
XMEM_API int xmem_domain_add_page(struct xmem_domain *d, uint64_t *gfn);
XMEM_API int xmem_domain_remove_page(struct xmem_domain *d, uint64_t gfn);

/* ---- views --------------------------------------------------------------
 * Alternate views of the same memory (Xen: altp2m). All but xmem_view_list(): -EOPNOTSUPP
 * where caps.max_views is 1; -ENOENT a view that does not exist.
 */
struct xmem_view_opts {
    size_t size;
    uint32_t default_rights; /* enum xmem_rights; XMEM_DEFAULT: rwx */
    uint32_t reserved;
};
/* -ENOSPC no view left. *view is destroyed by xmem_view_destroy() or at close. */
XMEM_API int xmem_view_create(struct xmem_domain *d, const struct xmem_view_opts *opts,
                              uint16_t *view);
/* -EBUSY a vCPU runs in it; -EINVAL view 0. */
XMEM_API int xmem_view_destroy(struct xmem_domain *d, uint16_t view);
/* All views, view 0 first. *n: room on entry, number on return; -ENOSPC as in xmem_domain_list(). */
XMEM_API int xmem_view_list(struct xmem_domain *d, uint16_t *views, size_t *n);
/* Switches all vCPUs, one by a reply: XMEM_REPLY_SET_VIEW. -EBUSY one is stepped and stands still. */
XMEM_API int xmem_view_switch(struct xmem_domain *d, uint16_t view);
/* Switches one vCPU, by holding it; -EOPNOTSUPP where only a reply can. */
XMEM_API int xmem_view_switch_vcpu(struct xmem_domain *d, uint32_t vcpu, uint16_t view);
/* The view that a vCPU runs in. */
XMEM_API int xmem_view_get_vcpu(struct xmem_domain *d, uint32_t vcpu, uint16_t *view);
/*
 * Makes gfn show, in this view, the frame that to_gfn has in the host view;
 * to_gfn == XMEM_GFN_UNDO takes that back. -EINVAL view 0, or gfns in a circle.
 */
XMEM_API int xmem_view_change_gfn(struct xmem_domain *d, uint16_t view, uint64_t gfn,
                                  uint64_t to_gfn);
#define XMEM_GFN_UNDO UINT64_MAX
/* May the guest itself switch to it (VMFUNC)? Created visible. */
XMEM_API int xmem_view_set_visible(struct xmem_domain *d, uint16_t view, int visible);
/* suppress != 0: a violation exits to the hypervisor; 0: the guest gets #VE. */
XMEM_API int xmem_view_set_suppress_ve(struct xmem_domain *d, uint16_t view, uint64_t first_gfn,
                                       uint64_t count, int suppress);
XMEM_API int xmem_view_get_suppress_ve(struct xmem_domain *d, uint16_t view, uint64_t gfn,
                                       int *suppress);
/* The guest page where a vCPU's #VE information goes; XMEM_GFN_UNDO: none. */
XMEM_API int xmem_view_set_notify_page(struct xmem_domain *d, uint32_t vcpu, uint64_t gfn);

/* ---- batches ------------------------------------------------------------
 * Changes in any order over any views. Applying sorts them, merges runs, leaves
 * out what is set already, and makes as few hypercalls as it can.
 */
XMEM_API int xmem_batch_new(struct xmem_domain *d, struct xmem_batch **out);
XMEM_API void xmem_batch_free(struct xmem_batch *b);
/* A later change of the same gfn in the same view wins. Nothing is sent. -ERANGE. */
XMEM_API int xmem_batch_add(struct xmem_batch *b, uint16_t view, uint64_t first_gfn, uint64_t count,
                            enum xmem_rights rights);
XMEM_API int xmem_batch_add_many(struct xmem_batch *b, uint16_t view, const uint64_t *gfns,
                                 const uint8_t *rights, size_t n);
/* Forgets what was added. */
XMEM_API void xmem_batch_clear(struct xmem_batch *b);

struct xmem_batch_result {
    size_t size;
    uint64_t gfns;       /* distinct gfns asked for, over all views */
    uint64_t changed;    /* gfns sent */
    uint64_t elided;     /* gfns that were set so already */
    uint64_t ranges;     /* runs after merging */
    uint64_t hypercalls; /* made, questions about rights included */
    uint64_t failed_gfn; /* on failure: the gfn refused; else XMEM_GFN_UNDO */
    uint16_t failed_view;
    uint16_t reserved[3];
};
/* What applying would do, without doing it. */
XMEM_API int xmem_batch_plan(struct xmem_batch *b, struct xmem_batch_result *out);
/*
 * Applies and empties the batch. out may be NULL; it is filled on failure too. All or nothing: on a
 * failure what was changed is put back and the batch keeps its contents.
 */
XMEM_API int xmem_batch_apply(struct xmem_batch *b, struct xmem_batch_result *out);
/*
 * The same in portions, for a progress bar or to stop: applies about max_gfns more; 1 while there are
 * more, 0 all is done. A failure, and xmem_batch_revert(), put back what was applied.
 */
XMEM_API int xmem_batch_apply_some(struct xmem_batch *b, uint64_t max_gfns,
                                   struct xmem_batch_result *out);
XMEM_API int xmem_batch_revert(struct xmem_batch *b);

/* ---- events ------------------------------------------------------------- */

/* Reasons. The first are Xen's VM_EVENT_REASON_*; the library's own start at 64. */
/* clang-format off */
enum xmem_event_reason {
    XMEM_EVENT_UNKNOWN = 0, XMEM_EVENT_MEM_ACCESS = 1, XMEM_EVENT_MEM_SHARING = 2,
    XMEM_EVENT_MEM_PAGING = 3, XMEM_EVENT_CTRLREG = 4, XMEM_EVENT_MSR = 5,
    XMEM_EVENT_BREAKPOINT = 6, XMEM_EVENT_SINGLESTEP = 7, XMEM_EVENT_GUEST_REQUEST = 8,
    XMEM_EVENT_DEBUG = 9, XMEM_EVENT_CPUID = 10, XMEM_EVENT_PRIVILEGED_CALL = 11,
    XMEM_EVENT_INTERRUPT = 12, XMEM_EVENT_DESCRIPTOR = 13, XMEM_EVENT_EMUL_UNIMPLEMENTED = 14,
    XMEM_EVENT_VMEXIT = 15, XMEM_EVENT_IO = 16,
    XMEM_EVENT_DOMAIN_DIED = 64, /* last event of a session; needs no answer */
};
/* clang-format on */
/* "mem_access" and so on, or NULL; static. */
XMEM_API const char *xmem_event_reason_name(enum xmem_event_reason reason);

/* flags of struct xmem_event */
#define XMEM_EVENT_PAUSED 1u  /* the vCPU waits for the answer */
#define XMEM_EVENT_FOREIGN 2u /* caused by another domain */
#define XMEM_EVENT_NESTED 4u
#define XMEM_EVENT_STUCK 8u /* the same again for the 1,000th time: the vCPU gets nowhere */
/* access of struct xmem_event_mem */
#define XMEM_ACCESS_R 1u
#define XMEM_ACCESS_W 2u
#define XMEM_ACCESS_X 4u
#define XMEM_ACCESS_GLA_VALID 8u /* gla holds the guest-linear address */
#define XMEM_ACCESS_WITH_GLA 16u /* the access itself, */
#define XMEM_ACCESS_IN_GPT 32u   /* or the walk of the guest's page tables for it */

/*
 * One event. Read only; the session's own, valid until it is answered or monitoring ends. Grows at the end.
 */
struct xmem_event {
    uint64_t seq;    /* 1, 2, 3, ... in the session */
    uint32_t reason; /* enum xmem_event_reason */
    uint32_t flags;  /* XMEM_EVENT_* */
    uint32_t vcpu;
    uint16_t view; /* that the vCPU ran in */
    uint16_t reserved;
    union {
        struct xmem_event_mem {
            uint64_t gfn;
            uint64_t offset; /* in the page, bytes */
            uint64_t gla;
            uint32_t access; /* XMEM_ACCESS_* */
            uint32_t reserved;
        } mem;
        struct xmem_event_ctrlreg {
            uint32_t index; /* enum xmem_ctrlreg */
            uint32_t reserved;
            uint64_t new_value, old_value;
        } ctrlreg;
        struct xmem_event_msr {
            uint64_t msr, new_value, old_value;
        } msr;
        struct xmem_event_debug { /* breakpoint and debug exception */
            uint64_t gfn;
            uint64_t pending_dbg;
            uint32_t insn_length; /* bytes */
            uint32_t type;        /* x86 event-injection type */
        } debug;
        struct xmem_event_singlestep {
            uint64_t gfn;
        } singlestep;
        struct xmem_event_cpuid {
            uint32_t insn_length, leaf, subleaf, reserved;
        } cpuid;
        struct xmem_event_descriptor {
            uint64_t exit_qualification;
            uint32_t instr_info;
            uint32_t which; /* 1 IDTR, 2 GDTR, 3 LDTR, 4 TR */
            uint32_t is_write;
            uint32_t reserved;
        } descriptor;
        struct xmem_event_interrupt {
            uint32_t vector, type, error_code, reserved;
            uint64_t cr2;
        } interrupt;
        struct xmem_event_vmexit {
            uint64_t reason, qualification;
        } vmexit;
        struct xmem_event_io {
            uint32_t port, bytes, is_in, is_str;
        } io;
        struct xmem_event_page { /* paging and sharing */
            uint64_t gfn;
            uint32_t p2mt, flags;
        } page;
        uint64_t raw[6];
    } u;
    /* Set by stepping over it, and there until the next event is taken; else 0. */
    uint32_t stepped; /* XMEM_STEP_* by which */
    uint32_t passes;  /* XMEM_PASSES_* */
};

enum xmem_ctrlreg {
    XMEM_CTRLREG_CR0 = 0,
    XMEM_CTRLREG_CR3 = 1,
    XMEM_CTRLREG_CR4 = 2,
    XMEM_CTRLREG_XCR0 = 3,
};

/* Registers of the vCPU when the event was made. arch says which part holds. */
struct xmem_regs {
    size_t size;
    uint32_t arch; /* XMEM_ARCH_* */
    uint32_t reserved;
    union {
        struct xmem_regs_x86 {
            uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
            uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
            uint64_t rflags, dr6, dr7, rip, cr0, cr2, cr3, cr4;
            uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
            uint64_t msr_efer, msr_star, msr_lstar, gdtr_base, fs_base, gs_base, shadow_gs;
            uint16_t cs_sel, ss_sel, ds_sel, es_sel, fs_sel, gs_sel, gdtr_limit, reserved;
        } x86;
        struct xmem_regs_arm {
            uint64_t ttbr0, ttbr1, ttbcr, pc, cpsr;
        } arm;
        uint64_t raw[48];
    } u;
};
#define XMEM_ARCH_X86 1u
#define XMEM_ARCH_ARM 2u

/* Readable while events may be there: poll or epoll it, then call xmem_event_next(). */
XMEM_API int xmem_domain_get_fd(struct xmem_domain *d);
/*
 * Takes the next event, without blocking. -EAGAIN none is there (the fd is then
 * quiet until there is one); -ENODEV not monitoring. The event must be answered
 * or dropped; any number may be held, and answered in any order.
 */
XMEM_API int xmem_event_next(struct xmem_domain *d, const struct xmem_event **out);
/* Blocks until an event may be there; timeout in ms, -1: for ever. -ETIMEDOUT, -EINTR. */
XMEM_API int xmem_event_wait(struct xmem_domain *d, int timeout_ms);
/* out->size bytes at the most are written. Only while the event is unanswered: else -EALREADY. */
XMEM_API int xmem_event_get_regs(struct xmem_domain *d, const struct xmem_event *ev,
                                 struct xmem_regs *out);

enum xmem_reply_action {
    XMEM_REPLY_RESUME = 0,
    XMEM_REPLY_DENY = 1,            /* the write to the register is not done */
    XMEM_REPLY_EMULATE = 2,         /* the hypervisor emulates the instruction */
    XMEM_REPLY_EMULATE_NOWRITE = 3, /* the same, and its memory writes are dropped */
    XMEM_REPLY_STEP_OVER = 4,       /* let this access through and re-arm */
    XMEM_REPLY_REINJECT = 5,        /* breakpoint, debug: the guest's own handler gets it */
};
/* flags of struct xmem_reply, to be combined with the action */
#define XMEM_REPLY_SET_REGS 1u      /* regs; on Arm only pc is taken */
#define XMEM_REPLY_SET_VIEW 2u      /* view: the vCPU goes on in it */
#define XMEM_REPLY_SET_READ_DATA 4u /* data: what emulated reads return */
#define XMEM_REPLY_SET_INSN_DATA 8u /* data: 16 bytes of instruction for the emulator */
#define XMEM_REPLY_TOGGLE_STEP 16u  /* single step on, or off if it is on */
#define XMEM_REPLY_FAST_STEP 32u    /* with SET_VIEW: back to step_view after one instruction */
#define XMEM_REPLY_STEP_STRICT 64u  /* with STEP_OVER: as XMEM_STEP_STRICT, for this event */

struct xmem_reply {
    size_t size;
    uint32_t action; /* enum xmem_reply_action */
    uint32_t flags;  /* XMEM_REPLY_* */
    uint16_t view;
    uint16_t step_view;
    uint32_t data_len;            /* bytes */
    const void *data;             /* copied */
    const struct xmem_regs *regs; /* copied; start from xmem_event_get_regs() */
};

/*
 * Answers an event; reply NULL: resume. What the hypervisor left of its instruction is finished as
 * xmem_event_reply(3) says: gone past, emulated, an exception of the guest's own given to it. Sent
 * at the next xmem_event_next() that finds the ring empty, at xmem_event_wait(), xmem_event_flush():
 * one notification serves many answers. -EALREADY answered before; -EOPNOTSUPP the kind cannot, or
 * not for this event; -EBUSY another exception is pending (open after both); -ENOENT no such view.
 */
XMEM_API int xmem_event_reply(struct xmem_domain *d, const struct xmem_event *ev,
                              const struct xmem_reply *reply);
/*
 * Lets this access through once and arms the page again (XMEM_REPLY_STEP_OVER). May block for some
 * ms by XMEM_STEP_RELAX. -EOPNOTSUPP no means, or strict: none that lets nothing else pass; the text
 * has them. No access: resumed; of a breakpoint what it hides is done where its gfn is remapped.
 */
XMEM_API int xmem_event_step_over(struct xmem_domain *d, const struct xmem_event *ev);
/* Answers as the session's default says. */
XMEM_API int xmem_event_drop(struct xmem_domain *d, const struct xmem_event *ev);
/* Sends the answers given so far. */
XMEM_API int xmem_event_flush(struct xmem_domain *d);

/* ---- monitors ----------------------------------------------------------- */

struct xmem_monitor {
    size_t size;
    uint32_t reason; /* enum xmem_event_reason to switch */
    uint32_t flags;  /* XMEM_MONITOR_* */
    uint32_t index;  /* CTRLREG: enum xmem_ctrlreg; MSR: its number; IO: port */
    uint32_t reserved;
    uint64_t bitmask; /* CTRLREG: bits that do not count; 0: all count */
};
#define XMEM_MONITOR_ASYNC 1u     /* the vCPU does not wait; VMEXIT: it never does */
#define XMEM_MONITOR_ON_CHANGE 2u /* MSR: only when the value changes; CTRLREG: never else */
#define XMEM_MONITOR_USERSPACE 4u /* GUEST_REQUEST: user mode may ask too */
/*
 * Switches an event on or off; to what it is already: 0. Memory accesses need
 * no monitor. Off again at close. -EOPNOTSUPP see caps.monitors.
 */
XMEM_API int xmem_domain_set_monitor(struct xmem_domain *d, const struct xmem_monitor *m, int on);

/* ---- diagnostics -------------------------------------------------------- */

/* A list of messages about a document; made by the caller, filled by what takes it. */
struct xmem_diag {
    size_t size;
    uint32_t number; /* nnn of XM-nnn, see xmem-policy(5); from 500 on warnings */
    uint32_t line;   /* from 1; 0: none */
    uint32_t column; /* from 1, bytes */
    uint32_t reserved;
    const char *file; /* the strings belong to the report */
    const char *path; /* JSON pointer, "/" for the whole */
    const char *text; /* message alone */
    const char *full; /* "file:line:column: [XM-nnn] path: text" */
};
XMEM_API int xmem_report_new(struct xmem_report **out);
XMEM_API void xmem_report_free(struct xmem_report *r);
XMEM_API size_t xmem_report_count(const struct xmem_report *r);
/* -ENOENT index too large. */
XMEM_API int xmem_report_get(const struct xmem_report *r, size_t index, struct xmem_diag *out);

/* ---- policies ----------------------------------------------------------- */

/*
 * Loads and validates a JSON policy (xmem-policy(5)); symbol files it names are
 * read too, relative to its folder. Errors and warnings go into r (may be NULL):
 * -EBADMSG not valid; -ENOENT, -EACCES, -EISDIR, -EFBIG (over 16 MiB) the file.
 */
XMEM_API int xmem_policy_load(const char *path, struct xmem_report *r, struct xmem_policy **out);
/* The same from memory; name is what messages call it. */
XMEM_API int xmem_policy_parse(const char *name, const void *text, size_t len,
                               struct xmem_report *r, struct xmem_policy **out);
XMEM_API void xmem_policy_free(struct xmem_policy *p);
/* 0: the policy is meant for this domain, -ENOENT: it is not. */
XMEM_API int xmem_policy_match(const struct xmem_policy *p, const struct xmem_domain_info *info);

/* Called with each line of a plan, in order; a non-zero return stops and is passed on. */
typedef int (*xmem_plan_line_fn)(void *arg, const char *line);
/*
 * Dry run: checks the policy against the session and its guest, and tells what applying would do, a
 * line per step; warnings go into r. -EOPNOTSUPP, -ERANGE (a hole, too): cannot be done; -ENOENT: an anchor.
 */
XMEM_API int xmem_policy_plan(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                              xmem_plan_line_fn line, void *arg);
/* Called now and then with gfns done and in all; a non-zero return stops: all is put back, -ECANCELED. */
typedef int (*xmem_progress_fn)(void *arg, uint64_t done, uint64_t total);
/*
 * Applies it: monitoring on, views, default, rights, monitors, switch. All or
 * nothing. One policy is applied to one session at a time; free it after the session.
 */
XMEM_API int xmem_policy_apply(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                               xmem_progress_fn progress, void *arg);

enum xmem_action {
    XMEM_ACTION_NONE = 0, /* no rule speaks of it: the session's default */
    XMEM_ACTION_LOG = 1,  /* step over, tell */
    XMEM_ACTION_DENY = 2, /* deny where that can be done: the vCPU skips or the write is dropped */
    XMEM_ACTION_ALLOW_ONCE = 3, /* step over, silently */
    XMEM_ACTION_PAUSE = 4,      /* leave the vCPU waiting, and pause the domain */
    XMEM_ACTION_RELAX = 5,      /* tell once, then allow the page for good */
    XMEM_ACTION_SWITCH = 6,     /* go on in another view */
    XMEM_ACTION_RESUME = 7,     /* resume as it is */
};
XMEM_API const char *xmem_action_name(enum xmem_action action);

struct xmem_decision {
    size_t size;
    uint32_t action; /* enum xmem_action */
    uint16_t view;   /* SWITCH: to which */
    uint16_t reserved;
    const char *rule;          /* name of the rule, belongs to the policy; NULL: none */
    const char *region;        /* name of the region, likewise */
    uint64_t region_gfn;       /* first gfn of the region's extent that was hit */
    uint32_t flags, reserved2; /* XMEM_DECISION_* */
};
#define XMEM_DECISION_PATCH_HIT 1u /* the guest wrote where a copy is patched; the patch stays */
#define XMEM_DECISION_STRICT 2u    /* PAUSE: to step over it would let other accesses through */
/* What the policy says of an event; nothing is sent. Constant time in the number of gfns. */
XMEM_API int xmem_policy_decide(struct xmem_policy *p, struct xmem_domain *d,
                                const struct xmem_event *ev, struct xmem_decision *out);
/* Decides and answers; out (may be NULL) tells what. PAUSE leaves the event unanswered. */
XMEM_API int xmem_policy_handle(struct xmem_policy *p, struct xmem_domain *d,
                                const struct xmem_event *ev, struct xmem_decision *out);

#ifdef __cplusplus
}
#endif

#endif /* XMEM_H */
