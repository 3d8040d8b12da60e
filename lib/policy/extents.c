/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extents of regions: added, sorted and joined. */
#include "base/base.h"
#include "policy/policy-int.h"

#include <stdlib.h>
#include <string.h>

bool xmi_policy_region_add(struct policy_parser *pp, const struct json_value *v,
                           struct policy_region *r, uint64_t first, uint64_t last)
{
    if (r->n == POLICY_MAX_RANGES) {
        xmi_json_error(pp->doc, v, XM_MSG_TOO_MANY_RANGES, "more than %u ranges in one region",
                       POLICY_MAX_RANGES);
        return false;
    }
    if (xmi_array_room((void **)&r->extents, r->n, &r->room, sizeof(*r->extents))) {
        pp->oom = true;
        return false;
    }
    r->extents[r->n++] = (struct policy_extent){first, last};
    return true;
}

static int compare_extents(const void *a, const void *b)
{
    const struct policy_extent *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

void xmi_policy_region_add_slid(struct policy_parser *pp, const struct json_value *v,
                                struct policy_region *r, const struct policy_slid *slid)
{
    if (r->n_slid == POLICY_MAX_RANGES) {
        xmi_json_error(pp->doc, v, XM_MSG_TOO_MANY_RANGES, "more than %u ranges in one region",
                       POLICY_MAX_RANGES);
        return;
    }
    if (xmi_array_room((void **)&r->slid, r->n_slid, &r->room_slid, sizeof(*r->slid))) {
        pp->oom = true;
        return;
    }
    r->slid[r->n_slid++] = *slid;
}

void xmi_policy_region_merge(struct policy_region *r)
{
    size_t n = 0;

    if (r->n)
        qsort(r->extents, r->n, sizeof(*r->extents), compare_extents);
    for (size_t i = 0; i < r->n; i++) {
        struct policy_extent e = r->extents[i];

        if (n && e.first <= r->extents[n - 1].last + 1) {
            if (e.last > r->extents[n - 1].last)
                r->extents[n - 1].last = e.last;
        } else {
            r->extents[n++] = e;
        }
    }
    r->n = n;
    r->gfns = 0;
    for (size_t i = 0; i < n; i++)
        r->gfns += r->extents[i].last - r->extents[i].first + 1;
}
