/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A64: its part of arm.h. */
#ifndef XMEM_A64_H
#define XMEM_A64_H

#include <stdint.h>

struct a64_insn {
    uint32_t todo;
};

#endif
