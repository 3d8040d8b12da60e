/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl apply: applies a policy, and leaves it in force or holds it. */
#include <errno.h>
#include <stdio.h>

#include "watch.h"

struct options {
    bool hold, progress;
};

static int parse(struct ctl *ctl, struct options *o, int argc, char **argv)
{
    static const struct option longopts[] = {CTL_LONGOPTS,
                                             {"hold", no_argument, NULL, 'H'},
                                             {"progress", no_argument, NULL, 'P'},
                                             {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, CTL_OPTSTRING, longopts, NULL)) != -1) {
        if (c == 'H' || c == 'P') {
            *(c == 'H' ? &o->hold : &o->progress) = true;
            continue;
        }
        int rc = ctl_option(ctl, c);
        if (rc != CTL_GO_ON) {
            return rc;
        }
    }
    return ctl_operands(ctl, argc, 2, 2) ? CTL_GO_ON : CTL_USAGE;
}

static void print_result(const struct ctl *ctl, struct xmem_domain *d, uint32_t domid)
{
    struct xmem_stats st = XMEM_INIT(st);

    if (xmem_domain_get_stats(d, &st) != 0) {
        return;
    }
    if (!ctl->json) {
        printf("domain %u: applied, %llu hypercalls\n", domid, (unsigned long long)st.hypercalls);
    } else {
        js_begin(NULL, '{');
        js_u64("domain", domid);
        js_bool("applied", true);
        js_u64("hypercalls", st.hypercalls);
        js_u64("elided", st.elided);
        js_end('}');
        js_newline();
    }
    fflush(stdout);
}

static void note_leave(const struct ctl *ctl)
{
    if (ctl_is_sim(ctl)) {
        ctl_note("a simulated machine ends with this command, and the policy with it; "
                 "--hold or 'watch' keep it");
    } else {
        ctl_note("the rights stay but nobody listens from now on: a violation is let through "
                 "and clears the page's rights, or, if the domain requires a listener, "
                 "crashes it; --hold or 'watch' keep listening");
    }
}

/* Answers as the policy says, silently, until a signal. */
static int hold(struct xmem_policy *p, struct xmem_domain *d)
{
    struct watch w = {.d = d, .policy = p};
    int err = watch_run(&w);

    if (err != 0) {
        ctl_complain(err, xmem_domain_last_error(d), "holding the policy");
    }
    hot_free(&w.sum.hot);
    return ctl_exit_of(err);
}

static int apply(struct ctl *ctl, const struct options *o, struct xmem_policy *p, const char *who,
                 const char *path)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_domain *d = NULL;
    int rc = ctl_session(ctl, who, o->hold ? XMEM_RESTORE_AUTO : XMEM_RESTORE_KEEP, &d, &info);

    if (rc != CTL_OK) {
        return rc;
    }
    rc = ctl_policy_match(p, path, &info);
    if (rc == CTL_OK) {
        rc = ctl_policy_apply(p, d, o->progress);
    }
    if (rc == CTL_OK) {
        print_result(ctl, d, info.domid);
        if (o->hold) {
            rc = hold(p, d);
        } else {
            note_leave(ctl);
        }
    }
    return ctl_session_end(ctl, d, rc);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct options o = {0};
    struct xmem_policy *p = NULL;
    int rc = parse(ctl, &o, argc, argv);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    rc = ctl_policy_load(argv[optind + 1], true, &p);
    if (rc == CTL_OK) {
        rc = apply(ctl, &o, p, argv[optind], argv[optind + 1]);
    }
    xmem_policy_free(p);
    return rc;
}

const struct ctl_command cmd_apply = {
    .name = "apply",
    .args = "DOMAIN FILE",
    .summary = "Apply a policy, all of it or nothing, and leave it in force",
    .help = "      --hold           stay, answer events as the policy says; restore at the end\n"
            "      --progress       a progress bar in any case\n",
    .run = run,
};
