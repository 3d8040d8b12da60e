/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's next step: the processor's part, and the hypervisor's as its glue does it around the core. */
#include "pv-world.h"

#include <string.h>

#define TRIES_MAX 40u
#define EVENTS_MAX 16u

const struct op *vcpu_op(const struct vcpu *v)
{
    return v->handler ? &w.sc->handler : &w.sc->op[v - w.vcpu][v->at];
}

uint64_t vcpu_ip(const struct vcpu *v)
{
    uint64_t ip = 0x4000u + v->at;
    if (v->handler)
        return 0x9000;
    for (unsigned i = v->at; i && w.sc->op[v - w.vcpu][i].same_ip; i--)
        ip--;
    return ip;
}

bool vcpu_can_run(unsigned n)
{
    const struct vcpu *v = &w.vcpu[n];
    bool slot = w.ring_n < (w.sc->slots ? w.sc->slots : SLOTS_MAX) || !w.listens;
    bool held = w.holder >= 0 && w.holder != (int)n;
    return !v->busy && !held && !v->stopped && (!v->sleeps || slot) && v->at < OPS_MAX &&
           vcpu_op(v)->kind;
}

void vcpu_over(struct vcpu *v)
{
    explore_say(w.e, "  vCPU %u is past %s %u", v->core.id, v->handler ? "the handler of" : "op",
                v->at);
    if (!v->handler)
        v->at++;
    v->handler = false;
    v->grant_n = 0;
    v->tries = v->events = 0;
}

static struct xm_pv_ask ask_make(struct vcpu *v, const struct part *p, unsigned frame, uint8_t who)
{
    bool item = who == XM_PV_BY_HYPERCALL;
    v->asks = (uint8_t)frame;
    v->what = p->what;
    return (struct xm_pv_ask){.mfn = MFN(frame),
                              .va = (uint64_t)p->at << 12 | p->offset,
                              .va_valid = !item,
                              .ip = vcpu_ip(v),
                              .sp = v->handler ? 0x7000 : 0x8000,
                              .offset = p->offset,
                              .what = p->what,
                              .who = who,
                              .guest_allows = true,
                              .ours = w.owned[frame]};
}

/* ---- instructions ---- */

enum found { FOUND, FAULTS, STOPS, CANNOT };

/* One frame, found through the guest's tables as they are now; held from here on. */
static enum found find(struct vcpu *v, const struct part *p, uint8_t *frame,
                       struct xm_pv_todo *todo)
{
    unsigned f = w.map[p->at];
    if (f == NO_FRAME)
        return FAULTS;
    const struct xm_pv_ask ask = ask_make(v, p, f, XM_PV_BY_GUEST);
    if (!xm_pv_piece(&w.pv, &v->core, &ask, todo))
        return STOPS;
    if (!w.owned[f])
        return CANNOT;
    *frame = (uint8_t)f;
    w.held[f]++;
    return FOUND;
}

static enum found find_all(struct vcpu *v, const struct op *op, struct xm_pv_todo *todo)
{
    uint8_t frame[PARTS];
    enum found found = op->hard ? CANNOT : FOUND;
    unsigned n = 0;
    while (n < op->n && found == FOUND) {
        found = find(v, &op->part[n], &frame[n], todo);
        n += found == FOUND;
    }
    for (unsigned i = 0; i < n && found == FOUND; i++)
        ref_access(v, &op->part[i], frame[i], false);
    while (n)
        w.held[frame[--n]]--;
    return found;
}

static void not_emulated(struct vcpu *v, const struct xm_pv_todo *why)
{
    v->asks = (uint8_t)frame_of(why->ask.mfn);
    if (xm_pv_not_emulated(&w.pv, &v->core, why) == XM_PV_STEP)
        xm_pv_step_begin(&w.pv, &v->core);
}

static void emulate(struct vcpu *v, const struct op *op, const struct xm_pv_todo *why)
{
    struct xm_pv_todo todo;
    switch (find_all(v, op, &todo)) {
    case STOPS: xm_pv_todo_act(&w.pv, &v->core, &todo); break;
    case CANNOT: not_emulated(v, why); break;
    case FOUND:
    case FAULTS:
    default: xm_pv_emulated(&v->core); vcpu_over(v);
    }
}

static void fault(struct vcpu *v, const struct op *op, const struct part *p)
{
    unsigned f = w.map[p->at];
    struct xm_pv_todo todo;
    explore_say(w.e, "  vCPU %u faults: %s of page %u", v->core.id, bits_name(p->what), p->at);
    ref_fault(v);
    if (f == NO_FRAME) { /* the guest's own */
        xm_pv_step_close(&w.pv, &v->core, false);
        vcpu_over(v);
        return;
    }
    const struct xm_pv_ask ask = ask_make(v, p, f, XM_PV_BY_GUEST);
    switch (xm_pv_access(&w.pv, &v->core, &ask, &todo)) {
    case XM_PV_GO_ON:
        world_lock();
        world_make_entry(v->core.id, p->at, f);
        world_unlock();
        break;
    case XM_PV_EMULATE: emulate(v, op, &todo); break;
    case XM_PV_NOT_OURS: vcpu_over(v); break;
    case XM_PV_OPEN:
    case XM_PV_FAIL:
        explore_fail(w.e, "an instruction of the guest is taken for the hypervisor's own");
        break;
    default: break;
    }
}

static void insn(struct vcpu *v, const struct op *op)
{
    for (unsigned i = 0; i < op->n; i++) {
        const struct entry *t = &w.entry[op->part[i].at];
        if (!t->there || (op->part[i].what & ~t->bits)) {
            fault(v, op, &op->part[i]);
            return;
        }
    }
    for (unsigned i = 0; i < op->n; i++)
        ref_access(v, &op->part[i], w.entry[op->part[i].at].frame, true);
    if (v->trap)
        (void)xm_pv_step_trap(&w.pv, &v->core);
    vcpu_over(v);
}

/* ---- hypercalls ---- */

static bool all_owned(const struct op *op)
{
    for (unsigned i = 0; i < op->n; i++)
        if (!w.owned[op->part[i].at])
            return false;
    return true;
}

static void hold(const struct op *op, int how)
{
    for (unsigned i = 0; i < op->n; i++)
        w.held[op->part[i].at] = (uint8_t)(w.held[op->part[i].at] + how);
}

static void item(struct vcpu *v, const struct op *op)
{
    struct xm_pv_ask ask[PARTS];
    ref_fault(v);
    if (!all_owned(op)) { /* refused, which the guest is told */
        v->made[v->at]++;
        vcpu_over(v);
        return;
    }
    for (unsigned i = 0; i < op->n; i++)
        ask[i] = ask_make(v, &op->part[i], op->part[i].at, XM_PV_BY_HYPERCALL);
    v->asks = NO_FRAME;
    hold(op, 1);
    if (xm_pv_items(&w.pv, &v->core, ask, op->n) == XM_PV_GO_ON) {
        for (unsigned i = 0; i < op->n; i++)
            ref_access(v, &op->part[i], op->part[i].at, false);
        v->made[v->at]++;
        vcpu_over(v);
    }
    hold(op, -1);
}

/* What is opened for it is closed before any guest runs. */
static void own(struct vcpu *v, const struct op *op)
{
    const struct part *p = &op->part[0];
    unsigned f = w.map[p->at];
    struct xm_pv_todo todo;
    if (f != NO_FRAME) {
        const struct xm_pv_ask ask = ask_make(v, p, f, XM_PV_BY_XEN);
        enum xm_pv_next next = xm_pv_access(&w.pv, &v->core, &ask, &todo);
        bool goes = (next == XM_PV_GO_ON || next == XM_PV_OPEN) && w.map[p->at] == f && !w.dead;
        if (goes && next == XM_PV_OPEN)
            world_open(p->at, f);
        if (goes)
            ref_access(v, p, f, false);
        if (goes && next == XM_PV_OPEN)
            world_make_entry(v->core.id, p->at, f);
    }
    vcpu_over(v);
}

void vcpu_step(unsigned n)
{
    struct vcpu *v = &w.vcpu[n];
    const struct op *op = vcpu_op(v);
    explore_say(w.e, "vCPU %u runs", n);
    w.actor = (int8_t)n;
    v->busy = true;
    v->sleeps = v->told = v->alone = false;
    v->asks = NO_FRAME;
    memset(v->could, 0, sizeof(v->could));
    if (op->kind == OP_INSN)
        insn(v, op);
    else if (op->kind == OP_ITEM)
        item(v, op);
    else
        own(v, op);
    v->busy = false;
    w.actor = -1;
    if (++v->tries > TRIES_MAX || v->events > EVENTS_MAX)
        explore_fail(w.e, "vCPU %u does not get past op %u: %u tries, %u events", n, v->at,
                     v->tries, v->events);
}
