/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rights of the host view by hypercalls of our own: XENMEM_access_op from a buffer that is kept,
 * where libxenctrl makes one and copies for each call, and many of them in one multicall, which
 * libxenctrl has no call for. Both are the same from Xen 4.11 on (public/memory.h, public/xen.h).
 */
#include "backend/xen/backend-xen.h"

#define ACCESS_OP_SET 0u
#define ACCESS_OP_GET 1u

struct access_op { /* struct xen_mem_access_op */
    uint8_t op, access;
    uint16_t domid;
    uint32_t nr;
    uint64_t gfn;
    uint64_t gfn_list, access_list; /* of set_access_multi */
};
_Static_assert(sizeof(struct access_op) == 32, "struct xen_mem_access_op on 64-bit machines");

struct multicall_entry {
    uint64_t op, result, args[6];
};

/* A page-aligned buffer that hypercalls may read. */
struct xen_calls {
    struct multicall_entry entry[BACKEND_RUNS_MAX];
    struct access_op op[BACKEND_RUNS_MAX];
};

void xmi_xen_calls_close(struct xen_dom *d)
{
    struct xen_buffer b = {d->xcall, d->calls};
    xmi_xen_buffer_close(d->api, &b);
    d->calls = NULL;
    d->xcall = NULL;
}

/* Handles of other sizes are libxenctrl's affair. */
bool xmi_xen_calls_open(struct xen_dom *d)
{
    struct xen_buffer b = {NULL, NULL};
    if (d->calls || d->no_calls)
        return d->calls != NULL;
    if (sizeof(void *) == sizeof(uint64_t) && !xmi_xen_buffer_open(d->api, &b, sizeof(*d->calls))) {
        d->xcall = b.xcall;
        d->calls = b.at;
    }
    d->no_calls = !d->calls;
    return d->calls != NULL;
}

static struct access_op *prepare(struct xen_dom *d, uint32_t i, uint32_t op, uint64_t gfn)
{
    struct access_op *a = &d->calls->op[i];
    a->op = (uint8_t)op;
    a->access = 0;
    a->domid = (uint16_t)d->domid;
    a->nr = 1;
    a->gfn = gfn;
    a->gfn_list = a->access_list = 0;
    return a;
}

static int call_one(struct xen_dom *d)
{
    return xen_rc(d, xmi_xen_hypercall(d->api, d->xcall, HYPERCALL_MEMORY_OP, MEMORY_ACCESS_OP,
                                       (uintptr_t)&d->calls->op[0]));
}

int xmi_xen_access_get(struct xen_dom *d, uint64_t gfn, int *number)
{
    if (!xmi_xen_calls_open(d))
        return xen_rc(d, d->api->get_access(d->xch, d->domid, gfn, number));
    prepare(d, 0, ACCESS_OP_GET, gfn);
    int rc = call_one(d);
    if (!rc)
        *number = d->calls->op[0].access;
    return rc;
}

int xmi_xen_access_set(struct xen_dom *d, uint64_t gfn, uint32_t nr, int number)
{
    if (!xmi_xen_calls_open(d))
        return xen_rc(d, d->api->set_access(d->xch, d->domid, number, gfn, nr));
    struct access_op *a = prepare(d, 0, ACCESS_OP_SET, gfn);
    a->access = (uint8_t)number;
    a->nr = nr;
    return call_one(d);
}

/* Makes the first n that were prepared. Only `result` means anything afterwards (do_multicall()). */
static int call_many(struct xen_dom *d, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct multicall_entry *e = &d->calls->entry[i];
        e->op = HYPERCALL_MEMORY_OP;
        e->result = 0;
        e->args[0] = MEMORY_ACCESS_OP;
        e->args[1] = (uintptr_t)&d->calls->op[i];
    }
    int rc = xen_rc(
        d, xmi_xen_hypercall(d->api, d->xcall, HYPERCALL_MULTICALL, (uintptr_t)d->calls->entry, n));
    return rc == -ENOSYS ? -EOPNOTSUPP : rc; /* a hypervisor built without it */
}

static int result_of(const struct xen_dom *d, uint32_t i)
{
    int64_t result = (int64_t)d->calls->entry[i].result;
    return result < 0 ? (int)result : 0;
}

int xmi_xen_rights_get_many(void *dom, const uint64_t *gfns, uint32_t nr, uint8_t *rights)
{
    struct xen_dom *d = dom;
    if (!xmi_xen_calls_open(d))
        return -EOPNOTSUPP;
    for (uint32_t i = 0; i < nr; i++)
        prepare(d, i, ACCESS_OP_GET, gfns[i]);
    int rc = call_many(d, nr);
    for (uint32_t i = 0; i < nr && !rc; i++)
        rights[i] = result_of(d, i) ? BACKEND_NO_RIGHTS
                                    : xmi_xen_access_rights(d->release, d->calls->op[i].access);
    return rc;
}

int xmi_xen_rights_set_runs(void *dom, struct backend_run *v, uint32_t n)
{
    struct xen_dom *d = dom;
    if (!xmi_xen_calls_open(d))
        return -EOPNOTSUPP;
    for (uint32_t i = 0; i < n; i++) {
        int number = xmi_xen_access_number(d->release, v[i].rights);
        if (number < 0)
            return -EOPNOTSUPP;
        struct access_op *a = prepare(d, i, ACCESS_OP_SET, v[i].gfn);
        a->access = (uint8_t)number;
        a->nr = v[i].nr;
    }
    int rc = call_many(d, n);
    for (uint32_t i = 0; i < n && !rc; i++) {
        v[i].rc = result_of(d, i);
        if (!v[i].rc)
            v[i].rc = xmi_xen_host_note(d, v[i].gfn, v[i].nr, v[i].rights);
    }
    return rc;
}
