/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes, any registers, any size of code: no byte behind those given is read, what is decoded is
 * the same with more behind it, and what is touched keeps to its bounds, its code first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "x86/x86.h"

#define BYTES_MOST (8u * X86_REPS)

#define CHECK(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

static void check_touches(const struct x86_insn *in, const struct x86_state *s)
{
    struct x86_touch t[X86_TOUCHES];
    unsigned n = xmi_x86_touches(in, s, t);
    CHECK(n >= 1 && n <= X86_TOUCHES);
    CHECK(t[0].access == X86_FETCH && t[0].bytes == in->length);
    for (unsigned i = 0; i < n; i++) {
        CHECK(t[i].bytes && t[i].bytes <= BYTES_MOST);
        CHECK(t[i].access && (!i || !(t[i].access & X86_FETCH)));
        CHECK(s->code == 64 || t[i].at <= UINT32_MAX);
    }
}

static void one(struct fuzz_in *in)
{
    static const uint8_t codes[] = {64, 32, 16, 64};
    struct x86_insn a, b;
    uint64_t reg[16];
    uint8_t how = fuzz_u8(in), code = codes[how & 3];
    size_t n = (how >> 2) % (X86_INSN_MAX + 1);
    uint8_t *bytes = malloc(n + 1), more[X86_INSN_MAX];
    struct x86_state s = {.reg = reg, .code = code, .stack = code};
    CHECK(bytes);
    fuzz_take(in, bytes, n);
    bytes = realloc(bytes, n ? n : 1); /* a sanitizer sees what is read behind it */
    CHECK(bytes);
    fuzz_take(in, reg, sizeof(reg));
    s.rip = fuzz_u64(in);
    s.rflags = fuzz_u64(in);
    fuzz_take(in, s.base, sizeof(s.base));
    memset(more, how, sizeof(more));
    memcpy(more, bytes, n);
    if (xmi_x86_decode(bytes, n, code, &a)) {
        CHECK(a.length && a.length <= n);
        CHECK(xmi_x86_decode(more, sizeof(more), code, &b) && !memcmp(&a, &b, sizeof(a)));
        check_touches(&a, &s);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    while (in.left)
        one(&in);
    return 0;
}
