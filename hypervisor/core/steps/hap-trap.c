/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/steps.h>
#include <xm/rights.h>

static void begin(struct xm_hap_trap *t)
{
    if (!t->calls->hold_others(t->self, t->vcpu))
        return; /* it is held itself, and comes again */
    t->n = 0;
    t->leave = false;
    t->open = true;
    t->own = t->calls->trap_flag(t->self, t->vcpu, true);
}

/* open goes first: no entry is made again. */
static void close_step(struct xm_hap_trap *t, struct xm_hap_step *s, bool done)
{
    if (!t->open)
        return;
    t->open = false;
    for (uint32_t i = 0; i < t->n; i++)
        t->calls->renew(t->self, t->vcpu, t->frame[i].gfn);
    (void)t->calls->trap_flag(t->self, t->vcpu, t->own);
    if (done && s != NULL)
        xm_hap_ended(s);
    t->calls->release_others(t->self, t->vcpu);
}

static bool is_at(const struct xm_hap_step *s, uint64_t ip, uint64_t sp)
{
    return s->armed.n != 0 && s->armed.ip == ip && s->armed.sp == sp;
}

/* The debug exception behind the instruction has ended it before: who is elsewhere by now was moved. */
bool xm_hap_enter(struct xm_hap_trap *t, struct xm_hap_step *s, uint64_t ip, uint64_t sp, bool busy)
{
    bool here = s != NULL && is_at(s, ip, sp);

    if (t->open && (t->leave || busy || !here))
        close_step(t, s, !here);
    if (t->open)
        (void)t->calls->trap_flag(t->self, t->vcpu, true);
    if (!t->open && here && s->trap && !s->due && !busy)
        begin(t);
    return t->open;
}

/* Whoever acts on the fault may emulate the instruction, and finds the guest's own flags. */
static void leave_by_fault(struct xm_hap_trap *t)
{
    if (!t->open)
        return;
    t->leave = true;
    (void)t->calls->trap_flag(t->self, t->vcpu, t->own);
}

void xm_hap_left(struct xm_hap_trap *t, struct xm_hap_step *s, enum xm_hap_why why)
{
    switch (why) {
    case XM_HAP_FAULT: leave_by_fault(t); break;
    case XM_HAP_EXCEPTION: close_step(t, s, false); break;
    case XM_HAP_INTERCEPTED: close_step(t, s, true); break;
    case XM_HAP_HOST:
    default: break;
    }
}

bool xm_hap_trapped(struct xm_hap_trap *t, struct xm_hap_step *s)
{
    bool own = t->own;

    if (!t->open)
        return true;
    close_step(t, s, true);
    return own;
}

static void open_frame(struct xm_hap_trap *t, uint64_t gfn, unsigned what)
{
    uint32_t i = 0;

    while (i < t->n && t->frame[i].gfn != gfn)
        i++;
    if (i == t->n) { /* there is room for as many as can be answered for */
        t->frame[i].gfn = gfn;
        t->frame[i].bits = 0;
        t->n++;
    }
    t->frame[i].bits |= (uint8_t)what;
    t->leave = false;
    t->calls->renew(t->self, t->vcpu, gfn);
}

/* It waits at a further page; what was answered for before is kept. */
static bool refused(struct xm_hap_trap *t, struct xm_hap_step *s, uint64_t gfn, unsigned what)
{
    close_step(t, s, false);
    s->trap = false;
    s->stopped = true;
    s->gfn = gfn;
    s->what = (uint8_t)what;
    return false;
}

bool xm_hap_fault(struct xm_hap_trap *t, struct xm_hap_step *s, uint64_t ip, uint64_t sp,
                  uint64_t gfn, unsigned what, enum xm_access now)
{
    const struct xm_pv_armed_frame frame = {
        .mfn = gfn, .stamp = (uint32_t)now, .what = (uint8_t)what};

    if (s == NULL || !s->trap)
        return false;
    if (!is_at(s, ip, sp)) { /* another instruction has come */
        close_step(t, s, false);
        xm_hap_ended(s);
        return false;
    }
    if (now == XM_ACCESS_N2RWX || (now == XM_ACCESS_RX2RW && (what & XM_DO_W) != 0))
        return false; /* they turn, and the step is begun anew */
    if (!xm_pv_is_armed(&s->armed, ip, sp, &frame) || (t->open && t->n == XM_PV_ARMED))
        return refused(t, s, gfn, what);
    if (t->open)
        open_frame(t, gfn, what);
    return true;
}

uint8_t xm_hap_more(const struct xm_hap_trap *t, uint64_t gfn)
{
    uint32_t i = 0;

    while (i < t->n && t->frame[i].gfn != gfn)
        i++;
    return t->open && i < t->n ? t->frame[i].bits : 0;
}
