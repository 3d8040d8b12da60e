/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which means a step uses, and the phases that it goes through. */
#include "events/step.h"

#include "rights/rights.h"
#include "views/views.h"
#include "events/events-int.h"
#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ACCESS_RWX (XMEM_ACCESS_R | XMEM_ACCESS_W | XMEM_ACCESS_X)
#define FAST_LOOKS 4u
#define ARM_PAGES 6u /* of one instruction: code and two operands, each over a boundary */

/* ---- phases ---- */

static bool in_phase(const struct step *s, enum step_phase phase, uint32_t means)
{
    return s->phase == (uint8_t)phase && (s->means & means);
}

/* ---- the one owner of a vCPU's single step, and of its way back ---- */

void xmi_step_toggle(struct xmem_domain *d, uint32_t vcpu)
{
    vcpu_at(d, vcpu)->user_step = !vcpu_at(d, vcpu)->user_step;
    vcpu_at(d, vcpu)->attention = true;
}

static bool is_in_step_view(const struct xmem_domain *d, const struct event *ev)
{
    return (ev->req.flags & RING_FLAG_ALTERNATE_P2M) && xmi_step_view_of(d, ev->req.view);
}

/* The view that it ran in, which the caller's view of the event need not be. */
static uint16_t came_from(const struct event *ev)
{
    return ev->req.flags & RING_FLAG_ALTERNATE_P2M ? ev->req.view : 0;
}

bool xmi_step_is_fast(const struct xmem_domain *d, const struct event *ev)
{
    return vcpu_of(d, ev)->fast;
}

/*
 * An event in the view of a fast single step, or with the same pc as before: it may be to come
 * still. Nothing tells that it is over, but where the vCPU is, and a pc that nobody set.
 */
static void look_for_fast(const struct event *ev, struct vcpu *v)
{
    bool known = v->fast_view != NO_VIEW && !ev->moved;
    if (known && came_from(ev) != v->fast_view)
        v->fast = false;
    else if (known && v->fast_end == v->fast_view && !v->repeats && !v->fast_skips)
        v->fast = false;
    v->attention = v->attention || v->fast;
}

/* A fast single step that is still to come ends where the vCPU is sent, if it is sent. */
static void keep_fast(struct vcpu *v, const struct event *ev, struct answer *a, bool sent)
{
    uint16_t to = a->flags & RING_FLAG_ALTERNATE_P2M ? a->view : ev->home;
    if (a->flags & RING_FLAG_FAST_SINGLESTEP)
        return;
    v->fast_skips = v->fast_skips || (a->flags & RING_FLAG_SET_REGISTERS);
    if ((sent || v->fast_view == NO_VIEW || to != ev->home) && to != v->fast_end) {
        a->flags |= RING_FLAG_FAST_SINGLESTEP;
        a->step_view = v->fast_end = to;
    }
    v->fast_view = to;
}

/* Out of the step view. */
static void send_back(struct xmem_domain *d, const struct event *ev, struct answer *a)
{
    if (a->flags & RING_FLAG_ALTERNATE_P2M)
        return;
    a->flags |= RING_FLAG_ALTERNATE_P2M;
    a->view = domain_view(d, ev->home) ? ev->home : 0;
}

void xmi_step_answer(struct xmem_domain *d, struct event *ev, struct answer *a)
{
    struct vcpu *v = vcpu_of(d, ev);
    if (!(ev->req.flags & RING_FLAG_VCPU_PAUSED))
        return;
    v->attention = false;
    xmi_step_arm_leave(d, ev, a);
    if (v->step.phase == STEP_STOPPED) { /* answered by something else: the step is over */
        v->own_step = false;
        xmi_step_reset(d, ev->pub.vcpu);
    }
    bool sent = a->flags & RING_FLAG_ALTERNATE_P2M;
    if (is_in_step_view(d, ev))
        send_back(d, ev, a);
    if (v->fast)
        keep_fast(v, ev, a, sent);
    if ((v->user_step || v->own_step) != v->hw_step) {
        a->flags |= RING_FLAG_TOGGLE_SINGLESTEP;
        v->hw_step = !v->hw_step;
        v->led->stepped = true;
    }
}

/* ---- choosing ---- */

/* In the order of what they let pass. */
static int try_means(struct xmem_domain *d, struct event *ev, uint32_t means)
{
    static const struct {
        uint32_t means;
        bool tight;
        int (*fn)(struct xmem_domain *d, struct event *ev);
    } all[] = {
        {XMEM_STEP_HYPERVISOR, false, xmi_step_by_hypervisor},
        {XMEM_STEP_VIEW, false, xmi_step_by_view},
        {XMEM_STEP_SINGLE, true, xmi_step_by_single},
        {XMEM_STEP_EMULATE, false, xmi_step_by_emulation},
        {XMEM_STEP_SINGLE, false, xmi_step_by_single},
        {XMEM_STEP_RELAX, false, xmi_step_by_relaxing},
    };
    int rc = -EOPNOTSUPP;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!(means & all[i].means) || (all[i].tight && xmi_step_passes(d, all[i].means)) ||
            xmi_step_barred(d, &vcpu_of(d, ev)->step, all[i].means))
            continue;
        uint8_t before = vcpu_of(d, ev)->step.means;
        vcpu_of(d, ev)->step.means = (uint8_t)all[i].means;
        rc = all[i].fn(d, ev);
        if (!rc) {
            ev->pub.stepped = all[i].means;
            ev->pub.passes = xmi_step_passes_now(d, ev, all[i].means);
            return 0;
        }
        vcpu_of(d, ev)->step.means = before;
        if (rc != -EOPNOTSUPP && rc != -ENOSPC)
            return rc;
    }
    return xmi_step_refuse(d, ev, means);
}

/* Where the vCPU goes after its instruction: a fast single step of the caller's leads elsewhere. */
static uint16_t view_after(const struct xmem_domain *d, const struct event *ev)
{
    const struct vcpu *v = vcpu_of(d, ev);
    return v->fast && v->fast_view == ev->home ? v->fast_end : ev->home;
}

/*
 * Relaxed, and no look saw it go on: is it still there? A loop comes back to the same pc, with
 * other registers where the event has them; on Arm it has not, but an instruction of the context's
 * registers touches few pages.
 */
static bool same_instruction(struct xmem_domain *d, struct event *ev, const struct step *s)
{
    bool known = xmi_step_pages_have(&s->pages, ev->pub.u.mem.gfn, 0);
    uint32_t most = ring_of(d)->arch == XMEM_ARCH_ARM ? ARM_PAGES : STEP_PAGES;
    if (s->pages.n >= most && !known)
        return false;
    return s->pc == xmi_event_pc(d, ev) && s->registers == xmi_step_sum_registers(d, ev);
}

/* The step that the event goes on with: an instruction's further page, or a new one. */
static struct step *begin_step(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &vcpu_of(d, ev)->step;
    bool same = s->phase == STEP_STOPPED && s->origin == ev->home && !s->unhook;
    if (in_phase(s, STEP_STOPPED, XMEM_STEP_RELAX) && !same_instruction(d, ev, s))
        same = false;
    if (!same) {
        vcpu_of(d, ev)->own_step = false;
        xmi_step_reset(d, ev->pub.vcpu);
    }
    s->origin = ev->home;
    if (!same)
        s->back = view_after(d, ev);
    return s;
}

static int step_access(struct xmem_domain *d, struct event *ev)
{
    struct step *s = begin_step(d, ev);
    struct step_page last = s->pages.n ? s->pages.v[s->pages.n - 1] : (struct step_page){0};
    uint32_t n = s->pages.n, need = ev->pub.u.mem.access & ACCESS_RWX;
    bool again = xmi_step_pages_have(&s->pages, ev->pub.u.mem.gfn, need);
    s->strict = step_wants_strict(d, ev);
    if (!xmi_step_pages_add(&s->pages, ev->pub.u.mem.gfn, need))
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "vCPU %" PRIu32 " cannot be stepped over gfn 0x%" PRIx64
                                 ": its instruction touches more than %u pages",
                                 ev->pub.vcpu, ev->pub.u.mem.gfn, STEP_PAGES);
    int rc = try_means(d, ev, d->caps.step_means);
    if (rc) { /* the event stays open: nothing was answered for */
        s->pages.n = n;
        if (n)
            s->pages.v[n - 1] = last;
        return rc;
    }
    s->again += again;
    d->stats.steps++;
    return 0;
}

/*
 * A breakpoint: what stands below it is done, where the event's view has a page of its own for
 * it (the int3 is ours); the guest gets its own int3. To resume would be to hit it again.
 */
static int step_past_breakpoint(struct xmem_domain *d, struct event *ev)
{
    struct view *v = domain_view(d, ev->home);
    struct step *s = &vcpu_of(d, ev)->step;
    uint64_t gfn = ev->pub.u.debug.gfn;
    if (!v || !xmi_view_remapped(v, gfn))
        return xmi_event_reinject(d, ev);
    xmi_step_reset(d, ev->pub.vcpu);
    s->strict = step_wants_strict(d, ev);
    if (!(d->caps.step_means & XMEM_STEP_VIEW) || xmi_step_barred(d, s, XMEM_STEP_VIEW))
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "vCPU %" PRIu32 " cannot be stepped over the "
                                 "breakpoint in gfn 0x%" PRIx64 ": no fast single step in a view%s",
                                 ev->pub.vcpu, gfn,
                                 s->strict ? " that the guest cannot enter" : "");
    s->origin = ev->home;
    s->back = view_after(d, ev);
    s->means = XMEM_STEP_VIEW;
    s->unhook = true;
    (void)xmi_step_pages_add(&s->pages, gfn, XMEM_ACCESS_X);
    int rc = xmi_step_by_view(d, ev);
    if (!rc)
        d->stats.steps++;
    else
        xmi_step_reset(d, ev->pub.vcpu);
    return rc;
}

int xmi_step_over(struct xmem_domain *d, struct event *ev)
{
    bool waits = ev->pub.flags & XMEM_EVENT_PAUSED;
    if (ev->pub.reason == XMEM_EVENT_BREAKPOINT && waits)
        return step_past_breakpoint(d, ev);
    if (ev->pub.reason == XMEM_EVENT_MEM_ACCESS && waits && d->guarded &&
        xmi_copies_note_writes(d, ev))
        return xmi_copies_end_step(d, ev->pub.vcpu, step_access(d, ev));
    if (ev->pub.reason == XMEM_EVENT_MEM_ACCESS && waits)
        return steps_of(d)->view_n && xmi_step_view_again(d, ev) ? 0 : step_access(d, ev);
    return xmi_finish_go_on(d, ev);
}

int xmi_step_resume(struct xmem_domain *d)
{
    int first = 0;
    for (uint32_t i = 0; i < d->vcpu_n && steps_of(d)->later_n && !d->pauses; i++) {
        struct step *s = &vcpu_at(d, i)->step;
        struct event *ev = s->later;
        if (s->phase != STEP_LATER)
            continue;
        s->later = NULL;
        ev->state = EVENT_HELD;
        xmi_step_set_phase(d, i, STEP_STOPPED);
        int rc = try_means(d, ev, d->caps.step_means);
        if (rc) {
            xmi_step_reset(d, i);
            xmi_event_answer(d, ev, 0); /* it meets the page again, and is told again */
        }
        if (!first)
            first = rc;
    }
    return first;
}

int xmi_step_resume_all(struct xmem_domain *d)
{
    if (!steps_of(d)->later_n)
        return 0;
    if (d->ops->event_poke) /* the answers of those that begin are still to be sent */
        (void)d->ops->event_poke(d->dom);
    return xmi_step_resume(d);
}

void xmi_step_note_emulation(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &vcpu_of(d, ev)->step;
    if (!d->led->emul_monitor || ev->pub.reason != XMEM_EVENT_MEM_ACCESS)
        return;
    s->origin = s->back = ev->home;
    s->means = XMEM_STEP_EMULATE;
    if (xmi_step_pages_add(&s->pages, ev->pub.u.mem.gfn, ev->pub.u.mem.access & ACCESS_RWX))
        xmi_step_set_phase(d, ev->pub.vcpu, STEP_RUNS);
}

/* ---- events of vCPUs in a step ---- */

/* The hypervisor cannot do it, and has not begun: by another means. */
static int try_other_means(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &vcpu_of(d, ev)->step;
    ev->home = s->origin;
    s->failed |= s->means;
    if (!xmi_step_arm_can(d)) /* the hypervisor's emulator is the first that it tries */
        s->failed |= XMEM_STEP_EMULATE;
    d->stats.not_decoded++;
    xmi_step_note_refusal(d, ev);
    xmi_step_set_phase(d, ev->pub.vcpu, STEP_STOPPED);
    int rc = try_means(d, ev, d->caps.step_means);
    if (!rc)
        return 1;
    if (s->strict)
        return xmi_step_tell_again(d, ev);
    xmi_step_reset(d, ev->pub.vcpu); /* to be tried again it would only be reported again */
    if (xmi_event_inject_undefined(d, ev))
        return 0;
    xmi_event_answer(d, ev, 0);
    return 1;
}

/* A single step's event: ours, or the caller's, or both. */
static int end_single_step(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    bool ours = v->own_step;
    int rc = 0;
    if (in_phase(&v->step, STEP_RUNS, XMEM_STEP_SINGLE)) {
        rc = xmi_step_close(d, ev->pub.vcpu);
        xmi_step_reset(d, ev->pub.vcpu);
        v->repeats = 0;
    }
    v->own_step = false;
    v->attention = v->attention || v->hw_step != v->user_step;
    if (!rc && (v->user_step || (!ours && events_of(d)->step_monitor_user)))
        return 0;
    xmi_event_answer(d, ev, 0);
    return rc ? rc : 1;
}

/* The vCPU has another event in the middle of its instruction, which the caller will see. */
static int stop_step(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    int rc = xmi_step_close(d, ev->pub.vcpu);
    xmi_step_set_phase(d, ev->pub.vcpu, STEP_STOPPED);
    v->attention = true;
    if (rc)
        xmi_event_answer(d, ev, 0);
    return rc;
}

static int handle_in_step(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &vcpu_of(d, ev)->step;
    if ((s->means & (XMEM_STEP_EMULATE | XMEM_STEP_HYPERVISOR)) &&
        ev->pub.reason == XMEM_EVENT_EMUL_UNIMPLEMENTED)
        return try_other_means(d, ev);
    if (s->means == XMEM_STEP_SINGLE && ev->pub.reason != XMEM_EVENT_SINGLESTEP)
        return stop_step(d, ev);
    if (s->means != XMEM_STEP_SINGLE) { /* by view, or the hypervisor: it is done */
        xmi_step_reset(d, ev->pub.vcpu);
        vcpu_of(d, ev)->repeats = 0;
    }
    return 0;
}

/* 1: the page that it was asked for, and the step begins; 0: another event, which ends it. */
static int begin_asked(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &vcpu_of(d, ev)->step;
    bool same = ev->pub.reason == XMEM_EVENT_MEM_ACCESS && s->origin == ev->home &&
                s->pc == xmi_event_pc(d, ev) &&
                xmi_step_pages_have(&s->pages, ev->pub.u.mem.gfn,
                                    ev->pub.u.mem.access & ACCESS_RWX);
    if (same) {
        xmi_step_set_phase(d, ev->pub.vcpu, STEP_STOPPED);
        if (!try_means(d, ev, d->caps.step_means))
            return 1;
    }
    xmi_step_reset(d, ev->pub.vcpu);
    return 0;
}

static int handle_event(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    struct step_view *sv = steps_of(d)->view_n && ev->pub.view ? xmi_step_view_of(d, ev->pub.view)
                                                               : NULL;
    if (!(ev->req.flags & RING_FLAG_VCPU_PAUSED))
        return 0;
    if (v->step.in && !sv) {
        xmi_step_leave_view(d, &v->step);
        v->fast = false;
        v->repeats = 0; /* it got on */
        return ev->pub.reason == XMEM_EVENT_SINGLESTEP ? end_single_step(d, ev) : 0;
    }
    if (v->fast)
        look_for_fast(ev, v);
    if (sv)
        return xmi_step_view_event(d, ev, sv);
    if (v->step.phase == STEP_ASKED && begin_asked(d, ev))
        return 1;
    if (v->step.phase == STEP_STOPPED) /* any answer but stepping over ends the step */
        v->attention = true;
    int rc = v->step.phase == STEP_RUNS ? handle_in_step(d, ev) : 0;
    if (rc || ev->pub.reason != XMEM_EVENT_SINGLESTEP) {
        if (ev->pub.reason == XMEM_EVENT_EMUL_UNIMPLEMENTED && !rc &&
            !events_of(d)->emul_monitor_user) {
            xmi_event_answer(d, ev, 0);
            return 1;
        }
        return rc;
    }
    return end_single_step(d, ev);
}

int xmi_step_event(struct xmem_domain *d, struct event *ev)
{
    int rc = handle_event(d, ev);
    if (!steps_of(d)->later_n || d->pauses)
        return rc;
    int rc2 = xmi_step_resume(
        d); /* whoever waited for this step's end; one that fails is told again */
    return rc > 0 && rc2 ? rc2 : rc;
}

/* ---- for the end of the session ---- */

/* One that was taken at the end does not know yet where its vCPU belongs. */
static void set_home(struct xmem_domain *d, struct event *ev)
{
    const struct step_view *sv = xmi_step_view_of(d, ev->home);
    if (sv)
        ev->home = sv->origin;
}

/* Is there a fast single step to see through? One that was sent home may be to come still. */
static bool prepare_to_see_through(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    if (v->fast)
        look_for_fast(ev, v);
    if (is_in_step_view(d, ev) && v->step.phase && v->step.means == XMEM_STEP_VIEW)
        return true;
    set_home(d, ev);
    if (!v->fast || !domain_view(d, ev->home))
        return false;
    xmi_step_reset(d, ev->pub.vcpu);
    v->step.origin = v->step.back = ev->home;
    v->step.means = XMEM_STEP_VIEW;
    return true;
}

bool xmi_step_see_through(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &vcpu_of(d, ev)->step;
    if (ev->pub.reason != XMEM_EVENT_MEM_ACCESS || !(ev->pub.flags & XMEM_EVENT_PAUSED) ||
        !prepare_to_see_through(d, ev) ||
        !xmi_step_pages_add(&s->pages, ev->pub.u.mem.gfn, ev->pub.u.mem.access & ACCESS_RWX))
        return false;
    if (s->phase == STEP_RUNS)
        xmi_step_set_phase(d, ev->pub.vcpu, STEP_STOPPED);
    ev->home = s->origin;
    vcpu_of(d, ev)->attention = true;
    return !xmi_step_by_view(d, ev); /* or it waits, and is tried again */
}

bool xmi_step_forget(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    bool fast = v->fast && came_from(ev) == v->fast_view && v->fast_end != v->fast_view;
    set_home(d, ev);
    (void)xmi_step_close(d, ev->pub.vcpu); /* what fails is tried again by xmi_step_end_all() */
    xmi_step_reset(d, ev->pub.vcpu);
    v->user_step = v->own_step = v->fast = false;
    v->attention = true;
    return fast;
}

/* A fast single step makes no event when it is over: the vCPU has left its view then. */
static bool look_whether_fast(struct xmem_domain *d, uint32_t vcpu)
{
    struct vcpu *v = vcpu_at(d, vcpu);
    uint16_t view;
    if (!v->fast)
        return false;
    if (v->fast_end == v->fast_view ||
        v->fast_view == NO_VIEW) {      /* sent there: over as soon as it runs, */
        if (v->fast_looks < FAST_LOOKS) /* or else switched off from outside */
            v->fast_looks++;
        return v->fast_looks < FAST_LOOKS;
    }
    if (!d->ops->view_get_vcpu(d->dom, vcpu, &view) && view != v->fast_view)
        v->fast = false;
    return v->fast;
}

/* One that sleeps does not end its step: it is switched off from outside. */
static bool sleeps(struct xmem_domain *d, uint32_t vcpu)
{
    uint64_t ns;
    bool idle = false;
    return d->ops->vcpu_step_off && d->ops->vcpu_ran &&
           !d->ops->vcpu_ran(d->dom, vcpu, &ns, &idle) && idle;
}

bool xmi_step_any(struct xmem_domain *d)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        if ((vcpu_at(d, i)->hw_step || look_whether_fast(d, i)) && !sleeps(d, i))
            return true;
    return false;
}

int xmi_step_end_all(struct xmem_domain *d)
{
    int rc = xmi_step_close_all(d);
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        struct vcpu *v = vcpu_at(d, i);
        v->user_step = v->own_step = v->attention = false;
    }
    return rc;
}
