/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes events, answers them, prints them, until something ends it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "watch.h"

#define DRAIN_MAX 256u

static void count_event(struct watch *w, const struct xmem_event *ev,
                        const struct xmem_decision *dec, uint64_t took_ns)
{
    struct summary *s = &w->sum;

    s->events++;
    s->by_reason[ev->reason < 65 ? ev->reason : 0]++;
    s->by_action[dec->action < 8 ? dec->action : 0]++;
    if (ev->reason == XMEM_EVENT_MEM_ACCESS) {
        s->accesses++;
        hot_add(&s->hot, ev->u.mem.gfn);
    }
    if (took_ns > s->slowest_ns) {
        s->slowest_ns = took_ns;
        s->slowest_seq = ev->seq;
    }
}

/* The event lives until it is answered, and what the step says of it until the next is taken. */
static int take_one(struct watch *w, const struct xmem_event *ev)
{
    struct xmem_decision dec = XMEM_INIT(dec);
    struct xmem_event copy = *ev;
    uint64_t taken = clock_ns();
    int rc = 0;

    if (ev->reason == XMEM_EVENT_DOMAIN_DIED) {
        w->died = true;
    } else if (w->policy != NULL) {
        rc = xmem_policy_handle(w->policy, w->d, ev, &dec);
    } else {
        rc = xmem_event_drop(w->d, ev);
    }
    if (rc == 0 && !w->died) {
        copy.stepped = ev->stepped;
        copy.passes = ev->passes;
    }
    count_event(w, &copy, &dec, clock_ns() - taken);
    if (dec.action != XMEM_ACTION_ALLOW_ONCE && w->printed < w->max_print) {
        w->printed++;
        watch_print_event(w, &copy, &dec);
    }
    return rc;
}

static bool flush_output(struct watch *w)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0 || out_error() != 0) {
        w->output_failed = true;
        w->why = "output failed";
    }
    return !w->output_failed;
}

/* Limits that are looked at after each event. */
static bool at_limit(struct watch *w)
{
    if (w->died) {
        w->why = "the domain is gone";
    } else if (w->max_events != 0 && w->sum.events >= w->max_events) {
        w->why = "count reached";
    } else if (stop_asked()) {
        w->why = "stopped by a signal";
    } else if (w->duration_ms != 0 &&
               clock_ns() - w->start_ns >= w->duration_ms * UINT64_C(1000000)) {
        w->why = "time is over";
    }
    return w->why != NULL;
}

/* Takes what is there, and not for ever: the output must get out. *more: there may be more. */
static int drain(struct watch *w, bool *more)
{
    const struct xmem_event *ev;
    unsigned taken = 0;
    int rc = 0;

    while (rc == 0 && taken < DRAIN_MAX && !at_limit(w)) {
        rc = xmem_event_next(w->d, &ev);
        if (rc == 0) {
            taken++;
            rc = take_one(w, ev);
        }
    }
    *more = rc == 0;
    watch_print_patches(w);
    if (rc == -ESHUTDOWN) {
        w->died = true;
        w->why = "the domain is gone";
    }
    return rc == -EAGAIN || rc == -ESHUTDOWN ? 0 : rc;
}

/* How long poll() may wait, in ms; -1: for ever. */
static int wait_ms(const struct watch *w)
{
    uint64_t ms = w->idle_ms != 0 ? w->idle_ms : UINT64_MAX;

    if (w->duration_ms != 0) {
        uint64_t gone = (clock_ns() - w->start_ns) / 1000000u;
        uint64_t left = gone < w->duration_ms ? w->duration_ms - gone : 0;
        ms = left < ms ? left : ms;
    }
    return ms == UINT64_MAX ? -1 : ms > 1000000 ? 1000000 : (int)ms;
}

/* Until events may be there, or a signal, or time is over. */
static int wait_more(struct watch *w)
{
    struct pollfd fds[2] = {{.fd = xmem_domain_get_fd(w->d), .events = POLLIN},
                            {.fd = stop_fd(), .events = POLLIN}};
    uint64_t from = clock_ns();

    if (fds[0].fd < 0) {
        return fds[0].fd;
    }
    int n = poll(fds, 2, wait_ms(w));
    if (n < 0 && errno != EINTR) {
        return -errno;
    }
    /* poll() may wake up a little early by the clock; a tenth less is idle enough */
    if (n == 0 && w->idle_ms != 0 && clock_ns() - from >= w->idle_ms * UINT64_C(900000)) {
        w->why = "idle";
    }
    return 0;
}

int watch_run(struct watch *w)
{
    bool more = false;
    int rc = 0;

    out_hurry();
    w->start_ns = clock_ns();
    while (rc == 0 && w->why == NULL) {
        rc = drain(w, &more);
        stop_tell_stay();
        if (rc == 0 && flush_output(w) && w->why == NULL && !more) {
            rc = wait_more(w);
        }
    }
    w->sum.elapsed_ns = clock_ns() - w->start_ns;
    w->sum.stats.size = sizeof(w->sum.stats);
    (void)xmem_domain_get_stats(w->d, &w->sum.stats);
    return rc;
}
