/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights as the session handles them; the numbers are enum xmem_rights. */
#ifndef XMEM_RIGHTS_H
#define XMEM_RIGHTS_H

#include <stdbool.h>
#include <xmem.h>

/* Is it one of the enum's numbers? */
static inline bool rights_valid(uint32_t r)
{
    return r == XMEM_DEFAULT || (r >= XMEM_N && r <= XMEM_R_PW);
}

/* Rights that a guest's access turns into others: what is set is not what is there later. */
static inline bool rights_turn(uint8_t r)
{
    return r == XMEM_RX2RW || r == XMEM_N2RWX;
}

/* XMEM_ACCESS_* bits that go through without an event. */
static inline uint32_t rights_allow(uint8_t r)
{
    if (r >= XMEM_N && r <= XMEM_RWX)
        return r & 7u;
    if (r == XMEM_RX2RW)
        return XMEM_ACCESS_R | XMEM_ACCESS_X | XMEM_ACCESS_W;
    return r == XMEM_R_PW ? XMEM_ACCESS_R : 0;
}

#endif
