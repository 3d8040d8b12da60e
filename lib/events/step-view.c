/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps by view: one instruction in a view of the library's own. Nothing is allowed there to
 * begin with (or, where a release copies the host's rights, what the host view allows); a page
 * that the instruction touches gets the rights that it has where the vCPU belongs, and what the
 * step's answers allow. What is open stays so until the next step, since the same page comes
 * again most of the time; but nobody is there then, and the guest cannot enter.
 */
#include "events/step.h"

#include "rights/rights.h"
#include "views/views.h"
#include "events/events-int.h"
#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MS 500    /* for vCPUs on the way to leave a step view */
#define OUT_LOOKS 64u /* whatever the clock says: the tool itself may not have run */
#define KEPT 3u       /* views that stay for one view's steps, while there are some */
#define AGAIN_MAX 64u /* events for what is open, before it is the caller's */

/* ---- the views ---- */

uint16_t xmi_step_home(const struct xmem_domain *d, uint32_t vcpu, uint16_t view)
{
    return xmi_step_view_of(d, view) ? vcpu_at(d, vcpu)->step.origin : view;
}

/* With a view that copies the host's rights none has to be said where the host is stood for. */
static int make_view(struct xmem_domain *d, uint16_t origin, struct step_view **out)
{
    struct step_view *sv;
    *out = NULL;
    if (xmi_array_room((void **)&steps_of(d)->views, steps_of(d)->view_n, &steps_of(d)->view_cap,
                       sizeof(sv)) ||
        !(sv = calloc(1, sizeof(*sv))))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    bool follow = !origin && (d->quirks & QUIRK_HOST_SET_OVERWRITES_VIEWS);
    int rc = xmi_view_make(d, XMEM_N, follow ? VIEW_FOLLOW : VIEW_STEP, NULL, &sv->v);
    if (rc) {
        free(sv);
        return rc;
    }
    sv->origin = origin;
    d->watched = true;
    if (d->ops->view_internal)
        (void)d->ops->view_internal(d->dom, sv->v->id, origin);
    steps_of(d)->views[steps_of(d)->view_n++] = sv;
    *out = sv;
    return 0;
}

void xmi_step_view_forget(struct xmem_domain *d, const struct view *v)
{
    for (size_t i = 0; i < steps_of(d)->view_n; i++) {
        struct step_view *sv = steps_of(d)->views[i];
        if (sv->v != v)
            continue;
        xmi_step_again_forget(d, sv);
        steps_of(d)->views[i] = steps_of(d)->views[--steps_of(d)->view_n];
        free(sv);
        return;
    }
}

/* Takes note of the vCPUs that left their step view. */
static void reap(struct xmem_domain *d)
{
    for (uint32_t i = 0; i < d->vcpu_n && steps_of(d)->view_n; i++) {
        struct step *s = &vcpu_at(d, i)->step;
        uint16_t view;
        if (!s->in || d->ops->view_get_vcpu(d->dom, i, &view) || view == s->in->v->id)
            continue;
        xmi_step_reset(d, i);
        vcpu_at(d, i)->repeats = 0; /* it got on */
        vcpu_at(d, i)->fast = false;
    }
}

/* Waits until what is true. A vCPU with an event that was not taken yet stays where it is. */
static bool wait_for(struct xmem_domain *d, bool (*what)(struct xmem_domain *d, uint16_t arg),
                     uint16_t arg)
{
    int64_t end = xmi_clock_ms() + OUT_MS;
    if (d->enabled && xmi_events_send(d))
        return false;
    for (unsigned i = 0; i < OUT_LOOKS || xmi_clock_ms() < end; i++) {
        reap(d);
        if (what(d, arg))
            return true;
        if (d->dead || d->pauses || (events_of(d)->broken && i >= OUT_LOOKS))
            break;
        xmi_step_let_run(d);
    }
    return false;
}

static int drop_view(struct xmem_domain *d, struct step_view *sv)
{
    int rc = d->ops->view_destroy(d->dom, sv->v->id);
    if (!rc)
        xmi_view_forget(d, sv->v);
    return rc;
}

static struct step_view *idle_one(const struct xmem_domain *d)
{
    for (size_t i = 0; i < steps_of(d)->view_n; i++)
        if (!steps_of(d)->views[i]->users)
            return steps_of(d)->views[i];
    return NULL;
}

bool xmi_step_view_drop(struct xmem_domain *d)
{
    struct step_view *sv = idle_one(d);
    if (!sv) {
        if (d->enabled && xmi_events_send(d)) /* else who was answered seems to have left */
            return false;
        reap(d);
        sv = idle_one(d);
    }
    return sv && !drop_view(d, sv);
}

/* ---- rights in them ---- */

static int set_rights(struct xmem_domain *d, struct step_view *sv, uint64_t gfn, uint8_t rights)
{
    uint64_t done;
    struct view *v = sv->v;
    struct run one = {gfn, UINT64_C(1) << 8 | rights};
    int rc = v->follow ? 0 : xmi_view_leaf_before_set(d, v, &(struct runs){&one, 1, 1});
    if (rc)
        return rc;
    if (!v->follow && xmi_known_prepare(&v->known, gfn, 1))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    d->stats.sets++;
    rc = d->ops->rights_set(d->dom, v->id, gfn, 1, rights, &done);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_SRCH | MAY_NOSPC,
                               "view %u, for stepping: gfn 0x%" PRIx64 " cannot be set to %s",
                               v->id, gfn, xmem_rights_name((enum xmem_rights)rights));
    if (!v->follow)
        (void)xmi_known_put(&v->known, gfn, 1, KNOWN_SET, known_code(rights));
    return 0;
}

static uint64_t shown_gfn(const struct view *v, uint64_t gfn)
{
    for (size_t i = 0; i < v->remaps.n; i++)
        if (remap_at(v, i)->gfn == gfn)
            return remap_at(v, i)->to_gfn;
    return XMEM_GFN_UNDO;
}

/* The step view shows the frame that the vCPU's own view shows; or the host's. */
static int show_frame(struct xmem_domain *d, struct step_view *sv, uint64_t gfn, bool host)
{
    const struct view *v = domain_view(d, sv->origin);
    if (!v->remaps.n && !sv->v->remaps.n)
        return 0;
    uint64_t want = host ? XMEM_GFN_UNDO : shown_gfn(v, gfn);
    if (want == shown_gfn(sv->v, gfn))
        return 0;
    return xmi_view_show(d, sv->v, gfn, want);
}

/* As in the view that it stands for, and what the step's answers allow. */
static int put_page(struct xmem_domain *d, struct step_view *sv, uint64_t gfn, uint32_t need,
                    bool host)
{
    uint8_t rights;
    host = host || (d->guarded && xmi_copies_unhook(d, sv->origin, gfn, need));
    int rc = show_frame(d, sv, gfn, host);
    if (!rc)
        rc = xmi_step_rights_of(d, domain_view(d, sv->origin), gfn, &rights);
    if (!rc)
        rc = set_rights(d, sv, gfn, xmi_step_widen(d->caps.view_rights, rights, need));
    sv->turns = sv->turns || (!rc && rights_turn(rights));
    return rc;
}

static bool fits(const struct step_view *sv, const struct step *s)
{
    if (sv->pages.n != s->pages.n || sv->unhook != s->unhook || sv->origin != s->origin || sv->bad)
        return false;
    for (uint32_t i = 0; i < s->pages.n; i++)
        if (sv->pages.v[i].gfn != s->pages.v[i].gfn || sv->pages.v[i].need != s->pages.v[i].need)
            return false;
    return true;
}

static bool was_open(const struct step_view *sv, const struct step_page *p)
{
    for (uint32_t i = 0; i < sv->pages.n; i++)
        if (sv->pages.v[i].gfn == p->gfn)
            return sv->pages.v[i].need == p->need;
    return false;
}

/* Closes what is not this step's. */
static int close_others(struct xmem_domain *d, struct step_view *sv, const struct step *s)
{
    for (uint32_t i = sv->pages.n; i--;) {
        struct step_page p = sv->pages.v[i];
        if (xmi_step_pages_have(&s->pages, p.gfn, p.need) && sv->unhook == s->unhook)
            continue;
        int rc = put_page(d, sv, p.gfn, 0, false);
        if (rc && rc != -ESRCH) /* it may have left the guest */
            return rc;
        xmi_step_pages_remove(&sv->pages, p.gfn, 1);
    }
    return 0;
}

/* Exactly the step's pages are open. On failure nothing else is. */
static int prepare(struct xmem_domain *d, struct step_view *sv, const struct step *s)
{
    sv->prepared = ++steps_of(d)->prepared;
    int rc = close_others(d, sv, s);
    if (rc)
        return rc;
    sv->unhook = s->unhook;
    for (uint32_t i = 0; i < s->pages.n && !rc; i++) {
        if (was_open(sv, &s->pages.v[i]))
            continue;
        rc = put_page(d, sv, s->pages.v[i].gfn, s->pages.v[i].need, s->unhook && !i);
    }
    if (!rc)
        sv->pages = s->pages;
    else if (domain_view(d, sv->origin)->remaps.n) /* it may show another frame by now */
        sv->bad = true;
    return rc;
}

/* ---- a view for a step ---- */

static struct step_view *find_fitting(const struct xmem_domain *d, const struct step *s)
{
    for (size_t i = 0; i < steps_of(d)->view_n; i++)
        if (fits(steps_of(d)->views[i], s))
            return steps_of(d)->views[i];
    return NULL;
}

/* One that has nothing open, else the one that was prepared longest ago. */
static struct step_view *idle_of(const struct xmem_domain *d, uint16_t origin)
{
    struct step_view *oldest = NULL;
    for (size_t i = 0; i < steps_of(d)->view_n; i++) {
        struct step_view *sv = steps_of(d)->views[i];
        if (!sv->users && sv->origin == origin && !sv->bad &&
            (!oldest || !sv->pages.n || (oldest->pages.n && sv->prepared < oldest->prepared)))
            oldest = sv;
    }
    return oldest;
}

/* Instructions of several pages, and several pages in turn, find theirs open in a view each. */
static bool may_keep_more(const struct xmem_domain *d, uint16_t origin)
{
    unsigned n = 0;
    for (size_t i = 0; i < steps_of(d)->view_n; i++)
        n += steps_of(d)->views[i]->origin == origin;
    return n < KEPT;
}

static void drop_bad(struct xmem_domain *d)
{
    for (size_t i = steps_of(d)->view_n; i--;)
        if (steps_of(d)->views[i]->bad && !steps_of(d)->views[i]->users)
            (void)drop_view(d, steps_of(d)->views[i]);
}

/* One that nobody is in: there is one, another can be made, or somebody left one. -EBUSY: not yet. */
static int find_idle(struct xmem_domain *d, uint16_t origin, struct step_view **out)
{
    int rc = -ENOSPC;
    drop_bad(d);
    *out = idle_of(d, origin);
    if (*out && (*out)->pages.n && may_keep_more(d, origin))
        *out = NULL;
    if (!*out)
        rc = make_view(d, origin, out);
    if (rc == -ENOSPC && !*out)
        *out = idle_of(d, origin);
    if (rc != -ENOSPC || *out)
        return *out ? 0 : rc;
    if (!steps_of(d)->view_n)
        return rc;
    rc = xmi_events_send(d); /* else who was answered seems to have left */
    if (rc)
        return rc;
    reap(d);
    if ((*out = idle_of(d, origin)))
        return 0;
    struct step_view *other = idle_one(d);
    rc = other ? drop_view(d, other) : -EBUSY;
    if (rc == -EBUSY) /* a vCPU is in it, if only with an event */
        return rc;
    return rc ? xmi_domain_fail(d, rc, 0, "a view for stepping cannot be destroyed")
              : make_view(d, origin, out);
}

static int place(struct xmem_domain *d, const struct step *s, struct step_view **out)
{
    if ((*out = find_fitting(d, s)))
        return 0;
    int rc = find_idle(d, s->origin, out);
    return rc ? rc : prepare(d, *out, s);
}

/* ---- answering ---- */

/*
 * A fast single step ends without an event and by itself. Where the caller single-steps too, or
 * where the guest could enter the view while it is open, an ordinary one is made, which tells
 * that it is over.
 */
static void answer_in(struct xmem_domain *d, struct event *ev, struct step_view *sv)
{
    struct vcpu *v = vcpu_of(d, ev);
    bool slow = v->user_step || v->own_step ||
                (!v->fast && (v->writes || !(d->caps.flags & XMEM_CAP_VISIBILITY)));
    struct answer a = {.flags = RING_FLAG_ALTERNATE_P2M, .view = sv->v->id};
    if (v->step.phase == STEP_STOPPED && v->step.was)
        v->step.was->then = sv;
    if (v->step.in != sv) {
        xmi_step_view_release(&v->step);
        v->step.in = v->step.was = sv;
        sv->users++;
    }
    xmi_step_set_phase(d, ev->pub.vcpu, STEP_RUNS);
    d->led->views_switched = true;
    if (slow) {
        v->fast = false;
        v->own_step = true;
        v->attention = true;
    } else {
        xmi_step_set_fast(d, ev->pub.vcpu, sv->v->id, v->step.back);
        a.flags |= RING_FLAG_FAST_SINGLESTEP;
        a.step_view = v->step.back;
    }
    xmi_event_answer_with(d, ev, &a);
}

static bool needs_monitor(const struct xmem_domain *d, const struct vcpu *v)
{
    return v->user_step || v->writes || (d->quirks & QUIRK_FAST_STEP_NEEDS_MONITOR) ||
           !(d->caps.flags & XMEM_CAP_VISIBILITY);
}

int xmi_step_by_view(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *vcpu = vcpu_of(d, ev);
    const struct view *v = domain_view(d, ev->home);
    struct step_view *sv;
    if (!v || (v->id && !v->own)) /* what another tool's view has cannot be known */
        return -EOPNOTSUPP;
    /* First: a view with the page open is taken as ready by the next step, which asks no more. */
    int rc = needs_monitor(d, vcpu) ? xmi_monitor_single_step(d) : 0;
    if (rc)
        return xmi_domain_fail(d, rc, 0, "single step cannot be monitored");
    rc = place(d, &vcpu->step, &sv);
    if (rc == -EBUSY) {
        if (d->ops->event_soon) /* a view is left without an event: for who polls the fd */
            (void)d->ops->event_soon(d->dom);
        return xmi_step_defer(d, ev);
    }
    if (!rc)
        answer_in(d, ev, sv);
    return rc;
}

/* ---- events in them ---- */

/* rx turns rw by the first write, as it would have without the step. */
static int turn(struct xmem_domain *d, struct view *v, uint64_t gfn, uint32_t access)
{
    uint8_t rights;
    int rc = xmi_step_rights_of(d, v, gfn, &rights);
    if (rc || rights != XMEM_RX2RW || !(access & XMEM_ACCESS_W))
        return rc;
    return xmi_step_turn(d, v, gfn, XMEM_RW);
}

/* Is the access one that the guest may do, where the vCPU belongs? Negative: not to be found out. */
static int check_allowed(struct xmem_domain *d, const struct event *ev)
{
    struct view *v = domain_view(d, ev->home);
    uint32_t access = ev->pub.u.mem.access & 7u;
    uint8_t rights;
    if (!v)
        return 0;
    int rc = xmi_step_rights_of(d, v, ev->pub.u.mem.gfn, &rights);
    return rc ? rc : !(access & ~rights_allow(rights));
}

/* Its page gets in the step view what it has in the vCPU's own; the instruction is tried again. */
static int open_in(struct xmem_domain *d, struct event *ev, struct step_view *sv)
{
    struct step *s = &vcpu_of(d, ev)->step;
    const struct xmem_event *e = &ev->pub;
    uint32_t need = 0;
    for (uint32_t i = 0; i < s->pages.n; i++)
        if (s->pages.v[i].gfn == e->u.mem.gfn)
            need = s->pages.v[i].need;
    int rc = turn(d, domain_view(d, s->origin), e->u.mem.gfn, e->u.mem.access);
    if (!rc)
        rc = put_page(d, sv, e->u.mem.gfn, need, s->unhook && e->u.mem.gfn == s->pages.v[0].gfn);
    if (!rc) {
        answer_in(d, ev, sv);
        return 1;
    }
    xmi_step_reset(d, e->vcpu);
    vcpu_at(d, e->vcpu)->attention = true;
    xmi_event_answer(d, ev, 0); /* back, where it meets its first page again */
    return rc;
}

/* A single step's event in the step view: the instruction is done. */
static int end_single_step(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    struct step_view *sv = v->step.in;
    bool ours = v->own_step;
    int rc = 0;
    xmi_step_reset(d, ev->pub.vcpu);
    v->own_step = false;
    if (sv && !sv->users && !(d->caps.flags & XMEM_CAP_VISIBILITY)) { /* the guest may enter */
        struct step none = {.origin = sv->origin};
        rc = prepare(d, sv, &none);
    }
    if (!rc && (v->user_step || (!ours && events_of(d)->step_monitor_user)))
        return 0;
    xmi_event_answer(d, ev, 0);
    return rc ? rc : 1;
}

/*
 * A vCPU that does no step has no business there: sent back, or told as of where it belongs. Its step
 * may have ended in the ring while all were switched.
 */
static int answer_stray(struct xmem_domain *d, struct event *ev, const struct step_view *sv)
{
    if (!ev->moved)
        ev->home = sv->origin;
    ev->pub.view = ev->home;
    bool ours = ev->pub.reason == XMEM_EVENT_SINGLESTEP && !vcpu_of(d, ev)->user_step;
    if (!ours && (ev->pub.reason != XMEM_EVENT_MEM_ACCESS || check_allowed(d, ev) <= 0))
        return 0;
    xmi_event_answer(d, ev, 0);
    return 1;
}

/* Below a breakpoint that hides an instruction stands one of the guest's own. */
static int breakpoint_below(struct xmem_domain *d, struct event *ev)
{
    xmi_step_reset(d, ev->pub.vcpu);
    if (xmi_event_reinject(d, ev))
        xmi_event_skip(d, ev, ev->pub.u.debug.insn_length);
    return 1;
}

int xmi_step_view_event(struct xmem_domain *d, struct event *ev, struct step_view *sv)
{
    struct step *s = &vcpu_of(d, ev)->step;
    const struct xmem_event *e = &ev->pub;
    vcpu_at(d, e->vcpu)->attention = true; /* its answer leads back */
    if (s->in != sv || s->phase != STEP_RUNS)
        return answer_stray(d, ev, sv);
    ev->home = ev->pub.view = s->origin;
    if (e->reason == XMEM_EVENT_SINGLESTEP)
        return end_single_step(d, ev);
    if (e->reason == XMEM_EVENT_BREAKPOINT && s->unhook)
        return breakpoint_below(d, ev);
    if (e->reason == XMEM_EVENT_MEM_ACCESS) {
        uint32_t need = e->u.mem.access & 7u;
        bool ours = xmi_step_pages_have(&s->pages, e->u.mem.gfn, need);
        if ((ours || check_allowed(d, ev) > 0) && ++s->again < AGAIN_MAX)
            return open_in(d, ev, sv);
    }
    xmi_step_set_phase(d, e->vcpu, STEP_STOPPED);
    return 0;
}

/* ---- changes around them ---- */

/* Nothing of the gfn is allowed there until it is asked for again. */
static void shut_gfn(struct xmem_domain *d, struct step_view *sv, uint64_t gfn)
{
    struct xmem_error text = d->error;
    if (set_rights(d, sv, gfn, XMEM_N))
        sv->bad = true;
    d->error = text;
}

static void shut_known(struct xmem_domain *d, struct step_view *sv, uint64_t gfn, uint64_t nr)
{
    uint64_t end = gfn + nr;
    while (gfn < end) {
        uint64_t some = end - gfn;
        uint8_t rights = known_set_of(xmi_known_run(&sv->v->known, gfn, &some));
        for (uint64_t i = 0; i < some && rights != KNOWN_NOTHING && rights != XMEM_N; i++)
            shut_gfn(d, sv, gfn + i);
        gfn += some;
    }
}

void xmi_step_rights_changed_far(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr)
{
    steps_of(d)->prepared++;
    for (size_t i = 0; i < steps_of(d)->view_n; i++) {
        struct step_view *sv = steps_of(d)->views[i];
        if (sv->origin != view)
            continue;
        if (!sv->v->follow) /* else the host's change is in force there as well */
            shut_known(d, sv, gfn, nr);
        xmi_step_pages_remove(&sv->pages, gfn, nr);
    }
    if (steps_of(d)->own_change)
        return;
    xmi_step_forget_open(d, view, gfn, nr);
    for (uint32_t i = 0; i < d->vcpu_n && steps_of(d)->n; i++) /* decided anew */
        if (vcpu_at(d, i)->step.phase && vcpu_at(d, i)->step.origin == view)
            xmi_step_pages_remove(&vcpu_at(d, i)->step.pages, gfn, nr);
}

static bool none_from(struct xmem_domain *d, uint16_t id)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        if (vcpu_at(d, i)->step.in && vcpu_at(d, i)->step.origin == id)
            return false;
    return true;
}

int xmi_step_drop_views_of(struct xmem_domain *d, uint16_t id)
{
    if (!steps_of(d)->view_n)
        return 0;
    if (!none_from(d, id) && !wait_for(d, none_from, id))
        return xmi_domain_refuse(
            d, -EBUSY,
            "view %u cannot be destroyed, a vCPU that is stepped over "
            "an access comes back to it; unpause the domain, or answer the events "
            "that are there, and try again",
            id);
    for (size_t i = steps_of(d)->view_n; i--;) {
        struct step_view *sv = steps_of(d)->views[i];
        int rc = sv->origin == id ? drop_view(d, sv) : 0;
        if (rc)
            return xmi_domain_fail(d, rc, MAY_BUSY, "view %u, for stepping, cannot be destroyed",
                                   sv->v->id);
    }
    return 0;
}

/* A vCPU whose event was not taken yet stands still, and can be switched there. */
static bool none_running(struct xmem_domain *d, uint16_t arg)
{
    (void)arg;
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        if (vcpu_at(d, i)->step.in && !xmi_ring_waiting(ring_of(d), i))
            return false;
    return true;
}

int xmi_step_prepare_switch(struct xmem_domain *d)
{
    if (!steps_of(d)->view_n || none_running(d, 0) || wait_for(d, none_running, 0))
        return 0;
    return xmi_domain_refuse(d, -EBUSY,
                             "domain %" PRIu32 " cannot be switched now: a vCPU that is "
                             "stepped over an access does not go on; unpause the domain, or answer "
                             "the events that are there, and try again",
                             d->domid);
}

void xmi_step_note_switch(struct xmem_domain *d, uint16_t view)
{
    for (uint32_t i = 0; i < EVENT_POOL; i++)
        events_of(d)->pool[i].home = view;
    events_of(d)->switched = d->enabled;
    events_of(d)->switched_to = view;
    events_of(d)->switched_at = d->enabled ? ring_produced(ring_of(d)) : 0;
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        struct step *s = &vcpu_at(d, i)->step;
        if (vcpu_at(d, i)->fast) { /* it would lead back from there */
            vcpu_at(d, i)->fast_view = NO_VIEW;
            vcpu_at(d, i)->attention = true;
        }
        if (s->phase == STEP_LATER)
            s->origin = s->back = view;
        if (s->in || (s->phase >= STEP_STOPPED && s->origin != view)) {
            vcpu_at(d, i)->own_step = false;
            xmi_step_reset(d, i);
        }
    }
}
