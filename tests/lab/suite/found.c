/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "found.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h>

#define PAGE 4096u

static int rights_of(xc_interface *xc, const struct conf *c, uint64_t gfn)
{
    xenmem_access_t access = XENMEM_access_n;
    int rc = xc_get_mem_access(xc, c->domid, gfn, &access);
    return rc ? -errno : (int)access;
}

static void read_rights(xc_interface *xc, const struct conf *c, struct found *f)
{
    f->usual = rights_of(xc, c, UINT64_MAX);
    for (unsigned i = 0; i < FOUND_GFNS; i++)
        f->rights[i] = rights_of(xc, c, conf_gfn(c, i));
}

/* A view has entries of its own only for what the guest touched, or what was set; the others are rwx. */
static int rights_in_view(xc_interface *xc, const struct conf *c, uint64_t gfn)
{
    xenmem_access_t access = XENMEM_access_rwx;
    int rc = xc_altp2m_get_mem_access(xc, c->domid, FOUND_VIEW, gfn, &access);
    return rc && errno != ESRCH ? -errno : (int)access;
}

static uint64_t read_gfn(struct conf *c, uint64_t gfn)
{
    if (c->ops->start(c, 0, ACT_READ, gfn, 0, 0))
        return 0;
    for (unsigned i = 0; i < CONF_PATIENCE_MS && !c->ops->done(c, 0); i++)
        c->ops->run(c);
    return c->ops->done(c, 0) ? c->ops->result(c, 0) : 0;
}

/* Xen switches to visible views only. */
static void look_from_inside(xc_interface *xc, struct conf *c, struct found *f)
{
    f->view_shown = !xc_altp2m_switch_to_view(xc, c->domid, FOUND_VIEW);
    for (unsigned i = 0; f->view_shown && i < 2; i++)
        f->shows[i] = read_gfn(c, conf_gfn(c, i));
    if (f->view_shown)
        xc_altp2m_switch_to_view(xc, c->domid, f->view_of[0]);
}

/* On Arm Xen refuses all of them. */
static void read_views(xc_interface *xc, struct conf *c, struct found *f)
{
    if (xc_altp2m_get_domain_state(xc, c->domid, &f->views))
        f->views = false;
    if (!f->views)
        return;
    for (unsigned i = 0; i < FOUND_GFNS; i++)
        f->view_rights[i] = rights_in_view(xc, c, conf_gfn(c, i));
    for (uint32_t v = 0; v < c->vcpus && v < FOUND_VCPUS; v++)
        xc_altp2m_get_vcpu_p2m_idx(xc, c->domid, v, &f->view_of[v]);
    look_from_inside(xc, c, f);
}

int found_read(struct conf *c, struct found *f)
{
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    xc_domaininfo_t info = {0};
    memset(f, 0, sizeof(*f));
    if (!xc)
        return -errno;
    int rc = xc_domain_getinfolist(xc, c->domid, 1, &info) == 1 && info.domain == c->domid ? 0 : -ESRCH;
    f->pages = info.tot_pages;
    f->paused = info.flags & XEN_DOMINF_paused;
    f->shut_down = info.flags & XEN_DOMINF_shutdown;
    read_rights(xc, c, f);
    read_views(xc, c, f);
    xc_interface_close(xc);
    return rc;
}

/* Prints one difference; true: there is none. */
static bool same(const char *what, unsigned i, int64_t was, int64_t is)
{
    if (was != is)
        printf("# left behind: %s %u: %jd, and was %jd\n", what, i, (intmax_t)is, (intmax_t)was);
    return was == is;
}

bool found_same(const struct found *was, const struct found *is, bool over)
{
    bool all = same("default", 0, was->usual, is->usual);
    all = same("views on", 0, was->views, is->views) && all;
    all = same("visibility of view", FOUND_VIEW, was->view_shown, is->view_shown) && all;
    for (unsigned i = 0; i < FOUND_GFNS; i++) {
        all = same("rights of gfn", i, was->rights[i], is->rights[i]) && all;
        all = same("rights in the view of gfn", i, was->view_rights[i], is->view_rights[i]) && all;
    }
    for (unsigned i = 0; i < 2; i++)
        all = same("what the view shows at gfn", i, (int64_t)was->shows[i], (int64_t)is->shows[i]) && all;
    for (unsigned v = 0; v < FOUND_VCPUS; v++)
        all = same("view of vCPU", v, was->view_of[v], is->view_of[v]) && all;
    all = same("shut down", 0, was->shut_down, is->shut_down) && all;
    if (over) {
        all = same("paused", 0, was->paused, is->paused) && all;
        all = same("pages", 0, (int64_t)was->pages, (int64_t)is->pages) && all;
    }
    return all;
}

/* And the ring gone again: they can be set with one only. */
static int set_rights(const struct conf *c, uint64_t gfn, xenmem_access_t rights)
{
    uint32_t port = 0;
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    if (!xc)
        return -errno;
    void *ring = xc_monitor_enable(xc, c->domid, &port);
    int rc = ring ? 0 : -errno;
    if (!rc && xc_set_mem_access(xc, c->domid, rights, gfn, 1))
        rc = -errno;
    if (ring && xc_monitor_disable(xc, c->domid))
        rc = -errno;
    if (ring)
        munmap(ring, PAGE);
    xc_interface_close(xc);
    return rc;
}

bool found_is_pv(void)
{
    const char *arch = getenv("XMEM_LAB_ARCH");
    return arch && !strcmp(arch, "x86-pv");
}

/* A PV guest has a ring in its shadow mode only, which must be off. */
static int stop_writes(const struct conf *c, uint64_t gfn)
{
    int rc = set_rights(c, gfn, XENMEM_access_rx);
    return !found_is_pv() ? rc : rc == -EINVAL ? 0 : -EEXIST;
}

bool found_unwatched(struct conf *c)
{
    uint64_t gfn = conf_gfn(c, FOUND_GFNS);
    int rc = stop_writes(c, gfn);
    if (!rc)
        rc = c->ops->start(c, 0, ACT_WRITE, gfn, 0, 1);
    for (unsigned ms = 0; !rc && ms < CONF_PATIENCE_MS && !c->ops->done(c, 0); ms++)
        c->ops->run(c);
    bool through = !rc && c->ops->done(c, 0);
    if (!through)
        printf("# left behind: an access that nobody is asked about is not let through (%d)\n", rc);
    /* While views are on Xen lifts the rights in the copy that view 0 is then. */
    return through && (found_is_pv() || !set_rights(c, gfn, XENMEM_access_rwx));
}

static int with_view(const struct conf *c, bool on)
{
    uint16_t id = 0;
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    int rc = !xc || xc_altp2m_set_domain_state(xc, c->domid, on);
    if (!rc && on)
        rc = xc_altp2m_create_view(xc, c->domid, XENMEM_access_rwx, &id) || id != FOUND_VIEW;
    rc = rc ? -(errno ? errno : EIO) : 0;
    if (xc)
        xc_interface_close(xc);
    return rc;
}

int found_make_view(const struct conf *c)
{
    return with_view(c, true);
}

int found_drop_view(const struct conf *c)
{
    return with_view(c, false);
}
