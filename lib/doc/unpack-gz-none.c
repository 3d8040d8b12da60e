/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A build without zlib. */
#include <errno.h>

#include "doc/doc-int.h"

int xmi_unpack_gz(const void *in, size_t n, struct unpacked *u)
{
    (void)in;
    (void)n;
    (void)u;
    return -EOPNOTSUPP;
}
