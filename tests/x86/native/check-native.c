/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lib/x86 says that an instruction touches beside what this processor does: the page that an
 * operand is in has none on either side; the operand ends with it, begins with it, goes over by one
 * byte, or the page is read-only, or not there. Faults must come where and when they are to. TAP.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "x86/x86.h"
#include "native.h"

#define PAGE 4096u
#define AREAS 5u
#define MIDDLE 2048u /* of an area's page, where its register points */
#define REPS 5u

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 };
static const unsigned area_reg[AREAS] = {RDI, RSI, RSP, RBP, RBX};

static uint8_t *area[AREAS]; /* its page; the pages beside it are not there */
static uint8_t *stub;
static uint64_t reg[16], *saved;
static sigjmp_buf back;
static volatile uintptr_t fault_at;
static unsigned bad;

static void on_fault(int sig, siginfo_t *info, void *ctx)
{
    (void)sig;
    (void)ctx;
    fault_at = (uintptr_t)info->si_addr;
    siglongjmp(back, 1);
}

/* ---- the instruction between what loads registers and what puts them back ---- */

static uint8_t *put(uint8_t *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

/* mov between rsp and a place relative to rip. */
static uint8_t *put_rsp(uint8_t *at, uint8_t opcode)
{
    int32_t away = (int32_t)((uint8_t *)saved - (at + 7));
    at = put(at, (uint8_t[]){0x48, opcode, 0x25}, 3);
    return put(at, &away, 4);
}

static uint8_t *put_registers(uint8_t *at)
{
    for (unsigned i = 0; i < 16; i++) {
        at = put(at, (uint8_t[]){i < 8 ? 0x48 : 0x49, (uint8_t)(0xb8 + i % 8)}, 2);
        at = put(at, &reg[i], 8);
    }
    return at;
}

/* The address of the instruction. */
static uint64_t make(const struct native *c, bool down)
{
    static const uint8_t begin[] = {0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57};
    static const uint8_t end[] = {0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3};
    uint8_t *at = put_registers(put_rsp(put(stub, begin, sizeof(begin)), 0x89));
    at = put(at, down ? "\xfd" : "\xfc", 1);
    uint64_t rip = (uint64_t)(uintptr_t)at;
    at = put_rsp(put(put(at, c->byte, c->n), "\xfc", 1), 0x8b);
    put(put(at, "\x0f\x77", 2), end, sizeof(end)); /* emms */
    return rip;
}

/* 0: no fault, else where; 1: one that has no address. */
static uintptr_t run(const struct native *c, bool down)
{
    void (*fn)(void);
    make(c, down);
    memcpy(&fn, &stub, sizeof(fn));
    fault_at = 0;
    if (!sigsetjmp(back, 1)) {
        fn();
        return 0;
    }
    return fault_at ? fault_at : 1;
}

/* ---- registers ---- */

static void fill(const struct native *c, int64_t bit)
{
    for (unsigned i = 0; i < 16; i++)
        reg[i] = 3;
    for (unsigned i = 0; i < AREAS; i++)
        reg[area_reg[i]] = (uint64_t)(uintptr_t)area[i] + MIDDLE;
    reg[R8] = reg[RDI];
    reg[RCX] = c->rep ? REPS : 3;
    if (c->bits)
        reg[RAX] = (uint64_t)bit;
}

static void move(unsigned which, int64_t by)
{
    reg[area_reg[which]] += (uint64_t)by;
    if (area_reg[which] == RDI)
        reg[R8] += (uint64_t)by;
}

static unsigned touches(const struct native *c, bool down, struct x86_touch *out)
{
    struct x86_insn in;
    struct x86_state s = {
        .reg = reg, .rip = make(c, down), .rflags = down ? 0x400 : 0, .code = 64, .stack = 64};
    if (!xmi_x86_decode(c->byte, c->n, 64, &in) || in.length != c->n)
        return 0;
    return xmi_x86_touches(&in, &s, out);
}

static unsigned area_of(const struct x86_touch *t)
{
    unsigned i = 0;
    while (i < AREAS && t->at - (uintptr_t)area[i] >= PAGE)
        i++;
    return i;
}

/* ---- each way ---- */

static void expect(const struct native *c, const char *how, uintptr_t got, uintptr_t want)
{
    if (got == want)
        return;
    bad++;
    printf("# %s, %s: fault at %#lx, not at %#lx\n", c->text, how, (unsigned long)got,
           (unsigned long)want);
}

static void moved(const struct native *c, bool down, unsigned which, int64_t by, const char *how,
                  uintptr_t want)
{
    move(which, by);
    expect(c, how, run(c, down), want);
    move(which, -by);
}

static void protect(unsigned which, int how)
{
    if (mprotect(area[which], PAGE, how))
        abort();
}

/* Strings fault where they come to it: of those the first byte in the page is told, or the last. */
static void edges(const struct native *c, bool down, const struct x86_touch *t, unsigned which)
{
    uintptr_t page = (uintptr_t)area[which];
    int64_t to_begin = (int64_t)(page - t->at), to_end = (int64_t)(page + PAGE - t->bytes - t->at);
    moved(c, down, which, to_end, "at the page's end", 0);
    moved(c, down, which, to_begin, "at the page's begin", 0);
    moved(c, down, which, to_end + 1, "over the page's end", page + PAGE);
    move(which, to_begin - 1);
    uintptr_t got = run(c, down);
    move(which, 1 - to_begin);
    if (!c->rep)
        expect(c, "before the page's begin", got, page - 1);
    else if (got < page - 8 || got >= page)
        expect(c, "before the page's begin", got, page - 1);
}

static void rights(const struct native *c, bool down, unsigned which, bool writes)
{
    protect(which, PROT_READ);
    uintptr_t got = run(c, down);
    if (!got != !writes)
        expect(c, "read-only", got, writes);
    protect(which, PROT_NONE);
    if (!run(c, down))
        expect(c, "not there", 0, 1);
    protect(which, PROT_READ | PROT_WRITE);
}

/* Other operands in the same area are not told apart, but for their rights. */
static bool alone(const struct x86_touch *v, unsigned n, unsigned k, bool *writes)
{
    unsigned others = 0;
    *writes = false;
    for (unsigned i = 1; i < n; i++) {
        bool same = area_of(&v[i]) == area_of(&v[k]);
        others += same && i != k;
        *writes = *writes || (same && (v[i].access & X86_WRITE));
    }
    return !others;
}

static void nothing(const struct native *c)
{
    for (unsigned i = 0; i < AREAS; i++)
        protect(i, PROT_NONE);
    expect(c, "nothing is touched", run(c, false), 0);
    for (unsigned i = 0; i < AREAS; i++)
        protect(i, PROT_READ | PROT_WRITE);
}

static void one(const struct native *c, bool down, int64_t bit)
{
    struct x86_touch v[X86_TOUCHES];
    fill(c, bit);
    unsigned n = touches(c, down, v);
    if (!n || v[0].access != X86_FETCH || v[0].bytes != c->n) {
        bad++;
        printf("# %s is not known\n", c->text);
    }
    if (n == 1)
        nothing(c);
    for (unsigned k = 1; k < n; k++) {
        bool writes, no_other = alone(v, n, k, &writes);
        unsigned which = area_of(&v[k]);
        if (which == AREAS) {
            bad++;
            printf("# %s: %#lx is nowhere\n", c->text, (unsigned long)v[k].at);
            continue;
        }
        if (no_other)
            edges(c, down, &v[k], which);
        rights(c, down, which, writes);
    }
}

static void all_ways(const struct native *c)
{
    static const int64_t bit[] = {0, 31, 32, 64, 1000, -1, -32, -33, -64, -65, 0x7fff - 20000};
    if (!c->bits)
        one(c, false, 0);
    for (unsigned i = 0; c->bits && i < sizeof(bit) / sizeof(bit[0]); i++)
        one(c, false, bit[i]);
    bool string = (c->byte[c->n - 1] & 0xf4) == 0xa4 && c->n < 4;
    if (string)
        one(c, true, 0);
}

static void setup(void)
{
    static uint8_t handlers[65536];
    stack_t other = {.ss_sp = handlers, .ss_size = sizeof(handlers)};
    struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    size_t bytes = (4 * AREAS + 2) * PAGE;
    uint8_t *all = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || sigaltstack(&other, NULL) || sigaction(SIGSEGV, &a, NULL))
        abort();
    for (unsigned i = 0; i < AREAS; i++) {
        area[i] = all + (4 * i + 2) * PAGE;
        protect(i, PROT_READ | PROT_WRITE);
    }
    stub = all + 4 * AREAS * PAGE + PAGE;
    if (mprotect(stub, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)) {
        printf("1..0 # SKIP no page can be written and executed\n");
        exit(EXIT_SUCCESS);
    }
    saved = (uint64_t *)(void *)(stub + PAGE - 8);
}

int main(void)
{
    unsigned n = sizeof(natives) / sizeof(natives[0]), failed = 0;
    setup();
    printf("1..%u\n", n);
    for (unsigned i = 0; i < n; i++) {
        bool can = !natives[i].avx || __builtin_cpu_supports("avx");
        bad = 0;
        if (can)
            all_ways(&natives[i]);
        failed += bad != 0;
        printf("%sok %u - %s%s\n", bad ? "not " : "", i + 1, natives[i].text,
               can ? "" : " # SKIP no AVX");
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
