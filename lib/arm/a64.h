/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: its part of arm.h. */
#ifndef XMEM_A64_H
#define XMEM_A64_H

#include <stdint.h>

/* A decoded instruction; what a field means beyond its name is said at enum a64_op. */
struct a64_insn {
    uint8_t op; /* enum a64_op */
    uint8_t rd; /* Rd, or Rt */
    uint8_t rn;
    uint8_t rm;    /* Rm, or Rs */
    uint8_t ra;    /* Ra, or Rt2 */
    uint8_t size;  /* log2 of the bytes of one element in memory */
    uint8_t count; /* elements: 2 of a pair */
    uint8_t ext;   /* an extended register: option; a shifted one: kind of shift */
    uint8_t shift; /* of either, and of bitfields */
    uint8_t sub;   /* which one of those that are alike */
    uint16_t flags;
    int64_t imm;
};

#endif
