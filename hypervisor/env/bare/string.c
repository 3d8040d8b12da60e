/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The compiler's own calls. Words where it can be: events are copied. */
#include <xm/env.h>

typedef uintptr_t __attribute__((may_alias)) word;
#define MASK (sizeof(word) - 1)

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if ((((uintptr_t)d | (uintptr_t)s) & MASK) == 0) {
        for (; n > MASK; n -= sizeof(word)) {
            *(word *)(void *)d = *(const word *)(const void *)s;
            d += sizeof(word);
            s += sizeof(word);
        }
    }
    while (n-- != 0)
        *d++ = *s++;
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint8_t *d = dst;
    word w = (uint8_t)c * (~(word)0 / 0xff);

    if (((uintptr_t)d & MASK) == 0) {
        for (; n > MASK; n -= sizeof(word)) {
            *(word *)(void *)d = w;
            d += sizeof(word);
        }
    }
    while (n-- != 0)
        *d++ = (uint8_t)c;
    return dst;
}
