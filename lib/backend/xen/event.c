/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The monitor ring, its event channel and the domain's death on Xen. A domain that is
 * destroyed under a listener gives no notification, so a timer looks at it now and then, and the session
 * may have events of its own; all are behind one epoll fd, which is what the session hands out.
 */
#include "base/base.h"
#include "backend/xen/backend-xen.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LOOK_EVERY_NS 500000000L
#define NS_PER_MS 1000000L
#define DEFAULT_GFN UINT64_MAX
#define MONITOR_OP_CONTROL_REGISTERS 4u

static int watch(int epoll_fd, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

/* Reading the channel when nothing is pending must not wait. */
static int make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? -errno : 0;
}

int xmi_xen_events_open(struct xen_dom *d)
{
    const struct itimerspec every = {.it_interval.tv_nsec = LOOK_EVERY_NS,
                                     .it_value.tv_nsec = LOOK_EVERY_NS};
    d->xce = d->api->evtchn_open(xmi_xen_quiet(), 0);
    if (!d->xce)
        return errno ? -errno : -EIO;
    d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    d->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    d->poke_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->epoll_fd < 0 || d->poke_fd < 0 || d->timer_fd < 0 ||
        timerfd_settime(d->timer_fd, 0, &every, NULL))
        return -errno;
    d->look_at = xmi_clock_ns() + LOOK_EVERY_NS;
    int rc = watch(d->epoll_fd, d->timer_fd);
    if (!rc)
        rc = watch(d->epoll_fd, d->poke_fd);
    if (!rc)
        rc = make_nonblocking(d->api->evtchn_fd(d->xce));
    return rc ? rc : watch(d->epoll_fd, d->api->evtchn_fd(d->xce));
}

void xmi_xen_events_close(struct xen_dom *d)
{
    if (d->xce)
        d->api->evtchn_close(d->xce);
    if (d->timer_fd >= 0)
        close(d->timer_fd);
    if (d->poke_fd >= 0)
        close(d->poke_fd);
    if (d->epoll_fd >= 0)
        close(d->epoll_fd);
    d->xce = NULL;
    d->timer_fd = d->epoll_fd = d->poke_fd = -1;
}

int xmi_xen_ring_active(struct xen_dom *d)
{
    int number;
    /* Of a PV domain only a hypervisor with the extension is asked. */
    if (d->kind == XMEM_KIND_X86_PV && !xmi_xen_pv_possible(d))
        return -EOPNOTSUPP;
    int rc = xmi_xen_access_get(d, DEFAULT_GFN, &number);
    if (rc == -ENODEV || (rc == -EOPNOTSUPP && d->kind == XMEM_KIND_X86_PV))
        return 0; /* of PV: its shadow mode is off */
    if (rc == -ENOSYS || rc == -EINVAL)
        return -EOPNOTSUPP; /* built without MEM_ACCESS, called VM_EVENT from 4.21 on; not a kind that has it */
    return rc ? rc : 1;
}

/* A last step that failed leaves the ring enabled, with nobody to disable it (xc_vm_event_enable()). */
static int undo_enable(struct xen_dom *d)
{
    int rc = errno ? -errno : -EIO;
    if (rc != -EBUSY && xmi_xen_ring_active(d) == 1)
        xen_rc(d, d->api->monitor_disable(d->xch, d->domid));
    return rc == -ENODEV || rc == -ENOSYS ? -EOPNOTSUPP : rc;
}

static uint32_t interface_version(struct xen_dom *d)
{
    int v = d->api->event_version ? d->api->event_version(d->xch) : -1;
    return v > 0 ? (uint32_t)v : d->release->interface_version;
}

static int ring_enable(struct xen_dom *d, uint32_t *remote)
{
    if (d->kind == XMEM_KIND_X86_PV)
        return xmi_xen_pv_enable(d, remote);
    errno = 0;
    d->hypercalls++;
    d->ring = d->api->monitor_enable(d->xch, d->domid, remote);
    return d->ring ? 0 : undo_enable(d);
}

int xmi_xen_monitor_enable(void *dom, struct backend_ring *ring)
{
    struct xen_dom *d = dom;
    uint32_t remote = 0;
    int active = xmi_xen_ring_active(d);
    if (active)
        return active < 0 ? active : -EBUSY;
    int rc = ring_enable(d, &remote);
    if (rc)
        return rc;
    d->port = d->api->evtchn_bind(d->xce, d->domid, remote);
    rc = d->port < 0 ? -errno : 0;
    if (!rc && xmi_xen_ring_active(d) != 1)
        rc = -EOPNOTSUPP; /* the ring works and mem_access does not: stock Debian arm64 */
    if (rc) {
        ring->left = xmi_xen_monitor_disable(d) != 0;
        return rc;
    }
    ring->page = d->ring;
    ring->interface_version = interface_version(d);
    ring->arch = d->conn->arm ? XMEM_ARCH_ARM : XMEM_ARCH_X86;
    return 0;
}

int xmi_xen_monitor_attach(void *dom, struct backend_ring *ring)
{
    struct xen_dom *d = dom;
    int rc = xmi_xen_pv_attach(d);
    if (rc)
        return rc;
    ring->page = d->ring;
    ring->interface_version = interface_version(d);
    ring->arch = XMEM_ARCH_X86;
    return 0;
}

/* A destroyed domain stays a zombie while its ring is mapped. */
void xmi_xen_ring_unmap(struct xen_dom *d)
{
    if (d->resource)
        xmi_xen_pv_unmap(d);
    else if (d->ring)
        munmap(d->ring, PAGE_BYTES);
    d->ring = NULL;
    if (d->port >= 0)
        d->api->evtchn_unbind(d->xce, (uint32_t)d->port);
    d->port = -1;
}

int xmi_xen_monitor_disable(void *dom)
{
    struct xen_dom *d = dom;
    bool pv = d->kind == XMEM_KIND_X86_PV;
    /* Not asked without the extension; whose ring is mapped has it. */
    if (pv && !d->ring && !d->shadow_only && !xmi_xen_pv_possible(d))
        return -EOPNOTSUPP;
    int rc = d->shadow_only ? 0 : xen_rc(d, d->api->monitor_disable(d->xch, d->domid));
    if (rc && !d->dead)
        return rc; /* it is still there: answers must reach who waits, and it can be ended later */
    xmi_xen_ring_unmap(d);
    rc = pv && !d->dead ? xmi_xen_pv_turn_off(d) : 0;
    d->shadow_only = rc != 0;
    return rc;
}

bool xmi_xen_ring_is_on(void *dom)
{
    return ((struct xen_dom *)dom)->ring != NULL;
}

static int set_by_reason(struct xen_dom *d, const struct backend_monitor *m)
{
    const struct xen_api *a = d->api;
    switch (m->reason) {
    case XMEM_EVENT_CTRLREG:
        return a->monitor_ctrlreg(d->xch, d->domid, (uint16_t)m->index, m->on, m->sync, m->bitmask,
                                  m->on_change);
    case XMEM_EVENT_MSR: return a->monitor_msr(d->xch, d->domid, m->index, m->on, m->on_change);
    case XMEM_EVENT_SINGLESTEP: return a->monitor_singlestep(d->xch, d->domid, m->on);
    case XMEM_EVENT_BREAKPOINT: return a->monitor_breakpoint(d->xch, d->domid, m->on);
    case XMEM_EVENT_GUEST_REQUEST:
        return a->monitor_guest_request(d->xch, d->domid, m->on, m->sync, m->userspace);
    case XMEM_EVENT_DEBUG: return a->monitor_debug(d->xch, d->domid, m->on, m->sync);
    case XMEM_EVENT_CPUID: return a->monitor_cpuid(d->xch, d->domid, m->on);
    case XMEM_EVENT_PRIVILEGED_CALL: return a->monitor_privileged_call(d->xch, d->domid, m->on);
    case XMEM_EVENT_DESCRIPTOR: return a->monitor_descriptor(d->xch, d->domid, m->on);
    case XMEM_EVENT_EMUL_UNIMPLEMENTED:
        return a->monitor_emul_unimplemented(d->xch, d->domid, m->on);
    case XMEM_EVENT_VMEXIT:
        if (a->monitor_vmexit)
            return a->monitor_vmexit(d->xch, d->domid, m->on, m->sync);
        break;
    case XMEM_EVENT_IO:
        if (a->monitor_io)
            return a->monitor_io(d->xch, d->domid, m->on);
        break;
    default: break;
    }
    errno = EOPNOTSUPP;
    return -1;
}

/*
 * DENY stops a register's write only after XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS, for which
 * libxenctrl has no call in any release. x86 only; off again when the ring is disabled.
 */
static int deny_possible(struct xen_dom *d)
{
    uint32_t op[2] = {MONITOR_OP_CONTROL_REGISTERS, 0};
    return xmi_xen_domctl(d, DOMCTL_MONITOR_OP, op, sizeof(op));
}

int xmi_xen_monitor_set(void *dom, const struct backend_monitor *m)
{
    struct xen_dom *d = dom;
    /* First what is harmless if the second fails. */
    bool registers = m->reason == XMEM_EVENT_CTRLREG || m->reason == XMEM_EVENT_MSR;
    int rc = m->on && registers ? deny_possible(d) : 0;
    if (!rc)
        rc = xen_rc(d, set_by_reason(d, m));
    return rc == -EEXIST ? 0 : rc; /* it is so already */
}

int xmi_xen_event_fd(void *dom)
{
    struct xen_dom *d = dom;
    return d->epoll_fd;
}

static int look_alive(struct xen_dom *d)
{
    struct xen_domain_info info;
    int rc = xmi_xen_dom_look(d->xch, d->api, d->domid, &info);
    d->hypercalls++;
    if (rc == -ESRCH || (!rc && xmi_xen_info_is_dead(&info)))
        d->dead = true;
    return d->dead ? -ESHUTDOWN : 0;
}

/* The timer makes the session's fd readable, the clock says when it is due. */
static int look_if_due(struct xen_dom *d)
{
    uint64_t ticks;
    if (xmi_clock_ns() < d->look_at || read(d->timer_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
        return 0;
    d->look_at += (int64_t)ticks * LOOK_EVERY_NS;
    return look_alive(d);
}

int xmi_xen_event_poke(void *dom)
{
    struct xen_dom *d = dom;
    const uint64_t one = 1;
    if (!d->poked && write(d->poke_fd, &one, sizeof(one)) != sizeof(one))
        return -errno;
    d->poked = true;
    return 0;
}

/* The next look is brought forward. */
int xmi_xen_event_soon(void *dom)
{
    const struct itimerspec soon = {.it_interval.tv_nsec = LOOK_EVERY_NS,
                                    .it_value.tv_nsec = NS_PER_MS};
    struct xen_dom *d = dom;
    int64_t at = xmi_clock_ns() + NS_PER_MS;
    if (at >= d->look_at)
        return 0;
    if (timerfd_settime(d->timer_fd, 0, &soon, NULL))
        return -errno;
    d->look_at = at;
    return 0;
}

static void take_poke(struct xen_dom *d)
{
    uint64_t count;
    d->poked = read(d->poke_fd, &count, sizeof(count)) < 0 && errno != EAGAIN;
}

/* Two calls at the most, since this is done for each event. */
int xmi_xen_event_ack(void *dom)
{
    struct xen_dom *d = dom;
    if (d->dead)
        return -ESHUTDOWN;
    int port = d->api->evtchn_pending(d->xce);
    if (port >= 0)
        d->api->evtchn_unmask(d->xce, (uint32_t)port);
    if (d->poked)
        take_poke(d);
    return look_if_due(d);
}

/*
 * The channel alone: one fd behind another costs time, and the clock says when to look. A look
 * that finds the domain alive is no reason to come back before the time is over.
 */
int xmi_xen_event_wait(void *dom, int timeout_ms)
{
    struct xen_dom *d = dom;
    struct pollfd p = {.fd = d->api->evtchn_fd(d->xce), .events = POLLIN};
    int64_t now = xmi_clock_ns(), end = timeout_ms < 0 ? INT64_MAX : now + timeout_ms * NS_PER_MS;
    if (d->poked)
        return 1;
    for (;;) {
        int64_t until = end < d->look_at ? end : d->look_at;
        int n = poll(&p, 1, until > now ? (int)((until - now + NS_PER_MS - 1) / NS_PER_MS) : 0);
        if (n)
            return n < 0 ? -errno : 1;
        if (look_if_due(d))
            return 1;
        now = xmi_clock_ns();
        if (now >= end)
            return 0;
    }
}

int xmi_xen_event_idle(void *dom)
{
    const struct xen_dom *d = dom;
    return d->dead ? -ESHUTDOWN : 0;
}

int xmi_xen_event_notify(void *dom)
{
    struct xen_dom *d = dom;
    if (d->looks)
        xmi_xen_end_peek(d);
    if (d->port < 0)
        return d->resource ? xmi_xen_pv_resume(d) : -ENODEV;
    return xen_rc(d, d->api->evtchn_notify(d->xce, (uint32_t)d->port));
}
