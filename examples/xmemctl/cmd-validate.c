/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl validate: checks policies; needs no machine. */
#include <stdio.h>
#include <stdlib.h>

#include "ctl.h"

static void json_result(const char *path, int rc, const struct xmem_report *r)
{
    js_begin(NULL, '{');
    js_str("file", path);
    js_bool("valid", rc == CTL_OK);
    js_report(r);
    js_end('}');
}

static int validate_one(const struct ctl *ctl, const char *path)
{
    struct xmem_policy *p = NULL;
    int rc = ctl_policy_load(path, true, &p);

    xmem_policy_free(p);
    if (rc == CTL_OK && !ctl->json) {
        printf("%s: ok\n", path);
    }
    return rc;
}

/* JSON holds the messages itself, so that they are not on stderr as well. */
static int validate_json(const char *path)
{
    struct xmem_policy *p = NULL;
    struct xmem_report *r = NULL;
    int err = xmem_report_new(&r);
    int rc;

    if (err == 0) {
        err = xmem_policy_load(path, r, &p);
    }
    rc = ctl_policy_exit(err);
    json_result(path, rc, r);
    if (err != 0 && xmem_report_count(r) == 0) {
        ctl_complain(err, NULL, "%s", path);
    }
    xmem_policy_free(p);
    xmem_report_free(r);
    return rc;
}

/* An invalid policy counts more than a file that could not be read. */
static int worse(int a, int b)
{
    if (a == CTL_POLICY || b == CTL_POLICY) {
        return CTL_POLICY;
    }
    return a != CTL_OK ? a : b;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    int rc = ctl_plain_options(ctl, argc, argv, 1, argc);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    rc = CTL_OK;
    if (ctl->json) {
        js_begin(NULL, '[');
    }
    for (int i = optind; i < argc; i++) {
        rc = worse(rc, ctl->json ? validate_json(argv[i]) : validate_one(ctl, argv[i]));
    }
    if (ctl->json) {
        js_end(']');
        js_newline();
    }
    return rc;
}

const struct ctl_command cmd_validate = {
    .name = "validate",
    .args = "FILE...",
    .summary = "Check policies and tell everything that is wrong with them",
    .help = "",
    .run = run,
};
