/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/ledger.h"

#include "views/copies.h"
#include "rights/feed.h"
#include "events/step.h"
#include "rights/access.h"
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>

void outcome_note(struct xmem_domain *d, struct outcome *o, int rc)
{
    if (rc < 0 && !o->rc) {
        o->rc = rc;
        o->text = d->error;
    }
}

int outcome_of(struct xmem_domain *d, const struct outcome *o)
{
    if (o->rc)
        d->error = o->text;
    return o->rc;
}

static bool keeps(const struct xmem_domain *d)
{
    return d->opts.restore == XMEM_RESTORE_KEEP;
}

/* ---- what is left ---- */

static bool changed(uint8_t byte)
{
    return (byte & KNOWN_FOUND) && (byte & KNOWN_SET) && known_set_of(byte) != known_found_of(byte);
}

/* Is something else in force than was found, or may it be? */
static bool right_changed(const struct view *v, uint8_t byte)
{
    return changed(byte) || (v->unsure && (byte & KNOWN_FOUND) && (byte & KNOWN_SET));
}

static int stop_at_right(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    (void)gfn;
    (void)nr;
    return right_changed(arg, byte);
}

static int stop_at_changed(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    (void)arg;
    (void)gfn;
    (void)nr;
    return changed(byte);
}

static bool default_changed(const struct xmem_domain *d)
{
    return d->led->default_found != KNOWN_NOTHING &&
           (d->led->default_now != d->led->default_found || d->led->default_over_all);
}

bool ledger_needs_ring(const struct xmem_domain *d)
{
    return !keeps(d) &&
           (d->guarded || default_changed(d) || known_each(&d->views[0]->known, stop_at_right, d->views[0]));
}

static bool view_any(const struct xmem_domain *d, const struct view *v)
{
    if (v->own)
        return v->step || !keeps(d);
    return !keeps(d) && (v->led->hidden || v->remaps.n || known_each(&v->ve, stop_at_changed, NULL) ||
                         (v->id && known_each(&v->known, stop_at_right, (void *)(uintptr_t)v)));
}

static bool views_any(const struct xmem_domain *d)
{
    const struct ledger_head *l = d->led;
    bool any = l->views_on && ((!keeps(d) && (l->views_switched || !l->views_found_on)) ||
                             step_views_used((struct xmem_domain *)d));
    for (uint32_t id = 0; id < d->view_end && !any; id++)
        any = d->views[id] && view_any(d, d->views[id]);
    return any;
}

static bool vcpus_any(const struct xmem_domain *d)
{
    bool any = false;
    for (uint32_t i = 0; i < d->vcpu_n && !any; i++)
        any = d->vcpus[i].hw_step || d->vcpus[i].fast || d->vcpus[i].led->held ||
              d->vcpus[i].led->notify_set;
    return any;
}

bool ledger_any(const struct xmem_domain *d)
{
    if (d->dead)
        return false;
    const struct ledger_head *l = d->led;
    bool events = l->ring_taken || d->monitors.n || l->step_monitor || l->emul_monitor ||
                  l->access_required;
    return events || d->guarded || d->pauses || d->own_pauses || d->pages.n || views_any(d) ||
           vcpus_any(d) || ledger_needs_ring(d);
}

/* ---- rights ---- */

static int feed_found(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    struct feed *f = arg;
    if (right_changed(f->v, byte))
        feed_add(f, gfn, nr, known_found_of(byte));
    return 0;
}

static void undo_rights(struct xmem_domain *d, struct view *v, struct outcome *o)
{
    struct feed f;
    if (keeps(d)) {
        known_clear(&v->known);
        return;
    }
    if (!v->id && !d->enabled) /* not without a ring */
        return;
    feed_begin(&f, d, v);
    f.past = true;
    known_each(&v->known, feed_found, &f);
    int rc = feed_end(&f);
    outcome_note(d, o, rc);
    view_unsure(v, rc != 0 || d->dead);
    if (!v->unsure && !d->guarded) /* pages that cannot be opened yet are to have what is known */
        known_clear(&v->known);
}

static void undo_default(struct xmem_domain *d, struct outcome *o)
{
    if (!d->enabled || keeps(d) || !default_changed(d))
        return;
    int rc = domain_send_default(d, d->led->default_found);
    if (rc)
        outcome_note(d, o, domain_fail(d, rc, 0, "the default rights cannot be restored to %s",
                                       xmem_rights_name((enum xmem_rights)d->led->default_found)));
    else
        d->led->default_over_all = false;
}

static void undo_access_required(struct xmem_domain *d, struct outcome *o)
{
    ledger_begin(d, LEDGER_REQUIRED, 0, 0, 0);
    int rc = d->led->access_required ? d->ops->access_required(d->dom, false) : 0;
    if (rc)
        outcome_note(d, o, domain_fail(d, rc, 0, "access_required cannot be switched off again"));
    else
        d->led->access_required = false;
}

/* ---- views ---- */

static void undo_remaps(struct xmem_domain *d, struct view *v, struct outcome *o)
{
    for (size_t i = v->remaps.n; i-- && !d->dead;) {
        uint64_t gfn = remap_at(v, i)->gfn;
        uint8_t found = known_found_of(known_get(&v->known, gfn));
        int rc = view_show(d, v, gfn, XMEM_GFN_UNDO);
        if (!rc && found != KNOWN_NOTHING) /* the entry is a new one */
            rc = domain_force_rights(d, v, gfn, found);
        if (rc != -ESRCH)
            outcome_note(d, o, rc);
    }
}

struct ve_undo {
    struct xmem_domain *d;
    struct view *v;
    struct outcome *o;
};

static int undo_ve_run(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    struct ve_undo *u = arg;
    struct xmem_domain *d = u->d;
    if (!changed(byte))
        return 0;
    bool on = known_found_of(byte) == VE_ON;
    int rc = d->ops->view_set_suppress_ve(d->dom, u->v->id, gfn, nr, on);
    if (rc && rc != -ESRCH) /* it may have been for this one time */
        rc = d->ops->view_set_suppress_ve(d->dom, u->v->id, gfn, nr, on);
    if (!rc || rc == -ESRCH)
        return 0;
    rc = domain_fail(d, rc, 0, "view %u: suppress-#VE cannot be restored from gfn 0x%" PRIx64 " on",
                     u->v->id, gfn);
    outcome_note(d, u->o, rc);
    return rc;
}

static void undo_ve(struct xmem_domain *d, struct view *v, struct outcome *o)
{
    struct ve_undo u = {d, v, o};
    if (keeps(d) || !known_each(&v->ve, undo_ve_run, &u))
        known_clear(&v->ve);
}

/*
 * Xen switches all vCPUs or, by a reply, one: views that differed are restored as far as
 * that goes.
 */
static void undo_switch(struct xmem_domain *d, struct outcome *o)
{
    uint16_t view = d->led->views_found_on && d->vcpu_n ? d->vcpus[0].led->found_view : 0;
    if (!d->led->views_switched || !d->led->views_on || (keeps(d) && !step_views_used(d)))
        return; /* off there is none but view 0 */
    for (uint32_t i = 0; d->led->views_found_on && i < d->vcpu_n; i++)
        if (d->vcpus[i].led->found_view != view)
            outcome_note(d, o, domain_refuse(d, -EIO, "vCPU %" PRIu32 " was found in view %u and "
                                             "goes on in %u: all vCPUs are switched together", i,
                                             d->vcpus[i].led->found_view, view));
    int rc = view_switch_all(d, view);
    if (rc)
        outcome_note(d, o, domain_fail(d, rc, 0, "the vCPUs cannot be switched back to view %u",
                                       view));
    else
        d->led->views_switched = false;
}

static void undo_notify(struct xmem_domain *d, struct outcome *o)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        struct vcpu *v = &d->vcpus[i];
        int rc = v->led->notify_set ? d->ops->view_set_notify(d->dom, i, XMEM_GFN_UNDO) : 0;
        if (rc == -EOPNOTSUPP) /* before the call that takes it away there was none: views off end it */
            rc = 0;
        if (rc)
            outcome_note(d, o, domain_fail(d, rc, 0, "vCPU %" PRIu32 ": its #VE page cannot be taken "
                                           "away", i));
        else
            v->led->notify_set = false;
    }
}

static void destroy_views(struct xmem_domain *d, struct outcome *o)
{
    for (uint32_t id = 1; id < d->view_end && !d->dead; id++) {
        struct view *v = d->views[id];
        if (!v || !v->own || (keeps(d) && !v->step))
            continue;
        int rc = d->ops->view_destroy(d->dom, v->id);
        if (rc && !(keeps(d) && rc == -EBUSY))
            outcome_note(d, o, domain_fail(d, rc, MAY_BUSY, "view %" PRIu32 " cannot be destroyed",
                                           id));
        else
            view_forget(d, v);
    }
}

/* Turned off there is no view left, whatever could not be done with one before. */
static bool views_off(struct xmem_domain *d, struct outcome *o)
{
    if (keeps(d) || d->led->views_found_on || !d->led->views_on || d->dead)
        return false;
    int rc = d->ops->views_set_state(d->dom, false);
    if (rc) /* it may have been for this one time */
        rc = d->ops->views_set_state(d->dom, false);
    if (rc) {
        outcome_note(d, o, domain_fail(d, rc, 0, "alternate views cannot be turned off again"));
        return false;
    }
    d->led->views_on = d->led->views_switched = false;
    for (uint32_t id = 1; id < d->view_end; id++)
        if (d->views[id])
            view_forget(d, d->views[id]);
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        d->vcpus[i].led->notify_set = false;
    d->views[0]->led->hidden = false;
    return true;
}

static void undo_views(struct xmem_domain *d, struct outcome *o)
{
    struct outcome before = *o;
    if (!d->led->views_on)
        return;
    for (uint32_t id = 0; id < d->view_end && !d->dead; id++) {
        struct view *v = d->views[id];
        if (!v || v->own)
            continue;
        if (!keeps(d))
            undo_remaps(d, v, o);
        if (id)
            undo_rights(d, v, o);
        undo_ve(d, v, o);
    }
    bool lasting = o->rc != before.rc; /* of views that stay, and of the host view */
    undo_switch(d, o);
    if (!keeps(d)) {
        outcome_note(d, o, views_show_again(d));
        undo_notify(d, o);
    }
    destroy_views(d, o);
    if (!lasting && views_off(d, o)) /* what is left can be undone while they are on only */
        *o = before;
}

void ledger_undo(struct xmem_domain *d, struct outcome *o)
{
    if (!d->dead && d->guarded)
        outcome_note(d, o, copies_end(d));
    if (!d->dead) /* first: where it is for all pages it ends what was restored before it */
        undo_default(d, o);
    if (!d->dead)
        undo_rights(d, d->views[0], o);
    if (!d->dead)
        undo_access_required(d, o);
    if (!d->dead)
        undo_views(d, o);
}

/* ---- events, vCPUs, memory ---- */

static int monitor_off(struct xmem_domain *d, uint32_t reason, uint32_t index, struct outcome *o)
{
    struct backend_monitor m = {.reason = reason, .index = index};
    int rc = d->dead ? 0 : d->ops->monitor_set(d->dom, &m);
    if (!rc || rc == -EEXIST)
        return 0;
    rc = domain_fail(d, rc, 0, "events %s cannot be switched off",
                     xmem_event_reason_name((enum xmem_event_reason)reason));
    outcome_note(d, o, rc);
    return rc;
}

void ledger_undo_monitors(struct xmem_domain *d, struct outcome *o)
{
    uint32_t kept = 0;
    for (size_t i = 0; i < d->monitors.n; i++) {
        struct monitor_on m = *(struct monitor_on *)list_at(&d->monitors, i);
        if (monitor_off(d, m.reason, m.index, o))
            *(struct monitor_on *)list_at(&d->monitors, kept++) = m;
    }
    list_cut(&d->monitors, kept);
    if (d->led->step_monitor)
        d->led->step_monitor = monitor_off(d, XMEM_EVENT_SINGLESTEP, 0, o) != 0;
    if (d->led->emul_monitor)
        d->led->emul_monitor = monitor_off(d, XMEM_EVENT_EMUL_UNIMPLEMENTED, 0, o) != 0;
    d->step_monitor_user = d->emul_monitor_user = false;
}

void ledger_undo_steps(struct xmem_domain *d, struct outcome *o)
{
    for (uint32_t i = 0; i < d->vcpu_n && !d->dead; i++) {
        struct vcpu *v = &d->vcpus[i];
        v->led->stepped = v->hw_step || v->fast;
        if (!v->led->stepped)
            continue;
        int rc = d->ops->vcpu_step_off ? d->ops->vcpu_step_off(d->dom, i) : -EOPNOTSUPP;
        if (rc)
            v->hw_step = true; /* whichever kind it is; its view may go */
        if (rc)
            outcome_note(d, o, domain_refuse(d, -EIO, "vCPU %" PRIu32 " did not end its single step, which "
                                             "cannot be switched off from outside (%d)", i, rc));
        else
            v->led->stepped = v->hw_step = v->fast = false;
    }
}

static int remove_page(struct xmem_domain *d, uint64_t gfn)
{
    step_arm_pages_changed(d, gfn, 1);
    int rc = d->dead ? 0 : d->ops->page_remove(d->dom, gfn);
    return rc == -ESRCH ? 0 : rc;
}

void ledger_undo_pages(struct xmem_domain *d, struct outcome *o)
{
    uint32_t kept = 0;
    for (size_t i = 0; i < d->pages.n; i++) {
        struct added page = *page_at(d, i);
        int rc = remove_page(d, page.gfn);
        if (!rc)
            continue;
        *page_at(d, kept++) = page;
        outcome_note(d, o, domain_fail(d, rc, 0, "gfn 0x%" PRIx64 ", which was added, cannot be taken "
                                       "away", page.gfn));
    }
    list_cut(&d->pages, kept);
}

static int undo_pauses(struct xmem_domain *d, uint32_t *pauses)
{
    int rc = 0;
    for (; *pauses && !rc; *pauses -= !rc)
        rc = d->dead ? 0 : ledger_unpause(d);
    return rc;
}

void ledger_undo_pauses(struct xmem_domain *d, struct outcome *o)
{
    int rc = undo_pauses(d, &d->pauses), rc2 = undo_pauses(d, &d->own_pauses);
    if (rc || rc2)
        outcome_note(d, o, domain_fail(d, rc ? rc : rc2, 0, "domain %" PRIu32 " cannot be unpaused",
                                       d->domid));
}

/* ---- what is owed ---- */

static bool pay_pages(struct xmem_domain *d)
{
    bool left = false;
    for (size_t i = d->pages.n; i--;) {
        if (!page_at(d, i)->unwanted)
            continue;
        uint64_t gfn = page_at(d, i)->gfn;
        if (remove_page(d, gfn)) {
            left = true;
            continue;
        }
        page_forget(d, i);
        if (d->guarded)
            left = copies_page_gone(d, gfn) || left;
    }
    return left;
}

static bool pay_views(struct xmem_domain *d)
{
    bool left = false;
    for (uint32_t id = 1; id < d->view_end; id++) {
        struct view *v = d->views[id];
        if (!v || !v->unwanted)
            continue;
        if (d->ops->view_destroy(d->dom, v->id)) {
            left = true;
            continue;
        }
        view_forget(d, v);
        if (d->guarded)
            left = copies_view_gone(d, (uint16_t)id) || left;
    }
    if (!d->views_unwanted || left)
        return left;
    d->led->views_on = d->ops->views_set_state(d->dom, false) != 0;
    d->views_unwanted = d->led->views_on;
    return d->led->views_on;
}

static bool pay_hiding(struct xmem_domain *d)
{
    bool left = false;
    for (uint32_t id = 0; id < d->view_end; id++) {
        struct view *v = d->views[id];
        if (v && v->led->hide_owed && d->led->views_on)
            v->led->hide_owed = d->ops->view_set_visible(d->dom, v->id, false) != 0;
        left = left || (v && v->led->hide_owed);
    }
    return left;
}

static bool pay_switch(struct xmem_domain *d)
{
    if (d->back_owed && d->led->views_on)
        d->back_owed = view_switch_all(d, d->back_to) != 0;
    return d->back_owed;
}

void ledger_pay(struct xmem_domain *d)
{
    bool left = pay_pages(d);
    left = pay_switch(d) || left;
    left = pay_views(d) || left;
    left = pay_hiding(d) || left;
    d->owed = undo_pauses(d, &d->own_pauses) || left;
}
