/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The yardstick: loops around libxenctrl as tools have them. */
#include "bench.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xen/io/ring.h>
#include <xen/vm_event.h>

#define RUN 16u /* a policy's runs: so many gfns, */
#define GAP 3u  /* then so many left out */

struct plain {
    const struct bench *b;
    xc_interface *xc;
    xenevtchn_handle *evtchn;
    int port;
    void *page;
    vm_event_back_ring_t ring;
    uint64_t calls;
};

/* The ring macros of Xen's header mix signs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static int plain_on(struct plain *p, const struct bench *b)
{
    vm_event_sring_t *shared;
    uint32_t port;

    memset(p, 0, sizeof(*p));
    p->b = b;
    p->xc = xc_interface_open(NULL, NULL, 0);
    p->evtchn = xenevtchn_open(NULL, 0);
    if (!p->xc || !p->evtchn)
        return -errno;
    p->page = xc_monitor_enable(p->xc, b->domid, &port);
    if (!p->page)
        return -errno;
    shared = p->page;
    SHARED_RING_INIT(shared);
    BACK_RING_INIT(&p->ring, shared, BENCH_PAGE);
    p->port = xenevtchn_bind_interdomain(p->evtchn, b->domid, port);
    return p->port < 0 ? -errno : 0;
}
#pragma GCC diagnostic pop

static int set(struct plain *p, uint64_t gfn, uint32_t n, xenmem_access_t access)
{
    p->calls++;
    return xc_set_mem_access(p->xc, p->b->domid, access, gfn, n) ? -errno : 0;
}

static void plain_off(struct plain *p)
{
    if (p->page) {
        set(p, p->b->gfn, BENCH_POLICY + BENCH_POLICY / 4, XENMEM_access_rwx);
        munmap(p->page, BENCH_PAGE);
        xc_monitor_disable(p->xc, p->b->domid);
    }
    if (p->evtchn)
        xenevtchn_close(p->evtchn);
    if (p->xc)
        xc_interface_close(p->xc);
}

/* ---- events ---- */

static void wait_channel(struct plain *p)
{
    struct pollfd fd = {.fd = xenevtchn_fd(p->evtchn), .events = POLLIN};
    int port;

    if (poll(&fd, 1, 100) <= 0)
        return;
    port = xenevtchn_pending(p->evtchn);
    if (port >= 0)
        xenevtchn_unmask(p->evtchn, (evtchn_port_t)port);
}

static void notify(struct plain *p)
{
    p->calls++;
    xenevtchn_notify(p->evtchn, (evtchn_port_t)p->port);
}

static void put(struct plain *p, const vm_event_response_t *reply)
{
    memcpy(RING_GET_RESPONSE(&p->ring, p->ring.rsp_prod_pvt), reply, sizeof(*reply));
    p->ring.rsp_prod_pvt++;
    RING_PUSH_RESPONSES(&p->ring);
}

/* Only what an answer needs is looked at, where it lies. */
static int handle_plain(struct plain *p)
{
    const vm_event_request_t *event = RING_GET_REQUEST(&p->ring, p->ring.req_cons);
    vm_event_response_t reply = {.version = VM_EVENT_INTERFACE_VERSION,
                                 .vcpu_id = event->vcpu_id,
                                 .flags = event->flags & VM_EVENT_FLAG_VCPU_PAUSED,
                                 .reason = event->reason};
    int rc = set(p, event->u.mem_access.gfn, 1, XENMEM_access_rwx);

    p->ring.req_cons++;
    p->ring.sring->req_event = p->ring.req_cons + 1;
    put(p, &reply);
    return rc;
}

static int handle_access(struct plain *p)
{
    vm_event_request_t event;
    vm_event_response_t reply;
    xenmem_access_t access;
    int rc;

    memcpy(&event, RING_GET_REQUEST(&p->ring, p->ring.req_cons), sizeof(event));
    p->ring.req_cons++;
    p->ring.sring->req_event = p->ring.req_cons + 1;
    memset(&reply, 0, sizeof(reply));
    reply.version = VM_EVENT_INTERFACE_VERSION;
    reply.vcpu_id = event.vcpu_id;
    reply.flags = event.flags & VM_EVENT_FLAG_VCPU_PAUSED;
    reply.reason = event.reason;
    p->calls++;
    if (xc_get_mem_access(p->xc, p->b->domid, event.u.mem_access.gfn, &access))
        return -errno;
    rc = set(p, event.u.mem_access.gfn, 1, XENMEM_access_rwx);
    reply.u.mem_access = event.u.mem_access;
    put(p, &reply);
    return rc;
}

static int loop(const struct bench *b, int (*handle)(struct plain *p), struct figure *out)
{
    struct plain p;
    int rc = plain_on(&p, b);

    if (!rc)
        rc = set(&p, b->gfn, BENCH_EVENTS, XENMEM_access_rx);
    p.calls = 0;
    out->seconds = bench_now();
    if (!rc)
        rc = bench_walk(b, BENCH_EVENTS);
    while (!rc && (out->events < BENCH_EVENTS || !lab_guest_done(b->guest, 0))) {
        bool any = false;

        if (bench_now() - out->seconds > 60)
            rc = -ETIMEDOUT;
        wait_channel(&p);
        while (!rc && RING_HAS_UNCONSUMED_REQUESTS(&p.ring)) {
            rc = handle(&p);
            out->events++;
            any = true;
        }
        if (any)
            notify(&p);
    }
    out->seconds = bench_now() - out->seconds;
    out->hypercalls = p.calls;
    plain_off(&p);
    return rc;
}

int plain_events(const struct bench *b, struct figure *out)
{
    return loop(b, handle_plain, out);
}

int access_events(const struct bench *b, struct figure *out)
{
    return loop(b, handle_access, out);
}

/* ---- rights ---- */

typedef int (*set_fn)(struct plain *p);

static int timed(const struct bench *b, set_fn fn, struct figure *out)
{
    struct plain p;
    int rc = plain_on(&p, b);

    p.calls = 0;
    out->seconds = bench_now();
    if (!rc)
        rc = fn(&p);
    out->seconds = bench_now() - out->seconds;
    out->hypercalls = p.calls;
    plain_off(&p);
    return rc;
}

static int each(struct plain *p)
{
    int rc = 0;

    for (uint32_t i = 0; i < BENCH_PAGES && !rc; i++)
        rc = set(p, p->b->gfn + i, 1, XENMEM_access_rx);
    return rc;
}

static int asked(struct plain *p)
{
    static uint8_t before[BENCH_PAGES];
    xenmem_access_t access;
    int rc = 0;

    for (uint32_t i = 0; i < BENCH_PAGES && !rc; i++) {
        p->calls++;
        if (xc_get_mem_access(p->xc, p->b->domid, p->b->gfn + i, &access))
            return -errno;
        before[i] = (uint8_t)access;
        rc = set(p, p->b->gfn + i, 1, XENMEM_access_rx);
    }
    return rc || before[0] == XENMEM_access_rwx ? rc : -EBADE;
}

static int range(struct plain *p)
{
    return set(p, p->b->gfn, BENCH_PAGES, XENMEM_access_rx);
}

/* Neighbours differ: one call for all where there is one (not on Arm), else one for each. */
static int scattered(struct plain *p)
{
    static uint8_t access[BENCH_PAGES];
    static uint64_t gfns[BENCH_PAGES];
    int rc = 0;

    for (uint32_t i = 0; i < BENCH_PAGES; i++) {
        gfns[i] = p->b->gfn + i;
        access[i] = i % 2 ? XENMEM_access_rx : XENMEM_access_r;
    }
    p->calls++;
    if (!xc_set_mem_access_multi(p->xc, p->b->domid, access, gfns, BENCH_PAGES))
        return 0;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
        return -errno;
    for (uint32_t i = 0; i < BENCH_PAGES && !rc; i++)
        rc = set(p, gfns[i], 1, (xenmem_access_t)access[i]);
    return rc;
}

static int policy(struct plain *p)
{
    int rc = 0;

    for (uint32_t i = 0; i < BENCH_POLICY && !rc; i++)
        rc = set(p, p->b->gfn + i / RUN * (RUN + GAP) + i % RUN, 1, XENMEM_access_rx);
    return rc;
}

int plain_pages(const struct bench *b, struct figure *out)
{
    return timed(b, each, out);
}

int plain_asked(const struct bench *b, struct figure *out)
{
    return timed(b, asked, out);
}

int plain_range(const struct bench *b, struct figure *out)
{
    return timed(b, range, out);
}

int plain_scattered(const struct bench *b, struct figure *out)
{
    return timed(b, scattered, out);
}

int plain_policy(const struct bench *b, struct figure *out)
{
    return timed(b, policy, out);
}
