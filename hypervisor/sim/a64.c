/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "a64.h"

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
#define B 0x14000000u

#define RD(r) ((uint32_t)(r))
#define RN(r) ((uint32_t)(r) << 5)
#define RT2(r) ((uint32_t)(r) << 10)
#define RS(r) ((uint32_t)(r) << 16)
#define AT RN(A64_ADDR)
#define EXCL_WORDS 4u

/* Bits 30 and 31; 4: no size of one register. */
static uint32_t size_of(uint32_t len)
{
    switch (len) {
    case 1:
        return 0;
    case 2:
        return 1;
    case 0:
    case 8:
        return 3;
    default:
        return len == 4 ? 2 : 4;
    }
}

static uint32_t single(const struct sim_op *op, uint32_t size)
{
    switch (op->code) {
    case SIM_OP_READ:
        return LDRB | size << 30 | AT | RD(A64_OLD);
    case SIM_OP_WRITE:
        return STRB | size << 30 | AT | RD(A64_NEW);
    case SIM_OP_RMW:
        return SWPB | size << 30 | AT | RS(A64_NEW) | RD(A64_OLD);
    default:
        return A64_UDF;
    }
}

static uint32_t pair(const struct sim_op *op)
{
    if (op->code == SIM_OP_READ)
        return LDP | AT | RT2(A64_MORE) | RD(A64_OLD);
    return op->code == SIM_OP_WRITE ? STP | AT | RT2(A64_MORE) | RD(A64_NEW) : A64_UDF;
}

/* again: ldxr x0,[x1]; add x2,x0,#1; stxr w3,x2,[x1]; cbnz w3,again */
static unsigned excl(uint32_t size, uint32_t out[A64_MOST])
{
    const uint32_t back = (uint32_t)-3 & 0x7ffffu;

    out[0] = LDXRB | size << 30 | AT | RD(A64_OLD);
    out[1] = ADD_1 | RN(A64_OLD) | RD(A64_NEW);
    out[2] = STXRB | size << 30 | RS(A64_MORE) | AT | RD(A64_NEW);
    out[3] = CBNZ_W | back << 5 | RD(A64_MORE);
    return EXCL_WORDS;
}

unsigned sim_a64_encode(const struct sim_op *op, uint32_t out[A64_MOST])
{
    uint32_t size = size_of(op->len);

    if (op->code == SIM_OP_EXCL)
        return excl(size, out);
    out[0] = A64_UDF;
    if (op->flags == 0 && size <= 3)
        out[0] = single(op, size);
    else if (op->flags == 0 && op->len == 16)
        out[0] = pair(op);
    return 1;
}

uint32_t sim_a64_branch(int32_t to)
{
    return B | ((uint32_t)to >> 2 & 0x3ffffffu);
}
