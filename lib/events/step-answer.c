/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps by an answer alone: the hypervisor emulates the instruction, or carries it over. */
#include "events/events-int.h"
#include "events/step.h"

#include <errno.h>

#define OPERAND_MAX 64u /* bytes that one operand has at most */

/* Xen's emulator reaches the host's frames only, whatever their rights, and gets some wrong. */
static bool not_for_emulator(struct xmem_domain *d, struct event *ev)
{
    const struct view *v = domain_view(d, ev->home);
    bool by_rights = d->quirks & QUIRK_EMULATES_BY_RIGHTS;
    if (!by_rights && v && v->remaps.n)
        return true;
    bool never = xmi_step_was_refused(d, ev) || (!by_rights && xmi_step_not_for_xen(d, ev));
    d->stats.not_decoded += never;
    return never;
}

/* By one answer; what the hypervisor cannot do so it tells. */
static int step_by_answer(struct xmem_domain *d, struct event *ev, uint32_t flag)
{
    int rc = xmi_monitor_emul_unimplemented(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "what cannot be emulated cannot be monitored");
    rc = vcpu_of(d, ev)->writes ? xmi_step_set_single(d, ev->pub.vcpu) : 0;
    if (rc)
        return rc;
    xmi_step_set_phase(d, ev->pub.vcpu, STEP_RUNS);
    xmi_event_answer(d, ev, flag);
    return 0;
}

/* What it did not do before, it does not do now: the next means is said at once. */
int xmi_step_by_hypervisor(struct xmem_domain *d, struct event *ev)
{
    return xmi_step_was_refused(d, ev) ? -EOPNOTSUPP : step_by_answer(d, ev, RING_FLAG_STEP);
}

/* What is at a page's end may go on in the next one. */
static bool may_cross(const struct xmem_domain *d, const struct event *ev)
{
    bool others = d->caps.step_means & (XMEM_STEP_SINGLE | XMEM_STEP_RELAX);
    return others && ev->pub.reason == XMEM_EVENT_MEM_ACCESS &&
           ev->pub.u.mem.offset + OPERAND_MAX > PAGE_BYTES;
}

int xmi_step_by_emulation(struct xmem_domain *d, struct event *ev)
{
    if (xmi_step_arm_can(d))
        return xmi_step_by_arm(d, ev);
    if (not_for_emulator(d, ev))
        return -EOPNOTSUPP;
    if (d->quirks & QUIRK_EMULATES_BY_RIGHTS)
        return step_by_answer(d, ev, RING_FLAG_EMULATE);
    int rc = xmi_step_look_ahead(d, ev);
    if (rc)
        return rc > 0 ? 0 : rc;
    if (!vcpu_of(d, ev)->step.sure && may_cross(d, ev))
        return -EOPNOTSUPP;
    rc = xmi_step_ahead_turn(d, ev);
    return rc ? rc : step_by_answer(d, ev, RING_FLAG_EMULATE);
}

/* Of an instruction all of whose pages were looked at none passes. */
uint32_t xmi_step_passes_now(struct xmem_domain *d, const struct event *ev, uint32_t means)
{
    bool sure = means == XMEM_STEP_EMULATE && vcpu_of(d, ev)->step.sure;
    return xmi_step_passes(d, means) & ~(sure ? XMEM_PASSES_PAGES : 0);
}
