/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 1 as the vCPU's registers say it, and AArch64's. Nothing is kept of what was read. */
#include "arm-int.h"

#include <string.h>

#define BIT(n) (UINT64_C(1) << (n))
#define MODE_MASK 0xfu
#define MODE_USR 0x0u

/* TCR_EL1; of TTBR1's the half that is 16 bits up, or the next bit. */
#define TCR_SZ 0x3fu
#define TCR_EPD BIT(7)
#define TCR_IPS(tcr) ((tcr) >> 32 & 7)
#define TCR_TBI BIT(37)
#define TCR_HA BIT(39)
#define TCR_HPD BIT(41)
#define TCR_E0PD BIT(55)
#define TCR_DS BIT(59)
#define SZ_MIN 16u
#define SZ_MAX 39u
#define IPS_52 6u

/* 0: reserved. */
static uint8_t granule(uint64_t tcr, bool high)
{
    static const uint8_t low_of[] = {12, 16, 14, 0}, high_of[] = {0, 14, 12, 16};
    return high ? high_of[tcr >> 30 & 3] : low_of[tcr >> 14 & 3];
}

/* 0: more than 48 bits, or reserved. What is beyond 48 needs granules of 64 KiB, or DS. */
static uint8_t out_bits(uint64_t tcr, unsigned page_bits)
{
    static const uint8_t of[] = {32, 36, 40, 42, 44, 48, 0, 0};
    uint64_t ips = TCR_IPS(tcr);
    return ips == IPS_52 && page_bits != 16 ? 48 : of[ips];
}

/* All bits above the input are as the one that chooses the table; without the tag, if it is one. */
static bool canonical(uint64_t va, uint64_t tcr, bool high, unsigned in_bits)
{
    unsigned top = tcr & TCR_TBI << high ? 56 : 64;
    uint64_t above = (va << (64 - top)) >> (64 - top) >> in_bits;
    return above == (high ? BIT(top - in_bits) - 1 : 0);
}

static enum arm_why a64_regime(const struct arm_regs *r, bool user, bool high, struct walk_long *l)
{
    uint64_t tcr = r->tcr, sz = tcr >> (high ? 16 : 0) & TCR_SZ;
    *l = (struct walk_long){.by = xmi_walk_by(r, user),
                            .ttbr = high ? r->ttbr1 : r->ttbr0,
                            .in_bits = (uint8_t)(64 - sz),
                            .page_bits = granule(tcr, high),
                            .epan = r->sctlr & SCTLR_EPAN,
                            .hw_access = tcr & TCR_HA,
                            .flat = tcr & TCR_HPD << high};
    l->out_bits = out_bits(tcr, l->page_bits);
    /* 52-bit forms; small spaces, which not every processor has; reserved granules. */
    if (tcr & TCR_DS || sz < SZ_MIN || sz > SZ_MAX || !l->page_bits || !l->out_bits)
        return ARM_UNSURE;
    if (user && tcr & TCR_E0PD << high) /* on processors that know the bit */
        return ARM_UNSURE;
    return ARM_OK;
}

static enum arm_why walk_a64(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                             bool user, struct arm_translation *out)
{
    bool high = va >> 55 & 1;
    struct walk_long l;
    enum arm_why why = a64_regime(r, user, high, &l);
    if (why)
        return why;
    if (!canonical(va, r->tcr, high, l.in_bits) || r->tcr & TCR_EPD << (high ? 16 : 0))
        return ARM_FAULTS;
    return xmi_walk_long(w, &l, va, out);
}

/*
 * A process in AArch32 state may have a kernel in either. The registers of AArch64's kernel are not
 * filled for an AArch32 one, and in the other case hold its stack, and how it came here.
 */
static bool kernel_is_a32(const struct arm_regs *r)
{
    if (!(r->cpsr & ARM_CPSR_32BIT))
        return false;
    return (r->cpsr & MODE_MASK) != MODE_USR || !(r->sp_el0 | r->sp_el1 | r->elr_el1);
}

/* Addresses with a tag, and those beyond what a processor has, are left to it. */
static enum arm_why identity(uint64_t va, bool a32, struct arm_translation *out)
{
    if (va >> (a32 ? 32 : 48))
        return ARM_UNSURE;
    *out = (struct arm_translation){.ipa = va, .read = true, .write = true, .execute = true};
    return ARM_OK;
}

enum arm_why xmi_arm_translate(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                               bool user, struct arm_translation *out)
{
    bool a32 = kernel_is_a32(r);
    memset(out, 0, sizeof(*out));
    if (!(r->sctlr & SCTLR_M))
        return identity(va, a32, out);
    if (!a32)
        return walk_a64(w, r, va, user, out);
    if (va >> 32)
        return ARM_UNSURE;
    return r->tcr & TTBCR_EAE ? xmi_walk_a32_long(w, r, va, user, out)
                              : xmi_walk_a32_short(w, r, va, user, out);
}

/* ---- again ---- */

#define CPSR_RELIED_ON (ARM_CPSR_MODE | CPSR_PAN)

static bool same_asked(const struct arm_walked *k, const struct arm_regs *r, uint64_t va, bool user)
{
    return k->used && k->page == va >> PAGE_BITS && k->user == user && k->sctlr == r->sctlr &&
           k->tcr == r->tcr && k->ttbr0 == r->ttbr0 && k->ttbr1 == r->ttbr1 &&
           k->cpsr == (r->cpsr & CPSR_RELIED_ON) && k->a32 == kernel_is_a32(r);
}

static bool same_entries(const struct arm_walk *w, const struct arm_trail *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        uint64_t raw;
        if (!xmi_walk_read_raw(w, t->ipa[i], t->bytes, &raw) || raw != t->raw[i])
            return false;
    }
    return true;
}

static void keep(struct arm_walked *k, const struct arm_regs *r, uint64_t va, bool user)
{
    k->page = va >> PAGE_BITS;
    k->user = user;
    k->sctlr = r->sctlr;
    k->tcr = r->tcr;
    k->ttbr0 = r->ttbr0;
    k->ttbr1 = r->ttbr1;
    k->cpsr = r->cpsr & CPSR_RELIED_ON;
    k->a32 = kernel_is_a32(r);
    k->out.ipa &= ~(uint64_t)PAGE_MASK;
    k->used = true;
}

enum arm_why xmi_arm_translate_again(const struct arm_walk *w, const struct arm_regs *r,
                                     uint64_t va, bool user, struct arm_walked *k,
                                     struct arm_translation *out)
{
    if (!same_asked(k, r, va, user) || !same_entries(w, &k->trail)) {
        const struct arm_walk with = {.ctx = w->ctx, .page = w->page, .trail = &k->trail};
        k->used = false;
        k->trail.n = 0;
        k->why = (uint8_t)xmi_arm_translate(&with, r, va, user, &k->out);
        if ((!k->why || k->out.by_domain) && k->trail.n <= ARM_TRAIL)
            keep(k, r, va, user);
    }
    *out = k->out;
    if (k->used)
        out->ipa |= va & PAGE_MASK;
    return (enum arm_why)k->why;
}
