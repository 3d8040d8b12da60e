/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents, for the others. */
#ifndef XMEM_DOC_H
#define XMEM_DOC_H

#include "base/base.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xmem.h>

/* ---- the registry of messages ---- */

/*
 * The one registry of diagnostics: XM-nnn numbers and what each is about. A number
 * is never given to another message. xmem-policy(5) lists them; a test compares.
 * 1nn: the document and its values; 2nn: policies; 3nn: a policy on a domain; 4nn: machines;
 * 5nn: warnings; the policy is valid.
 */

#define XM_MESSAGES(X) \
    X(100, MORE, "there are more errors than are shown") \
    X(101, EMPTY, "the document is empty") \
    X(102, UTF8, "not valid UTF-8") \
    X(103, DEPTH, "nested too deeply") \
    X(104, SIZE, "the file is too large") \
    X(105, READ, "the file cannot be read") \
    X(106, SYNTAX, "not JSON at this place") \
    X(107, TRAILING, "text behind the end of the document") \
    X(108, DUPLICATE, "a key occurs twice in one object") \
    X(109, NOT_JSON_WORD, "a word that JSON does not have, as NaN or Infinity") \
    X(110, COMMENT, "a comment; JSON has none") \
    X(111, TRAILING_COMMA, "a comma behind the last element") \
    X(112, QUOTES, "single quotes; JSON has double quotes only") \
    X(113, NUMBER, "a malformed number") \
    X(114, STRING, "a malformed string") \
    X(115, END, "the document ends too early") \
    X(116, VALUES, "too many values") \
    X(120, UNKNOWN_KEY, "a key that is not known here") \
    X(121, MISSING_KEY, "a key that must be here is missing") \
    X(122, TYPE, "a value of the wrong type") \
    X(123, INTEGER, "not an integer") \
    X(124, RANGE, "a number out of range") \
    X(125, HEX, "a malformed number in a string") \
    X(126, WORD, "a word that is not known here") \
    X(127, TEXT_LENGTH, "a text that is empty or too long") \
    X(128, COUNT, "an array or object with too few or too many elements") \
    X(201, VERSION, "a version of the policy language that is not known") \
    X(202, GFN_RANGE, "a malformed range of gfns") \
    X(203, BACKWARDS, "a range that ends before it begins") \
    X(204, GFN_LIMIT, "a gfn of 2^40 or more") \
    X(205, SYMBOL_FILE, "the symbol file cannot be used") \
    X(206, SYMBOL_UNKNOWN, "the symbol file lacks a symbol") \
    X(207, SYMBOL_TWICE, "a symbol with several addresses") \
    X(208, SYMBOL_ORDER, "symbols that do not enclose anything") \
    X(209, SYMBOL_BASE, "a symbol below the base or beyond the address space") \
    X(210, REGION_UNKNOWN, "a region that is not defined") \
    X(211, VIEW_UNKNOWN, "a view that is not defined") \
    X(212, OVERLAP, "two rules speak of the same gfn in the same view") \
    X(213, NAME_TWICE, "a name is used twice") \
    X(214, NAME_RESERVED, "a name that is reserved") \
    X(215, REMAP_TWICE, "a gfn of a view is remapped twice") \
    X(216, REMAP_SELF, "a gfn is remapped to itself") \
    X(217, ACTION_VIEW, "an action with a view that has none, or the reverse") \
    X(218, ACCESS_FILTER, "a malformed access filter") \
    X(219, ACTION_UNREACHABLE, "an action that can never be taken") \
    X(220, MONITOR_REASON, "a reason that has no monitor") \
    X(221, MONITOR_OPTION, "an option that this monitor does not have") \
    X(222, MONITOR_TWICE, "an event is monitored twice") \
    X(223, RIGHTS_HERE, "rights that have no meaning here") \
    X(224, TOO_MANY_RANGES, "too many ranges over all rules") \
    X(225, MONITOR_ACTION, "an action that this event does not allow") \
    X(226, PATCH, "a malformed patch of a copied page") \
    X(227, ANCHOR, "a malformed anchor") \
    X(301, RIGHTS_UNSUPPORTED, "this kind of domain cannot express the rights") \
    X(302, VIEWS_UNSUPPORTED, "this kind of domain has no views, or too few") \
    X(303, GFN_TOO_HIGH, "a gfn above the highest of the domain") \
    X(304, MONITOR_UNSUPPORTED, "this kind of domain does not report the event") \
    X(305, ACTION_UNSUPPORTED, "this kind of domain cannot do the action") \
    X(306, NO_MEM_ACCESS, "the domain has no memory-access control") \
    X(307, APPLY, "a step of applying failed; everything was put back") \
    X(308, CANCELLED, "applying was stopped; says whether all was put back") \
    X(309, ROLLBACK, "a step of putting back failed") \
    X(310, SESSION, "the session could not be asked") \
    X(312, HOLE, "a gfn without a page") \
    X(313, ANCHOR_MISSED, "an anchor that is not in the guest, or may be in two places") \
    X(401, RELEASE, "a Xen release that is not known") \
    X(402, VCPU, "a vCPU that the domain does not have") \
    X(403, PROGRAM, "a program that is not exactly one of script, random and trace") \
    X(404, PROGRAM_GFN, "a gfn outside the domain's frames") \
    X(405, PROGRAM_TWICE, "a vCPU with two programs") \
    X(406, DOMAIN_TWICE, "two domains with one name or number") \
    X(407, TRACE, "the memory trace cannot be used") \
    X(408, FAULT, "a fault that is not exactly one of those that there are") \
    X(409, KIND_OPTION, "an option that this kind of machine does not have") \
    X(410, MACHINE, "the simulated machine refuses the description") \
    X(411, OP_FIELD, "a field that this op does not have, or lacks") \
    X(500, MORE_WARNINGS, "there are more warnings than are shown") \
    X(501, NEVER_DECIDES, "an action that never decides") \
    X(502, REACH, "the guest can go by itself to a view where what a rule stops passes") \
    X(503, REACH_OTHERS, "views that were there before, where the guest may go by itself") \
    X(504, SHOWN_TWICE, "a page shows at a second gfn, where what a rule stops passes") \
    X(505, STRICT_PAUSES, "strict stepping, where nothing steps over an access so") \
    X(506, NO_ANCHOR, "symbols that no anchor holds against the guest") \
    X(521, TRACE_DAMAGED, "lines of a memory trace that cannot be read are left out")

enum xm_message {
#define X(number, id, about) XM_MSG_##id = number,
    XM_MESSAGES(X)
#undef X
};

struct xm_message_info {
    unsigned number;
    const char *about;
};
/* i-th entry of the registry, in order of numbers, or NULL. */
const struct xm_message_info *xm_message_at(size_t i);

/* ---- report.c: reports ---- */

/* The filling side of struct xmem_report; its reading side is in <xmem.h>. */

/* More errors than these say nothing new: one last message tells that there are more. */
#define REPORT_MAX 20u

struct report_pos {
    const char *file;
    uint32_t line, column; /* 0: none */
    const char *path;      /* JSON pointer */
};

/* Strings are copied. r may be NULL; without memory the message is lost, and xmi_report_lost() says so. */
void xmi_report_add(struct xmem_report *r, enum xm_message m, const struct report_pos *pos,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void xmi_report_vadd(struct xmem_report *r, enum xm_message m, const struct report_pos *pos,
                     const char *fmt, va_list args) __attribute__((format(printf, 4, 0)));
/* Was one lost since this was asked last? What says nothing then must not say that it did. */
bool xmi_report_lost(struct xmem_report *r);

/* ---- json-doc.c, json-get.c: JSON ---- */

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

/* ---- symbols*.c: symbol files ---- */

/*
 * Symbol files: a System.map, /proc/kallsyms, the output of nm (plain, -n, -S, -C), the JSON of
 * dwarf2json; plain, or compressed by gzip or xz. They are hostile: what does not look like a
 * symbol says nothing, and a file without any is refused.
 */

struct symbols {
    char *text;       /* unpacked, with a NUL behind it; NULL in an empty one */
    const char *from; /* in text, behind a byte order mark */
    size_t len;
};

struct symbol {
    const char *name, *module; /* not ended by a NUL; module: "ext4" of "[ext4]", or NULL */
    size_t len, module_len;
    uint64_t address;
    bool code;   /* its type says that it is in the text */
    bool narrow; /* its address has 32 bits */
};

typedef void (*symbol_fn)(void *arg, const struct symbol *s);

/* 0, or a negative errno value and in why what is behind the name of the file: "cannot be read: ..." */
int xmi_symbols_load(const char *path, struct symbols *out, struct xmem_error *why);
void xmi_symbols_free(struct symbols *s);
/*
 * fn for each symbol, in the order of the file. The Thumb bit is taken off: in a file of 32-bit
 * addresses in which most of the functions are odd they are so for that bit. 0, -EBADMSG or
 * -ENOMEM, as above; fn may have been called.
 */
int xmi_symbols_each(const struct symbols *s, symbol_fn fn, void *arg, struct xmem_error *why);
/* symbols-isf.c: the same of a JSON document. */
int xmi_symbols_each_isf(const struct symbols *s, symbol_fn fn, void *arg, struct xmem_error *why);

/* ---- sim-open.c: connections to simulated machines ---- */

struct sim_machine;

/* What stands behind "sim:", as an op of backend.h: a file that describes the machine, or nothing. */
int xmi_sim_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
                 struct xmem_error *err);

/* For tests: a connection to m, which stays the caller's and must live longer than the connection. */
int xmi_open_machine(struct sim_machine *m, struct xmem **out);

#endif
