/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the Xen backend share; nobody else includes it. */
#ifndef XMEM_BACKEND_XEN_H
#define XMEM_BACKEND_XEN_H

#include "arm/arm.h"
#include "backend/backend.h"
#include "backend/host-copy.h"
#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- api.c, names.c: Xen's libraries ---- */

/*
 * Xen's user-space libraries, opened at run time: libxencall, libxenevtchn,
 * libxenforeignmemory and libxendevicemodel have stable interfaces; libxenctrl changes its soname with every
 * release and must be the running hypervisor's (domctl versions, -EACCES otherwise). What differs between
 * releases is in release.c. Declared here with our own types, so that building needs
 * no Xen headers. Prototypes as in xenctrl.h, xenevtchn.h, xenforeignmemory.h, xencall.h.
 */

typedef unsigned long xen_gfn_arg; /* xen_pfn_t in calls on 64-bit machines */

/* xen_domctl_getdomaininfo: the part that is the same in every release (public/domctl.h). */
struct xen_domain_info {
    uint16_t domid, pad;
    uint32_t flags; /* XEN_INFO_* */
    uint64_t tot_pages, max_pages, outstanding_pages, shr_pages, paged_pages;
    uint64_t shared_info_frame, cpu_time;
    uint32_t nr_online_vcpus, max_vcpu_id;
    uint8_t tail[192]; /* longer than any release's rest */
};
#define XEN_INFO_DYING (1u << 0)
#define XEN_INFO_HVM (1u << 1)
#define XEN_INFO_SHUTDOWN (1u << 2)
#define XEN_INFO_PAUSED (1u << 3)
#define XEN_INFO_HAP (1u << 8)
#define XEN_INFO_REASON(flags) ((flags) >> 16 & 0xffu)
#define XEN_SHUTDOWN_SUSPEND 2u

/* Function pointers; those under "optional" may be NULL in an older library. */
struct xen_api {
    void *lib_ctrl, *lib_evtchn, *lib_foreign, *lib_call, *lib_devmodel;
    uint32_t major, minor; /* of the running hypervisor */
    char ctrl_name[64];    /* soname that was opened */

    void *(*interface_open)(void *logger, void *dombuild_logger, unsigned flags);
    int (*interface_close)(void *xch);
    int (*getinfolist)(void *xch, uint32_t first, unsigned max, void *info);
    int (*maximum_gpfn)(void *xch, uint32_t domid, xen_gfn_arg *gpfn);
    int (*pfn_types)(void *xch, uint32_t domid, unsigned n, xen_gfn_arg *gfns);
    int (*pause)(void *xch, uint32_t domid);
    int (*unpause)(void *xch, uint32_t domid);
    int (*set_access_required)(void *xch, uint32_t domid, unsigned required);
    int (*vcpu_getcontext)(void *xch, uint32_t domid, uint32_t vcpu, void *ctxt);
    int (*vcpu_setcontext)(void *xch, uint32_t domid, uint32_t vcpu, void *ctxt);
    int (*debug_control)(void *xch, uint32_t domid, uint32_t op, uint32_t vcpu);
    int (*vcpu_getinfo)(void *xch, uint32_t domid, uint32_t vcpu, void *info);
    int (*setmaxmem)(void *xch, uint32_t domid, uint64_t kb);
    int (*populate)(void *xch, uint32_t domid, unsigned long nr, unsigned order, unsigned flags,
                    xen_gfn_arg *gfns);
    int (*decrease)(void *xch, uint32_t domid, unsigned long nr, unsigned order, xen_gfn_arg *gfns);
    int (*set_access)(void *xch, uint32_t domid, int access, uint64_t first, uint32_t nr);
    int (*set_access_multi)(void *xch, uint32_t domid, uint8_t *access, uint64_t *gfns,
                            uint32_t nr);
    int (*get_access)(void *xch, uint32_t domid, uint64_t gfn, int *access);
    int (*hvm_param_get)(void *xch, uint32_t domid, uint32_t param, uint64_t *value);

    void *(*monitor_enable)(void *xch, uint32_t domid, uint32_t *port);
    int (*monitor_disable)(void *xch, uint32_t domid);
    int (*monitor_capabilities)(void *xch, uint32_t domid, uint32_t *caps);
    int (*monitor_ctrlreg)(void *xch, uint32_t domid, uint16_t index, bool on, bool sync,
                           uint64_t bitmask, bool on_change);
    int (*monitor_msr)(void *xch, uint32_t domid, uint32_t msr, bool on, bool on_change);
    int (*monitor_singlestep)(void *xch, uint32_t domid, bool on);
    int (*monitor_breakpoint)(void *xch, uint32_t domid, bool on);
    int (*monitor_descriptor)(void *xch, uint32_t domid, bool on);
    int (*monitor_guest_request)(void *xch, uint32_t domid, bool on, bool sync, bool user);
    int (*monitor_debug)(void *xch, uint32_t domid, bool on, bool sync);
    int (*monitor_cpuid)(void *xch, uint32_t domid, bool on);
    int (*monitor_privileged_call)(void *xch, uint32_t domid, bool on);
    int (*monitor_emul_unimplemented)(void *xch, uint32_t domid, bool on);

    int (*altp2m_get_state)(void *xch, uint32_t domid, bool *on);
    int (*altp2m_set_state)(void *xch, uint32_t domid, bool on);
    int (*altp2m_create)(void *xch, uint32_t domid, int access, uint16_t *view);
    int (*altp2m_destroy)(void *xch, uint32_t domid, uint16_t view);
    int (*altp2m_switch)(void *xch, uint32_t domid, uint16_t view);
    int (*altp2m_set)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn, int access);
    int (*altp2m_set_multi)(void *xch, uint32_t domid, uint16_t view, uint8_t *access,
                            uint64_t *gfns, uint32_t nr);
    int (*altp2m_change_gfn)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg old,
                             xen_gfn_arg fresh);
    int (*altp2m_set_suppress_ve)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn,
                                  bool suppress);
    int (*altp2m_enable_notify)(void *xch, uint32_t domid, uint32_t vcpu, xen_gfn_arg gfn);

    /* optional */
    void *(*dm_open)(void *logger, unsigned flags);
    int (*dm_close)(void *dmod);
    int (*dm_inject)(void *dmod, uint16_t domid, int vcpu, uint8_t vector, uint8_t type,
                     uint32_t error_code, uint8_t insn_len, uint64_t extra);
    int (*event_version)(void *xch);                                      /* 4.13 */
    int (*monitor_vmexit)(void *xch, uint32_t domid, bool on, bool sync); /* 4.17 */
    int (*monitor_io)(void *xch, uint32_t domid, bool on);                /* 4.18 */
    int (*altp2m_get)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn, int *access);
    int (*altp2m_get_suppress_ve)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg gfn,
                                  bool *suppress); /* 4.12 */
    int (*altp2m_suppress_ve_multi)(void *xch, uint32_t domid, uint16_t view, xen_gfn_arg first,
                                    xen_gfn_arg last, bool suppress, xen_gfn_arg *error_gfn,
                                    int32_t *error_code);                             /* 4.14 */
    int (*altp2m_disable_notify)(void *xch, uint32_t domid, uint32_t vcpu);           /* 4.12 */
    int (*altp2m_get_vcpu)(void *xch, uint32_t domid, uint32_t vcpu, uint16_t *view); /* 4.13 */
    int (*altp2m_visibility)(void *xch, uint32_t domid, uint16_t view, bool on);      /* 4.14 */

    void *(*evtchn_open)(void *logger, unsigned flags);
    int (*evtchn_close)(void *xce);
    int (*evtchn_fd)(void *xce);
    int (*evtchn_notify)(void *xce, uint32_t port);
    int (*evtchn_bind)(void *xce, uint32_t domid, uint32_t remote);
    int (*evtchn_unbind)(void *xce, uint32_t port);
    int (*evtchn_pending)(void *xce);
    int (*evtchn_unmask)(void *xce, uint32_t port);

    void *(*foreign_open)(void *logger, unsigned flags);
    int (*foreign_close)(void *fmem);
    void *(*foreign_map)(void *fmem, uint32_t domid, int prot, size_t pages,
                         const xen_gfn_arg *gfns, int *err);
    int (*foreign_unmap)(void *fmem, void *addr, size_t pages);
    /* optional: domid_t is 16 bits wide in the first, and passed as an int */
    void *(*foreign_map_resource)(void *fmem, uint32_t domid, unsigned type, unsigned id,
                                  unsigned long frame, unsigned long frames, void **addr, int prot,
                                  int flags); /* 4.11 */
    int (*foreign_unmap_resource)(void *fmem, void *resource);

    void *(*call_open)(void *logger, unsigned flags);
    int (*call_close)(void *xcall);
    int (*call1)(void *xcall, unsigned op, uint64_t a);
    int (*call2)(void *xcall, unsigned op, uint64_t a, uint64_t b);
    void *(*call_alloc)(void *xcall, size_t bytes);
    void (*call_free)(void *xcall, void *buffer);
};

/* A logger for Xen's libraries that keeps quiet: without one they print on stderr. */
void *xmi_xen_quiet(void);

/* Opens everything for the hypervisor that runs here. -EOPNOTSUPP with a text. */
int xmi_xen_api_open(struct xen_api *api, struct xmem_error *err);
void xmi_xen_api_close(struct xen_api *api);

/* ---- names.c: names of domains, where a xenstore answers; without one they have none ---- */

struct xen_names {
    void *lib, *xs;
    void *(*read)(void *xs, uint32_t transaction, const char *path, unsigned *len);
    void (*close)(void *xs);
    pthread_mutex_t lock; /* sessions in several threads ask through one connection */
};

void xmi_xen_names_open(struct xen_names *n);
void xmi_xen_names_close(struct xen_names *n);
/* "" if there is none; always terminated. */
void xmi_xen_name_of(struct xen_names *n, uint32_t domid, char *name, size_t room);

/* ---- release.c: what differs between releases, as one table ---- */

struct xen_release {
    uint32_t minor;             /* from this 4.minor on */
    uint32_t interface_version; /* of vm_event */
    int access_default;         /* number of XENMEM_access_default */
    int access_r_pw;            /* of XENMEM_access_r_pw, -1: none */
    uint32_t max_views;         /* including the host view; the most that a domain can have */
    uint32_t quirks;            /* QUIRK_* of backend.h */
    uint32_t domctl_version;    /* XEN_DOMCTL_INTERFACE_VERSION */
};

/* The line for 4.minor; NULL before 4.11. Later releases than known behave as the last. */
const struct xen_release *xmi_xen_release_find(uint32_t major, uint32_t minor);
/* enum xmem_rights to the release's number, -1: it has none; and back, 0: unknown number. */
int xmi_xen_access_number(const struct xen_release *r, uint8_t rights);
uint8_t xmi_xen_access_rights(const struct xen_release *r, int number);

/* ---- connections and domains ---- */

struct xen_conn {
    struct xen_api api;
    const struct xen_release *release;
    void *xch; /* for lists of domains; a session has its own */
    bool arm, amd;
    struct xen_names names;
};

/* libxenctrl's handles are for one thread each, so every domain has its own. */
struct xen_dom {
    struct xen_conn *conn;
    const struct xen_api *api;
    const struct xen_release *release;
    uint32_t domid;
    enum xmem_kind kind;
    uint64_t ring_gfn; /* where libxenctrl puts the ring for a moment; 0: nowhere */
    void *xch, *fmem, *xce;
    int epoll_fd, timer_fd; /* events and the look whether the domain lives */
    int poke_fd;            /* an event of the session's own; read only when there is one: */
    bool poked;
    uint8_t looks, sleep_only; /* vcpu.c: at a vCPU since its answer; series that do not spin */
    int64_t look_at;           /* the next of these looks, CLOCK_MONOTONIC, ns */
    int port;                  /* local event-channel port, -1: not bound */
    void *ring;
    void *resource;          /* the ring of a PV domain, as libxenforeignmemory knows it */
    bool views;              /* altp2m can be used */
    bool views_on;           /* and is on */
    struct host_copy host;   /* gfns that were restricted in the host view */
    void *dmod;              /* the device model's calls; NULL: not opened */
    void *xcall;             /* for hypercalls of our own, */
    struct xen_calls *calls; /* from this buffer */
    bool no_calls;           /* that cannot be made: libxenctrl's serve */
    bool shadow_only;        /* of PV: the ring is off, and shadow mode could not be yet */
    bool dead;
    uint32_t domctl_version; /* found by asking, 0: the release's, until that is refused */
    uint64_t hypercalls;
};

/* Counts the call and makes 0 or -errno of libxenctrl's answer. */
static inline int xen_rc(struct xen_dom *d, int rc)
{
    int e = errno;
    d->hypercalls++;
    return rc >= 0 ? 0 : e ? -e : -EIO;
}

/* -ESRCH the domain is gone; *info is zero beyond what the release fills. */
int xmi_xen_look_from(void *xch, const struct xen_api *api, uint32_t domid,
                      struct xen_domain_info *info);
int xmi_xen_dom_look(void *xch, const struct xen_api *api, uint32_t domid,
                     struct xen_domain_info *info);

/* It will never run again. */
bool xmi_xen_info_is_dead(const struct xen_domain_info *info);

/* info.c */
enum xmem_kind xmi_xen_kind_of(const struct xen_conn *c, const struct xen_domain_info *info);
int xmi_xen_domain_list(void *conn, struct xmem_domain_info *v, size_t room, size_t *n);
int xmi_xen_domain_info_get(void *dom, struct xmem_domain_info *out);

/* inject.c; can: asks nobody, opens what is needed. */
bool xmi_xen_can_inject(struct xen_dom *d);
void xmi_xen_inject_close(struct xen_dom *d);
int xmi_xen_vcpu_inject(void *dom, uint32_t vcpu, const struct backend_exception *e);

/* page.c */
int xmi_xen_page_map(void *dom, uint64_t gfn, void **page);
void xmi_xen_page_unmap(void *dom, void *page);
int xmi_xen_pages_there(void *dom, uint64_t gfn, uint32_t nr, bool *there);
/* The same by mapping them for a moment, where no hypercall tells. */
int xmi_xen_there_by_mapping(struct xen_dom *d, uint64_t gfn, uint32_t nr, bool *there);
int xmi_xen_page_add(void *dom, uint64_t gfn);
int xmi_xen_page_remove(void *dom, uint64_t gfn);

/* event.c */
int xmi_xen_events_open(struct xen_dom *d);
void xmi_xen_events_close(struct xen_dom *d);
int xmi_xen_monitor_enable(void *dom, struct backend_ring *ring);
int xmi_xen_monitor_disable(void *dom);
bool xmi_xen_ring_is_on(void *dom);
int xmi_xen_monitor_attach(void *dom, struct backend_ring *ring);
void xmi_xen_ring_unmap(struct xen_dom *d);
int xmi_xen_monitor_set(void *dom, const struct backend_monitor *m);
int xmi_xen_event_fd(void *dom);
int xmi_xen_event_ack(void *dom);
int xmi_xen_event_wait(void *dom, int timeout_ms);
int xmi_xen_event_idle(void *dom);
int xmi_xen_event_notify(void *dom);
int xmi_xen_event_poke(void *dom);
int xmi_xen_event_soon(void *dom);
/* Does a ring listen? 1, 0, or -EOPNOTSUPP: this hypervisor has no mem_access. */
int xmi_xen_ring_active(struct xen_dom *d);

/* pv.c: PV domains; no other call to a PV domain's monitor before xmi_xen_pv_possible(). */
bool xmi_xen_pv_possible(struct xen_dom *d);
/* The machine's last frame: a PV domain's gfn is an mfn. */
uint64_t xmi_xen_pv_highest(struct xen_dom *d);
/* Shadow mode, the ring in d->ring, its port. */
int xmi_xen_pv_enable(struct xen_dom *d, uint32_t *remote);
int xmi_xen_pv_attach(struct xen_dom *d);
int xmi_xen_pv_resume(struct xen_dom *d);
void xmi_xen_pv_unmap(struct xen_dom *d);
int xmi_xen_pv_turn_off(struct xen_dom *d);

/* view.c */
int xmi_xen_views_get_state(void *dom, bool *on);
int xmi_xen_views_set_state(void *dom, bool on);
int xmi_xen_view_exists(void *dom, uint16_t view);
int xmi_xen_view_create(void *dom, uint8_t default_rights, uint16_t *view);
int xmi_xen_view_destroy(void *dom, uint16_t view);
int xmi_xen_view_switch(void *dom, uint16_t view);
int xmi_xen_view_get_vcpu(void *dom, uint32_t vcpu, uint16_t *view);
int xmi_xen_view_change_gfn(void *dom, uint16_t view, uint64_t gfn, uint64_t to_gfn);
int xmi_xen_view_set_visible(void *dom, uint16_t view, bool visible);
int xmi_xen_view_set_suppress_ve(void *dom, uint16_t view, uint64_t gfn, uint64_t nr,
                                 bool suppress);
int xmi_xen_view_get_suppress_ve(void *dom, uint16_t view, uint64_t gfn, bool *suppress);
int xmi_xen_view_set_notify(void *dom, uint32_t vcpu, uint64_t gfn);

/* vcpu.c */
int xmi_xen_vcpu_peek(void *dom, uint32_t vcpu, uint64_t *pc);
/* The next look is after another answer. */
void xmi_xen_end_peek(struct xen_dom *d);
int xmi_xen_vcpu_step_off(void *dom, uint32_t vcpu);
int xmi_xen_vcpu_ran(void *dom, uint32_t vcpu, uint64_t *ns, bool *idle);
int xmi_xen_vcpu_get(void *dom, uint32_t vcpu, struct backend_vcpu *out);
int xmi_xen_vcpu_set(void *dom, uint32_t vcpu, const struct backend_vcpu *in);

/* rights.c */
int xmi_xen_rights_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights);
int xmi_xen_rights_set(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                       uint64_t *done);
int xmi_xen_rights_set_many(void *dom, uint16_t view, const uint64_t *gfns, const uint8_t *rights,
                            uint32_t nr, uint64_t *done);

/* multi.c: XENMEM_access_op, with Xen's numbers for rights */
int xmi_xen_access_get(struct xen_dom *d, uint64_t gfn, int *number);
int xmi_xen_access_set(struct xen_dom *d, uint64_t gfn, uint32_t nr, int number);
int xmi_xen_rights_get_many(void *dom, const uint64_t *gfns, uint32_t nr, uint8_t *rights);
int xmi_xen_rights_set_runs(void *dom, struct backend_run *v, uint32_t n);
bool xmi_xen_calls_open(struct xen_dom *d);
void xmi_xen_calls_close(struct xen_dom *d);

/* host.c: after host rights were set, and after altp2m was turned on. */
bool xmi_xen_host_needed(const struct xen_dom *d);
int xmi_xen_host_note(struct xen_dom *d, uint64_t gfn, uint64_t nr, uint8_t rights);
int xmi_xen_host_make_entries(struct xen_dom *d);
int xmi_xen_host_turn_views_on(struct xen_dom *d);
int xmi_xen_host_split(void *dom, const uint64_t *gfns, uint8_t *rights, uint32_t n);

/* caps.c */
int xmi_xen_domain_caps(void *dom, struct xmem_caps *out);

/* ---- xen-hypercall.c: raw hypercalls ---- */

/*
 * Hypercalls of our own, where libxenctrl has no call: their numbers, buffers that they may read, and
 * Xen's head of a domctl. All of it is the same from Xen 4.11 on.
 */

#define HYPERCALL_MEMORY_OP 12u /* public/xen.h */
#define HYPERCALL_MULTICALL 13u
#define HYPERCALL_XEN_VERSION 17u
#define HYPERCALL_DOMCTL 36u

#define MEMORY_MAXIMUM_RAM_PAGE 2u /* public/memory.h */
#define MEMORY_ACCESS_OP 21u
#define MEMORY_ACQUIRE_RESOURCE 28u

#define DOMCTL_GETDOMAININFO 5u /* public/domctl.h */
#define DOMCTL_SHADOW_OP 10u
#define DOMCTL_VM_EVENT_OP 56u
#define DOMCTL_MONITOR_OP 77u

/* A handle that makes hypercalls, and a buffer of it that they may read and write. */
struct xen_buffer {
    void *xcall, *at;
};

/* Zeroed. -EIO: no device; -ENOMEM. */
int xmi_xen_buffer_open(const struct xen_api *api, struct xen_buffer *b, size_t bytes);
void xmi_xen_buffer_close(const struct xen_api *api, struct xen_buffer *b);
/* What the hypervisor answers; -1 and errno. */
int xmi_xen_hypercall(const struct xen_api *api, void *xcall, unsigned op, uint64_t a, uint64_t b);

/*
 * A domctl, arg being the first bytes (128 at most) of its union, in and out. -EACCES: the hypervisor
 * takes no version of the interface that is known, or its security policy refuses.
 */
int xmi_xen_domctl(struct xen_dom *d, uint32_t cmd, void *arg, size_t bytes);

/* ---- context.c: registers of Arm vCPUs ---- */

/*
 * struct vcpu_guest_context of Xen on Arm (public/arch-arm.h), and our registers. Two layouts, of
 * 64-bit and 32-bit hypervisors alike: cpsr and spsr_el1 have 64 bits from 4.16 on. Before 4.14 sctlr has
 * 32, with padding behind it that Xen hands out as zero and does not look at.
 */

struct xen_context_head {
    uint32_t flags, pad;
    uint64_t x[31], pc;
};

struct xen_context_tail {
    uint64_t sp_el0, sp_el1, elr_el1;
    uint64_t sctlr, tcr, ttbr0, ttbr1;
};

struct xen_context_wide {
    struct xen_context_head head;
    uint64_t cpsr, spsr_el1;
    uint32_t spsr_fiq, spsr_irq, spsr_und, spsr_abt;
    struct xen_context_tail tail;
};

struct xen_context_narrow {
    struct xen_context_head head;
    uint32_t cpsr, spsr_el1;
    uint32_t spsr_fiq, spsr_irq, spsr_und, spsr_abt;
    struct xen_context_tail tail;
};

/* libxenctrl copies as many bytes as its own header says: there is room for more. */
#define XEN_CONTEXT_ROOM 1024u
union xen_context {
    struct xen_context_head head;
    struct xen_context_wide wide;
    struct xen_context_narrow narrow;
    uint8_t bytes[XEN_CONTEXT_ROOM];
};

/* To be read into: all zero, but for a mark behind what 4.minor is known to have. */
void xmi_xen_context_clear(union xen_context *c, uint32_t minor);
/* False: longer than known, so of another layout. */
bool xmi_xen_context_fits(const union xen_context *c, uint32_t minor);
void xmi_xen_context_get(const union xen_context *c, uint32_t minor, struct arm_regs *out);
void xmi_xen_context_set(union xen_context *c, uint32_t minor, const struct arm_regs *in);

#endif
