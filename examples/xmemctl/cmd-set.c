/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl set: the rights of pages, all of them or none. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"

#define PORTION 65536u

struct request {
    uint16_t view;
    uint64_t first, count;
    enum xmem_rights rights;
    bool progress;
};

/* In portions, so that a signal stops it, and everything is put back. */
static int apply(struct xmem_batch *b, const struct request *q, struct xmem_batch_result *res)
{
    struct progress bar;
    int rc;

    progress_start(&bar, "setting", q->progress);
    while ((rc = xmem_batch_apply_some(b, PORTION, res)) > 0) {
        progress_show(&bar, res->changed + res->elided, q->count);
        if (stop_asked()) {
            rc = xmem_batch_revert(b);
            rc = rc == 0 ? -ECANCELED : rc;
            break;
        }
    }
    if (rc == 0) {
        progress_show(&bar, q->count, q->count);
    }
    progress_end(&bar);
    return rc;
}

static int set_rights(struct xmem_domain *d, const struct request *q, struct xmem_batch_result *res)
{
    struct xmem_batch *b = NULL;
    int rc = q->view == 0 ? xmem_domain_enable(d) : 0;

    rc = rc == 0 ? xmem_batch_new(d, &b) : rc;
    rc = rc == 0 ? xmem_batch_add(b, q->view, q->first, q->count, q->rights) : rc;
    rc = rc == 0 ? apply(b, q, res) : rc;
    xmem_batch_free(b);
    return rc;
}

static void print_result(const struct ctl *ctl, const struct xmem_batch_result *res)
{
    if (!ctl->json) {
        printf("%" PRIu64 " pages: %" PRIu64 " set, %" PRIu64 " had these rights already; %" PRIu64
               " hypercalls\n",
               res->gfns, res->changed, res->elided, res->hypercalls);
        return;
    }
    js_begin(NULL, '{');
    js_u64("gfns", res->gfns);
    js_u64("changed", res->changed);
    js_u64("elided", res->elided);
    js_u64("hypercalls", res->hypercalls);
    js_end('}');
    js_newline();
}

static int set_failed(struct xmem_domain *d, int err)
{
    if (err == -ECANCELED) {
        ctl_error("stopped");
        return CTL_ROLLED_BACK;
    }
    ctl_complain(err, xmem_domain_last_error(d), "nothing is set");
    return err == -EOPNOTSUPP ? CTL_UNSUPPORTED : CTL_ROLLED_BACK;
}

static int set(struct ctl *ctl, const char *who, const struct request *q)
{
    struct xmem_batch_result res = XMEM_INIT(res);
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_domain *d = NULL;
    int rc = ctl_session(ctl, who, XMEM_RESTORE_KEEP, &d, &info);

    if (rc != CTL_OK) {
        return rc;
    }
    int err = set_rights(d, q, &res);
    if (err == 0) {
        print_result(ctl, &res);
        if (ctl_is_sim(ctl)) {
            ctl_note("a simulated machine ends with this command, and the rights with it");
        }
    }
    return ctl_session_end(ctl, d, err == 0 ? CTL_OK : set_failed(d, err));
}

static int parse(struct ctl *ctl, struct request *q, int argc, char **argv)
{
    static const struct option longopts[] = {CTL_LONGOPTS,
                                             {"view", required_argument, NULL, 'v'},
                                             {"progress", no_argument, NULL, 'P'},
                                             {NULL, 0, NULL, 0}};
    uint64_t view = 0;
    int c, rc;

    while ((c = getopt_long(argc, argv, CTL_OPTSTRING "v:", longopts, NULL)) != -1) {
        if (c == 'P') {
            q->progress = true;
        } else if (c == 'v') {
            if (!ctl_need_u64("--view", optarg, UINT16_MAX, &view)) {
                return CTL_USAGE;
            }
        } else if ((rc = ctl_option(ctl, c)) != CTL_GO_ON) {
            return rc;
        }
    }
    q->view = (uint16_t)view;
    if (!ctl_operands(ctl, argc, 3, 3) || !ctl_need_gfns(argv[optind + 1], &q->first, &q->count) ||
        !ctl_need_rights(argv[optind + 2], &q->rights)) {
        return CTL_USAGE;
    }
    return CTL_GO_ON;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct request q = {0};
    int rc = parse(ctl, &q, argc, argv);

    return rc != CTL_GO_ON ? rc : set(ctl, argv[optind], &q);
}

const struct ctl_command cmd_set = {
    .name = "set",
    .args = "DOMAIN GFN[-GFN] RIGHTS",
    .summary = "Set the rights of pages, all of them or none; they stay",
    .help = "  -v, --view N         in this view (0, the host view)\n"
            "      --progress       a progress bar in any case\n"
            "\nRIGHTS: n r w rw x rx wx rwx rx2rw n2rwx r_pw default\n\n",
    .run = run,
};
