/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the guest can go by itself, and what it may do there that a rule stops elsewhere. With
 * VMFUNC a guest goes to any view that is not hidden, whatever the rights: a rule that stops an
 * access in one view only is no rule for a guest that can leave it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "policy/policy-int.h"

/* A guest that starts in a view that it cannot enter is to stay there: it must not leave either. */
bool xmi_policy_hides_host(const struct xmem_policy *p)
{
    return p->has_start_view && p->start_view != POLICY_HOST && p->views[p->start_view].hidden;
}

bool xmi_policy_reachable(const struct xmem_policy *p, uint32_t view)
{
    return view == POLICY_HOST ? !xmi_policy_hides_host(p) : !p->views[view].hidden;
}

/* ---- what a view says of a gfn ---- */

static uint32_t allowed_by(const struct xmem_policy *p, uint32_t view, enum xmem_rights rights)
{
    if (rights == XMEM_DEFAULT)
        rights = view == POLICY_HOST ? p->has_default_rights ? p->default_rights : XMEM_RWX
                                     : p->views[view].default_rights;
    if (rights == XMEM_RX2RW || rights == XMEM_N2RWX) /* the first access widens them */
        return POLICY_ACCESS_ALL;
    return ~xmi_policy_forbidden(rights);
}

/* Pages of the host view have all rights until somebody says otherwise; others are the view's. */
static uint32_t allowed_without_rule(const struct xmem_policy *p, uint32_t view)
{
    return view == POLICY_HOST ? POLICY_ACCESS_ALL : allowed_by(p, view, XMEM_DEFAULT);
}

/* First entry that ends at gfn or behind it, or NULL. */
static const struct policy_entry *entry_from(const struct policy_index *x, uint64_t gfn)
{
    uint32_t low = 0, high = x->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (x->entries[middle].last < gfn)
            low = middle + 1;
        else
            high = middle;
    }
    return low < x->n ? &x->entries[low] : NULL;
}

/* The same for remaps. */
static const struct policy_remap *remap_from(const struct policy_view *v, uint64_t gfn)
{
    size_t low = 0, high = v->n_remaps;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (v->remaps[middle].gfn + v->remaps[middle].count - 1 < gfn)
            low = middle + 1;
        else
            high = middle;
    }
    return low < v->n_remaps ? &v->remaps[low] : NULL;
}

static bool remapped(const struct policy_view *v, uint64_t gfn)
{
    const struct policy_remap *m = remap_from(v, gfn);

    return m && m->gfn <= gfn;
}

/* Last gfn up to which the view says the same as of gfn. */
static uint64_t same_until(const struct xmem_policy *p, uint32_t view, uint64_t gfn)
{
    const struct policy_entry *e = entry_from(&p->indexes[view], gfn);
    const struct policy_remap *m = remap_from(&p->views[view], gfn);
    uint64_t last = POLICY_GFN_LAST, end;

    if (e)
        last = e->first <= gfn ? e->last : (uint64_t)e->first - 1;
    if (!m)
        return last;
    end = m->gfn <= gfn ? m->gfn + m->count - 1 : m->gfn - 1;
    return end < last ? end : last;
}

/* ---- what passes ---- */

/* Does an access of this kind pass? Switches are followed, through each view once at the most. */
static bool passes(const struct xmem_policy *p, uint32_t view, uint64_t gfn, uint32_t kind,
                   size_t left)
{
    const struct policy_entry *e = xmi_policy_index_find(&p->indexes[view], gfn);
    const struct policy_rule *rule = e ? &p->rules[e->rule] : NULL;
    const struct policy_action *a = rule ? policy_rule_action(rule, kind) : NULL;

    if (kind & (rule ? allowed_by(p, view, rule->rights) : allowed_without_rule(p, view)))
        return true;
    a = a ? a : &p->default_action;
    switch (a->action) {
    case XMEM_ACTION_DENY:
    case XMEM_ACTION_PAUSE:
    case XMEM_ACTION_RESUME: /* it only comes again */ return false;
    case XMEM_ACTION_SWITCH: return left && passes(p, a->view, gfn, kind, left - 1);
    default: return true;
    }
}

/* Kinds of access that the rule stops: denies, or pauses. */
static uint32_t stopped_by(const struct xmem_policy *p, const struct policy_rule *rule)
{
    uint32_t kinds = 0;

    for (uint32_t kind = XMEM_ACCESS_R; kind <= XMEM_ACCESS_X; kind <<= 1) {
        const struct policy_action *a = policy_rule_action(rule, kind);
        uint32_t action = a ? a->action : p->default_action.action;

        if ((action == XMEM_ACTION_DENY || action == XMEM_ACTION_PAUSE) &&
            !(kind & allowed_by(p, rule->view, rule->rights)))
            kinds |= kind;
    }
    return kinds;
}

static uint32_t passing(const struct xmem_policy *p, uint32_t view, uint64_t gfn, uint32_t kinds)
{
    uint32_t found = 0;

    for (uint32_t kind = XMEM_ACCESS_R; kind <= XMEM_ACCESS_X; kind <<= 1)
        if ((kinds & kind) && passes(p, view, gfn, kind, p->n_views))
            found |= kind;
    return found;
}

/* Of the kinds those that pass in the view, at the first such gfn of the extent; 0: none. */
static uint32_t passing_in(const struct xmem_policy *p, const struct policy_rule *rule,
                           uint32_t view, const struct policy_extent *x, uint32_t kinds,
                           uint64_t *at)
{
    uint64_t gfn = x->first;

    for (;;) {
        uint64_t here = same_until(p, rule->view, gfn), there = same_until(p, view, gfn);
        uint64_t last = here < there ? here : there;
        /* where one of them shows another page the rule speaks of that one */
        bool same_page = !remapped(&p->views[rule->view], gfn) && !remapped(&p->views[view], gfn);
        uint32_t found = same_page ? passing(p, view, gfn, kinds) : 0;

        if (found) {
            *at = gfn;
            return found;
        }
        if (last >= x->last)
            return 0;
        gfn = last + 1;
    }
}

/* ---- telling ---- */

static const char *kinds_name(uint32_t kinds)
{
    static const char *const names[] = {"no access",
                                        "reads",
                                        "writes",
                                        "reads and writes",
                                        "fetches",
                                        "reads and fetches",
                                        "writes and fetches",
                                        "reads, writes and fetches"};

    return names[kinds & POLICY_ACCESS_ALL];
}

static void warn_view(const struct xmem_policy *p, struct xmem_report *r, size_t i, uint32_t view)
{
    const struct policy_rule *rule = &p->rules[i];
    const struct policy_region *region = &p->regions[rule->region];
    bool leave = view == POLICY_HOST && p->has_start_view && p->start_view != POLICY_HOST;
    uint32_t kinds = stopped_by(p, rule), found = 0;
    uint64_t gfn = 0;
    char path[32];

    for (size_t j = 0; !found && j < region->n; j++)
        found = passing_in(p, rule, view, &region->extents[j], kinds, &gfn);
    if (!found)
        return;
    snprintf(path, sizeof(path), "/rules/%zu", i);
    xmi_policy_warning(
        p, r, XM_MSG_REACH, rule->region_pos, path,
        "the guest can go to view \"%s\" by itself (VMFUNC), and %s of gfn 0x%" PRIx64
        " pass there that rule \"%s\" stops in view \"%s\"; give it the rule too, or "
        "hide %s",
        p->views[view].name, kinds_name(found), gfn, rule->name, p->views[rule->view].name,
        leave ? "the start view, which hides \"host\" as well" : "it");
}

static bool report_full(const struct xmem_report *r)
{
    return !r || xmem_report_count(r) >= REPORT_MAX;
}

void xmi_policy_warn_reach(const struct xmem_policy *p, struct xmem_report *r)
{
    for (size_t i = 0; p->n_views > 1 && i < p->n_rules; i++)
        for (uint32_t view = 0; view < p->n_views && !report_full(r); view++)
            if (view != p->rules[i].view && xmi_policy_reachable(p, view))
                warn_view(p, r, i, view);
}

/* ---- pages that show twice ---- */

/* The rule of entry e stops accesses to a page that the view shows by remap m as well. */
static void warn_shown(const struct xmem_policy *p, struct xmem_report *r, uint32_t view,
                       const struct policy_remap *m, const struct policy_entry *e)
{
    const struct policy_rule *rule = &p->rules[e->rule];
    uint64_t gfn = e->first > m->to ? e->first : m->to, at = m->gfn + (gfn - m->to);
    uint32_t kinds = passing(p, view, at, stopped_by(p, rule));
    char path[40];

    if (!kinds || remapped(&p->views[rule->view], gfn))
        return;
    snprintf(path, sizeof(path), "/views/%u/remaps", view - 1);
    xmi_policy_warning(p, r, XM_MSG_SHOWN_TWICE, m->pos, path,
                       "gfn 0x%" PRIx64 " of this view shows the page of gfn 0x%" PRIx64
                       ", and %s pass there that rule \"%s\" stops in view \"%s\"",
                       at, gfn, kinds_name(kinds), rule->name, p->views[rule->view].name);
}

static void warn_remap(const struct xmem_policy *p, struct xmem_report *r, uint32_t view,
                       const struct policy_remap *m)
{
    for (size_t v = 0; v < p->n_views; v++) {
        const struct policy_index *x = &p->indexes[v];
        const struct policy_entry *e = entry_from(x, m->to);

        for (; e && e < x->entries + x->n && e->first <= m->to + m->count - 1; e++)
            warn_shown(p, r, view, m, e);
    }
}

void xmi_policy_warn_shown(const struct xmem_policy *p, struct xmem_report *r)
{
    for (uint32_t view = 1; view < p->n_views; view++)
        for (size_t i = 0; i < p->views[view].n_remaps && !report_full(r); i++)
            if (!p->views[view].remaps[i].copy)
                warn_remap(p, r, view, &p->views[view].remaps[i]);
}

void xmi_policy_warn_others(const struct xmem_policy *p, size_t views, struct xmem_report *r)
{
    uint32_t kinds = 0;

    for (size_t i = 0; i < p->n_rules; i++)
        kinds |= stopped_by(p, &p->rules[i]);
    if (kinds && views)
        xmi_policy_warning(p, r, XM_MSG_REACH_OTHERS, (struct policy_pos){0, 0}, "/views",
                           "the domain has %zu view%s already, where the guest may go by itself; "
                           "no rule is in force there",
                           views, views == 1 ? "" : "s");
}
