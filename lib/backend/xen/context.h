/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct vcpu_guest_context of Xen on Arm (public/arch-arm.h), and our registers. Two layouts, of
 * 64-bit and 32-bit hypervisors alike: cpsr and spsr_el1 have 64 bits from 4.16 on. Before 4.14 sctlr has
 * 32, with padding behind it that Xen hands out as zero and does not look at.
 */
#ifndef XMEM_XEN_CONTEXT_H
#define XMEM_XEN_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arm/arm.h"

struct xen_context_head {
    uint32_t flags, pad;
    uint64_t x[31], pc;
};

struct xen_context_tail {
    uint64_t sp_el0, sp_el1, elr_el1;
    uint64_t sctlr, tcr, ttbr0, ttbr1;
};

struct xen_context_wide {
    struct xen_context_head head;
    uint64_t cpsr, spsr_el1;
    uint32_t spsr_fiq, spsr_irq, spsr_und, spsr_abt;
    struct xen_context_tail tail;
};

struct xen_context_narrow {
    struct xen_context_head head;
    uint32_t cpsr, spsr_el1;
    uint32_t spsr_fiq, spsr_irq, spsr_und, spsr_abt;
    struct xen_context_tail tail;
};

/* libxenctrl copies as many bytes as its own header says: there is room for more. */
#define XEN_CONTEXT_ROOM 1024u
union xen_context {
    struct xen_context_head head;
    struct xen_context_wide wide;
    struct xen_context_narrow narrow;
    uint8_t bytes[XEN_CONTEXT_ROOM];
};

/* To be read into: all zero, but for a mark behind what 4.minor is known to have. */
void xmi_xen_context_clear(union xen_context *c, uint32_t minor);
/* False: longer than known, so of another layout. */
bool xmi_xen_context_fits(const union xen_context *c, uint32_t minor);
void xmi_xen_context_get(const union xen_context *c, uint32_t minor, struct arm_regs *out);
void xmi_xen_context_set(union xen_context *c, uint32_t minor, const struct arm_regs *in);

#endif
