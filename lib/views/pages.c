/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of the guest: where there are any, and such as are given and taken away. */
#include "base/base.h"
#include "views/views.h"
#include "ledger/ledger.h"
#include "rights/rights.h"
#include "views/views-int.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ADD_TRIES 64u
#define HOLES_MAX 4096u /* at the top, that sessions before can have left */
#define APART 0x10000u  /* 256 MiB: pages above more of them begin at a multiple */

/* ---- holes ---- */

static int probe_one_by_one(struct xmem_domain *d, uint64_t gfn, uint32_t nr, bool *there)
{
    int rc = d->ops->page_map ? 0 : -EOPNOTSUPP;
    for (uint32_t i = 0; i < nr && !rc; i++) {
        void *page;
        rc = d->ops->page_map(d->dom, gfn + i, &page);
        there[i] = !rc;
        if (!rc)
            d->ops->page_unmap(d->dom, page);
        else if (rc == -ESRCH)
            rc = 0;
    }
    return rc;
}

int xmi_pages_there(struct xmem_domain *d, uint64_t gfn, uint32_t nr, bool *there)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    rc = d->ops->pages_there ? d->ops->pages_there(d->dom, gfn, nr, there)
                             : probe_one_by_one(d, gfn, nr, there);
    return rc ? xmi_domain_fail(d, rc, 0,
                                "domain %" PRIu32 ": which of gfns 0x%" PRIx64 "-0x%" PRIx64
                                " have pages cannot be asked for",
                                d->domid, gfn, gfn + nr - 1)
              : 0;
}

/* ---- pages given ---- */

static int zero_page(struct xmem_domain *d, uint64_t gfn)
{
    void *page;
    int rc = d->ops->page_map(d->dom, gfn, &page);
    if (rc)
        return xmi_domain_fail(
            d, rc, 0, "domain %" PRIu32 ": no page can be added at gfn 0x%" PRIx64, d->domid, gfn);
    memset(page, 0, PAGE_BYTES);
    d->ops->page_unmap(d->dom, page);
    return 0;
}

static bool is_ours(const struct xmem_domain *d, uint64_t gfn)
{
    for (size_t i = 0; i < d->view_set->pages.n; i++)
        if (page_at(d, i)->gfn == gfn)
            return true;
    return false;
}

/* What known keeps of a page of our own: found and set are both n, so that nothing restores it. */
static uint8_t shut_byte(void)
{
    return (uint8_t)(known_code(XMEM_N) << 4 | known_code(XMEM_N));
}

/* PV: rights left on a frame would keep the domain in shadow mode, and no view can show it. */
static bool shuts_pages(const struct xmem_domain *d)
{
    return (d->caps.rights & XMEM_RIGHTS_BIT(XMEM_N)) && !(d->caps.flags & XMEM_CAP_DEFAULT_ALL);
}

int xmi_view_shut_pages(struct xmem_domain *d, struct view *v)
{
    int rc = 0;
    for (size_t i = 0; shuts_pages(d) && i < d->view_set->pages.n && !rc; i++) {
        rc = xmi_known_put(&v->known, page_at(d, i)->gfn, 1, 0xff, shut_byte());
        if (rc)
            return xmi_domain_refuse(d, rc, "out of memory");
        xmi_view_leaf_note(d, page_at(d, i)->gfn,
                           1); /* it is a small page, so its neighbours are */
        if (v->id || d->enabled)
            rc = xmi_domain_force_rights(d, v, page_at(d, i)->gfn, XMEM_N);
    }
    return rc;
}

/* At its own gfn nobody but the session has a use for it, and the guest would find what it hides. */
static int shut_page(struct xmem_domain *d, uint64_t gfn)
{
    int rc = 0;
    if (!shuts_pages(d))
        return 0;
    xmi_view_leaf_note(d, gfn, 1);
    for (uint32_t id = 0; id < d->view_end && !rc; id++)
        if (d->views[id])
            rc = xmi_known_put(&d->views[id]->known, gfn, 1, 0xff, shut_byte());
    if (rc)
        return xmi_domain_refuse(d, rc, "out of memory");
    if (d->enabled)
        rc = xmi_domain_force_rights(d, d->views[0], gfn, XMEM_N);
    for (uint32_t id = 1; id < d->view_end && !rc; id++)
        if (d->views[id] && !(d->enabled && (d->quirks & QUIRK_HOST_SET_OVERWRITES_VIEWS)))
            rc = xmi_domain_force_rights(d, d->views[id], gfn, XMEM_N);
    return rc;
}

void xmi_page_forget(struct xmem_domain *d, size_t i)
{
    for (uint32_t id = 0; id < d->view_end; id++)
        if (d->views[id]) /* rights of nothing are not restored */
            (void)xmi_known_put(&d->views[id]->known, page_at(d, i)->gfn, 1, 0xff, 0);
    if (page_at(d, i)->gfn < d->view_set->page_next)
        d->view_set->page_next = page_at(d, i)->gfn;
    xmi_list_drop(&d->view_set->pages, (uint32_t)i);
}

/* The last one of the list could not be made ready: taken away, now or as soon as that can be. */
static int take_page_back(struct xmem_domain *d, int rc)
{
    struct xmem_error why = d->error;
    size_t last = d->view_set->pages.n - 1;
    if (!d->ops->page_remove(d->dom, page_at(d, last)->gfn))
        xmi_page_forget(d, last);
    else
        page_at(d, last)->unwanted = d->owed = true;
    d->error = why;
    return rc;
}

/* What cannot be mapped may be a device's, as the page of the local APIC: that has rights all the same. */
static bool is_hole(struct xmem_domain *d, uint64_t gfn)
{
    uint8_t rights;
    void *page;
    if (!d->enabled || d->ops->rights_get(d->dom, 0, gfn, &rights) != -ESRCH)
        return false;
    int rc = d->ops->page_map(d->dom, gfn, &page);
    if (!rc)
        d->ops->page_unmap(d->dom, page);
    return rc == -ESRCH;
}

/*
 * Xen never takes its highest gfn back (max_mapped_pfn): what a session added and took away again
 * is a hole at the top, and used again. More holes than that are the guest's: memory that it gave away,
 * or a PVH guest's below 4 GiB. Above them the place has to be one that is found again.
 */
static uint64_t first_free(struct xmem_domain *d, uint64_t highest)
{
    uint64_t at = highest + 1;
    for (unsigned i = 0; i < HOLES_MAX && at; i++, at--)
        if (!is_hole(d, at - 1) || (i && at % APART == 0))
            return at;
    return (highest / APART + 1) * APART;
}

/* Where the next page is tried: the lowest gfn that the session knows no page at. */
static int find_place(struct xmem_domain *d, uint64_t *at)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    if (!d->view_set->page_next) {
        int rc = d->ops->domain_info(d->dom, &info);
        if (rc)
            return rc;
        d->view_set->page_next = first_free(d, info.highest_gfn);
    }
    *at = d->view_set->page_next;
    return 0;
}

/* At *at or the first gfn behind it that is free. */
static int add_from(struct xmem_domain *d, uint64_t *at)
{
    int rc = -EEXIST;
    for (unsigned i = 0; (rc == -EEXIST || rc == -EBUSY) && i < ADD_TRIES; i++) {
        if (i)
            ++*at;
        while (is_ours(d, *at))
            ++*at;
        ledger_begin(d, LEDGER_PAGE, 0, *at, *at);
        rc = d->ops->page_add(d->dom, *at);
    }
    return rc;
}

int xmem_domain_add_page(struct xmem_domain *d, uint64_t *gfn)
{
    uint64_t at = 0;
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!gfn)
        return xmi_domain_refuse(d, -EINVAL, "xmem_domain_add_page: nowhere to put the gfn");
    if (!d->ops->page_add || !d->ops->page_map || !(d->caps.flags & XMEM_CAP_ADD_PAGE))
        return xmi_domain_refuse(d, -EOPNOTSUPP, "pages cannot be added on this kind of machine");
    if (xmi_list_room(&d->view_set->pages))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    rc = find_place(d, &at);
    if (!rc)
        rc = add_from(d, &at);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_NOSPC,
                               "domain %" PRIu32 ": no page can be added at gfn 0x%" PRIx64,
                               d->domid, at);
    xmi_list_push(&d->view_set->pages, &(struct added){.gfn = at});
    d->view_set->page_next = at + 1;
    rc = zero_page(d, at);
    if (!rc)
        rc = shut_page(d, at);
    if (rc)
        return take_page_back(d, rc);
    if (at > d->caps.highest_gfn)
        d->caps.highest_gfn = at;
    *gfn = at;
    return 0;
}

int xmem_domain_remove_page(struct xmem_domain *d, uint64_t gfn)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!is_ours(d, gfn))
        return xmi_domain_refuse(d, -EINVAL, "gfn 0x%" PRIx64 " was not added by this session",
                                 gfn);
    d->watch->pages_changed(d, gfn, 1);
    ledger_begin(d, LEDGER_PAGE, 0, gfn, gfn);
    rc = d->ops->page_remove(d->dom, gfn);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_SRCH, "gfn 0x%" PRIx64 " cannot be taken away", gfn);
    size_t i = 0;
    while (page_at(d, i)->gfn != gfn)
        i++;
    xmi_page_forget(d, i);
    return d->guarded ? xmi_copies_forget_page(d, gfn) : 0;
}

int xmi_page_discard(struct xmem_domain *d, uint64_t gfn)
{
    int rc = xmem_domain_remove_page(d, gfn);
    for (size_t i = 0; rc && i < d->view_set->pages.n; i++)
        if (page_at(d, i)->gfn == gfn)
            page_at(d, i)->unwanted = d->owed = true;
    return rc;
}

/* ---- for the ledger ---- */

static int remove_page(struct xmem_domain *d, uint64_t gfn)
{
    d->watch->pages_changed(d, gfn, 1);
    int rc = d->dead ? 0 : d->ops->page_remove(d->dom, gfn);
    return rc == -ESRCH ? 0 : rc;
}

static void undo_pages(struct xmem_domain *d, struct outcome *o)
{
    uint32_t kept = 0;
    for (size_t i = 0; i < d->view_set->pages.n; i++) {
        struct added page = *page_at(d, i);
        int rc = remove_page(d, page.gfn);
        if (!rc)
            continue;
        *page_at(d, kept++) = page;
        xmi_outcome_note(d, o,
                         xmi_domain_fail(d, rc, 0,
                                         "gfn 0x%" PRIx64 ", which was added, cannot be taken "
                                         "away",
                                         page.gfn));
    }
    xmi_list_cut(&d->view_set->pages, kept);
}

static bool pay_pages(struct xmem_domain *d)
{
    bool left = false;
    for (size_t i = d->view_set->pages.n; i--;) {
        if (!page_at(d, i)->unwanted)
            continue;
        uint64_t gfn = page_at(d, i)->gfn;
        if (remove_page(d, gfn)) {
            left = true;
            continue;
        }
        xmi_page_forget(d, i);
        if (d->guarded)
            left = xmi_copies_forget_page(d, gfn) || left;
    }
    return left;
}

static bool any_pages(const struct xmem_domain *d)
{
    return d->view_set->pages.n;
}

const struct ledger_kind xmi_views_pages = {
    .turn = LEDGER_LAST,
    .any = any_pages,
    .undo = undo_pages,
    .pay = pay_pages,
};
