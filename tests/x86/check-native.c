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

/* Encodings that are run: 64-bit code, operands by rdi, rsi, rsp, rbp, rbx. */
struct native {
    const char *text;
    uint8_t n, byte[11];
    bool avx, rep, bits; /* needs AVX; with rcx repetitions; rax is how far away a bit is */
};

static const struct native natives[] = {
    {"mov %al,(%rdi)", 2, {0x88, 0x07}, 0, 0, 0},
    {"mov %ax,(%rdi)", 3, {0x66, 0x89, 0x07}, 0, 0, 0},
    {"mov %eax,(%rdi)", 2, {0x89, 0x07}, 0, 0, 0},
    {"mov %rax,(%rdi)", 3, {0x48, 0x89, 0x07}, 0, 0, 0},
    {"mov %rax,0x80(%rdi)", 7, {0x48, 0x89, 0x87, 0x80, 0, 0, 0}, 0, 0, 0},
    {"mov %rax,-8(%rdi,%rdx,4)", 5, {0x48, 0x89, 0x44, 0x97, 0xf8}, 0, 0, 0},
    {"mov %rax,8(%r8)", 4, {0x49, 0x89, 0x40, 0x08}, 0, 0, 0},
    {"mov (%rsi),%rax", 3, {0x48, 0x8b, 0x06}, 0, 0, 0},
    {"movzb (%rsi),%eax", 3, {0x0f, 0xb6, 0x06}, 0, 0, 0},
    {"movsww (%rsi),%eax", 3, {0x0f, 0xbf, 0x06}, 0, 0, 0},
    {"movslq (%rsi),%rax", 3, {0x48, 0x63, 0x06}, 0, 0, 0},
    {"movb $1,(%rdi)", 3, {0xc6, 0x07, 1}, 0, 0, 0},
    {"movq $1,(%rdi)", 7, {0x48, 0xc7, 0x07, 1, 0, 0, 0}, 0, 0, 0},
    {"add %rax,(%rdi)", 3, {0x48, 0x01, 0x07}, 0, 0, 0},
    {"add (%rsi),%ax", 3, {0x66, 0x03, 0x06}, 0, 0, 0},
    {"cmp %eax,(%rdi)", 2, {0x39, 0x07}, 0, 0, 0},
    {"cmpb $1,(%rdi)", 3, {0x80, 0x3f, 1}, 0, 0, 0},
    {"subl $1,(%rdi)", 3, {0x83, 0x2f, 1}, 0, 0, 0},
    {"test %rax,(%rdi)", 3, {0x48, 0x85, 0x07}, 0, 0, 0},
    {"testl $1,(%rdi)", 6, {0xf7, 0x07, 1, 0, 0, 0}, 0, 0, 0},
    {"notw (%rdi)", 3, {0x66, 0xf7, 0x17}, 0, 0, 0},
    {"negq (%rdi)", 3, {0x48, 0xf7, 0x1f}, 0, 0, 0},
    {"mull (%rdi)", 2, {0xf7, 0x27}, 0, 0, 0},
    {"incb (%rdi)", 2, {0xfe, 0x07}, 0, 0, 0},
    {"decq (%rdi)", 3, {0x48, 0xff, 0x0f}, 0, 0, 0},
    {"shll $3,(%rdi)", 3, {0xc1, 0x27, 3}, 0, 0, 0},
    {"rcrb (%rdi)", 2, {0xd0, 0x1f}, 0, 0, 0},
    {"sarq %cl,(%rdi)", 3, {0x48, 0xd3, 0x3f}, 0, 0, 0},
    {"shld $3,%eax,(%rdi)", 4, {0x0f, 0xa4, 0x07, 3}, 0, 0, 0},
    {"xchg %rax,(%rdi)", 3, {0x48, 0x87, 0x07}, 0, 0, 0},
    {"lock xadd %eax,(%rdi)", 4, {0xf0, 0x0f, 0xc1, 0x07}, 0, 0, 0},
    {"cmpxchg %edx,(%rdi)", 3, {0x0f, 0xb1, 0x17}, 0, 0, 0},
    {"cmpxchg8b (%rdi)", 3, {0x0f, 0xc7, 0x0f}, 0, 0, 0},
    {"seto (%rdi)", 3, {0x0f, 0x90, 0x07}, 0, 0, 0},
    {"cmovne (%rsi),%rax", 4, {0x48, 0x0f, 0x45, 0x06}, 0, 0, 0},
    {"imul $3,(%rsi),%ax", 4, {0x66, 0x6b, 0x06, 3}, 0, 0, 0},
    {"bsf (%rsi),%rax", 4, {0x48, 0x0f, 0xbc, 0x06}, 0, 0, 0},
    {"bswap %eax", 2, {0x0f, 0xc8}, 0, 0, 0},
    {"bt $70,(%rdi)", 4, {0x0f, 0xba, 0x27, 70}, 0, 0, 0},
    {"btsq $70,(%rdi)", 5, {0x48, 0x0f, 0xba, 0x2f, 70}, 0, 0, 0},
    {"bt %eax,(%rdi)", 3, {0x0f, 0xa3, 0x07}, 0, 0, true},
    {"bts %rax,(%rdi)", 4, {0x48, 0x0f, 0xab, 0x07}, 0, 0, true},
    {"btc %ax,(%rdi)", 4, {0x66, 0x0f, 0xbb, 0x07}, 0, 0, true},
    {"btr %eax,4(%rdi)", 4, {0x0f, 0xb3, 0x47, 4}, 0, 0, true},
    {"movnti %eax,(%rdi)", 3, {0x0f, 0xc3, 0x07}, 0, 0, 0},
    {"mov %ds,(%rdi)", 2, {0x8c, 0x1f}, 0, 0, 0},
    {"push %rax", 1, {0x50}, 0, 0, 0},
    {"push %ax", 2, {0x66, 0x50}, 0, 0, 0},
    {"push $1", 2, {0x6a, 1}, 0, 0, 0},
    {"push $1000000", 5, {0x68, 0x40, 0x42, 0x0f, 0}, 0, 0, 0},
    {"pushw $1", 4, {0x66, 0x68, 1, 0}, 0, 0, 0},
    {"pushq (%rsi)", 2, {0xff, 0x36}, 0, 0, 0},
    {"pushq 8(%rsp)", 4, {0xff, 0x74, 0x24, 8}, 0, 0, 0},
    {"pushf", 1, {0x9c}, 0, 0, 0},
    {"push %fs", 2, {0x0f, 0xa0}, 0, 0, 0},
    {"pop %rax", 1, {0x58}, 0, 0, 0},
    {"pop %ax", 2, {0x66, 0x58}, 0, 0, 0},
    {"popq (%rdi)", 2, {0x8f, 0x07}, 0, 0, 0},
    {"popq 16(%rsp)", 4, {0x8f, 0x44, 0x24, 16}, 0, 0, 0},
    {"call .+5", 5, {0xe8, 0, 0, 0, 0}, 0, 0, 0},
    {"leave", 1, {0xc9}, 0, 0, 0},
    {"enter $0,$0", 4, {0xc8, 0, 0, 0}, 0, 0, 0},
    {"enter $0,$1", 4, {0xc8, 0, 0, 1}, 0, 0, 0},
    {"enter $0,$5", 4, {0xc8, 0, 0, 5}, 0, 0, 0},
    {"xlat", 1, {0xd7}, 0, 0, 0},
    {"movsb", 1, {0xa4}, 0, 0, 0},
    {"movsq", 2, {0x48, 0xa5}, 0, 0, 0},
    {"rep movsl", 2, {0xf3, 0xa5}, 0, true, 0},
    {"rep movsb", 2, {0xf3, 0xa4}, 0, true, 0},
    {"stosw", 2, {0x66, 0xab}, 0, 0, 0},
    {"rep stosq", 3, {0xf3, 0x48, 0xab}, 0, true, 0},
    {"rep stosb", 2, {0xf3, 0xaa}, 0, true, 0},
    {"lodsl", 1, {0xad}, 0, 0, 0},
    {"scasb", 1, {0xae}, 0, 0, 0},
    {"cmpsl", 1, {0xa7}, 0, 0, 0},
    {"lea 8(%rdi),%rax", 4, {0x48, 0x8d, 0x47, 8}, 0, 0, 0},
    {"nopl (%rdi)", 3, {0x0f, 0x1f, 0x07}, 0, 0, 0},
    {"prefetcht0 (%rdi)", 3, {0x0f, 0x18, 0x0f}, 0, 0, 0},
    {"movups (%rsi),%xmm0", 3, {0x0f, 0x10, 0x06}, 0, 0, 0},
    {"movups %xmm0,(%rdi)", 3, {0x0f, 0x11, 0x07}, 0, 0, 0},
    {"movss (%rsi),%xmm0", 4, {0xf3, 0x0f, 0x10, 0x06}, 0, 0, 0},
    {"movsd %xmm0,(%rdi)", 4, {0xf2, 0x0f, 0x11, 0x07}, 0, 0, 0},
    {"movlps %xmm0,(%rdi)", 3, {0x0f, 0x13, 0x07}, 0, 0, 0},
    {"movhps (%rsi),%xmm0", 3, {0x0f, 0x16, 0x06}, 0, 0, 0},
    {"movdqu %xmm0,(%rdi)", 4, {0xf3, 0x0f, 0x7f, 0x07}, 0, 0, 0},
    {"movq %xmm0,(%rdi)", 4, {0x66, 0x0f, 0xd6, 0x07}, 0, 0, 0},
    {"movq (%rsi),%xmm0", 4, {0xf3, 0x0f, 0x7e, 0x06}, 0, 0, 0},
    {"movd %xmm0,(%rdi)", 4, {0x66, 0x0f, 0x7e, 0x07}, 0, 0, 0},
    {"movq %xmm0,(%rdi), by REX", 5, {0x66, 0x48, 0x0f, 0x7e, 0x07}, 0, 0, 0},
    {"cvtss2si (%rsi),%eax", 4, {0xf3, 0x0f, 0x2d, 0x06}, 0, 0, 0},
    {"cvtsi2sdq (%rsi),%xmm0", 5, {0xf2, 0x48, 0x0f, 0x2a, 0x06}, 0, 0, 0},
    {"cvtps2pd (%rsi),%xmm0", 3, {0x0f, 0x5a, 0x06}, 0, 0, 0},
    {"comiss (%rsi),%xmm0", 3, {0x0f, 0x2f, 0x06}, 0, 0, 0},
    {"ucomisd (%rsi),%xmm0", 4, {0x66, 0x0f, 0x2e, 0x06}, 0, 0, 0},
    {"addsd (%rsi),%xmm0", 4, {0xf2, 0x0f, 0x58, 0x06}, 0, 0, 0},
    {"paddb (%rsi),%mm0", 3, {0x0f, 0xfc, 0x06}, 0, 0, 0},
    {"punpcklbw (%rsi),%mm0", 3, {0x0f, 0x60, 0x06}, 0, 0, 0},
    {"movntq %mm0,(%rdi)", 3, {0x0f, 0xe7, 0x07}, 0, 0, 0},
    {"ldmxcsr, stmxcsr (%rdi)", 3, {0x0f, 0xae, 0x1f}, 0, 0, 0},
    {"clflush (%rdi)", 3, {0x0f, 0xae, 0x3f}, 0, 0, 0},
    {"flds (%rsi)", 2, {0xd9, 0x06}, 0, 0, 0},
    {"fldl (%rsi)", 2, {0xdd, 0x06}, 0, 0, 0},
    {"fldt (%rsi)", 2, {0xdb, 0x2e}, 0, 0, 0},
    {"fstpt (%rdi)", 2, {0xdb, 0x3f}, 0, 0, 0},
    {"fildll (%rsi)", 2, {0xdf, 0x2e}, 0, 0, 0},
    {"fistps (%rdi)", 2, {0xdf, 0x1f}, 0, 0, 0},
    {"fnstcw (%rdi)", 2, {0xd9, 0x3f}, 0, 0, 0},
    {"fnstsw (%rdi)", 2, {0xdd, 0x3f}, 0, 0, 0},
    {"fnstenv (%rdi)", 2, {0xd9, 0x37}, 0, 0, 0},
    {"fnsave (%rdi)", 2, {0xdd, 0x37}, 0, 0, 0},
    {"vmovups (%rsi),%ymm0", 4, {0xc5, 0xfc, 0x10, 0x06}, true, 0, 0},
    {"vmovups %xmm0,(%rdi)", 4, {0xc5, 0xf8, 0x11, 0x07}, true, 0, 0},
    {"vmovdqu %ymm0,(%rdi)", 4, {0xc5, 0xfe, 0x7f, 0x07}, true, 0, 0},
    {"vmovdqu %ymm0,(%r8)", 5, {0xc4, 0xc1, 0x7e, 0x7f, 0x00}, true, 0, 0},
    {"vmovddup (%rsi),%ymm0", 4, {0xc5, 0xff, 0x12, 0x06}, true, 0, 0},
    {"vcvtps2pd (%rsi),%ymm0", 4, {0xc5, 0xfc, 0x5a, 0x06}, true, 0, 0},
    {"vaddsd (%rsi),%xmm0,%xmm0", 4, {0xc5, 0xfb, 0x58, 0x06}, true, 0, 0},
    {"vbroadcastss (%rsi),%ymm0", 5, {0xc4, 0xe2, 0x7d, 0x18, 0x06}, true, 0, 0},
};

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
