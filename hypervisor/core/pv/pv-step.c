/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/pv.h>
#include <xm/steps.h>

/* An interrupt that the guest asks for comes back through the hypervisor, as do its system calls. */
bool xm_pv_step_never(const uint8_t *code, uint32_t n)
{
    return xm_trap_never(code, n, true);
}

bool xm_pv_stepping(const struct xm_pv *pv, const struct xm_pv_vcpu *v)
{
    return pv->step.open && pv->step.vcpu == v->id;
}

void xm_pv_step_begin(struct xm_pv *pv, struct xm_pv_vcpu *v)
{
    if (xm_pv_stepping(pv, v) || !pv->calls->hold_others(pv->self, v->id))
        return;
    pv->calls->lock(pv->self);
    pv->step.n = 0;
    pv->step.vcpu = v->id;
    pv->step.open = true;
    pv->calls->unlock(pv->self, false);
    pv->step.own_trap = pv->calls->trap_flag(pv->self, v->id, true);
}

void xm_pv_step_or_tell(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_todo *todo,
                        const uint8_t *code, uint32_t n)
{
    if (!xm_pv_step_never(code, n)) {
        xm_pv_step_begin(pv, v);
        return;
    }
    v->armed.step = false;
    (void)xm_pv_not_emulated(pv, v, todo);
}

static uint32_t find(const struct xm_pv_step *s, uint64_t mfn)
{
    uint32_t i = 0;

    while (i < s->n && s->frame[i].mfn != mfn)
        i++;
    return i;
}

bool xm_pv_step_open(struct xm_pv *pv, struct xm_pv_vcpu *v, const struct xm_pv_ask *ask)
{
    struct xm_pv_step *s = &pv->step;
    uint32_t i;

    pv->calls->lock(pv->self);
    i = find(s, ask->mfn);
    if (i == s->n && i < XM_PV_STEP_FRAMES) {
        s->frame[i].mfn = ask->mfn;
        s->frame[i].bits = 0;
        s->n++;
    }
    if (i < XM_PV_STEP_FRAMES)
        s->frame[i].bits |= ask->what;
    pv->calls->unlock(pv->self, false);
    if (i == XM_PV_STEP_FRAMES)
        xm_pv_step_close(pv, v, false);
    return i < XM_PV_STEP_FRAMES;
}

uint64_t xm_pv_step_flags(struct xm_pv *pv, uint32_t vcpu, uint64_t mfn, uint64_t flags,
                          unsigned limits)
{
    const struct xm_pv_step *s = &pv->step;
    uint32_t i = s->open && s->vcpu == vcpu ? find(s, mfn) : s->n;
    uint8_t more = i < s->n ? s->frame[i].bits : 0;

    return xm_pv_entry_flags_with(pv, mfn, more, flags, limits);
}

void xm_pv_step_close(struct xm_pv *pv, struct xm_pv_vcpu *v, bool done)
{
    bool flush = false;
    uint32_t i;

    if (!xm_pv_stepping(pv, v))
        return;
    pv->calls->lock(pv->self);
    pv->step.open = false; /* before the entries go: none is made again */
    for (i = 0; i < pv->step.n; i++)
        flush = pv->hooks->drop(pv->env, xm_mfn(pv->step.frame[i].mfn)) || flush;
    (void)xm_pv_settle(pv, false, &flush);
    pv->calls->unlock(pv->self, flush);
    (void)pv->calls->trap_flag(pv->self, v->id, pv->step.own_trap);
    if (done)
        xm_pv_disarm_all(&v->armed);
    pv->calls->release_others(pv->self, v->id);
}

bool xm_pv_step_trap(struct xm_pv *pv, struct xm_pv_vcpu *v)
{
    bool own = pv->step.own_trap;

    if (!xm_pv_stepping(pv, v))
        return true;
    xm_pv_step_close(pv, v, true);
    return own;
}
