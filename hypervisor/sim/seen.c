/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Did the listener see what went through? The rights of the tables do not say it while an
 * access is stepped over: a page is open for one instruction then, and whoever comes by passes.
 * So a vCPU remembers what was told of the instruction under way, and the listener's library
 * says, beside the hypercalls, which pages it opened for whom and which views are for stepping.
 */
#include <stdlib.h>
#include <string.h>

#include "sim-int.h"

#define NOTES_MOST 65536u

static void refresh(struct sim_domain *d)
{
    d->watched = d->notes_n != 0 || d->internal_n != 0;
    d->change++; /* TLB entries are compared anew */
}

static bool internal(const struct sim_domain *d, unsigned view)
{
    return d->internal_n != 0 && d->internal[view] != XM_VIEW_NONE;
}

/* ---- what was told ---- */

static void record_told(struct sim_vcpu *v, uint64_t frame, unsigned what)
{
    struct sim_told *t = v->told;

    if (v->told_n == 0 || !internal(v->dom, v->core->view)) /* it may have been switched since */
        v->home = (uint16_t)xmi_sim_home_view(v->dom, v);
    for (unsigned i = 0; i < v->told_n; i++) {
        if (t[i].frame == frame) {
            t[i].what |= (uint8_t)what;
            return;
        }
    }
    if (v->told_n < SIM_TOLD)
        v->told_n++;
    else
        memmove(t, t + 1, (SIM_TOLD - 1) * sizeof(*t));
    t[v->told_n - 1] = (struct sim_told){.frame = frame, .what = (uint8_t)what};
}

void xmi_sim_told(struct sim_vcpu *v, uint64_t frame, unsigned what)
{
    if (v->waiting) /* no slot: it is told when there is one */
        return;
    if (v->dom->core.ops->write_reads && (what & XM_DO_W) != 0)
        what |= XM_DO_R; /* as the event says */
    record_told(v, frame, what);
}

static bool was_told(const struct sim_vcpu *v, uint64_t frame, unsigned what)
{
    for (unsigned i = 0; i < v->told_n; i++) {
        if (v->told[i].frame == frame)
            return (what & ~(unsigned)v->told[i].what) == 0;
    }
    return false;
}

int xmi_sim_step_told(struct sim_domain *d, uint32_t vcpu, uint64_t gfn, uint8_t what)
{
    if (d == NULL || vcpu >= d->cfg.vcpus || what == 0 || what > 7)
        return -XM_EINVAL;
    xmi_sim_enter(d);
    if (d->vcpu[vcpu].in_op)
        record_told(&d->vcpu[vcpu], gfn, what);
    xmi_sim_leave(d);
    return 0;
}

/* ---- pages that are open for somebody's step ---- */

static bool same_page(const struct sim_note *n, uint16_t view, uint64_t gfn)
{
    return n->view == view && n->gfn == gfn;
}

static int note_open(struct sim_domain *d, const struct sim_note *note)
{
    size_t room = d->notes_room != 0 ? 2 * d->notes_room : 8;
    struct sim_note *more;

    if (d->notes_n == d->notes_room) {
        more = room <= NOTES_MOST ? realloc(d->notes, room * sizeof(*more)) : NULL;
        if (more == NULL)
            return -XM_ENOMEM;
        d->notes = more;
        d->notes_room = room;
    }
    d->notes[d->notes_n++] = *note;
    return 0;
}

static int note_close(struct sim_domain *d, const struct sim_note *note)
{
    for (size_t i = 0; i < d->notes_n; i++) {
        if (same_page(&d->notes[i], note->view, note->gfn) && d->notes[i].vcpu == note->vcpu) {
            d->notes[i] = d->notes[--d->notes_n];
            return 0;
        }
    }
    return -XM_ENOENT;
}

int xmi_sim_step_note(struct sim_domain *d, uint16_t view, uint64_t gfn, uint32_t vcpu,
                      uint8_t access, bool open)
{
    struct sim_note note = {.view = view, .gfn = gfn, .vcpu = vcpu, .access = access};

    if (d == NULL || vcpu >= d->cfg.vcpus || view >= d->core.max_views || access > XM_ACCESS_R_PW)
        return -XM_EINVAL;
    xmi_sim_enter(d);
    if (access == XM_ACCESS_DEFAULT)
        note.access = d->core.view[0].default_access;
    int rc = open ? note_open(d, &note) : note_close(d, &note);
    refresh(d);
    xmi_sim_leave(d);
    return rc;
}

void xmi_sim_notes_forget(struct sim_domain *d)
{
    d->notes_n = 0;
    refresh(d);
}

/* ---- views that are for stepping ---- */

static void mark(struct sim_domain *d, uint16_t view, uint16_t from)
{
    d->internal_n -= d->internal[view] != XM_VIEW_NONE;
    d->internal_n += from != XM_VIEW_NONE;
    d->internal[view] = from;
    refresh(d);
}

int xmi_sim_view_internal(struct sim_domain *d, uint16_t view, uint16_t from)
{
    if (d == NULL || view == 0 || view >= d->core.max_views || from >= d->core.max_views)
        return -XM_EINVAL;
    xmi_sim_enter(d);
    mark(d, view, from);
    xmi_sim_leave(d);
    return 0;
}

void xmi_sim_views_changed(struct sim_domain *d, const struct xm_altp2m_op *op)
{
    switch (op->cmd) {
    case XM_ALTP2M_SET_DOMAIN_STATE:
        for (uint16_t i = 0; !op->u.domain_state.state && i < d->core.max_views; i++)
            mark(d, i, XM_VIEW_NONE);
        break;
    case XM_ALTP2M_DESTROY_P2M: mark(d, op->u.view.view, XM_VIEW_NONE); break;
    case XM_ALTP2M_SWITCH_P2M: /* all of them belong there from now on */
        for (uint32_t i = 0; i < d->cfg.vcpus; i++)
            d->vcpu[i].home = op->u.view.view;
        break;
    default: break;
    }
}

unsigned xmi_sim_home_view(const struct sim_domain *d, const struct sim_vcpu *v)
{
    if (!internal(d, v->core->view))
        return v->core->view;
    if (v->told_n != 0)
        return v->home;
    return v->core->fast_step ? v->core->fast_view : d->internal[v->core->view];
}

/* ---- the check ---- */

/* The vCPU's own opening, else somebody's, else NULL. */
static const struct sim_note *find_note(const struct sim_domain *d, uint16_t view, uint64_t frame,
                                        uint32_t vcpu)
{
    const struct sim_note *found = NULL;

    for (size_t i = 0; i < d->notes_n; i++) {
        const struct sim_note *n = &d->notes[i];

        if (same_page(n, view, frame) && (found == NULL || n->vcpu == vcpu))
            found = n;
    }
    return found;
}

unsigned xmi_sim_unwatched_bits(const struct sim_domain *d, const struct sim_vcpu *v,
                                uint64_t frame)
{
    if (internal(d, v->core->view))
        return 0;
    const struct sim_note *n = find_note(d, v->core->view, frame, v->id);
    return n != NULL ? xm_rights_bits((enum xm_access)n->access) : 7u;
}

static bool rights_there(struct sim_domain *d, unsigned view, uint64_t frame, enum xm_access *a)
{
    struct xm_access_res res;

    *a = XM_ACCESS_RWX;
    if (d->pv != NULL) {
        if (xm_pv_of(&d->core)->on)
            *a = xm_pv_rights(xm_pv_of(&d->core), frame);
        return true;
    }
    if (!xm_access_lookup_view(&d->core, view, xm_gfn(frame), &res))
        return false;
    *a = (enum xm_access)res.access;
    return true;
}

/* around: the tables that it went through were not those of the vCPU's own view. */
static void check_part(struct sim_domain *d, struct sim_vcpu *v, const struct sim_access *a,
                       const struct part *p, bool around)
{
    uint16_t view = (uint16_t)xmi_sim_home_view(d, v);
    const struct sim_note *n = find_note(d, view, p->frame, v->id);
    enum xm_access rights;

    if (p->host == NULL || p->exempt)
        return;
    if (n != NULL)
        rights = (enum xm_access)n->access;
    else if (!around || !rights_there(d, view, p->frame, &rights))
        return;
    if (rights == XM_ACCESS_RX2RW || !xm_rights_violated(rights, a->what, a->walk) ||
        was_told(v, p->frame, a->what))
        return;
    if (!sim_is_arm(d) && n != NULL && (n->vcpu != v->id || v->told_n == 0))
        d->unseen++; /* Arm: a step by emulation would have let nobody pass */
    else
        d->forbidden++;
}

void xmi_sim_check_access(struct sim_domain *d, struct sim_vcpu *v, const struct sim_access *a,
                          bool around)
{
    for (unsigned i = 0; i < a->n; i++)
        check_part(d, v, a, &a->p[i], around);
}

void xmi_sim_check_done(struct sim_domain *d, struct sim_vcpu *v, const struct sim_insn *in,
                        bool emulated)
{
    bool around = emulated || internal(d, v->core->view);

    for (unsigned i = 0; i < in->n; i++)
        xmi_sim_check_access(d, v, &in->a[i], around);
}
