/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single step and events, switched off. */
#include "events/events.h"

#include "base/base.h"
#include "events/events-int.h"

#include <errno.h>
#include <inttypes.h>

static bool steps(const struct vcpu *v)
{
    return v->hw_step || v->fast || v->unsure_step;
}

static bool any_step(const struct xmem_domain *d)
{
    bool any = false;
    for (uint32_t i = 0; i < d->vcpu_n && !any; i++)
        any = steps(vcpu_at(d, i)) || vcpu_at(d, i)->led->held;
    return any;
}

/* Its view may go, and nobody sees a fast one end then: an answer that toggled it might switch it on. */
static void step_stays(struct vcpu *v)
{
    v->unsure_step = v->unsure_step || v->fast;
    v->fast = false;
}

static void undo_steps(struct xmem_domain *d, struct outcome *o)
{
    for (uint32_t i = 0; i < d->vcpu_n && !d->dead; i++) {
        struct vcpu *v = vcpu_at(d, i);
        v->led->stepped = steps(v);
        if (!v->led->stepped)
            continue;
        int rc = d->ops->vcpu_step_off ? d->ops->vcpu_step_off(d->dom, i) : -EOPNOTSUPP;
        if (!rc) {
            v->led->stepped = v->hw_step = v->fast = v->unsure_step = false;
            continue;
        }
        step_stays(v);
        xmi_outcome_note(d, o,
                         xmi_domain_refuse(d, -EIO,
                                           "vCPU %" PRIu32 " did not end its single step, which "
                                           "cannot be switched off from outside (%d)",
                                           i, rc));
    }
}

const struct ledger_kind xmi_events_steps = {
    .turn = LEDGER_STEPS,
    .any = any_step,
    .undo = undo_steps,
};

static bool any_monitor(const struct xmem_domain *d)
{
    return events_of(d)->monitors.n || d->led->step_monitor || d->led->emul_monitor;
}

static int monitor_off(struct xmem_domain *d, uint32_t reason, uint32_t index, struct outcome *o)
{
    struct backend_monitor m = {.reason = reason, .index = index};
    int rc = d->dead ? 0 : d->ops->monitor_set(d->dom, &m);
    if (!rc || rc == -EEXIST)
        return 0;
    rc = xmi_domain_fail(d, rc, 0, "events %s cannot be switched off",
                         xmem_event_reason_name((enum xmem_event_reason)reason));
    xmi_outcome_note(d, o, rc);
    return rc;
}

static void undo_monitors(struct xmem_domain *d, struct outcome *o)
{
    uint32_t kept = 0;
    for (size_t i = 0; i < events_of(d)->monitors.n; i++) {
        struct monitor_on m = *(struct monitor_on *)list_at(&events_of(d)->monitors, i);
        if (monitor_off(d, m.reason, m.index, o))
            *(struct monitor_on *)list_at(&events_of(d)->monitors, kept++) = m;
    }
    xmi_list_cut(&events_of(d)->monitors, kept);
    if (d->led->step_monitor)
        d->led->step_monitor = monitor_off(d, XMEM_EVENT_SINGLESTEP, 0, o) != 0;
    if (d->led->emul_monitor)
        d->led->emul_monitor = monitor_off(d, XMEM_EVENT_EMUL_UNIMPLEMENTED, 0, o) != 0;
    events_of(d)->step_monitor_user = events_of(d)->emul_monitor_user = false;
}

const struct ledger_kind xmi_events_monitors = {
    .turn = LEDGER_MONITORS,
    .any = any_monitor,
    .undo = undo_monitors,
};
