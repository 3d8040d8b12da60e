/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event channel, on an eventfd. A system call is made only when the fd has to change. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim-int.h"

int xmi_sim_evtchn_init(struct sim_evtchn *e)
{
    e->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return e->fd < 0 ? -errno : 0;
}

void xmi_sim_evtchn_destroy(struct sim_evtchn *e)
{
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
}

/* The fd itself is brought up to date when the domain is left. */
void xmi_sim_evtchn_raise(struct sim_evtchn *e)
{
    if (e->bound)
        e->pending = true;
}

void xmi_sim_evtchn_update(struct sim_evtchn *e, bool wanted)
{
    uint64_t n = 1;
    bool want = wanted || e->pending;

    if (want == e->readable)
        return;
    ssize_t rc = want ? write(e->fd, &n, sizeof(n)) : read(e->fd, &n, sizeof(n));
    /* -EAGAIN of a read: the listener read the fd by itself. */
    if (rc == (ssize_t)sizeof(n) || errno == EAGAIN)
        e->readable = want;
}

int xmi_sim_evtchn_fd(struct sim_domain *d)
{
    return d->evtchn.fd;
}

void xmi_sim_evtchn_ack(struct sim_domain *d)
{
    xmi_sim_enter(d);
    d->evtchn.pending = false;
    xmi_sim_leave(d);
}

void xmi_sim_evtchn_poke(struct sim_domain *d)
{
    xmi_sim_enter(d);
    d->evtchn.pending = true;
    xmi_sim_leave(d);
}

void xmi_sim_evtchn_soon(struct sim_domain *d)
{
    xmi_sim_enter(d);
    d->evtchn.soon = true;
    xmi_sim_leave(d);
}

void xmi_sim_evtchn_time(struct sim_evtchn *e)
{
    e->pending = e->pending || e->soon;
    e->soon = false;
}

void xmi_sim_evtchn_notify(struct sim_domain *d)
{
    xmi_sim_enter(d);
    if (!d->dying && d->evtchn.bound)
        (void)xm_ring_consume(&d->core); /* what is wrong with the page is counted there */
    xmi_sim_leave(d);
}

void xmi_sim_evtchn_quiet(struct sim_domain *d, bool quiet)
{
    xmi_sim_enter(d);
    d->evtchn.quiet = quiet;
    xmi_sim_leave(d);
}

void xmi_sim_listener_abandon(struct sim_domain *d)
{
    xmi_sim_enter(d);
    d->evtchn.bound = false;
    d->evtchn.pending = d->evtchn.soon = false;
    xmi_sim_notes_forget(d);
    xmi_sim_leave(d);
}
