/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monitors: events that are no memory accesses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy-int.h"

#define REASON_FIRST XMEM_EVENT_CTRLREG
#define REASON_LAST XMEM_EVENT_IO

static const char *const registers[] = {"cr0", "cr3", "cr4", "xcr0", NULL};

/* Reasons that events have but monitors not: accesses need none, the others are not ours. */
static bool unmonitored(struct policy_parser *pp, const struct json_value *v)
{
    const char *text;

    if (!xmi_json_get_text(pp->doc, v, 64, &text))
        return true;
    for (unsigned r = XMEM_EVENT_MEM_ACCESS; r < REASON_FIRST; r++)
        if (strcmp(xmem_event_reason_name((enum xmem_event_reason)r), text) == 0) {
            xmi_json_error(pp->doc, v, XM_MSG_MONITOR_REASON, "\"%s\" has no monitor%s", text,
                           r == XMEM_EVENT_MEM_ACCESS ? "; rules are for accesses" : "");
            return true;
        }
    return false;
}

static bool get_reason(struct policy_parser *pp, const struct json_value *v, uint32_t *out)
{
    const char *words[REASON_LAST - REASON_FIRST + 2] = {NULL};
    size_t i;

    for (i = 0; i <= REASON_LAST - REASON_FIRST; i++)
        words[i] = xmem_event_reason_name((enum xmem_event_reason)(REASON_FIRST + i));
    if (unmonitored(pp, v) || !xmi_json_get_word(pp->doc, v, "a reason of events", words, &i))
        return false;
    *out = (uint32_t)(REASON_FIRST + i);
    return true;
}

static void wrong_option(struct policy_parser *pp, const struct json_value *v, uint32_t reason)
{
    xmi_json_key_error(pp->doc, v, XM_MSG_MONITOR_OPTION, "the monitor of %s has no \"%s\"",
                       xmem_event_reason_name((enum xmem_event_reason)reason), v->key);
}

/* "register" for control registers, "index" for MSRs and ports. */
static void parse_index(struct policy_parser *pp, const struct json_value *v,
                        struct policy_monitor *mon)
{
    const struct json_value *reg = xmi_json_find(pp->doc, v, "register");
    const struct json_value *index = xmi_json_find(pp->doc, v, "index");
    uint32_t reason = mon->m.reason;
    bool indexed = reason == XMEM_EVENT_MSR || reason == XMEM_EVENT_IO;
    size_t which;

    if (reg && reason != XMEM_EVENT_CTRLREG)
        wrong_option(pp, reg, reason);
    if (index && !indexed)
        wrong_option(pp, index, reason);
    if (reason == XMEM_EVENT_CTRLREG) {
        reg = reg ? reg : xmi_json_need(pp->doc, v, "register");
        if (reg && xmi_json_get_word(pp->doc, reg, "a control register", registers, &which))
            mon->m.index = (uint32_t)which;
    }
    if (reason == XMEM_EVENT_MSR)
        index = index ? index : xmi_json_need(pp->doc, v, "index");
    if (index && indexed)
        xmi_json_get_u32(pp->doc, index, 0, reason == XMEM_EVENT_IO ? UINT16_MAX : UINT32_MAX,
                         &mon->m.index);
}

static void parse_flag(struct policy_parser *pp, const struct json_value *v, const char *key,
                       bool allowed, uint32_t flag, struct policy_monitor *mon)
{
    const struct json_value *m = xmi_json_find(pp->doc, v, key);
    bool on = false;

    if (m && !allowed)
        wrong_option(pp, m, mon->m.reason);
    else if (m && xmi_json_get_bool(pp->doc, m, &on) && on)
        mon->m.flags |= flag;
}

static void parse_flags(struct policy_parser *pp, const struct json_value *v,
                        struct policy_monitor *mon)
{
    const struct json_value *mask = xmi_json_find(pp->doc, v, "bitmask");
    uint32_t reason = mon->m.reason;
    bool ctrlreg = reason == XMEM_EVENT_CTRLREG;

    parse_flag(pp, v, "async", true, XMEM_MONITOR_ASYNC, mon);
    parse_flag(pp, v, "on_change", ctrlreg || reason == XMEM_EVENT_MSR, XMEM_MONITOR_ON_CHANGE,
               mon);
    parse_flag(pp, v, "userspace", reason == XMEM_EVENT_GUEST_REQUEST, XMEM_MONITOR_USERSPACE, mon);
    if (mask && !ctrlreg)
        wrong_option(pp, mask, reason);
    else if (mask)
        xmi_json_get_u64(pp->doc, mask, 0, UINT64_MAX, &mon->m.bitmask);
}

/* Where it may be asynchronous; a VM exit always is. */
static bool waits(const struct policy_monitor *mon)
{
    uint32_t reason = mon->m.reason;
    bool may = reason == XMEM_EVENT_CTRLREG || reason == XMEM_EVENT_GUEST_REQUEST ||
               reason == XMEM_EVENT_DEBUG;
    return reason != XMEM_EVENT_VMEXIT && !(may && (mon->m.flags & XMEM_MONITOR_ASYNC));
}

/* One vCPU is switched by the answer that it waits for. */
static void check_switch(struct policy_parser *pp, const struct json_value *v,
                         const struct policy_monitor *mon)
{
    if (mon->action.action == XMEM_ACTION_SWITCH && !waits(mon))
        xmi_json_error(pp->doc, v, XM_MSG_MONITOR_ACTION,
                       "\"switch\" cannot be done to an event that does not wait for its answer");
}

/* Only writes to registers can be denied, only pages relaxed. */
static void parse_action(struct policy_parser *pp, const struct json_value *v,
                         struct policy_monitor *mon)
{
    uint32_t reason = mon->m.reason;
    bool deniable = reason == XMEM_EVENT_CTRLREG || reason == XMEM_EVENT_MSR;

    if (!xmi_policy_get_action(pp, v, false, &mon->action))
        return;
    mon->has_action = true;
    if (mon->action.action == XMEM_ACTION_RELAX ||
        (mon->action.action == XMEM_ACTION_DENY && !deniable))
        xmi_json_error(pp->doc, v, XM_MSG_MONITOR_ACTION,
                       "\"%s\" cannot be done to an event of the reason %s",
                       xmem_action_name((enum xmem_action)mon->action.action),
                       xmem_event_reason_name((enum xmem_event_reason)reason));
    check_switch(pp, v, mon);
}

static void parse_object(struct policy_parser *pp, const struct json_value *v,
                         struct policy_monitor *mon)
{
    static const char *const keys[] = {"name",    "description", "reason",    "register",
                                       "index",   "async",       "on_change", "userspace",
                                       "bitmask", "action",      NULL};
    const struct json_value *m;

    if (!xmi_json_want_keys(pp->doc, v, keys))
        return;
    m = xmi_json_need(pp->doc, v, "reason");
    if (!m || !get_reason(pp, m, &mon->m.reason))
        return;
    if ((m = xmi_json_find(pp->doc, v, "name")))
        xmi_policy_get_name(pp, m, &mon->name);
    if ((m = xmi_json_find(pp->doc, v, "description")))
        xmi_json_want(pp->doc, m, JSON_STRING);
    parse_index(pp, v, mon);
    parse_flags(pp, v, mon);
    if ((m = xmi_json_find(pp->doc, v, "action")))
        parse_action(pp, m, mon);
}

static void parse_word(struct policy_parser *pp, const struct json_value *v,
                       struct policy_monitor *mon)
{
    if (!get_reason(pp, v, &mon->m.reason))
        return;
    if (mon->m.reason == XMEM_EVENT_CTRLREG || mon->m.reason == XMEM_EVENT_MSR)
        xmi_json_error(pp->doc, v, XM_MSG_MONITOR_OPTION,
                       "say which: {\"reason\": \"ctrlreg\", \"register\": \"cr3\"} or "
                       "{\"reason\": \"msr\", \"index\": \"0xc0000082\"}");
}

static void check_twice(struct policy_parser *pp, const struct json_value *v,
                        const struct policy_monitor *mon)
{
    for (const struct policy_monitor *o = pp->p->monitors; o < mon; o++)
        if (o->m.reason == mon->m.reason && o->m.index == mon->m.index && mon->m.reason) {
            xmi_json_error(pp->doc, v, XM_MSG_MONITOR_TWICE,
                           "monitored already in line %u, column %u", o->pos.line, o->pos.column);
            return;
        }
}

static void parse_monitor(struct policy_parser *pp, const struct json_value *v,
                          struct policy_monitor *mon)
{
    mon->m.size = sizeof(mon->m);
    mon->pos = xmi_policy_pos(pp, v);
    if (v->kind == JSON_STRING)
        parse_word(pp, v, mon);
    else if (v->kind == JSON_OBJECT)
        parse_object(pp, v, mon);
    else
        xmi_json_error(pp->doc, v, XM_MSG_TYPE, "%s where a monitor is expected",
                       xmi_json_kind_name(v->kind));
    check_twice(pp, v, mon);
    if (!mon->name && mon->m.reason)
        mon->name = xmi_policy_copy(pp,
                                    xmem_event_reason_name((enum xmem_event_reason)mon->m.reason));
}

void xmi_policy_parse_monitors(struct policy_parser *pp, const struct json_value *v)
{
    struct xmem_policy *p = pp->p;

    if (!xmi_json_want(pp->doc, v, JSON_ARRAY) ||
        !xmi_json_want_count(pp->doc, v, 0, POLICY_MAX_MONITORS))
        return;
    p->monitors = xmi_policy_array(pp, v, sizeof(*p->monitors));
    if (!p->monitors)
        return;
    json_for_each(pp->doc, it, v) parse_monitor(pp, it, &p->monitors[p->n_monitors++]);
}
