/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which action of a rule's list decides: the strictest of all that match the access. Found out
 * when the policy is loaded; an event then costs one look into a table.
 *
 * The same on every kind of machine. Xen on EPT reports a write as a read and a write
 * (ept_handle_violation()), and whether the instruction read as well cannot be told; the other
 * kinds report a write alone. So a write counts as a read as well, where the page must not be
 * read; what the rights allow is never why an action matches.
 */
#include "policy/policy-int.h"

unsigned xmi_policy_strictness(uint32_t action)
{
    static const uint8_t order[] = {
        [XMEM_ACTION_DENY] = 0,   [XMEM_ACTION_PAUSE] = 1, [XMEM_ACTION_SWITCH] = 2,
        [XMEM_ACTION_RELAX] = 3,  [XMEM_ACTION_LOG] = 4,   [XMEM_ACTION_ALLOW_ONCE] = 5,
        [XMEM_ACTION_RESUME] = 6, /* the vCPU only comes again */
        [XMEM_ACTION_NONE] = 7,
    };

    return action < sizeof(order) ? order[action] : sizeof(order);
}

uint32_t xmi_policy_forbidden(enum xmem_rights rights)
{
    switch (rights) {
    case XMEM_N:
    case XMEM_R:
    case XMEM_W:
    case XMEM_RW:
    case XMEM_X:
    case XMEM_RX:
    case XMEM_WX:
    case XMEM_RWX: return ~(uint32_t)rights & POLICY_ACCESS_ALL;
    case XMEM_RX2RW:
    case XMEM_R_PW: return XMEM_ACCESS_W | XMEM_ACCESS_X;
    default: return POLICY_ACCESS_ALL;
    }
}

/* The kinds by which an access matches: those that are forbidden, if any is. */
static uint32_t matched_by(uint32_t access, uint32_t forbidden)
{
    if (access & XMEM_ACCESS_W)
        access |= XMEM_ACCESS_R;
    return access & forbidden ? access & forbidden : access;
}

/* Place in the list of the strictest that matches, the first of several; n: none does. */
static size_t strictest(const struct policy_action *list, size_t n, uint32_t kinds)
{
    size_t found = n;

    for (size_t i = 0; i < n; i++)
        if ((list[i].access & kinds) &&
            (found == n ||
             xmi_policy_strictness(list[i].action) < xmi_policy_strictness(list[found].action)))
            found = i;
    return found;
}

/* Place in the rule's actions, and 1. There are three kinds of access, so three are enough. */
static uint8_t keep_action(struct policy_rule *rule, const struct policy_action *a)
{
    uint8_t i = 0;

    while (i < rule->n_actions && (rule->actions[i].pos.line != a->pos.line ||
                                   rule->actions[i].pos.column != a->pos.column))
        i++;
    if (i == rule->n_actions)
        rule->actions[rule->n_actions++] = *a;
    return i + 1;
}

/* Does it decide for any access that can come: a read, a write, a fetch? */
static bool ever_decides(const struct policy_action *list, size_t n, size_t i, uint32_t forbidden)
{
    for (uint32_t kind = XMEM_ACCESS_R; kind <= XMEM_ACCESS_X; kind <<= 1)
        if ((kind & forbidden) && strictest(list, n, matched_by(kind, forbidden)) == i)
            return true;
    return false;
}

/* What decides for the first access that it is for. */
static size_t decided_by(const struct policy_action *list, size_t n, size_t i, uint32_t forbidden)
{
    uint32_t kinds = list[i].access & forbidden;

    return strictest(list, n, matched_by(kinds & -kinds, forbidden));
}

static void note_unused(struct xmem_policy *p, const struct policy_rule *rule,
                        const struct policy_action *list, size_t n, size_t i)
{
    uint32_t forbidden = xmi_policy_forbidden(rule->rights);
    const struct policy_action *by = &list[decided_by(list, n, i, forbidden)];

    if (p->n_unused == sizeof(p->unused) / sizeof(p->unused[0]))
        return;
    p->unused[p->n_unused++] = (struct policy_unused){
        .rule = (uint32_t)(rule - p->rules),
        .place = (uint32_t)i,
        .pos = list[i].pos,
        .by = by->action,
        .by_pos = by->pos,
        .by_reading = (list[i].access & by->access & forbidden) == 0};
}

void xmi_policy_rule_decide(struct xmem_policy *p, struct policy_rule *rule,
                            const struct policy_action *list, size_t n)
{
    uint32_t forbidden = xmi_policy_forbidden(rule->rights);

    for (uint32_t access = 1; access <= POLICY_ACCESS_ALL; access++) {
        size_t found = strictest(list, n, matched_by(access, forbidden));

        if (found < n)
            rule->decides[access] = keep_action(rule, &list[found]);
    }
    for (size_t i = 0; i < n; i++)
        if ((list[i].access & forbidden) && !ever_decides(list, n, i, forbidden))
            note_unused(p, rule, list, n, i);
}
