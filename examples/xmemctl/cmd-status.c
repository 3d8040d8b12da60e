/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmemctl status: the domains, or one of them and what it can do. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl.h"

static const char *state_of(const struct xmem_domain_info *i)
{
    if ((i->flags & XMEM_DOMAIN_DYING) != 0) {
        return "dying";
    }
    return (i->flags & XMEM_DOMAIN_PAUSED) != 0 ? "paused" : "running";
}

static void json_info(const struct xmem_domain_info *i)
{
    js_u64("id", i->domid);
    js_str("name", i->name);
    js_str("kind", xmem_kind_name((enum xmem_kind)i->kind));
    js_str("state", state_of(i));
    js_u64("vcpus", i->vcpus);
    js_u64("pages", i->pages);
    js_hex("highest_gfn", i->highest_gfn);
}

static int status_all(struct ctl *ctl)
{
    struct xmem_domain_info *v = NULL;
    size_t n = 0;
    int rc = ctl_connect(ctl);

    if (rc != CTL_OK) {
        return rc;
    }
    rc = ctl_domains(ctl->x, &v, &n);
    if (rc != 0) {
        ctl_complain(rc, xmem_last_error(ctl->x), "cannot list the domains of %s", ctl->uri);
        return ctl_exit_of(rc);
    }
    if (ctl->json) {
        js_begin(NULL, '[');
    } else {
        printf("%-5s %-20s %-11s %-8s %5s %10s\n", "ID", "NAME", "KIND", "STATE", "VCPUS", "PAGES");
    }
    for (size_t i = 0; i < n; i++) {
        if (ctl->json) {
            js_begin(NULL, '{');
            json_info(&v[i]);
            js_end('}');
        } else {
            char name[CTL_NAME_BYTES];
            printf("%-5u %-20s %-11s %-8s %5u %10" PRIu64 "\n", v[i].domid,
                   ctl_name(v[i].name, name), xmem_kind_name((enum xmem_kind)v[i].kind),
                   state_of(&v[i]), v[i].vcpus, v[i].pages);
        }
    }
    if (ctl->json) {
        js_end(']');
        js_newline();
    }
    free(v);
    return CTL_OK;
}

/* NULL: it cannot be told, most often since only a listener is told. */
static const char *default_rights(struct xmem_domain *d)
{
    enum xmem_rights rights;

    return xmem_domain_get_default(d, &rights) == 0 ? ctl_rights(rights) : NULL;
}

static void text_one(struct xmem_domain *d, const struct xmem_domain_info *i,
                     const struct xmem_caps *c)
{
    const char *def = default_rights(d);
    char name[CTL_NAME_BYTES];

    printf("domain %u (%s): %s, %s, %u vcpus, %" PRIu64 " pages, highest gfn 0x%" PRIx64 "\n",
           i->domid, ctl_name(i->name, name), xmem_kind_name((enum xmem_kind)i->kind), state_of(i),
           i->vcpus, i->pages, i->highest_gfn);
    printf("default rights: %s\nrights:", def != NULL ? def : "told to a listener only");
    ctl_put_rights(NULL, c->rights, false);
    printf("rights in views:");
    ctl_put_rights(NULL, c->view_rights, false);
    printf("views: %u at the most\nsteps over an access by:", c->max_views);
    ctl_put_bits(NULL, ctl_step_means, c->step_means, false);
    printf("monitors:");
    ctl_put_monitors(NULL, c->monitors, false);
    printf("can do:");
    ctl_put_bits(NULL, ctl_cap_flags, c->flags, false);
    printf("ring: %u slots, vm_event interface %u\n", c->ring_slots, c->interface_version);
    if (c->regions != 0) {
        printf("mpu: %u regions, granule %u bytes\n", c->regions, c->granule);
    }
}

static void json_one(struct xmem_domain *d, const struct xmem_domain_info *i,
                     const struct xmem_caps *c)
{
    js_begin(NULL, '{');
    json_info(i);
    js_str("default_rights", default_rights(d));
    ctl_put_rights("rights", c->rights, true);
    ctl_put_rights("view_rights", c->view_rights, true);
    js_u64("max_views", c->max_views);
    ctl_put_bits("step_means", ctl_step_means, c->step_means, true);
    ctl_put_monitors("monitors", c->monitors, true);
    ctl_put_bits("flags", ctl_cap_flags, c->flags, true);
    js_u64("ring_slots", c->ring_slots);
    js_u64("interface_version", c->interface_version);
    js_u64("regions", c->regions);
    js_u64("granule", c->granule);
    js_end('}');
    js_newline();
}

static int status_one(struct ctl *ctl, const char *who)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct xmem_caps caps = XMEM_INIT(caps);
    struct xmem_domain *d = NULL;
    int rc = ctl_session(ctl, who, XMEM_RESTORE_AUTO, &d, &info);

    if (rc != CTL_OK) {
        return rc;
    }
    int err = xmem_domain_get_caps(d, &caps);
    if (err != 0) {
        ctl_complain(err, xmem_domain_last_error(d), "domain %s", who);
    } else {
        (ctl->json ? json_one : text_one)(d, &info, &caps);
    }
    return ctl_session_end(ctl, d, ctl_exit_of(err));
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    int rc = ctl_plain_options(ctl, argc, argv, 0, 1);

    if (rc != CTL_GO_ON) {
        return rc;
    }
    return optind < argc ? status_one(ctl, argv[optind]) : status_all(ctl);
}

const struct ctl_command cmd_status = {
    .name = "status",
    .args = "[DOMAIN]",
    .summary = "List the domains, or tell what one of them is and can do",
    .help = "",
    .run = run,
};
