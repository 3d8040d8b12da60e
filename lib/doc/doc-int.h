/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this room share; sim-file.h has what needs the simulated machine. */
#ifndef XMEM_DOC_INT_H
#define XMEM_DOC_INT_H

#include "doc/doc.h"

#include <stddef.h>

/* ---- json-scan.c: grammar and places ---- */

struct json_scan {
    const char *text;
    uint32_t len, at;
    uint32_t key_start, key_end; /* of the value that comes next */
    struct json_value *values;   /* values[0] is the root; parents before children */
    uint32_t n;
    size_t room;
    /* The first error, if there is one */
    enum xm_message message;
    uint32_t error_at;     /* byte */
    uint32_t error_parent; /* value that was being read, or what holds it; JSON_NONE */
    char error[160];
};

/* text[len] is NUL. 0; -EBADMSG with the error in s; -ENOMEM. The caller frees s->values. */
int xmi_json_scan(struct json_scan *s, const char *text, uint32_t len);

/* ---- json-text.c: texts ---- */

/* Strings of a document that the scanner took: decoded, and keys compared. */

/*
 * Decodes all keys and strings of the n values into one block, *out, which they then point into
 * and which the caller frees. len: of the text. -ENOMEM.
 */
int xmi_json_decode(struct json_value *values, uint32_t n, const char *text, uint32_t len,
                    char **out);

/* Called for each key that an earlier member of its object has; both by their numbers. */
typedef void (*json_twice_fn)(void *arg, uint32_t value, uint32_t first);
/* -ENOMEM: not all were compared. */
int xmi_json_find_twice(const struct json_value *values, uint32_t n, json_twice_fn fn, void *arg);

/* ---- unpack*.c: compressed files ---- */

/*
 * What is in a compressed file. Each format is a library of its own, which a build may be
 * without: then the file with -none in its name says -EOPNOTSUPP.
 */

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
