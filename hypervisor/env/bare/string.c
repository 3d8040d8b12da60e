/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The compiler's own calls. Words where it can be, for the emulator's sake. */
#include <xm/env.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    while (n-- != 0)
        *d++ = *s++;
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint8_t *d = dst;

    while (n-- != 0)
        *d++ = (uint8_t)c;
    return dst;
}
