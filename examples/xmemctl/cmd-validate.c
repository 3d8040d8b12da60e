/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl validate: checks policies, and descriptions of machines; needs no hypervisor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

/* Both give what is wrong into r; 0 or a negative errno. */
static int check_policy(const char *path, struct xmem_report *r)
{
    struct xmem_policy *p = NULL;
    int err = xmem_policy_load(path, r, &p);

    xmem_policy_free(p);
    return err;
}

/* It is made, and forgotten: what it needs is then known to be there. */
static int check_machine(const char *path, struct xmem_report *r)
{
    struct xmem_open_opts opts = XMEM_INIT(opts);
    struct xmem *x = NULL;
    char *uri = NULL;

    if (asprintf(&uri, "sim:%s", path) < 0) {
        return -ENOMEM;
    }
    opts.report = r;
    int err = path[0] == '\0' ? -ENOENT : xmem_open(uri, &opts, &x);
    free(uri);
    xmem_close(x);
    return err == -EINVAL ? -EBADMSG : err;
}

static void json_result(const char *path, int rc, const struct xmem_report *r)
{
    js_begin(NULL, '{');
    js_str("file", path);
    js_bool("valid", rc == CTL_OK);
    js_report(r);
    js_end('}');
}

/* In JSON the messages are there alone, so that they are not on stderr as well. */
static int tell(const struct ctl *ctl, const char *path, int err, const struct xmem_report *r)
{
    int rc = ctl_policy_exit(err);
    size_t messages = xmem_report_count(r);

    if (ctl->json) {
        json_result(path, rc, r);
    } else {
        ctl_print_report(r);
    }
    if (err != 0 && messages == 0) {
        ctl_complain(err, NULL, "%s", path);
    }
    if (rc == CTL_OK && !ctl->json) {
        ctl_put_text(stdout, path);
        fputs(": ok\n", stdout);
    }
    return rc;
}

static int validate_one(const struct ctl *ctl, const char *path, bool machine)
{
    struct xmem_report *r = NULL;
    int err = xmem_report_new(&r);

    if (err == 0) {
        err = (machine ? check_machine : check_policy)(path, r);
    }
    int rc = tell(ctl, path, err, r);
    xmem_report_free(r);
    return rc;
}

/* An invalid document counts more than a file that could not be read. */
static int worse(int a, int b)
{
    if (a == CTL_POLICY || b == CTL_POLICY) {
        return CTL_POLICY;
    }
    return a != CTL_OK ? a : b;
}

static int parse(struct ctl *ctl, bool *machine, int argc, char **argv)
{
    static const struct option longopts[] = {
        CTL_LONGOPTS, {"machine", no_argument, NULL, 'm'}, {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, CTL_OPTSTRING "m", longopts, NULL)) != -1) {
        if (c == 'm') {
            *machine = true;
            continue;
        }
        int rc = ctl_option(ctl, c);
        if (rc != CTL_GO_ON) {
            return rc;
        }
    }
    return ctl_operands(ctl, argc, 1, argc) ? CTL_GO_ON : CTL_USAGE;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    bool machine = false;
    int rc = parse(ctl, &machine, argc, argv);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    rc = CTL_OK;
    if (ctl->json) {
        js_begin(NULL, '[');
    }
    for (int i = optind; i < argc; i++) {
        rc = worse(rc, validate_one(ctl, argv[i], machine));
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
    .summary = "Check policies, or machines, and tell everything that is wrong with them",
    .help = "  -m, --machine        they describe simulated machines\n",
    .run = run,
};
