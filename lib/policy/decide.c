/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the policy says of an event, and doing it. */
#include <errno.h>
#include <string.h>

#include "policy/policy-int.h"
#include "api/api.h"
#include "base/base.h"

/* ---- deciding ---- */

struct verdict {
    const struct policy_action *action;
    struct policy_rule *rule;
    const struct policy_entry *entry;
    const char *name;
};

/* Place of the view with this number; views that the policy did not make have none. */
static bool find_view(const struct xmem_policy *p, const struct xmem_domain *d, uint16_t id,
                      size_t *out)
{
    *out = POLICY_HOST;
    if (id == 0)
        return true;
    if (p->applied != xmi_session_number(d))
        return false;
    for (size_t i = 1; i < p->n_views; i++)
        if (p->views[i].id == id) {
            *out = i;
            return true;
        }
    return false;
}

static void judge_access(struct xmem_policy *p, const struct xmem_domain *d,
                         const struct xmem_event *ev, struct verdict *v)
{
    size_t view;

    if (!find_view(p, d, ev->view, &view))
        return;
    v->entry = xmi_policy_index_find(&p->indexes[view], ev->u.mem.gfn);
    if (!v->entry)
        return;
    v->rule = &p->rules[v->entry->rule];
    v->name = v->rule->name;
    v->action = policy_rule_action(v->rule, ev->u.mem.access);
}

static bool monitor_fits(const struct policy_monitor *mon, const struct xmem_event *ev)
{
    if (mon->m.reason != ev->reason)
        return false;
    switch (ev->reason) {
    case XMEM_EVENT_CTRLREG: return mon->m.index == ev->u.ctrlreg.index;
    case XMEM_EVENT_MSR: return mon->m.index == ev->u.msr.msr;
    case XMEM_EVENT_IO: return mon->m.index == 0 || mon->m.index == ev->u.io.port;
    default: return true;
    }
}

static bool register_write(const struct xmem_event *ev)
{
    return ev->reason == XMEM_EVENT_CTRLREG || ev->reason == XMEM_EVENT_MSR;
}

/*
 * The default action is written with accesses in mind: on an event that has no page to
 * relax and nothing to deny it only tells.
 */
static uint32_t default_for(const struct xmem_policy *p, const struct xmem_event *ev)
{
    uint32_t action = p->default_action.action;

    if (ev->reason == XMEM_EVENT_MEM_ACCESS)
        return action;
    if (action == XMEM_ACTION_RELAX || (action == XMEM_ACTION_DENY && !register_write(ev)))
        return XMEM_ACTION_LOG;
    return action;
}

static bool stricter(const struct xmem_policy *p, const struct xmem_event *ev,
                     const struct policy_monitor *a, const struct policy_monitor *b)
{
    uint32_t one = a->has_action ? a->action.action : default_for(p, ev);
    uint32_t other = b->has_action ? b->action.action : default_for(p, ev);

    return xmi_policy_strictness(one) < xmi_policy_strictness(other);
}

/* Only an access to a port fits two monitors, that of the port and that of all. */
static void judge_other(struct xmem_policy *p, const struct xmem_event *ev, struct verdict *v)
{
    const struct policy_monitor *found = NULL;

    for (size_t i = 0; i < p->n_monitors && (!found || ev->reason == XMEM_EVENT_IO); i++)
        if (monitor_fits(&p->monitors[i], ev) &&
            (!found || stricter(p, ev, &p->monitors[i], found)))
            found = &p->monitors[i];
    if (!found)
        return;
    v->name = found->name;
    v->action = found->has_action ? &found->action : NULL;
}

/* Views have numbers in the session alone that the policy was applied to; no view has this one. */
static uint16_t view_for(const struct xmem_policy *p, const struct xmem_domain *d, uint32_t place)
{
    if (place == POLICY_HOST || p->applied == xmi_session_number(d))
        return p->views[place].id;
    return UINT16_MAX;
}

static void judge(struct xmem_policy *p, const struct xmem_domain *d, const struct xmem_event *ev,
                  struct verdict *v, struct xmem_decision *out)
{
    const struct policy_action *a;

    if (ev->reason == XMEM_EVENT_MEM_ACCESS)
        judge_access(p, d, ev, v);
    else
        judge_other(p, ev, v);
    a = v->action ? v->action : &p->default_action;
    out->action = v->action ? a->action : default_for(p, ev);
    if (ev->reason == XMEM_EVENT_DOMAIN_DIED)
        out->action = XMEM_ACTION_NONE;
    if (out->action == XMEM_ACTION_SWITCH)
        out->view = view_for(p, d, a->view);
    out->rule = v->name;
    if (v->entry) {
        out->region = p->regions[v->rule->region].name;
        out->region_gfn = v->entry->first;
    }
    if (out->action == XMEM_ACTION_LOG && v->rule && v->rule->log_limit &&
        v->rule->logged >= v->rule->log_limit)
        out->action = XMEM_ACTION_ALLOW_ONCE;
}

int xmem_policy_decide(struct xmem_policy *p, struct xmem_domain *d, const struct xmem_event *ev,
                       struct xmem_decision *out)
{
    struct xmem_decision own = XMEM_INIT(own);
    struct verdict v = {0};
    int err = xmi_sized_check(out);

    if (err || !p || !d || !ev)
        return -EINVAL;
    judge(p, d, ev, &v, &own);
    xmi_sized_out(out, &own, sizeof(own));
    return 0;
}

/* ---- doing ---- */

static bool is_arm(uint32_t kind)
{
    return kind == XMEM_KIND_ARM_S2 || kind == XMEM_KIND_ARMV8R_MPU;
}

bool xmi_policy_can_deny(const struct xmem_caps *caps, uint32_t kind, uint32_t access)
{
    bool emulate = caps->replies & (1u << XMEM_REPLY_EMULATE);

    if (access & XMEM_ACCESS_X && caps->replies & (1u << XMEM_REPLY_REINJECT))
        return true;
    if (access & XMEM_ACCESS_W && caps->replies & (1u << XMEM_REPLY_EMULATE_NOWRITE))
        return true;
    if (access == XMEM_ACCESS_R && emulate && caps->reply_flags & XMEM_REPLY_SET_READ_DATA)
        return true;
    return is_arm(kind) && caps->reply_flags & XMEM_REPLY_SET_REGS;
}

/* Xen on Arm takes only a new pc in an answer: the instruction is skipped. */
static int skip_instruction(struct xmem_domain *d, const struct xmem_event *ev, uint32_t bytes)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    struct xmem_reply reply = XMEM_INIT(reply);
    int err = xmem_event_get_regs(d, ev, &regs);

    if (err)
        return err;
    if (regs.arch == XMEM_ARCH_ARM)
        regs.u.arm.pc += bytes;
    else
        regs.u.x86.rip += bytes;
    reply.flags = XMEM_REPLY_SET_REGS;
    reply.regs = &regs;
    return xmem_event_reply(d, ev, &reply);
}

/* A write is emulated without its effect; a read is emulated and sees zeros. */
static int deny_by_emulation(struct xmem_domain *d, const struct xmem_event *ev, uint32_t access)
{
    static const uint8_t zeros[16];
    struct xmem_reply reply = XMEM_INIT(reply);

    reply.action = XMEM_REPLY_EMULATE;
    if (access & XMEM_ACCESS_W) {
        reply.action = XMEM_REPLY_EMULATE_NOWRITE;
    } else {
        reply.flags = XMEM_REPLY_SET_READ_DATA;
        reply.data = zeros;
        reply.data_len = sizeof(zeros);
    }
    return xmem_event_reply(d, ev, &reply);
}

/* Xen's emulator knows no rights: what else the instruction touches must not pass with what is denied. */
static int deny_on_x86(struct xmem_domain *d, const struct xmem_event *ev, uint32_t access)
{
    uint32_t past = 0;
    int err;

    if (access & XMEM_ACCESS_X)
        return xmi_session_deny_fetch(d, ev);
    err = xmi_session_denied(d, ev, &past);
    if (err)
        return err;
    return past ? skip_instruction(d, ev, past) : deny_by_emulation(d, ev, access);
}

static int deny_on_arm(struct xmem_domain *d, const struct xmem_event *ev)
{
    uint32_t bytes;
    int err = xmi_session_length_on_arm(d, ev, &bytes);

    return err ? err : skip_instruction(d, ev, bytes);
}

/* -EOPNOTSUPP: this kind of domain cannot deny the access. */
static int deny_access(struct xmem_policy *p, struct xmem_domain *d, const struct xmem_event *ev)
{
    uint32_t access = ev->u.mem.access & POLICY_ACCESS_ALL;
    const struct xmem_caps *caps = &p->caps;

    if (!xmi_policy_can_deny(caps, p->kind, access))
        return -EOPNOTSUPP;
    return is_arm(p->kind) ? deny_on_arm(d, ev) : deny_on_x86(d, ev, access);
}

static int deny(struct xmem_policy *p, struct xmem_domain *d, const struct xmem_event *ev)
{
    struct xmem_reply reply = XMEM_INIT(reply);

    if (ev->reason == XMEM_EVENT_MEM_ACCESS)
        return deny_access(p, d, ev);
    reply.action = XMEM_REPLY_DENY;
    return xmem_event_reply(d, ev, &reply);
}

static int relax(struct xmem_domain *d, const struct xmem_event *ev)
{
    int err = xmi_session_check_event(d, ev);

    if (err == 0)
        err = xmem_domain_set_rights(d, ev->view, ev->u.mem.gfn, XMEM_RWX);
    return err ? err : xmem_event_reply(d, ev, NULL);
}

static int switch_view(struct xmem_domain *d, const struct xmem_event *ev, uint16_t view)
{
    struct xmem_reply reply = XMEM_INIT(reply);

    reply.flags = XMEM_REPLY_SET_VIEW;
    reply.view = view;
    return xmem_event_reply(d, ev, &reply);
}

/* The vCPU waits for as long as it has no answer; the others are held with it. */
static int pause_domain(struct xmem_domain *d, const struct xmem_event *ev)
{
    int err = xmi_session_check_event(d, ev);

    return err ? err : xmem_domain_pause(d);
}

static int xmi_step_over(struct xmem_domain *d, const struct xmem_event *ev, bool strict,
                         struct xmem_decision *decision)
{
    struct xmem_reply reply = XMEM_INIT(reply);
    int err;

    reply.action = XMEM_REPLY_STEP_OVER;
    reply.flags = strict ? XMEM_REPLY_STEP_STRICT : 0;
    if (decision->action == XMEM_ACTION_NONE)
        err = xmi_session_drop(d, ev, strict);
    else
        err = xmem_event_reply(d, ev, &reply);
    if (err != -EOPNOTSUPP || !strict)
        return err;
    decision->action = XMEM_ACTION_PAUSE;
    decision->flags |= XMEM_DECISION_STRICT;
    return pause_domain(d, ev);
}

static int act(struct xmem_policy *p, struct xmem_domain *d, const struct xmem_event *ev,
               bool strict, struct xmem_decision *decision)
{
    int err;

    switch (decision->action) {
    case XMEM_ACTION_LOG:
    case XMEM_ACTION_ALLOW_ONCE: return xmi_step_over(d, ev, strict, decision);
    case XMEM_ACTION_DENY:
        err = deny(p, d, ev);
        if (err != -EOPNOTSUPP)
            return err;
        decision->action = XMEM_ACTION_PAUSE; /* what must not happen does not happen */
        return pause_domain(d, ev);
    case XMEM_ACTION_PAUSE: return pause_domain(d, ev);
    case XMEM_ACTION_RELAX: return relax(d, ev);
    case XMEM_ACTION_SWITCH: return switch_view(d, ev, decision->view);
    case XMEM_ACTION_RESUME: return xmem_event_reply(d, ev, NULL);
    default:
        return ev->reason == XMEM_EVENT_DOMAIN_DIED ? 0 : xmi_step_over(d, ev, strict, decision);
    }
}

/* A policy may judge the events of a session that it was not applied to. */
static int know_domain(struct xmem_policy *p, struct xmem_domain *d)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_caps caps = XMEM_INIT(caps);
    int err;

    if (p->known == xmi_session_number(d))
        return 0;
    err = xmem_domain_get_info(d, &info);
    if (err == 0)
        err = xmem_domain_get_caps(d, &caps);
    if (err)
        return err;
    p->known = xmi_session_number(d);
    p->kind = info.kind;
    p->caps = caps;
    return 0;
}

int xmem_policy_handle(struct xmem_policy *p, struct xmem_domain *d, const struct xmem_event *ev,
                       struct xmem_decision *out)
{
    struct xmem_decision own = XMEM_INIT(own);
    struct verdict v = {0};
    int err = out ? xmi_sized_check(out) : 0;

    if (err || !p || !d || !ev)
        return -EINVAL;
    err = know_domain(p, d);
    if (err)
        return err;
    judge(p, d, ev, &v, &own);
    xmi_policy_copies_tell(p, d, &own);
    err = act(p, d, ev, v.rule ? v.rule->strict : p->strict, &own);
    if (err)
        return err;
    if (own.action == XMEM_ACTION_LOG && v.rule)
        v.rule->logged++;
    if (out)
        xmi_sized_out(out, &own, sizeof(own));
    return 0;
}
