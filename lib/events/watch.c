/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What events and steps do about changes below them. */
#include "events/step.h"
#include "events/step-ahead.h"
#include "rights/changes.h"

static void pages_changed(struct xmem_domain *d, uint64_t gfn, uint64_t nr)
{
    if (d->arm)
        step_arm_pages_changed(d, gfn, nr);
    if (d->ahead)
        step_ahead_changed(d, gfn, nr);
}

static void rights_changed(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr)
{
    pages_changed(d, gfn, nr);
    if (d->step_view_n || d->steps_n)
        step_rights_changed_far(d, view, gfn, nr);
}

static void view_gone(struct xmem_domain *d, const struct view *v)
{
    for (uint32_t i = 0; i < d->vcpu_n; i++) /* nobody steps in it */
        if (d->vcpus[i].fast_view == v->id)
            d->vcpus[i].fast = false;
    if (v->step)
        step_view_forget(d, v);
}

const struct session_watch events_watch = {
    .pages_changed = pages_changed,
    .rights_changed = rights_changed,
    .host_split = changes_reapply,
    .view_gone = view_gone,
};
