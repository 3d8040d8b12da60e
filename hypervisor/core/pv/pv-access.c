/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/pv.h>

/* Each try anew is somebody else's change in between. Then the vCPU lets others have their turn. */
#define TRIES 8u

static struct xm_pv_armed_frame armed_frame(const struct xm_pv_ask *ask, uint32_t stamp)
{
    uint64_t exact = ask->va_valid ? ask->va : ask->offset;

    return (struct xm_pv_armed_frame){.mfn = ask->mfn,
                                      .at = ask->va_valid ? exact >> 12 : exact,
                                      .exact = exact,
                                      .stamp = stamp,
                                      .what = ask->what};
}

static bool answered(const struct xm_pv_vcpu *v, const struct xm_pv_todo *todo)
{
    const struct xm_pv_ask *ask = &todo->ask;
    const struct xm_pv_armed_frame frame = armed_frame(ask, todo->stamp);

    return ask->who != XM_PV_BY_XEN && xm_pv_is_armed(&v->armed, ask->ip, ask->sp, &frame);
}

/* ---- decide ---- */

void xm_pv_todo_decide(struct xm_pv *pv, const struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                       struct xm_pv_todo *todo)
{
    *todo = (struct xm_pv_todo){.ask = *ask, .to = XM_ACCESS_RWX};
    todo->ask.listener = pv->calls->listener(pv->self);
    todo->ask.required = pv->calls->required(pv->self);
    todo->ask.ours = xm_pv_look(pv, ask->mfn, &todo->seen, &todo->stamp);
    todo->verdict = xm_pv_decide(pv, &todo->ask, &todo->to);
    /* What turns by itself does so, whatever was answered. */
    if (todo->verdict == XM_PV_EVENT && answered(v, todo))
        todo->verdict = XM_PV_ANSWERED;
}

static void decide(struct xm_pv *pv, const struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                   struct xm_pv_todo *todo)
{
    pv->calls->lock(pv->self);
    xm_pv_todo_decide(pv, v, ask, todo);
    pv->calls->unlock(pv->self, false);
}

/* ---- act ---- */

static enum xm_pv_next crash(struct xm_pv *pv, const char *why)
{
    pv->calls->crash(pv->self, why);
    return XM_PV_DIED;
}

/* Somebody who listens by now has not been told. */
static bool too_late(struct xm_pv *pv, const struct xm_pv_todo *todo)
{
    return todo->to == XM_ACCESS_RWX && !todo->ask.listener && pv->calls->listener(pv->self);
}

static enum xm_pv_next turn(struct xm_pv *pv, const struct xm_pv_todo *todo)
{
    bool flush = false;
    int rc = 0;

    pv->calls->lock(pv->self);
    if (!too_late(pv, todo))
        rc = xm_pv_turn(pv, todo->ask.mfn, todo->stamp, todo->to, &flush);
    pv->calls->unlock(pv->self, flush);
    return rc != 0 ? crash(pv, "no memory for the table of rights") : XM_PV_AGAIN;
}

/* What the hypervisor does itself goes through an entry of its own where the guest's may not be. */
static enum xm_pv_next let_own(struct xm_pv *pv, const struct xm_pv_ask *ask)
{
    enum xm_access now;
    uint32_t stamp;

    pv->calls->lock(pv->self);
    (void)xm_pv_look(pv, ask->mfn, &now, &stamp);
    pv->calls->unlock(pv->self, false);
    return (ask->what & ~xm_pv_entry_bits(now)) == 0 ? XM_PV_GO_ON : XM_PV_OPEN;
}

static enum xm_pv_next stop(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *ask)
{
    unsigned how = XM_PV_TELL_STOP | (ask->who == XM_PV_BY_GUEST ? XM_PV_TELL_WAIT : 0);
    int rc;

    /* Before it is sent: the answer can come at once. */
    v->told = true;
    v->told_ask = *ask;
    rc = pv->calls->tell(pv->self, v->id, ask, how);
    if (rc == 1)
        return XM_PV_STOPPED;
    v->told = false;
    return rc == -XM_EOPNOTSUPP ? XM_PV_AGAIN : XM_PV_STOPPED;
}

static enum xm_pv_next tell_and_turn(struct xm_pv *pv, struct xm_pv_vcpu *v,
                                     const struct xm_pv_todo *todo)
{
    unsigned how = todo->ask.who == XM_PV_BY_GUEST ? XM_PV_TELL_WAIT : 0;
    int rc = pv->calls->tell(pv->self, v->id, &todo->ask, how);
    enum xm_pv_next next;

    if (rc < 0)
        return rc == -XM_EOPNOTSUPP ? XM_PV_AGAIN : XM_PV_STOPPED;
    next = turn(pv, todo);
    return next == XM_PV_AGAIN && rc == 1 ? XM_PV_STOPPED : next;
}

/* The event may be lost; nobody waits. */
static enum xm_pv_next notify(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_todo *todo)
{
    (void)pv->calls->tell(pv->self, v->id, &todo->ask, 0);
    if (todo->to != todo->seen && turn(pv, todo) == XM_PV_DIED)
        return XM_PV_DIED;
    return let_own(pv, &todo->ask);
}

/* In the middle of a step by the processor; what is done for the guest ends it. */
static bool pass_stepping(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_todo *todo)
{
    if (todo->ask.who != XM_PV_BY_GUEST) {
        xm_pv_step_close(pv, v, true);
        return false;
    }
    if (todo->verdict == XM_PV_PASS || xm_pv_step_open(pv, v, &todo->ask))
        return true;
    v->armed.step = false; /* it touches too many */
    return false;
}

static enum xm_pv_next pass(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_todo *todo)
{
    if (todo->ask.who == XM_PV_BY_XEN)
        return let_own(pv, &todo->ask);
    if (xm_pv_stepping(pv, v) && pass_stepping(pv, v, todo))
        return XM_PV_GO_ON;
    if (todo->verdict == XM_PV_PASS)
        return XM_PV_GO_ON;
    /* The hypervisor makes a hypercall's accesses itself. */
    return todo->ask.who == XM_PV_BY_GUEST ? XM_PV_EMULATE : XM_PV_GO_ON;
}

/* The vCPU stops, or the guest sees a fault: its step does not go on. */
static bool ends_step(enum xm_pv_verdict verdict)
{
    return verdict == XM_PV_EVENT || verdict == XM_PV_EVENT_RELAX || verdict == XM_PV_GUEST_FAULT ||
           verdict == XM_PV_CRASH;
}

enum xm_pv_next xm_pv_todo_act(struct xm_pv *pv, struct xm_pv_vcpu *v,
                               const struct xm_pv_todo *todo)
{
    if (ends_step(todo->verdict))
        xm_pv_step_close(pv, v, false);
    switch (todo->verdict) {
    case XM_PV_PASS:
    case XM_PV_PASS_ONCE:
    case XM_PV_ANSWERED: return pass(pv, v, todo);
    case XM_PV_GUEST_FAULT: return XM_PV_NOT_OURS;
    case XM_PV_RELAX: return turn(pv, todo);
    case XM_PV_EVENT: return stop(pv, v, &todo->ask);
    case XM_PV_EVENT_RELAX: return tell_and_turn(pv, v, todo);
    case XM_PV_NOTIFY: return notify(pv, v, todo);
    case XM_PV_EFAULT: return todo->ask.unfailing ? let_own(pv, &todo->ask) : XM_PV_FAIL;
    case XM_PV_CRASH:
    default: return crash(pv, "access violation without a listener");
    }
}

enum xm_pv_next xm_pv_access(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                             struct xm_pv_todo *todo)
{
    enum xm_pv_next next = XM_PV_AGAIN;
    unsigned i;

    if (ask->who != XM_PV_BY_XEN)
        xm_pv_armed_begin(&v->armed, ask->ip, ask->sp);
    for (i = 0; i < TRIES && next == XM_PV_AGAIN; i++) {
        decide(pv, v, ask, todo);
        next = xm_pv_todo_act(pv, v, todo);
    }
    if (next != XM_PV_AGAIN)
        return next;
    if (ask->who != XM_PV_BY_XEN)
        return XM_PV_STOPPED;
    return ask->unfailing ? XM_PV_OPEN : XM_PV_FAIL;
}

void xm_pv_items_done(struct xm_pv_vcpu *v, const struct xm_pv_ask *asks, uint32_t n)
{
    struct xm_pv_armed_frame frame;
    uint32_t i;

    for (i = 0; i < n; i++) {
        frame = armed_frame(&asks[i], 0);
        xm_pv_disarm(&v->armed, &frame);
    }
}

enum xm_pv_next xm_pv_items(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *asks,
                            uint32_t n)
{
    struct xm_pv_todo todo;
    uint32_t i;

    for (i = 0; i < n; i++) {
        enum xm_pv_next next = xm_pv_access(pv, v, &asks[i], &todo);

        if (next != XM_PV_GO_ON)
            return next;
    }
    xm_pv_items_done(v, asks, n);
    return XM_PV_GO_ON;
}

/* ---- emulation ---- */

bool xm_pv_piece(struct xm_pv *pv, const struct xm_pv_vcpu *v, const struct xm_pv_ask *ask,
                 struct xm_pv_todo *todo)
{
    decide(pv, v, ask, todo);
    return todo->verdict == XM_PV_PASS || todo->verdict == XM_PV_PASS_ONCE ||
           todo->verdict == XM_PV_ANSWERED;
}

void xm_pv_emulated(struct xm_pv_vcpu *v)
{
    xm_pv_disarm_all(&v->armed);
}

/* Its rights, which no entry can express, go; or the domain. */
static enum xm_pv_next not_emulated_alone(struct xm_pv *pv, const struct xm_pv_todo *todo)
{
    struct xm_pv_todo t = *todo;

    if (pv->calls->required(pv->self))
        return crash(pv, "an access that cannot be emulated, without a listener");
    t.to = XM_ACCESS_RWX;
    return turn(pv, &t);
}

enum xm_pv_next xm_pv_not_emulated(struct xm_pv *pv, struct xm_pv_vcpu *v,
                                   const struct xm_pv_todo *todo)
{
    enum xm_pv_next next;

    if (v->armed.step)
        return XM_PV_STEP;
    xm_pv_disarm_all(&v->armed);
    if (!pv->calls->listener(pv->self))
        return not_emulated_alone(pv, todo);
    if (todo->verdict == XM_PV_ANSWERED && pv->calls->tell_unimplemented(pv->self, v->id))
        return XM_PV_STOPPED;
    next = stop(pv, v, &todo->ask);
    return next == XM_PV_AGAIN ? not_emulated_alone(pv, todo) : next;
}

/* ---- answers ---- */

bool xm_pv_takes_registers(const struct xm_pv_vcpu *v)
{
    return !v->told || v->told_ask.who != XM_PV_BY_HYPERCALL;
}

void xm_pv_reply(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_answer *answer)
{
    const struct xm_pv_ask *ask = &v->told_ask;
    bool moved = answer->moved && xm_pv_takes_registers(v);
    struct xm_pv_armed_frame frame;
    enum xm_access now;
    uint32_t stamp;

    /* An answer that speaks of a frame that was not told is for none. */
    if (v->told && (answer->emulate || answer->step) && answer->mfn == ask->mfn) {
        (void)xm_pv_look(pv, ask->mfn, &now, &stamp);
        frame = armed_frame(ask, stamp);
        xm_pv_arm(&v->armed, moved ? answer->ip : ask->ip, moved ? answer->sp : ask->sp, &frame);
        v->armed.step = answer->step;
    }
    v->told = false;
}
