/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The most frequent steps by view, in short: a view is open already for exactly the pages of this
 * instruction, as of an earlier one. Whatever else there is to say goes the long way, step-view.c.
 */
#include "events/step.h"

#define ACCESS_RWX (XMEM_ACCESS_R | XMEM_ACCESS_W | XMEM_ACCESS_X)

void xmi_step_again_forget(struct xmem_domain *d, const struct step_view *sv)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        struct step *s = &vcpu_at(d, i)->step;
        if (s->in == sv)
            s->in = NULL;
        if (s->next == sv)
            s->next = NULL;
        if (s->was == sv)
            s->was = NULL;
    }
    for (size_t i = 0; i < steps_of(d)->view_n; i++)
        if (steps_of(d)->views[i]->then == sv)
            steps_of(d)->views[i]->then = NULL;
}

static inline bool same_pages(const struct step_pages *a, const struct step_pages *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (a->v[i].gfn != b->v[i].gfn || a->v[i].need != b->v[i].need)
            return false;
    return true;
}

/* Is it open for exactly this access, and for those of the same step before it? */
static inline bool is_open(const struct step_view *sv, const struct event *ev, uint16_t origin,
                           const struct step_pages *before)
{
    uint32_t n = before->n;
    const struct step_page *p = &sv->pages.v[n];
    return sv->pages.n == n + 1 && p->gfn == ev->pub.u.mem.gfn &&
           p->need == (ev->pub.u.mem.access & ACCESS_RWX) && sv->origin == origin && !sv->unhook &&
           !sv->bad && same_pages(&sv->pages, before, n);
}

static struct step_view *find_open(const struct xmem_domain *d, const struct event *ev,
                                   uint16_t origin, const struct step_pages *before)
{
    for (size_t i = 0; i < steps_of(d)->view_n; i++)
        if (is_open(steps_of(d)->views[i], ev, origin, before))
            return steps_of(d)->views[i];
    return NULL;
}

/* Can its next answer be no more than a view? */
static bool is_plain(const struct xmem_domain *d, const struct vcpu *v)
{
    return !(v->user_step | v->own_step | v->hw_step) && (d->caps.flags & XMEM_CAP_VISIBILITY);
}

/* Is the event a step's first, or a further page of the one that met it? */
static bool goes_on(const struct vcpu *v, uint16_t home)
{
    const struct step *s = &v->step;
    if (!s->phase)
        return !v->attention;
    return s->phase == STEP_STOPPED && s->means == XMEM_STEP_VIEW && s->origin == home &&
           !s->unhook && s->pages.n < STEP_PAGES;
}

/* What was found when the event came, if that is still so; else any. */
static inline struct step_view *find(const struct xmem_domain *d, const struct event *ev,
                                     struct vcpu *v)
{
    struct step *s = &v->step;
    struct step_view *sv = s->next;
    s->next = NULL;
    if (sv && s->looked == steps_of(d)->prepared)
        return sv;
    if (!is_plain(d, v) || !goes_on(v, ev->home))
        return NULL;
    sv = find_open(d, ev, ev->home, &s->pages);
    if (s->phase && s->was)
        s->was->then = sv;
    return sv;
}

bool xmi_step_view_again(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    struct step *s = &v->step;
    struct step_view *sv = find(d, ev, v);
    if (!sv)
        return false;
    steps_of(d)->n += !s->phase;
    s->pages.v[s->pages.n] = sv->pages.v[s->pages.n];
    s->pages.n++;
    if (!s->phase)
        s->back = ev->home;
    s->origin = ev->home;
    s->means = XMEM_STEP_VIEW;
    s->phase = STEP_RUNS;
    s->in = s->was = sv;
    sv->users++;
    v->attention = false; /* that its step was stopped is all there was to say */
    d->stats.steps++;
    ev->pub.stepped = XMEM_STEP_VIEW;
    xmi_step_set_fast(d, ev->pub.vcpu, sv->v->id, s->back);
    struct answer a = {.flags = RING_FLAG_ALTERNATE_P2M | RING_FLAG_FAST_SINGLESTEP,
                       .view = sv->v->id,
                       .step_view = s->back};
    xmi_event_answer_with(d, ev, &a);
    return true;
}

/*
 * That a view was open after the same pages says that this one was told then, and that its rights
 * were not changed since; those that accesses turn may be others by now.
 */
bool xmi_step_view_further(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    struct step *s = &v->step;
    struct step_view *sv = s->in->then;
    if (!sv || ev->pub.reason != XMEM_EVENT_MEM_ACCESS || !v->fast || sv->turns ||
        !is_open(sv, ev, s->origin, &s->pages))
        return false;
    ev->home = ev->pub.view = s->origin;
    s->next = sv;
    s->looked = steps_of(d)->prepared;
    s->in->users--;
    s->in = NULL;
    s->phase = STEP_STOPPED;
    v->attention = true; /* its answer leads back, or on */
    return true;
}

void xmi_step_leave_view(struct xmem_domain *d, struct step *s)
{
    s->in->users--;
    s->in = NULL;
    s->phase = STEP_NONE;
    s->pages.n = 0;
    s->again = 0;
    s->unhook = false;
    steps_of(d)->n--;
}
