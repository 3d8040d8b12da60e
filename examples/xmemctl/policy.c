/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading and applying policies. */
#include <errno.h>

#include "ctl.h"

int ctl_policy_exit(int err)
{
    if (err == 0) {
        return CTL_OK;
    }
    return err == -EBADMSG || err == -EFBIG ? CTL_POLICY : CTL_OTHER;
}

static int load(const char *path, bool warn, struct xmem_report *r, struct xmem_policy **out)
{
    int rc = xmem_policy_load(path, r, out);

    if (rc == 0) {
        if (warn) {
            ctl_print_report(r);
        }
        return CTL_OK;
    }
    if (ctl_print_report(r) == 0) {
        ctl_complain(rc, NULL, "%s", path);
    }
    return ctl_policy_exit(rc);
}

int ctl_policy_load(const char *path, bool warn, struct xmem_policy **out)
{
    struct xmem_report *r = NULL;
    int rc = xmem_report_new(&r);

    if (rc != 0) {
        ctl_complain(rc, NULL, "%s", path);
        return CTL_OTHER;
    }
    rc = load(path, warn, r, out);
    xmem_report_free(r);
    return rc;
}

int ctl_policy_match(const struct xmem_policy *p, const char *path,
                     const struct xmem_domain_info *info)
{
    if (xmem_policy_match(p, info) == 0) {
        return CTL_OK;
    }
    ctl_error("%s is not meant for domain %u (%s): its \"domains\" name others", path, info->domid,
              info->name);
    return CTL_OTHER;
}

#define BARE_LINES 2u /* monitoring goes on, and the total, which is nothing */

static int count_line(void *arg, const char *line)
{
    unsigned *n = arg;

    (void)line;
    return ++*n > BARE_LINES ? -ECANCELED : 0;
}

void ctl_policy_note_idle(struct xmem_policy *p, struct xmem_domain *d)
{
    unsigned n = 0;

    if (xmem_policy_plan(p, d, NULL, count_line, &n) == 0) {
        ctl_note("the policy restricts no page and monitors no event: there is nothing to watch");
    }
}

static int on_progress(void *arg, uint64_t done, uint64_t total)
{
    progress_show(arg, done, total);
    return stop_asked() ? 1 : 0;
}

/* What the messages of a failed apply come to; ctl_session_end() says what is put back. */
static int apply_failed(int rc, const struct xmem_domain *d, size_t messages)
{
    if (rc == -ECANCELED) {
        ctl_error("stopped while applying");
        return CTL_ROLLED_BACK;
    }
    /* The domain has no such page, no such means, or is not what the anchors are of. */
    bool unsupported = rc == -EOPNOTSUPP || rc == -ERANGE || rc == -ENOENT;
    const char *text = unsupported ? "the policy cannot be applied here"
                                   : "the policy is not applied";

    if (messages != 0) {
        ctl_error("%s", text);
    } else {
        ctl_complain(rc, xmem_domain_last_error(d), "%s", text);
    }
    return unsupported ? CTL_UNSUPPORTED : CTL_ROLLED_BACK;
}

int ctl_policy_apply(struct xmem_policy *p, struct xmem_domain *d, bool progress)
{
    struct progress bar;
    struct xmem_report *r = NULL;
    int rc = xmem_report_new(&r);

    if (rc == 0) {
        progress_start(&bar, "applying", progress);
        rc = xmem_policy_apply(p, d, r, on_progress, &bar);
        progress_end(&bar);
    }
    size_t messages = ctl_print_report(r);
    if (rc != 0) {
        rc = apply_failed(rc, d, messages);
    }
    xmem_report_free(r);
    return rc;
}
