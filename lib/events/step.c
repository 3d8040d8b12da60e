/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which means a step uses, and the phases that it goes through. */
#include "events/step.h"

#include "rights/changes.h"
#include "views/copies.h"
#include "events/finish.h"
#include "base/rights.h"
#include "events/step-look.h"
#include "rights/access.h"
#include "rights/remap.h"
#include "events/monitor.h"
#include "events/step-copies.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define ACCESS_RWX (XMEM_ACCESS_R | XMEM_ACCESS_W | XMEM_ACCESS_X)
#define LET_RUN_NS 20000
#define FAST_LOOKS 4u
#define ARM_PAGES 6u    /* of one instruction: code and two operands, each over a boundary */
#define GENERAL_REGISTERS 16u /* rax to r15, first in all interfaces */

/* ---- pages ---- */

static size_t pages_find(const struct step_pages *p, uint64_t gfn)
{
    size_t i = 0;
    while (i < p->n && p->v[i].gfn != gfn)
        i++;
    return i;
}

bool step_pages_have(const struct step_pages *p, uint64_t gfn, uint32_t need)
{
    size_t i = pages_find(p, gfn);
    return i < p->n && !(need & ~p->v[i].need);
}

/* False: no room. */
static bool pages_add(struct step_pages *p, uint64_t gfn, uint32_t need)
{
    size_t i = pages_find(p, gfn);
    if (i == STEP_PAGES)
        return false;
    if (i == p->n)
        p->v[p->n++] = (struct step_page){.gfn = gfn};
    p->v[i].need |= need;
    return true;
}

void step_pages_remove(struct step_pages *p, uint64_t gfn, uint64_t nr)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->n; i++)
        if (p->v[i].gfn - gfn >= nr)
            p->v[kept++] = p->v[i];
    p->n = kept;
}

/* ---- rights ---- */

int step_rights_of(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights)
{
    uint8_t known = known_set_of(known_get(&v->known, gfn));
    if (known == KNOWN_NOTHING)
        known = view_default(v);
    if (known == KNOWN_NOTHING || rights_turn(known) || v->unsure) /* not known, or an access turned them */
        return domain_ask_rights(d, v, gfn, rights);
    *rights = guards_narrow(d, v, gfn, known);
    return 0;
}

/* What is allowed without turning anything. */
static uint8_t plain(uint8_t rights)
{
    return rights == XMEM_RX2RW ? XMEM_RX : rights == XMEM_N2RWX ? XMEM_N : rights;
}

uint8_t step_widen(uint32_t can, uint8_t rights, uint32_t need)
{
    uint8_t base = plain(rights);
    uint32_t bits = rights_allow(base) | (need & ACCESS_RWX);
    if (base == XMEM_R_PW && bits == XMEM_ACCESS_R && (can & XMEM_RIGHTS_BIT(XMEM_R_PW)))
        return XMEM_R_PW;
    for (uint32_t more = 0; more <= ACCESS_RWX; more++) { /* rights that cannot be said alone */
        uint32_t r = XMEM_N + (bits | more);
        if (can & XMEM_RIGHTS_BIT(r))
            return (uint8_t)r;
    }
    return XMEM_RWX;
}

/* ---- phases ---- */

static bool in_phase(const struct step *s, enum step_phase phase, uint32_t means)
{
    return s->phase == (uint8_t)phase && (s->means & means);
}

void step_phase(struct xmem_domain *d, uint32_t vcpu, enum step_phase phase)
{
    struct step *s = &d->vcpus[vcpu].step;
    if (!s->phase && phase)
        d->steps_n++;
    else if (s->phase && !phase)
        d->steps_n--;
    if (s->phase == STEP_RUNS && phase != STEP_RUNS)
        step_view_release(s);
    s->next = NULL;
    d->later_n += phase == STEP_LATER;
    d->later_n -= s->phase == STEP_LATER;
    s->phase = (uint8_t)phase;
}

void step_reset(struct xmem_domain *d, uint32_t vcpu)
{
    struct step *s = &d->vcpus[vcpu].step;
    step_phase(d, vcpu, STEP_NONE);
    s->pages.n = 0;
    s->again = 0;
    s->failed = 0;
    s->unhook = s->exclusive = false;
    s->later = NULL;
}

void step_let_run(struct xmem_domain *d)
{
    struct timespec t = {.tv_nsec = LET_RUN_NS};
    if (!d->ops->event_idle || !d->ops->event_idle(d->dom))
        nanosleep(&t, NULL);
}

void step_fast(struct xmem_domain *d, uint32_t vcpu, uint16_t view, uint16_t end)
{
    d->vcpus[vcpu].fast_view = view;
    d->vcpus[vcpu].fast_end = end;
    d->vcpus[vcpu].fast_skips = false;
    d->vcpus[vcpu].fast_looks = 0;
    d->vcpus[vcpu].fast = true;
    d->vcpus[vcpu].led->stepped = true;
    d->led->views_switched = true;
}

/* ---- the one owner of a vCPU's single step, and of its way back ---- */

void step_toggle(struct xmem_domain *d, uint32_t vcpu)
{
    d->vcpus[vcpu].user_step = !d->vcpus[vcpu].user_step;
    d->vcpus[vcpu].attention = true;
}

static bool away(const struct xmem_domain *d, const struct event *ev)
{
    return (ev->req.flags & RING_FLAG_ALTERNATE_P2M) && step_view_of(d, ev->req.view);
}

/* The view that it ran in, which the caller's view of the event need not be. */
static uint16_t came_from(const struct event *ev)
{
    return ev->req.flags & RING_FLAG_ALTERNATE_P2M ? ev->req.view : 0;
}

bool step_is_fast(const struct xmem_domain *d, const struct event *ev)
{
    return d->vcpus[ev->pub.vcpu].fast;
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
static void way_back(struct xmem_domain *d, const struct event *ev, struct answer *a)
{
    if (a->flags & RING_FLAG_ALTERNATE_P2M)
        return;
    a->flags |= RING_FLAG_ALTERNATE_P2M;
    a->view = domain_view(d, ev->home) ? ev->home : 0;
}

void step_answer(struct xmem_domain *d, struct event *ev, struct answer *a)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    if (!(ev->req.flags & RING_FLAG_VCPU_PAUSED))
        return;
    v->attention = false;
    step_arm_leave(d, ev, a);
    if (v->step.phase == STEP_STOPPED) { /* answered by something else: the step is over */
        v->own_step = false;
        step_reset(d, ev->pub.vcpu);
    }
    bool sent = a->flags & RING_FLAG_ALTERNATE_P2M;
    if (away(d, ev))
        way_back(d, ev, a);
    if (v->fast)
        keep_fast(v, ev, a, sent);
    if ((v->user_step || v->own_step) != v->hw_step) {
        a->flags |= RING_FLAG_TOGGLE_SINGLESTEP;
        v->hw_step = !v->hw_step;
        v->led->stepped = true;
    }
}

/* ---- choosing ---- */

uint64_t step_registers(struct xmem_domain *d, struct event *ev)
{
    const uint8_t *data = event_data(d, ev);
    uint64_t sum = 0, word;
    for (size_t i = 0; d->ring.arch != XMEM_ARCH_ARM && i < GENERAL_REGISTERS; i++) {
        memcpy(&word, data + i * sizeof(word), sizeof(word));
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
    }
    return sum;
}

uint64_t step_pc(struct xmem_domain *d, struct event *ev)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    ring_regs_decode(&d->ring, event_data(d, ev), &regs);
    return regs.arch == XMEM_ARCH_ARM ? regs.u.arm.pc : regs.u.x86.rip;
}

/* In the order of what they let pass. */
static int by_some_means(struct xmem_domain *d, struct event *ev, uint32_t means)
{
    static const struct {
        uint32_t means;
        bool tight;
        int (*fn)(struct xmem_domain *d, struct event *ev);
    } all[] = {
        {XMEM_STEP_HYPERVISOR, false, step_by_hypervisor},
        {XMEM_STEP_VIEW, false, step_by_view},
        {XMEM_STEP_SINGLE, true, step_by_single},
        {XMEM_STEP_EMULATE, false, step_by_emulation},
        {XMEM_STEP_SINGLE, false, step_by_single},
        {XMEM_STEP_RELAX, false, step_by_relaxing},
    };
    int rc = -EOPNOTSUPP;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!(means & all[i].means) || (all[i].tight && step_passes(d, all[i].means)) ||
            step_barred(d, &d->vcpus[ev->pub.vcpu].step, all[i].means))
            continue;
        uint8_t before = d->vcpus[ev->pub.vcpu].step.means;
        d->vcpus[ev->pub.vcpu].step.means = (uint8_t)all[i].means;
        rc = all[i].fn(d, ev);
        if (!rc) {
            ev->pub.stepped = all[i].means;
            ev->pub.passes = step_passes_now(d, ev, all[i].means);
            return 0;
        }
        d->vcpus[ev->pub.vcpu].step.means = before;
        if (rc != -EOPNOTSUPP && rc != -ENOSPC)
            return rc;
    }
    return step_refuse(d, ev, means);
}

/* Where the vCPU goes after its instruction: a fast single step of the caller's leads elsewhere. */
static uint16_t way_on(const struct xmem_domain *d, const struct event *ev)
{
    const struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    return v->fast && v->fast_view == ev->home ? v->fast_end : ev->home;
}

/*
 * Relaxed, and no look saw it go on: is it still there? A loop comes back to the same pc, with
 * other registers where the event has them; on Arm it has not, but an instruction of the context's
 * registers touches few pages.
 */
static bool same_instruction(struct xmem_domain *d, struct event *ev, const struct step *s)
{
    bool known = step_pages_have(&s->pages, ev->pub.u.mem.gfn, 0);
    uint32_t most = d->ring.arch == XMEM_ARCH_ARM ? ARM_PAGES : STEP_PAGES;
    if (s->pages.n >= most && !known)
        return false;
    return s->pc == step_pc(d, ev) && s->registers == step_registers(d, ev);
}

/* The step that the event goes on with: an instruction's further page, or a new one. */
static struct step *begin(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &d->vcpus[ev->pub.vcpu].step;
    bool same = s->phase == STEP_STOPPED && s->origin == ev->home && !s->unhook;
    if (in_phase(s, STEP_STOPPED, XMEM_STEP_RELAX) && !same_instruction(d, ev, s))
        same = false;
    if (!same) {
        d->vcpus[ev->pub.vcpu].own_step = false;
        step_reset(d, ev->pub.vcpu);
    }
    s->origin = ev->home;
    if (!same)
        s->back = way_on(d, ev);
    return s;
}

static int step_access(struct xmem_domain *d, struct event *ev)
{
    struct step *s = begin(d, ev);
    struct step_page last = s->pages.n ? s->pages.v[s->pages.n - 1] : (struct step_page){0};
    uint32_t n = s->pages.n, need = ev->pub.u.mem.access & ACCESS_RWX;
    bool again = step_pages_have(&s->pages, ev->pub.u.mem.gfn, need);
    s->strict = step_wants_strict(d, ev);
    if (!pages_add(&s->pages, ev->pub.u.mem.gfn, need))
        return domain_refuse(d, -EOPNOTSUPP, "vCPU %" PRIu32 " cannot be stepped over gfn 0x%"
                             PRIx64 ": its instruction touches more than %u pages",
                             ev->pub.vcpu, ev->pub.u.mem.gfn, STEP_PAGES);
    int rc = by_some_means(d, ev, d->caps.step_means);
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
static int past_breakpoint(struct xmem_domain *d, struct event *ev)
{
    struct view *v = domain_view(d, ev->home);
    struct step *s = &d->vcpus[ev->pub.vcpu].step;
    uint64_t gfn = ev->pub.u.debug.gfn;
    if (!v || !view_remapped(v, gfn))
        return event_reinject(d, ev);
    step_reset(d, ev->pub.vcpu);
    s->strict = step_wants_strict(d, ev);
    if (!(d->caps.step_means & XMEM_STEP_VIEW) || step_barred(d, s, XMEM_STEP_VIEW))
        return domain_refuse(d, -EOPNOTSUPP, "vCPU %" PRIu32 " cannot be stepped over the "
                             "breakpoint in gfn 0x%" PRIx64 ": no fast single step in a view%s",
                             ev->pub.vcpu, gfn, s->strict ? " that the guest cannot enter" : "");
    s->origin = ev->home;
    s->back = way_on(d, ev);
    s->means = XMEM_STEP_VIEW;
    s->unhook = true;
    (void)pages_add(&s->pages, gfn, XMEM_ACCESS_X);
    int rc = step_by_view(d, ev);
    if (!rc)
        d->stats.steps++;
    else
        step_reset(d, ev->pub.vcpu);
    return rc;
}

int step_over(struct xmem_domain *d, struct event *ev)
{
    bool waits = ev->pub.flags & XMEM_EVENT_PAUSED;
    if (ev->pub.reason == XMEM_EVENT_BREAKPOINT && waits)
        return past_breakpoint(d, ev);
    if (ev->pub.reason == XMEM_EVENT_MEM_ACCESS && waits && d->guarded && copies_writes(d, ev))
        return copies_stepped(d, ev->pub.vcpu, step_access(d, ev));
    if (ev->pub.reason == XMEM_EVENT_MEM_ACCESS && waits)
        return d->step_view_n && step_view_again(d, ev) ? 0 : step_access(d, ev);
    return event_go_on(d, ev);
}

int step_resume(struct xmem_domain *d)
{
    int first = 0;
    for (uint32_t i = 0; i < d->vcpu_n && d->later_n && !d->pauses; i++) {
        struct step *s = &d->vcpus[i].step;
        struct event *ev = s->later;
        if (s->phase != STEP_LATER)
            continue;
        s->later = NULL;
        ev->state = EVENT_HELD;
        step_phase(d, i, STEP_STOPPED);
        int rc = by_some_means(d, ev, d->caps.step_means);
        if (rc) {
            step_reset(d, i);
            event_answer(d, ev, 0); /* it meets the page again, and is told again */
        }
        if (!first)
            first = rc;
    }
    return first;
}

void step_emulated(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &d->vcpus[ev->pub.vcpu].step;
    if (!d->led->emul_monitor || ev->pub.reason != XMEM_EVENT_MEM_ACCESS)
        return;
    s->origin = s->back = ev->home;
    s->means = XMEM_STEP_EMULATE;
    if (pages_add(&s->pages, ev->pub.u.mem.gfn, ev->pub.u.mem.access & ACCESS_RWX))
        step_phase(d, ev->pub.vcpu, STEP_RUNS);
}

/* ---- events of vCPUs in a step ---- */

/* The hypervisor cannot do it, and has not begun: by another means. */
static int not_emulated(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &d->vcpus[ev->pub.vcpu].step;
    ev->home = s->origin;
    s->failed |= s->means;
    if (!step_arm_can(d)) /* the hypervisor's emulator is the first that it tries */
        s->failed |= XMEM_STEP_EMULATE;
    d->stats.not_decoded++;
    step_refused(d, ev);
    step_phase(d, ev->pub.vcpu, STEP_STOPPED);
    int rc = by_some_means(d, ev, d->caps.step_means);
    if (!rc)
        return 1;
    if (s->strict)
        return step_tell_again(d, ev);
    step_reset(d, ev->pub.vcpu); /* to be tried again it would only be reported again */
    if (event_inject_undefined(d, ev))
        return 0;
    event_answer(d, ev, 0);
    return 1;
}

/* A single step's event: ours, or the caller's, or both. */
static int single_stepped(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    bool ours = v->own_step;
    int rc = 0;
    if (in_phase(&v->step, STEP_RUNS, XMEM_STEP_SINGLE)) {
        rc = step_close(d, ev->pub.vcpu);
        step_reset(d, ev->pub.vcpu);
        v->repeats = 0;
    }
    v->own_step = false;
    v->attention = v->attention || v->hw_step != v->user_step;
    if (!rc && (v->user_step || (!ours && d->step_monitor_user)))
        return 0;
    event_answer(d, ev, 0);
    return rc ? rc : 1;
}

/* The vCPU has another event in the middle of its instruction, which the caller will see. */
static int stop(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    int rc = step_close(d, ev->pub.vcpu);
    step_phase(d, ev->pub.vcpu, STEP_STOPPED);
    v->attention = true;
    if (rc)
        event_answer(d, ev, 0);
    return rc;
}

static int event_in_step(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &d->vcpus[ev->pub.vcpu].step;
    if ((s->means & (XMEM_STEP_EMULATE | XMEM_STEP_HYPERVISOR)) &&
        ev->pub.reason == XMEM_EVENT_EMUL_UNIMPLEMENTED)
        return not_emulated(d, ev);
    if (s->means == XMEM_STEP_SINGLE && ev->pub.reason != XMEM_EVENT_SINGLESTEP)
        return stop(d, ev);
    if (s->means != XMEM_STEP_SINGLE) { /* by view, or the hypervisor: it is done */
        step_reset(d, ev->pub.vcpu);
        d->vcpus[ev->pub.vcpu].repeats = 0;
    }
    return 0;
}

/* 1: the page that it was asked for, and the step begins; 0: another event, which ends it. */
static int asked_again(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &d->vcpus[ev->pub.vcpu].step;
    bool same = ev->pub.reason == XMEM_EVENT_MEM_ACCESS && s->origin == ev->home &&
                s->pc == step_pc(d, ev) &&
                step_pages_have(&s->pages, ev->pub.u.mem.gfn, ev->pub.u.mem.access & ACCESS_RWX);
    if (same) {
        step_phase(d, ev->pub.vcpu, STEP_STOPPED);
        if (!by_some_means(d, ev, d->caps.step_means))
            return 1;
    }
    step_reset(d, ev->pub.vcpu);
    return 0;
}

static int event_of_step(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    struct step_view *sv = d->step_view_n && ev->pub.view ? step_view_of(d, ev->pub.view) : NULL;
    if (!(ev->req.flags & RING_FLAG_VCPU_PAUSED))
        return 0;
    if (v->step.in && !sv) {
        step_view_left(d, &v->step);
        v->fast = false;
        v->repeats = 0; /* it got on */
        return ev->pub.reason == XMEM_EVENT_SINGLESTEP ? single_stepped(d, ev) : 0;
    }
    if (v->fast)
        look_for_fast(ev, v);
    if (sv)
        return step_view_event(d, ev, sv);
    if (v->step.phase == STEP_ASKED && asked_again(d, ev))
        return 1;
    if (v->step.phase == STEP_STOPPED) /* any answer but stepping over ends the step */
        v->attention = true;
    int rc = v->step.phase == STEP_RUNS ? event_in_step(d, ev) : 0;
    if (rc || ev->pub.reason != XMEM_EVENT_SINGLESTEP) {
        if (ev->pub.reason == XMEM_EVENT_EMUL_UNIMPLEMENTED && !rc && !d->emul_monitor_user) {
            event_answer(d, ev, 0);
            return 1;
        }
        return rc;
    }
    return single_stepped(d, ev);
}

int step_event(struct xmem_domain *d, struct event *ev)
{
    int rc = event_of_step(d, ev);
    if (!d->later_n || d->pauses)
        return rc;
    int rc2 = step_resume(d); /* whoever waited for this step's end; one that fails is told again */
    return rc > 0 && rc2 ? rc2 : rc;
}

int step_alone(struct xmem_domain *d, uint32_t vcpu)
{
    int rc = d->vcpus[vcpu].fast ? 0 : monitor_single_step(d);
    if (rc)
        return domain_fail(d, rc, 0, "single step cannot be monitored");
    d->vcpus[vcpu].own_step = !d->vcpus[vcpu].fast;
    d->vcpus[vcpu].attention = true;
    return 0;
}

/* ---- for the end of the session ---- */

/* One that was taken at the end does not know yet where its vCPU belongs. */
static void not_in_step_view(struct xmem_domain *d, struct event *ev)
{
    const struct step_view *sv = step_view_of(d, ev->home);
    if (sv)
        ev->home = sv->origin;
}

/* Is there a fast single step to see through? One that was sent home may be to come still. */
static bool goes_on(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    if (v->fast)
        look_for_fast(ev, v);
    if (away(d, ev) && v->step.phase && v->step.means == XMEM_STEP_VIEW)
        return true;
    not_in_step_view(d, ev);
    if (!v->fast || !domain_view(d, ev->home))
        return false;
    step_reset(d, ev->pub.vcpu);
    v->step.origin = v->step.back = ev->home;
    v->step.means = XMEM_STEP_VIEW;
    return true;
}

bool step_see_through(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &d->vcpus[ev->pub.vcpu].step;
    if (ev->pub.reason != XMEM_EVENT_MEM_ACCESS || !(ev->pub.flags & XMEM_EVENT_PAUSED) ||
        !goes_on(d, ev) ||
        !pages_add(&s->pages, ev->pub.u.mem.gfn, ev->pub.u.mem.access & ACCESS_RWX))
        return false;
    if (s->phase == STEP_RUNS)
        step_phase(d, ev->pub.vcpu, STEP_STOPPED);
    ev->home = s->origin;
    d->vcpus[ev->pub.vcpu].attention = true;
    return !step_by_view(d, ev); /* or it waits, and is tried again */
}

bool step_forget(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    bool fast = v->fast && came_from(ev) == v->fast_view && v->fast_end != v->fast_view;
    not_in_step_view(d, ev);
    (void)step_close(d, ev->pub.vcpu); /* what fails is tried again by step_end_all() */
    step_reset(d, ev->pub.vcpu);
    v->user_step = v->own_step = v->fast = false;
    v->attention = true;
    return fast;
}

/* A fast single step makes no event when it is over: the vCPU has left its view then. */
static bool fast_going_on(struct xmem_domain *d, uint32_t vcpu)
{
    struct vcpu *v = &d->vcpus[vcpu];
    uint16_t view;
    if (!v->fast)
        return false;
    if (v->fast_end == v->fast_view || v->fast_view == NO_VIEW) { /* sent there: over as soon as it runs, */
        if (v->fast_looks < FAST_LOOKS)                           /* or else switched off from outside */
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
    return d->ops->vcpu_step_off && d->ops->vcpu_ran && !d->ops->vcpu_ran(d->dom, vcpu, &ns, &idle) &&
           idle;
}

bool step_any(struct xmem_domain *d)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        if ((d->vcpus[i].hw_step || fast_going_on(d, i)) && !sleeps(d, i))
            return true;
    return false;
}

int step_end_all(struct xmem_domain *d)
{
    int rc = step_close_all(d);
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        struct vcpu *v = &d->vcpus[i];
        v->user_step = v->own_step = v->attention = false;
    }
    return rc;
}
