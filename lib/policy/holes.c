/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gfns of rules and remaps that have no page. What setting their rights says of them differs from
 * kind to kind, and with what was set before; so they are looked for before anything is changed,
 * in the same way for a plan and for applying.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "policy/policy-int.h"
#include "api/api.h"

struct look {
    const struct xmem_policy *p;
    struct xmem_domain *d;
    struct xmem_report *r;
    int err; /* the first */
};

/* c->err and a message about the hole. */
#define HOLE(l, pos, path, ...) \
    do { \
        (l)->err = (l)->err ? (l)->err : -ERANGE; \
        xmi_policy_error((l)->p, (l)->r, XM_MSG_HOLE, (pos), (path), __VA_ARGS__); \
    } while (0)

void xmi_policy_get_holes(struct policy_parser *pp, const struct json_value *v, bool *skip)
{
    static const char *const words[] = {"refuse", "skip", NULL};
    size_t i;

    if (xmi_json_get_word(pp->doc, v, "what to do about holes", words, &i))
        *skip = i == 1;
}

const struct policy_extent *xmi_policy_rule_extents(const struct xmem_policy *p,
                                                    const struct policy_rule *rule, size_t *n)
{
    const struct policy_region *region = &p->regions[rule->region];

    *n = rule->skip_holes ? region->n_there : region->n;
    return rule->skip_holes ? region->there : region->extents;
}

uint64_t xmi_policy_rule_gfns(const struct xmem_policy *p, const struct policy_rule *rule)
{
    const struct policy_region *region = &p->regions[rule->region];

    return rule->skip_holes ? region->gfns_there : region->gfns;
}

/* ---- regions ---- */

static int add_there(struct policy_region *region, uint64_t gfn)
{
    struct policy_extent *last = region->n_there ? &region->there[region->n_there - 1] : NULL;

    region->gfns_there++;
    if (last && last->last + 1 == gfn) {
        last->last = gfn;
        return 0;
    }
    if (xmi_array_room((void **)&region->there, region->n_there, &region->room_there,
                       sizeof(*region->there)))
        return -ENOMEM;
    region->there[region->n_there++] = (struct policy_extent){gfn, gfn};
    return 0;
}

static void note_hole(struct policy_region *region, uint64_t gfn)
{
    if (!region->has_hole)
        region->hole = gfn;
    region->has_hole = true;
}

/* [gfn, last], of which the domain may have pages. Where nobody skips holes the first one is enough. */
static int look_at(struct look *l, struct policy_region *region, uint64_t gfn, uint64_t last)
{
    bool there[SESSION_THERE_MAX];
    int err = 0;

    while (gfn <= last && !err && (region->skipped || !region->has_hole)) {
        uint64_t left = last - gfn + 1;
        uint32_t nr = left < SESSION_THERE_MAX ? (uint32_t)left : SESSION_THERE_MAX;

        err = xmi_session_pages_there(l->d, gfn, nr, there);
        for (uint32_t i = 0; i < nr && !err; i++) {
            if (!there[i])
                note_hole(region, gfn + i);
            else if (region->skipped)
                err = add_there(region, gfn + i);
        }
        gfn += nr;
    }
    return err;
}

static int look_at_region(struct look *l, struct policy_region *region)
{
    uint64_t highest = l->p->caps.highest_gfn;
    int err = 0;

    region->looked = true;
    for (size_t i = 0; i < region->n && !err; i++) {
        const struct policy_extent *x = &region->extents[i];

        if (x->first <= highest)
            err = look_at(l, region, x->first, x->last < highest ? x->last : highest);
        if (x->last > highest)
            note_hole(region, x->first > highest ? x->first : highest + 1);
    }
    return err;
}

static void forget(const struct xmem_policy *p)
{
    for (size_t i = 0; i < p->n_regions; i++) {
        struct policy_region *region = &p->regions[i];

        region->looked = region->has_hole = region->skipped = false;
        region->n_there = 0;
        region->gfns_there = 0;
    }
    for (size_t i = 0; i < p->n_rules; i++)
        p->regions[p->rules[i].region].skipped |= p->rules[i].skip_holes;
}

static int check_rule(struct look *l, size_t i)
{
    const struct policy_rule *rule = &l->p->rules[i];
    struct policy_region *region = &l->p->regions[rule->region];
    int err = region->looked ? 0 : look_at_region(l, region);
    char path[48];

    snprintf(path, sizeof(path), "/rules/%zu/region", i);
    if (err || !region->n)
        return err;
    if (!rule->skip_holes && region->has_hole)
        HOLE(l, rule->region_pos, path,
             "gfn 0x%" PRIx64 " of \"%s\" is a hole: the domain has no page there; with "
             "\"holes\": \"skip\" the rule is for the pages that there are",
             region->hole, region->name);
    else if (rule->skip_holes && !region->gfns_there)
        HOLE(l, rule->region_pos, path, "the domain has no page in \"%s\" at all", region->name);
    return 0;
}

/* ---- remaps ---- */

static int check_pages(struct look *l, uint64_t gfn, uint64_t count, struct policy_pos pos,
                       const char *path)
{
    struct policy_region pages = {0};
    int err = look_at(l, &pages, gfn, gfn + count - 1);

    if (!err && pages.has_hole)
        HOLE(l, pos, path, "gfn 0x%" PRIx64 " is a hole: the domain has no page there", pages.hole);
    return err;
}

static int check_view(struct look *l, size_t view)
{
    const struct policy_view *v = &l->p->views[view];
    char path[48];
    int err = 0;

    snprintf(path, sizeof(path), "/views/%zu/remaps", view - 1);
    for (size_t i = 0; i < v->n_remaps && !err; i++) {
        const struct policy_remap *m = &v->remaps[i];

        err = check_pages(l, m->gfn, m->count, m->pos, path);
        if (!err && !m->copy)
            err = check_pages(l, m->to, m->count, m->pos, path);
    }
    return err;
}

int xmi_policy_check_holes(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r)
{
    struct look l = {.p = p, .d = d, .r = r};
    int err = 0;

    forget(p);
    for (size_t i = 0; i < p->n_rules && !err; i++)
        err = check_rule(&l, i);
    for (size_t i = 1; i < p->n_views && !err; i++)
        err = check_view(&l, i);
    if (err)
        xmi_policy_error(p, r, XM_MSG_SESSION, (struct policy_pos){0, 0}, "/", "%s",
                         err == -ENOMEM ? "out of memory" : xmem_domain_last_error(d));
    return err ? err : l.err;
}
