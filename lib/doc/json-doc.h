/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A strict JSON document in which every value knows its line, column and JSON pointer.
 *
 * A scanner (json-scan.c) holds the grammar of RFC 8259, finds the places and keeps the texts of
 * numbers; json-text.c decodes the strings and finds keys that occur twice. Few allocations
 * make a document, and without memory for one there is none: a parser that makes an object
 * of each value may leave some out then.
 *
 * Getters report "file:line:column: [XM-nnn] /path: text" into the document's report, go
 * on with what they can, and count: xmi_json_doc_errors() tells whether the document is good.
 */
#ifndef XMEM_JSON_DOC_H
#define XMEM_JSON_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xmem.h>

#include "doc/messages.h"

#define JSON_MAX_DEPTH 32u
#define JSON_MAX_BYTES (16u << 20)
#define JSON_MAX_VALUES (1u << 21)
/* Integers above this are not exact in every reader of JSON: hexadecimal strings carry them. */
#define JSON_MAX_PLAIN ((UINT64_C(1) << 53) - 1)

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_doc;

struct json_value {
    uint8_t kind;                 /* enum json_kind */
    uint32_t start, end;          /* bytes of the text */
    uint32_t key_start, key_end;  /* member of an object: its key, with quotes; else 0 */
    uint32_t parent, next, child; /* numbers of values; JSON_NONE */
    uint32_t index;               /* in the parent */
    uint32_t count;               /* elements or members */
    const char *key;              /* decoded; member of an object */
    const char *text;             /* decoded; of a string */
};
#define JSON_NONE UINT32_MAX

/*
 * Reads and parses a file. r may be NULL. *out is freed by xmi_json_doc_free(). -EBADMSG not
 * JSON in the strict sense; -EFBIG; -ENOENT, -EACCES, -EISDIR and so on: the file.
 */
int xmi_json_doc_load(const char *path, struct xmem_report *r, struct json_doc **out);
/* The same from memory; the text is copied. name: what messages call it. */
int xmi_json_doc_parse(const char *name, const void *text, size_t len, struct xmem_report *r,
                       struct json_doc **out);
void xmi_json_doc_free(struct json_doc *doc);
const char *xmi_json_doc_name(const struct json_doc *doc);
/* A file that the document names: relative to its folder. Freed by the caller; NULL: no memory. */
char *xmi_json_doc_sibling(const struct json_doc *doc, const char *file);
const struct json_value *xmi_json_doc_root(const struct json_doc *doc);
size_t xmi_json_doc_errors(const struct json_doc *doc);

/* ---- places and messages ---- */

void xmi_json_position(const struct json_doc *doc, uint32_t offset, uint32_t *line,
                       uint32_t *column);
/* JSON pointer of v into buf, "/" for the root; cut where it does not fit. */
const char *xmi_json_pointer(const struct json_doc *doc, const struct json_value *v, char *buf,
                             size_t size);
/* An error at a value, or at its key. */
void xmi_json_error(struct json_doc *doc, const struct json_value *v, enum xm_message m,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void xmi_json_key_error(struct json_doc *doc, const struct json_value *v, enum xm_message m,
                        const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A warning at a value, with "warning: " before it: the document is as good as it was. */
void xmi_json_warning(struct json_doc *doc, const struct json_value *v, enum xm_message m,
                      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The bytes of a value in the text: what stands there for a number. */
const char *xmi_json_raw(const struct json_doc *doc, const struct json_value *v, size_t *n);
/* "an object", "a number" ... */
const char *xmi_json_kind_name(enum json_kind kind);

/* ---- walking ---- */

/* First element or member, and the one after v; NULL at the end. */
const struct json_value *xmi_json_first(const struct json_doc *doc, const struct json_value *v);
const struct json_value *xmi_json_next(const struct json_doc *doc, const struct json_value *v);
/* i-th element or member, or NULL; takes as long as i is large. */
const struct json_value *xmi_json_at(const struct json_doc *doc, const struct json_value *v,
                                     size_t i);
#define json_for_each(doc, it, of) \
    for (const struct json_value *it = xmi_json_first(doc, of); it; it = xmi_json_next(doc, it))

/* Member of an object, or NULL; no message. */
const struct json_value *xmi_json_find(const struct json_doc *doc, const struct json_value *object,
                                       const char *key);

/* ---- getters: false after a message, *out is then untouched ---- */

bool xmi_json_want(struct json_doc *doc, const struct json_value *v, enum json_kind kind);
/* Only these keys may be in the object (NULL ends the list). */
bool xmi_json_want_keys(struct json_doc *doc, const struct json_value *object,
                        const char *const *keys);
/* Member that must be there; NULL after a message. */
const struct json_value *xmi_json_need(struct json_doc *doc, const struct json_value *object,
                                       const char *key);
bool xmi_json_want_count(struct json_doc *doc, const struct json_value *v, uint32_t min,
                         uint32_t max);
bool xmi_json_get_bool(struct json_doc *doc, const struct json_value *v, bool *out);
/* Decoded; belongs to the document; 1 to max bytes. */
bool xmi_json_get_text(struct json_doc *doc, const struct json_value *v, size_t max,
                       const char **out);
/* A number, or a string as xmi_json_parse_u64() has it. */
bool xmi_json_get_u64(struct json_doc *doc, const struct json_value *v, uint64_t min, uint64_t max,
                      uint64_t *out);
bool xmi_json_get_u32(struct json_doc *doc, const struct json_value *v, uint32_t min, uint32_t max,
                      uint32_t *out);
/* One word of a list (NULL ends it); *out is its place. what: "rights", "an action". */
bool xmi_json_get_word(struct json_doc *doc, const struct json_value *v, const char *what,
                       const char *const *words, size_t *out);
/*
 * Decimal digits, or "0x" and hexadecimal ones, n bytes in all: what xmemctl takes for a number
 * as well. -EINVAL, -ERANGE. No message.
 */
int xmi_json_parse_u64(const char *s, size_t n, uint64_t *out);

#endif
