/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32: what is not data processing. */
#include "arm-int.h"

void xmi_a32_many(struct arm_insn *out, bool load, uint32_t list, bool up, bool before)
{
    struct a32_insn *a = &out->u.a32;
    int bytes = 4 * __builtin_popcount(list);
    if (load)
        a32_op(out, A32_LOAD_MANY, ARM_LOAD);
    else
        a32_op(out, A32_STORE_MANY, ARM_STORE);
    a->list = (uint16_t)list;
    a->bytes = 4;
    a->back = (int8_t)(up ? bytes : -bytes);
    a->imm = (uint32_t)((up ? 0 : -bytes) + (up == before ? 4 : 0));
    a32_flag(out, !list, A32_UNSURE);
    a32_flag(out, load && list >> A32_PC, A32_LAST);
}

void xmi_a32_check_exclusive(struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    bool two = a->bytes == 8, store = a->op == A32_STORE_EX;
    a32_flag(out, a->rn == A32_PC || a->rd == A32_PC || (two && a->rs == A32_PC), A32_UNSURE);
    if (store)
        a32_flag(out,
                 a->rm == A32_PC || a->rm == a->rn || a->rm == a->rd || (two && a->rm == a->rs),
                 A32_UNSURE);
}

enum arm_why xmi_a32_barrier(uint32_t option, struct arm_insn *out)
{
    switch (option) {
    case 1: /* CLREX */ a32_op(out, A32_CLEAR_EX, ARM_CLEAR_EX); return ARM_OK;
    case 4: /* DSB */
    case 5: /* DMB */
    case 6: /* ISB */ a32_op(out, A32_BARRIER, ARM_NOTHING); return ARM_OK;
    default: return ARM_UNKNOWN;
    }
}

/* ---- single ---- */

static void addressing(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    bool before = a32_bit(word, 24), w = a32_bit(word, 21);
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a32_flag(out, !before, A32_POST);
    a32_flag(out, !before || w, A32_BACK);
    a32_flag(out, !before && w, A32_USER);
    a32_flag(out, !a32_bit(word, 23), A32_NEGATE);
    a32_flag(out, (!before || w) && (a->rn == A32_PC || a->rn == a->rd), A32_UNSURE);
}

static void by_register(struct arm_insn *out, uint32_t rm)
{
    out->u.a32.rm = (uint8_t)rm;
    a32_flag(out, true, A32_REGISTER);
    a32_flag(out, rm == A32_PC, A32_UNSURE);
}

static void single(uint32_t word, struct arm_insn *out)
{
    bool is_load = a32_bit(word, 20), user;
    addressing(word, out);
    out->u.a32.bytes = a32_bit(word, 22) ? 1 : 4;
    user = out->u.a32.flags & A32_USER;
    a32_op(out, is_load ? A32_LOAD : A32_STORE, is_load ? ARM_LOAD : ARM_STORE);
    a32_flag(out, out->u.a32.rd == A32_PC && (out->u.a32.bytes == 1 || (is_load && user)),
             A32_UNSURE);
}

static enum arm_why single_immediate(uint32_t word, struct arm_insn *out)
{
    single(word, out);
    out->u.a32.imm = a32_bits(word, 11, 0);
    return ARM_OK;
}

static enum arm_why single_register(uint32_t word, struct arm_insn *out)
{
    single(word, out);
    by_register(out, a32_bits(word, 3, 0));
    xmi_a32_shift_of(out, a32_bits(word, 6, 5), a32_bits(word, 11, 7));
    return ARM_OK;
}

/* ---- halfwords, signed, dual ---- */

static void dual(uint32_t word, struct arm_insn *out, bool is_load)
{
    struct a32_insn *a = &out->u.a32;
    bool back = a->flags & A32_BACK;
    a32_op(out, is_load ? A32_LOAD_TWO : A32_STORE_TWO, is_load ? ARM_LOAD : ARM_STORE);
    a->bytes = 4;
    a->rs = (uint8_t)(a->rd + 1);
    a32_flag(out, a->rd & 1 || a->rd == A32_LR || (back && a->rn == a->rs), A32_UNSURE);
    a32_flag(out, a->flags & A32_USER, A32_UNSURE);
    if (is_load && !a32_bit(word, 22))
        a32_flag(out, a->rm == a->rd || a->rm == a->rs, A32_UNSURE);
}

static enum arm_why extra(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    uint32_t kind = a32_bits(word, 6, 5), high = a32_bits(word, 11, 8);
    bool is_load = a32_bit(word, 20);
    addressing(word, out);
    if (a32_bit(word, 22)) {
        a->imm = high << 4 | a32_bits(word, 3, 0);
    } else {
        by_register(out, a32_bits(word, 3, 0));
        a32_flag(out, high, A32_UNSURE);
    }
    if (kind > 1 && !is_load) {
        dual(word, out, kind == 2);
        return ARM_OK;
    }
    a32_op(out, is_load ? A32_LOAD : A32_STORE, is_load ? ARM_LOAD : ARM_STORE);
    a->bytes = kind == 2 ? 1 : 2;
    a32_flag(out, kind > 1, A32_SIGNED);
    a32_flag(out, a->rd == A32_PC, A32_UNSURE);
    return ARM_OK;
}

/* ---- exclusives, acquire and release, SWP ---- */

static enum arm_why swap(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    if (a32_bits(word, 21, 20))
        return ARM_UNKNOWN;
    a32_op(out, A32_SWAP, ARM_ATOMIC);
    a->bytes = a32_bit(word, 22) ? 1 : 4;
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    a->rd = (uint8_t)a32_bits(word, 15, 12);
    a->rm = (uint8_t)a32_bits(word, 3, 0);
    a32_flag(out, a->rn == A32_PC || a->rd == A32_PC || a->rm == A32_PC, A32_UNSURE);
    a32_flag(out, a->rn == a->rd || a->rn == a->rm || a32_bits(word, 11, 8), A32_UNSURE);
    return ARM_OK;
}

static void exclusive_registers(uint32_t word, struct arm_insn *out, bool is_load, bool exclusive)
{
    struct a32_insn *a = &out->u.a32;
    uint32_t high = a32_bits(word, 15, 12), low = a32_bits(word, 3, 0);
    a->rd = (uint8_t)(is_load ? high : low);
    a->rm = (uint8_t)(is_load ? low : high);
    if (is_load || !exclusive)
        a32_flag(out, a->rm != A32_PC, A32_UNSURE); /* should be ones */
    if (a->bytes == 8) {
        a->rs = (uint8_t)(a->rd + 1);
        a32_flag(out, a->rd & 1 || a->rd == A32_LR, A32_UNSURE);
    }
}

static enum arm_why exclusive(uint32_t word, struct arm_insn *out)
{
    static const uint8_t sizes[] = {4, 8, 1, 2};
    struct a32_insn *a = &out->u.a32;
    bool is_load = a32_bit(word, 20), is_ex = a32_bit(word, 9), ordered = !a32_bit(word, 8);
    if (!a32_bit(word, 23))
        return swap(word, out);
    a->bytes = sizes[a32_bits(word, 22, 21)];
    if (!is_ex && (!ordered || a->bytes == 8))
        return ARM_UNKNOWN;
    if (ordered)
        a->order = is_load ? ARM_ACQUIRE : ARM_RELEASE;
    a->rn = (uint8_t)a32_bits(word, 19, 16);
    if (is_ex)
        a32_op(out, is_load ? A32_LOAD_EX : A32_STORE_EX, is_load ? ARM_LOAD_EX : ARM_STORE_EX);
    else
        a32_op(out, is_load ? A32_LOAD : A32_STORE, is_load ? ARM_LOAD : ARM_STORE);
    a32_flag(out, a32_bits(word, 11, 10) != 3, A32_UNSURE);
    exclusive_registers(word, out, is_load, is_ex);
    xmi_a32_check_exclusive(out);
    return ARM_OK;
}

/* ---- multiple ---- */

static enum arm_why multiple(uint32_t word, struct arm_insn *out)
{
    struct a32_insn *a = &out->u.a32;
    bool is_load = a32_bit(word, 20), back = a32_bit(word, 21);
    uint32_t list = a32_bits(word, 15, 0), rn = a32_bits(word, 19, 16);
    if (a32_bit(word, 22))
        return ARM_UNKNOWN; /* of user mode, or an exception's return */
    xmi_a32_many(out, is_load, list, a32_bit(word, 23), a32_bit(word, 24));
    a->rn = (uint8_t)rn;
    a32_flag(out, back, A32_BACK);
    a32_flag(out, rn == A32_PC, A32_UNSURE);
    if (back && list >> rn & 1)
        a32_flag(out, is_load || list & ((1u << rn) - 1), A32_UNSURE);
    return ARM_OK;
}

/* ---- branches ---- */

static enum arm_why branch(uint32_t word, struct arm_insn *out)
{
    a32_op(out, A32_BRANCH, ARM_NOTHING);
    a32_flag(out, a32_bit(word, 24), A32_LINK);
    out->u.a32.imm = a32_sign(a32_bits(word, 23, 0), 24) * 4;
    return ARM_OK;
}

static enum arm_why branch_exchange(uint32_t word, struct arm_insn *out)
{
    (void)branch(word, out);
    a32_flag(out, true, A32_LINK | A32_EXCHANGE);
    out->u.a32.imm += a32_bit(word, 24) ? 2 : 0;
    return ARM_OK;
}

/* ---- coprocessors: the registers of cp10 and cp11 are vectors ---- */

enum arm_why xmi_a32_coprocessor(uint32_t word, struct arm_insn *out)
{
    bool vector = a32_bits(word, 11, 9) == 5, moves = a32_bits(word, 24, 21) == 2;
    bool undefined = a32_bits(word, 24, 21) == 0;
    (void)out;
    return vector && !moves && !undefined ? ARM_VECTOR : ARM_UNKNOWN;
}

enum arm_why xmi_a32_vector(uint32_t word, struct arm_insn *out)
{
    (void)word, (void)out;
    return ARM_VECTOR;
}

/* ---- without a condition ---- */

static enum arm_why prefetch(uint32_t word, struct arm_insn *out)
{
    (void)word;
    a32_op(out, A32_PREFETCH, ARM_PREFETCH);
    return ARM_OK;
}

static enum arm_why prefetch_register(uint32_t word, struct arm_insn *out)
{
    a32_flag(out, a32_bits(word, 3, 0) == A32_PC, A32_UNSURE);
    return prefetch(word, out);
}

static enum arm_why barrier(uint32_t word, struct arm_insn *out)
{
    uint32_t option = a32_bits(word, 7, 4), ones = a32_bits(word, 19, 8);
    a32_flag(out, ones != 0xff0 || (option == 1 && (word & 0xf) != 0xf), A32_UNSURE);
    return xmi_a32_barrier(option, out);
}

static const struct a32_row always[] = {
    {0xff100000, 0xf4000000, xmi_a32_vector}, /* VLD and VST of structures */
    {0xff70f000, 0xf550f000, prefetch},          {0xff70f000, 0xf510f000, prefetch}, /* PLDW */
    {0xff70f000, 0xf450f000, prefetch},                                              /* PLI */
    {0xff70f010, 0xf710f000, prefetch_register}, {0xff70f010, 0xf750f000, prefetch_register},
    {0xff70f010, 0xf650f000, prefetch_register}, {0xfff00000, 0xf5700000, barrier},
    {0xfe000000, 0xfa000000, branch_exchange},
};

static const struct a32_row rows[] = {
    {0x0f0000f0, 0x01000090, exclusive},
    {0x0e0000f0, 0x00000090, xmi_a32_decode_data}, /* multiplies */
    {0x0e000090, 0x00000090, extra},
    {0x0c000000, 0x00000000, xmi_a32_decode_data},
    {0x0e000000, 0x04000000, single_immediate},
    {0x0e000010, 0x06000000, single_register},
    {0x0e000010, 0x06000010, xmi_a32_decode_media},
    {0x0e000000, 0x08000000, multiple},
    {0x0e000000, 0x0a000000, branch},
    {0x0e000000, 0x0c000000, xmi_a32_coprocessor},
};

enum arm_why xmi_a32_decode_a32(uint32_t word, struct arm_insn *out)
{
    if (word >> 28 == 0xf)
        return A32_BY_ROW(always, word, out);
    out->u.a32.cond = (uint8_t)(word >> 28);
    return A32_BY_ROW(rows, word, out);
}
