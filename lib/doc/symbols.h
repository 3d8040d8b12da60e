/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbol files: a System.map, /proc/kallsyms, the output of nm (plain, -n, -S, -C), the JSON of
 * dwarf2json; plain, or compressed by gzip or xz. They are hostile: what does not look like a
 * symbol says nothing, and a file without any is refused.
 */
#ifndef XMEM_SYMBOLS_H
#define XMEM_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

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

#endif
