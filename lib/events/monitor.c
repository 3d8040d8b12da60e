/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events other than memory accesses, switched on and off. */
#include "ledger/ledger.h"
#include "base/base.h"
#include "events/events-int.h"

#include <errno.h>
#include <inttypes.h>

static int backend_set(struct xmem_domain *d, const struct backend_monitor *m)
{
    ledger_begin(d, LEDGER_MONITOR, 0, m->reason, m->index);
    int rc = d->ops->monitor_set ? d->ops->monitor_set(d->dom, m) : -EOPNOTSUPP;
    return rc == -EEXIST ? 0 : rc; /* Xen: unchanged */
}

int xmi_monitor_single_step(struct xmem_domain *d)
{
    struct backend_monitor m = {.reason = XMEM_EVENT_SINGLESTEP, .on = true, .sync = true};
    if (d->led->step_monitor || events_of(d)->step_monitor_user)
        return 0;
    int rc = backend_set(d, &m);
    if (!rc)
        d->led->step_monitor = true;
    return rc;
}

int xmi_monitor_emul_unimplemented(struct xmem_domain *d)
{
    struct backend_monitor m = {.reason = XMEM_EVENT_EMUL_UNIMPLEMENTED, .on = true, .sync = true};
    bool there = d->caps.monitors & (UINT64_C(1) << XMEM_EVENT_EMUL_UNIMPLEMENTED);
    if (d->led->emul_monitor || !there)
        return 0;
    int rc = events_of(d)->emul_monitor_user ? 0 : backend_set(d, &m);
    if (!rc)
        d->led->emul_monitor = true;
    return rc;
}

static struct monitor_on *monitor_at(const struct xmem_domain *d, size_t i)
{
    return list_at(&events_of(d)->monitors, i);
}

static size_t find(const struct xmem_domain *d, const struct xmem_monitor *m)
{
    size_t i = 0;
    while (i < events_of(d)->monitors.n &&
           (monitor_at(d, i)->reason != m->reason || monitor_at(d, i)->index != m->index))
        i++;
    return i;
}

/* Remembers what is on, for the end of the session. Room was made. */
static void note_monitor(struct xmem_domain *d, const struct xmem_monitor *m, bool on)
{
    size_t i = find(d, m);
    if (m->reason == XMEM_EVENT_SINGLESTEP)
        events_of(d)->step_monitor_user = on;
    if (m->reason == XMEM_EVENT_EMUL_UNIMPLEMENTED)
        events_of(d)->emul_monitor_user = on;
    if (!on && i < events_of(d)->monitors.n)
        xmi_list_drop(&events_of(d)->monitors, (uint32_t)i);
    else if (on && i == events_of(d)->monitors.n)
        xmi_list_push(&events_of(d)->monitors,
                      &(struct monitor_on){.reason = m->reason, .index = m->index});
}

static int check_monitor(struct xmem_domain *d, const struct xmem_monitor *m)
{
    const char *name = xmem_event_reason_name((enum xmem_event_reason)m->reason);
    uint32_t known = XMEM_MONITOR_ASYNC | XMEM_MONITOR_ON_CHANGE | XMEM_MONITOR_USERSPACE;
    if (!name || m->reason >= XMEM_EVENT_DOMAIN_DIED || m->reserved || (m->flags & ~known))
        return xmi_domain_refuse(d, -EINVAL,
                                 "xmem_domain_set_monitor: reason %" PRIu32 ", flags 0x%" PRIx32
                                 ": no such event or flag",
                                 m->reason, m->flags);
    if (m->reason == XMEM_EVENT_CTRLREG && m->index > XMEM_CTRLREG_XCR0)
        return xmi_domain_refuse(
            d, -EINVAL, "xmem_domain_set_monitor: %" PRIu32 " is no enum xmem_ctrlreg", m->index);
    if (!(d->caps.monitors & (UINT64_C(1) << m->reason)))
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "events %s do not exist on this kind of machine (see "
                                 "caps.monitors)",
                                 name);
    return 0;
}

/*
 * A VM exit is told before it is handled (vmx_vmexit_handler()), and is not handled any more
 * where its event waits: the vCPU would make the same exit for ever.
 */
static bool can_wait(uint32_t reason)
{
    return reason != XMEM_EVENT_VMEXIT;
}

int xmem_domain_set_monitor(struct xmem_domain *d, const struct xmem_monitor *m, int on)
{
    struct xmem_monitor own;
    int rc = domain_usable(d);
    if (rc)
        return rc;
    rc = xmi_sized_in(&own, sizeof(own), m);
    if (rc)
        return xmi_domain_refuse(d, rc,
                                 "xmem_domain_set_monitor: no monitor, or its size is wrong");
    rc = check_monitor(d, &own);
    if (rc || own.reason == XMEM_EVENT_MEM_ACCESS) /* on by itself */
        return rc;
    if (xmi_list_room(&events_of(d)->monitors))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    struct backend_monitor b = {
        .reason = own.reason,
        .index = own.index,
        .bitmask = own.bitmask,
        .on = on != 0,
        .sync = !(own.flags & XMEM_MONITOR_ASYNC) && can_wait(own.reason),
        .on_change = own.flags & XMEM_MONITOR_ON_CHANGE,
        .userspace = own.flags & XMEM_MONITOR_USERSPACE,
    };
    /* What the library itself needs stays on. */
    bool needed = own.reason == XMEM_EVENT_SINGLESTEP
                      ? d->led->step_monitor
                      : own.reason == XMEM_EVENT_EMUL_UNIMPLEMENTED && d->led->emul_monitor;
    if (!needed)
        rc = backend_set(d, &b);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "events %s cannot be switched %s",
                               xmem_event_reason_name((enum xmem_event_reason)own.reason),
                               on ? "on" : "off");
    note_monitor(d, &own, on != 0);
    return 0;
}
