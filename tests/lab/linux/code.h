/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one thing about the guest's work that is the processor's: a function that returns k, below 65536. */
#ifndef LAB_CODE_H
#define LAB_CODE_H

#include <stdint.h>
#include <string.h>

#ifdef __aarch64__
static inline void code_return(void *code, uint32_t k)
{
    uint32_t words[2] = {0x52800000u | k << 5, 0xd65f03c0u}; /* mov w0, #k; ret */

    memcpy(code, words, sizeof(words));
    __builtin___clear_cache((char *)code, (char *)code + sizeof(words));
}
#else
static inline void code_return(void *code, uint32_t k)
{
    uint8_t bytes[6] = {0xb8, 0, 0, 0, 0, 0xc3}; /* mov $k, %eax; ret */

    memcpy(bytes + 1, &k, sizeof(k));
    memcpy(code, bytes, sizeof(bytes));
}
#endif

#endif
