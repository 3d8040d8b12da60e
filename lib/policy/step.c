/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How an access is stepped over: by any means, or strictly, by none that lets other accesses
 * through. Where a strict policy has no means left the domain is paused.
 */
#include <stdio.h>

#include "policy/policy-int.h"

void xmi_policy_get_step(struct policy_parser *pp, const struct json_value *v, bool *strict,
                         struct policy_pos *pos)
{
    static const char *const words[] = {"any", "strict", NULL};
    size_t i;

    *pos = xmi_policy_pos(pp, v);
    if (xmi_json_get_word(pp->doc, v, "a way to step", words, &i))
        *strict = i == 1;
}

/* Place of the first rule that is strict, or how many there are. */
static size_t first_strict(const struct xmem_policy *p)
{
    size_t i = 0;

    while (i < p->n_rules && !p->rules[i].strict)
        i++;
    return i;
}

bool xmi_policy_strict(const struct xmem_policy *p)
{
    return p->strict || first_strict(p) < p->n_rules;
}

/* Emulation may let further pages of the one instruction pass, which is another matter. */
uint32_t xmi_policy_strict_means(const struct xmem_caps *caps)
{
    return caps->step_means & (caps->step_airtight | XMEM_STEP_EMULATE);
}

/* What a domain has depends on its hypervisor, not on its kind: it can be said of a domain alone. */
void xmi_policy_warn_step_here(const struct xmem_policy *p, struct xmem_report *r)
{
    size_t i = first_strict(p);
    char path[64] = "/step";
    struct policy_pos pos = p->step_pos;

    if (!xmi_policy_strict(p) || xmi_policy_strict_means(&p->caps))
        return;
    if (!p->strict) {
        snprintf(path, sizeof(path), "/rules/%zu/step", i);
        pos = p->rules[i].step_pos;
    }
    xmi_policy_warning(
        p, r, XM_MSG_STRICT_PAUSES, pos, path,
        "\"strict\": this domain, of kind %s, can be stepped over an access only by letting "
        "others pass; \"log\" and \"allow-once\" pause it at the first one",
        xmem_kind_name((enum xmem_kind)p->kind));
}
