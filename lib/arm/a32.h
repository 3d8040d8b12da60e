/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A32 and T32: their part of arm.h. */
#ifndef XMEM_A32_H
#define XMEM_A32_H

#include <stdint.h>

struct a32_insn {
    uint32_t todo;
};

#endif
