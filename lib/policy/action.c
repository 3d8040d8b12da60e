/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to do on an event. */
#include <string.h>

#include "policy/policy-int.h"

static const char *const names[] = {"none",  "log",   "deny",   "allow-once",
                                    "pause", "relax", "switch", "resume"};

const char *xmem_action_name(enum xmem_action action)
{
    return (unsigned)action < sizeof(names) / sizeof(names[0]) ? names[action] : NULL;
}

static bool get_word(struct policy_parser *pp, const struct json_value *v, uint32_t *out)
{
    const char *words[sizeof(names) / sizeof(names[0])];
    size_t i, n = sizeof(names) / sizeof(names[0]) - 1;

    for (i = 0; i < n; i++)
        words[i] = names[i + 1];
    words[n] = NULL;
    if (!xmi_json_get_word(pp->doc, v, "an action", words, &i))
        return false;
    *out = (uint32_t)i + 1;
    return true;
}

/* "r", "rw", "x" ...: each letter once. */
static bool get_filter(struct policy_parser *pp, const struct json_value *v, uint32_t *out)
{
    static const char letters[] = "rwx";
    const char *text;
    uint32_t access = 0;

    if (!xmi_json_get_text(pp->doc, v, 64, &text))
        return false;
    for (const char *c = text; *c; c++) {
        const char *letter = strchr(letters, *c);
        uint32_t bit = letter ? 1u << (letter - letters) : 0;

        if (bit == 0 || (access & bit)) {
            xmi_json_error(pp->doc, v, XM_MSG_ACCESS_FILTER,
                           "\"%s\" is not made of r, w and x, each once at most", text);
            return false;
        }
        access |= bit;
    }
    *out = access;
    return true;
}

static bool get_object(struct policy_parser *pp, const struct json_value *v, bool filter,
                       struct policy_action *a)
{
    static const char *const with[] = {"action", "view", "access", NULL};
    static const char *const without[] = {"action", "view", NULL};
    const struct json_value *action, *view, *access;

    if (!xmi_json_want_keys(pp->doc, v, filter ? with : without))
        return false;
    action = xmi_json_need(pp->doc, v, "action");
    view = xmi_json_find(pp->doc, v, "view");
    access = xmi_json_find(pp->doc, v, "access");
    if (!action || !get_word(pp, action, &a->action))
        return false;
    if (access && !get_filter(pp, access, &a->access))
        return false;
    if (view && a->action != XMEM_ACTION_SWITCH) {
        xmi_json_key_error(pp->doc, view, XM_MSG_ACTION_VIEW, "\"view\" is only for \"switch\"");
        return false;
    }
    return !view || xmi_policy_get_view(pp, view, &a->view);
}

bool xmi_policy_get_action(struct policy_parser *pp, const struct json_value *v, bool filter,
                           struct policy_action *out)
{
    struct policy_action a = {.access = POLICY_ACCESS_ALL, .pos = xmi_policy_pos(pp, v)};

    if (v->kind == JSON_STRING) {
        if (!get_word(pp, v, &a.action))
            return false;
    } else if (v->kind != JSON_OBJECT) {
        xmi_json_error(pp->doc, v, XM_MSG_TYPE, "%s where an action is expected",
                       xmi_json_kind_name(v->kind));
        return false;
    } else if (!get_object(pp, v, filter, &a)) {
        return false;
    }
    if (a.action == XMEM_ACTION_SWITCH &&
        (v->kind == JSON_STRING || !xmi_json_find(pp->doc, v, "view"))) {
        xmi_json_error(pp->doc, v, XM_MSG_ACTION_VIEW,
                       "\"switch\" needs a view: {\"action\": \"switch\", \"view\": NAME}");
        return false;
    }
    *out = a;
    return true;
}
