/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps for which pages are opened in the view that the vCPU runs in: by single step, whose
 * event tells that it is over, and by relaxing, which watches the program counter. Other vCPUs
 * get through such a page meanwhile, unless they are held; so it is open as shortly as can be.
 */
#include "base/base.h"
#include "events/step.h"

#include "rights/rights.h"
#include "views/views.h"
#include "ledger/ledger.h"
#include "events/events-int.h"

#include <errno.h>
#include <inttypes.h>

/* How long a relaxed page waits for its vCPU to go on. */
#define RELAX_MS 50
#define RELAX_LOOKS 2000
#define LOOP_BYTES 64u /* a loop around an exclusive is within so many of it */
#define LOOP_MOVES 8u
#define SLOTS_LEFT 2u      /* for vCPUs that are waited for */
#define RELAX_LOOKS_MIN 16 /* whatever the clock says: the tool itself may not have run */

/* ---- pages open for a moment ---- */

/* What all steps together need of it; *n is how many there are. */
static uint32_t needed_access(const struct xmem_domain *d, uint16_t view, uint64_t gfn, size_t *n)
{
    uint32_t need = 0;
    *n = 0;
    for (size_t i = 0; i < steps_of(d)->relaxed.n; i++) {
        const struct relaxed *r = relaxed_at(d, i);
        if (r->gfn != gfn || r->view != view)
            continue;
        need |= r->need;
        ++*n;
    }
    return need;
}

/* What the page is armed with again must be known before it is opened. */
static int learn_rights(struct xmem_domain *d, struct view *v, uint64_t gfn)
{
    uint8_t rights, byte = xmi_known_get(&v->known, gfn);
    if (known_set_of(byte) != KNOWN_NOTHING)
        return 0;
    int rc = xmi_domain_ask_rights(d, v, gfn, &rights);
    if (rc)
        return rc;
    uint8_t mask = byte & KNOWN_FOUND ? KNOWN_SET : 0xff;
    if (xmi_known_put(&v->known, gfn, 1, mask, xmi_domain_found_byte(d, v, rights)))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    return 0;
}

/* For all that the steps do not open. */
static uint8_t armed_rights(const struct xmem_domain *d, const struct view *v, uint64_t gfn)
{
    return guards_narrow(d, v, gfn, known_set_of(xmi_known_get(&v->known, gfn)));
}

/* In force is what the steps need, beside what the page has. */
static int put_in_force(struct xmem_domain *d, struct view *v, uint64_t gfn)
{
    size_t n;
    uint32_t need = needed_access(d, v->id, gfn, &n);
    uint8_t rights = armed_rights(d, v, gfn);
    if (n)
        rights = xmi_step_widen(v->id ? d->caps.view_rights : d->caps.rights, rights, need);
    steps_of(d)->own_change = true;
    int rc = xmi_domain_force_open(d, v, gfn, rights);
    steps_of(d)->own_change = false;
    return rc;
}

/* For a machine that checks itself. */
static void note_open(struct xmem_domain *d, const struct relaxed *r, bool open)
{
    struct view *v = domain_view(d, r->view);
    if (d->ops->step_note && v)
        (void)d->ops->step_note(d->dom, r->view, r->gfn, r->vcpu, armed_rights(d, v, r->gfn), open);
}

static int open_page(struct xmem_domain *d, struct view *v, const struct step_page *p,
                     uint32_t vcpu)
{
    size_t n;
    if (xmi_list_room(&steps_of(d)->relaxed))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    int rc = learn_rights(d, v, p->gfn);
    if (rc)
        return rc;
    xmi_step_arm_pages_changed(d, p->gfn, 1); /* the guest may give it away meanwhile, unseen */
    bool open = !(p->need & ~needed_access(d, v->id, p->gfn, &n)) && n;
    struct relaxed r = {.gfn = p->gfn, .view = v->id, .need = (uint8_t)p->need, .vcpu = vcpu};
    xmi_list_push(&steps_of(d)->relaxed, &r);
    note_open(d, &r, true);
    return open ? 0 : put_in_force(d, v, p->gfn);
}

/* Arms the page, as far as no other vCPU is on it; where that fails the entry stays. */
static int close_page(struct xmem_domain *d, size_t i)
{
    struct relaxed r = *relaxed_at(d, i);
    struct view *v = domain_view(d, r.view);
    size_t n;
    ledger_begin(d, LEDGER_RIGHTS, r.view, r.gfn, r.gfn);
    xmi_list_drop(&steps_of(d)->relaxed, (uint32_t)i);
    bool same = r.need && (needed_access(d, r.view, r.gfn, &n) & r.need) == r.need && n;
    int rc = v && !same ? put_in_force(d, v, r.gfn) : 0;
    if (!rc) {
        note_open(d, &r, false);
        return 0;
    }
    r.need = 0;
    xmi_list_push(&steps_of(d)->relaxed, &r);
    return rc;
}

#define ALL_VCPUS UINT32_MAX

static int close_pages(struct xmem_domain *d, uint32_t vcpu)
{
    int first = 0;
    for (size_t i = steps_of(d)->relaxed.n; i--;) {
        if (vcpu != ALL_VCPUS && relaxed_at(d, i)->vcpu != vcpu)
            continue;
        int rc = close_page(d, i);
        if (!first)
            first = rc;
    }
    return first;
}

void xmi_step_forget_open(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr)
{
    for (size_t i = steps_of(d)->relaxed.n; i--;) {
        struct relaxed r = *relaxed_at(d, i);
        if (r.view != view || r.gfn - gfn >= nr)
            continue;
        xmi_list_drop(&steps_of(d)->relaxed, (uint32_t)i);
        note_open(d, &r, false);
    }
}

static int open_pages(struct xmem_domain *d, struct view *v, uint32_t vcpu)
{
    const struct step_pages *p = &vcpu_at(d, vcpu)->step.pages;
    int rc = 0;
    for (uint32_t i = 0; i < p->n && !rc; i++)
        rc = open_page(d, v, &p->v[i], vcpu);
    if (rc) { /* the last one as well: in another view it may be open by now */
        struct xmem_error why = d->error;
        if (close_pages(d, vcpu))
            steps_of(d)->owed = true;
        else
            d->error = why;
    }
    return rc;
}

/* ---- holding the other vCPUs ---- */

static bool is_open(const struct xmem_domain *d, uint32_t vcpu)
{
    const struct step *s = &vcpu_at(d, vcpu)->step;
    return s->phase == STEP_RUNS && (s->means & (XMEM_STEP_SINGLE | XMEM_STEP_RELAX));
}

static bool never_holds(int rc)
{
    return rc == -EOPNOTSUPP || rc == -ENOSYS;
}

static int hold(struct xmem_domain *d, uint32_t vcpu, bool on)
{
    if (vcpu_at(d, vcpu)->led->held == on || !d->ops->vcpu_hold)
        return 0;
    bool before = vcpu_at(d, vcpu)->led->held;
    vcpu_at(d, vcpu)->led->held = true;
    int rc = d->ops->vcpu_hold(d->dom, vcpu, on);
    vcpu_at(d, vcpu)->led->held = rc ? before : on;
    if (!never_holds(rc))
        return rc;
    steps_of(d)->no_hold = true;
    return 0;
}

/* While anybody's page is open, only those whose pages are run. */
static int hold_by_state(struct xmem_domain *d)
{
    int first = 0;
    bool some = steps_of(d)->holding_n;
    for (uint32_t i = 0; i < d->vcpu_n && !(some && steps_of(d)->no_hold); i++) {
        int rc = hold(d, i, some && !is_open(d, i));
        if (!first)
            first = rc;
    }
    return first ? xmi_domain_fail(d, first, 0, "the other vCPUs cannot be held") : 0;
}

/* The vCPU's pages are about to be open, or are closed. */
static int set_open(struct xmem_domain *d, uint32_t vcpu, bool on)
{
    if (on == is_open(d, vcpu))
        return 0;
    xmi_step_set_phase(d, vcpu, on ? STEP_RUNS : STEP_STOPPED);
    steps_of(d)->holding_n += on ? 1u : -1u;
    return hold_by_state(d);
}

/* Most hypervisors are built without what could hold a vCPU: tried once. */
static bool can_hold(struct xmem_domain *d)
{
    if (!steps_of(d)->hold_asked && d->ops->vcpu_hold && !vcpu_at(d, 0)->led->held) {
        vcpu_at(d, 0)->led->held = true;
        int rc = d->ops->vcpu_hold(d->dom, 0, true);
        vcpu_at(d, 0)->led->held = !rc && d->ops->vcpu_hold(d->dom, 0, false);
        if (rc && !never_holds(rc)) /* asked again; who steps meanwhile is told */
            return true;
        steps_of(d)->no_hold = rc;
        steps_of(d)->owed |= vcpu_at(d, 0)->led->held; /* it could not be let go again */
        steps_of(d)->hold_asked = true;
    }
    return d->ops->vcpu_hold && !steps_of(d)->no_hold;
}

uint32_t xmi_step_passes(struct xmem_domain *d, uint32_t means)
{
    uint32_t others = d->vcpu_n > 1 && (means & (XMEM_STEP_SINGLE | XMEM_STEP_RELAX)) &&
                              !can_hold(d)
                          ? XMEM_PASSES_OTHERS
                          : 0;
    if (means == XMEM_STEP_HYPERVISOR)
        return 0;
    if (means == XMEM_STEP_VIEW) /* the guest may get into it, where it cannot be hidden */
        return d->caps.flags & XMEM_CAP_VISIBILITY ? 0 : XMEM_PASSES_OTHERS;
    if (means == XMEM_STEP_EMULATE)
        return xmi_step_arm_can(d) || (d->quirks & QUIRK_EMULATES_BY_RIGHTS) ? 0
                                                                             : XMEM_PASSES_PAGES;
    return others | (means == XMEM_STEP_RELAX ? XMEM_PASSES_AGAIN : 0);
}

uint32_t xmi_step_airtight(struct xmem_domain *d)
{
    uint32_t tight = 0;
    for (uint32_t means = XMEM_STEP_VIEW; means <= XMEM_STEP_HYPERVISOR; means <<= 1)
        if ((d->caps.step_means & means) && !xmi_step_passes(d, means))
            tight |= means;
    return tight;
}

int xmi_step_close(struct xmem_domain *d, uint32_t vcpu)
{
    if (!is_open(d, vcpu))
        return 0;
    int rc = close_pages(d, vcpu), rc2 = set_open(d, vcpu, false);
    int rc3 = d->guarded ? xmi_copies_follow_closed(d, vcpu) : 0;
    steps_of(d)->owed |= rc || rc2 || rc3;
    return rc ? rc : rc2 ? rc2 : rc3;
}

/* Once: a page that left the guest is refused each time. */
int xmi_step_pay(struct xmem_domain *d)
{
    int first = 0;
    steps_of(d)->owed = false;
    for (size_t i = steps_of(d)->relaxed.n; i--;) {
        int rc = relaxed_at(d, i)->need ? 0 : close_page(d, i);
        first = first ? first : rc;
    }
    int rc = hold_by_state(d), rc2 = d->guarded ? xmi_copies_look(d, COPIES_ALL) : 0;
    return first ? first : rc ? rc : rc2;
}

int xmi_step_close_all(struct xmem_domain *d)
{
    int first = close_pages(d, ALL_VCPUS);
    for (size_t i = 0; i < steps_of(d)->relaxed.n;
         i++) /* still open: the walk over the ledger tries again */
        if (domain_view(d, relaxed_at(d, i)->view))
            view_unsure(domain_view(d, relaxed_at(d, i)->view), true);
    xmi_list_cut(&steps_of(d)->relaxed, 0);
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        xmi_step_reset(d, i);
    steps_of(d)->holding_n = 0;
    int rc = hold_by_state(d);
    return first ? first : rc;
}

/* The others held, the pages open. On failure as before. */
static int begin_open(struct xmem_domain *d, struct view *v, uint32_t vcpu)
{
    uint8_t before = vcpu_at(d, vcpu)->step.phase;
    int rc = set_open(d, vcpu, true);
    if (!rc)
        rc = open_pages(d, v, vcpu);
    if (rc) {
        struct xmem_error why = d->error;
        (void)set_open(d, vcpu, false);
        xmi_step_set_phase(d, vcpu, before);
        d->error = why;
    }
    return rc;
}

/* ---- steps that wait ---- */

/*
 * An event that waits keeps its slot in the ring. The last ones must not go that way: whoever
 * is waited for may need one to go on.
 */
static bool slots_short(const struct xmem_domain *d)
{
    return d->vcpu_n > ring_of(d)->slots && steps_of(d)->later_n + SLOTS_LEFT >= ring_of(d)->slots;
}

static void ask_again(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    v->step.pc = xmi_event_pc(d, ev);
    v->own_step = false;
    v->attention = true;
    xmi_step_set_phase(d, ev->pub.vcpu, STEP_ASKED);
    xmi_event_answer(d, ev, 0);
}

int xmi_step_defer(struct xmem_domain *d, struct event *ev)
{
    struct step *s = &vcpu_of(d, ev)->step;
    if (!steps_of(d)->finishing && slots_short(d)) {
        ask_again(d, ev);
        return 0;
    }
    (void)xmi_event_data(d, ev);
    events_of(d)->own_n -= ev->state == EVENT_OWN; /* at the session's end: not taken any more */
    ev->state = EVENT_LATER;
    s->later = ev;
    xmi_step_set_phase(d, ev->pub.vcpu, STEP_LATER);
    return 0;
}

static bool same_pages(const struct step_pages *a, const struct step_pages *b)
{
    bool same = a->n == b->n;
    for (uint32_t i = 0; i < a->n && same; i++)
        same = xmi_step_pages_have(b, a->v[i].gfn, a->v[i].need) &&
               xmi_step_pages_have(a, b->v[i].gfn, b->v[i].need);
    return same;
}

/* Is a page open for another vCPU that is not this one's too? It would get through unseen. */
static bool in_the_way(const struct xmem_domain *d, uint32_t vcpu)
{
    const struct step *s = &vcpu_at(d, vcpu)->step;
    for (uint32_t i = 0; i < d->vcpu_n && steps_of(d)->holding_n; i++) {
        const struct step *o = &vcpu_at(d, i)->step;
        if (i != vcpu && is_open(d, i) &&
            !(o->origin == s->origin && same_pages(&o->pages, &s->pages)))
            return true;
    }
    return false;
}

/* ---- by a single step ---- */

int xmi_step_by_single(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *vcpu = vcpu_of(d, ev);
    struct view *v = domain_view(d, ev->home);
    if (!v || vcpu->fast) /* which may still be to come: one toggle would end both */
        return -EOPNOTSUPP;
    int rc = xmi_monitor_single_step(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "single step cannot be monitored");
    if (in_the_way(d, ev->pub.vcpu)) /* one after the other */
        return xmi_step_defer(d, ev);
    rc = begin_open(d, v, ev->pub.vcpu);
    if (rc)
        return rc;
    vcpu->own_step = true;
    vcpu->attention = true;
    xmi_event_answer(d, ev, 0);
    return 0;
}

/* ---- by relaxing ---- */

/*
 * A store-exclusive that was resumed fails, since its event took the monitor away, and is done in
 * another round of its loop: it went on when the pc is far away, or was seen to move often.
 */
static bool went_on(const struct step *s, uint64_t pc, unsigned *moves)
{
    if (pc == s->pc)
        return false;
    return !s->exclusive || pc - s->pc + LOOP_BYTES > 2 * LOOP_BYTES || ++*moves == LOOP_MOVES;
}

/* Until the vCPU went on, had another event, or the time is over. 1: it went on. */
static int watch_pc(struct xmem_domain *d, uint32_t vcpu, const struct step *s)
{
    unsigned moves = 0;
    int64_t end = xmi_clock_ms() + RELAX_MS;
    uint64_t pc;
    for (unsigned i = 0; i < RELAX_LOOKS; i++) {
        int rc = d->ops->vcpu_peek(d->dom, vcpu, &pc);
        if (rc)
            return rc;
        if (went_on(s, pc, &moves))
            return 1;
        if (xmi_ring_waiting(ring_of(d), vcpu) || (i >= RELAX_LOOKS_MIN && xmi_clock_ms() >= end))
            break;
    }
    return 0;
}

int xmi_step_by_relaxing(struct xmem_domain *d, struct event *ev)
{
    uint32_t vcpu = ev->pub.vcpu;
    struct step *s = &vcpu_at(d, vcpu)->step;
    struct view *v = domain_view(d, ev->home);
    if (!v || !d->ops->vcpu_peek)
        return -EOPNOTSUPP;
    if (d->pauses || in_the_way(d, vcpu)) /* nothing can be watched while the domain is paused */
        return xmi_step_defer(d, ev);
    s->pc = xmi_event_pc(d, ev);
    s->registers = xmi_step_sum_registers(d, ev);
    s->exclusive = xmi_step_arm_exclusive(d, ev);
    if (s->exclusive) /* its load, told before, is done again */
        s->pages.v[s->pages.n - 1].need |= XMEM_ACCESS_R;
    int rc = begin_open(d, v, vcpu);
    if (rc)
        return rc;
    xmi_event_answer(d, ev, 0);
    rc = xmi_events_send(d);
    if (!rc) {
        rc = watch_pc(d, vcpu, s);
        if (rc < 0)
            rc = xmi_domain_fail(d, rc, 0, "vCPU %" PRIu32 " cannot be watched", vcpu);
    }
    struct xmem_error why = d->error;
    (void)xmi_step_close(d, vcpu); /* the event is answered: what fails is for xmi_step_pay() */
    if (rc > 0) {                  /* its pages are kept in mind until it is known to be over */
        xmi_step_reset(d, vcpu);
        vcpu_at(d, vcpu)->repeats = 0;
    }
    d->error = why;
    return rc < 0 ? rc : 0;
}
