/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers in an event: one table per interface says where each stands. */
#include "ring/ring.h"

#include <string.h>

/* Bytes from the start of vm_event_regs_x86; the same two tables serve both directions. */
struct field {
    uint16_t at; /* in struct xmem_regs_x86 */
    uint8_t bytes;
    uint16_t in[RING_VERSION_MAX - RING_VERSION_MIN + 1]; /* in the event, by interface */
};

#define NONE 0xffffu
#define SELECTOR_LIMIT 20u /* bits */
#define F64(f, ...) \
    { \
        offsetof(struct xmem_regs_x86, f), 8, \
        { \
            __VA_ARGS__ \
        } \
    }
#define F16(f, ...) \
    { \
        offsetof(struct xmem_regs_x86, f), 2, \
        { \
            __VA_ARGS__ \
        } \
    }

/*
 * rax to r15 and rflags are at 0 to 128 in all of them. Interface 3 has no dr6, 4 has no
 * gdtr, and 7 put npt_base and vmtrace_pos before the segments' bases.
 */
static const struct field fields[] = {
    F64(dr6, NONE, 136, 136, 136, 136),         F64(dr7, 136, 144, 144, 144, 144),
    F64(rip, 144, 152, 152, 152, 152),          F64(cr0, 152, 160, 160, 160, 160),
    F64(cr2, 160, 168, 168, 168, 168),          F64(cr3, 168, 176, 176, 176, 176),
    F64(cr4, 176, 184, 184, 184, 184),          F64(sysenter_cs, 184, 192, 192, 192, 192),
    F64(sysenter_esp, 192, 200, 200, 200, 200), F64(sysenter_eip, 200, 208, 208, 208, 208),
    F64(msr_efer, 208, 216, 216, 216, 216),     F64(msr_star, 216, 224, 224, 224, 224),
    F64(msr_lstar, 224, 232, 232, 232, 232),    F64(gdtr_base, NONE, NONE, 240, 240, 240),
    F64(fs_base, 232, 256, 264, 264, 280),      F64(gs_base, 240, 264, 272, 272, 288),
    F64(shadow_gs, NONE, 296, 304, 304, 320),   F16(gdtr_limit, NONE, NONE, 312, 312, 328),
    F16(cs_sel, NONE, 304, 314, 314, 330),      F16(ss_sel, NONE, 306, 316, 316, 332),
    F16(ds_sel, NONE, 308, 318, 318, 334),      F16(es_sel, NONE, 310, 320, 320, 336),
    F16(fs_sel, NONE, 312, 322, 322, 338),      F16(gs_sel, NONE, 314, 324, 324, 340),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))
#define GENERAL_BYTES (17 * sizeof(uint64_t)) /* rax to r15, rflags */

static uint16_t field_at(const struct ring *r, const struct field *f)
{
    return f->in[r->version - RING_VERSION_MIN];
}

uint32_t xmi_ring_regs_pc(uint32_t version, uint32_t arch)
{
    static const uint16_t rip[] = {144, 152, 152, 152, 152};
    return arch == XMEM_ARCH_ARM ? (uint32_t)offsetof(struct xmem_regs_arm, pc)
                                 : rip[version - RING_VERSION_MIN];
}

void xmi_ring_regs_where(const struct ring *r, const uint8_t *data, uint64_t *rip, uint64_t *cr3)
{
    static const uint16_t cr3_at[] = {168, 176, 176, 176, 176};
    memcpy(rip, data + xmi_ring_regs_pc(r->version, XMEM_ARCH_X86), sizeof(*rip));
    memcpy(cr3, data + cr3_at[r->version - RING_VERSION_MIN], sizeof(*cr3));
}

/* rip, cr0, cr2, cr3, cr4, three of sysenter's and efer stand together, and so do all bases. */
bool xmi_ring_regs_addressing(const struct ring *r, const uint8_t *data,
                              struct ring_addressing *out)
{
    static const uint16_t bases[] = {NONE, 240, 248, 248, 264};
    uint16_t at = bases[r->version - RING_VERSION_MIN];
    uint64_t from_rip[9];
    struct {
        uint32_t cs, ss, ds, es;
        uint64_t fs, gs;
        uint32_t cs_word, ss_word; /* a limit, and attributes above it */
    } seg;
    if (at == NONE)
        return false;
    memcpy(from_rip, data + xmi_ring_regs_pc(r->version, XMEM_ARCH_X86), sizeof(from_rip));
    memcpy(&seg, data + at, sizeof(seg));
    *out = (struct ring_addressing){.rip = from_rip[0],
                                    .cr0 = from_rip[1],
                                    .cr3 = from_rip[3],
                                    .cr4 = from_rip[4],
                                    .efer = from_rip[8],
                                    .fs_base = seg.fs,
                                    .gs_base = seg.gs,
                                    .cs_base = seg.cs,
                                    .ss_base = seg.ss,
                                    .ds_base = seg.ds,
                                    .es_base = seg.es,
                                    .cs = (uint16_t)(seg.cs_word >> SELECTOR_LIMIT),
                                    .ss = (uint16_t)(seg.ss_word >> SELECTOR_LIMIT)};
    memcpy(&out->rflags, data + GENERAL_BYTES - sizeof(uint64_t), sizeof(uint64_t));
    return true;
}

void xmi_ring_regs_decode(const struct ring *r, const uint8_t *data, struct xmem_regs *out)
{
    memset(&out->u, 0, sizeof(out->u));
    out->arch = r->arch;
    out->reserved = 0;
    if (r->arch == XMEM_ARCH_ARM) {
        memcpy(&out->u.arm, data, sizeof(out->u.arm));
        if (r->version < 7) /* cpsr was 32 bits, with padding behind */
            out->u.arm.cpsr &= UINT32_MAX;
        return;
    }
    memcpy(&out->u.x86, data, GENERAL_BYTES);
    for (size_t i = 0; i < FIELDS; i++)
        if (field_at(r, &fields[i]) != NONE)
            memcpy((uint8_t *)&out->u.x86 + fields[i].at, data + field_at(r, &fields[i]),
                   fields[i].bytes);
}

void xmi_ring_regs_encode(const struct ring *r, const struct xmem_regs *regs, uint8_t *data)
{
    if (r->arch == XMEM_ARCH_ARM) { /* "Only the register 'pc' can be set" (vm_event.h) */
        memcpy(data + offsetof(struct xmem_regs_arm, pc), &regs->u.arm.pc, sizeof(uint64_t));
        return;
    }
    memcpy(data, &regs->u.x86, GENERAL_BYTES);
    for (size_t i = 0; i < FIELDS; i++)
        if (field_at(r, &fields[i]) != NONE)
            memcpy(data + field_at(r, &fields[i]), (const uint8_t *)&regs->u.x86 + fields[i].at,
                   fields[i].bytes);
}
