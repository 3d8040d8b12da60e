/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's memory, read and written. */
#include "base/base.h"
#include "events/events.h"
#include "session/session.h"
#include "views/views.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int check_range(struct xmem_domain *d, uint64_t gpa, const void *buf, size_t len)
{
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!buf && len)
        return xmi_domain_refuse(d, -EINVAL, "address 0x%" PRIx64 ": no buffer", gpa);
    if (len && gpa + (len - 1) < gpa)
        return xmi_domain_refuse(d, -ERANGE,
                                 "address 0x%" PRIx64 " and 0x%zx bytes more: beyond the "
                                 "end of all addresses",
                                 gpa, len - 1);
    return 0;
}

typedef void (*copy_fn)(uint8_t *page, void *buf, size_t n);

static void copy_out(uint8_t *page, void *buf, size_t n)
{
    memcpy(buf, page, n);
}

static void copy_in(uint8_t *page, void *buf, size_t n)
{
    memcpy(page, buf, n);
}

static int map(struct xmem_domain *d, uint64_t gpa, void **page)
{
    int rc = d->ops->page_map ? d->ops->page_map(d->dom, gpa / PAGE_BYTES, page) : -EOPNOTSUPP;
    if (!rc)
        return 0;
    return xmi_domain_fail(d, rc, MAY_SRCH, "address 0x%" PRIx64 ": its page cannot be mapped",
                           gpa);
}

static int copy(struct xmem_domain *d, uint64_t gpa, uint8_t *buf, size_t len, copy_fn fn)
{
    while (len) {
        size_t off = gpa % PAGE_BYTES, n = PAGE_BYTES - off < len ? PAGE_BYTES - off : len;
        void *page;
        int rc = map(d, gpa, &page);
        if (rc)
            return rc;
        fn((uint8_t *)page + off, buf, n);
        d->ops->page_unmap(d->dom, page);
        gpa += n;
        buf += n;
        len -= n;
    }
    return 0;
}

/* Every page is there: nothing is copied if one is missing. */
static int probe(struct xmem_domain *d, uint64_t gpa, size_t len)
{
    uint64_t last = (gpa + len - 1) / PAGE_BYTES;
    for (uint64_t gfn = gpa / PAGE_BYTES; gfn <= last; gfn++) {
        void *page;
        int rc = map(d, gfn * PAGE_BYTES, &page);
        if (rc)
            return rc;
        d->ops->page_unmap(d->dom, page);
    }
    return 0;
}

static int transfer(struct xmem_domain *d, uint64_t gpa, void *buf, size_t len, copy_fn fn)
{
    int rc = check_range(d, gpa, buf, len);
    if (rc || !len)
        return rc;
    if (gpa / PAGE_BYTES != (gpa + len - 1) / PAGE_BYTES)
        rc = probe(d, gpa, len);
    return rc ? rc : copy(d, gpa, buf, len, fn);
}

int xmem_domain_read(struct xmem_domain *d, uint64_t gpa, void *buf, size_t len)
{
    return transfer(d, gpa, buf, len, copy_out);
}

int xmem_domain_write(struct xmem_domain *d, uint64_t gpa, const void *buf, size_t len)
{
    int rc = check_range(d, gpa, buf, len);
    if (!rc)
        rc = xmi_event_prepare_write(d, buf, len);
    if (!rc)
        rc = transfer(d, gpa, (void *)(uintptr_t)buf, len, copy_in);
    if (!rc)
        xmi_event_note_write(d, gpa, buf, len);
    return !rc && len && d->guarded ? xmi_copies_follow_tool(d, gpa, buf, len) : rc;
}
