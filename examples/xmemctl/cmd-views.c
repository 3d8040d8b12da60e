/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl views: the views of a domain, and who runs in them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl.h"

/* All views; *v is freed by the caller. */
static int list(struct xmem_domain *d, uint16_t **v, size_t *n)
{
    struct xmem_caps caps = XMEM_INIT(caps);
    int rc = xmem_domain_get_caps(d, &caps);

    if (rc != 0) {
        return rc;
    }
    if (caps.max_views <= 1) {
        return -EOPNOTSUPP; /* the host view alone */
    }
    *n = caps.max_views;
    *v = calloc(*n + 1, sizeof(**v));
    return *v == NULL ? -ENOMEM : xmem_view_list(d, *v, n);
}

static void print_view(const struct ctl *ctl, struct xmem_domain *d, uint16_t view, uint32_t vcpus)
{
    if (ctl->json) {
        js_begin(NULL, '{');
        js_u64("view", view);
        js_bool("host", view == 0);
        js_begin("vcpus", '[');
    } else {
        printf("view %u%s: vcpus", view, view == 0 ? " (host)" : "");
    }
    for (uint32_t i = 0; i < vcpus; i++) {
        uint16_t in;
        if (xmem_view_get_vcpu(d, i, &in) != 0 || in != view) {
            continue;
        }
        if (ctl->json) {
            js_u64(NULL, i);
        } else {
            printf(" %" PRIu32, i);
        }
    }
    if (ctl->json) {
        js_end(']');
        js_end('}');
    } else {
        putchar('\n');
    }
}

static int views(struct ctl *ctl, struct xmem_domain *d, uint32_t vcpus)
{
    uint16_t *v = NULL;
    size_t n = 0;
    int rc = list(d, &v, &n);

    if (rc != 0) {
        ctl_complain(rc, xmem_domain_last_error(d), "no views");
        free(v);
        return ctl_exit_of(rc);
    }
    if (ctl->json) {
        js_begin(NULL, '[');
    }
    for (size_t i = 0; i < n; i++) {
        print_view(ctl, d, v[i], vcpus);
    }
    if (ctl->json) {
        js_end(']');
        js_newline();
    }
    free(v);
    return CTL_OK;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_domain *d = NULL;
    int rc = ctl_plain_options(ctl, argc, argv, 1, 1);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    rc = ctl_session(ctl, argv[optind], XMEM_RESTORE_AUTO, &d, &info);
    return rc != CTL_OK ? rc : ctl_session_end(ctl, d, views(ctl, d, info.vcpus));
}

const struct ctl_command cmd_views = {
    .name = "views",
    .args = "DOMAIN",
    .summary = "List the views of a domain and the vCPUs that run in each",
    .help = "",
    .run = run,
};
