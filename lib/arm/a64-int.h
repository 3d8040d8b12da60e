/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What arm.c calls of A64: as in arm.h, for one instruction set. */
#ifndef XMEM_A64_INT_H
#define XMEM_A64_INT_H

#include "arm.h"

enum arm_why a64_decode(uint32_t word, struct arm_insn *out);
enum arm_why a64_touches(const struct arm_insn *in, const struct arm_regs *r,
                         struct arm_touch *out);
enum arm_why a64_do(const struct arm_insn *in, const struct arm_touch *touch,
                    const struct arm_place *at, struct arm_regs *r, struct arm_monitor *m);

#endif
