/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/host-copy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_noted(const struct host_copy *h, uint64_t gfn)
{
    return gfn / 8 < h->bytes && h->set[gfn / 8] & 1u << gfn % 8;
}

static int grow(struct host_copy *h, uint64_t gfn)
{
    size_t bytes = (size_t)(gfn / 8 + 1);
    if (bytes <= h->bytes)
        return 0;
    bytes += bytes / 2;
    uint8_t *p = realloc(h->set, bytes);
    if (!p)
        return -ENOMEM;
    memset(p + h->bytes, 0, bytes - h->bytes);
    h->set = p;
    h->bytes = bytes;
    return 0;
}

int xmi_host_copy_note(struct host_copy *h, uint64_t gfn, uint64_t nr, host_copy_fn fn, void *dom)
{
    int rc = 0;
    for (uint64_t end = gfn + nr; gfn < end && !rc; gfn++) {
        if (is_noted(h, gfn))
            continue;
        rc = grow(h, gfn);
        if (!rc && fn)
            rc = fn(dom, gfn);
        if (!rc)
            h->set[gfn / 8] |= (uint8_t)(1u << gfn % 8);
    }
    return rc;
}

int xmi_host_copy_each(const struct host_copy *h, host_copy_fn fn, void *dom)
{
    int rc = 0;
    for (uint64_t gfn = 0; gfn / 8 < h->bytes && !rc; gfn++)
        if (is_noted(h, gfn))
            rc = fn(dom, gfn);
    return rc;
}

void xmi_host_copy_free(struct host_copy *h)
{
    free(h->set);
    *h = (struct host_copy){0};
}
