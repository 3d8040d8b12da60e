/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Applying: steps in order, and on a failure everything that was done is put back in the
 * reverse order. The rights come last: their batch is the only step that knows by itself
 * how to put back what it changed, and it is the longest.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "policy/policy-int.h"
#include "api/api.h"

#define PORTION 65536u /* gfns between two calls of the progress function */

struct apply {
    struct xmem_policy *p;
    struct xmem_domain *d;
    struct xmem_report *r;
    xmem_progress_fn progress;
    void *arg;
    struct policy_pos pos; /* of what is being done */
    const char *path, *what;

    /* done so far */
    bool enabled, default_set, required_set, switched, host_hidden;
    enum xmem_rights old_default;
    uint16_t old_view;
    size_t views, monitors;
    uint64_t *pages; /* added for copies */
    size_t n_pages, room_pages;
    size_t left; /* steps of putting back that failed */
};

/* What the message of a failure will be about. */
static void name_step(struct apply *a, const char *what, const char *path, struct policy_pos pos)
{
    a->what = what;
    a->path = path;
    a->pos = pos;
}

static int step_enable(struct apply *a)
{
    int err = xmi_policy_monitoring(a->d);

    name_step(a, "enabling monitoring", "/", (struct policy_pos){0, 0});
    if (err)
        return err < 0 ? err : 0;
    err = xmem_domain_enable(a->d);
    a->enabled = err == 0;
    return err;
}

/* What could not be put back is told; the session goes on with it at its end. */
static void report_left(struct apply *a, const char *what, int err)
{
    if (!err)
        return;
    a->left++;
    xmi_policy_error(a->p, a->r, XM_MSG_ROLLBACK, (struct policy_pos){0, 0}, "/",
                     "%s: %s; it is tried again when monitoring or the session ends", what,
                     xmem_domain_last_error(a->d));
}

/* ---- views ---- */

static int remember_page(struct apply *a, uint64_t gfn)
{
    if (xmi_array_room((void **)&a->pages, a->n_pages, &a->room_pages, sizeof(*a->pages)))
        return -ENOMEM;
    a->pages[a->n_pages++] = gfn;
    return 0;
}

static int add_page(struct apply *a, uint64_t *gfn)
{
    int err = xmem_domain_add_page(a->d, gfn);

    if (err)
        return err;
    err = remember_page(a, *gfn);
    if (err)
        xmem_domain_remove_page(a->d, *gfn);
    return err;
}

static int remap(struct apply *a, const struct policy_view *v, const struct policy_remap *m)
{
    name_step(a, "remapping", "/views", m->pos);
    for (uint64_t i = 0; i < m->count; i++) {
        uint64_t to = m->to + i;
        int err = m->copy ? add_page(a, &to) : 0;

        if (err == 0 && m->copy)
            err = xmi_policy_copy_show(a->d, v, m, m->gfn + i, to);
        else if (err == 0)
            err = xmem_view_change_gfn(a->d, v->id, m->gfn + i, to);
        if (err)
            return err;
    }
    return 0;
}

static int make_view(struct apply *a, struct policy_view *v)
{
    struct xmem_view_opts opts = XMEM_INIT(opts);
    int err;

    name_step(a, "creating a view", "/views", v->pos);
    opts.default_rights = v->default_rights;
    err = xmem_view_create(a->d, &opts, &v->id);
    if (err)
        return err;
    a->views++;
    for (size_t i = 0; err == 0 && i < v->n_remaps; i++)
        err = remap(a, v, &v->remaps[i]);
    return err;
}

static int step_views(struct apply *a)
{
    int err = 0;

    for (size_t i = 1; err == 0 && i < a->p->n_views; i++)
        err = make_view(a, &a->p->views[i]);
    return err;
}

static int step_switch(struct apply *a)
{
    int err = 0;

    if (!a->p->has_start_view)
        return 0;
    name_step(a, "switching to the start view", "/start_view", a->p->start_view_pos);
    if (a->p->start_view != POLICY_HOST || a->p->caps.max_views > 1)
        err = xmem_view_get_vcpu(a->d, 0, &a->old_view);
    if (err || a->old_view == a->p->views[a->p->start_view].id)
        return err;
    err = xmem_view_switch(a->d, a->p->views[a->p->start_view].id);
    a->switched = err == 0;
    return err;
}

/* After the switch: Xen switches a whole domain to visible views only. */
static int step_hide(struct apply *a)
{
    int err = 0;

    for (size_t i = 1; err == 0 && i < a->p->n_views; i++) {
        name_step(a, "hiding a view", "/views", a->p->views[i].pos);
        if (a->p->views[i].hidden)
            err = xmem_view_set_visible(a->d, a->p->views[i].id, 0);
    }
    if (err || !xmi_policy_hides_host(a->p))
        return err;
    name_step(a, "hiding the host view", "/start_view", a->p->start_view_pos);
    err = xmem_view_set_visible(a->d, a->p->views[POLICY_HOST].id, 0);
    a->host_hidden = err == 0;
    return err;
}

/* ---- defaults and monitors ---- */

static int step_default(struct apply *a)
{
    int err;

    if (!a->p->has_default_rights)
        return 0;
    name_step(a, "setting the default rights", "/default_rights", a->p->default_rights_pos);
    err = xmem_domain_get_default(a->d, &a->old_default);
    if (err == 0)
        err = xmem_domain_set_default(a->d, a->p->default_rights);
    a->default_set = err == 0;
    return err;
}

static int step_required(struct apply *a)
{
    int err;

    if (!a->p->has_access_required)
        return 0;
    name_step(a, "setting access_required", "/access_required", (struct policy_pos){0, 0});
    err = xmem_domain_set_access_required(a->d, a->p->access_required);
    a->required_set = err == 0 && a->p->access_required;
    return err;
}

static int step_monitors(struct apply *a)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < a->p->n_monitors; i++) {
        name_step(a, "switching a monitor on", "/monitors", a->p->monitors[i].pos);
        err = xmem_domain_set_monitor(a->d, &a->p->monitors[i].m, 1);
        a->monitors += err == 0;
    }
    return err;
}

/* ---- rights ---- */

static int fill_batch(struct apply *a, struct xmem_batch *b)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < a->p->n_rules; i++) {
        const struct policy_rule *rule = &a->p->rules[i];
        size_t n;
        const struct policy_extent *x = xmi_policy_rule_extents(a->p, rule, &n);

        name_step(a, "collecting rights", "/rules", rule->region_pos);
        for (size_t j = 0; err == 0 && j < n; j++)
            err = xmem_batch_add(b, a->p->views[rule->view].id, x[j].first,
                                 x[j].last - x[j].first + 1, rule->rights);
    }
    return err;
}

/* The rule that asked for the gfn that was refused. */
static void blame_rule(struct apply *a, const struct xmem_batch_result *result)
{
    const struct policy_entry *e = NULL;

    name_step(a, "setting rights", "/rules", (struct policy_pos){0, 0});
    for (size_t i = 0; result->failed_gfn != XMEM_GFN_UNDO && i < a->p->n_views; i++)
        if (a->p->views[i].id == result->failed_view)
            e = xmi_policy_index_find(&a->p->indexes[i], result->failed_gfn);
    if (e)
        a->pos = a->p->rules[e->rule].region_pos;
}

static int run_batch(struct apply *a, struct xmem_batch *b)
{
    struct xmem_batch_result result = XMEM_INIT(result);
    uint64_t total = xmi_policy_total_gfns(a->p), done = 0;
    int more;

    result.failed_gfn = XMEM_GFN_UNDO;
    if (a->progress && a->progress(a->arg, 0, total))
        return -ECANCELED;
    while ((more = xmem_batch_apply_some(b, PORTION, &result)) > 0) {
        done = done + PORTION < total ? done + PORTION : total;
        if (a->progress && a->progress(a->arg, done, total)) {
            report_left(a, "setting rights back", xmem_batch_revert(b));
            return -ECANCELED;
        }
    }
    if (more < 0)
        blame_rule(a, &result);
    else if (a->progress)
        a->progress(a->arg, total, total); /* too late to stop */
    return more;
}

static int step_rights(struct apply *a)
{
    struct xmem_batch *b;
    int err;

    if (a->p->n_rules == 0)
        return 0;
    name_step(a, "setting rights", "/rules", (struct policy_pos){0, 0});
    err = xmem_batch_new(a->d, &b);
    if (err)
        return err;
    err = fill_batch(a, b);
    if (err == 0)
        err = run_batch(a, b);
    xmem_batch_free(b);
    return err;
}

/* ---- putting back ---- */

static void undo_monitors(struct apply *a)
{
    while (a->monitors)
        report_left(a, "switching a monitor off",
                    xmem_domain_set_monitor(a->d, &a->p->monitors[--a->monitors].m, 0));
}

static void roll_back(struct apply *a)
{
    if (a->switched)
        report_left(a, "switching views back", xmi_session_switch_back(a->d, a->old_view));
    if (a->host_hidden)
        report_left(a, "showing the host view", xmem_view_set_visible(a->d, POLICY_HOST, 1));
    undo_monitors(a);
    if (a->required_set)
        report_left(a, "access_required", xmem_domain_set_access_required(a->d, 0));
    if (a->default_set)
        report_left(a, "default rights", xmem_domain_set_default(a->d, a->old_default));
    for (; a->views; a->views--)
        report_left(a, "destroying a view",
                    xmi_session_discard_view(a->d, a->p->views[a->views].id));
    while (a->n_pages)
        report_left(a, "removing a page", xmi_session_discard_page(a->d, a->pages[--a->n_pages]));
    if (a->enabled)
        report_left(a, "disabling monitoring", xmem_domain_disable(a->d));
}

static void report_failure(struct apply *a, int err)
{
    const char *text = xmem_domain_last_error(a->d);

    xmi_policy_error(a->p, a->r, XM_MSG_APPLY, a->pos, a->path, "%s: %s", a->what,
                     *text ? text : strerror(-err));
}

/* What is put back is known afterwards only. */
static void give_up(struct apply *a, int err)
{
    const struct policy_pos pos = a->pos;

    if (err != -ECANCELED)
        report_failure(a, err);
    roll_back(a);
    if (err == -ECANCELED)
        xmi_policy_error(a->p, a->r, XM_MSG_CANCELLED, pos, a->path, "stopped; %s",
                         a->left ? "not all is put back" : "all is put back");
    if (a->left)
        (void)xmi_session_say(
            a->d, err,
            "applying a policy failed or was stopped, and not all that was done could "
            "be put back: it is tried again with the next call");
}

/* What was counted was of another session. */
static void note_applied(struct xmem_policy *p, const struct xmem_domain *d)
{
    p->applied = xmi_session_number(d);
    xmi_policy_copies_note_hits(p, d);
    for (size_t i = 0; i < p->n_rules; i++)
        p->rules[i].logged = 0;
}

int xmem_policy_apply(struct xmem_policy *p, struct xmem_domain *d, struct xmem_report *r,
                      xmem_progress_fn progress, void *arg)
{
    static int (*const steps[])(struct apply *) = {step_enable,   step_views,    step_default,
                                                   step_required, step_monitors, step_switch,
                                                   step_hide,     step_rights};
    struct apply a = {.p = p, .d = d, .r = r, .progress = progress, .arg = arg};
    struct policy_placement old = {0};
    int err;

    if (!p || !d)
        return -EINVAL;
    err = xmi_policy_check(p, d, r, &old);
    if (err)
        return err;
    for (size_t i = 0; err == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
        err = steps[i](&a);
    if (err) {
        give_up(&a, err);
        xmi_policy_placement_undo(p, &old);
    } else {
        xmi_policy_placement_free(p, &old);
        note_applied(p, d);
    }
    free(a.pages);
    return err;
}
