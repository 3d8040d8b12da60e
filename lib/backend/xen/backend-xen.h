/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the Xen backend share; nobody else includes it. */
#ifndef XMEM_BACKEND_XEN_H
#define XMEM_BACKEND_XEN_H

#include "backend/backend.h"
#include "backend/host-copy.h"
#include "backend/xen/api.h"
#include "backend/xen/names.h"
#include "backend/xen/release.h"

#include <errno.h>

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
int xmi_xen_pv_disabled(struct xen_dom *d);

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
void xmi_xen_peek_ended(struct xen_dom *d);
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
int xmi_xen_host_changed(struct xen_dom *d, uint64_t gfn, uint64_t nr, uint8_t rights);
int xmi_xen_host_views_on(struct xen_dom *d);
int xmi_xen_host_turn_views_on(struct xen_dom *d);
int xmi_xen_host_split(void *dom, const uint64_t *gfns, uint8_t *rights, uint32_t n);

/* caps.c */
int xmi_xen_domain_caps(void *dom, struct xmem_caps *out);

#endif
