/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that can happen next: a vCPU runs, the tool answers or changes something, the guest does. */
#include "pv-world.h"

/* ---- answers ---- */

static bool had_enough(const struct vcpu *v, const struct event *ev)
{
    return ev->unimplemented || (vcpu_op(v)->hard && v->events > 1);
}

/* BY_*, as they can be given to this event now; 0: it is only taken. */
static unsigned ways(const struct event *ev)
{
    const struct vcpu *v = &w.vcpu[ev->vcpu];
    unsigned a = w.sc->answers ? w.sc->answers : BY_EMULATE;
    if (!ev->stops)
        return 0;
    if (had_enough(v, ev))
        return a & BY_STEP && !ev->unimplemented ? BY_STEP : BY_OPEN;
    if (w.resumed)
        a &= ~(unsigned)(ev->who == XM_PV_BY_HYPERCALL ? BY_PLAIN | BY_SKIP : BY_PLAIN);
    if (w.lied)
        a &= ~(unsigned)BY_OTHER;
    return v->busy ? a & ~(unsigned)BY_SKIP : a; /* its registers are Xen's as yet */
}

static unsigned ways_n(const struct event *ev)
{
    unsigned a = ways(ev);
    return a ? (unsigned)__builtin_popcount(a) : 1;
}

static unsigned way(const struct event *ev, unsigned which)
{
    unsigned a = ways(ev);
    while (which--)
        a &= a - 1;
    return a & -a;
}

static void set(unsigned frame, uint8_t rights)
{
    bool flush = false;
    uint32_t start = 0;
    world_lock();
    int rc = xm_pv_set(&w.pv, MFN(frame), 1, &start, (enum xm_access)rights, &flush);
    if (rc == 0)
        ref_set(frame, rights);
    else if (w.owned[frame])
        explore_fail(w.e, "rights of frame %u cannot be set: %d", frame, rc);
    world_unlock();
}

static void reply(struct vcpu *v, const struct event *ev, unsigned how)
{
    bool skips = how == BY_SKIP && xm_pv_takes_registers(&v->core);
    struct xm_pv_answer a = {.mfn = MFN(how == BY_OTHER ? !ev->frame : ev->frame),
                             .emulate = how & (BY_EMULATE | BY_OTHER),
                             .step = how == BY_STEP,
                             .moved = how == BY_SKIP,
                             .ip = vcpu_ip(v) + 1,
                             .sp = 0x8000};
    xm_pv_reply(&w.pv, &v->core, &a);
    v->stopped = false;
    if (how & (BY_EMULATE | BY_STEP))
        ref_answered(v, ev);
    if (skips) /* past it: of a hypercall, too */
        vcpu_over(v);
    w.resumed |= how == BY_PLAIN || (how == BY_SKIP && !skips);
    w.lied |= how == BY_OTHER;
}

static void answer(unsigned i, unsigned which)
{
    static const char *const names[] = {"EMULATE",         "STEP", "resume", "registers",
                                        "another frame's", "rwx"};
    const struct event ev = w.ring[i];
    unsigned how = way(&ev, which);
    for (w.ring_n--; i < w.ring_n; i++)
        w.ring[i] = w.ring[i + 1];
    explore_say(w.e, "the tool takes vCPU %u's event%s%s", ev.vcpu, how ? ": " : "",
                how ? names[__builtin_ctz(how)] : "");
    if (how == BY_OPEN)
        set(ev.frame, XM_ACCESS_RWX);
    if (how)
        reply(&w.vcpu[ev.vcpu], &ev, how);
}

/* ---- many at once ---- */

static void many_begins(struct many *m, uint8_t rights)
{
    *m = (struct many){.on = true, .rights = rights};
    for (unsigned f = 0; f < FRAMES; f++) {
        m->absent |= (uint8_t)(!w.owned[f] << f);
        m->changes[f] = w.changes[f];
    }
}

/* All or nothing. What others did to a frame meanwhile may be in force as well. */
static void many_ends(const struct many *m, int rc)
{
    explore_say(w.e, "  it ends with %d", rc);
    if (rc && m->changed)
        explore_fail(w.e, "setting many answers %d, and has changed some", rc);
    if (!rc && m->absent)
        explore_fail(w.e, "many were set, though one of them was not there");
    for (unsigned f = 0; f < FRAMES && !rc; f++)
        if (w.owned[f] && w.rights[f] != m->rights && w.changes[f] == m->changes[f])
            explore_fail(w.e, "many were set, but not frame %u", f);
}

/* One call of it. True: it is over. */
static bool set_many(unsigned n, uint8_t rights)
{
    struct many *m = &w.many[n];
    bool flush = false;
    if (!m->on)
        many_begins(m, rights);
    m->calls++;
    w.sets++;
    w.setter = (int8_t)n;
    world_lock();
    int rc = xm_pv_set(&w.pv, MFN(0), MANY, &m->start, (enum xm_access)rights, &flush);
    world_unlock();
    w.setter = -1;
    if (rc == XM_CONTINUE)
        return false;
    many_ends(m, rc);
    *m = (struct many){0};
    return true;
}

/* ---- changes ---- */

static void detach(void)
{
    w.listens = false;
    w.ring_n = 0;
    for (unsigned v = 0; v < VCPUS; v++)
        w.vcpu[v].stopped = false;
}

static void set_default(uint8_t rights)
{
    bool flush = false;
    world_lock();
    xm_pv_set_default(&w.pv, (enum xm_access)rights, &flush);
    w.normal = rights;
    for (unsigned f = 0; f < FRAMES && !w.sc->later; f++)
        ref_set(f, rights);
    world_unlock();
    while (xm_pv_reap(&w.pv) == XM_CONTINUE)
        continue;
}

static void map(unsigned page, uint8_t frame)
{
    world_lock();
    world_drop_page(page);
    w.map[page] = frame;
    world_unlock();
}

/* First nobody can reach it, then what is known of it is forgotten. True: that was all. */
static bool leave(unsigned f)
{
    if (!w.leaving[f]) {
        for (unsigned p = 0; p < PAGES; p++)
            if (w.map[p] == f)
                map(p, NO_FRAME);
        w.owned[f] = false;
        w.leaving[f] = true;
        return false;
    }
    world_lock();
    w.sets++;
    xm_pv_frame_left(&w.pv, MFN(f));
    w.leaving[f] = false;
    world_unlock();
    return true;
}

static void give_rights(unsigned f)
{
    world_lock();
    if (xm_pv_frame_came(&w.pv, MFN(f)))
        explore_fail(w.e, "frame %u cannot come", f);
    ref_set(f, w.normal);
    world_unlock();
}

static void show(unsigned f)
{
    w.owned[f] = true;
    for (unsigned i = 0; i < SETTERS; i++)
        w.many[i].absent &= (uint8_t) ~(1u << f);
    map(f, (uint8_t)f);
}

/* First its rights, then the guest. */
static bool come(unsigned f)
{
    bool first = !w.leaving[f];
    w.leaving[f] = first;
    if (first)
        give_rights(f);
    else
        show(f);
    return !first;
}

/* The guest is to see it: a step of the vCPU's ends before. */
static void interrupt(struct vcpu *v)
{
    xm_pv_step_close(&w.pv, &v->core, false);
    v->handler = true;
    v->sleeps = false;
}

static bool can(const struct change *c)
{
    switch (c->kind) {
    case NO_CHANGE: return false;
    case REMAP: return c->to == NO_FRAME || (w.owned[c->to] && !w.leaving[c->to]);
    case LEAVE: return !w.held[c->n];
    case HANDLER:
        return (w.holder < 0 || w.holder == c->n) && !w.vcpu[c->n].busy && !w.vcpu[c->n].stopped &&
               vcpu_op(&w.vcpu[c->n])->kind;
    default: return true;
    }
}

static bool change(const struct change *c)
{
    static const char *const names[] = {"",
                                        "gets other rights",
                                        "default",
                                        "many are set",
                                        "the listener goes",
                                        "the listener comes",
                                        "is remapped",
                                        "leaves",
                                        "comes",
                                        "is interrupted"};
    explore_say(w.e, "change: %s (%u, %u)", names[c->kind], c->n, c->to);
    switch (c->kind) {
    case SET: set(c->n, c->to); return true;
    case SET_MANY: return set_many(c->n, c->to);
    case DEFAULT: set_default(c->to); return true;
    case DETACH: detach(); return true;
    case ATTACH: w.listens = true; return true;
    case REMAP: map(c->n, c->to); return true;
    case LEAVE: return leave(c->n);
    case COME: return come(c->n);
    default: interrupt(&w.vcpu[c->n]); return true;
    }
}

/* ---- all of them ---- */

/* In this order: vCPUs, answers, the tool, the guest. which: does that one; else counts. */
static unsigned each(unsigned which, bool does)
{
    unsigned n = 0;
    for (unsigned v = 0; v < VCPUS; v++)
        if (vcpu_can_run(v) && n++ == which && does)
            return vcpu_step(v), 0;
    for (unsigned i = 0; i < w.ring_n; i++) {
        unsigned k = ways_n(&w.ring[i]);
        if (does && which - n < k)
            return answer(i, which - n), 0;
        n += k;
    }
    if (w.tool_at < CHANGES_MAX && can(&w.sc->tool[w.tool_at]) && n++ == which && does)
        return w.tool_at = (uint8_t)(w.tool_at + change(&w.sc->tool[w.tool_at])), 0;
    if (w.other_at < CHANGES_MAX && can(&w.sc->other[w.other_at]) && n++ == which && does)
        return w.other_at = (uint8_t)(w.other_at + change(&w.sc->other[w.other_at])), 0;
    if (w.guest_at < CHANGES_MAX && can(&w.sc->guest[w.guest_at]) && n++ == which && does)
        return w.guest_at = (uint8_t)(w.guest_at + change(&w.sc->guest[w.guest_at])), 0;
    return n;
}

unsigned acts(void)
{
    return each(~0u, false);
}

void act(unsigned which)
{
    each(which, true);
}
