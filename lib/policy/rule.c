/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules: region and view -> rights, and what to do on a violation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy-int.h"

#define MAX_ACTIONS 64u /* of a rule */

static bool add_action(struct policy_parser *pp, const struct json_value *v,
                       const struct policy_rule *rule, struct policy_action *out)
{
    if (!xmi_policy_get_action(pp, v, true, out))
        return false;
    if (out->access & xmi_policy_forbidden(rule->rights))
        return true;
    xmi_json_error(pp->doc, v, XM_MSG_ACTION_UNREACHABLE,
                   "never taken: the rights %s allow these accesses",
                   xmem_rights_name(rule->rights));
    return false;
}

/* One action, or an array of which the strictest that fits decides. */
static void parse_on(struct policy_parser *pp, const struct json_value *v, struct policy_rule *rule)
{
    struct policy_action list[MAX_ACTIONS];
    size_t n = 0;

    if (v->kind != JSON_ARRAY)
        n += add_action(pp, v, rule, &list[n]);
    else if (xmi_json_want_count(pp->doc, v, 1, MAX_ACTIONS))
        json_for_each(pp->doc, it, v) n += add_action(pp, it, rule, &list[n]);
    xmi_policy_rule_decide(pp->p, rule, list, n);
}

static void parse_name(struct policy_parser *pp, const struct json_value *v,
                       struct policy_rule *rule)
{
    const struct json_value *name = xmi_json_find(pp->doc, v, "name");
    char made[32];

    if (name) {
        xmi_policy_get_name(pp, name, &rule->name);
        return;
    }
    snprintf(made, sizeof(made), "rules/%u", v->index);
    rule->name = xmi_policy_copy(pp, made);
}

static void parse_options(struct policy_parser *pp, const struct json_value *v,
                          struct policy_rule *rule)
{
    const struct json_value *m;

    if ((m = xmi_json_find(pp->doc, v, "description")))
        xmi_json_want(pp->doc, m, JSON_STRING);
    if ((m = xmi_json_find(pp->doc, v, "view")))
        xmi_policy_get_view(pp, m, &rule->view);
    if ((m = xmi_json_find(pp->doc, v, "log_limit")))
        xmi_json_get_u64(pp->doc, m, 1, JSON_MAX_PLAIN, &rule->log_limit);
    rule->skip_holes = pp->p->skip_holes;
    if ((m = xmi_json_find(pp->doc, v, "holes")))
        xmi_policy_get_holes(pp, m, &rule->skip_holes);
    rule->strict = pp->p->strict;
    rule->step_pos = pp->p->step_pos;
    if ((m = xmi_json_find(pp->doc, v, "step")))
        xmi_policy_get_step(pp, m, &rule->strict, &rule->step_pos);
}

static void parse_rule(struct policy_parser *pp, const struct json_value *v,
                       struct policy_rule *rule)
{
    static const char *const keys[] = {"name", "description", "region", "view",  "rights",
                                       "on",   "log_limit",   "step",   "holes", NULL};
    const struct json_value *m;

    if (!xmi_json_want(pp->doc, v, JSON_OBJECT))
        return;
    xmi_json_want_keys(pp->doc, v, keys);
    parse_name(pp, v, rule);
    m = xmi_json_need(pp->doc, v, "region");
    if (m) {
        rule->region_pos = xmi_policy_pos(pp, m);
        xmi_policy_get_region(pp, m, &rule->region);
    }
    parse_options(pp, v, rule);
    m = xmi_json_need(pp->doc, v, "rights");
    if (!m)
        return;
    rule->rights_pos = xmi_policy_pos(pp, m);
    if (xmi_policy_get_rights(pp, m, true, &rule->rights) && (m = xmi_json_find(pp->doc, v, "on")))
        parse_on(pp, m, rule);
}

static int compare_names(const void *a, const void *b)
{
    const struct policy_rule *x = *(const struct policy_rule *const *)a;
    const struct policy_rule *y = *(const struct policy_rule *const *)b;
    int order = strcmp(x->name, y->name);

    return order ? order : x < y ? -1 : x > y;
}

/* Names are how events and messages speak of rules. */
static void check_names(struct policy_parser *pp, const struct json_value *rules)
{
    const struct policy_rule **sorted = xmi_policy_array(pp, rules, sizeof(struct policy_rule *));
    size_t n = 0;

    for (size_t i = 0; sorted && i < pp->p->n_rules; i++)
        if (pp->p->rules[i].name)
            sorted[n++] = &pp->p->rules[i];
    if (n)
        qsort(sorted, n, sizeof(*sorted), compare_names);
    for (size_t i = 1; i < n && xmi_json_doc_errors(pp->doc) <= REPORT_MAX; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            xmi_json_error(pp->doc, xmi_json_at(pp->doc, rules, (size_t)(sorted[i] - pp->p->rules)),
                           XM_MSG_NAME_TWICE, "the rules %zu and %zu are both \"%s\"",
                           (size_t)(sorted[i - 1] - pp->p->rules),
                           (size_t)(sorted[i] - pp->p->rules), sorted[i]->name);
    free(sorted);
}

void xmi_policy_parse_rules(struct policy_parser *pp, const struct json_value *v)
{
    struct xmem_policy *p = pp->p;

    if (!xmi_json_want(pp->doc, v, JSON_ARRAY) ||
        !xmi_json_want_count(pp->doc, v, 0, POLICY_MAX_RULES))
        return;
    p->rules_pos = xmi_policy_pos(pp, v);
    p->rules = xmi_policy_array(pp, v, sizeof(*p->rules));
    if (!p->rules)
        return;
    json_for_each(pp->doc, it, v) parse_rule(pp, it, &p->rules[p->n_rules++]);
    check_names(pp, v);
}
