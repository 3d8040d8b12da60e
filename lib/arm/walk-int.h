/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the walk share: walk.c chooses, each other one knows a form of tables. */
#ifndef XMEM_ARM_WALK_INT_H
#define XMEM_ARM_WALK_INT_H

#include "base/base.h"
#include "arm.h"

/* SCTLR, the same place in both states unless said otherwise. */
#define SCTLR_M (1u << 0)
#define SCTLR_HA (1u << 17) /* AArch32, before Armv8 */
#define SCTLR_WXN (1u << 19)
#define SCTLR_UWXN (1u << 20) /* AArch32 */
#define SCTLR_EE (1u << 25)
#define SCTLR_AFE (1u << 29) /* AArch32 */
#define SCTLR_EPAN (UINT64_C(1) << 57)
#define CPSR_PAN (1u << 22)
#define TTBCR_EAE (1u << 31)

struct walk_for { /* who asks */
    bool user, pan, wxn, uwxn, big;
};

/* Tables of 8-byte entries. */
struct walk_long {
    struct walk_for by;
    uint64_t ttbr;
    uint8_t in_bits, out_bits, page_bits;
    bool a32, epan;
    bool hw_access; /* the processor sets access flags itself */
    bool flat;      /* no rights in tables (HPD) */
};

struct walk_for xmi_walk_by(const struct arm_regs *r, bool user);
/* As it lies there, 4 or 8 bytes. False: no such page. */
bool xmi_walk_read_raw(const struct arm_walk *w, uint64_t ipa, uint32_t bytes, uint64_t *out);
/* One entry, which others may be changing; ARM_OK or ARM_NO_PLACE. */
enum arm_why xmi_walk_read64(const struct arm_walk *w, uint64_t ipa, bool big, uint64_t *out);
enum arm_why xmi_walk_read32(const struct arm_walk *w, uint64_t ipa, bool big, uint32_t *out);

enum arm_why xmi_walk_long(const struct arm_walk *w, const struct walk_long *l, uint64_t va,
                           struct arm_translation *out);
/* The AArch32 kernel's long and short descriptors. */
enum arm_why xmi_walk_a32_long(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                               bool user, struct arm_translation *out);
enum arm_why xmi_walk_a32_short(const struct arm_walk *w, const struct arm_regs *r, uint64_t va,
                                bool user, struct arm_translation *out);

#endif
