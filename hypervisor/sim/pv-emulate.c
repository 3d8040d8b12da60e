/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One instruction of a PV guest, done by the hypervisor. What it touches is found through the
 * guest's tables as they are now, and held to the rights of all frames that nobody answered for.
 */
#include "pv.h"

enum found { FOUND, FAULTS, STOPS, CANNOT };

static enum found find_part(struct sim_domain *d, struct sim_vcpu *v, const struct sim_access *a,
                            struct part *p, struct pv_walk *w)
{
    struct xm_pv_todo todo;
    struct xm_pv_ask ask;
    struct pv_frame *f;

    if (!xmi_pv_walk_user(d, v, pv_va(p), w) || !xmi_pv_walk_allows(w, a->what))
        return FAULTS;
    f = xmi_pv_own(d, pte_mfn(w->leaf));
    if (f == NULL || ((a->what & XM_DO_W) != 0 && pv_is_table(f)))
        return CANNOT;
    ask = xmi_pv_ask_make(v, pte_mfn(w->leaf), p->offset, a->what, XM_PV_BY_GUEST);
    ask.va_valid = true;
    ask.va = pv_va(p);
    if (!xm_pv_piece(xm_pv_of(&d->core), v->pv, &ask, &todo)) {
        v->pv_todo = todo;
        return STOPS;
    }
    p->frame = pte_mfn(w->leaf);
    p->host = f->host + p->offset;
    return FOUND;
}

static void touch(struct sim_vcpu *v, const struct sim_access *a, struct part *p, struct pv_walk *w)
{
    bool write = (a->what & XM_DO_W) != 0;

    xmi_pv_set_used(v, w, pv_va(p), write);
    if (write)
        xmi_pv_mark_dirty(v->dom, xmi_pv_own(v->dom, p->frame));
}

/* All of it before anything is done to any. */
static enum found find(struct sim_domain *d, struct sim_vcpu *v, struct sim_insn *in)
{
    struct pv_walk w[INSN_ACCESSES][2];
    enum found found = FOUND;

    for (unsigned i = 0; i < in->n; i++) {
        for (unsigned k = 0; k < in->a[i].n && found == FOUND; k++)
            found = find_part(d, v, &in->a[i], &in->a[i].p[k], &w[i][k]);
    }
    for (unsigned i = 0; i < in->n && found == FOUND; i++) {
        for (unsigned k = 0; k < in->a[i].n; k++)
            touch(v, &in->a[i], &in->a[i].p[k], &w[i][k]);
    }
    return found;
}

static enum op_end not_emulated(struct sim_domain *d, struct sim_vcpu *v)
{
    static const uint8_t movups[] = {0x0f, 0x11, 0x00};
    const struct xm_pv_ask *ask = &v->pv_todo.ask;

    if (xm_pv_not_emulated(xm_pv_of(&d->core), v->pv, &v->pv_todo) == XM_PV_STEP)
        xm_pv_step_or_tell(xm_pv_of(&d->core), v->pv, &v->pv_todo, movups, sizeof(movups));
    if (v->pv->told)
        xmi_sim_told(v, ask->mfn, ask->what);
    return OP_BLOCKED;
}

void xmi_sim_pv_retired(struct sim_domain *d, struct sim_vcpu *v)
{
    if (sim_vcpu_traps(v) && xm_pv_step_trap(xm_pv_of(&d->core), v->pv))
        v->debugs++;
}

enum op_end xmi_sim_pv_emulate(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op)
{
    const struct xm_pv_todo why = v->pv_todo;
    struct sim_insn in;

    if ((op->flags & (SIM_OP_F_NO_EMUL | SIM_OP_F_UNHANDLEABLE)) != 0)
        return not_emulated(d, v);
    xmi_sim_insn_make(d, op, &in);
    switch (find(d, v, &in)) {
    case FOUND: break;
    case FAULTS: v->traps++; return OP_DONE;
    case STOPS:
        v->pv_due = PV_DUE_ACT; /* when nothing of the instruction is held any more */
        return OP_BLOCKED;
    case CANNOT:
    default: v->pv_todo = why; return not_emulated(d, v);
    }
    xmi_sim_check_done(d, v, &in, true);
    xmi_sim_insn_do(v, op, &in, NULL);
    d->accesses++;
    return OP_DONE;
}
