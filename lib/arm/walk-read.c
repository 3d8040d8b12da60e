/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the walks of all formats read, and as whom. */
#include "arm-int.h"

struct walk_for xmi_walk_by(const struct arm_regs *r, bool user)
{
    return (struct walk_for){.user = user,
                             .pan = r->cpsr & CPSR_PAN,
                             .wxn = r->sctlr & SCTLR_WXN,
                             .uwxn = r->sctlr & SCTLR_UWXN,
                             .big = r->sctlr & SCTLR_EE};
}

bool xmi_walk_read_raw(const struct arm_walk *w, uint64_t ipa, uint32_t bytes, uint64_t *out)
{
    const uint8_t *page = w->page(w->ctx, ipa >> PAGE_BITS);
    if (!page)
        return false;
    const void *p = page + (ipa & PAGE_MASK);
    *out = bytes == 8 ? __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED)
                      : __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    return true;
}

static enum arm_why read_entry(const struct arm_walk *w, uint64_t ipa, uint32_t bytes,
                               uint64_t *out)
{
    struct arm_trail *t = w->trail;
    if (!xmi_walk_read_raw(w, ipa, bytes, out))
        return ARM_NO_PLACE;
    if (t && t->n < ARM_TRAIL) {
        t->bytes = bytes;
        t->ipa[t->n] = ipa;
        t->raw[t->n] = *out;
    }
    if (t)
        t->n++;
    return ARM_OK;
}

enum arm_why xmi_walk_read64(const struct arm_walk *w, uint64_t ipa, bool big, uint64_t *out)
{
    enum arm_why why = read_entry(w, ipa, 8, out);
    if (!why && big)
        *out = __builtin_bswap64(*out);
    return why;
}

enum arm_why xmi_walk_read32(const struct arm_walk *w, uint64_t ipa, bool big, uint32_t *out)
{
    uint64_t v = 0;
    enum arm_why why = read_entry(w, ipa, 4, &v);
    *out = big ? __builtin_bswap32((uint32_t)v) : (uint32_t)v;
    return why;
}
