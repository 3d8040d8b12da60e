/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing arrays. */
#ifndef XMEM_UTIL_H
#define XMEM_UTIL_H

#include <stddef.h>

/* Grows an array so that one more fits. -ENOMEM. */
int array_room(void **v, size_t n, size_t *cap, size_t element);

#endif
