/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/steps.h>

static bool is_prefix(uint8_t b, bool is_long)
{
    switch (b) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e: /* segments */
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67: /* sizes */
    case 0xf0:
    case 0xf2:
    case 0xf3: return true;
    default: return is_long && (b & 0xf0) == 0x40; /* REX */
    }
}

uint32_t xm_insn_opcode(const uint8_t *code, uint32_t n, bool is_long)
{
    uint32_t i = 0;

    while (i < n && is_prefix(code[i], is_long))
        i++;
    return i;
}

bool xm_trap_never(const uint8_t *code, uint32_t n, bool is_long)
{
    uint32_t i = xm_insn_opcode(code, n, is_long);

    if (i == n)
        return true;
    switch (code[i]) {
    case 0x9c: /* pushf */
    case 0x9d: /* popf */
    case 0xcf: /* iret */ return true;
    case 0x17: /* pop to the stack's segment register */ return !is_long;
    case 0x8e: /* mov to a segment register: the stack's */
        return i + 1 == n || (code[i + 1] >> 3 & 7) == 2;
    default: return false;
    }
}

bool xm_trap_enters_handler(const uint8_t *code, uint32_t n, bool is_long)
{
    uint32_t i = xm_insn_opcode(code, n, is_long);

    if (i == n)
        return true;
    switch (code[i]) {
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xf1: /* int */ return true;
    case 0x0f: /* syscall, sysenter */
        return i + 1 == n || code[i + 1] == 0x05 || code[i + 1] == 0x34;
    default: return false;
    }
}
