/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/xen/backend-xen.h"

#include <string.h>

#define WIDE_FROM 16u  /* 4.16 */
#define VGCF_ONLINE 1u /* the only flag that Xen hands out */
#define MARK 0x9du
#define MARK_BYTES 8u

_Static_assert(offsetof(struct xen_context_head, x) == 8, "user_regs");
_Static_assert(offsetof(struct xen_context_head, pc) == 256, "pc64");
_Static_assert(offsetof(struct xen_context_wide, spsr_el1) == 272, "spsr_el1");
_Static_assert(offsetof(struct xen_context_wide, spsr_fiq) == 280, "spsr_fiq");
_Static_assert(offsetof(struct xen_context_wide, tail) == 296, "sp_el0");
_Static_assert(sizeof(struct xen_context_wide) == 352, "vcpu_guest_context, 4.16 on");
_Static_assert(offsetof(struct xen_context_narrow, spsr_el1) == 268, "spsr_el1");
_Static_assert(offsetof(struct xen_context_narrow, tail) == 288, "sp_el0");
_Static_assert(sizeof(struct xen_context_narrow) == 344, "vcpu_guest_context, to 4.15");
_Static_assert(offsetof(struct xen_context_tail, sctlr) == 24, "sctlr");

static bool is_wide(uint32_t minor)
{
    return minor >= WIDE_FROM;
}

static size_t size_of(uint32_t minor)
{
    return is_wide(minor) ? sizeof(struct xen_context_wide) : sizeof(struct xen_context_narrow);
}

void xmi_xen_context_clear(union xen_context *c, uint32_t minor)
{
    memset(c, 0, sizeof(*c));
    memset(c->bytes + size_of(minor), MARK, MARK_BYTES);
}

bool xmi_xen_context_fits(const union xen_context *c, uint32_t minor)
{
    const uint8_t *p = c->bytes + size_of(minor);
    bool same = true;
    for (unsigned i = 0; i < MARK_BYTES; i++)
        same &= p[i] == MARK;
    return same;
}

static void get_head(const struct xen_context_head *h, struct arm_regs *out)
{
    memcpy(out->x, h->x, sizeof(out->x));
    out->pc = h->pc;
    out->online = h->flags & VGCF_ONLINE;
}

static void get_tail(const struct xen_context_tail *t, struct arm_regs *out)
{
    out->sp_el0 = t->sp_el0;
    out->sp_el1 = t->sp_el1;
    out->elr_el1 = t->elr_el1;
    out->sctlr = t->sctlr;
    out->tcr = t->tcr;
    out->ttbr0 = t->ttbr0;
    out->ttbr1 = t->ttbr1;
}

/* The same for both layouts, whose fields differ in width. */
#define GET_STATUS(c, r) \
    ((r)->cpsr = (c)->cpsr, (r)->spsr_el1 = (c)->spsr_el1, (r)->spsr_fiq = (c)->spsr_fiq, \
     (r)->spsr_irq = (c)->spsr_irq, (r)->spsr_und = (c)->spsr_und, (r)->spsr_abt = (c)->spsr_abt)

void xmi_xen_context_get(const union xen_context *c, uint32_t minor, struct arm_regs *out)
{
    get_head(&c->head, out);
    if (is_wide(minor))
        GET_STATUS(&c->wide, out);
    else
        GET_STATUS(&c->narrow, out);
    get_tail(is_wide(minor) ? &c->wide.tail : &c->narrow.tail, out);
}

static void set_head(struct xen_context_head *h, const struct arm_regs *in)
{
    memcpy(h->x, in->x, sizeof(h->x));
    h->pc = in->pc;
    h->flags = in->online ? VGCF_ONLINE : 0;
}

static void set_tail(struct xen_context_tail *t, const struct arm_regs *in)
{
    *t = (struct xen_context_tail){.sp_el0 = in->sp_el0,
                                   .sp_el1 = in->sp_el1,
                                   .elr_el1 = in->elr_el1,
                                   .sctlr = in->sctlr,
                                   .tcr = in->tcr,
                                   .ttbr0 = in->ttbr0,
                                   .ttbr1 = in->ttbr1};
}

static void set_wide(struct xen_context_wide *c, const struct arm_regs *in)
{
    c->cpsr = in->cpsr;
    c->spsr_el1 = in->spsr_el1;
    c->spsr_fiq = (uint32_t)in->spsr_fiq;
    c->spsr_irq = (uint32_t)in->spsr_irq;
    c->spsr_und = (uint32_t)in->spsr_und;
    c->spsr_abt = (uint32_t)in->spsr_abt;
    set_tail(&c->tail, in);
}

static void set_narrow(struct xen_context_narrow *c, const struct arm_regs *in)
{
    c->cpsr = (uint32_t)in->cpsr;
    c->spsr_el1 = (uint32_t)in->spsr_el1;
    c->spsr_fiq = (uint32_t)in->spsr_fiq;
    c->spsr_irq = (uint32_t)in->spsr_irq;
    c->spsr_und = (uint32_t)in->spsr_und;
    c->spsr_abt = (uint32_t)in->spsr_abt;
    set_tail(&c->tail, in);
}

void xmi_xen_context_set(union xen_context *c, uint32_t minor, const struct arm_regs *in)
{
    memset(c, 0, sizeof(*c));
    set_head(&c->head, in);
    if (is_wide(minor))
        set_wide(&c->wide, in);
    else
        set_narrow(&c->narrow, in);
}
