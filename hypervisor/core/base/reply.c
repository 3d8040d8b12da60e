/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer comes to its vCPU (vm_event_resume in Xen); what it asks for a kind knows. */
#include <xm/event.h>

/* Only a vCPU that is paused for an event takes orders: anything else would race with the guest. */
void xm_reply_apply(struct xm_domain *d, struct xm_vcpu *v, const struct xm_ev *rsp)
{
    bool unpause = (rsp->flags & XM_EV_FLAG_VCPU_PAUSED) != 0;

    if (v->event_pause == 0) {
        d->stats.double_answers += unpause;
        return;
    }
    d->ops->answer(d, v, rsp);
    if (!unpause)
        return;
    v->event_pause--;
    v->pending_reason = 0;
    v->held.reason = 0;
    xm_env_vcpu_unpause(d->env, v->id);
}

bool xm_reply_take(struct xm_domain *d, uint32_t vcpu, struct xm_reply *out)
{
    struct xm_vcpu *v = xm_vcpu_get(d, vcpu);

    if (v == NULL || !v->has_reply)
        return false;
    *out = v->reply;
    v->has_reply = false;
    return true;
}
