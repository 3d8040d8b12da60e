/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What events and steps do about changes below them; and the session as it begins. */
#include "events/step.h"
#include "rights/rights.h"

#include <stdlib.h>

void xmi_step_kept_free(struct xmem_domain *d)
{
    xmi_step_arm_free(d);
    xmi_step_ahead_free(d);
}

static void on_pages(struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    if (steps_of(d)->arm)
        xmi_step_arm_pages_changed(d, gfn, nr);
    if (steps_of(d)->ahead)
        xmi_step_ahead_changed(d, gfn, nr);
}

static void on_rights(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr)
{
    on_pages(d, gfn, nr);
    if (steps_of(d)->view_n || steps_of(d)->n)
        xmi_step_rights_changed_far(d, view, gfn, nr);
}

static bool is_open(const struct xmem_domain *d, uint16_t view, uint64_t gfn)
{
    for (size_t i = 0; i < steps_of(d)->relaxed.n; i++)
        if (relaxed_at(d, i)->gfn == gfn && relaxed_at(d, i)->view == view)
            return true;
    return false;
}

static void view_gone(struct xmem_domain *d, const struct view *v)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++) /* nobody steps in it */
        if (vcpu_at(d, i)->fast_view == v->id)
            vcpu_at(d, i)->fast = false;
    if (v->step)
        xmi_step_view_forget(d, v);
}

static const struct session_watch watch = {
    .pages_changed = on_pages,
    .rights_changed = on_rights,
    .is_open = is_open,
    .host_split = xmi_changes_reapply,
    .view_gone = view_gone,
};

static const struct events_above above = {
    .answer = xmi_step_answer,
};

struct xmem_domain *xmi_events_session(void)
{
    struct events_session *whole = calloc(1, sizeof(*whole));
    if (!whole)
        return NULL;
    whole->d.watch = &watch;
    whole->events.above = &above;
    return &whole->d;
}
