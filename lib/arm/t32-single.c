/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T32 in 32 bits: one register loaded or stored, and prefetches. */
#include "a32-int.h"

enum form {
    FORM_NONE = 0,
    FORM_LITERAL,
    FORM_LONG,
    FORM_BACK,
    FORM_NEGATIVE,
    FORM_USER,
    FORM_REGISTER
};

static enum form form_with_short(uint32_t word)
{
    switch (a32_bits(word, 10, 8)) { /* before, up, write-back */
    case 0:
    case 2: return FORM_NONE;
    case 4: return FORM_NEGATIVE;
    case 6: return FORM_USER;
    default: return FORM_BACK;
    }
}

static enum form form_of(uint32_t word)
{
    if (a32_bits(word, 19, 16) == A32_PC)
        return a32_bit(word, 20) ? FORM_LITERAL : FORM_NONE;
    if (a32_bit(word, 23))
        return FORM_LONG;
    if (a32_bit(word, 11))
        return form_with_short(word);
    return a32_bits(word, 10, 6) ? FORM_NONE : FORM_REGISTER;
}

static void with_short(uint32_t word, struct arm_insn *out, enum form form)
{
    out->u.a32.imm = a32_bits(word, 7, 0);
    a32_flag(out, form == FORM_BACK, A32_BACK);
    a32_flag(out, form == FORM_USER, A32_USER);
    a32_flag(out, !a32_bit(word, 9), A32_NEGATE);
    a32_flag(out, !a32_bit(word, 10), A32_POST);
}

static void with_register(uint32_t word, struct arm_insn *out)
{
    out->u.a32.rm = (uint8_t)a32_bits(word, 3, 0);
    out->u.a32.amount = (uint8_t)a32_bits(word, 5, 4);
    a32_flag(out, true, A32_REGISTER);
    a32_flag(out, out->u.a32.rm == A32_PC, A32_UNSURE);
}

static void address(uint32_t word, struct arm_insn *out, enum form form)
{
    out->u.a32.rn = (uint8_t)a32_bits(word, 19, 16);
    if (form == FORM_REGISTER)
        with_register(word, out);
    else if (form == FORM_LONG || form == FORM_LITERAL)
        out->u.a32.imm = a32_bits(word, 11, 0);
    else
        with_short(word, out, form);
    a32_flag(out, form == FORM_LITERAL && !a32_bit(word, 23), A32_NEGATE);
}

/* Loads of bytes and halfwords into pc, in the forms that have no write-back. */
static enum arm_why prefetch(uint32_t word, struct arm_insn *out, enum form form)
{
    bool half = a32_bit(word, 21), is_signed = a32_bit(word, 24);
    if (half && is_signed)
        return ARM_UNKNOWN;
    a32_op(out, A32_PREFETCH, ARM_PREFETCH);
    a32_flag(out, half && form == FORM_LITERAL, A32_UNSURE);
    return ARM_OK;
}

static void check(struct arm_insn *out, bool load, enum form form)
{
    const struct a32_insn *a = &out->u.a32;
    bool pc = a->rd == A32_PC, may = load && a->bytes == 4 && form != FORM_USER;
    a32_flag(out, pc && !may, A32_UNSURE);
    a32_flag(out, pc, A32_LAST);
    a32_flag(out, a->flags & A32_BACK && a->rn == a->rd, A32_UNSURE);
}

enum arm_why xmi_t32_decode_single(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    enum form form = form_of(word);
    bool load = a32_bit(word, 20), is_signed = a32_bit(word, 24);
    uint32_t size = a32_bits(word, 22, 21);
    if (form == FORM_NONE || size == 3 || (is_signed && (size == 2 || !load)))
        return ARM_UNKNOWN;
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->bytes = (uint8_t)(1u << size);
    address(word, out, form);
    if (load && a->rd == A32_PC && size != 2 && form != FORM_BACK && form != FORM_USER)
        return prefetch(word, out, form);
    a32_op(out, load ? A32_LOAD : A32_STORE, load ? ARM_LOAD : ARM_STORE);
    a32_flag(out, is_signed, A32_SIGNED);
    check(out, load, form);
    return ARM_OK;
}
