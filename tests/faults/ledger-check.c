/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger-check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xmem.h>

#include "arena/arena.h"
#include "pv.h"

static char text[200];

__attribute__((format(printf, 1, 2))) static const char *say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return text;
}

/* ---- the machine ---- */

static void take_gfn(struct sim_domain *g, struct shot *s, unsigned view, uint64_t gfn)
{
    s->view[view].gfn[gfn].mfn = UINT64_MAX;
    if (g->pv) {
        if (xmi_pv_own(g, gfn) == NULL)
            return;
        s->view[view].gfn[gfn].mfn = gfn;
        s->view[view].gfn[gfn].access = xm_pv_of(&g->core)->on
                                            ? (uint8_t)xm_pv_rights(xm_pv_of(&g->core), gfn)
                                            : XM_ACCESS_RWX;
        return;
    }
    struct xm_p2m_entry e = xm_p2m_get(&g->core, (uint16_t)view, xm_gfn(gfn));
    if (!xm_mfn_valid(e.mfn))
        return;
    s->view[view].gfn[gfn].mfn = e.mfn.n;
    s->view[view].gfn[gfn].access = e.access;
    s->view[view].gfn[gfn].sve = e.suppress_ve;
}

static void take_views(struct sim_domain *g, struct shot *s)
{
    unsigned n = g->pv || g->core.max_views < SHOT_VIEWS ? g->core.max_views : SHOT_VIEWS;
    for (unsigned view = 0; view < n || !view; view++) {
        s->view[view].there = !view || g->core.view[view].active;
        s->view[view].visible = !g->pv && g->core.view[view].visible;
        for (uint64_t gfn = 0; s->view[view].there && gfn < SHOT_GFNS; gfn++)
            take_gfn(g, s, view, gfn);
    }
}

static uint64_t sum_of_registers(const struct xm_monitor *m)
{
    uint64_t sum = m->cr_enabled;
    for (unsigned r = 0; m->msr && r < 3; r++)
        for (unsigned w = 0; w < XM_MSR_WORDS; w++)
            sum = sum * 31 + m->msr[0][r][w];
    return sum;
}

void shot_take(struct sim_domain *g, struct shot *s)
{
    memset(s, 0, sizeof(*s));
    take_views(g, s);
    for (uint32_t i = 0; i < g->cfg.vcpus && i < SHOT_VCPUS; i++) {
        const struct xm_vcpu *v = &g->core.vcpu[i];
        s->vcpu[i].notify = v->notify_gfn;
        s->vcpu[i].view = v->view;
        s->vcpu[i].step = v->single_step || v->fast_step;
        s->vcpu[i].holds = g->vcpu[i].holds;
    }
    s->monitors = g->core.monitor.enabled;
    s->registers = sum_of_registers(&g->core.monitor);
    s->pauses = g->pauses;
    s->def = g->pv && !xm_pv_of(&g->core)->on ? (uint8_t)XM_ACCESS_RWX
             : g->pv                          ? xm_pv_of(&g->core)->default_access
                                              : g->core.view[0].default_access;
    s->ring = g->core.ring.enabled;
    s->required = g->core.access_required;
    s->views = g->core.views_active;
}

/* ---- beside the ledger ---- */

struct look {
    const struct shot *found, *now;
    const struct ledger_image *m;
    const struct ledger_head *h;
};

static bool doing(const struct look *l, enum ledger_what what)
{
    return l->h->doing.what == what;
}

static bool default_named(const struct look *l)
{
    return doing(l, LEDGER_DEFAULT) || l->h->default_over_all ||
           l->h->default_now != l->h->default_found;
}

/* Added, and what is done with a page that is. */
static bool page_named(const struct look *l, uint64_t gfn)
{
    struct added a;
    for (uint32_t i = 0; xmi_ledger_image_entry(l->m, &l->h->added, i, &a); i++)
        if (a.gfn == gfn)
            return true;
    return doing(l, LEDGER_PAGE) && l->h->doing.gfn == gfn;
}

static bool remap_named(const struct look *l, const struct ledger_view *v, uint64_t gfn)
{
    struct remap r;
    for (uint32_t i = 0; xmi_ledger_image_entry(l->m, &v->remaps, i, &r); i++)
        if (r.gfn == gfn)
            return true;
    return false;
}

static bool ve_named(const struct look *l, const struct ledger_view *v, uint64_t gfn)
{
    uint8_t byte = xmi_ledger_image_byte(l->m, v->ve, gfn);
    return (byte & KNOWN_FOUND) && known_set_of(byte) != known_found_of(byte);
}

static const char *gfn_unnamed(const struct look *l, const struct ledger_view *v, uint64_t gfn)
{
    unsigned id = v->id;
    uint64_t mfn = l->now->view[id].gfn[gfn].mfn, mfn_found = l->found->view[id].gfn[gfn].mfn;
    uint8_t access = l->now->view[id].gfn[gfn].access, found = l->found->view[id].gfn[gfn].access;
    uint8_t byte = xmi_ledger_image_byte(l->m, v->known, gfn);
    if (mfn == UINT64_MAX || page_named(l, gfn))
        return NULL;
    if (mfn_found == UINT64_MAX && !remap_named(l, v, gfn))
        return say("view %u: a page at gfn %#" PRIx64, id, gfn);
    if (mfn != mfn_found && !remap_named(l, v, gfn))
        return say("view %u: another frame at gfn %#" PRIx64, id, gfn);
    if (l->now->view[id].gfn[gfn].sve != l->found->view[id].gfn[gfn].sve && !ve_named(l, v, gfn) &&
        !remap_named(l, v, gfn))
        return say("view %u: suppress-#VE of gfn %#" PRIx64, id, gfn);
    if (access != found && !xmi_ledger_image_names(l->m, v, gfn) && !(!id && default_named(l)))
        return say("view %u: rights of gfn %#" PRIx64 ", %u and were %u; known %#x", id, gfn,
                   access, found, byte);
    if (access != found && (byte & KNOWN_FOUND) && found <= XM_ACCESS_RWX &&
        known_found_of(byte) != XMEM_N + found)
        return say("view %u: gfn %#" PRIx64 " was found with %u, not %u", id, gfn, found,
                   byte >> 4);
    return NULL;
}

static bool find_view(const struct look *l, unsigned id, struct ledger_view *out)
{
    for (uint32_t i = 0; xmi_ledger_image_view(l->m, i, out); i++)
        if (out->id == id)
            return true;
    return false;
}

static const char *view_unnamed(const struct look *l, unsigned id)
{
    struct ledger_view v;
    bool known = find_view(l, id, &v);
    if (!l->now->view[id].there)
        return NULL;
    if (!l->found->view[id].there)
        return (known && v.own) || doing(l, LEDGER_CREATE) ? NULL : say("view %u is there", id);
    if (!known) /* the hypervisor did not tell of it: nothing is done in it */
        return NULL;
    if (l->now->view[id].visible != l->found->view[id].visible && !v.hidden && !v.hide_owed &&
        !doing(l, LEDGER_VISIBLE) && l->found->views)
        return say("view %u: visibility", id);
    const char *why = NULL;
    for (uint64_t gfn = 0; gfn < SHOT_GFNS && !why; gfn++)
        why = gfn_unnamed(l, &v, gfn);
    return why;
}

static const char *vcpu_unnamed(const struct look *l, uint32_t i)
{
    struct ledger_vcpu v;
    if (!xmi_ledger_image_entry(l->m, &l->h->vcpu, i, &v))
        return i < l->h->vcpus ? say("vcpu %u has no entry", i) : NULL;
    if (l->now->vcpu[i].step && !l->found->vcpu[i].step && !v.stepped)
        return say("vcpu %u: single step", i);
    if (l->now->vcpu[i].holds != l->found->vcpu[i].holds && !v.held)
        return say("vcpu %u: is held", i);
    if (l->now->vcpu[i].notify != l->found->vcpu[i].notify && !v.notify_set &&
        !doing(l, LEDGER_NOTIFY))
        return say("vcpu %u: #VE page", i);
    if (l->now->vcpu[i].view != l->found->vcpu[i].view && !l->h->views_switched &&
        !doing(l, LEDGER_SWITCH))
        return say("vcpu %u: its view", i);
    return NULL;
}

static const char *events_unnamed(const struct look *l)
{
    const struct ledger_head *h = l->h;
    bool monitors = h->monitors.n || h->step_monitor || h->emul_monitor || doing(l, LEDGER_MONITOR);
    if (l->now->ring && !l->found->ring && !h->ring_taken && !doing(l, LEDGER_RING))
        return say("the ring");
    if ((l->now->monitors != l->found->monitors || l->now->registers != l->found->registers) &&
        !monitors)
        return say("monitors %#x", l->now->monitors);
    if (l->now->required != l->found->required && !h->access_required && !doing(l, LEDGER_REQUIRED))
        return say("access_required");
    if (l->now->views != l->found->views && !h->views_on && !doing(l, LEDGER_VIEWS))
        return say("views are on");
    if (l->now->def != l->found->def && !default_named(l) && !doing(l, LEDGER_RING) &&
        !h->ring_taken)
        return say("the default");
    uint32_t pauses = l->now->pauses - l->found->pauses;
    if (pauses != h->pauses && !(doing(l, LEDGER_PAUSE) && pauses + 1 == h->pauses))
        return say("%u pauses, and %u are counted", pauses, h->pauses);
    return NULL;
}

const char *shot_unnamed(const struct shot *found, const struct shot *now,
                         const struct ledger_image *m)
{
    struct look l = {found, now, m, &m->head};
    const char *why = events_unnamed(&l);
    for (unsigned id = 0; id < SHOT_VIEWS && !why; id++)
        why = view_unnamed(&l, id);
    for (uint32_t i = 0; i < SHOT_VCPUS && !why; i++)
        why = vcpu_unnamed(&l, i);
    return why;
}
