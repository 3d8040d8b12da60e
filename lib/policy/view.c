/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views and their remapped pages. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "policy/policy-int.h"

/* ---- remaps ---- */

/* "90cc": two digits for each byte. */
static bool parse_bytes(struct policy_parser *pp, const struct json_value *v,
                        struct policy_patch *patch)
{
    const char *text;

    if (!xmi_json_get_text(pp->doc, v, 2 * PAGE_BYTES, &text))
        return false;
    patch->bytes = xmi_policy_hex_bytes(pp, text, &patch->len);
    if (!patch->bytes || text[2 * patch->len] == '\0')
        return patch->bytes != NULL;
    xmi_json_error(pp->doc, v, XM_MSG_PATCH, "two hexadecimal digits for each byte, as \"90cc\"");
    return false;
}

static void parse_patch(struct policy_parser *pp, const struct json_value *v,
                        struct policy_patch *patch)
{
    static const char *const keys[] = {"offset", "bytes", NULL};
    const struct json_value *offset, *bytes;

    if (!xmi_json_want_keys(pp->doc, v, keys))
        return;
    offset = xmi_json_need(pp->doc, v, "offset");
    bytes = xmi_json_need(pp->doc, v, "bytes");
    if (!offset || !xmi_json_get_u32(pp->doc, offset, 0, PAGE_BYTES - 1, &patch->offset) ||
        !bytes || !parse_bytes(pp, bytes, patch))
        return;
    if (patch->len > PAGE_BYTES - patch->offset)
        xmi_json_error(pp->doc, v, XM_MSG_PATCH, "%u bytes at offset %u go beyond the page",
                       patch->len, patch->offset);
}

static void parse_patches(struct policy_parser *pp, const struct json_value *v,
                          struct policy_remap *remap)
{
    if (!xmi_json_want(pp->doc, v, JSON_ARRAY) ||
        !xmi_json_want_count(pp->doc, v, 1, POLICY_MAX_PATCHES))
        return;
    if (!remap->copy) {
        xmi_json_key_error(pp->doc, v, XM_MSG_PATCH, "\"patches\" is only for \"to\": \"copy\"");
        return;
    }
    remap->patches = xmi_policy_array(pp, v, sizeof(*remap->patches));
    if (!remap->patches)
        return;
    json_for_each(pp->doc, it, v) parse_patch(pp, it, &remap->patches[remap->n_patches++]);
}

static bool parse_to(struct policy_parser *pp, const struct json_value *v,
                     struct policy_remap *remap)
{
    if (v->kind == JSON_STRING && strcmp(v->text, "copy") == 0) {
        remap->copy = true;
        return true;
    }
    return xmi_policy_get_gfn(pp, v, &remap->to);
}

static void check_remap(struct policy_parser *pp, const struct json_value *v,
                        const struct policy_remap *remap)
{
    if (remap->count - 1 > POLICY_GFN_LAST - remap->gfn ||
        (!remap->copy && remap->count - 1 > POLICY_GFN_LAST - remap->to))
        xmi_json_error(pp->doc, v, XM_MSG_GFN_LIMIT, "%" PRIu64 " gfns are not all below 2^%d",
                       remap->count, POLICY_GFN_BITS);
    else if (!remap->copy && remap->to == remap->gfn)
        xmi_json_error(pp->doc, v, XM_MSG_REMAP_SELF, "gfn 0x%" PRIx64 " is remapped to itself",
                       remap->gfn);
}

static void parse_remap(struct policy_parser *pp, const struct json_value *v,
                        struct policy_remap *remap)
{
    static const char *const keys[] = {"gfn", "to", "count", "patches", NULL};
    const struct json_value *gfn, *to, *m;

    remap->count = 1;
    remap->pos = xmi_policy_pos(pp, v);
    if (!xmi_json_want_keys(pp->doc, v, keys))
        return;
    gfn = xmi_json_need(pp->doc, v, "gfn");
    to = xmi_json_need(pp->doc, v, "to");
    if (!gfn || !to || !xmi_policy_get_gfn(pp, gfn, &remap->gfn) || !parse_to(pp, to, remap))
        return;
    m = xmi_json_find(pp->doc, v, "count");
    if (m && !xmi_json_get_u64(pp->doc, m, 1, POLICY_MAX_REMAPS, &remap->count))
        return;
    check_remap(pp, v, remap);
    if ((m = xmi_json_find(pp->doc, v, "patches")))
        parse_patches(pp, m, remap);
}

static int compare_remaps(const void *a, const void *b)
{
    const struct policy_remap *x = a, *y = b;

    if (x->gfn != y->gfn)
        return x->gfn < y->gfn ? -1 : 1;
    if (x->pos.line != y->pos.line)
        return x->pos.line < y->pos.line ? -1 : 1;
    return x->pos.column < y->pos.column ? -1 : x->pos.column > y->pos.column;
}

static void check_remap_total(struct policy_parser *pp, const struct json_value *v,
                              const struct policy_view *view)
{
    uint64_t total = 0;

    for (size_t i = 0; i < view->n_remaps; i++)
        total += view->remaps[i].count;
    if (total > POLICY_MAX_REMAP_GFNS)
        xmi_json_error(pp->doc, v, XM_MSG_COUNT, "%" PRIu64 " gfns are remapped; at most %u may be",
                       total, POLICY_MAX_REMAP_GFNS);
}

/* Sorts them. */
static void check_remap_overlaps(struct policy_parser *pp, const struct json_value *v,
                                 struct policy_view *view)
{
    qsort(view->remaps, view->n_remaps, sizeof(*view->remaps), compare_remaps);
    for (size_t i = 1; i < view->n_remaps; i++) {
        const struct policy_remap *a = &view->remaps[i - 1], *b = &view->remaps[i];

        if (b->gfn - a->gfn >= a->count)
            continue;
        xmi_json_error(pp->doc, v, XM_MSG_REMAP_TWICE,
                       "gfn 0x%" PRIx64 " is remapped twice (line %u, column %u and line %u, "
                       "column %u)",
                       b->gfn, a->pos.line, a->pos.column, b->pos.line, b->pos.column);
    }
}

void xmi_policy_parse_remaps(struct policy_parser *pp, const struct json_value *v,
                             struct policy_view *view)
{
    size_t errors = xmi_json_doc_errors(pp->doc);

    if (!xmi_json_want(pp->doc, v, JSON_ARRAY) ||
        !xmi_json_want_count(pp->doc, v, 0, POLICY_MAX_REMAPS))
        return;
    view->remaps = xmi_policy_array(pp, v, sizeof(*view->remaps));
    if (!view->remaps)
        return;
    json_for_each(pp->doc, it, v) parse_remap(pp, it, &view->remaps[view->n_remaps++]);
    check_remap_total(pp, v, view);
    if (xmi_json_doc_errors(pp->doc) == errors)
        check_remap_overlaps(pp, v, view);
}

/* ---- views ---- */

static bool name_is_taken(const struct xmem_policy *p, const char *name)
{
    for (size_t i = 1; i + 1 < p->n_views; i++)
        if (p->views[i].name && strcmp(p->views[i].name, name) == 0)
            return true;
    return false;
}

static void parse_view_name(struct policy_parser *pp, const struct json_value *v,
                            struct policy_view *view)
{
    const struct json_value *name = xmi_json_need(pp->doc, v, "name");

    if (!name || !xmi_policy_get_name(pp, name, &view->name))
        return;
    if (strcmp(view->name, "host") == 0)
        xmi_json_error(pp->doc, name, XM_MSG_NAME_RESERVED,
                       "\"host\" is the host view, which is always there");
    else if (name_is_taken(pp->p, view->name))
        xmi_json_error(pp->doc, name, XM_MSG_NAME_TWICE, "there are two views \"%s\"", view->name);
}

static void parse_view(struct policy_parser *pp, const struct json_value *v,
                       struct policy_view *view)
{
    static const char *const keys[] = {"name",   "description", "default_rights",
                                       "remaps", "visible",     NULL};
    const struct json_value *m;
    bool visible = true;

    view->default_rights = XMEM_RWX;
    view->pos = xmi_policy_pos(pp, v);
    if (!xmi_json_want(pp->doc, v, JSON_OBJECT))
        return;
    xmi_json_want_keys(pp->doc, v, keys);
    parse_view_name(pp, v, view);
    if ((m = xmi_json_find(pp->doc, v, "description")))
        xmi_json_want(pp->doc, m, JSON_STRING);
    if ((m = xmi_json_find(pp->doc, v, "default_rights")))
        xmi_policy_get_rights(pp, m, false, &view->default_rights);
    if ((m = xmi_json_find(pp->doc, v, "visible")))
        xmi_json_get_bool(pp->doc, m, &visible);
    view->hidden = !visible;
    if ((m = xmi_json_find(pp->doc, v, "remaps")))
        xmi_policy_parse_remaps(pp, m, view);
}

static bool can_have_views(struct policy_parser *pp, const struct json_value *v)
{
    return v && xmi_json_want(pp->doc, v, JSON_ARRAY) &&
           xmi_json_want_count(pp->doc, v, 0, POLICY_MAX_VIEWS);
}

void xmi_policy_parse_views(struct policy_parser *pp, const struct json_value *v)
{
    struct xmem_policy *p = pp->p;
    bool some = can_have_views(pp, v);

    p->views = calloc(1 + (some ? v->count : 0), sizeof(*p->views));
    if (!p->views) {
        pp->oom = true;
        return;
    }
    p->views[p->n_views++].name = xmi_policy_copy(pp, "host");
    if (!some)
        return;
    json_for_each(pp->doc, it, v) parse_view(pp, it, &p->views[p->n_views++]);
}

bool xmi_policy_get_view(struct policy_parser *pp, const struct json_value *v, uint32_t *out)
{
    const char *text;

    if (!xmi_json_get_text(pp->doc, v, POLICY_NAME_MAX, &text))
        return false;
    for (uint32_t i = 0; i < pp->p->n_views; i++)
        if (pp->p->views[i].name && strcmp(pp->p->views[i].name, text) == 0) {
            *out = i;
            return true;
        }
    xmi_json_error(pp->doc, v, XM_MSG_VIEW_UNKNOWN, "there is no view \"%s\"", text);
    return false;
}
