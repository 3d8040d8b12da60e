/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pv.h"

struct text {
    char *at, *end;
};

/* Pages that the domain did not begin with, in order: which gfn one got is nobody's promise. */
#define ADDED_MAX 16u
struct added {
    uint64_t gfn[ADDED_MAX], mfn[ADDED_MAX];
    unsigned n;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->at, (size_t)(t->end - t->at), fmt, ap);
    va_end(ap);
    if (n > 0)
        t->at += n < t->end - t->at ? n : t->end - t->at - 1;
}

/* ---- rights and frames ---- */

/* Gfns alike in a view, told as one. */
struct stretch {
    uint64_t first, n, mfn;
    uint8_t access;
    bool sve;
};

static void tell(struct text *t, unsigned view, struct stretch *s)
{
    if (s->n)
        add(t, "view %u gfn %#" PRIx64 "+%" PRIu64 ": rights %u frame %#" PRIx64 " sve %d\n", view,
            s->first, s->n, s->access, s->mfn, s->sve);
    s->n = 0;
}

static void more(struct text *t, unsigned view, struct stretch *s, const struct stretch *one)
{
    if (s->n && one->first == s->first + s->n && one->mfn == s->mfn + s->n &&
        one->access == s->access && one->sve == s->sve) {
        s->n++;
        return;
    }
    tell(t, view, s);
    *s = *one;
}

static void find_added(struct sim_domain *g, struct added *a)
{
    for (uint64_t gfn = g->cfg.first_gfn + g->cfg.pages; gfn <= xm_p2m_highest_gfn(&g->core);
         gfn++) {
        struct xm_p2m_entry e = xm_p2m_get(&g->core, 0, xm_gfn(gfn));
        if (!xm_mfn_valid(e.mfn) || a->n == ADDED_MAX)
            continue;
        a->gfn[a->n] = gfn;
        a->mfn[a->n++] = e.mfn.n;
    }
}

/* As if they stood one behind the other. */
static uint64_t place_of(const uint64_t *v, unsigned n, uint64_t what)
{
    for (unsigned i = 0; i < n; i++)
        if (v[i] == what)
            return 0xadded000 + i;
    return what;
}

/* Is it what a view shows that has no entry: the host's frame, with the rights that one is made with? */
static bool as_none(struct sim_domain *g, uint16_t view, uint64_t gfn, const struct xm_p2m_entry *e)
{
    struct xm_p2m_entry host = xm_p2m_get(&g->core, 0, xm_gfn(gfn));
    uint8_t made = g->core.xen_minor >= 19 ? g->core.view[view].default_access : host.access;
    return view && e->mfn.n == host.mfn.n && e->access == made && e->suppress_ve;
}

static void of_view(struct sim_domain *g, const struct added *a, uint16_t view, struct text *t)
{
    const struct xm_p2m *p = &g->core.view[view];
    struct stretch s = {0};
    if (view && (!p->active ||
                 g->internal[view] != XM_VIEW_NONE)) /* the library's own are as it needs them */
        return;
    /* In a view of the library's own nothing is promised, but that it goes. */
    bool own = view && g->internal && g->internal[view] != XM_VIEW_NONE;
    add(t, "view %u: default %u visible %d%s\n", view, p->default_access, p->visible,
        own ? ", internal" : "");
    if (own)
        return;
    for (uint64_t gfn = 0; gfn <= xm_p2m_highest_gfn(&g->core); gfn++) {
        struct xm_p2m_entry e = xm_p2m_get(&g->core, view, xm_gfn(gfn));
        struct stretch one = {place_of(a->gfn, a->n, gfn), 1, place_of(a->mfn, a->n, e.mfn.n),
                              e.access, e.suppress_ve};
        if (xm_mfn_valid(e.mfn) && !as_none(g, view, gfn, &e))
            more(t, view, &s, &one);
    }
    tell(t, view, &s);
}

static void of_pv(struct sim_domain *g, struct text *t)
{
    struct stretch s = {0};
    add(t, "pv: on %d mode %u default %u\n", xm_pv_of(&g->core)->on, g->pv->mode,
        xm_pv_of(&g->core)->on ? xm_pv_of(&g->core)->default_access : 0);
    for (uint64_t mfn = 0; mfn <= g->pv->highest; mfn++) {
        if (!xmi_pv_own(g, mfn))
            continue;
        uint8_t access = xm_pv_of(&g->core)->on ? (uint8_t)xm_pv_rights(xm_pv_of(&g->core), mfn)
                                                : XM_ACCESS_RWX;
        more(t, 0, &s, &(struct stretch){mfn, 1, mfn, access, false});
    }
    tell(t, 0, &s);
}

/* ---- the rest ---- */

static void of_msrs(const struct xm_monitor *m, struct text *t)
{
    for (unsigned r = 0; m->msr && r < 3; r++)
        for (unsigned w = 0; w < XM_MSR_WORDS; w++)
            if (m->msr[0][r][w])
                add(t, "msr range %u word %u: %#" PRIx64 "\n", r, w, m->msr[0][r][w]);
}

static void of_monitor(struct sim_domain *g, struct text *t)
{
    const struct xm_monitor *m = &g->core.monitor;
    add(t, "monitors: %#x registers %#x, %#x on change, values %d\n", m->enabled, m->cr_enabled,
        m->cr_onchange & m->cr_enabled, m->inguest_pagefault_disabled);
    of_msrs(m, t);
    add(t, "ring: %s, channel %s, %u unanswered\n", g->core.ring.enabled ? "on" : "off",
        g->evtchn.bound ? "bound" : "unbound", g->core.ring.outstanding);
    add(t, "access required: %d\n", g->core.access_required);
    add(t, "views: %s\n", g->core.views_active ? "on" : "off");
    add(t, "paused: %u\n", g->pauses);
}

static void of_vcpus(struct sim_domain *g, struct text *t)
{
    for (uint32_t i = 0; i < g->cfg.vcpus; i++) {
        const struct xm_vcpu *v = &g->core.vcpu[i];
        add(t, "vcpu %u: view %u notify %#" PRIx64 " step %d fast %d holds %u\n", i, v->view,
            v->notify_gfn, v->single_step, v->fast_step, g->vcpu[i].holds);
        add(t, "vcpu %u: waits %u for %d\n", i, g->vcpu[i].pauses, g->vcpu[i].waiting);
    }
}

size_t state_take(struct sim_domain *g, char *out, size_t room)
{
    struct text t = {.at = out, .end = out + room};
    struct added a = {.n = 0};
    xmi_sim_enter(g);
    if (!g->pv)
        find_added(g, &a);
    if (g->pv)
        of_pv(g, &t);
    for (uint16_t view = 0; !g->pv && view < g->core.max_views; view++)
        of_view(g, &a, view, &t);
    of_monitor(g, &t);
    of_vcpus(g, &t);
    xmi_sim_leave(g);
    return (size_t)(t.at - out) + 1;
}

/* Is this line one of text's? */
static bool has_line(const char *text, const char *line)
{
    size_t n = strcspn(line, "\n");
    for (; n && *text; text += strcspn(text, "\n"), text += *text != 0)
        if (!strncmp(text, line, n) && text[n] == '\n')
            return true;
    return false;
}

const char *state_differs(const char *before, const char *after)
{
    static char text[400];
    const char *a = before, *b = after;
    while (*a && *a == *b)
        a++, b++;
    if (!*a && !*b)
        return NULL;
    while (a > before && a[-1] != '\n')
        a--, b--;
    int na = (int)strcspn(a, "\n"), nb = (int)strcspn(b, "\n");
    if (has_line(b, a))
        snprintf(text, sizeof(text), "new is \"%.*s\"", nb, b);
    else if (has_line(a, b))
        snprintf(text, sizeof(text), "gone is \"%.*s\"", na, a);
    else
        snprintf(text, sizeof(text), "was \"%.*s\", is \"%.*s\"", na, a, nb, b);
    return text;
}
