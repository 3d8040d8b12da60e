/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages, clocks and growing arrays. */
#ifndef XMEM_UTIL_H
#define XMEM_UTIL_H

#include <stddef.h>
#include <stdint.h>

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
