/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the library and the simulated machine: what the library is told goes into w.chain (the
 * library does the same given the same calls and answers), vCPUs run in the middle of its calls
 * where the explorer says so, and time is the explorer's.
 */
#include "step-world.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "sim-int.h"

static struct xmem_backend_ops ops;
static const struct xmem_backend_ops *real;

/* ---- time ---- */

/* In place of the C library's: a millisecond goes by with each look. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    w.clock_ms++;
    t->tv_sec = (time_t)(w.clock_ms / 1000);
    t->tv_nsec = (long)(w.clock_ms % 1000) * 1000000;
    return 0;
}

int poll(struct pollfd *p, nfds_t n, int timeout)
{
    (void)p;
    (void)n;
    (void)timeout;
    return 0;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)t;
    (void)left;
    w.clock_ms++;
    return 0;
}

/* ---- who runs ---- */

uint32_t ops_schedule(void *ctx, const uint32_t *vcpus, uint32_t n, uint64_t *ops_n)
{
    uint32_t chosen = w.next_vcpu;
    (void)ctx;
    (void)ops_n;
    if (w.letting_run)
        return vcpus[w.turn++ % n];
    w.next_vcpu = SIM_NOBODY;
    return chosen;
}

int ops_fail(void *ctx, int op)
{
    (void)ctx;
    w.calls++;
    if (!w.failures || explore_failed(w.e) || !explore_pick(w.e, 2))
        return 0;
    w.failures--;
    w.failed = w.owed = true;
    w.changed = true; /* the same may be told again */
    w.chain = explore_mix(w.chain, (uint64_t)w.calls << 16 | (unsigned)op << 8 | 0xfa);
    explore_say(w.e, "    (hypercall %u of kind %d fails)", w.calls, op);
    return -ENOMEM;
}

/* The explorer lets one vCPU or none do one op. usual: none, else the first that can. */
static void may_run(bool usual_none, uint32_t first)
{
    uint32_t can[VCPUS], n = 0;
    for (uint32_t i = 0; i < VCPUS; i++) {
        uint32_t v = (first + i) % VCPUS;
        if (!w.sim->pauses && xmi_sim_vcpu_can_run(&w.sim->vcpu[v]))
            can[n++] = v;
    }
    uint32_t which = explore_pick(w.e, n + (usual_none || (n && w.preempts)));
    if (usual_none ? !which : which == n) {
        w.nobody = !usual_none;
        w.changed |= w.nobody && n;
        w.preempts -= n && !usual_none;
        return;
    }
    w.preempts -= usual_none;
    w.next_vcpu = can[usual_none ? which - 1 : which];
    explore_say(w.e, "  in the middle of that vCPU %u runs", w.next_vcpu);
    xmi_sim_domain_run(w.sim, 1);
    ref_follow();
}

/* Before the library does something to the machine. */
static void preempt(void)
{
    if (w.preempts && !w.letting_run && !explore_failed(w.e))
        may_run(true, 0);
}

static int told(int rc)
{
    w.chain = explore_mix(w.chain, (uint64_t)(int64_t)rc);
    return rc;
}

/* ---- the ops ---- */

static int vcpu_peek(void *dom, uint32_t vcpu, uint64_t *pc)
{
    if (!w.letting_run && !w.nobody && !explore_failed(w.e))
        may_run(false, vcpu);
    int rc = real->vcpu_peek(dom, vcpu, pc);
    ref_follow();
    w.chain = explore_mix(w.chain, *pc);
    return told(rc);
}

/* Where the library waits for something; the tool that looks for events waits for nothing. */
static int event_idle(void *dom)
{
    if (!w.letting_run && !w.looking && !w.nobody && !explore_failed(w.e))
        may_run(false, 0);
    int rc = real->event_idle(dom);
    ref_follow();
    return told(rc);
}

static int vcpu_hold(void *dom, uint32_t vcpu, bool hold)
{
    preempt();
    explore_say(w.e, "    (vCPU %u is %s)", vcpu, hold ? "held" : "let go");
    return told(real->vcpu_hold(dom, vcpu, hold));
}

static int rights_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights)
{
    int rc = real->rights_get(dom, view, gfn, rights);
    w.chain = explore_mix(w.chain, *rights);
    return told(rc);
}

static int rights_set(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                      uint64_t *done)
{
    preempt();
    explore_say(w.e, "    (view %u: gfn %#jx has %s)", view, (uintmax_t)gfn,
                xmem_rights_name((enum xmem_rights)rights));
    return told(real->rights_set(dom, view, gfn, nr, rights, done));
}

/* A request just before has its notification taken away with the others'. */
static int event_ack(void *dom)
{
    preempt();
    return told(real->event_ack(dom));
}

static int event_notify(void *dom)
{
    preempt();
    w.unsent = false;
    return told(real->event_notify(dom));
}

static int view_get_vcpu(void *dom, uint32_t vcpu, uint16_t *view)
{
    int rc = real->view_get_vcpu(dom, vcpu, view);
    w.chain = explore_mix(w.chain, *view);
    return told(rc);
}

static int view_switch(void *dom, uint16_t view)
{
    preempt();
    return told(real->view_switch(dom, view));
}

/* What the library reads there. */
static int page_map(void *dom, uint64_t gfn, void **page)
{
    preempt();
    int rc = real->page_map(dom, gfn, page);
    if (!rc && w.sc->copied)
        w.chain = copies_hash(w.chain);
    return told(rc);
}

/* The domain stands; what the library restores from now on is nobody's access. */
static int do_pause(void *dom)
{
    if (w.letting_run)
        w.ref.free = 1;
    return told(real->pause(dom));
}

void ops_wrap(struct xmem_domain *d)
{
    real = d->ops;
    ops = *real;
    ops.vcpu_peek = vcpu_peek;
    ops.event_ack = event_ack;
    ops.event_idle = event_idle;
    ops.event_notify = event_notify;
    ops.vcpu_hold = vcpu_hold;
    ops.rights_get = rights_get;
    ops.rights_set = rights_set;
    ops.pause = do_pause;
    ops.page_map = page_map;
    if (w.cfg->views) {
        ops.view_get_vcpu = view_get_vcpu;
        ops.view_switch = view_switch;
    }
    d->ops = &ops;
}
