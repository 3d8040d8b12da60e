/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of this room, for the others. */
#ifndef XMEM_BASE_H
#define XMEM_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xmem.h>

/* ---- error.c: the last-error text of a handle: what, where, what to do ---- */

struct xmem_error {
    char text[512];
};

/* Sets the text and returns code, so that callers write: return xmi_error_set(e, -EINVAL, ...). */
int xmi_error_set(struct xmem_error *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int xmi_error_vset(struct xmem_error *e, int code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
/* Adds to the text; what does not fit is cut. */
void xmi_error_add(struct xmem_error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void xmi_error_clear(struct xmem_error *e);
/* Of failures that have no handle; one per thread. */
struct xmem_error *xmi_error_thread(void);

/* ---- rights of gfns; the numbers are enum xmem_rights ---- */

/* Is it one of the enum's numbers? */
static inline bool rights_valid(uint32_t r)
{
    return r == XMEM_DEFAULT || (r >= XMEM_N && r <= XMEM_R_PW);
}

/* Rights that a guest's access turns into others: what is set is not what is there later. */
static inline bool rights_turn(uint8_t r)
{
    return r == XMEM_RX2RW || r == XMEM_N2RWX;
}

/* XMEM_ACCESS_* bits that go through without an event. */
static inline uint32_t rights_allow(uint8_t r)
{
    if (r >= XMEM_N && r <= XMEM_RWX)
        return r & 7u;
    if (r == XMEM_RX2RW)
        return XMEM_ACCESS_R | XMEM_ACCESS_X | XMEM_ACCESS_W;
    return r == XMEM_R_PW ? XMEM_ACCESS_R : 0;
}

/* ---- sized.c: structs of callers ---- */

/*
 * Structs of the public API that start with their size: callers older and newer than
 * the library. What one side does not know is zero for the other.
 */

/*
 * Copies what the caller filled into own, which is `bytes` large. -EINVAL: no size, or one
 * too small to hold a field; -E2BIG: larger than own with a tail that is not zero. own is
 * untouched on failure.
 */
int xmi_sized_in(void *own, size_t bytes, const void *callers);
/* May the caller's struct be filled? Called before anything is done. -EINVAL. */
int xmi_sized_check(const void *callers);
/* Fills the caller's struct from own as far as it goes; a tail unknown here becomes zero. */
void xmi_sized_out(void *callers, const void *own, size_t bytes);

/* ---- UTF-8 ---- */

/* Bytes of the UTF-8 sequence at s, of which n are there; 0: invalid (RFC 3629, table in 4). */
static inline size_t utf8_length(const unsigned char *s, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t len;

    if (n == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n < len)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0; /* shorter forms exist */
    else if (s[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f; /* beyond U+10FFFF */
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* ---- util.c: pages, clocks and growing arrays ---- */

/* Of the guest, in every release and on every machine; a gfn is the number of one. */
#define PAGE_BITS 12u
#define PAGE_BYTES 4096u
#define PAGE_MASK 0xfffu

/* CLOCK_MONOTONIC. */
int64_t xmi_clock_ns(void);
int64_t xmi_clock_ms(void);

/* Grows an array of n, so that one more fits. -ENOMEM. */
int xmi_array_room(void **v, size_t n, size_t *cap, size_t element);
/* So that this many fit. -ENOMEM. */
int xmi_array_reserve(void **v, size_t want, size_t *cap, size_t element);

#endif
