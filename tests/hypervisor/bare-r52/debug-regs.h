/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registers of a processor that is not there: one for each encoding. */
#ifndef BARE_DEBUG_REGS_H
#define BARE_DEBUG_REGS_H

#include <stdint.h>

#define ENCODED(cp, op1, crn, crm, op2) \
    (((cp) == 15u ? 1u << 14 : 0u) | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define p14 14u
#define p15 15u
uint32_t r52_read(unsigned at);
void r52_write(unsigned at, uint32_t v);
#define READ(cp, op1, crn, crm, op2) r52_read(ENCODED(cp, op1, crn, crm, op2))
#define WRITE(cp, op1, crn, crm, op2, v) r52_write(ENCODED(cp, op1, crn, crm, op2), (uint32_t)(v))
#define SYNC() ((void)0)
#define WRITE_ABORT(flags, link) ((void)(flags), (void)(link))

#endif
