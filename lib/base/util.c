/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define SECOND_NS 1000000000
#define SECOND_MS 1000
#define FIRST 8u

int64_t xmi_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

int64_t xmi_clock_ms(void)
{
    return xmi_clock_ns() / (SECOND_NS / SECOND_MS);
}

int xmi_array_reserve(void **v, size_t want, size_t *cap, size_t element)
{
    size_t more = *cap ? *cap : FIRST;
    if (want <= *cap)
        return 0;
    while (more < want)
        more *= 2;
    void *p = realloc(*v, more * element);
    if (!p)
        return -ENOMEM;
    *v = p;
    *cap = more;
    return 0;
}

int xmi_array_room(void **v, size_t n, size_t *cap, size_t element)
{
    return n < *cap ? 0 : xmi_array_reserve(v, n + 1, cap, element);
}
