/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86: which instructions the trap flag can bring a vCPU back behind, with nobody the wiser. */
#ifndef XM_TRAP_INSN_H
#define XM_TRAP_INSN_H

#include <xm/types.h>

#define XM_X86_TF (UINT64_C(1) << 8) /* of rflags */

/*
 * Can the processor not do it so? What pushes or loads the trap flag would show it or take it
 * away, and behind a load of the stack segment the trap comes one instruction late. code: from its
 * first byte on, n of them.
 */
bool xm_trap_never(const uint8_t *code, uint32_t n, bool is_long);
/* Besides: what goes into a handler of the guest's own, which finds the flag where it is kept. */
bool xm_trap_enters_handler(const uint8_t *code, uint32_t n, bool is_long);
/* The first byte that is no prefix; n: there is none. */
uint32_t xm_insn_opcode(const uint8_t *code, uint32_t n, bool is_long);

#endif
