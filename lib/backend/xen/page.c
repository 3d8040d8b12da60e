/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of a guest on Xen: mapped, given, taken away. */
#include "backend/xen/backend-xen.h"

#include <sys/mman.h>

#define KB_PER_PAGE 4u
#define MAP_PART 64u /* gfns that are mapped at once */

int xmi_xen_page_map(void *dom, uint64_t gfn, void **page)
{
    struct xen_dom *d = dom;
    xen_gfn_arg where = (xen_gfn_arg)gfn;
    int bad = 0;
    if (where != gfn)
        return -ESRCH;
    d->hypercalls++;
    void *p = d->api->foreign_map(d->fmem, d->domid, PROT_READ | PROT_WRITE, 1, &where, &bad);
    if (p && bad) {
        d->api->foreign_unmap(d->fmem, p, 1);
        p = NULL;
        errno = -bad;
    }
    if (p) {
        *page = p;
        return 0;
    }
    /* A hole is EINVAL on Arm and x86, ENOENT where it is paged out (XENMEM_add_to_physmap's errors). */
    return errno == ENOMEM || errno == EPERM || errno == EACCES ? -errno : -ESRCH;
}

void xmi_xen_page_unmap(void *dom, void *page)
{
    struct xen_dom *d = dom;
    d->api->foreign_unmap(d->fmem, page, 1);
}

/* All of a part at once; dom0 may lack the room for that. */
static bool there_together(struct xen_dom *d, uint64_t gfn, uint32_t nr, bool *there)
{
    xen_gfn_arg where[MAP_PART];
    int bad[MAP_PART] = {0};
    for (uint32_t i = 0; i < nr; i++)
        where[i] = (xen_gfn_arg)(gfn + i);
    d->hypercalls++;
    void *p = d->api->foreign_map(d->fmem, d->domid, PROT_READ, nr, where, bad);
    if (!p)
        return false;
    d->api->foreign_unmap(d->fmem, p, nr);
    for (uint32_t i = 0; i < nr; i++)
        there[i] = !bad[i];
    return true;
}

static int there_alone(struct xen_dom *d, uint64_t gfn, bool *there)
{
    void *page;
    int rc = xmi_xen_page_map(d, gfn, &page);
    *there = !rc;
    if (!rc)
        xmi_xen_page_unmap(d, page);
    return rc == -ESRCH ? 0 : rc;
}

int xmi_xen_there_by_mapping(struct xen_dom *d, uint64_t gfn, uint32_t nr, bool *there)
{
    int rc = 0;
    for (uint32_t at = 0; at < nr && !rc; at += MAP_PART) {
        uint32_t part = nr - at < MAP_PART ? nr - at : MAP_PART;
        if (there_together(d, gfn + at, part, there + at))
            continue;
        for (uint32_t i = 0; i < part && !rc; i++)
            rc = there_alone(d, gfn + at + i, there + at + i);
    }
    return rc;
}

/* Moves the domain's limit of memory by one page. */
static int move_limit(struct xen_dom *d, bool up)
{
    struct xen_domain_info info;
    d->hypercalls++;
    int rc = xmi_xen_dom_look(d->xch, d->api, d->domid, &info);
    if (rc)
        return rc;
    uint64_t pages = up ? info.max_pages + 1 : info.max_pages - 1;
    return xen_rc(d, d->api->setmaxmem(d->xch, d->domid, pages * KB_PER_PAGE));
}

int xmi_xen_page_add(void *dom, uint64_t gfn)
{
    struct xen_dom *d = dom;
    xen_gfn_arg where = (xen_gfn_arg)gfn;
    void *there;
    /* Populating a gfn that is used replaces what is there, silently. */
    if (!xmi_xen_page_map(d, gfn, &there)) {
        xmi_xen_page_unmap(d, there);
        return -EEXIST;
    }
    int rc = move_limit(d, true);
    if (rc)
        return rc;
    rc = xen_rc(d, d->api->populate(d->xch, d->domid, 1, 0, 0, &where));
    if (rc)
        move_limit(d, false);
    return rc;
}

int xmi_xen_page_remove(void *dom, uint64_t gfn)
{
    struct xen_dom *d = dom;
    xen_gfn_arg where = (xen_gfn_arg)gfn;
    int rc = xen_rc(d, d->api->decrease(d->xch, d->domid, 1, 0, &where));
    return rc ? rc : move_limit(d, false);
}
