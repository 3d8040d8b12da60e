/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running Xen: connections, domains, their state. */
#include "backend/xen/backend-xen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define HVM_PARAM_MONITOR_RING_PFN 28u /* public/hvm/params.h */

/* Xen does not tell its vendor, and the control domain sees the processor's. */
static bool cpu_is_amd(void)
{
    char line[128];
    bool amd = false;
    FILE *f = fopen("/proc/cpuinfo", "re");
    if (!f)
        return false;
    while (!amd && fgets(line, sizeof(line), f))
        amd = !strncmp(line, "vendor_id", 9) &&
              (strstr(line, "AuthenticAMD") || strstr(line, "HygonGenuine"));
    fclose(f);
    return amd;
}

static bool machine_is_arm(void)
{
    struct utsname u;
    return !uname(&u) && (!strncmp(u.machine, "aarch64", 7) || !strncmp(u.machine, "arm", 3));
}

static void xen_close(void *conn)
{
    struct xen_conn *c = conn;
    if (c->xch)
        c->api.interface_close(c->xch);
    xmi_xen_names_close(&c->names);
    xmi_xen_api_close(&c->api);
    free(c);
}

static int connect_xen(struct xen_conn *c, struct xmem_error *err)
{
    int rc = xmi_xen_api_open(&c->api, err);
    if (rc)
        return rc;
    c->release = xmi_xen_release_find(c->api.major, c->api.minor);
    if (!c->release)
        return xmi_error_set(err, -EOPNOTSUPP,
                             "Xen %" PRIu32 ".%" PRIu32 " runs here; this "
                             "library knows 4.11 and later",
                             c->api.major, c->api.minor);
    c->xch = c->api.interface_open(xmi_xen_quiet(), xmi_xen_quiet(), 0);
    if (!c->xch) {
        int e = errno;
        return xmi_error_set(err, e == EACCES || e == EPERM ? -e : -EOPNOTSUPP,
                             "%s does not reach the hypervisor (%s): run as root in Xen's control "
                             "domain",
                             c->api.ctrl_name, strerror(e));
    }
    c->arm = machine_is_arm();
    c->amd = !c->arm && cpu_is_amd();
    xmi_xen_names_open(&c->names);
    return 0;
}

static int xen_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
                    struct xmem_error *err)
{
    (void)opts;
    if (*rest)
        return xmi_error_set(err, -EINVAL,
                             "'xen:%.100s': nothing stands behind xen:, which is the "
                             "hypervisor that runs here",
                             rest);
    struct xen_conn *c = calloc(1, sizeof(*c));
    if (!c)
        return xmi_error_set(err, -ENOMEM, "xen: out of memory");
    int rc = connect_xen(c, err);
    if (rc) {
        xen_close(c);
        return rc;
    }
    *conn = c;
    return 0;
}

/* ---- domains ---- */

static void xen_domain_close(void *dom)
{
    struct xen_dom *d = dom;
    if (d->ring)
        xmi_xen_monitor_disable(d);
    xmi_xen_ring_unmap(d);
    xmi_xen_events_close(d);
    if (d->fmem)
        d->api->foreign_close(d->fmem);
    if (d->xch)
        d->api->interface_close(d->xch);
    xmi_xen_calls_close(d);
    xmi_xen_inject_close(d);
    xmi_host_copy_free(&d->host);
    free(d);
}

static int open_handles(struct xen_dom *d, struct xmem_error *err)
{
    d->xch = d->api->interface_open(xmi_xen_quiet(), xmi_xen_quiet(), 0);
    if (d->xch)
        d->fmem = d->api->foreign_open(xmi_xen_quiet(), 0);
    int rc = d->fmem ? xmi_xen_events_open(d) : errno ? -errno : -EIO;
    return rc ? xmi_error_set(err, rc == -EACCES || rc == -EPERM ? rc : -EIO,
                              "domain %" PRIu32 ": Xen's devices cannot be opened: %s", d->domid,
                              strerror(-rc))
              : 0;
}

/* Is altp2m there, and was it allowed for this domain? Both are told by one question. */
static bool xmi_views_usable(struct xen_dom *d)
{
    if (d->kind != XMEM_KIND_X86_EPT)
        return false;
    return !xen_rc(d, d->api->altp2m_get_state(d->xch, d->domid, &d->views_on));
}

static int open_domain(struct xen_dom *d, struct xmem_error *err)
{
    struct xen_domain_info info;
    int rc = open_handles(d, err);
    if (rc)
        return rc;
    rc = xmi_xen_dom_look(d->xch, d->api, d->domid, &info);
    if (rc == -ESRCH || (!rc && info.flags & XEN_INFO_DYING))
        return xmi_error_set(err, -ESRCH, "domain %" PRIu32 " does not exist", d->domid);
    if (rc)
        return xmi_error_set(err, rc == -EACCES || rc == -EPERM ? rc : -EIO,
                             "domain %" PRIu32 " cannot be asked for: %s%s%s", d->domid,
                             strerror(-rc),
                             rc == -EACCES ? ": the hypervisor's version is not that "
                                             "of "
                                           : "",
                             rc == -EACCES ? d->api->ctrl_name : "");
    d->kind = xmi_xen_kind_of(d->conn, &info);
    if (d->kind != XMEM_KIND_X86_PV)
        xen_rc(d,
               d->api->hvm_param_get(d->xch, d->domid, HVM_PARAM_MONITOR_RING_PFN, &d->ring_gfn));
    d->views = xmi_views_usable(d);
    return 0;
}

static int xen_domain_open(void *conn, uint32_t domid, void **dom, struct xmem_error *err)
{
    struct xen_conn *c = conn;
    struct xen_dom *d = calloc(1, sizeof(*d));
    if (!d)
        return xmi_error_set(err, -ENOMEM, "domain %" PRIu32 ": out of memory", domid);
    d->conn = c;
    d->api = &c->api;
    d->release = c->release;
    d->domid = domid;
    d->epoll_fd = d->timer_fd = d->poke_fd = d->port = -1;
    int rc = open_domain(d, err);
    if (rc) {
        xen_domain_close(d);
        return rc;
    }
    *dom = d;
    return 0;
}

static uint32_t xen_domain_quirks(void *dom)
{
    const struct xen_dom *d = dom;
    uint32_t of_views = QUIRK_HOST_SET_OVERWRITES_VIEWS | QUIRK_FAST_STEP_NEEDS_MONITOR |
                        QUIRK_VIEW_SET_SKIPS_UNMAPPED | QUIRK_VIEW_SET_COVERS_LEAF |
                        QUIRK_LEAF_TAKES_HOST_RIGHTS;
    uint32_t q = d->views ? d->release->quirks : d->release->quirks & ~of_views;
    return d->kind == XMEM_KIND_X86_PV ? q | QUIRK_EMULATES_BY_RIGHTS : q;
}

static int xen_pause(void *dom)
{
    struct xen_dom *d = dom;
    return xen_rc(d, d->api->pause(d->xch, d->domid));
}

static int xen_unpause(void *dom)
{
    struct xen_dom *d = dom;
    return xen_rc(d, d->api->unpause(d->xch, d->domid));
}

static int xen_access_required(void *dom, bool required)
{
    struct xen_dom *d = dom;
    return xen_rc(d, d->api->set_access_required(d->xch, d->domid, required));
}

static uint64_t xen_hypercalls(void *dom)
{
    const struct xen_dom *d = dom;
    return d->hypercalls;
}

const struct xmem_backend_ops xmi_backend_xen = {
    .scheme = "xen",
    .open = xen_open,
    .close = xen_close,
    .domain_list = xmi_xen_domain_list,
    .domain_open = xen_domain_open,
    .domain_close = xen_domain_close,
    .domain_info = xmi_xen_domain_info_get,
    .domain_caps = xmi_xen_domain_caps,
    .domain_quirks = xen_domain_quirks,
    .pause = xen_pause,
    .unpause = xen_unpause,
    .vcpu_peek = xmi_xen_vcpu_peek,
    .vcpu_get = xmi_xen_vcpu_get,
    .vcpu_set = xmi_xen_vcpu_set,
    .vcpu_inject = xmi_xen_vcpu_inject,
    .vcpu_step_off = xmi_xen_vcpu_step_off,
    .vcpu_ran = xmi_xen_vcpu_ran,
    .monitor_enable = xmi_xen_monitor_enable,
    .ring_is_on = xmi_xen_ring_is_on,
    .monitor_disable = xmi_xen_monitor_disable,
    .monitor_attach = xmi_xen_monitor_attach,
    .monitor_set = xmi_xen_monitor_set,
    .access_required = xen_access_required,
    .event_fd = xmi_xen_event_fd,
    .event_ack = xmi_xen_event_ack,
    .event_wait = xmi_xen_event_wait,
    .event_idle = xmi_xen_event_idle,
    .event_notify = xmi_xen_event_notify,
    .event_poke = xmi_xen_event_poke,
    .event_soon = xmi_xen_event_soon,
    .rights_get = xmi_xen_rights_get,
    .rights_set = xmi_xen_rights_set,
    .rights_set_many = xmi_xen_rights_set_many,
    .rights_get_many = xmi_xen_rights_get_many,
    .rights_set_runs = xmi_xen_rights_set_runs,
    .host_split = xmi_xen_host_split,
    .views_get_state = xmi_xen_views_get_state,
    .views_set_state = xmi_xen_views_set_state,
    .view_exists = xmi_xen_view_exists,
    .view_create = xmi_xen_view_create,
    .view_destroy = xmi_xen_view_destroy,
    .view_switch = xmi_xen_view_switch,
    .view_get_vcpu = xmi_xen_view_get_vcpu,
    .view_change_gfn = xmi_xen_view_change_gfn,
    .view_set_visible = xmi_xen_view_set_visible,
    .view_set_suppress_ve = xmi_xen_view_set_suppress_ve,
    .view_get_suppress_ve = xmi_xen_view_get_suppress_ve,
    .view_set_notify = xmi_xen_view_set_notify,
    .page_map = xmi_xen_page_map,
    .page_unmap = xmi_xen_page_unmap,
    .pages_there = xmi_xen_pages_there,
    .page_add = xmi_xen_page_add,
    .page_remove = xmi_xen_page_remove,
    .hypercalls = xen_hypercalls,
};
