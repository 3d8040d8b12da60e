/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of 8-byte entries: AArch64's, and AArch32's large ones (LPAE). */
#include "arm-int.h"

#define BIT(n) (UINT64_C(1) << (n))
#define ADDRESS (BIT(48) - BIT(12))
#define BEYOND_48 (BIT(49) | BIT(48)) /* addresses of 52 bits */
#define LEVEL_LAST 3u

/* Of an entry. */
#define VALID BIT(0)
#define TABLE BIT(1) /* or a page of the last level; clear in blocks */
#define ATTR_INDEX(d) ((d) >> 2 & 7)
#define AP_USER BIT(6)
#define AP_READ_ONLY BIT(7)
#define ACCESSED BIT(10)
#define NOT_CACHED BIT(16) /* blocks: nT */
#define PXN BIT(53)
#define UXN BIT(54) /* AArch32: XN, at either privilege */
/* Of tables, for all below. */
#define PXN_TABLE BIT(59)
#define UXN_TABLE BIT(60)
#define NO_USER_TABLE BIT(61)
#define READ_ONLY_TABLE BIT(62)

struct step {
    uint64_t table;
    unsigned level, shift, index_bits;
    uint64_t limits; /* of all tables so far */
    uint64_t odd;    /* bits that neither a table nor a page should have, for whatever reason */
};

static uint64_t below(unsigned bits)
{
    return BIT(bits) - 1;
}

/* The first table may be shorter than a page, or be a few entries; ASID and CnP are no part of its address. */
static enum arm_why begin(const struct walk_long *l, struct step *s)
{
    unsigned stride = l->page_bits - 3u;
    unsigned levels = (l->in_bits - l->page_bits + stride - 1) / stride;
    s->level = LEVEL_LAST + 1 - levels;
    s->shift = l->page_bits + stride * (levels - 1);
    s->index_bits = l->in_bits - s->shift;
    s->limits = 0;
    s->odd = BEYOND_48 | (ADDRESS & (below(l->page_bits) | ~below(l->out_bits)));
    s->table = l->ttbr & below(48) & ~BIT(0);
    if (s->table & below(s->index_bits + 3))
        return ARM_UNSURE;
    return s->table >> l->out_bits ? ARM_FAULTS : ARM_OK;
}

/* May there be blocks in that level? Never in the last one, whose pages look like tables. */
static enum arm_why block_at(const struct walk_long *l, unsigned level)
{
    if (level == 2 || (level == 1 && l->page_bits == 12))
        return ARM_OK;
    return level == 1 && l->page_bits == 16 ? ARM_UNSURE : ARM_FAULTS; /* with 52 bits there may */
}

/* What d says is there; *last: no table. */
static enum arm_why look(const struct walk_long *l, const struct step *s, uint64_t d, bool *last)
{
    bool block = !(d & TABLE);
    *last = block || s->level == LEVEL_LAST;
    if ((d & (s->odd | TABLE | VALID)) == (TABLE | VALID))
        return ARM_OK;
    if (!(d & VALID))
        return ARM_FAULTS;
    enum arm_why why = block ? block_at(l, s->level) : ARM_OK;
    uint64_t zero = BEYOND_48 | (below(block ? s->shift : l->page_bits) & ADDRESS);
    if (block)
        zero &= ~NOT_CACHED;
    if (!why && d & zero)
        return ARM_UNSURE;
    return why ? why : (d & ADDRESS) >> l->out_bits ? ARM_FAULTS : ARM_OK;
}

static void user_rights(const struct walk_long *l, bool write, bool xn, struct arm_translation *out)
{
    out->write = write;
    out->execute = !xn && !(l->by.wxn && write) && (!l->a32 || out->read);
}

/* What a process may write its kernel does not execute, in AArch64. */
static void kernel_rights(const struct walk_long *l, bool read_only, bool users, bool xn,
                          struct arm_translation *out)
{
    bool user_writes = users && !read_only;
    out->read = !(l->by.pan && users);
    out->write = out->read && !read_only;
    out->execute = !xn && !(l->by.wxn && !read_only) && !(user_writes && (!l->a32 || l->by.uwxn));
}

/*
 * A page that is clean and may be written (DBM) is read-only until the processor makes it dirty: left to
 * it, since it would have to be marked.
 */
static enum arm_why rights(const struct walk_long *l, uint64_t d, uint64_t limits,
                           struct arm_translation *out)
{
    bool users = d & AP_USER && !(limits & NO_USER_TABLE);
    bool read_only = d & AP_READ_ONLY || limits & READ_ONLY_TABLE;
    bool uxn = d & UXN || limits & UXN_TABLE, pxn = d & PXN || limits & PXN_TABLE;
    if (l->by.user) {
        out->read = users;
        user_rights(l, users && !read_only, uxn, out);
        return ARM_OK;
    }
    kernel_rights(l, read_only, users, pxn || (l->a32 && uxn), out);
    /* PAN of what a process may execute only: with EPAN, where the processor has that. */
    return l->by.pan && l->epan && !users && !uxn ? ARM_UNSURE : ARM_OK;
}

static enum arm_why finish(const struct walk_long *l, const struct step *s, uint64_t d, uint64_t va,
                           struct arm_translation *out)
{
    if (!(d & ACCESSED))
        return l->hw_access ? ARM_UNSURE : ARM_FAULTS;
    struct arm_translation t = {.ipa = (d & ADDRESS & ~below(s->shift)) | (va & below(s->shift)),
                                .attr_index = ATTR_INDEX(d),
                                .level = (uint8_t)s->level};
    enum arm_why why = rights(l, d, s->limits, &t);
    if (!why)
        *out = t;
    return why;
}

static void descend(const struct walk_long *l, struct step *s, uint64_t d)
{
    s->table = d & ADDRESS;
    s->level++;
    s->index_bits = l->page_bits - 3u;
    s->shift -= s->index_bits;
    if (!l->flat)
        s->limits |= d;
}

enum arm_why xmi_walk_long(const struct arm_walk *w, const struct walk_long *l, uint64_t va,
                           struct arm_translation *out)
{
    struct step s;
    enum arm_why why = begin(l, &s);
    while (!why) {
        uint64_t d, index = va >> s.shift & below(s.index_bits);
        bool last = false;
        why = xmi_walk_read64(w, s.table + index * 8, l->by.big, &d);
        if (!why)
            why = look(l, &s, d, &last);
        if (!why && last)
            return finish(l, &s, d, va, out);
        if (!why)
            descend(l, &s, d);
    }
    return why;
}
