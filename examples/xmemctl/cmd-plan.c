/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl plan: what applying a policy would do; changes nothing. */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"

static int print_line(void *arg, const char *line)
{
    const struct ctl *ctl = arg;

    if (ctl->json) {
        js_str(NULL, line);
    } else {
        ctl_put_text(stdout, line);
        putchar('\n');
    }
    return stop_asked() || ferror(stdout) != 0 ? -ECANCELED : 0;
}

/* The steps go out as they are made, the messages into r. Exit code. */
static int plan_into(struct ctl *ctl, struct xmem_policy *p, struct xmem_domain *d,
                     struct xmem_report *r)
{
    int rc = xmem_policy_plan(p, d, r, print_line, ctl);

    if (rc != 0 && xmem_report_count(r) == 0) {
        ctl_complain(rc, xmem_domain_last_error(d), "no plan");
    }
    /* No such page, no such means, not what the anchors are of: "not here". */
    return rc == -ERANGE || rc == -ENOENT ? CTL_UNSUPPORTED : ctl_exit_of(rc);
}

static int plan_text(struct ctl *ctl, struct xmem_policy *p, struct xmem_domain *d,
                     struct xmem_report *r)
{
    int rc = plan_into(ctl, p, d, r);

    ctl_print_report(r);
    return rc;
}

/* JSON holds the messages itself; those of a plan that cannot be are on stderr as well. */
static int plan_json(struct ctl *ctl, struct xmem_policy *p, struct xmem_domain *d,
                     struct xmem_report *r, uint32_t domid)
{
    js_begin(NULL, '{');
    js_u64("domain", domid);
    js_begin("steps", '[');
    int rc = plan_into(ctl, p, d, r);
    js_end(']');
    js_bool("possible", rc == CTL_OK);
    js_report(r);
    js_end('}');
    js_newline();
    if (rc != CTL_OK) {
        ctl_print_report(r);
    }
    return rc;
}

static int plan(struct ctl *ctl, struct xmem_policy *p, struct xmem_domain *d, uint32_t domid)
{
    struct xmem_report *r = NULL;
    int rc = xmem_report_new(&r);

    if (rc != 0) {
        ctl_complain(rc, NULL, "no plan");
        return CTL_OTHER;
    }
    rc = ctl->json ? plan_json(ctl, p, d, r, domid) : plan_text(ctl, p, d, r);
    xmem_report_free(r);
    return rc;
}

static int plan_file(struct ctl *ctl, const char *who, const char *path)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_policy *p = NULL;
    struct xmem_domain *d = NULL;
    int rc = ctl_policy_load(path, false, &p); /* the plan warns, and knows more */

    if (rc == CTL_OK) {
        rc = ctl_session(ctl, who, XMEM_RESTORE_AUTO, &d, &info);
    }
    if (rc == CTL_OK) {
        rc = ctl_policy_match(p, path, &info);
    }
    if (rc == CTL_OK) {
        rc = plan(ctl, p, d, info.domid);
    }
    if (d != NULL) {
        rc = ctl_session_end(ctl, d, rc);
    }
    xmem_policy_free(p);
    return rc;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    int rc = ctl_plain_options(ctl, argc, argv, 2, 2);

    return rc != CTL_GO_ON ? rc : plan_file(ctl, argv[optind], argv[optind + 1]);
}

const struct ctl_command cmd_plan = {
    .name = "plan",
    .args = "DOMAIN FILE",
    .summary = "Tell what applying a policy would do, and change nothing",
    .help = "",
    .run = run,
};
