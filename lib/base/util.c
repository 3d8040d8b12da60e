/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/util.h"

#include <errno.h>
#include <stdlib.h>

int array_room(void **v, size_t n, size_t *cap, size_t element)
{
    if (n < *cap)
        return 0;
    size_t more = *cap ? *cap * 2 : 8;
    void *p = realloc(*v, more * element);
    if (!p)
        return -ENOMEM;
    *v = p;
    *cap = more;
    return 0;
}
