/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dry run: what applying would do, a line for each step, in the order of the steps. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "policy/policy-int.h"

struct plan {
    const struct xmem_policy *p;
    xmem_plan_line_fn line;
    void *arg;
    int err; /* what the callback said */
};

static void __attribute__((format(printf, 2, 3))) say(struct plan *plan, const char *fmt, ...)
{
    char text[512];
    va_list args;

    if (plan->err)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    plan->err = plan->line(plan->arg, text);
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void say_remap(struct plan *plan, const struct policy_view *v, const struct policy_remap *m)
{
    uint64_t more = m->count - 1;

    if (m->copy)
        say(plan, "view \"%s\": gfns 0x%" PRIx64 "-0x%" PRIx64 " show copies, %zu patch%s", v->name,
            m->gfn, m->gfn + more, m->n_patches, m->n_patches == 1 ? "" : "es");
    else
        say(plan, "view \"%s\": gfns 0x%" PRIx64 "-0x%" PRIx64 " show 0x%" PRIx64 "-0x%" PRIx64,
            v->name, m->gfn, m->gfn + more, m->to, m->to + more);
}

static void say_views(struct plan *plan)
{
    for (size_t i = 1; i < plan->p->n_views; i++) {
        const struct policy_view *v = &plan->p->views[i];

        say(plan, "view \"%s\": create, default rights %s%s", v->name,
            xmem_rights_name(v->default_rights), v->hidden ? ", hidden from the guest" : "");
        for (size_t j = 0; j < v->n_remaps; j++)
            say_remap(plan, v, &v->remaps[j]);
    }
}

static size_t rules_of(const struct xmem_policy *p, uint32_t view)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_rules; i++)
        n += p->rules[i].view == view;
    return n;
}

/* Where the policy itself switches the guest to is said by the rules. */
static void say_reach(struct plan *plan)
{
    const struct xmem_policy *p = plan->p;

    if (xmi_policy_hides_host(p))
        say(plan, "view \"host\": hidden from the guest, as the start view is");
    for (uint32_t i = 0; p->n_views > 1 && i < p->n_views; i++) {
        size_t n = rules_of(p, i);

        if (xmi_policy_reachable(p, i))
            say(plan, "reach: the guest can go to view \"%s\" by itself, %zu rule%s there",
                p->views[i].name, n, plural(n));
    }
}

/* A denial that cannot be carried out holds the guest instead: better said before. */
static void say_denials(struct plan *plan, const struct policy_rule *rule)
{
    static const struct {
        uint32_t access;
        const char *name;
    } kinds[] = {{XMEM_ACCESS_R, "reads"}, {XMEM_ACCESS_W, "writes"}, {XMEM_ACCESS_X, "fetches"}};
    const struct xmem_policy *p = plan->p;

    uint32_t forbidden = xmi_policy_forbidden(rule->rights);

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        const struct policy_action *a = policy_rule_action(rule, kinds[k].access);

        if (a && a->action == XMEM_ACTION_DENY && (forbidden & kinds[k].access) &&
            !xmi_policy_can_deny(&p->caps, p->kind, kinds[k].access))
            say(plan, "rule \"%s\": note: %s cannot be denied here; they pause the domain",
                rule->name, kinds[k].name);
    }
}

static void say_rules(struct plan *plan)
{
    for (size_t i = 0; i < plan->p->n_rules; i++) {
        const struct policy_rule *rule = &plan->p->rules[i];
        const struct policy_region *region = &plan->p->regions[rule->region];
        uint64_t gfns = xmi_policy_rule_gfns(plan->p, rule), holes = region->gfns - gfns;
        char left_out[48] = "";
        size_t n;

        (void)xmi_policy_rule_extents(plan->p, rule, &n);
        if (holes)
            snprintf(left_out, sizeof(left_out), ", without %" PRIu64 " hole%s", holes,
                     plural(holes));
        say(plan, "rule \"%s\": view \"%s\": %s for %" PRIu64 " gfn%s in %zu range%s of \"%s\"%s",
            rule->name, plan->p->views[rule->view].name, xmem_rights_name(rule->rights), gfns,
            plural(gfns), n, plural(n), region->name, left_out);
        say_denials(plan, rule);
    }
}

static void say_step(struct plan *plan)
{
    uint32_t means = xmi_policy_strict_means(&plan->p->caps);

    if (xmi_policy_strict(plan->p))
        say(plan, "step: strict: %s%s%s%s%s%swhat nothing steps over so pauses the domain",
            means & XMEM_STEP_HYPERVISOR ? "by the hypervisor, " : "",
            means & XMEM_STEP_VIEW ? "by view, " : "",
            means & XMEM_STEP_SINGLE ? "by single step, " : "",
            means & XMEM_STEP_EMULATE ? "by emulation, " : "",
            means & XMEM_STEP_RELAX ? "by relaxing, " : "", means ? "and " : "");
}

static void say_monitors(struct plan *plan)
{
    for (size_t i = 0; i < plan->p->n_monitors; i++) {
        const struct policy_monitor *mon = &plan->p->monitors[i];
        const char *reason = xmem_event_reason_name((enum xmem_event_reason)mon->m.reason);

        if (mon->m.reason == XMEM_EVENT_CTRLREG || mon->m.reason == XMEM_EVENT_MSR || mon->m.index)
            say(plan, "monitor \"%s\": %s 0x%x on", mon->name, reason, mon->m.index);
        else
            say(plan, "monitor \"%s\": %s on", mon->name, reason);
    }
}

static void say_anchors(struct plan *plan)
{
    const struct xmem_policy *p = plan->p;

    for (size_t i = 0; i < p->n_anchors; i++) {
        const struct policy_anchor *a = &p->anchors[i];
        uint64_t slide = a->group ? p->slides[a->group - 1] : 0;
        bool down = slide >> 63;

        say(plan, "anchor \"%.200s\": stands at guest-physical 0x%" PRIx64 ", slide %s0x%" PRIx64,
            a->symbol, a->gpa + slide, down ? "-" : "", down ? -slide : slide);
    }
}

static void say_all(struct plan *plan, bool on)
{
    const struct xmem_policy *p = plan->p;
    uint64_t total = xmi_policy_total_gfns(p);
    size_t ranges = 0, n;

    say_anchors(plan);
    say(plan, "monitoring: %s", on ? "on already" : "enable");
    say_views(plan);
    if (p->has_default_rights)
        say(plan, "default rights: %s", xmem_rights_name(p->default_rights));
    if (p->has_access_required)
        say(plan, "access required: %s", p->access_required ? "yes" : "no");
    say_monitors(plan);
    if (p->has_start_view)
        say(plan, "start view: switch all vCPUs to \"%s\"", p->views[p->start_view].name);
    say_reach(plan);
    say_step(plan);
    say_rules(plan);
    for (size_t i = 0; i < p->n_rules; i++)
        ranges += (xmi_policy_rule_extents(p, &p->rules[i], &n), n);
    say(plan, "total: %" PRIu64 " gfn%s in %zu range%s", total, plural(total), ranges,
        plural(ranges));
}

/* What the policy comes to in this guest, where its regions are. */
static int plan_here(struct plan *plan, struct xmem_domain *d, struct xmem_report *r)
{
    const struct xmem_policy *p = plan->p;
    int on = xmi_policy_monitoring(d);

    if (on < 0) {
        xmi_policy_error(p, r, XM_MSG_SESSION, (struct policy_pos){0, 0}, "/", "%s",
                         xmem_domain_last_error(d));
        return on;
    }
    xmi_policy_warn(p, r);
    xmi_policy_warn_others(p, p->found_views, r);
    xmi_policy_warn_step_here(p, r);
    say_all(plan, on);
    return plan->err;
}

int xmem_policy_plan(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                     xmem_plan_line_fn line, void *arg)
{
    struct plan plan = {.p = p, .line = line, .arg = arg};
    struct policy_placement old = {0};
    int err;

    if (!p || !d || !line)
        return -EINVAL;
    err = xmi_policy_check(p, d, r, &old);
    if (err)
        return err;
    err = plan_here(&plan, d, r);
    xmi_policy_placement_undo(p, &old);
    return err;
}
