/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T32 in 32 bits: several registers, exclusives, tables, branches. */
#include "arm-int.h"

static enum arm_why multiple(uint32_t word, struct arm_insn *out)
{
    bool load = a32_bit(word, 20), back = a32_bit(word, 21), up = a32_bit(word, 23);
    uint32_t list = a32_bits(word, 15, 0), rn = a32_bits(word, 19, 16);
    if (up == a32_bit(word, 24))
        return ARM_UNKNOWN; /* SRS, RFE */
    xmi_a32_many(out, load, list, up, !up);
    out->u.a32.rn = (uint8_t)rn;
    a32_flag(out, back, A32_BACK);
    a32_flag(out, rn == A32_PC || !(list & (list - 1)) || list >> A32_SP & 1, A32_UNSURE);
    a32_flag(out, list >> A32_PC && (!load || list >> A32_LR & 1), A32_UNSURE);
    a32_flag(out, back && list >> rn & 1, A32_UNSURE);
    return ARM_OK;
}

static enum arm_why dual(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    bool load = a32_bit(word, 20), back = a32_bit(word, 21);
    a32_op(out, load ? A32_LOAD_TWO : A32_STORE_TWO, load ? ARM_LOAD : ARM_STORE);
    a->bytes = 4;
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rs = (uint8_t)a32_bits(word, 11, 8);
    a->imm = 4 * a32_bits(word, 7, 0);
    a32_flag(out, back, A32_BACK);
    a32_flag(out, !a32_bit(word, 24), A32_POST);
    a32_flag(out, !a32_bit(word, 23), A32_NEGATE);
    a32_flag(out, a->rd == A32_PC || a->rs == A32_PC || (load && a->rd == a->rs), A32_UNSURE);
    a32_flag(out, a->rn == A32_PC && (back || !load), A32_UNSURE);
    a32_flag(out, back && (a->rn == a->rd || a->rn == a->rs), A32_UNSURE);
    return ARM_OK;
}

/* ---- exclusives, acquire and release, tables ---- */

static enum arm_why exclusive_word(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    bool load = a32_bit(word, 20);
    a32_op(out, load ? A32_LOAD_EX : A32_STORE_EX, load ? ARM_LOAD_EX : ARM_STORE_EX);
    a->bytes = 4;
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rm = (uint8_t)a32_bits(word, 11, 8);
    a->imm = 4 * a32_bits(word, 7, 0);
    a32_flag(out, load && a->rm != A32_PC, A32_UNSURE);
    xmi_a32_check_exclusive(out);
    return ARM_OK;
}

static enum arm_why table(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    a32_op(out, A32_TABLE, ARM_LOAD);
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a->amount = a32_bit(word, 4);
    a->bytes = (uint8_t)(1u << a->amount);
    a32_flag(out, true, A32_REGISTER | A32_LAST);
    a32_flag(out, a->rm == A32_PC || a32_bits(word, 15, 8) != 0xf0, A32_UNSURE);
    return ARM_OK;
}

static void exclusive_registers(uint32_t word, struct arm_insn *out, bool status)
{
    struct a32_insn *a = &out->u.a32;
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rs = (uint8_t)a32_bits(word, 11, 8);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a32_flag(out, (a->bytes < 8 && a->rs != A32_PC) || (!status && a->rm != A32_PC), A32_UNSURE);
    a32_flag(out, a->bytes == 8 && !status && a->rs == a->rd, A32_UNSURE);
}

static enum arm_why exclusive(uint32_t word, struct arm_insn *out)
{
    bool load = a32_bit(word, 20), is_ex = a32_bit(word, 6), ordered = a32_bit(word, 7);
    uint32_t size = a32_bits(word, 5, 4);
    if (!is_ex && !ordered)
        return load && size < 2 ? table(word, out) : ARM_UNKNOWN;
    if (is_ex ? !ordered && size == 2 : size == 3)
        return ARM_UNKNOWN;
    if (is_ex)
        a32_op(out, load ? A32_LOAD_EX : A32_STORE_EX, load ? ARM_LOAD_EX : ARM_STORE_EX);
    else
        a32_op(out, load ? A32_LOAD : A32_STORE, load ? ARM_LOAD : ARM_STORE);
    out->u.a32.bytes = (uint8_t)(1u << size);
    if (ordered)
        out->u.a32.order = load ? ARM_ACQUIRE : ARM_RELEASE;
    exclusive_registers(word, out, is_ex && !load);
    xmi_a32_check_exclusive(out);
    return ARM_OK;
}

static enum arm_why dual_or_exclusive(uint32_t word, struct arm_insn *out)
{
    if (a32_bit(word, 24) || a32_bit(word, 21))
        return dual(word, out);
    return a32_bit(word, 23) ? exclusive(word, out) : exclusive_word(word, out);
}

/* ---- branches ---- */

static uint32_t far_offset(uint32_t word)
{
    uint32_t s = a32_bit(word, 26), i1 = !(a32_bit(word, 13) ^ s), i2 = !(a32_bit(word, 11) ^ s);
    uint32_t value = s << 23 | i1 << 22 | i2 << 21 | a32_bits(word, 25, 16) << 11 |
                     a32_bits(word, 10, 0);
    return a32_sign(value, 24) * 2;
}

static enum arm_why branch(uint32_t word, struct arm_insn *out)
{
    bool link = a32_bit(word, 14), exchange = link && !a32_bit(word, 12);
    if (exchange && a32_bit(word, 0))
        return ARM_UNKNOWN;
    a32_op(out, A32_BRANCH, ARM_NOTHING);
    out->u.a32.imm = far_offset(word);
    a32_flag(out, true, A32_LAST);
    a32_flag(out, link, A32_LINK);
    a32_flag(out, exchange, A32_EXCHANGE);
    return ARM_OK;
}

static enum arm_why branch_if(uint32_t word, struct arm_insn *out)
{
    uint32_t s = a32_bit(word, 26), j1 = a32_bit(word, 13), j2 = a32_bit(word, 11);
    uint32_t value = s << 19 | j2 << 18 | j1 << 17 | a32_bits(word, 21, 16) << 11 |
                     a32_bits(word, 10, 0);
    a32_op(out, A32_BRANCH, ARM_NOTHING);
    out->u.a32.cond = (uint8_t)a32_bits(word, 25, 22);
    out->u.a32.imm = a32_sign(value, 20) * 2;
    a32_flag(out, true, A32_ALONE);
    return ARM_OK;
}

static enum arm_why hint(uint32_t word, struct arm_insn *out)
{
    a32_flag(out, (word & 0x000f2800) != 0x000f0000, A32_UNSURE);
    return xmi_a32_hint(a32_bits(word, 7, 0), out);
}

/* CLREX is 2 here. */
static enum arm_why barrier(uint32_t word, struct arm_insn *out)
{
    uint32_t option = a32_bits(word, 7, 4);
    a32_flag(out, (word & 0x000f2f00) != 0x000f0f00, A32_UNSURE);
    a32_flag(out, option == 2 && a32_bits(word, 3, 0) != 15, A32_UNSURE);
    if (option < 3)
        option = option == 2 ? 1 : 0;
    return xmi_a32_barrier(option, out);
}

static const struct a32_row branches[] = {
    {0xfff0d700, 0xf3a08000, hint},      {0xfff0d000, 0xf3b08000, barrier},
    {0xfb80d000, 0xf3808000, NULL}, /* system instructions */
    {0xf800d000, 0xf0008000, branch_if}, {0xf800d000, 0xf0009000, branch},
    {0xf800c000, 0xf000c000, branch},
};

enum arm_why xmi_t32_decode_branch(uint32_t word, struct arm_insn *out)
{
    return A32_BY_ROW(branches, word, out);
}

static const struct a32_row rows[] = {
    {0xff100000, 0xf9000000, xmi_a32_vector}, /* VLD and VST of structures */
    {0xfe000000, 0xf8000000, xmi_t32_decode_single}, {0xfe400000, 0xe8000000, multiple},
    {0xfe400000, 0xe8400000, dual_or_exclusive},     {0xfe000000, 0xec000000, xmi_a32_coprocessor},
    {0xf8008000, 0xf0008000, xmi_t32_decode_branch}, {0xec000000, 0xec000000, NULL},
    {0xe0000000, 0xe0000000, xmi_t32_decode_data},
};

enum arm_why xmi_t32_decode_wide(uint32_t word, struct arm_insn *out)
{
    return A32_BY_ROW(rows, word, out);
}

/* ---- loads and stores of one register ---- */

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
