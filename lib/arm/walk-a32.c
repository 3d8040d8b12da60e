/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of an AArch32 kernel. With short descriptors each page belongs to a domain, and DACR, which
 * says what domains are good for, is not among the registers: see xmi_arm_translate().
 */
#include "arm-int.h"

#define BIT(n) (UINT64_C(1) << (n))

/* TTBCR, long descriptors; TTBCR2 is its upper half. */
#define LONG_T2E BIT(6)
#define LONG_EPD0 BIT(7)
#define LONG_EPD1 BIT(23)
#define LONG_HPD0 BIT(41)
#define LONG_HPD1 BIT(42)
#define LONG_OUT_BITS 40u

/* va's uppermost bits, n of them. */
static uint64_t top(uint64_t va, uint64_t n)
{
    return va >> (32 - n);
}

static bool long_is_high(uint64_t va, uint64_t low_sz, uint64_t high_sz)
{
    if (high_sz)
        return top(va, high_sz) == BIT(high_sz) - 1;
    return low_sz && top(va, low_sz);
}

enum arm_why xmi_walk_a32_long(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                               bool user, struct arm_translation *out)
{
    uint64_t tcr = r->tcr, low_sz = tcr & 7, high_sz = tcr >> 16 & 7;
    bool high = long_is_high(va, low_sz, high_sz);
    if (!high && low_sz && top(va, low_sz))
        return ARM_FAULTS; /* between the two */
    if (tcr & (high ? LONG_EPD1 : LONG_EPD0))
        return ARM_FAULTS;
    const struct walk_long l = {.by = xmi_walk_by(r, user),
                                .ttbr = high ? r->ttbr1 : r->ttbr0,
                                .in_bits = (uint8_t)(32 - (high ? high_sz : low_sz)),
                                .out_bits = LONG_OUT_BITS,
                                .page_bits = 12,
                                .a32 = true,
                                .flat = tcr & LONG_T2E && tcr & (high ? LONG_HPD1 : LONG_HPD0)};
    return xmi_walk_long(w, &l, va, out);
}

/* ---- short descriptors ---- */

#define SHORT_PD0 BIT(4)
#define SHORT_PD1 BIT(5)
#define TYPE(d) ((d)&3u)
#define TYPE_NONE 0u
#define TYPE_FIRST 1u /* a table in the first level, a large page in the second */
#define SECTION_BITS 20u
#define SUPER (1u << 18)
#define SUPER_BITS 24u
#define LARGE_BITS 16u
#define SMALL_BITS 12u

/* A leaf of any of the four sizes, its fields in one place. */
struct leaf {
    uint64_t address;
    uint32_t bits, ap, attr, level;
    bool xn, pxn;
};

static struct leaf section(uint32_t d)
{
    struct leaf l = {.bits = d & SUPER ? SUPER_BITS : SECTION_BITS,
                     .ap = (d >> 13 & 4) | (d >> 10 & 3),
                     .attr = (d >> 10 & 0x1c) | (d >> 2 & 3),
                     .level = 1,
                     .xn = d & BIT(4),
                     .pxn = d & BIT(0)};
    l.address = d >> l.bits << l.bits;
    if (d & SUPER)
        l.address |= (uint64_t)(d >> 20 & 0xf) << 32 | (uint64_t)(d >> 5 & 0xf) << 36;
    return l;
}

static struct leaf page(uint32_t d, bool pxn)
{
    bool large = TYPE(d) == TYPE_FIRST;
    struct leaf l = {.bits = large ? LARGE_BITS : SMALL_BITS,
                     .ap = (d >> 7 & 4) | (d >> 4 & 3),
                     .attr = ((large ? d >> 10 : d >> 4) & 0x1c) | (d >> 2 & 3),
                     .level = 2,
                     .xn = d & (large ? BIT(15) : BIT(0)),
                     .pxn = pxn};
    l.address = d >> l.bits << l.bits;
    return l;
}

static enum arm_why second(const struct arm_walk *w, uint32_t first, uint64_t va, bool big,
                           struct leaf *out)
{
    uint32_t d;
    uint64_t at = (first & ~UINT32_C(0x3ff)) + (va >> 12 & 0xff) * 4;
    enum arm_why why = xmi_walk_read32(w, at, big, &d);
    if (why)
        return why;
    *out = page(d, first & BIT(2));
    return TYPE(d) == TYPE_NONE ? ARM_FAULTS : ARM_OK;
}

static enum arm_why find(const struct arm_walk *w, uint64_t table, uint64_t index, uint64_t va,
                         bool big, struct leaf *out)
{
    uint32_t d;
    enum arm_why why = xmi_walk_read32(w, table + index * 4, big, &d);
    if (why)
        return why;
    if (TYPE(d) == TYPE_NONE)
        return ARM_FAULTS;
    if (TYPE(d) == TYPE_FIRST)
        return second(w, d, va, big, out);
    *out = section(d);
    return ARM_OK;
}

/* AP[2:0], or AP[2:1] with the access flag beneath; users, writes: of the process, of the kernel. */
struct ap {
    bool user_read, user_write, read, write;
};

static enum arm_why rights_of(const struct arm_regs *r, uint32_t ap, struct ap *out)
{
    static const struct ap full[] = {{false, false, false, false}, {false, false, true, true},
                                     {true, false, true, true},    {true, true, true, true},
                                     {false, false, false, false}, {false, false, true, false},
                                     {true, false, true, false},   {true, false, true, false}};
    static const struct ap simple[] = {{false, false, true, true},
                                       {true, true, true, true},
                                       {false, false, true, false},
                                       {true, false, true, false}};
    if (!(r->sctlr & SCTLR_AFE)) {
        *out = full[ap];
        return ap == 4 ? ARM_UNSURE : ARM_OK; /* reserved */
    }
    *out = simple[ap >> 1];
    if (ap & 1)
        return ARM_OK;
    return r->sctlr & SCTLR_HA ? ARM_UNSURE : ARM_FAULTS;
}

static void allow(const struct walk_for *by, const struct leaf *l, const struct ap *ap,
                  struct arm_translation *out)
{
    if (by->user) {
        out->read = ap->user_read;
        out->write = ap->user_write;
        out->execute = ap->user_read && !l->xn && !(by->wxn && ap->user_write);
        return;
    }
    bool hidden = by->pan && ap->user_read;
    out->read = ap->read && !hidden;
    out->write = ap->write && !hidden;
    out->execute = ap->read && !l->xn && !l->pxn && !(by->wxn && ap->write) &&
                   !(by->uwxn && ap->user_write);
}

static enum arm_why finish(const struct arm_regs *r, const struct leaf *l, uint64_t va, bool user,
                           struct arm_translation *out)
{
    struct walk_for by = xmi_walk_by(r, user);
    struct ap ap;
    enum arm_why why = rights_of(r, l->ap, &ap);
    if (why)
        return why;
    out->ipa = l->address | (va & (BIT(l->bits) - 1));
    out->attr_index = (uint8_t)l->attr;
    out->level = (uint8_t)l->level;
    out->by_domain = true;
    allow(&by, l, &ap, out);
    return ARM_UNSURE;
}

enum arm_why xmi_walk_a32_short(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                                bool user, struct arm_translation *out)
{
    uint64_t n = r->tcr & 7;
    bool high = n && top(va, n);
    struct leaf leaf;
    if (r->tcr & (high ? SHORT_PD1 : SHORT_PD0))
        return ARM_FAULTS;
    if (high)
        n = 0;
    uint64_t ttbr = (uint32_t)(high ? r->ttbr1 : r->ttbr0);
    uint64_t index = (va & (BIT(32 - n) - 1)) >> SECTION_BITS;
    enum arm_why why = find(w, ttbr >> (14 - n) << (14 - n), index, va, r->sctlr & SCTLR_EE, &leaf);
    return why ? why : finish(r, &leaf, va, user, out);
}
