/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scanner under json-doc.c: grammar and places. */
#ifndef XMEM_JSON_SCAN_H
#define XMEM_JSON_SCAN_H

#include "doc/json-doc.h"

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

#endif
