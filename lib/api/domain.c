/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions: opening, asking, pausing, closing. What their end does is restore.c's. */
#include "session/session.h"

#include "api/api-int.h"
#include "base/base.h"
#include "events/events.h"
#include "ledger/ledger.h"
#include "rights/rights.h"
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DOMID_ANY UINT32_MAX

/* ---- opening ---- */

static int find_session(const struct xmem *x, uint32_t domid)
{
    for (const struct xmem_domain *d = x->sessions; d; d = d->next)
        if (d->domid == domid)
            return -EBUSY;
    return 0;
}

/* The place of the session is taken before the backend is asked: opening may take a while. */
static int take_place(struct xmem *x, struct xmem_domain *d)
{
    pthread_mutex_lock(&x->lock);
    int rc = find_session(x, d->domid);
    if (!rc) {
        d->next = x->sessions;
        x->sessions = d;
    }
    pthread_mutex_unlock(&x->lock);
    return rc ? xmi_domain_refuse(
                    d, rc, "domain %" PRIu32 " has a session on this connection already", d->domid)
              : 0;
}

static void leave_place(struct xmem_domain *d)
{
    struct xmem_domain **p = &d->x->sessions;
    pthread_mutex_lock(&d->x->lock);
    while (*p && *p != d)
        p = &(*p)->next;
    if (*p)
        *p = d->next;
    pthread_mutex_unlock(&d->x->lock);
}

static int find_views(struct xmem_domain *d)
{
    struct view *v;
    bool on = false;
    int rc = d->ops->views_get_state ? d->ops->views_get_state(d->dom, &on) : 0;
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 ": its views cannot be asked for",
                               d->domid);
    d->led->views_found_on = d->led->views_on = on;
    for (uint32_t id = 1; on && id < d->caps.max_views; id++) {
        int there = d->ops->view_exists(d->dom, (uint16_t)id);
        rc = there > 0 ? xmi_view_add(d, (uint16_t)id, &v) : there;
        if (rc)
            return xmi_domain_fail(
                d, rc, 0, "domain %" PRIu32 ": view %" PRIu32 " cannot be asked for", d->domid, id);
    }
    for (uint32_t i = 0; on && i < d->vcpu_n; i++) {
        rc = d->ops->view_get_vcpu(d->dom, i, &xmi_ledger_vcpu(d, i)->found_view);
        if (rc)
            return xmi_domain_fail(
                d, rc, 0, "domain %" PRIu32 ": the view of vCPU %" PRIu32 " cannot be asked for",
                d->domid, i);
    }
    return 0;
}

static int find_caps(struct xmem_domain *d)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    d->caps.size = sizeof(d->caps);
    int rc = d->ops->domain_info(d->dom, &info);
    if (!rc)
        rc = d->ops->domain_caps(d->dom, &d->caps);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_SRCH, "domain %" PRIu32 " cannot be asked", d->domid);
    if (info.flags & XMEM_DOMAIN_DYING)
        return xmi_domain_refuse(d, -ESRCH, "domain %" PRIu32 " is dying", d->domid);
    d->vcpu_n = info.vcpus;
    d->quirks = d->ops->domain_quirks(d->dom);
    if (!d->caps.max_views)
        d->caps.max_views = 1;
    if (d->caps.max_views > UINT16_MAX)
        d->caps.max_views = UINT16_MAX;
    if (d->opts.step_means & ~XMEM_STEP_STRICT)
        d->caps.step_means &= d->opts.step_means;
    d->caps.reply_flags |= d->caps.step_means ? XMEM_REPLY_STEP_STRICT : 0;
    return 0;
}

/* What the session will restore. Rights and default are -ENODEV before a ring is there. */
static int find_state(struct xmem_domain *d)
{
    int rc = find_caps(d);
    if (rc)
        return rc;
    rc = xmi_ledger_vcpus(d);
    if (!rc)
        rc = xmi_rights_init(d);
    if (!rc)
        rc = xmi_events_init(d);
    if (!rc)
        rc = xmi_views_init(d); /* the steps are told of views that go */
    if (rc)
        return xmi_domain_refuse(d, rc, "domain %" PRIu32 ": out of memory", d->domid);
    if (d->ops->rights_get(d->dom, 0, UINT64_MAX, &d->led->default_found))
        d->led->default_found = KNOWN_NOTHING;
    d->led->default_now = d->led->default_found;
    d->monitoring->hypercalls_before = d->ops->hypercalls(d->dom);
    return find_views(d);
}

static void session_free(struct xmem_domain *d)
{
    xmi_domain_orphan_batches(d);
    xmi_views_free(d);
    xmi_step_kept_free(d);
    if (d->dom)
        d->ops->domain_close(d->dom);
    leave_place(d);
    xmi_events_free(d);
    xmi_rights_free(d);
    xmi_ledger_free(d);
    free(d->monitoring);
    free(d); /* the first member of the whole */
}

static int check_opts(struct xmem_domain *d, const struct xmem_domain_opts *opts)
{
    const struct xmem_domain_opts *o = &d->opts;
    int rc = opts ? xmi_sized_in(&d->opts, sizeof(d->opts), opts) : 0;
    if (!rc && (o->restore > XMEM_RESTORE_KEEP || o->default_reply > XMEM_DEFAULT_RELAX ||
                (o->step_means & ~(31 | XMEM_STEP_STRICT)) || o->reserved))
        rc = -EINVAL;
    return rc ? xmi_domain_refuse(d, rc,
                                  "xmem_domain_open: opts has a wrong size or an unknown value")
              : 0;
}

/* What sessions undo. Copies are gone before rights are told to be so, pauses are the last. */
static const struct ledger_kind *const kinds[] = {
    &xmi_events_steps,    &xmi_events_monitors,
    &xmi_views_pages,     &xmi_views_copies,
    &xmi_rights_default,  &xmi_rights_host,
    &xmi_rights_required, &xmi_views_all,
    &xmi_ledger_pauses,   NULL,
};

/* Where the connection wants it; the next session's is this process's own again. */
static int open_ledger(struct xmem *x, struct xmem_domain *d)
{
    pthread_mutex_lock(&x->lock);
    int fd = x->ledger_fd;
    x->ledger_fd = -1;
    pthread_mutex_unlock(&x->lock);
    return xmi_ledger_open(d, fd, kinds)
               ? xmi_domain_refuse(d, -ENOMEM, "xmem_domain_open: out of memory")
               : 0;
}

int xmem_domain_open(struct xmem *x, uint32_t domid, const struct xmem_domain_opts *opts,
                     struct xmem_domain **out)
{
    static atomic_uint_fast64_t sessions;
    struct xmem_error err;
    if (!x || !out)
        return -EINVAL;
    struct xmem_domain *d = xmi_events_session();
    if (d)
        d->monitoring = calloc(1, sizeof(*d->monitoring));
    if (!d || !d->monitoring) {
        free(d);
        xmi_error_set(&err, -ENOMEM, "xmem_domain_open: out of memory");
        return xmi_connection_fail(x, -ENOMEM, &err);
    }
    d->x = x;
    d->ops = x->ops;
    d->pay = xmi_ledger_pay;
    d->domid = domid;
    d->number = atomic_fetch_add(&sessions, 1) + 1;
    int rc = check_opts(d, opts);
    if (!rc)
        rc = open_ledger(x, d);
    if (!rc)
        rc = take_place(x, d);
    if (!rc)
        rc = xmi_domain_settle(x, domid, &d->error);
    if (!rc)
        rc = xmi_domain_code(d->ops->domain_open(x->conn, domid, &d->dom, &d->error), MAY_SRCH);
    if (!rc)
        rc = xmi_connection_pay_pauses(x, domid, d->dom, &d->error);
    if (!rc)
        rc = find_state(d);
    if (!rc) {
        xmi_ledger_live(d);
        *out = d;
        return 0;
    }
    xmi_connection_fail(x, rc, &d->error);
    session_free(d);
    return rc;
}

/* The handle is gone, but what could not be undone is not: whoever comes to the domain next goes on. */
static void leave_behind(struct xmem_domain *d)
{
    xmi_domain_orphan_batches(d);
    leave_place(d);
    pthread_mutex_lock(&d->x->lock);
    d->next = d->x->left;
    d->x->left = d;
    pthread_mutex_unlock(&d->x->lock);
}

static struct xmem_domain *take_left(struct xmem *x, uint32_t domid)
{
    struct xmem_domain **p = &x->left, *d;
    pthread_mutex_lock(&x->lock);
    while (*p && domid != DOMID_ANY && (*p)->domid != domid)
        p = &(*p)->next;
    d = *p;
    if (d)
        *p = d->next;
    pthread_mutex_unlock(&x->lock);
    return d;
}

int xmi_domain_settle(struct xmem *x, uint32_t domid, struct xmem_error *err)
{
    struct xmem_domain *d = take_left(x, domid);
    int rc = d ? xmi_domain_end(d) : 0;
    if (rc) {
        xmi_error_set(err, rc,
                      "domain %" PRIu32 ": what an earlier session could not undo cannot be "
                      "undone yet: %s",
                      domid, d->error.text);
        leave_behind(d);
    } else if (d) {
        xmi_ledger_over(d);
        session_free(d);
    }
    return rc;
}

void xmi_domain_forget_left(struct xmem *x, uint32_t domid)
{
    struct xmem_domain *d = take_left(x, domid);
    if (d)
        session_free(d);
}

void xmi_domain_settle_all(struct xmem *x)
{
    for (struct xmem_domain *d; (d = take_left(x, DOMID_ANY));) {
        (void)xmi_domain_end(d);
        session_free(d);
    }
}

int xmem_domain_close(struct xmem_domain *d)
{
    if (!d)
        return 0;
    int rc = xmi_domain_end(d);
    if (!rc) {
        xmi_ledger_over(d);
        session_free(d);
        return 0;
    }
    xmi_connection_fail(d->x, rc, &d->error);
    if (xmi_ledger_any(d))
        leave_behind(d);
    else
        session_free(d);
    return rc;
}

void xmem_close(struct xmem *x)
{
    if (!x)
        return;
    while (x->sessions)
        xmem_domain_close(x->sessions);
    xmi_domain_settle_all(x);
    xmi_connection_free(x);
}

/* ---- asking ---- */

const char *xmem_domain_last_error(const struct xmem_domain *d)
{
    return d ? d->error.text : xmi_error_thread()->text;
}

int xmem_domain_get_info(struct xmem_domain *d, struct xmem_domain_info *out)
{
    struct xmem_domain_info own = XMEM_INIT(own);
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (xmi_sized_check(out))
        return xmi_domain_refuse(d, -EINVAL, "xmem_domain_get_info: out.size is not set");
    rc = d->ops->domain_info(d->dom, &own);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be asked", d->domid);
    xmi_sized_out(out, &own, sizeof(own));
    return 0;
}

int xmem_domain_get_caps(struct xmem_domain *d, struct xmem_caps *out)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (xmi_sized_check(out))
        return xmi_domain_refuse(d, -EINVAL, "xmem_domain_get_caps: out.size is not set");
    d->caps.step_airtight = xmi_step_airtight(d);
    xmi_sized_out(out, &d->caps, sizeof(d->caps));
    return 0;
}

int xmem_domain_get_stats(struct xmem_domain *d, struct xmem_stats *out)
{
    if (!d)
        return -EINVAL;
    if (xmi_sized_check(out))
        return xmi_domain_refuse(d, -EINVAL, "xmem_domain_get_stats: out.size is not set");
    d->stats.hypercalls = d->ops->hypercalls(d->dom) - d->monitoring->hypercalls_before;
    xmi_sized_out(out, &d->stats, sizeof(d->stats));
    return 0;
}

/* ---- pausing ---- */

int xmem_domain_pause(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    rc = xmi_ledger_pause(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be paused", d->domid);
    d->pauses++;
    return 0;
}

int xmem_domain_unpause(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!d->pauses)
        return xmi_domain_refuse(d, -EINVAL, "domain %" PRIu32 " is not paused by this session",
                                 d->domid);
    rc = xmi_ledger_unpause_caller(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 " cannot be unpaused", d->domid);
    return d->pauses ? 0 : xmi_step_resume_all(d);
}
