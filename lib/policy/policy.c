/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading, matching and freeing of policies. */
#include "policy/policy-int.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "base/base.h"

/* ---- helpers of all parts ---- */

/* ---- domains ---- */

static void parse_target_object(struct policy_parser *pp, const struct json_value *v,
                                struct policy_target *t)
{
    static const char *const keys[] = {"name", "glob", "domid", "kind", NULL};
    const struct json_value *m;

    if (!xmi_json_want_keys(pp->doc, v, keys) || !xmi_json_want_count(pp->doc, v, 1, 4))
        return;
    if ((m = xmi_json_find(pp->doc, v, "name")))
        xmi_policy_get_name(pp, m, &t->name);
    if ((m = xmi_json_find(pp->doc, v, "glob")))
        xmi_policy_get_name(pp, m, &t->glob);
    if ((m = xmi_json_find(pp->doc, v, "domid")))
        t->has_domid = xmi_json_get_u32(pp->doc, m, 0, POLICY_MAX_DOMID, &t->domid);
    if ((m = xmi_json_find(pp->doc, v, "kind")))
        t->has_kind = xmi_policy_get_kind(pp, m, &t->kind);
}

static void parse_target(struct policy_parser *pp, const struct json_value *v,
                         struct policy_target *t)
{
    if (v->kind == JSON_STRING)
        xmi_policy_get_name(pp, v, &t->glob);
    else if (v->kind == JSON_OBJECT)
        parse_target_object(pp, v, t);
    else
        xmi_json_error(pp->doc, v, XM_MSG_TYPE, "%s where a name or an object is expected",
                       xmi_json_kind_name(v->kind));
}

void xmi_policy_parse_targets(struct policy_parser *pp, const struct json_value *v)
{
    if (!xmi_json_want(pp->doc, v, JSON_ARRAY) ||
        !xmi_json_want_count(pp->doc, v, 1, POLICY_MAX_TARGETS))
        return;
    pp->p->targets = xmi_policy_array(pp, v, sizeof(*pp->p->targets));
    if (!pp->p->targets)
        return;
    json_for_each(pp->doc, it, v) parse_target(pp, it, &pp->p->targets[pp->p->n_targets++]);
}

static bool target_matches(const struct policy_target *t, const struct xmem_domain_info *info)
{
    if (t->name && strcmp(t->name, info->name) != 0)
        return false;
    if (t->glob && fnmatch(t->glob, info->name, 0) != 0)
        return false;
    if (t->has_domid && t->domid != info->domid)
        return false;
    return !t->has_kind || t->kind == info->kind;
}

int xmem_policy_match(const struct xmem_policy *p, const struct xmem_domain_info *info)
{
    struct xmem_domain_info own;
    int err;

    if (!p || !info)
        return -EINVAL;
    err = xmi_sized_in(&own, sizeof(own), info);
    if (err)
        return err;
    own.name[sizeof(own.name) - 1] = '\0';
    for (size_t i = 0; i < p->n_targets; i++)
        if (target_matches(&p->targets[i], &own))
            return 0;
    return -ENOENT;
}

/* ---- the document ---- */

static void parse_version(struct policy_parser *pp, const struct json_value *root)
{
    const struct json_value *v = xmi_json_need(pp->doc, root, "version");
    uint64_t version;

    if (v && xmi_json_get_u64(pp->doc, v, 0, UINT32_MAX, &version) && version != 1)
        xmi_json_error(pp->doc, v, XM_MSG_VERSION,
                       "version %llu is not known; this library knows 1",
                       (unsigned long long)version);
}

static void parse_defaults(struct policy_parser *pp, const struct json_value *root)
{
    const struct json_value *v;
    struct xmem_policy *p = pp->p;

    v = xmi_json_find(pp->doc, root, "default_rights");
    if (v) {
        p->default_rights_pos = xmi_policy_pos(pp, v);
        p->has_default_rights = xmi_policy_get_rights(pp, v, false, &p->default_rights);
    }
    v = xmi_json_find(pp->doc, root, "access_required");
    if (v)
        p->has_access_required = xmi_json_get_bool(pp->doc, v, &p->access_required);
    v = xmi_json_find(pp->doc, root, "start_view");
    if (v) {
        p->start_view_pos = xmi_policy_pos(pp, v);
        p->has_start_view = xmi_policy_get_view(pp, v, &p->start_view);
    }
    v = xmi_json_find(pp->doc, root, "default_action");
    if (v)
        xmi_policy_get_action(pp, v, false, &p->default_action);
    v = xmi_json_find(pp->doc, root, "holes");
    if (v)
        xmi_policy_get_holes(pp, v, &p->skip_holes);
    v = xmi_json_find(pp->doc, root, "step");
    if (v)
        xmi_policy_get_step(pp, v, &p->strict, &p->step_pos);
}

static void parse_root(struct policy_parser *pp)
{
    static const char *const keys[] = {
        "version",        "description", "domains", "default_rights", "access_required",
        "regions",        "rules",       "views",   "start_view",     "monitors",
        "default_action", "step",        "holes",   "anchors",        NULL};
    const struct json_value *root = xmi_json_doc_root(pp->doc), *v;

    if (!xmi_json_want(pp->doc, root, JSON_OBJECT))
        return;
    xmi_json_want_keys(pp->doc, root, keys);
    parse_version(pp, root);
    if ((v = xmi_json_find(pp->doc, root, "description")))
        xmi_json_want(pp->doc, v, JSON_STRING);
    if ((v = xmi_json_need(pp->doc, root, "domains")))
        xmi_policy_parse_targets(pp, v);
    xmi_policy_parse_views(pp, xmi_json_find(pp->doc, root, "views"));
    parse_defaults(pp, root);
    if ((v = xmi_json_find(pp->doc, root, "regions")))
        xmi_policy_parse_regions(pp, v);
    if ((v = xmi_json_find(pp->doc, root, "anchors")))
        xmi_policy_parse_anchors(pp, v);
    xmi_policy_symbols_resolve(pp);
    xmi_policy_regions_finish(pp);
    if (pp->oom) /* rules would speak of regions that are not there */
        return;
    if ((v = xmi_json_find(pp->doc, root, "rules")))
        xmi_policy_parse_rules(pp, v);
    if ((v = xmi_json_find(pp->doc, root, "monitors")))
        xmi_policy_parse_monitors(pp, v);
}

/* When all is known and good. */
static int index_rules(struct xmem_policy *p, struct xmem_report *r)
{
    p->indexes = calloc(p->n_views, sizeof(*p->indexes));
    return p->indexes ? xmi_policy_index_build(p, r, p->indexes) : -ENOMEM;
}

/* Takes doc. */
static int build(struct json_doc *doc, struct xmem_report *r, struct xmem_policy **out)
{
    struct policy_parser pp = {.doc = doc, .p = calloc(1, sizeof(struct xmem_policy))};
    int err = -ENOMEM;

    if (!pp.p)
        goto out;
    pp.p->name = xmi_policy_copy(&pp, xmi_json_doc_name(doc));
    if (pp.p->name)
        parse_root(&pp);
    err = pp.oom ? -ENOMEM : xmi_json_doc_errors(doc) ? -EBADMSG : index_rules(pp.p, r);
    if (err) {
        xmem_policy_free(pp.p);
        goto out;
    }
    xmi_policy_warn(pp.p, r);
    if (xmi_report_lost(r)) {
        err = -ENOMEM;
        xmem_policy_free(pp.p);
        goto out;
    }
    *out = pp.p;
out:
    xmi_policy_symbols_free(&pp);
    xmi_json_doc_free(doc);
    return err;
}

/* An error whose message was lost has another reason first. */
static int choose_error(struct xmem_report *r, int err)
{
    return xmi_report_lost(r) ? -ENOMEM : err;
}

int xmem_policy_load(const char *path, struct xmem_report *r, struct xmem_policy **out)
{
    struct json_doc *doc;
    int err;

    if (!path || !out)
        return -EINVAL;
    (void)xmi_report_lost(r);
    err = xmi_json_doc_load(path, r, &doc);
    return choose_error(r, err ? err : build(doc, r, out));
}

int xmem_policy_parse(const char *name, const void *text, size_t len, struct xmem_report *r,
                      struct xmem_policy **out)
{
    struct json_doc *doc;
    int err;

    if (!name || (!text && len) || !out)
        return -EINVAL;
    (void)xmi_report_lost(r);
    err = xmi_json_doc_parse(name, text, len, r, &doc);
    return choose_error(r, err ? err : build(doc, r, out));
}

/* ---- freeing ---- */

static void free_view(struct policy_view *v)
{
    for (size_t i = 0; i < v->n_remaps; i++) {
        for (size_t j = 0; j < v->remaps[i].n_patches; j++)
            free(v->remaps[i].patches[j].bytes);
        free(v->remaps[i].patches);
    }
    free(v->remaps);
    free(v->name);
}

static void free_parts(struct xmem_policy *p)
{
    for (size_t i = 0; i < p->n_targets; i++) {
        free(p->targets[i].glob);
        free(p->targets[i].name);
    }
    for (size_t i = 0; i < p->n_regions; i++) {
        free(p->regions[i].name);
        free(p->regions[i].extents);
        free(p->regions[i].there);
        free(p->regions[i].slid);
        free(p->regions[i].fixed);
    }
    for (size_t i = 0; i < p->n_views; i++) {
        free_view(&p->views[i]);
        if (p->indexes)
            xmi_policy_index_free(&p->indexes[i]);
    }
    for (size_t i = 0; i < p->n_rules; i++)
        free(p->rules[i].name);
    for (size_t i = 0; i < p->n_monitors; i++)
        free(p->monitors[i].name);
}

void xmem_policy_free(struct xmem_policy *p)
{
    if (!p)
        return;
    free_parts(p);
    xmi_policy_anchors_free(p);
    free(p->slides);
    free(p->targets);
    free(p->regions);
    free(p->views);
    free(p->indexes);
    free(p->rules);
    free(p->monitors);
    free(p->name);
    free(p);
}

/* ---- messages after loading ---- */

/* ---- warnings: what is accepted, but may not do what was meant ---- */

static void warn_unused(const struct xmem_policy *p, struct xmem_report *r,
                        const struct policy_unused *u)
{
    char path[64];

    snprintf(path, sizeof(path), "/rules/%u/on/%u", u->rule, u->place);
    xmi_policy_warning(p, r, XM_MSG_NEVER_DECIDES, u->pos, path,
                       "never decides: the strictest action that matches does, \"%s\" in line %u, "
                       "column %u%s",
                       xmem_action_name((enum xmem_action)u->by), u->by_pos.line, u->by_pos.column,
                       u->by_reading ? "; a write counts as a read as well" : "");
}

void xmi_policy_warn(const struct xmem_policy *p, struct xmem_report *r)
{
    for (size_t i = 0; i < p->n_unused; i++)
        warn_unused(p, r, &p->unused[i]);
    xmi_policy_warn_anchors(p, r);
    xmi_policy_warn_reach(p, r);
    xmi_policy_warn_shown(p, r);
}
