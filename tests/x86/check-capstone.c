/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lib/x86 beside capstone, over random encodings: how long an instruction is, which memory its
 * operands are in, how much of it, read or written. Capstone tells no stack and no code, so these are
 * left out. Every difference must be one of those that are told below.
 */
#define x86_insn capstone_x86_insn /* its enum has the name of ours */
#include <capstone/capstone.h>
#undef x86_insn
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "x86/x86.h"

#define COUNT 1000000u
#define SHOWN 12u
#define RIP 0x40000000u
#define MOST 8u

enum { LENGTH = 1, PLACES = 2, BYTES = 4, ACCESS = 8 };

struct told {
    const char *name;
    unsigned what;
    const char *why;
    uint64_t seen;
};

/* Differences that are right: the names, what differs, why. */
#define NOTHING "names an address, and touches nothing there"
#define STORES "a store, of which capstone 4 says that it reads"
#define BOTH "reads and writes, of which capstone 4 says that it reads"
#define ENTRY "reads less than capstone 4 says: volume 2 of the SDM has m32, m64"
#define STATE "of which capstone 4 has no size"
#define FAR "a register says how far from its operand; check-native.sh has them"
static struct told told[] = {
    {"lea", PLACES, NOTHING, 0},
    {"nop", PLACES, NOTHING, 0},
    {"prefetch*", PLACES, NOTHING, 0},
    {"invlpg", PLACES, NOTHING, 0},
    {"xlatb", PLACES, "of which capstone tells no operand", 0},
    {"bt*", PLACES, FAR, 0},
    {"pop", PLACES, "an address by rsp is that behind the pop", 0},
    {"push", BYTES, "8 bytes with REX.W, whatever 66 says", 0},
    {"pop", BYTES, "the same", 0},
    {"xsaveopt*", BYTES | ACCESS, "with 66 it is CLWB", 0},
    {"vpinsrq", BYTES, "4 bytes outside of 64-bit code", 0},
    {"vpextrq", BYTES | ACCESS, "4 bytes outside of 64-bit code", 0},
    {"set*", ACCESS, STORES, 0},
    {"mov*", ACCESS, STORES, 0},
    {"vmov*", ACCESS, STORES, 0},
    {"fist*", ACCESS, STORES, 0},
    {"fst*", ACCESS, STORES, 0},
    {"pextr*", ACCESS, STORES, 0},
    {"vpextr*", ACCESS, STORES, 0},
    {"extractps", ACCESS, STORES, 0},
    {"vextractps", ACCESS, STORES, 0},
    {"stmxcsr", ACCESS, STORES, 0},
    {"vstmxcsr", ACCESS, STORES, 0},
    {"fnstcw", ACCESS, STORES, 0},
    {"ro*", ACCESS, BOTH, 0},
    {"rc*", ACCESS, BOTH, 0},
    {"arpl", ACCESS, BOTH, 0},
    {"cmpxchg*", ACCESS, BOTH, 0},
    {"test", ACCESS, "reads alone", 0},
    {"cmps*", ACCESS, "of which capstone 4 does not say that it reads", 0},
    {"cvts*", ACCESS, "of which capstone 4 does not say that it reads", 0},
    {"vcvts*", ACCESS, "of which capstone 4 does not say that it reads", 0},
    {"round*", ACCESS, "of which capstone 4 does not say that it reads", 0},
    {"vround*", ACCESS, "of which capstone 4 does not say that it reads", 0},
    {"punpckl*", BYTES, ENTRY, 0},
    {"comis*", BYTES, ENTRY, 0},
    {"vcomis*", BYTES, ENTRY, 0},
    {"fnsave", BYTES, STATE, 0},
    {"frstor", BYTES | ACCESS, STATE, 0},
    {"fxsave*", BYTES, STATE, 0},
    {"fxrstor*", BYTES, STATE, 0},
    {"fnstsw", BYTES, "writes 2 bytes", 0},
    {"fnstenv", BYTES, "14 bytes with operands of 16 bits", 0},
    {"fldenv", BYTES, "14 bytes with operands of 16 bits", 0},
    {NULL, 0, NULL, 0},
};

/* A name, or what names begin with: "set*". */
static bool is_named(const char *name, const char *pattern)
{
    size_t n = strcspn(pattern, "*");
    return !strncmp(name, pattern, n) && (pattern[n] || !name[n]);
}

/* Behind "rep " and "lock ". */
static const char *bare(const char *name)
{
    const char *space = strrchr(name, ' ');
    return space ? space + 1 : name;
}

static bool is_told(const char *name, unsigned what)
{
    for (struct told *t = told; t->name; t++)
        if (is_named(bare(name), t->name) && !(what & ~t->what)) {
            t->seen++;
            return true;
        }
    return false;
}

/* ---- random encodings ---- */

static uint64_t seed = 1;

static uint32_t next_random(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (uint32_t)(z >> 32);
}

/* One at the most, and no other beside REX than 66, f2, f3: of more capstone 4 loses some. */
static unsigned put_prefixes(uint8_t *at, bool is_long)
{
    static const uint8_t all[] = {0x66, 0xf2, 0xf3, 0x67, 0x64, 0x65};
    bool rex = is_long && next_random() % 2;
    unsigned n = 0;
    if (next_random() % 2)
        at[n++] = all[next_random() % (rex ? 3 : sizeof(all))];
    if (rex)
        at[n++] = (uint8_t)(0x40 | next_random() % 16);
    return n;
}

/* The maps are met about as often as each other. */
static unsigned put_map(uint8_t *at)
{
    switch (next_random() % 8) {
    case 0:
    case 1:
    case 2: at[0] = 0x0f; return 1;
    case 3:
        at[0] = 0x0f;
        at[1] = next_random() % 2 ? 0x38 : 0x3a;
        return 2;
    case 4:
        at[0] = 0xc5;
        at[1] = (uint8_t)next_random();
        return 2;
    case 5:
        at[0] = 0xc4;
        at[1] = (uint8_t)((next_random() & 0xe0) | (1 + next_random() % 3));
        at[2] = (uint8_t)next_random();
        return 3;
    default: return 0;
    }
}

static bool is_prefix(uint8_t b, bool is_long)
{
    static const uint8_t all[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    return (is_long && (b & 0xf0) == 0x40) || memchr(all, b, sizeof(all));
}

/* Of a vector instruction in 16-bit code capstone 4 takes 66, f2, f3 for something else. */
static void make(uint8_t code[16], unsigned bits)
{
    unsigned n, prefixes;
    do {
        for (unsigned i = 0; i < 16; i++)
            code[i] = (uint8_t)next_random();
        prefixes = put_prefixes(code, bits == 64);
        n = prefixes + put_map(code + prefixes);
    } while (is_prefix(code[prefixes], bits == 64) ||
             (bits == 16 && prefixes && (n > prefixes || code[n] == 0x0f) && code[0] != 0x64));
}

/* ---- registers that tell each other apart ---- */

static uint64_t regs[16];
static const uint64_t bases[X86_SEGMENTS] = {
    [X86_ES] = 0x1000000, [X86_CS] = 0,         [X86_SS] = 0x3000000,
    [X86_DS] = 0x4000000, [X86_FS] = 0x5000000, [X86_GS] = 0x6000000,
};

static void fill(struct x86_state *s, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++)
        regs[i] = bits == 64 ? 0x0101000100ull * (i + 1) : 0x01010100u * (i + 1) % 0x40000000u;
    regs[1] = 1; /* rcx: one repetition */
    *s = (struct x86_state){.reg = regs, .rip = RIP, .code = (uint8_t)bits, .stack = (uint8_t)bits};
    memcpy(s->base, bases, sizeof(bases));
}

static unsigned number_of(unsigned reg)
{
    static const unsigned all[][16] = {
        {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP, X86_REG_RSI,
         X86_REG_RDI, X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11, X86_REG_R12, X86_REG_R13,
         X86_REG_R14, X86_REG_R15},
        {X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX, X86_REG_ESP, X86_REG_EBP, X86_REG_ESI,
         X86_REG_EDI, X86_REG_R8D, X86_REG_R9D, X86_REG_R10D, X86_REG_R11D, X86_REG_R12D,
         X86_REG_R13D, X86_REG_R14D, X86_REG_R15D},
        {X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX, X86_REG_SP, X86_REG_BP, X86_REG_SI,
         X86_REG_DI, 0, 0, 0, 0, 0, 0, 0, 0},
    };
    for (unsigned i = 0; i < 3; i++)
        for (unsigned n = 0; n < 16; n++)
            if (reg && reg == all[i][n])
                return n;
    return X86_NO_REG;
}

static uint64_t value_of(unsigned reg, const cs_insn *in)
{
    unsigned n = number_of(reg);
    if (reg == X86_REG_RIP || reg == X86_REG_EIP)
        return RIP + in->size;
    return n == X86_NO_REG ? 0 : regs[n];
}

/* ---- what capstone says ---- */

static uint64_t cut(uint64_t v, unsigned bytes)
{
    return bytes >= 8 ? v : v & ((1ull << 8 * bytes) - 1);
}

static unsigned default_segment(const x86_op_mem *m)
{
    bool stack = m->base == X86_REG_RSP || m->base == X86_REG_RBP || m->base == X86_REG_ESP ||
                 m->base == X86_REG_EBP || m->base == X86_REG_BP || m->base == X86_REG_SP;
    return stack ? X86_SS : X86_DS;
}

static uint64_t base_of(const x86_op_mem *m, unsigned bits)
{
    static const unsigned names[X86_SEGMENTS] = {X86_REG_ES, X86_REG_CS, X86_REG_SS,
                                                 X86_REG_DS, X86_REG_FS, X86_REG_GS};
    unsigned which = default_segment(m);
    for (unsigned i = 0; i < X86_SEGMENTS; i++)
        if (m->segment == names[i])
            which = i;
    return bits == 64 && which < X86_FS ? 0 : bases[which];
}

static uint64_t place_of(const cs_insn *in, const x86_op_mem *m, unsigned bits)
{
    uint64_t at = (uint64_t)m->disp + value_of(m->base, in) +
                  value_of(m->index, in) * (uint64_t)m->scale;
    at = cut(at, in->detail->x86.addr_size) + base_of(m, bits);
    return bits == 64 ? at : cut(at, 4);
}

static unsigned theirs(const cs_insn *in, unsigned bits, struct x86_touch *out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < in->detail->x86.op_count && n < MOST; i++) {
        const cs_x86_op *o = &in->detail->x86.operands[i];
        if (o->type == X86_OP_MEM)
            out[n++] = (struct x86_touch){place_of(in, &o->mem, bits), o->size, o->access};
    }
    return n;
}

/* ---- what we say ---- */

static bool is_stack(const struct x86_insn *in)
{
    return (in->op >= X86_PUSH && in->op <= X86_LEAVE) && !in->memory;
}

/* Without the code, and the stack. */
static unsigned ours(const struct x86_insn *in, const struct x86_state *s, struct x86_touch *out)
{
    struct x86_touch all[X86_TOUCHES];
    unsigned n = xmi_x86_touches(in, s, all), kept = 0;
    bool pushes = in->op == X86_PUSH, pops = in->op == X86_POP_MODRM;
    for (unsigned i = 1; i < n && !is_stack(in); i++)
        if (!(pops && i == 1) && !(pushes && i == 2))
            out[kept++] = all[i];
    return kept;
}

/* ---- beside each other ---- */

static unsigned different(const struct x86_touch *a, unsigned n, const struct x86_touch *b,
                          unsigned m)
{
    unsigned what = n == m ? 0 : PLACES;
    for (unsigned i = 0; i < n && n == m; i++) {
        const struct x86_touch *o = &b[i];
        if (n == 2 && a[i].at != o->at) /* in another order */
            o = &b[1 - i];
        what |= a[i].at != o->at ? PLACES : 0u;
        what |= a[i].bytes != o->bytes ? BYTES : 0u;
        what |= a[i].access != o->access ? ACCESS : 0u;
    }
    return what;
}

static void show(const char *who, const struct x86_touch *v, unsigned n)
{
    printf("#   %s:", who);
    for (unsigned i = 0; i < n; i++)
        printf(" %#" PRIx64 " %u %s%s", v[i].at, v[i].bytes, v[i].access & 1 ? "r" : "",
               v[i].access & 2 ? "w" : "");
    printf("\n");
}

struct total {
    uint64_t both, memory, refused, known, bad;
};

static void compare(const cs_insn *in, const struct x86_insn *mine, const struct x86_state *s,
                    unsigned bits, struct total *t)
{
    struct x86_touch a[MOST], b[MOST];
    unsigned n = ours(mine, s, a), m = theirs(in, bits, b);
    unsigned what = different(a, n, b, m) | (mine->length == in->size ? 0 : LENGTH);
    t->both++;
    t->memory += n != 0;
    if (!what || is_told(in->mnemonic, what) || t->bad++ >= SHOWN)
        return;
    printf("# %u-bit", bits);
    for (unsigned i = 0; i < in->size; i++)
        printf(" %02x", in->bytes[i]);
    printf(": %s %s: %x differs, %u bytes here\n", in->mnemonic, in->op_str, what, mine->length);
    show("lib/x86", a, n);
    show("capstone", b, m);
}

static void one(csh handle, unsigned bits, struct total *t)
{
    struct x86_state s;
    struct x86_insn mine;
    cs_insn *in;
    uint8_t code[16];
    make(code, bits);
    fill(&s, bits);
    size_t n = cs_disasm(handle, code, 15, RIP, 1, &in);
    bool known = xmi_x86_decode(code, 15, bits, &mine);
    t->known += known;
    if (n && known)
        compare(in, &mine, &s, bits, t);
    t->refused += n && !known;
    if (n)
        cs_free(in, n);
}

static bool check(unsigned bits, cs_mode mode, unsigned count, unsigned nr)
{
    struct total t = {0};
    csh handle;
    if (cs_open(CS_ARCH_X86, mode, &handle) || cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON))
        abort();
    for (unsigned i = 0; i < count; i++)
        one(handle, bits, &t);
    cs_close(&handle);
    bool ok = !t.bad && t.both > count / 8 && t.memory > count / 16;
    printf("%s %u - %u-bit code: %" PRIu64 " instructions that both know, %" PRIu64
           " touch memory, "
           "%" PRIu64 " capstone alone knows, %" PRIu64 " differ\n",
           ok ? "ok" : "not ok", nr, bits, t.both, t.memory, t.refused, t.bad);
    return ok;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : COUNT;
    printf("1..3\n");
    bool ok = check(64, CS_MODE_64, count, 1);
    ok &= check(32, CS_MODE_32, count, 2);
    ok &= check(16, CS_MODE_16, count, 3);
    for (const struct told *t = told; t->name; t++)
        printf("# %s: %" PRIu64 " times: %s\n", t->name, t->seen, t->why);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
