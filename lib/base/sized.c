/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"

#include <errno.h>
#include <string.h>

/* Every sized struct has at least one field of four bytes behind the size. */
#define SIZED_MIN (sizeof(size_t) + 4)
/* Larger than any struct of any version: a size beyond that is an uninitialised one. */
#define SIZED_MAX 65536u

static size_t size_of(const void *callers)
{
    size_t size;
    memcpy(&size, callers, sizeof(size));
    return size;
}

int xmi_sized_check(const void *callers)
{
    if (!callers)
        return -EINVAL;
    size_t size = size_of(callers);
    return size >= SIZED_MIN && size <= SIZED_MAX ? 0 : -EINVAL;
}

int xmi_sized_in(void *own, size_t bytes, const void *callers)
{
    int rc = xmi_sized_check(callers);
    if (rc)
        return rc;
    size_t size = size_of(callers);
    const unsigned char *p = callers;
    for (size_t i = bytes; i < size; i++)
        if (p[i])
            return -E2BIG;
    memset(own, 0, bytes);
    memcpy(own, callers, size < bytes ? size : bytes);
    memcpy(own, &bytes, sizeof(bytes));
    return 0;
}

void xmi_sized_out(void *callers, const void *own, size_t bytes)
{
    size_t size = size_of(callers);
    size_t n = size < bytes ? size : bytes;
    memcpy((char *)callers + sizeof(size), (const char *)own + sizeof(size), n - sizeof(size));
    if (size > n)
        memset((char *)callers + n, 0, size - n);
}
