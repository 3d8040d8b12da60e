/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in a compressed file. Each format is a library of its own, which a build may be
 * without: then the file with -none in its name says -EOPNOTSUPP.
 */
#ifndef XMEM_UNPACK_H
#define XMEM_UNPACK_H

#include <stddef.h>

/* A text that grows up to max bytes; a NUL stands behind it. */
struct unpacked {
    char *text; /* freed by who has it */
    size_t len, room, max;
};

/* Room for more, at least 1 byte beside the NUL. -EFBIG, -ENOMEM. */
int xmi_unpack_room(struct unpacked *u);

/* Adds to u. -EBADMSG: broken, or cut; -EFBIG: more than u->max; -ENOMEM; -EOPNOTSUPP. */
int xmi_unpack_gz(const void *in, size_t n, struct unpacked *u);
int xmi_unpack_xz(const void *in, size_t n, struct unpacked *u);

#endif
