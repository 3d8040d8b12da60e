/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl get: the rights of pages. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"

#define UNMAPPED 0xff /* in place of rights */

/* Pages in a row with the same rights become one line. */
struct run {
    uint64_t first, count;
    uint8_t rights;
};

static void print_run(const struct ctl *ctl, const struct run *r)
{
    const char *name = r->rights == UNMAPPED ? "unmapped" : ctl_rights((enum xmem_rights)r->rights);
    uint64_t last = r->first + r->count - 1;

    if (r->count == 0) {
        return;
    }
    if (ctl->json) {
        js_begin(NULL, '{');
        js_hex("first", r->first);
        js_hex("last", last);
        js_str("rights", name);
        js_end('}');
    } else if (r->count == 1) {
        printf("0x%" PRIx64 " %s\n", r->first, name);
    } else {
        printf("0x%" PRIx64 "-0x%" PRIx64 " %s\n", r->first, last, name);
    }
}

static int get_one(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint8_t *out)
{
    enum xmem_rights rights;
    int rc = xmem_domain_get_rights(d, view, gfn, &rights);

    if (rc == 0) {
        *out = (uint8_t)rights;
    } else if (rc == -ESRCH) {
        *out = UNMAPPED;
        rc = 0;
    }
    return rc;
}

static int print_all(const struct ctl *ctl, struct xmem_domain *d, uint16_t view, uint64_t first,
                     uint64_t count)
{
    struct run run = {.first = first};
    int rc = 0;

    for (uint64_t i = 0; rc == 0 && i < count; i++) {
        uint8_t rights = 0;
        rc = stop_asked() ? -EINTR : get_one(d, view, first + i, &rights);
        if (rc == 0 && run.count != 0 && rights == run.rights) {
            run.count++;
        } else if (rc == 0) {
            print_run(ctl, &run);
            run = (struct run){first + i, 1, rights};
        }
    }
    print_run(ctl, &run);
    if (rc != 0) {
        ctl_complain(rc, rc == -EINTR ? "stopped" : xmem_domain_last_error(d),
                     "cannot tell the rights of 0x%" PRIx64 " in view %u", run.first + run.count,
                     view);
    }
    return ctl_exit_of(rc);
}

static int get(struct ctl *ctl, const char *who, uint16_t view, uint64_t first, uint64_t count)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_domain *d = NULL;
    int rc = ctl_session(ctl, who, XMEM_RESTORE_AUTO, &d, &info);

    if (rc != CTL_OK) {
        return rc;
    }
    /* Xen tells the host view's rights to a listener only. */
    int err = view == 0 ? xmem_domain_enable(d) : 0;
    if (err != 0) {
        ctl_complain(err, xmem_domain_last_error(d), "domain %s: cannot ask for rights", who);
        return ctl_session_end(ctl, d, ctl_exit_of(err));
    }
    if (ctl->json) {
        js_begin(NULL, '[');
    }
    rc = print_all(ctl, d, view, first, count);
    if (ctl->json) {
        js_end(']');
        js_newline();
    }
    return ctl_session_end(ctl, d, rc);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    static const struct option longopts[] = {
        CTL_LONGOPTS, {"view", required_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    uint64_t view = 0, first, count;
    int c, rc;

    while ((c = getopt_long(argc, argv, CTL_OPTSTRING "v:", longopts, NULL)) != -1) {
        if (c == 'v') {
            if (!ctl_need_u64("--view", optarg, UINT16_MAX, &view)) {
                return CTL_USAGE;
            }
        } else if ((rc = ctl_option(ctl, c)) != CTL_GO_ON) {
            return rc;
        }
    }
    if (!ctl_operands(ctl, argc, 2, 2) || !ctl_need_gfns(argv[optind + 1], &first, &count)) {
        return CTL_USAGE;
    }
    return get(ctl, argv[optind], (uint16_t)view, first, count);
}

const struct ctl_command cmd_get = {
    .name = "get",
    .args = "DOMAIN GFN[-GFN]",
    .summary = "Tell the rights of pages",
    .help = "  -v, --view N         in this view (0, the host view)\n",
    .run = run,
};
