/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Can this domain do what the policy asks for? Asked before anything is changed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "policy/policy-int.h"
#include "api/api.h"

struct check {
    struct xmem_policy *p;
    struct xmem_report *r;
    struct xmem_caps caps;
    size_t views; /* that are there already, the host view with them */
    int err;      /* the first */
    const char *kind;
};

/* c->err and a message at path "/format". */
#define CHECK_FAIL(c, code, m, pos, path, ...) \
    do { \
        (c)->err = (c)->err ? (c)->err : (code); \
        xmi_policy_error((c)->p, (c)->r, (m), (pos), (path), __VA_ARGS__); \
    } while (0)

struct path {
    char text[96];
};

static struct path path_of(const char *array, size_t i, const char *member)
{
    struct path path;

    snprintf(path.text, sizeof(path.text), "/%s/%zu%s%s", array, i, *member ? "/" : "", member);
    return path;
}

static void check_rights(struct check *c, enum xmem_rights rights, bool host, struct policy_pos pos,
                         const char *path)
{
    uint32_t possible = host ? c->caps.rights : c->caps.view_rights;

    if ((possible & XMEM_RIGHTS_BIT(rights)) == 0)
        CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_RIGHTS_UNSUPPORTED, pos, path,
                   "a domain of kind %s cannot express the rights %s", c->kind,
                   xmem_rights_name(rights));
}

static void check_gfn(struct check *c, uint64_t gfn, struct policy_pos pos, const char *path)
{
    if (gfn > c->caps.highest_gfn)
        CHECK_FAIL(c, -ERANGE, XM_MSG_GFN_TOO_HIGH, pos, path,
                   "gfn 0x%" PRIx64 " is above the domain's highest, 0x%" PRIx64, gfn,
                   c->caps.highest_gfn);
}

static void check_action(struct check *c, const struct policy_action *a, const char *path)
{
    if (a->action == XMEM_ACTION_SWITCH && (c->caps.reply_flags & XMEM_REPLY_SET_VIEW) == 0)
        CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_ACTION_UNSUPPORTED, a->pos, path,
                   "a domain of kind %s cannot switch views in an answer", c->kind);
}

static void check_view(struct check *c, size_t i)
{
    const struct policy_view *v = &c->p->views[i];

    check_rights(c, v->default_rights, false, v->pos, path_of("views", i - 1, "").text);
    if (v->hidden && (c->caps.flags & XMEM_CAP_VISIBILITY) == 0)
        CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_VIEWS_UNSUPPORTED, v->pos,
                   path_of("views", i - 1, "visible").text, "views cannot be hidden here");
    for (size_t j = 0; j < v->n_remaps; j++) {
        const struct policy_remap *m = &v->remaps[j];
        struct path path = path_of("views", i - 1, "remaps");

        check_gfn(c, m->gfn + m->count - 1, m->pos, path.text);
        if (!m->copy)
            check_gfn(c, m->to + m->count - 1, m->pos, path.text);
        else if ((c->caps.flags & XMEM_CAP_ADD_PAGE) == 0)
            CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_VIEWS_UNSUPPORTED, m->pos, path.text,
                       "pages for copies cannot be added here");
    }
}

static void check_views(struct check *c)
{
    size_t wanted = c->p->n_views - 1;
    struct policy_pos pos = wanted ? c->p->views[1].pos : (struct policy_pos){0, 0};

    if (wanted == 0)
        return;
    if (c->caps.max_views <= 1) {
        CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_VIEWS_UNSUPPORTED, pos, "/views",
                   "a domain of kind %s has no views", c->kind);
        return;
    }
    if (c->views + wanted > c->caps.max_views)
        CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_VIEWS_UNSUPPORTED, pos, "/views",
                   "%zu views are wanted; the domain can have %u and has %zu", wanted,
                   c->caps.max_views, c->views);
    for (size_t i = 1; i < c->p->n_views; i++)
        check_view(c, i);
}

static void check_rule(struct check *c, size_t i)
{
    const struct policy_rule *rule = &c->p->rules[i];
    const struct policy_region *region = &c->p->regions[rule->region];

    if (rule->view != POLICY_HOST && c->caps.max_views <= 1)
        return; /* said already */
    check_rights(c, rule->rights, rule->view == POLICY_HOST, rule->rights_pos,
                 path_of("rules", i, "rights").text);
    if (region->n && !rule->skip_holes)
        check_gfn(c, region->extents[region->n - 1].last, rule->region_pos,
                  path_of("rules", i, "region").text);
    for (size_t j = 0; j < rule->n_actions; j++)
        check_action(c, &rule->actions[j], path_of("rules", i, "on").text);
}

static void check_monitor(struct check *c, size_t i)
{
    const struct policy_monitor *mon = &c->p->monitors[i];
    struct path path = path_of("monitors", i, "");

    if ((c->caps.monitors & (UINT64_C(1) << mon->m.reason)) == 0)
        CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_MONITOR_UNSUPPORTED, mon->pos, path.text,
                   "a domain of kind %s does not report %s events here (see caps.monitors)",
                   c->kind, xmem_event_reason_name((enum xmem_event_reason)mon->m.reason));
    if (mon->has_action)
        check_action(c, &mon->action, path.text);
}

static void check_all(struct check *c)
{
    struct xmem_policy *p = c->p;

    if ((p->n_rules || p->has_default_rights) && (c->caps.flags & XMEM_CAP_MEM_ACCESS) == 0) {
        CHECK_FAIL(c, -EOPNOTSUPP, XM_MSG_NO_MEM_ACCESS, ((struct policy_pos){0, 0}), "/rules",
                   "a domain of kind %s has no memory-access control here", c->kind);
        return;
    }
    if (p->has_default_rights)
        check_rights(c, p->default_rights, true, p->default_rights_pos, "/default_rights");
    check_views(c);
    for (size_t i = 0; i < p->n_rules; i++)
        check_rule(c, i);
    for (size_t i = 0; i < p->n_monitors; i++)
        check_monitor(c, i);
    check_action(c, &p->default_action, "/default_action");
}

static int count_views(struct xmem_domain *d, const struct xmem_caps *caps, size_t *views)
{
    size_t n = 0;
    int err;

    *views = 1;
    if (caps->max_views <= 1)
        return 0;
    err = xmem_view_list(d, NULL, &n);
    if (err && err != -ENOSPC)
        return err;
    *views = n;
    return 0;
}

/* What is to be known of the session. */
static int ask(struct check *c, struct xmem_domain *d)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_policy *p = c->p;
    int err = xmem_domain_get_info(d, &info);

    if (err == 0)
        err = xmem_domain_get_caps(d, &c->caps);
    if (err == 0)
        err = count_views(d, &c->caps, &c->views);
    if (err) {
        xmi_policy_error(p, c->r, XM_MSG_SESSION, (struct policy_pos){0, 0}, "/", "%s",
                         xmem_domain_last_error(d));
        return err;
    }
    c->kind = xmem_kind_name((enum xmem_kind)info.kind);
    p->known = xmi_session_number(d);
    p->caps = c->caps;
    p->kind = info.kind;
    p->found_views = c->views - 1;
    return 0;
}

int xmi_policy_check(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                     struct policy_placement *old)
{
    struct check c = {.p = p, .r = r, .caps = XMEM_INIT(c.caps)};
    int err = ask(&c, d);

    if (err == 0)
        err = xmi_policy_place(p, d, r, old);
    if (err)
        return err == -ENOMEM ? xmi_session_out_of_memory(d) : err;
    check_all(&c);
    err = c.err ? c.err : xmi_policy_check_holes(p, d, r);
    if (err)
        xmi_policy_placement_undo(p, old);
    return err == -ENOMEM ? xmi_session_out_of_memory(d) : err;
}

int xmi_policy_monitoring(struct xmem_domain *d)
{
    enum xmem_rights rights;
    int err = xmem_domain_get_rights(d, 0, 0, &rights);

    if (err == -ENODEV)
        return 0;
    return err == 0 || err == -ESRCH || err == -ERANGE ? 1 : err; /* gfn 0 need not be there */
}

uint64_t xmi_policy_total_gfns(const struct xmem_policy *p)
{
    uint64_t total = 0;

    for (size_t i = 0; i < p->n_rules; i++)
        total += xmi_policy_rule_gfns(p, &p->rules[i]);
    return total;
}
