/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views as they were found. */
#include "rights/rights.h"
#include "views/views.h"
#include "views/views-int.h"

#include <errno.h>
#include <inttypes.h>

static int stop_at_changed(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    (void)arg;
    (void)gfn;
    (void)nr;
    return ledger_changed(byte);
}

static bool view_any(const struct xmem_domain *d, const struct view *v)
{
    if (v->own)
        return v->step || !ledger_keeps(d);
    return !ledger_keeps(d) &&
           (v->led->hidden || v->remaps.n || xmi_known_each(&v->ve, stop_at_changed, NULL) ||
            (v->id && xmi_known_each(&v->known, xmi_rights_stop_at_changed, (void *)(uintptr_t)v)));
}

/* Is a vCPU still in a step view? Where nobody can tell there is one. */
static bool steps_left(const struct xmem_domain *d)
{
    bool any = false;
    for (uint32_t id = 1; id < d->view_end && !any; id++)
        any = d->views[id] && d->views[id]->step;
    for (uint32_t i = 0; any && i < d->vcpu_n; i++) {
        uint16_t id;
        if (d->ops->view_get_vcpu(d->dom, i, &id))
            return true;
        const struct view *v = domain_view(d, id);
        if (v && v->step)
            return true;
    }
    return false;
}

static bool views_any(const struct xmem_domain *d)
{
    const struct ledger_head *l = d->led;
    bool any = l->views_on &&
               ((!ledger_keeps(d) && (l->views_switched || !l->views_found_on)) || steps_left(d));
    for (uint32_t id = 0; id < d->view_end && !any; id++)
        any = d->views[id] && view_any(d, d->views[id]);
    for (uint32_t i = 0; i < d->vcpu_n && !any; i++)
        any = xmi_ledger_vcpu(d, i)->notify_set;
    return any;
}

static void undo_remaps(struct xmem_domain *d, struct view *v, struct outcome *o)
{
    for (size_t i = v->remaps.n; i-- && !d->dead;) {
        uint64_t gfn = remap_at(v, i)->gfn;
        uint8_t found = known_found_of(xmi_known_get(&v->known, gfn));
        int rc = xmi_view_show(d, v, gfn, XMEM_GFN_UNDO);
        if (!rc && found != KNOWN_NOTHING) /* the entry is a new one */
            rc = xmi_domain_force_rights(d, v, gfn, found);
        if (rc != -ESRCH)
            xmi_outcome_note(d, o, rc);
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
    if (!ledger_changed(byte))
        return 0;
    bool on = known_found_of(byte) == VE_ON;
    int rc = d->ops->view_set_suppress_ve(d->dom, u->v->id, gfn, nr, on);
    if (rc && rc != -ESRCH) /* it may have been for this one time */
        rc = d->ops->view_set_suppress_ve(d->dom, u->v->id, gfn, nr, on);
    if (!rc || rc == -ESRCH)
        return 0;
    rc = xmi_domain_fail(d, rc, 0,
                         "view %u: suppress-#VE cannot be restored from gfn 0x%" PRIx64 " on",
                         u->v->id, gfn);
    xmi_outcome_note(d, u->o, rc);
    return rc;
}

static void undo_ve(struct xmem_domain *d, struct view *v, struct outcome *o)
{
    struct ve_undo u = {d, v, o};
    if (ledger_keeps(d) || !xmi_known_each(&v->ve, undo_ve_run, &u))
        xmi_known_clear(&v->ve);
}

/*
 * Xen switches all vCPUs or, by a reply, one: views that differed are restored as far as
 * that goes.
 */
static void undo_switch(struct xmem_domain *d, struct outcome *o)
{
    uint16_t view = d->led->views_found_on && d->vcpu_n ? xmi_ledger_vcpu(d, 0)->found_view : 0;
    if (!d->led->views_switched || !d->led->views_on || (ledger_keeps(d) && !steps_left(d)))
        return; /* off there is none but view 0 */
    for (uint32_t i = 0; d->led->views_found_on && i < d->vcpu_n; i++)
        if (xmi_ledger_vcpu(d, i)->found_view != view)
            xmi_outcome_note(d, o,
                             xmi_domain_refuse(d, -EIO,
                                               "vCPU %" PRIu32 " was found in view %u and "
                                               "goes on in %u: all vCPUs are switched together",
                                               i, xmi_ledger_vcpu(d, i)->found_view, view));
    int rc = xmi_view_switch_all(d, view);
    if (rc)
        xmi_outcome_note(
            d, o, xmi_domain_fail(d, rc, 0, "the vCPUs cannot be switched back to view %u", view));
    else
        d->led->views_switched = false;
}

static void undo_notify(struct xmem_domain *d, struct outcome *o)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++) {
        struct ledger_vcpu *v = xmi_ledger_vcpu(d, i);
        int rc = v->notify_set ? d->ops->view_set_notify(d->dom, i, XMEM_GFN_UNDO) : 0;
        if (rc ==
            -EOPNOTSUPP) /* before the call that takes it away there was none: views off end it */
            rc = 0;
        if (rc)
            xmi_outcome_note(d, o,
                             xmi_domain_fail(d, rc, 0,
                                             "vCPU %" PRIu32 ": its #VE page cannot be taken "
                                             "away",
                                             i));
        else
            v->notify_set = false;
    }
}

static void destroy_views(struct xmem_domain *d, struct outcome *o)
{
    for (uint32_t id = 1; id < d->view_end && !d->dead; id++) {
        struct view *v = d->views[id];
        if (!v || !v->own || (ledger_keeps(d) && !v->step))
            continue;
        int rc = d->ops->view_destroy(d->dom, v->id);
        if (rc && !(ledger_keeps(d) && rc == -EBUSY))
            xmi_outcome_note(
                d, o, xmi_domain_fail(d, rc, MAY_BUSY, "view %" PRIu32 " cannot be destroyed", id));
        else
            xmi_view_forget(d, v);
    }
}

/* Turned off there is no view left, whatever could not be done with one before. */
static bool turn_views_off(struct xmem_domain *d, struct outcome *o)
{
    if (ledger_keeps(d) || d->led->views_found_on || !d->led->views_on || d->dead)
        return false;
    int rc = d->ops->views_set_state(d->dom, false);
    if (rc) /* it may have been for this one time */
        rc = d->ops->views_set_state(d->dom, false);
    if (rc) {
        xmi_outcome_note(d, o,
                         xmi_domain_fail(d, rc, 0, "alternate views cannot be turned off again"));
        return false;
    }
    d->led->views_on = d->led->views_switched = false;
    for (uint32_t id = 1; id < d->view_end; id++)
        if (d->views[id])
            xmi_view_forget(d, d->views[id]);
    for (uint32_t i = 0; i < d->vcpu_n; i++)
        xmi_ledger_vcpu(d, i)->notify_set = false;
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
        if (!ledger_keeps(d))
            undo_remaps(d, v, o);
        if (id)
            xmi_rights_undo(d, v, o);
        undo_ve(d, v, o);
    }
    bool lasting = o->rc != before.rc; /* of views that stay, and of the host view */
    undo_switch(d, o);
    if (!ledger_keeps(d)) {
        xmi_outcome_note(d, o, xmi_views_show_again(d));
        undo_notify(d, o);
    }
    destroy_views(d, o);
    if (!lasting && turn_views_off(d, o)) /* what is left can be undone while they are on only */
        *o = before;
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
        xmi_view_forget(d, v);
        if (d->guarded)
            left = xmi_copies_forget_view(d, (uint16_t)id) || left;
    }
    if (!d->view_set->unwanted || left)
        return left;
    d->led->views_on = d->ops->views_set_state(d->dom, false) != 0;
    d->view_set->unwanted = d->led->views_on;
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
    if (d->view_set->back_owed && d->led->views_on)
        d->view_set->back_owed = xmi_view_switch_all(d, d->view_set->back_to) != 0;
    return d->view_set->back_owed;
}

static bool pay(struct xmem_domain *d)
{
    bool left = pay_switch(d);
    left = pay_views(d) || left;
    return pay_hiding(d) || left;
}

const struct ledger_kind xmi_views_all = {
    .turn = LEDGER_STATE,
    .lives = true,
    .any = views_any,
    .undo = undo_views,
    .pay = pay,
};

static bool copies_left(const struct xmem_domain *d)
{
    return d->guarded;
}

static void undo_copies(struct xmem_domain *d, struct outcome *o)
{
    if (d->guarded)
        xmi_outcome_note(d, o, xmi_copies_end(d));
}

const struct ledger_kind xmi_views_copies = {
    .turn = LEDGER_STATE,
    .lives = true,
    .needs_ring = true,
    .any = copies_left,
    .undo = undo_copies,
};
