/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Structs of the public API that start with their size: callers older and newer than
 * the library. What one side does not know is zero for the other.
 */
#ifndef XMEM_SIZED_H
#define XMEM_SIZED_H

#include <stddef.h>

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

#endif
