/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A load or store as a disassembler's text says it. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "arm.h"

#define NO_REG (-1)
#define ZERO_REG 31 /* A64 */
#define SP_REG 32   /* A64; of A32 it is 13 */

struct shift {
    char kind[5]; /* lsl, uxtw, rrx, ...; empty: none */
    unsigned by;
};

struct text {
    bool load, store, atomic, exclusive, prefetch, vector;
    unsigned bytes, regs; /* of each register */
    int reg[16];
    int status; /* of a store-exclusive; compared with, or operand, of an atomic */
    int base, index;
    bool minus, before, back; /* index subtracted; offset added before the access; written back */
    bool many, down,
        ahead; /* of multiple: towards lower addresses, and beginning beyond the base */
    int64_t offset;
    bool literal;
    uint64_t at;
    struct shift shift;
};

/* False: no load or store. name without condition and width. */
bool text_parse(enum arm_set set, const char *name, const char *operands, struct text *out);

#endif
