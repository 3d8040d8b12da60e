/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warnings: what is accepted, but may not do what was meant. */
#include <stdio.h>

#include "policy/policy-int.h"

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
