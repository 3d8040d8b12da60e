/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes of the guest where a view shows a copy: stepped over, and carried over then. */
#include "events/step.h"

#include "rights/rights.h"

#include "base/base.h"
#include "views/views.h"

#define OUT_LOOKS 64u

enum { WRITES_ONE = 1, WRITES_SOME };

bool xmi_copies_note_writes(struct xmem_domain *d, const struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    uint64_t gfn = ev->pub.u.mem.gfn;
    if (!(ev->pub.u.mem.access & XMEM_ACCESS_W) || !xmi_guards_any(d, gfn))
        return v->writes;
    v->writes = !v->writes || (v->writes == WRITES_ONE && v->written == gfn) ? WRITES_ONE
                                                                             : WRITES_SOME;
    v->written = gfn;
    xmi_copies_note_open(d, ev->home, gfn); /* by single step it does */
    return true;
}

static int look_after(struct xmem_domain *d, const struct vcpu *v)
{
    return xmi_copies_look(d, v->writes == WRITES_ONE ? v->written : COPIES_ALL);
}

/*
 * A fast single step that was under way when the instruction came to the page: it cannot be made
 * one that tells its end, which is waited for instead.
 */
static int see_out(struct xmem_domain *d, uint32_t vcpu)
{
    struct vcpu *v = vcpu_at(d, vcpu);
    uint16_t view;
    int rc = xmi_events_send(d);
    for (unsigned i = 0; i < OUT_LOOKS && !rc && v->step.in && !d->pauses; i++) {
        if (xmi_ring_waiting(ring_of(d), vcpu) || d->ops->view_get_vcpu(d->dom, vcpu, &view) ||
            view != v->step.in->v->id)
            break;
        xmi_step_let_run(d);
    }
    return rc ? rc : look_after(d, v);
}

int xmi_copies_end_step(struct xmem_domain *d, uint32_t vcpu, int rc)
{
    return !rc && vcpu_at(d, vcpu)->fast ? see_out(d, vcpu) : rc;
}

int xmi_copies_follow_closed(struct xmem_domain *d, uint32_t vcpu)
{
    const struct step_pages *p = &vcpu_at(d, vcpu)->step.pages;
    int first = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        int rc = p->v[i].need & XMEM_ACCESS_W ? xmi_copies_look(d, p->v[i].gfn) : 0;
        first = first ? first : rc;
    }
    return first;
}

int xmi_copies_follow_event(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    if (!v->writes)
        return 0;
    int rc = look_after(d, v);
    if (!rc && (!v->step.phase || ev->pub.reason == XMEM_EVENT_SINGLESTEP))
        v->writes = 0;
    steps_of(d)->owed |= rc != 0;
    return d->dead ? 0 : rc; /* its death is told next */
}

/* Rights that the access turns: rx2rw here, since less is in force; n2rwx has turned, and is guarded now. */
static int turn(struct xmem_domain *d, struct view *v, uint64_t gfn, uint32_t access)
{
    uint8_t rights = known_set_of(xmi_known_get(&v->known, gfn));
    uint8_t turned = rights == XMEM_N2RWX                               ? XMEM_RWX
                     : rights == XMEM_RX2RW && (access & XMEM_ACCESS_W) ? XMEM_RW
                                                                        : rights;
    if (turned == rights)
        return 0;
    xmi_copies_note_open(d, v->id, gfn);
    (void)xmi_known_put(&v->known, gfn, 1, KNOWN_SET, known_code(turned));
    return xmi_copies_put_in_force(d, v, gfn);
}

bool xmi_copies_claim_write(struct xmem_domain *d, struct event *ev)
{
    uint64_t gfn = ev->pub.u.mem.gfn;
    uint32_t access = ev->pub.u.mem.access & 7u;
    struct view *v = domain_view(d, ev->home);
    if (ev->pub.reason != XMEM_EVENT_MEM_ACCESS || !v || v->step || !xmi_guards_any(d, gfn))
        return false;
    bool allowed = !(access & ~rights_allow(known_set_of(xmi_known_get(&v->known, gfn))));
    int rc = turn(d, v, gfn, access);
    steps_of(d)->owed |= xmi_copies_look(d, gfn) != 0; /* devices write without an event */
    return !rc && allowed && (access & XMEM_ACCESS_W) && (ev->pub.flags & XMEM_EVENT_PAUSED);
}
