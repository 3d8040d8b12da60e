/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions: names for ranges of gfns. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy-int.h"

/* What does not move is kept as it is; what does begins with slide 0. */
static void keep_fixed(struct policy_parser *pp, struct policy_region *r)
{
    r->fixed = r->extents;
    r->n_fixed = r->n;
    r->extents = malloc((r->n_fixed + r->n_slid) * sizeof(*r->extents));
    if (!r->extents) {
        pp->oom = true;
        r->n = 0;
        return;
    }
    if (r->n_fixed)
        memcpy(r->extents, r->fixed, r->n_fixed * sizeof(*r->extents));
    for (size_t i = 0; i < r->n_slid; i++)
        r->extents[r->n++] = (struct policy_extent){r->slid[i].first, r->slid[i].last};
}

/* One end of a range in a string. */
static bool parse_end(struct policy_parser *pp, const struct json_value *v, const char *s, size_t n,
                      uint64_t *out)
{
    int err = xmi_json_parse_u64(s, n, out);

    if (err == -EINVAL)
        xmi_json_error(pp->doc, v, XM_MSG_GFN_RANGE,
                       "\"%.*s\" is not a gfn; ranges are \"0x100\", \"256\" or \"0x100-0x1ff\"",
                       (int)n, s);
    else if (err || *out > POLICY_GFN_LAST)
        xmi_json_error(pp->doc, v, XM_MSG_GFN_LIMIT, "gfn %.*s is not below 2^%d",
                       n > 40 ? 40 : (int)n, s, POLICY_GFN_BITS);
    return err == 0 && *out <= POLICY_GFN_LAST;
}

static void parse_string(struct policy_parser *pp, const struct json_value *v,
                         struct policy_region *r)
{
    const char *text, *dash;
    uint64_t first, last;

    if (!xmi_json_get_text(pp->doc, v, 64, &text))
        return;
    dash = strchr(text, '-');
    if (!parse_end(pp, v, text, dash ? (size_t)(dash - text) : strlen(text), &first))
        return;
    last = first;
    if (dash && !parse_end(pp, v, dash + 1, strlen(dash + 1), &last))
        return;
    if (last < first)
        xmi_json_error(pp->doc, v, XM_MSG_BACKWARDS, "the range %s ends before it begins", text);
    else
        xmi_policy_region_add(pp, v, r, first, last);
}

static void parse_counted(struct policy_parser *pp, const struct json_value *v,
                          struct policy_region *r)
{
    static const char *const keys[] = {"first", "count", NULL};
    const struct json_value *first_v, *count_v;
    uint64_t first, count;

    if (!xmi_json_want_keys(pp->doc, v, keys))
        return;
    first_v = xmi_json_need(pp->doc, v, "first");
    count_v = xmi_json_need(pp->doc, v, "count");
    if (!first_v || !count_v || !xmi_policy_get_gfn(pp, first_v, &first) ||
        !xmi_json_get_u64(pp->doc, count_v, 1, POLICY_GFN_LAST + 1, &count))
        return;
    if (count - 1 > POLICY_GFN_LAST - first)
        xmi_json_error(pp->doc, v, XM_MSG_GFN_LIMIT,
                       "%" PRIu64 " gfns from 0x%" PRIx64 " on are not all below 2^%d", count,
                       first, POLICY_GFN_BITS);
    else
        xmi_policy_region_add(pp, v, r, first, first + count - 1);
}

static void parse_range(struct policy_parser *pp, const struct json_value *v,
                        struct policy_region *r)
{
    uint64_t gfn;

    if (v->kind == JSON_STRING)
        parse_string(pp, v, r);
    else if (v->kind == JSON_OBJECT && xmi_json_find(pp->doc, v, "symbols"))
        xmi_policy_symbols_add(pp, v, (uint32_t)(r - pp->p->regions));
    else if (v->kind == JSON_OBJECT)
        parse_counted(pp, v, r);
    else if (v->kind != JSON_NUMBER)
        xmi_json_error(pp->doc, v, XM_MSG_TYPE, "%s where a range of gfns is expected",
                       xmi_json_kind_name(v->kind));
    else if (xmi_policy_get_gfn(pp, v, &gfn))
        xmi_policy_region_add(pp, v, r, gfn, gfn);
}

static void parse_region(struct policy_parser *pp, const struct json_value *v,
                         struct policy_region *r)
{
    size_t n = strlen(v->key);

    r->name = xmi_policy_copy(pp, v->key);
    if (n == 0 || n > POLICY_NAME_MAX) {
        xmi_json_key_error(pp->doc, v, XM_MSG_TEXT_LENGTH, "a name has 1 to %u bytes",
                           POLICY_NAME_MAX);
        return;
    }
    if (v->kind != JSON_ARRAY) {
        parse_range(pp, v, r);
        return;
    }
    xmi_json_want_count(pp->doc, v, 1, JSON_MAX_VALUES);
    json_for_each(pp->doc, it, v) parse_range(pp, it, r);
}

void xmi_policy_parse_regions(struct policy_parser *pp, const struct json_value *v)
{
    struct xmem_policy *p = pp->p;

    if (!xmi_json_want(pp->doc, v, JSON_OBJECT))
        return;
    p->regions = xmi_policy_array(pp, v, sizeof(*p->regions));
    if (!p->regions)
        return;
    json_for_each(pp->doc, it, v)
    {
        parse_region(pp, it, &p->regions[p->n_regions++]);
        if (pp->oom)
            return;
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct policy_region *x = a, *y = b;

    return strcmp(x->name, y->name);
}

void xmi_policy_regions_finish(struct policy_parser *pp)
{
    struct xmem_policy *p = pp->p;

    for (size_t i = 0; i < p->n_regions; i++) {
        if (p->regions[i].n_slid)
            keep_fixed(pp, &p->regions[i]);
        xmi_policy_region_merge(&p->regions[i]);
    }
    if (p->n_regions && !pp->oom)
        qsort(p->regions, p->n_regions, sizeof(*p->regions), compare_names);
}

bool xmi_policy_get_region(struct policy_parser *pp, const struct json_value *v, uint32_t *out)
{
    struct policy_region wanted = {0}, *found = NULL;
    const char *text;

    if (!xmi_json_get_text(pp->doc, v, POLICY_NAME_MAX, &text))
        return false;
    wanted.name = (char *)(uintptr_t)text; /* only compared */
    if (pp->p->n_regions)
        found = bsearch(&wanted, pp->p->regions, pp->p->n_regions, sizeof(wanted), compare_names);
    if (!found) {
        xmi_json_error(pp->doc, v, XM_MSG_REGION_UNKNOWN, "there is no region \"%s\"", text);
        return false;
    }
    *out = (uint32_t)(found - pp->p->regions);
    return true;
}
