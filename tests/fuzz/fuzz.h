/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fuzz target, and what targets use: a reader of the input that never runs out. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_in {
    const uint8_t *data;
    size_t left;
};

/* Takes bytes from the input; zeros when it is at its end. */
static inline void fuzz_take(struct fuzz_in *in, void *out, size_t bytes)
{
    size_t n = bytes < in->left ? bytes : in->left;
    memset(out, 0, bytes);
    if (n)
        memcpy(out, in->data, n);
    in->data += n;
    in->left -= n;
}

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
    uint8_t v;
    fuzz_take(in, &v, sizeof(v));
    return v;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
    uint16_t v;
    fuzz_take(in, &v, sizeof(v));
    return v;
}

static inline uint32_t fuzz_u32(struct fuzz_in *in)
{
    uint32_t v;
    fuzz_take(in, &v, sizeof(v));
    return v;
}

static inline uint64_t fuzz_u64(struct fuzz_in *in)
{
    uint64_t v;
    fuzz_take(in, &v, sizeof(v));
    return v;
}

#endif
