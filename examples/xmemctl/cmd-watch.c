/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl watch: tells what happens in a domain until told to stop, then restores it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "watch.h"

#define IDLE_MS 250u
#define MAX_SPANS 64u

/* Pages asked for on the command line: --gfn RANGE, with the --rights before it. */
struct span {
    uint64_t first, count;
    enum xmem_rights rights;
};

struct options {
    struct watch w;
    const char *policy;
    struct span spans[MAX_SPANS];
    size_t n_spans;
    enum xmem_rights rights;
    bool check, progress;
};

static const struct option longopts[] = {CTL_LONGOPTS,
                                         {"policy", required_argument, NULL, 'p'},
                                         {"rights", required_argument, NULL, 'r'},
                                         {"gfn", required_argument, NULL, 'g'},
                                         {"count", required_argument, NULL, 'n'},
                                         {"duration", required_argument, NULL, 'd'},
                                         {"until-idle", no_argument, NULL, 'i'},
                                         {"check", no_argument, NULL, 'k'},
                                         {"quiet", no_argument, NULL, 'q'},
                                         {"progress", no_argument, NULL, 'P'},
                                         {NULL, 0, NULL, 0}};

static bool add_span(struct options *o, const char *text)
{
    struct span *s = &o->spans[o->n_spans];

    if (o->n_spans == MAX_SPANS) {
        ctl_error("--gfn: more than %u times; write a policy", MAX_SPANS);
        return false;
    }
    if (!ctl_need_gfns(text, &s->first, &s->count)) {
        return false;
    }
    s->rights = o->rights;
    o->n_spans++;
    return true;
}

static bool not_zero(const char *what, const char *unit, uint64_t value)
{
    if (value == 0) {
        ctl_error("%s: 0 would watch nothing; one %s is the least, and without %s there is no "
                  "limit",
                  what, unit, what);
    }
    return value != 0;
}

/* False: bad, said why. */
static bool take_option(struct options *o, int c)
{
    switch (c) {
    case 'p': o->policy = optarg; return true;
    case 'r': return ctl_need_rights(optarg, &o->rights);
    case 'g': return add_span(o, optarg);
    case 'n':
        return ctl_need_u64("--count", optarg, UINT64_MAX, &o->w.max_events) &&
               not_zero("--count", "event", o->w.max_events);
    case 'd':
        return ctl_need_seconds("--duration", optarg, &o->w.duration_ms) &&
               not_zero("--duration", "millisecond", o->w.duration_ms);
    case 'i': o->w.idle_ms = IDLE_MS; return true;
    case 'k': o->check = true; return true;
    case 'q': o->w.max_print = 0; return true;
    default: /* 'P' */ o->progress = true; return true;
    }
}

static bool is_sensible(const struct options *o)
{
    const char *wrong = NULL;

    if (o->policy != NULL && o->n_spans != 0) {
        wrong = "--policy and --gfn do not go together";
    } else if (o->policy == NULL && o->n_spans == 0) {
        wrong = "nothing to watch: give pages with --gfn, or a policy with --policy";
    }
    if (wrong != NULL) {
        ctl_error("%s", wrong);
    }
    return wrong == NULL;
}

static int parse(struct ctl *ctl, struct options *o, int argc, char **argv)
{
    int c;

    while ((c = getopt_long(argc, argv, CTL_OPTSTRING "p:r:g:n:d:ikq", longopts, NULL)) != -1) {
        if (c == 'c' || c == 'j' || c == 'h' || c == '?') {
            int rc = ctl_option(ctl, c);
            if (rc != CTL_GO_ON) {
                return rc;
            }
        } else if (!take_option(o, c)) {
            return CTL_USAGE;
        }
    }
    if (!ctl_operands(ctl, argc, 1, 1)) {
        return CTL_USAGE;
    }
    return is_sensible(o) ? CTL_GO_ON : CTL_USAGE;
}

/* All spans in one batch: all or nothing. */
static int set_spans(const struct options *o, struct xmem_domain *d)
{
    struct xmem_batch *b = NULL;
    int rc = xmem_domain_enable(d);

    rc = rc == 0 ? xmem_batch_new(d, &b) : rc;
    for (size_t i = 0; rc == 0 && i < o->n_spans; i++) {
        rc = xmem_batch_add(b, 0, o->spans[i].first, o->spans[i].count, o->spans[i].rights);
    }
    if (rc == 0) {
        rc = xmem_batch_apply(b, NULL);
    }
    xmem_batch_free(b);
    if (rc == 0) {
        return CTL_OK;
    }
    ctl_complain(rc, xmem_domain_last_error(d), "cannot watch");
    return rc == -EOPNOTSUPP ? CTL_UNSUPPORTED : CTL_ROLLED_BACK;
}

static int set_up(const struct options *o, struct xmem_domain *d,
                  const struct xmem_domain_info *info)
{
    if (o->policy == NULL) {
        return set_spans(o, d);
    }
    int rc = ctl_policy_match(o->w.policy, o->policy, info);
    if (rc == CTL_OK) {
        ctl_policy_note_idle(o->w.policy, d);
    }
    return rc == CTL_OK ? ctl_policy_apply(o->w.policy, d, o->progress) : rc;
}

static int watch_session(struct ctl *ctl, struct options *o, const char *who)
{
    int rc = ctl_session(ctl, who, XMEM_RESTORE_AUTO, &o->w.d, &o->w.info);

    if (rc != CTL_OK) {
        return rc;
    }
    rc = set_up(o, o->w.d, &o->w.info);
    if (rc == CTL_OK) {
        int err = watch_run(&o->w);
        if (err != 0) {
            ctl_complain(err, xmem_domain_last_error(o->w.d), "watching domain %s", who);
            o->w.why = "error";
            rc = ctl_exit_of(err);
        }
    }
    rc = ctl_session_end(ctl, o->w.d, rc);
    if (o->w.why != NULL && !o->w.output_failed) {
        watch_print_summary(&o->w);
    }
    return rc;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct options o = {.rights = XMEM_N, .w.max_print = UINT64_MAX};
    int rc = parse(ctl, &o, argc, argv);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    o.w.json = ctl->json;
    rc = o.policy != NULL ? ctl_policy_load(o.policy, true, &o.w.policy) : CTL_OK;
    if (rc == CTL_OK) {
        rc = watch_session(ctl, &o, argv[optind]);
    }
    if (o.check && ctl->x != NULL && !o.w.output_failed) {
        int bad = ctl_print_check(ctl);
        rc = rc == CTL_OK ? bad : rc;
    }
    xmem_policy_free(o.w.policy);
    hot_free(&o.w.sum.hot);
    return rc;
}

const struct ctl_command cmd_watch = {
    .name = "watch",
    .args = "DOMAIN",
    .summary = "Tell events, a line each, until told to stop; then restore the domain",
    .help = "  -p, --policy FILE    apply this policy first\n"
            "  -g, --gfn GFN[-GFN]  without a policy: watch these pages; may be repeated\n"
            "  -r, --rights RIGHTS  rights of the --gfn that follow (n)\n"
            "  -n, --count N        stop after N events\n"
            "  -d, --duration S     stop after S seconds\n"
            "  -i, --until-idle     stop when nothing can happen any more for a while\n"
            "  -k, --check          simulated machines: tell what the machine found at the end\n"
            "  -q, --quiet          the summary only\n"
            "      --progress       a progress bar in any case\n",
    .run = run,
};
