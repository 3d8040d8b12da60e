/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

/* The macros of xen/io/ring.h mix signed and unsigned. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static void init_ring(struct listener *l)
{
    vm_event_sring_t *shared = l->page;

    SHARED_RING_INIT(shared);
    BACK_RING_INIT(&l->ring, shared, PAGE);
}
#pragma GCC diagnostic pop

int listener_open(struct listener *l, xc_interface *xc, uint32_t domid)
{
    uint32_t port;

    memset(l, 0, sizeof(*l));
    l->xc = xc;
    l->domid = domid;
    l->page = xc_monitor_enable(xc, domid, &port);
    if (!l->page)
        return -errno;
    init_ring(l);
    l->evtchn = xenevtchn_open(NULL, 0);
    if (!l->evtchn)
        return -errno;
    l->port = xenevtchn_bind_interdomain(l->evtchn, domid, port);
    return l->port < 0 ? -errno : 0;
}

int listener_close(struct listener *l)
{
    xenevtchn_close(l->evtchn);
    munmap(l->page, PAGE);
    return xc_monitor_disable(l->xc, l->domid) ? -errno : 0;
}

static bool take(struct listener *l, vm_event_request_t *event)
{
    if (!RING_HAS_UNCONSUMED_REQUESTS(&l->ring))
        return false;
    memcpy(event, RING_GET_REQUEST(&l->ring, l->ring.req_cons), sizeof(*event));
    l->ring.req_cons++;
    l->ring.sring->req_event = l->ring.req_cons + 1;
    return true;
}

bool listener_next(struct listener *l, vm_event_request_t *event, int ms)
{
    struct pollfd fd = {.fd = xenevtchn_fd(l->evtchn), .events = POLLIN};
    xenevtchn_port_or_error_t port;

    while (!take(l, event)) {
        /* The first notification after bind is spurious, so one poll is not the end. */
        if (poll(&fd, 1, ms) <= 0)
            return take(l, event);
        port = xenevtchn_pending(l->evtchn);
        if (port >= 0)
            xenevtchn_unmask(l->evtchn, (evtchn_port_t)port);
    }
    return true;
}

vm_event_response_t listener_reply(const vm_event_request_t *event)
{
    vm_event_response_t reply;

    memset(&reply, 0, sizeof(reply));
    reply.version = VM_EVENT_INTERFACE_VERSION;
    reply.vcpu_id = event->vcpu_id;
    reply.flags = event->flags & VM_EVENT_FLAG_VCPU_PAUSED;
    reply.reason = event->reason;
    /* EMULATE compares the answer's gfn and rights with those of the event. */
    reply.u = event->u;
    return reply;
}

void listener_send(struct listener *l, const vm_event_response_t *reply)
{
    memcpy(RING_GET_RESPONSE(&l->ring, l->ring.rsp_prod_pvt), reply, sizeof(*reply));
    l->ring.rsp_prod_pvt++;
    RING_PUSH_RESPONSES(&l->ring);
    xenevtchn_notify(l->evtchn, (evtchn_port_t)l->port);
}
