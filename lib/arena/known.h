/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session knows about the rights in one view: for each gfn the rights that are set
 * and those that were found, in one byte. A radix tree with 256 slots a level; a part that
 * is the same throughout takes one slot however large it is. It lies in an arena, where another process
 * may read it.
 */
#ifndef XMEM_KNOWN_H
#define XMEM_KNOWN_H

#include "arena/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A slot: 0 is uniformly 0; with bit 0 set, uniformly the byte in bits 1 to 8; else twice the number of
 * a unit: on level 1 of a leaf, 256 bytes; above of a node, 256 slots in ARENA_BIG units.
 */
#define KNOWN_FANOUT 256u

struct known {
    struct arena *arena;
    uint64_t *top;   /* in the arena: levels in the upper half, root in the lower one; NULL: nowhere */
    uint32_t root;   /* a slot */
    unsigned levels; /* 0: empty; the root covers 256^levels gfns */
    size_t nodes;    /* taken, for the memory figures */
    uint8_t *last;   /* bytes of a leaf that was looked at, NULL: none; */
    uint64_t last_at; /* which one that is, gfn >> 8 */
};

void known_init(struct known *k, struct arena *a, uint64_t *top);

/* A byte: rights set in the low half, rights found in the high one; 0 in a half: not known. */
#define KNOWN_SET 0x0fu
#define KNOWN_FOUND 0xf0u

/* In the low half: set, and not known to what. Its rights are KNOWN_NOTHING. */
#define KNOWN_UNSURE 5u

/* enum xmem_rights <-> half a byte; 0 is "not known", for which rights answer KNOWN_NOTHING. */
#define KNOWN_NOTHING 0xffu
extern const uint8_t known_codes[], known_rights_of[16];
extern const size_t known_codes_n;

static inline uint8_t known_code(uint8_t rights)
{
    return rights < known_codes_n ? known_codes[rights] : 0;
}
static inline uint8_t known_rights(uint8_t code)
{
    return known_rights_of[code & 15u];
}

static inline uint8_t known_set_of(uint8_t byte)
{
    return known_rights(byte & KNOWN_SET);
}
static inline uint8_t known_found_of(uint8_t byte)
{
    return known_rights((uint8_t)(byte >> 4));
}

/* The byte of gfn; and in *nr, on entry the most asked for, how many gfns from it have the same. */
uint8_t known_run(const struct known *k, uint64_t gfn, uint64_t *nr);
uint8_t known_get(const struct known *k, uint64_t gfn);
/*
 * Makes room, so that known_put() on this range cannot fail until another range that it
 * overlaps is put. -ENOMEM: nothing changed in what is known.
 */
int known_prepare(struct known *k, uint64_t gfn, uint64_t nr);
/* Replaces the halves named by mask (KNOWN_SET, KNOWN_FOUND) by those of value. -ENOMEM. */
int known_put(struct known *k, uint64_t gfn, uint64_t nr, uint8_t mask, uint8_t value);

/*
 * For going through gfns in order: begins as zeroes, and ends with a known_put() of both halves or a
 * known_clear(), by which its leaf may go.
 */
struct known_at {
    uint8_t *bytes; /* of the leaf that was looked up last */
    uint64_t leaf;  /* which one that is, gfn >> 8 */
};
uint8_t *known_at_far(const struct known *k, struct known_at *at, uint64_t gfn);
/* gfn's own byte, which may be written; NULL: it is in a part that is the same throughout. */
static inline uint8_t *known_at(const struct known *k, struct known_at *at, uint64_t gfn)
{
    if (at->bytes && at->leaf == gfn >> 8)
        return &at->bytes[gfn & 255u];
    return known_at_far(k, at, gfn);
}
/* Forgets all. */
void known_clear(struct known *k);

/* Calls fn for each run of equal bytes that are not 0, ascending; stops at a non-zero answer. */
typedef int (*known_fn)(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte);
int known_each(const struct known *k, known_fn fn, void *arg);
/* The same from gfn on. */
int known_each_from(const struct known *k, uint64_t gfn, known_fn fn, void *arg);

#endif
