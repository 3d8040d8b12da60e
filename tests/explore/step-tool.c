/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can happen next: a vCPU runs, the tool takes an event, answers one, or changes something. */
#include "step-world.h"

#include <errno.h>
#include <string.h>

#include "sim-int.h"
#include "events/step.h"

enum act { RUN, NEXT, ANSWER, CHANGE };

struct choice {
    enum act act;
    unsigned n;
};

/* Events that a run may have: each access of each instruction, and again after each change. */
static unsigned events_max(void)
{
    unsigned n = 4;
    for (unsigned v = 0; v < VCPUS; v++)
        n += 4 * op_count(w.sc, v) * (1 + CHANGES_MAX);
    return n;
}

/* ---- the tool decides ---- */

static uint16_t view_number(unsigned view)
{
    return view == OWN ? w.own : 0;
}

/* False: it failed, and is to be given again. */
static bool reply(const struct xmem_event *ev, const struct xmem_reply *r)
{
    return done(xmem_event_reply(w.d, ev, r), "xmem_event_reply");
}

static bool deny(const struct xmem_event *ev)
{
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_REGS};
    struct xmem_regs regs = XMEM_INIT(regs);
    if (!done(xmem_event_get_regs(w.d, ev, &regs), "xmem_event_get_regs"))
        return false;
    if (regs.arch == XMEM_ARCH_ARM)
        regs.u.arm.pc += 4;
    else
        regs.u.x86.rip += 1;
    r.regs = &regs;
    w.ref.skip[ev->vcpu] = 1;
    explore_say(w.e, "  denied");
    return reply(ev, &r);
}

static bool go_own(const struct xmem_event *ev)
{
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_VIEW, .view = w.own};
    w.ref.view[ev->vcpu] = OWN;
    explore_say(w.e, "  goes on in the own view");
    return reply(ev, &r);
}

static bool toggle(const struct xmem_event *ev)
{
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_TOGGLE_STEP};
    w.ref.user_step[ev->vcpu] ^= 1;
    explore_say(w.e, "  the tool's single step goes %s", w.ref.user_step[ev->vcpu] ? "on" : "off");
    return reply(ev, &r);
}

/* Of a loop around an exclusive only what was stored counts. */
static bool was_done(uint32_t vcpu)
{
    return w.sc->op[vcpu][w.ref.done[vcpu]].code != SIM_OP_EXCL ||
           steps_of(w.d)->arm->vcpu[vcpu].wrote;
}

/* False: not while the domain is paused, or while other events wait; the event stays. */
static bool step(const struct xmem_event *ev, bool drop)
{
    ref_granted(ev);
    explore_say(w.e, drop ? "  dropped" : "  stepped over");
    int rc = drop ? xmem_event_drop(w.d, ev) : xmem_event_step_over(w.d, ev);
    w.ref.emulated[ev->vcpu] = !rc && (ev->passes & XMEM_PASSES_PAGES);
    if (!rc && w.cfg->rest_passes)
        memcpy(w.ref.answered[ev->vcpu], w.ref.want[w.ref.view[ev->vcpu]], PAGES);
    if (!rc && w.cfg->aligned && !vcpu_at(w.d, ev->vcpu)->step.phase && was_done(ev->vcpu))
        ref_done_outside(ev->vcpu);
    if (!rc)
        return true;
    if (!w.ref.paused && !w.failed &&
        !(rc == -EBUSY && w.cfg->max_views)) /* few views: others first */
        must(rc, "xmem_event_step_over");
    return false;
}

static bool answer_access(const struct xmem_event *ev)
{
    enum decision how = w.sc->decide[ev->u.mem.gfn - GFN];
    if (how == EITHER)
        how = explore_pick(w.e, 2) ? DENY : STEP;
    if (how == TOGGLE && w.ref.user_step[ev->vcpu])
        how = STEP;
    if (how == GO_OWN && w.ref.view[ev->vcpu] == OWN)
        how = STEP;
    if (how == STEP || how == DROP)
        return step(ev, how == DROP);
    if (how == DENY)
        return deny(ev);
    return how == GO_OWN ? go_own(ev) : toggle(ev);
}

/* Off with the last instruction: a vCPU that does nothing more would never end its step. */
static bool answer_single_step(const struct xmem_event *ev)
{
    if (w.ref.done[ev->vcpu] == op_count(w.sc, ev->vcpu))
        return toggle(ev);
    return reply(ev, NULL);
}

static bool answer(unsigned n)
{
    const struct xmem_event *ev = w.held[n];
    struct reference before = w.ref;
    explore_say(w.e, "the tool answers vCPU %u's event", ev->vcpu);
    w.chain = explore_mix(w.chain, 16 + n);
    if (!(ev->reason == XMEM_EVENT_SINGLESTEP ? answer_single_step(ev) : answer_access(ev))) {
        ref_undo(ev->vcpu, &before);
        return w.failed;
    }
    w.unsent = true;
    memmove(&w.held[n], &w.held[n + 1], (--w.held_n - n) * sizeof(w.held[0]));
    return true;
}

/* ---- the tool looks ---- */

static void check_access_event(const struct xmem_event *ev)
{
    uint8_t bits[PAGES];
    uint64_t p = ev->u.mem.gfn - GFN;
    op_touches(&w.sc->op[ev->vcpu][w.ref.done[ev->vcpu]], bits);
    explore_say(w.e, "  event: vCPU %u, %s of page %u in view %u", ev->vcpu,
                bits_name(ev->u.mem.access), (unsigned)p, ev->view);
    if (p >= PAGES || !bits[p])
        explore_fail(w.e, "an event of a page that the instruction does not touch");
    else if (ev->view && ev->view != w.own)
        explore_fail(w.e, "the event is of view %u, which is none of the tool's", ev->view);
    else if (!w.changed && ref_told_again(ev))
        explore_fail(w.e, "the same access of the same instruction is told again");
    else if (w.ref.skip[ev->vcpu])
        explore_fail(w.e, "an event of an instruction that was denied");
}

static void check_event(const struct xmem_event *ev)
{
    if (ev->reason == XMEM_EVENT_MEM_ACCESS) {
        check_access_event(ev);
    } else if (ev->reason == XMEM_EVENT_SINGLESTEP && w.ref.user_step[ev->vcpu]) {
        w.ref.steps_told[ev->vcpu]++;
        explore_say(w.e, "  event: vCPU %u did a single step", ev->vcpu);
    } else {
        explore_fail(w.e, "the tool is told of an event of reason %u that it did not ask for",
                     ev->reason);
    }
    if (++w.events > events_max())
        explore_fail(w.e, "%u events and no end", w.events);
}

/* The tool waits now: of a request that is in the ring the channel must say so. */
static void check_wakeup(void)
{
    if (ring_any(ring_of(w.d)) && !w.sim->evtchn.pending)
        explore_fail(w.e, "a request is in the ring, and nothing wakes the tool for it");
}

/* Is there a step that waits for its turn, or was begun by something else than an answer? */
static bool step_waits(void)
{
    const struct ring *r = ring_of(w.d);
    return (steps_of(w.d)->later_n && !w.d->pauses) || (r->rsp_pvt != r->rsp_pub && !w.unsent);
}

/* It has given answers, or the fd says so: looked at only where it says what the ring does not. */
static bool has_reason_to_look(void)
{
    return w.unsent || ring_any(ring_of(w.d)) || (step_waits() && w.sim->evtchn.pending);
}

/* Nothing else can happen now. */
static void check_waiting(void)
{
    if (step_waits() && !has_reason_to_look())
        explore_fail(w.e, "a step waits, nobody is in its way, and nothing wakes the tool for it");
}

static void take(void)
{
    const struct xmem_event *ev;
    explore_say(w.e, "the tool looks for an event");
    w.looking = true;
    int rc = xmem_event_next(w.d, &ev);
    w.looking = false;
    w.chain = explore_mix(w.chain, rc ? 1 : 2);
    if (rc && w.failed) {
        explore_say(w.e, "  fails: %d", rc);
        w.unsent = true;
        return;
    }
    if (rc == -EAGAIN) {
        check_wakeup();
        w.quiet = true;
        w.unsent = w.owed = false;
        ref_settle();
        return;
    }
    must(rc, "xmem_event_next");
    if (rc)
        return;
    w.chain = explore_mix(w.chain, ev->vcpu << 16 | ev->reason << 8 | ev->view);
    w.chain = explore_mix(w.chain, ev->u.mem.gfn << 8 | ev->u.mem.access);
    check_event(ev);
    w.held[w.held_n++] = ev;
}

/* ---- the tool changes something ---- */

static void close_session(void)
{
    explore_say(w.e, "the session is closed");
    w.closed = true;
    world_close();
    w.ref.free = 1;
}

static bool change_rights(const struct change *c)
{
    explore_say(w.e, "the tool gives page %u %s in view %u", c->page,
                xmem_rights_name((enum xmem_rights)c->rights), c->view);
    /* What runs in the middle of the call has either. */
    uint8_t before = w.ref.want[c->view][c->page];
    w.ref.want[c->view][c->page] |= c->rights & 7;
    bool set = done(xmem_domain_set_rights(w.d, view_number(c->view), GFN + c->page,
                                           (enum xmem_rights)c->rights),
                    "xmem_domain_set_rights");
    w.ref.want[c->view][c->page] = set ? c->rights & 7 : before;
    return set;
}

static bool change_view(const struct change *c)
{
    explore_say(w.e, "the tool switches to view %u", c->view);
    int rc = xmem_view_switch(w.d, view_number(c->view));
    if (rc == -EBUSY && w.nobody) { /* a vCPU did not end its step in all that time */
        explore_say(w.e, "  -EBUSY");
        return true;
    }
    if (!done(rc, "xmem_view_switch"))
        return false;
    for (unsigned v = 0; v < VCPUS; v++)
        w.ref.view[v] = c->view;
    return true;
}

static bool change_pause(bool on)
{
    if (!done(on ? xmem_domain_pause(w.d) : xmem_domain_unpause(w.d), "pausing"))
        return false;
    w.ref.paused = on;
    explore_say(w.e, "the domain is %spaused", on ? "" : "un");
    return true;
}

static void change(void)
{
    const struct change *c = &w.sc->change[w.change_at];
    bool ok = true;
    w.chain = explore_mix(w.chain, 8);
    w.changed |= c->kind == RIGHTS || c->kind == SWITCH;
    if (c->kind == RIGHTS)
        ok = change_rights(c);
    else if (c->kind == SWITCH)
        ok = change_view(c);
    else if (c->kind == CLOSE)
        close_session();
    else
        ok = change_pause(c->kind == PAUSE);
    w.change_at += ok;
}

/* ---- all that can be done ---- */

static unsigned choices(struct choice *c)
{
    unsigned n = 0;
    for (unsigned i = 0; w.d && i < w.held_n; i++)
        c[n++] = (struct choice){ANSWER, i};
    if (w.d && has_reason_to_look())
        c[n++] = (struct choice){NEXT, 0};
    for (unsigned v = 0; v < VCPUS && !w.sim->pauses; v++)
        if (xmi_sim_vcpu_can_run(&w.sim->vcpu[v]))
            c[n++] = (struct choice){RUN, v};
    if (w.d && w.change_at < CHANGES_MAX && w.sc->change[w.change_at].kind)
        c[n++] = (struct choice){CHANGE, 0};
    if (!n && w.d)
        check_waiting();
    if (!n && w.d && !w.quiet) /* a last look */
        c[n++] = (struct choice){NEXT, 0};
    return n;
}

static void run(uint32_t v)
{
    explore_say(w.e, "vCPU %u runs", v);
    w.letting_run = false;
    w.next_vcpu = v;
    xmi_sim_domain_run(w.sim, 1);
    ref_follow();
}

enum explore_step tool_step(void)
{
    struct choice c[HELD_MAX + VCPUS + 3];
    unsigned n = choices(c);
    bool moved = true;
    if (!n)
        return EXPLORE_END;
    w.nobody = w.failed = false;
    w.calls = 0;
    struct choice *one = &c[explore_prefer(w.e, n, 0)];
    if (one->act != NEXT)
        w.quiet = false;
    if (one->act == RUN)
        run(one->n);
    else if (one->act == NEXT)
        take();
    else if (one->act == CHANGE)
        change();
    else
        moved = answer(one->n);
    return moved ? EXPLORE_MORE : EXPLORE_STUCK;
}
