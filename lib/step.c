/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Letting one access through, by the first means that works:
 *  view     one instruction in a view where the page is open (altp2m, fast single step);
 *           other vCPUs never see it
 *  single   the page is opened, the others are held, the vCPU does a single step; its event
 *           arms the page again
 *  emulate  the hypervisor does the instruction
 *  relax    as single, but by watching the vCPU's program counter
 */
#include "step.h"

#include "changes.h"
#include "rights.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

/* How long a relaxed page waits for its vCPU to go on. */
#define RELAX_MS 50
#define RELAX_LOOKS 2000
#define RELAX_LOOKS_MIN 16 /* whatever the clock says: the tool itself may not have run */

/* ---- pages open for a moment ---- */

static size_t relaxed_users(const struct xmem_domain *d, uint16_t view, uint64_t gfn)
{
    size_t n = 0;
    for (size_t i = 0; i < d->relaxed_n; i++)
        n += d->relaxed[i].gfn == gfn && d->relaxed[i].view == view;
    return n;
}

bool step_relaxed(const struct xmem_domain *d, const struct view *v, uint64_t gfn)
{
    return d->relaxed_n && relaxed_users(d, v->id, gfn);
}

/* What the page is armed with again must be known before it is opened. */
static int know(struct xmem_domain *d, struct view *v, uint64_t gfn)
{
    uint8_t rights, byte = known_get(&v->known, gfn);
    if (byte & KNOWN_SET)
        return 0;
    int rc = domain_ask_rights(d, v, gfn, &rights);
    if (rc)
        return rc;
    uint8_t mask = byte & KNOWN_FOUND ? KNOWN_SET : 0xff;
    if (known_put(&v->known, gfn, 1, mask, domain_found_byte(d, v, rights)))
        return domain_refuse(d, -ENOMEM, "out of memory");
    return 0;
}

static int open_page(struct xmem_domain *d, struct view *v, uint64_t gfn, uint32_t vcpu)
{
    if (array_room((void **)&d->relaxed, d->relaxed_n, &d->relaxed_cap, sizeof(*d->relaxed)))
        return domain_refuse(d, -ENOMEM, "out of memory");
    int rc = know(d, v, gfn);
    if (!rc && !relaxed_users(d, v->id, gfn))
        rc = domain_force_rights(d, v, gfn, XMEM_RWX);
    if (!rc)
        d->relaxed[d->relaxed_n++] = (struct relaxed){gfn, v->id, vcpu};
    return rc;
}

static int arm(struct xmem_domain *d, const struct relaxed *r)
{
    struct view *v = domain_view(d, r->view);
    if (!v || relaxed_users(d, r->view, r->gfn))
        return 0;
    return domain_force_rights(d, v, r->gfn, known_set_of(known_get(&v->known, r->gfn)));
}

/* Arms what this vCPU had opened, unless another one is still on it. */
static int close_pages(struct xmem_domain *d, uint32_t vcpu)
{
    int first = 0;
    for (size_t i = 0; i < d->relaxed_n;) {
        struct relaxed r = d->relaxed[i];
        if (r.vcpu != vcpu) {
            i++;
            continue;
        }
        d->relaxed[i] = d->relaxed[--d->relaxed_n];
        int rc = arm(d, &r);
        if (!first)
            first = rc;
    }
    return first;
}

/* ---- holding the other vCPUs ---- */

static int hold(struct xmem_domain *d, uint32_t vcpu, bool on)
{
    if (d->vcpus[vcpu].held == on || !d->ops->vcpu_hold)
        return 0;
    int rc = d->ops->vcpu_hold(d->dom, vcpu, on);
    if (!rc)
        d->vcpus[vcpu].held = on;
    return rc == -EOPNOTSUPP || rc == -ENOSYS ? 0 : rc;
}

/* While anybody steps, only those who step run. */
static int hold_by_state(struct xmem_domain *d, bool some_step)
{
    int first = 0;
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        int rc = hold(d, i, some_step && !d->vcpus[i].stepping);
        if (!first)
            first = rc;
    }
    return first ? domain_fail(d, first, 0, "the other vCPUs cannot be held") : 0;
}

static void stepping(struct xmem_domain *d, uint32_t vcpu, bool on)
{
    if (d->vcpus[vcpu].stepping == on)
        return;
    d->vcpus[vcpu].stepping = on;
    d->stepping_n += on ? 1u : -1u;
}

void step_fast(struct xmem_domain *d, uint32_t vcpu, uint16_t view)
{
    d->vcpus[vcpu].fast_view = view;
    d->vcpus[vcpu].fast = true;
    d->views_switched = true;
}

int step_alone(struct xmem_domain *d, uint32_t vcpu, uint32_t *flags)
{
    struct vcpu *v = &d->vcpus[vcpu];
    int rc = monitor_single_step(d);
    if (rc)
        return domain_fail(d, rc, 0, "single step cannot be monitored");
    if (!v->stepping && !v->user_step)
        *flags |= RING_FLAG_TOGGLE_SINGLESTEP;
    stepping(d, vcpu, true);
    return 0;
}

bool step_forget(struct xmem_domain *d, const struct event *ev)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    uint16_t view = ev->req.flags & RING_FLAG_ALTERNATE_P2M ? ev->req.view : 0;
    bool was = v->stepping || v->user_step || (v->fast && view == v->fast_view);
    stepping(d, ev->pub.vcpu, false);
    v->user_step = v->fast = false;
    return was;
}

/* A fast single step makes no event when it is over: the vCPU has left its view then. */
static bool fast_going_on(struct xmem_domain *d, uint32_t vcpu)
{
    struct vcpu *v = &d->vcpus[vcpu];
    uint16_t view;
    if (v->fast && (d->ops->view_get_vcpu(d->dom, vcpu, &view) || view != v->fast_view))
        v->fast = false;
    return v->fast;
}

bool step_any(struct xmem_domain *d)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        if (d->vcpus[i].stepping || d->vcpus[i].user_step || fast_going_on(d, i))
            return true;
    return false;
}

int step_end_all(struct xmem_domain *d)
{
    int first = 0;
    while (d->relaxed_n) {
        int rc = close_pages(d, d->relaxed[0].vcpu);
        if (!first)
            first = rc;
    }
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        stepping(d, i, false);
        d->vcpus[i].user_step = d->vcpus[i].fast = false;
    }
    int rc = hold_by_state(d, false);
    return first ? first : rc;
}

/* ---- by a view ---- */

static int step_view_make(struct xmem_domain *d)
{
    if (d->step_view)
        return 0;
    return view_make(d, XMEM_RWX, true, &d->step_view);
}

bool step_view_drop(struct xmem_domain *d)
{
    struct view *v = d->step_view;
    if (!v || d->ops->view_destroy(d->dom, v->id))
        return false;
    view_forget(d, v);
    return true;
}

static int step_view_open(struct xmem_domain *d, uint64_t gfn)
{
    struct view *v = d->step_view;
    if (known_set_of(known_get(&v->known, gfn)) == XMEM_RWX)
        return 0;
    if (known_put(&v->known, gfn, 1, KNOWN_SET, known_code(XMEM_RWX)))
        return domain_refuse(d, -ENOMEM, "out of memory");
    uint64_t done;
    d->stats.sets++;
    int rc = d->ops->rights_set(d->dom, v->id, gfn, 1, XMEM_RWX, &done);
    if (!rc)
        return 0;
    (void)known_put(&v->known, gfn, 1, KNOWN_SET, 0);
    return domain_fail(d, rc, MAY_SRCH, "view %u: gfn 0x%" PRIx64 " cannot be opened", v->id, gfn);
}

static void answer_in_step_view(struct xmem_domain *d, struct event *ev, uint16_t back)
{
    step_fast(d, ev->pub.vcpu, d->step_view->id);
    d->vcpus[ev->pub.vcpu].step_return = back;
    struct answer a = {.flags = RING_FLAG_ALTERNATE_P2M | RING_FLAG_FAST_SINGLESTEP,
                       .view = d->step_view->id,
                       .step_view = back};
    event_answer_with(d, ev, &a);
}

/* Views of others may be remapped; the instruction must see the frames of its own view. */
static bool view_fits(const struct view *v)
{
    return v && !v->remap_n && (!v->id || v->own);
}

static int step_by_view(struct xmem_domain *d, struct event *ev, uint64_t gfn)
{
    int rc = step_view_make(d);
    if (!rc && (d->quirks & QUIRK_FAST_STEP_NEEDS_MONITOR))
        rc = monitor_single_step(d);
    if (!rc)
        rc = step_view_open(d, gfn);
    if (!rc)
        answer_in_step_view(d, ev, ev->pub.view);
    return rc;
}

static int by_view(struct xmem_domain *d, struct event *ev)
{
    if (!view_fits(domain_view(d, ev->pub.view)))
        return -EOPNOTSUPP;
    return step_by_view(d, ev, ev->pub.u.mem.gfn);
}

/*
 * A breakpoint: what stands below it is done, where the event's view has a page of its own for
 * it (the int3 is ours); the guest gets its own int3. To resume would be to hit it again.
 */
static int past_breakpoint(struct xmem_domain *d, struct event *ev)
{
    struct view *v = domain_view(d, ev->pub.view);
    if (!v || !view_remapped(v, ev->pub.u.debug.gfn))
        return event_reinject(d, ev);
    if (!(d->caps.step_means & XMEM_STEP_VIEW))
        return domain_refuse(d, -EOPNOTSUPP, "vCPU %" PRIu32 " cannot be stepped over the "
                             "breakpoint in gfn 0x%" PRIx64 ": no fast single step in a view",
                             ev->pub.vcpu, ev->pub.u.debug.gfn);
    int rc = step_by_view(d, ev, ev->pub.u.debug.gfn);
    if (!rc)
        d->stats.steps++;
    return rc;
}

/* ---- by a single step ---- */

static int by_single(struct xmem_domain *d, struct event *ev)
{
    uint32_t vcpu = ev->pub.vcpu;
    struct view *v = domain_view(d, ev->pub.view);
    bool again = d->vcpus[vcpu].stepping; /* one instruction, a second page */
    if (!v)
        return -EOPNOTSUPP;
    int rc = monitor_single_step(d);
    if (rc)
        return domain_fail(d, rc, 0, "single step cannot be monitored");
    stepping(d, vcpu, true);
    rc = hold_by_state(d, true);
    if (!rc)
        rc = open_page(d, v, ev->pub.u.mem.gfn, vcpu);
    if (rc) {
        if (!again)
            stepping(d, vcpu, false);
        (void)hold_by_state(d, d->stepping_n > 0);
        return rc;
    }
    bool toggle = !again && !d->vcpus[vcpu].user_step;
    event_answer(d, ev, toggle ? RING_FLAG_TOGGLE_SINGLESTEP : 0);
    return 0;
}

/* The step is done: arm, let the others go on, and single step off again. */
static int single_done(struct xmem_domain *d, uint32_t vcpu)
{
    stepping(d, vcpu, false);
    int rc = close_pages(d, vcpu);
    int rc2 = hold_by_state(d, d->stepping_n > 0);
    return rc ? rc : rc2;
}

/* ---- by emulation, by relaxing ---- */

static int by_emulation(struct xmem_domain *d, struct event *ev)
{
    event_answer(d, ev, RING_FLAG_EMULATE);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t pc_of(struct xmem_domain *d, struct event *ev)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    ring_regs_decode(&d->ring, event_data(d, ev), &regs);
    return regs.arch == XMEM_ARCH_ARM ? regs.u.arm.pc : regs.u.x86.rip;
}

/* Until the vCPU went on, had another event, or the time is over. */
static int watch_pc(struct xmem_domain *d, uint32_t vcpu, uint64_t before)
{
    int64_t end = now_ms() + RELAX_MS;
    uint64_t pc;
    for (unsigned i = 0; i < RELAX_LOOKS; i++) {
        int rc = d->ops->vcpu_peek(d->dom, vcpu, &pc);
        if (rc)
            return rc;
        if (pc != before || ring_waiting(&d->ring, vcpu) ||
            (i >= RELAX_LOOKS_MIN && now_ms() >= end))
            break;
    }
    return 0;
}

static int by_relaxing(struct xmem_domain *d, struct event *ev)
{
    uint32_t vcpu = ev->pub.vcpu;
    struct view *v = domain_view(d, ev->pub.view);
    if (!v || !d->ops->vcpu_peek || d->vcpus[vcpu].stepping)
        return -EOPNOTSUPP;
    uint64_t before = pc_of(d, ev);
    stepping(d, vcpu, true);
    int rc = hold_by_state(d, true);
    if (!rc)
        rc = open_page(d, v, ev->pub.u.mem.gfn, vcpu);
    if (!rc) {
        event_answer(d, ev, 0);
        rc = events_send(d);
        int rc2 = rc ? rc : watch_pc(d, vcpu, before);
        if (rc2 && !rc)
            rc = domain_fail(d, rc2, 0, "vCPU %" PRIu32 " cannot be watched", vcpu);
    }
    int rc2 = single_done(d, vcpu);
    return rc ? rc : rc2;
}

/* ---- choosing ---- */

int step_over(struct xmem_domain *d, struct event *ev)
{
    static const struct {
        uint32_t means;
        int (*fn)(struct xmem_domain *d, struct event *ev);
    } all[] = {
        {XMEM_STEP_VIEW, by_view},
        {XMEM_STEP_SINGLE, by_single},
        {XMEM_STEP_EMULATE, by_emulation},
        {XMEM_STEP_RELAX, by_relaxing},
    };
    int rc = -EOPNOTSUPP;
    if (ev->pub.reason == XMEM_EVENT_BREAKPOINT && (ev->pub.flags & XMEM_EVENT_PAUSED))
        return past_breakpoint(d, ev);
    if (ev->pub.reason != XMEM_EVENT_MEM_ACCESS || !(ev->pub.flags & XMEM_EVENT_PAUSED))
        return event_go_on(d, ev);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!(d->caps.step_means & all[i].means))
            continue;
        rc = all[i].fn(d, ev);
        if (!rc)
            d->stats.steps++;
        if (rc != -EOPNOTSUPP && rc != -ENOSPC)
            return rc;
    }
    return domain_refuse(d, -EOPNOTSUPP, "vCPU %" PRIu32 " cannot be stepped over gfn 0x%" PRIx64
                         ": none of the means allowed can do it", ev->pub.vcpu,
                         ev->pub.u.mem.gfn);
}

/* ---- events that stepping causes ---- */

/* Rights in a view as far as the session knows; KNOWN_NOTHING: as in the host view. */
static uint8_t rights_known(const struct view *v, uint64_t gfn)
{
    uint8_t rights = known_set_of(known_get(&v->known, gfn));
    return rights == KNOWN_NOTHING ? view_default(v) : rights;
}

/* In the step view: a page that is closed there, but not in the view that the vCPU belongs to. */
static int swallow_in_step_view(struct xmem_domain *d, struct event *ev)
{
    uint16_t back = d->vcpus[ev->pub.vcpu].step_return;
    struct view *v = domain_view(d, back);
    ev->pub.view = back; /* where the vCPU belongs */
    if (ev->pub.reason == XMEM_EVENT_BREAKPOINT) { /* below ours stands the guest's own */
        if (event_reinject(d, ev))
            event_skip(d, ev, ev->pub.u.debug.insn_length);
        return 1;
    }
    if (ev->pub.reason != XMEM_EVENT_MEM_ACCESS || !v || !back)
        return 0;
    uint8_t rights = rights_known(v, ev->pub.u.mem.gfn);
    if (rights == KNOWN_NOTHING || (ev->pub.u.mem.access & 7u & ~rights_allow(rights)))
        return 0;
    int rc = step_view_open(d, ev->pub.u.mem.gfn);
    answer_in_step_view(d, ev, back);
    return rc ? rc : 1;
}

static int swallow_step(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = &d->vcpus[ev->pub.vcpu];
    bool was_ours = v->stepping && !v->user_step;
    int rc = v->stepping ? single_done(d, ev->pub.vcpu) : 0;
    if (!rc && !was_ours && (d->step_monitor_user || v->user_step))
        return 0;
    /* Ours, or nobody asked for it. */
    event_answer(d, ev, was_ours ? RING_FLAG_TOGGLE_SINGLESTEP : 0);
    return rc ? rc : 1;
}

int step_swallow(struct xmem_domain *d, struct event *ev)
{
    if (d->step_view && ev->pub.view == d->step_view->id)
        return swallow_in_step_view(d, ev);
    if (ev->pub.reason == XMEM_EVENT_SINGLESTEP)
        return swallow_step(d, ev);
    return 0;
}
