/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights on Xen: XENMEM_access_op for the host view, altp2m's own calls for the others. */
#include "backend/xen/backend-xen.h"

#include <stdlib.h>

#define DEFAULT_GFN UINT64_MAX
#define HOLE_MIN 8192u              /* gfns of a range that is looked at for holes */
#define HOLE_PART BACKEND_THERE_MAX /* XEN_DOMCTL_getpageframeinfo3 takes so many */
#define PFN_TYPE_MASK 0xf0000000ul
#define PFN_TYPE_HOLE 0xf0000000ul /* XEN_DOMCTL_PFINFO_XTAB */

int xmi_xen_rights_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights)
{
    struct xen_dom *d = dom;
    int number = -1, rc;
    if (view && !d->api->altp2m_get)
        return -EOPNOTSUPP;
    if (view)
        rc = xen_rc(d, d->api->altp2m_get(d->xch, d->domid, view, (xen_gfn_arg)gfn, &number));
    else
        rc = xmi_xen_access_get(d, gfn, &number);
    if (rc)
        return rc;
    *rights = xmi_xen_access_rights(d->release, number);
    return 0;
}

static int set_run(struct xen_dom *d, uint64_t gfn, uint64_t nr, int number, uint64_t *done)
{
    for (uint64_t at = 0; at < nr;) {
        uint32_t part = nr - at > UINT32_MAX ? UINT32_MAX : (uint32_t)(nr - at);
        int rc = xmi_xen_access_set(d, gfn + at, part, number);
        if (rc) {
            /* Xen does not tell where it stopped. */
            if (done)
                *done = BACKEND_DONE_UNKNOWN;
            return rc;
        }
        at += part;
    }
    return 0;
}

/* On x86 the hypervisor tells in one call. */
static int there_by_type(struct xen_dom *d, uint64_t gfn, uint32_t nr, bool *there)
{
    xen_gfn_arg types[HOLE_PART];
    for (uint32_t i = 0; i < nr; i++)
        types[i] = (xen_gfn_arg)(gfn + i);
    int rc = xen_rc(d, d->api->pfn_types(d->xch, d->domid, nr, types));
    for (uint32_t i = 0; !rc && i < nr; i++)
        there[i] = (types[i] & PFN_TYPE_MASK) != PFN_TYPE_HOLE;
    return rc;
}

int xmi_xen_pages_there(void *dom, uint64_t gfn, uint32_t nr, bool *there)
{
    struct xen_dom *d = dom;
    if (!d->conn->arm && !there_by_type(d, gfn, nr, there))
        return 0;
    return xmi_xen_there_by_mapping(d, gfn, nr, there);
}

/* Is nothing at all mapped in this part? What cannot be asked counts as mapped. */
static bool is_hole(struct xen_dom *d, uint64_t gfn, uint32_t nr)
{
    bool there[HOLE_PART];
    if (there_by_type(d, gfn, nr, there))
        return false;
    for (uint32_t i = 0; i < nr; i++)
        if (there[i])
            return false;
    return true;
}

/*
 * On x86 rights are put on holes too: every gfn gets an entry and its part of the page tables
 * (set_mem_access() sets an invalid frame), of which a guest with its devices below 4 GiB has a
 * million. Larger ranges go around them.
 */
static int set_host_range(struct xen_dom *d, uint64_t gfn, uint64_t nr, int number, uint64_t *done)
{
    uint64_t end = gfn + nr, from = gfn;
    int rc = 0;
    if (d->conn->arm || nr < HOLE_MIN)
        return set_run(d, gfn, nr, number, done);
    for (uint64_t at = gfn; at < end && !rc; at += HOLE_PART) {
        uint32_t part = end - at < HOLE_PART ? (uint32_t)(end - at) : HOLE_PART;
        if (!is_hole(d, at, part))
            continue;
        rc = set_run(d, from, at - from, number, done);
        from = at + part;
    }
    return rc || from >= end ? rc : set_run(d, from, end - from, number, done);
}

static int set_view_range(struct xen_dom *d, uint16_t view, uint64_t gfn, uint64_t nr, int number,
                          uint64_t *done)
{
    for (uint64_t i = 0; i < nr; i++) {
        int rc = xen_rc(d,
                        d->api->altp2m_set(d->xch, d->domid, view, (xen_gfn_arg)(gfn + i), number));
        if (rc) {
            if (done)
                *done = i;
            return rc;
        }
    }
    return 0;
}

int xmi_xen_rights_set(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                       uint64_t *done)
{
    struct xen_dom *d = dom;
    int number = xmi_xen_access_number(d->release, rights);
    if (done)
        *done = 0;
    if (number < 0)
        return -EOPNOTSUPP;
    if (!view && gfn == DEFAULT_GFN)
        return xmi_xen_access_set(d, DEFAULT_GFN, 0, number);
    if (view)
        return set_view_range(d, view, gfn, nr, number, done);
    int rc = set_host_range(d, gfn, nr, number, done);
    if (rc)
        return rc;
    rc = xmi_xen_host_note(d, gfn, nr, rights);
    if (rc && done)
        *done = nr;
    return rc;
}

/* Xen's numbers of many rights, to be freed; NULL: *rc says why. */
static uint8_t *xen_numbers(const struct xen_release *r, const uint8_t *rights, uint32_t nr,
                            int *rc)
{
    int number[UINT8_MAX + 1] = {0}; /* one more than Xen's; 0: not looked up */
    uint8_t *out = malloc(nr ? nr : 1);
    *rc = out ? 0 : -ENOMEM;
    for (uint32_t i = 0; out && i < nr; i++) {
        int *n = &number[rights[i]];
        if (!*n)
            *n = xmi_xen_access_number(r, rights[i]) + 1;
        if (!*n) {
            *rc = -EOPNOTSUPP;
            free(out);
            return NULL;
        }
        out[i] = (uint8_t)(*n - 1);
    }
    return out;
}

/* As xmi_xen_host_note() for each; neighbours that are restricted, together. */
static int note_host_changes(struct xen_dom *d, const uint64_t *gfns, const uint8_t *rights,
                             uint32_t nr)
{
    int rc = 0;
    for (uint32_t i = 0, n; i < nr && !rc; i += n) {
        n = 1;
        if (rights[i] == XMEM_RWX)
            continue;
        while (i + n < nr && gfns[i + n] == gfns[i] + n && rights[i + n] != XMEM_RWX)
            n++;
        rc = xmi_xen_host_note(d, gfns[i], n, rights[i]);
    }
    return rc;
}

int xmi_xen_rights_set_many(void *dom, uint16_t view, const uint64_t *gfns, const uint8_t *rights,
                            uint32_t nr, uint64_t *done)
{
    struct xen_dom *d = dom;
    int rc = 0;
    if (done)
        *done = 0;
    uint8_t *numbers = xen_numbers(d->release, rights, nr, &rc);
    if (!numbers)
        return rc;
    /* The library's prototypes lack the const; nothing is written through them. */
    uint64_t *pages = (uint64_t *)(uintptr_t)gfns;
    if (view)
        rc = xen_rc(d, d->api->altp2m_set_multi(d->xch, d->domid, view, numbers, pages, nr));
    else
        rc = xen_rc(d, d->api->set_access_multi(d->xch, d->domid, numbers, pages, nr));
    if (rc && done && rc != -EOPNOTSUPP)
        *done = BACKEND_DONE_UNKNOWN;
    free(numbers);
    if (rc || view)
        return rc;
    rc = note_host_changes(d, gfns, rights, nr);
    if (rc && done)
        *done = nr;
    return rc;
}
