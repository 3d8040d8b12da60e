/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reference: which access may be done, and who may change rights. */
#include "pv-world.h"

const char *bits_name(unsigned bits)
{
    static const char *const names[] = {"n", "r", "w", "rw", "x", "rx", "wx", "rwx"};
    return names[bits & 7];
}

static const char *rights_name(unsigned rights)
{
    return rights == XM_ACCESS_RX2RW   ? "rx2rw"
           : rights == XM_ACCESS_N2RWX ? "n2rwx"
                                       : bits_name(rights);
}

uint8_t ref_bits(uint8_t rights)
{
    static const uint8_t bits[] = {
        [XM_ACCESS_N] = 0,
        [XM_ACCESS_R] = XM_DO_R,
        [XM_ACCESS_W] = XM_DO_W,
        [XM_ACCESS_RW] = XM_DO_R | XM_DO_W,
        [XM_ACCESS_X] = XM_DO_X,
        [XM_ACCESS_RX] = XM_DO_R | XM_DO_X,
        [XM_ACCESS_WX] = XM_DO_W | XM_DO_X,
        [XM_ACCESS_RWX] = XM_DO_R | XM_DO_W | XM_DO_X,
        [XM_ACCESS_RX2RW] = XM_DO_R | XM_DO_X,
        [XM_ACCESS_N2RWX] = 0,
    };
    return bits[rights];
}

/* ---- answers ---- */

/* Another instruction comes: what was answered for the one before counts no more. */
void ref_fault(struct vcpu *v)
{
    unsigned n = 0;
    for (unsigned i = 0; i < v->grant_n; i++)
        if (v->grant[i].handler == v->handler)
            v->grant[n++] = v->grant[i];
    v->grant_n = (uint8_t)n;
}

void ref_answered(struct vcpu *v, const struct event *ev)
{
    if (ev->unimplemented || v->grant_n == GRANTS)
        return;
    v->grant[v->grant_n++] = (struct grant){.frame = ev->frame,
                                            .what = ev->what,
                                            .page = ev->page,
                                            .offset = ev->offset,
                                            .handler = v->handler,
                                            .sets = w.sets};
}

/* A write's answer is for what its instruction reads there, too. */
static bool granted(const struct vcpu *v, const struct part *p, unsigned frame, uint8_t page)
{
    for (unsigned i = 0; i < v->grant_n; i++) {
        const struct grant *g = &v->grant[i];
        uint8_t may = g->what & XM_DO_W && g->offset == p->offset ? g->what | XM_DO_R : g->what;
        bool here = page != NO_FRAME || g->offset == p->offset;
        if (g->frame == frame && g->page == page && here && !(p->what & ~may) &&
            g->handler == v->handler)
            return true;
    }
    return false;
}

/* What cannot be emulated is told once more; so is all where rights were set since. */
bool ref_told_again(const struct vcpu *v, const struct event *ev)
{
    const struct part p = {ev->page, ev->what, ev->offset};
    for (unsigned i = 0; i < v->grant_n; i++)
        if (v->grant[i].sets != w.sets)
            return false;
    return ev->stops && !vcpu_op(v)->hard && w.owned[ev->frame] &&
           granted(v, &p, ev->frame, ev->page);
}

/* ---- accesses ---- */

/* The hypervisor's own goes by the policy: what is denied never comes here. */
static bool own_may(const struct vcpu *v, unsigned frame)
{
    return vcpu_op(v)->kind == OP_OWN &&
           (w.sc->policy != XM_PV_OWN_DENY || w.rights[frame] == XM_ACCESS_N2RWX);
}

void ref_access(struct vcpu *v, const struct part *p, unsigned frame, bool at_once)
{
    uint8_t may;
    if (frame >= FRAMES || !w.owned[frame]) {
        explore_fail(w.e, "vCPU %u reaches a frame that is not the guest's", v->core.id);
        return;
    }
    uint8_t page = vcpu_op(v)->kind == OP_ITEM ? NO_FRAME : p->at;
    may = at_once ? ref_bits(w.rights[frame]) : v->could[frame];
    explore_say(w.e, "  vCPU %u does %s to frame %u", v->core.id, bits_name(p->what), frame);
    bool by_answer = !at_once || (xm_pv_stepping(&w.pv, &v->core) && w.holder == (int)v->core.id);
    if (!(p->what & ~may) || (by_answer && granted(v, p, frame, page)) || own_may(v, frame))
        return;
    explore_fail(w.e, "vCPU %u does %s to frame %u, which has %s, and no answer let it", v->core.id,
                 bits_name(p->what), frame, rights_name(w.rights[frame]));
}

/* ---- rights ---- */

void ref_set(unsigned frame, uint8_t rights)
{
    w.rights[frame] = rights;
    w.changes[frame]++;
    w.sets++;
}

/* The vCPU whose access it is may turn rights, as they were when that was decided. */
static bool may_turn(const struct vcpu *v, unsigned f, uint8_t to)
{
    uint8_t from = w.rights[f];
    bool asked = v->asks == f || v->asks == NO_FRAME;
    if (from == XM_ACCESS_RX2RW && to == XM_ACCESS_RW)
        return asked && (v->what & XM_DO_W);
    if (!asked || v->was[f] != w.changes[f])
        return false;
    if (to != XM_ACCESS_RWX)
        return false;
    if (from == XM_ACCESS_N2RWX && (v->told || vcpu_op(v)->kind == OP_OWN))
        return true;
    return v->alone && !w.listens && !w.sc->required;
}

static void look_at_rights(unsigned f)
{
    uint8_t now = (uint8_t)xm_pv_rights(&w.pv, MFN(f));
    if (!w.owned[f]) {
        if (!w.leaving[f] && xm_pv_table_get(&w.pv.table, MFN(f)))
            explore_fail(w.e, "frame %u, which left, has rights of its own", f);
        return;
    }
    if (now == w.rights[f])
        return;
    if (w.setter >= 0 && now == w.many[w.setter].rights) {
        w.rights[f] = now;
        w.many[w.setter].changed = true;
        for (int i = 0; i < (int)SETTERS; i++)
            w.many[i].changes[f] = (uint8_t)(w.many[i].changes[f] + (i == w.setter));
        w.changes[f]++;
        w.sets++;
        return;
    }
    if (w.actor < 0 || !may_turn(&w.vcpu[w.actor], f, now))
        explore_fail(w.e, "frame %u has %s, and was given %s", f, rights_name(now),
                     rights_name(w.rights[f]));
    explore_say(w.e, "  frame %u turns %s", f, rights_name(now));
    ref_set(f, now);
}

/* In a step of the processor's, while nobody else can run. */
static uint8_t open_for_step(unsigned f)
{
    const struct xm_pv_step *s = &w.pv.step;
    for (unsigned i = 0; s->open && w.holder == (int)s->vcpu && i < s->n; i++)
        if (s->frame[i].mfn == MFN(f))
            return s->frame[i].bits | XM_DO_R;
    return 0;
}

static void look_at_entry(unsigned p)
{
    const struct entry *t = &w.entry[p];
    if (!t->there)
        return;
    if (w.map[p] != t->frame || !w.owned[t->frame])
        explore_fail(w.e, "page %u still reaches frame %u", p, t->frame);
    else if (t->bits & ~(ref_bits(w.rights[t->frame]) | open_for_step(t->frame)))
        explore_fail(w.e, "page %u's entry allows %s, frame %u has %s", p, bits_name(t->bits),
                     t->frame, rights_name(w.rights[t->frame]));
}

void ref_look(void)
{
    if (w.holder >= 0 && w.vcpu[w.holder].stopped)
        explore_fail(w.e, "vCPU %d waits for an answer, and holds the others", w.holder);
    for (unsigned f = 0; f < FRAMES; f++)
        look_at_rights(f);
    for (unsigned p = 0; p < PAGES; p++)
        look_at_entry(p);
}

/* ---- the end ---- */

static void judge_vcpu(unsigned n)
{
    const struct vcpu *v = &w.vcpu[n];
    if (v->at < OPS_MAX && vcpu_op(v)->kind)
        explore_fail(w.e, "vCPU %u stands still at op %u", n, v->at);
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (w.sc->op[n][i].kind == OP_ITEM && v->made[i] != 1)
            explore_fail(w.e, "item %u of vCPU %u is made %u times", i, n, v->made[i]);
}

void ref_judge(void)
{
    for (unsigned v = 0; v < VCPUS; v++)
        judge_vcpu(v);
}
