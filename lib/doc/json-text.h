/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings of a document that the scanner took: decoded, and keys compared. */
#ifndef XMEM_JSON_TEXT_H
#define XMEM_JSON_TEXT_H

#include "doc/json-doc.h"

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

#endif
