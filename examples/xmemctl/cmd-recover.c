/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl recover: brings back a domain whose tool died. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"

static void print_result(const struct ctl *ctl, uint32_t domid, const struct xmem_recovery *r)
{
    if (!ctl->json) {
        printf("domain %u: %s; %u vcpus released, %" PRIu64 " pages set back to rwx, %u views "
               "destroyed\n",
               domid,
               r->ring_was_active != 0 ? "took a dead listener's ring over" : "no ring was active",
               r->vcpus_released, r->rights_reset, r->views_destroyed);
        return;
    }
    js_begin(NULL, '{');
    js_u64("domain", domid);
    js_bool("ring_was_active", r->ring_was_active != 0);
    js_u64("vcpus_released", r->vcpus_released);
    js_u64("rights_reset", r->rights_reset);
    js_u64("views_destroyed", r->views_destroyed);
    js_end('}');
    js_newline();
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_recovery rec = XMEM_INIT(rec);
    int rc = ctl_plain_options(ctl, argc, argv, 1, 1);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    rc = ctl_find_domain(ctl, argv[optind], &info);
    if (rc != CTL_OK) {
        return rc;
    }
    int err = stop_setup(); /* recovering half of it would be worse than none */
    err = err == 0 ? xmem_domain_recover(ctl->x, info.domid, &rec) : err;
    if (err != 0) {
        ctl_complain(err, xmem_last_error(ctl->x), "cannot recover domain %s", argv[optind]);
        return ctl_exit_of(err);
    }
    print_result(ctl, info.domid, &rec);
    return CTL_OK;
}

const struct ctl_command cmd_recover = {
    .name = "recover",
    .args = "DOMAIN",
    .summary = "Bring back a domain whose tool died: no listener, no views, all pages rwx",
    .help = "\nDo not use it while another tool still works on the domain.\n\n",
    .run = run,
};
