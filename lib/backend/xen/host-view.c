/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turning altp2m on beside host rights, and splitting what the host view has in large leaves. */
#include "backend/xen/backend-xen.h"

#include <stdlib.h>

/* The copy's default is what the host's is when altp2m is turned on; 0 without a ring: it is rwx. */
static int default_for_copy(struct xen_dom *d, uint8_t *before)
{
    uint8_t rights = XMEM_RWX;
    int rc = xmi_xen_host_needed(d) ? xmi_xen_rights_get(d, 0, UINT64_MAX, &rights) : 0;
    *before = rights;
    if (rc || rights == XMEM_RWX)
        return rc == -ENODEV ? 0 : rc;
    return xmi_xen_rights_set(d, 0, UINT64_MAX, 0, XMEM_RWX, NULL);
}

int xmi_xen_host_turn_views_on(struct xen_dom *d)
{
    uint8_t before;
    int rc = default_for_copy(d, &before);
    if (rc)
        return rc;
    rc = xen_rc(d, d->api->altp2m_set_state(d->xch, d->domid, true));
    int rc2 = before == XMEM_RWX ? 0 : xmi_xen_rights_set(d, 0, UINT64_MAX, 0, before, NULL);
    return rc ? rc : rc2;
}

/* As altp2m's calls take it, view 0 is the host view, and no ring is needed (p2m_get_mem_access()). */
static int ask_one(struct xen_dom *d, uint64_t gfn, uint8_t *rights)
{
    int number = -1;
    int rc = d->api->altp2m_get
                 ? xen_rc(d, d->api->altp2m_get(d->xch, d->domid, 0, (xen_gfn_arg)gfn, &number))
                 : xmi_xen_access_get(d, gfn, &number);
    *rights = rc ? BACKEND_NO_RIGHTS : xmi_xen_access_rights(d->release, number);
    return rc == -ESRCH ? 0 : rc;
}

static int ask_rights(struct xen_dom *d, const uint64_t *gfns, uint8_t *rights, uint32_t n)
{
    int rc = n > 1 ? 0 : -EOPNOTSUPP;
    for (uint32_t i = 0, part; i < n && !rc; i += part) {
        part = n - i < BACKEND_RUNS_MAX ? n - i : BACKEND_RUNS_MAX;
        rc = xmi_xen_rights_get_many(d, gfns + i, part, rights + i);
    }
    bool all = rc != 0;
    rc = 0;
    for (uint32_t i = 0; i < n && !rc; i++)
        if (all || rights[i] == BACKEND_NO_RIGHTS)
            rc = ask_one(d, gfns[i], &rights[i]);
    return rc;
}

int xmi_xen_host_split(void *dom, const uint64_t *gfns, uint8_t *rights, uint32_t n)
{
    struct xen_dom *d = dom;
    uint64_t *there = malloc(n * sizeof(*there));
    uint8_t *numbers = malloc(n);
    uint32_t k = 0;
    int rc = there && numbers ? ask_rights(d, gfns, rights, n) : -ENOMEM;
    for (uint32_t i = 0; i < n && !rc; i++) {
        int number = xmi_xen_access_number(d->release, rights[i]);
        if (rights[i] == BACKEND_NO_RIGHTS || number < 0)
            continue;
        there[k] = gfns[i];
        numbers[k++] = (uint8_t)number;
    }
    if (!rc && k == 1)
        rc = xen_rc(d, d->api->altp2m_set(d->xch, d->domid, 0, (xen_gfn_arg)there[0], numbers[0]));
    else if (!rc && k)
        rc = xen_rc(d, d->api->altp2m_set_multi(d->xch, d->domid, 0, numbers, there, k));
    free(there);
    free(numbers);
    return rc;
}
