/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guests' program: one page, which runs wherever it is copied to. */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

/* Vectors first. */
extern const char guest_image[], guest_begin[];

/* At the upper end of each vCPU's stack page. */
#define GUEST_DATA_BYTES 64u
struct guest_data {
    uint64_t got; /* ports that came in, of the first 64 */
    uintptr_t shared, info;
    uint32_t upcalls;
};

#endif
