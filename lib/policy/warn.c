/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Warnings: what is accepted, but may not do what was meant. */
#include <stdio.h>

#include "policy/policy.h"

/* The last place of a report is for saying that there are more. */
static bool room_for_one(const struct xmem_policy *p, struct xmem_report *r)
{
    struct report_pos pos = {.file = p->name, .path = "/"};
    size_t n = xmem_report_count(r);

    if (n == REPORT_MAX - 1)
        report_add(r, XM_MSG_MORE_WARNINGS, &pos, "warning: there are more warnings");
    return n < REPORT_MAX - 1;
}

void policy_warning(const struct xmem_policy *p, struct xmem_report *r, enum xm_message m,
                    struct policy_pos pos, const char *path, const char *fmt, ...)
{
    struct report_pos at = {.file = p->name, .line = pos.line, .column = pos.column, .path = path};
    char text[512];
    va_list args;

    if (!room_for_one(p, r))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    report_add(r, m, &at, "warning: %s", text);
}

static void warn_unused(const struct xmem_policy *p, struct xmem_report *r,
                        const struct policy_unused *u)
{
    char path[64];

    snprintf(path, sizeof(path), "/rules/%u/on/%u", u->rule, u->place);
    policy_warning(p, r, XM_MSG_NEVER_DECIDES, u->pos, path,
                   "never decides: the strictest action that matches does, \"%s\" in line %u, "
                   "column %u%s",
                   xmem_action_name((enum xmem_action)u->by), u->by_pos.line, u->by_pos.column,
                   u->by_reading ? "; a write counts as a read as well" : "");
}

void policy_warn(const struct xmem_policy *p, struct xmem_report *r)
{
    for (size_t i = 0; i < p->n_unused; i++)
        warn_unused(p, r, &p->unused[i]);
    policy_warn_anchors(p, r);
    policy_warn_reach(p, r);
    policy_warn_shown(p, r);
}
