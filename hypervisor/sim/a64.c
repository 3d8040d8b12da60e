/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "program.h"

/* Base encodings with a size of 0 in bits 30 and 31, [x1] and no offset. */
#define LDRB 0x39400000u
#define STRB 0x39000000u
#define SWPB 0x38208000u
#define LDP 0xa9400000u /* of 64-bit registers */
#define STP 0xa9000000u
#define LDXRB 0x085f7c00u
#define STXRB 0x08007c00u
#define ADD_1 0x91000400u /* 64-bit, immediate 1 */
#define CBNZ_W 0x35000000u
#define CBNZ_X 0xb5000000u
#define LDR_X 0xf9400000u
#define MOVI 0x6f00e400u /* v0.2d, 0: none of the general registers' */
#define B 0x14000000u

#define RD(r) ((uint32_t)(r))
#define RN(r) ((uint32_t)(r) << 5)
#define RT2(r) ((uint32_t)(r) << 10)
#define RS(r) ((uint32_t)(r) << 16)
#define AT RN(A64_ADDR)

/* Bits 30 and 31; 4: no size of one register. */
static uint32_t size_of(uint32_t len)
{
    switch (len) {
    case 1: return 0;
    case 2: return 1;
    case 0:
    case 8: return 3;
    default: return len == 4 ? 2 : 4;
    }
}

static uint32_t single(const struct sim_op *op, uint32_t size)
{
    switch (op->code) {
    case SIM_OP_READ: return LDRB | size << 30 | AT | RD(A64_OLD);
    case SIM_OP_WRITE: return STRB | size << 30 | AT | RD(A64_NEW);
    case SIM_OP_RMW: return SWPB | size << 30 | AT | RS(A64_NEW) | RD(A64_OLD);
    default: return A64_UDF;
    }
}

static uint32_t pair(const struct sim_op *op)
{
    if (op->code == SIM_OP_READ)
        return LDP | AT | RT2(A64_MORE) | RD(A64_OLD);
    return op->code == SIM_OP_WRITE ? STP | AT | RT2(A64_MORE) | RD(A64_NEW) : A64_UDF;
}

unsigned xmi_sim_a64_excl(const struct sim_op *op, uint8_t step[A64_MOST])
{
    unsigned n = 0;

    step[n++] = EXCL_LOAD;
    if ((op->flags & SIM_OP_F_WAITS) != 0)
        step[n++] = EXCL_WAIT;
    if (op->to != 0)
        step[n++] = EXCL_FURTHER;
    if ((op->flags & SIM_OP_F_NO_EMUL) != 0)
        step[n++] = EXCL_ODD;
    step[n++] = EXCL_ADD;
    step[n++] = EXCL_STORE;
    step[n++] = EXCL_BRANCH;
    return n;
}

static uint32_t back_to_first(unsigned n)
{
    return ((0u - n) & 0x7ffffu) << 5;
}

static unsigned excl(const struct sim_op *op, uint32_t size, uint32_t out[A64_MOST])
{
    const uint32_t word[] = {
        [EXCL_LOAD] = LDXRB | size << 30 | AT | RD(A64_OLD),
        [EXCL_WAIT] = CBNZ_X | RD(A64_OLD),
        [EXCL_FURTHER] = LDR_X | RN(A64_FROM) | RD(A64_GOT),
        [EXCL_ODD] = MOVI,
        [EXCL_ADD] = ADD_1 | RN(A64_OLD) | RD(A64_NEW),
        [EXCL_STORE] = STXRB | size << 30 | RS(A64_MORE) | AT | RD(A64_NEW),
        [EXCL_BRANCH] = CBNZ_W | RD(A64_MORE),
    };
    uint8_t step[A64_MOST];
    unsigned n = xmi_sim_a64_excl(op, step);

    for (unsigned i = 0; i < n; i++) {
        out[i] = word[step[i]];
        if (step[i] == EXCL_WAIT || step[i] == EXCL_BRANCH)
            out[i] |= back_to_first(i);
    }
    return n;
}

unsigned xmi_sim_a64_encode(const struct sim_op *op, uint32_t out[A64_MOST])
{
    uint32_t size = size_of(op->len);

    if (op->code == SIM_OP_EXCL)
        return excl(op, size, out);
    out[0] = A64_UDF;
    if (op->flags == 0 && size <= 3)
        out[0] = single(op, size);
    else if (op->flags == 0 && op->len == 16)
        out[0] = pair(op);
    return 1;
}

uint32_t xmi_sim_a64_branch(int32_t to)
{
    return B | ((uint32_t)to >> 2 & 0x3ffffffu);
}
