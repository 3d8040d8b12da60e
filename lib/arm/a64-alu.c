/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done in general registers alone. */
#include "arm-int.h"

#define BTYPE_SHIFT 10
#define NZCV_SHIFT 28
#define FLAG_N 8u
#define FLAG_Z 4u
#define FLAG_C 2u
#define FLAG_V 1u

uint64_t *xmi_a64_sp(struct arm_regs *r)
{
    switch (r->cpsr & ARM_CPSR_MODE) {
    case 0:
    case 4: return &r->sp_el0;
    case 5: return &r->sp_el1;
    default: return NULL; /* EL2, or nothing that there is */
    }
}

uint64_t xmi_a64_extended(uint64_t value, unsigned option, unsigned shift)
{
    unsigned bits = 8u << (option & 3);
    if (bits < 64)
        value = option & 4 ? (uint64_t)a64_signed(value, bits) : value & ((1ull << bits) - 1);
    return value << shift;
}

/* ---- operands and results ---- */

static bool wide(const struct a64_run *run)
{
    return run->a->flags & A64_WIDE;
}

static unsigned bits_of(const struct a64_run *run)
{
    return wide(run) ? 64 : 32;
}

static uint64_t cut(const struct a64_run *run, uint64_t value)
{
    return wide(run) ? value : (uint32_t)value;
}

static uint64_t first(const struct a64_run *run)
{
    if (run->a->rn == A64_ZR && (run->a->flags & A64_RN_SP))
        return cut(run, *xmi_a64_sp(run->r));
    return cut(run, a64_x(run->r, run->a->rn));
}

static uint64_t second(const struct a64_run *run)
{
    return cut(run, a64_x(run->r, run->a->rm));
}

static enum arm_why result(struct a64_run *run, uint64_t value)
{
    if (run->a->rd == A64_ZR && (run->a->flags & A64_RD_SP))
        *xmi_a64_sp(run->r) = cut(run, value);
    else
        a64_set_x(run->r, run->a->rd, cut(run, value));
    return ARM_OK;
}

static void set_nzcv(struct arm_regs *r, unsigned nzcv)
{
    r->cpsr = (r->cpsr & ~(15ull << NZCV_SHIFT)) | (uint64_t)nzcv << NZCV_SHIFT;
}

static unsigned nz(const struct a64_run *run, uint64_t value)
{
    value = cut(run, value);
    return (value >> (bits_of(run) - 1) ? FLAG_N : 0) | (value ? 0 : FLAG_Z);
}

bool xmi_a64_holds(const struct arm_regs *r, unsigned cond)
{
    unsigned f = r->cpsr >> NZCV_SHIFT & 15;
    bool n = f & FLAG_N, z = f & FLAG_Z, c = f & FLAG_C, v = f & FLAG_V;
    const bool half[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    return half[cond >> 1] != ((cond & 1) && cond != 15);
}

/* ---- addition ---- */

static uint64_t sum(const struct a64_run *run, uint64_t a, uint64_t b, unsigned carry,
                    unsigned *nzcv)
{
    a = cut(run, a), b = cut(run, b);
    uint64_t value = cut(run, a + b + carry);
    unsigned sign = bits_of(run) - 1;
    *nzcv = nz(run, value);
    if (value < a || (carry && value == a))
        *nzcv |= FLAG_C;
    if (((a ^ value) & (b ^ value)) >> sign & 1)
        *nzcv |= FLAG_V;
    return value;
}

static enum arm_why add(struct a64_run *run, uint64_t by, unsigned carry)
{
    unsigned nzcv;
    uint64_t value = sum(run, first(run), run->a->flags & A64_NOT ? ~by : by, carry, &nzcv);
    if (run->a->flags & A64_FLAGS)
        set_nzcv(run->r, nzcv);
    return result(run, value);
}

static unsigned borrow(const struct a64_run *run)
{
    return run->a->flags & A64_NOT ? 1 : 0;
}

static uint64_t shifted(const struct a64_run *run, uint64_t value, unsigned kind, unsigned by)
{
    unsigned bits = bits_of(run);
    value = cut(run, value);
    switch (kind) {
    case 0: return value << by;
    case 1: return value >> by;
    case 2: return (uint64_t)(a64_signed(value, bits) >> by);
    default: return by ? value >> by | value << (bits - by) : value;
    }
}

enum arm_why xmi_a64_do_add_imm(struct a64_run *run)
{
    return add(run, (uint64_t)run->a->imm, borrow(run));
}

enum arm_why xmi_a64_do_add_shifted(struct a64_run *run)
{
    return add(run, shifted(run, second(run), run->a->ext, run->a->shift), borrow(run));
}

enum arm_why xmi_a64_do_add_extended(struct a64_run *run)
{
    uint64_t by = a64_x(run->r, run->a->rm);
    return add(run, xmi_a64_extended(by, run->a->ext, run->a->shift), borrow(run));
}

enum arm_why xmi_a64_do_add_carry(struct a64_run *run)
{
    return add(run, second(run), run->r->cpsr >> NZCV_SHIFT & FLAG_C ? 1 : 0);
}

enum arm_why xmi_a64_do_compare_if(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    uint64_t by = a->flags & A64_BY_REG ? second(run) : (uint64_t)a->imm;
    unsigned nzcv = a->shift;
    if (xmi_a64_holds(run->r, a->ext))
        (void)sum(run, first(run), a->flags & A64_NOT ? ~by : by, borrow(run), &nzcv);
    set_nzcv(run->r, nzcv);
    return ARM_OK;
}

/* ---- bits ---- */

static enum arm_why logic(struct a64_run *run, uint64_t by)
{
    uint64_t value = first(run);
    by = run->a->flags & A64_NOT ? ~by : by;
    switch (run->a->sub) {
    case 1: value |= by; break;
    case 2: value ^= by; break;
    default: value &= by; break;
    }
    if (run->a->flags & A64_FLAGS)
        set_nzcv(run->r, nz(run, value));
    return result(run, value);
}

enum arm_why xmi_a64_do_logic_imm(struct a64_run *run)
{
    return logic(run, (uint64_t)run->a->imm);
}

enum arm_why xmi_a64_do_logic(struct a64_run *run)
{
    return logic(run, shifted(run, second(run), run->a->ext, run->a->shift));
}

enum arm_why xmi_a64_do_move(struct a64_run *run)
{
    return result(run, (uint64_t)run->a->imm);
}

enum arm_why xmi_a64_do_move_keep(struct a64_run *run)
{
    uint64_t old = a64_x(run->r, run->a->rd) & ~(0xffffull << run->a->shift);
    return result(run, old | (uint64_t)run->a->imm);
}

enum arm_why xmi_a64_do_adr(struct a64_run *run)
{
    uint64_t base = run->a->sub ? run->r->pc & ~0xfffull : run->r->pc;
    a64_set_x(run->r, run->a->rd, base + (uint64_t)run->a->imm);
    return ARM_OK;
}

/* SBFM, BFM, UBFM: to the bottom from bit `shift`, or from the bottom up. */
enum arm_why xmi_a64_do_bitfield(struct a64_run *run)
{
    const struct a64_insn *a = run->a;
    bool down = a->ext >= a->shift;
    unsigned width = down ? a->ext - a->shift + 1u : a->ext + 1u;
    unsigned at = down ? 0 : bits_of(run) - a->shift;
    uint64_t mask = ~0ull >> (64 - width);
    uint64_t field = first(run) >> (down ? a->shift : 0) & mask;
    if (a->sub == 0)
        return result(run, (uint64_t)a64_signed(field, width) << at);
    if (a->sub == 1)
        return result(run, (a64_x(run->r, a->rd) & ~(mask << at)) | field << at);
    return result(run, field << at);
}

enum arm_why xmi_a64_do_extract(struct a64_run *run)
{
    unsigned by = run->a->shift;
    uint64_t high = by ? first(run) << (bits_of(run) - by) : 0;
    return result(run, high | second(run) >> by);
}

enum arm_why xmi_a64_do_shift(struct a64_run *run)
{
    unsigned by = (unsigned)second(run) & (bits_of(run) - 1);
    return result(run, shifted(run, first(run), run->a->ext, by));
}

/* CSEL, CSINC, CSINV, CSNEG */
enum arm_why xmi_a64_do_select(struct a64_run *run)
{
    if (xmi_a64_holds(run->r, run->a->ext))
        return result(run, first(run));
    uint64_t other = second(run);
    other = run->a->flags & A64_NOT ? ~other : other;
    return result(run, other + run->a->sub);
}

/* ---- one source ---- */

static uint64_t reversed_bits(uint64_t v)
{
    v = (v >> 1 & 0x5555555555555555ull) | (v & 0x5555555555555555ull) << 1;
    v = (v >> 2 & 0x3333333333333333ull) | (v & 0x3333333333333333ull) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0full) | (v & 0x0f0f0f0f0f0f0f0full) << 4;
    return __builtin_bswap64(v);
}

static uint64_t leading_zeros(const struct a64_run *run, uint64_t v)
{
    return v ? (unsigned)__builtin_clzll(v) - (64 - bits_of(run)) : bits_of(run);
}

enum arm_why xmi_a64_do_one_source(struct a64_run *run)
{
    uint64_t v = first(run), halves = 0x00ff00ff00ff00ffull;
    unsigned spare = 64 - bits_of(run);
    switch (run->a->sub) {
    case 0: return result(run, reversed_bits(v) >> spare);
    case 1: return result(run, (v >> 8 & halves) | (v & halves) << 8);
    case 2:
        return result(run, (uint64_t)__builtin_bswap32((uint32_t)(v >> 32)) << 32 |
                               __builtin_bswap32((uint32_t)v));
    case 3: return result(run, __builtin_bswap64(v));
    case 4: return result(run, leading_zeros(run, v));
    default: /* as many as are like the sign, without it */
        v ^= (uint64_t)a64_signed(v, bits_of(run)) << 1;
        return result(run, leading_zeros(run, cut(run, v) | 1));
    }
}

/* ---- multiplication and division ---- */

enum arm_why xmi_a64_do_multiply(struct a64_run *run)
{
    uint64_t product = first(run) * second(run), to = a64_x(run->r, run->a->ra);
    return result(run, run->a->flags & A64_NOT ? to - product : to + product);
}

enum arm_why xmi_a64_do_multiply_long(struct a64_run *run)
{
    uint64_t a = (uint32_t)first(run), b = (uint32_t)second(run);
    uint64_t to = a64_x(run->r, run->a->ra);
    if (run->a->flags & A64_SIGNED) {
        a = (uint64_t)a64_signed(a, 32);
        b = (uint64_t)a64_signed(b, 32);
    }
    return result(run, run->a->flags & A64_NOT ? to - a * b : to + a * b);
}

/* By 32-bit halves; signed: less what a negative one counts for too much. */
enum arm_why xmi_a64_do_multiply_high(struct a64_run *run)
{
    uint64_t a = first(run), b = second(run), low = UINT32_MAX;
    uint64_t mid = (a >> 32) * (b & low) + ((a & low) * (b & low) >> 32);
    uint64_t other = (a & low) * (b >> 32) + (mid & low);
    uint64_t high = (a >> 32) * (b >> 32) + (mid >> 32) + (other >> 32);
    if (run->a->flags & A64_SIGNED)
        high -= (a >> 63 ? b : 0) + (b >> 63 ? a : 0);
    return result(run, high);
}

/* By zero it is zero; the least number by -1 is itself. */
enum arm_why xmi_a64_do_divide(struct a64_run *run)
{
    uint64_t a = first(run), b = second(run);
    if (!b)
        return result(run, 0);
    if (!(run->a->flags & A64_SIGNED))
        return result(run, a / b);
    int64_t n = a64_signed(a, bits_of(run)), d = a64_signed(b, bits_of(run));
    return result(run, d == -1 ? 0 - (uint64_t)n : (uint64_t)(n / d));
}

/* ---- neither ---- */

/* BTYPE 1: jumped to by x16 or x17, or from where it does not matter; 2: called; 3: jumped to. */
enum arm_why xmi_a64_do_bti(struct a64_run *run)
{
    static const uint8_t lets[4] = {0, 1u << 1 | 1u << 2, 1u << 1 | 1u << 3, 7u << 1};
    unsigned btype = run->r->cpsr >> BTYPE_SHIFT & 3;
    return !btype || lets[run->a->sub] & 1u << btype ? ARM_OK : ARM_UNSURE;
}

enum arm_why xmi_a64_do_fence(struct a64_run *run)
{
    (void)run;
    __sync_synchronize();
    return ARM_OK;
}
