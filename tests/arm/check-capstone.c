/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decoder beside capstone's, over the encodings of loads and stores: what is one, where its
 * memory lies, how much of it, which registers it takes and gives. Every difference must be one of
 * those that are told below, and why.
 */
#define arm_insn capstone_arm_insn /* its enum has the name of ours */
#include <capstone/capstone.h>
#undef arm_insn
#include <inttypes.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm.h"

#define COUNT 400000u
#define SHOWN 12u
#define PC 0x40000000u
#define PAGE 4096u

/* ---- a load or store as a disassembler's text says it ---- */

#define NO_REG (-1)
#define ZERO_REG 31 /* A64 */
#define SP_REG 32   /* A64; of A32 it is 13 */

struct shift {
    char kind[5]; /* lsl, uxtw, rrx, ...; empty: none */
    unsigned by;
};

struct text {
    bool load, store, atomic, exclusive, prefetch, vector;
    unsigned bytes, regs; /* of each register */
    int reg[16];
    int status; /* of a store-exclusive; compared with, or operand, of an atomic */
    int base, index;
    bool minus, before, back; /* index subtracted; offset added before the access; written back */
    bool many, down,
        ahead; /* of multiple: towards lower addresses, and beginning beyond the base */
    int64_t offset;
    bool literal;
    uint64_t at;
    struct shift shift;
};

static bool begins(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

static bool ends(const char *s, const char *with)
{
    size_t a = strlen(s), b = strlen(with);
    return a >= b && !strcmp(s + a - b, with);
}

static bool any_of(const char *s, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(s, *names))
            return true;
    return false;
}

/* ---- registers ---- */

static int reg_a64(const char *s)
{
    if (begins(s, "xzr") || begins(s, "wzr"))
        return ZERO_REG;
    if (begins(s, "sp") || begins(s, "wsp"))
        return SP_REG;
    return (s[0] == 'x' || s[0] == 'w') && isdigit((unsigned char)s[1]) ? atoi(s + 1) : NO_REG;
}

static int reg_a32(const char *s)
{
    static const char *const names[] = {"sb", "sl", "fp", "ip", "sp", "lr", "pc"};
    for (int i = 0; i < 7; i++)
        if (begins(s, names[i]))
            return 9 + i;
    return s[0] == 'r' && isdigit((unsigned char)s[1]) ? atoi(s + 1) : NO_REG;
}

static int reg_of(enum arm_set set, const char *s)
{
    return set == ARM_A64 ? reg_a64(s) : reg_a32(s);
}

/* ---- the address ---- */

static const char *next_word(const char *s)
{
    while (*s && (*s == ',' || *s == ' '))
        s++;
    return s;
}

/* "#4", "-r2, lsl #3", "w1, uxtw #2" */
static void parse_offset(enum arm_set set, const char *s, struct text *out)
{
    s = next_word(s);
    if (*s == '#') {
        out->offset = s[1] == '-' ? strtoll(s + 1, NULL, 0) : (int64_t)strtoull(s + 1, NULL, 0);
        return;
    }
    out->minus = *s == '-';
    out->index = reg_of(set, s + out->minus);
    s = strchr(s, ',');
    if (!s)
        return;
    s = next_word(s);
    for (unsigned i = 0; i < 4 && isalpha((unsigned char)s[i]); i++)
        out->shift.kind[i] = s[i];
    s = strchr(s, '#');
    out->shift.by = s ? (unsigned)strtoul(s + 1, NULL, 0) : 0;
}

static void parse_address(enum arm_set set, const char *s, struct text *out)
{
    char inner[64];
    const char *end = strchr(s, ']'), *comma;
    snprintf(inner, sizeof(inner), "%.*s", (int)(end - s - 1), s + 1);
    out->base = reg_of(set, inner);
    comma = strchr(inner, ',');
    out->before = true;
    if (comma)
        parse_offset(set, comma, out);
    if (end[1] == '!')
        out->back = true;
    if (end[1] == ',') {
        out->before = false;
        out->back = true;
        parse_offset(set, end + 1, out);
    }
}

/* Registers in front of '[', or between braces. */
static void parse_regs(enum arm_set set, const char *s, const char *end, struct text *out)
{
    out->regs = 0;
    for (s = next_word(s); *s && s < end && *s != '#' && out->regs < 16; s = next_word(s)) {
        int reg = reg_of(set, s);
        if (reg == NO_REG)
            out->vector = true;
        out->reg[out->regs++] = reg;
        s += strcspn(s, ", }");
        if (*s == '}')
            break;
    }
}

/* ---- names ---- */

static unsigned width(const char *name, const char *operands, enum arm_set set)
{
    static const char *const bytes[] = {"sb", "b", "bt", NULL}, *const halves[] = {"sh", "h", "ht",
                                                                                   NULL};
    const char *last = begins(name, "ldrs") && ends(name, "t") ? "t" : "";
    char cut[16];
    snprintf(cut, sizeof(cut), "%.*s", (int)(strlen(name) - strlen(last)), name);
    for (unsigned i = 0; bytes[i]; i++)
        if (ends(cut, bytes[i]))
            return 1;
    for (unsigned i = 0; halves[i]; i++)
        if (ends(cut, halves[i]))
            return 2;
    if (set != ARM_A64 || ends(name, "sw"))
        return 4;
    return operands[0] == 'w' ? 4 : 8;
}

static bool is_multiple(const char *name)
{
    return begins(name, "ldm") || begins(name, "stm") || !strcmp(name, "push") ||
           !strcmp(name, "pop");
}

static void parse_multiple(enum arm_set set, const char *name, const char *operands,
                           struct text *out)
{
    bool push = !strcmp(name, "push"), pop = !strcmp(name, "pop");
    const char *list = strchr(operands, '{');
    out->many = true;
    out->load = begins(name, "ldm") || pop;
    out->store = !out->load;
    out->bytes = 4;
    out->base = push || pop ? 13 : reg_of(set, operands);
    out->back = push || pop || (strchr(operands, '!') && strchr(operands, '!') < list);
    out->down = push || ends(name, "db") || ends(name, "da");
    out->ahead = push || ends(name, "db") || ends(name, "ib");
    parse_regs(set, list + 1, operands + strlen(operands), out);
}

static bool is_access(enum arm_set set, const char *name)
{
    static const char *const no[] = {"ldc",  "ldc2", "ldcl",  "ldc2l", "stc",
                                     "stc2", "stcl", "stc2l", "str.w", NULL};
    if (any_of(name, no))
        return false;
    if (set != ARM_A64)
        return begins(name, "ldr") || begins(name, "str") || begins(name, "lda") ||
               begins(name, "stl") || begins(name, "pld") || begins(name, "pli") ||
               begins(name, "swp");
    return begins(name, "ld") || begins(name, "st") || begins(name, "cas") || begins(name, "swp") ||
           begins(name, "prf");
}

/* Of what comes before '[': the status register, or what an atomic takes. */
static void part_first(struct text *out)
{
    out->status = out->reg[0];
    for (unsigned i = 1; i < out->regs; i++)
        out->reg[i - 1] = out->reg[i];
    out->regs--;
}

static void parse_kind(enum arm_set set, const char *name, struct text *out)
{
    bool a64 = set == ARM_A64;
    out->prefetch = begins(name, "pr") || begins(name, "pl");
    out->atomic = begins(name, "cas") || begins(name, "swp") ||
                  (a64 &&
                   (begins(name, "ldadd") || begins(name, "ldclr") || begins(name, "ldeor") ||
                    begins(name, "ldset") || begins(name, "ldsm") || begins(name, "ldum")));
    out->load = begins(name, "ld") || out->atomic;
    out->store = begins(name, "st") || out->atomic;
    out->exclusive = a64 ? strstr(name, "x") != NULL : strstr(name, "ex") != NULL;
}

/* False: no load or store. name without condition and width. */
static bool text_parse(enum arm_set set, const char *name, const char *operands, struct text *out)
{
    const char *open = strchr(operands, '['), *at;
    memset(out, 0, sizeof(*out));
    out->status = out->base = out->index = NO_REG;
    if (set != ARM_A64 && is_multiple(name)) {
        parse_multiple(set, name, operands, out);
        return true;
    }
    if (!is_access(set, name))
        return false;
    out->vector = set == ARM_A64 && (operands[0] == '{' || strchr("bhsdqv", operands[0]));
    if (out->vector)
        return true;
    parse_kind(set, name, out);
    at = open ? open : strchr(operands, '#');
    if (!out->prefetch && at)
        parse_regs(set, operands, at, out);
    if (out->exclusive && out->store)
        part_first(out);
    out->bytes = width(
        name, out->exclusive && out->store ? next_word(strchr(operands, ',')) : operands, set);
    if (open) {
        parse_address(set, open, out);
    } else {
        out->literal = true;
        out->at = at ? strtoull(at + 1, NULL, 0) : 0;
    }
    return true;
}

/* ---- told differences ---- */

struct told {
    enum arm_set set;
    uint32_t mask, value, ones; /* ones: of these bits one at the least is not set */
    const char *why;
    uint64_t seen;
};

/* Differences that are right. */
#define NOT_KNOWN "of Armv8.1 and later, which capstone does not know"
#define NOT_ONES "bits that should be ones are not: the guest may find out what that does"
#define TOLD_LDTR 0x38000800u
static struct told told[] = {
    {ARM_A64, 0x3f200c00, 0x38200000, 0, "LDADD, SWP, LDAPR, ...: " NOT_KNOWN, 0},
    {ARM_A64, 0x3fa07c00, 0x08a07c00, 0, "CAS: " NOT_KNOWN, 0},
    {ARM_A64, 0xbfa07c00, 0x08207c00, 0, "CASP: " NOT_KNOWN, 0},
    {ARM_A64, 0x3fa0fc00, 0x08807c00, 0, "LDLAR, STLLR: " NOT_KNOWN, 0},
    {ARM_A64, 0x3f200c00, 0x19000000, 0, "LDAPUR, STLUR: " NOT_KNOWN, 0},
    {ARM_A64, 0x3fe00000, 0x08400000, 0x001f7c00, "LDXR: " NOT_ONES, 0},
    {ARM_A64, 0x3fe00000, 0x08600000, 0x001f0000, "LDXP: " NOT_ONES, 0},
    {ARM_A64, 0x3fe00000, 0x08000000, 0x00007c00, "STXR: " NOT_ONES, 0},
    {ARM_A64, 0x3fa00000, 0x08800000, 0x001f7c00, "LDAR, STLR: " NOT_ONES, 0},
    {ARM_A32, 0x0e400000, 0x08400000, 0, "LDM, STM of another mode's registers: not decoded", 0},
    {ARM_A64, 0x3f200c00, TOLD_LDTR, 0,
     "LDTR into its base: it writes nothing back, capstone minds", 0},
    {ARM_A32, 0x0fb000f0, 0x01000090, 0, "SWP: gone in Armv8, which capstone is asked for", 0},
    {ARM_T32, 0xfff0ffe0, 0xe8d0f000, 0, "TBB, TBH: a load here, a branch there", 0},
    {0, 0, 0, 0, NULL, 0},
};

/* LDTR is told of for one register alone. */
static bool fits(const struct told *t, uint32_t word)
{
    return t->value != TOLD_LDTR || t->set != ARM_A64 || (word & 31) == (word >> 5 & 31);
}

static bool is_told(enum arm_set set, uint32_t word)
{
    for (struct told *t = told; t->why; t++)
        if (t->set == set && (word & t->mask) == t->value && fits(t, word) &&
            (!t->ones || (word & t->ones) != t->ones)) {
            t->seen++;
            return true;
        }
    return false;
}

/* ---- random encodings ---- */

static uint64_t state = 1;

static uint32_t next_random(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (uint32_t)(z >> 32);
}

/* Wherever a load or store may be; A32's conditions are the business of others. */
static uint32_t random_word(enum arm_set set)
{
    uint32_t word = next_random();
    switch (set) {
    case ARM_A64: return (word & ~0x0a000000u) | 0x08000000u;
    case ARM_A32:
        if (word & 1u << 27 && next_random() % 2)
            word = (word & ~0x0e000090u) | 0x90u;
        return (word & 0x0fffffffu) | (next_random() % 16 ? 0xe0000000u : 0xf0000000u);
    default:
        if (next_random() % 4 == 0)
            return word & 0xffff0000u;
        return (word & 0x17ffffffu) | 0xe8000000u;
    }
}

/* ---- registers and memory that tell each other apart ---- */

static void fill_regs(enum arm_set set, struct arm_regs *r)
{
    memset(r, 0, sizeof(*r));
    for (unsigned i = 0; i < 31; i++)
        r->x[i] = 0x01010000ull * (i + 1) + 0x100 * i;
    r->sp_el0 = 0x30000000;
    r->pc = PC;
    r->sctlr = 1;
    r->cpsr = set == ARM_A64 ? 0 : set == ARM_A32 ? 0x10 : 0x30;
}

static uint64_t value_of(enum arm_set set, const struct arm_regs *r, int reg)
{
    if (set == ARM_A64)
        return reg == ZERO_REG ? 0 : reg == SP_REG ? r->sp_el0 : r->x[reg];
    if (reg == 15)
        return PC + (set == ARM_A32 ? 8 : 4);
    return r->x[reg];
}

static uint64_t index_value(enum arm_set set, const struct arm_regs *r, const struct text *t)
{
    uint64_t v = value_of(set, r, t->index);
    const char *kind = t->shift.kind;
    if (!strcmp(kind, "uxtw"))
        v = (uint32_t)v;
    else if (!strcmp(kind, "sxtw"))
        v = (uint64_t)(int32_t)v;
    else if (!strcmp(kind, "rrx"))
        return v >> 1;
    if (!strcmp(kind, "lsr") || !strcmp(kind, "asr")) /* no value here is negative */
        return t->shift.by >= 32 ? 0 : v >> t->shift.by;
    if (!strcmp(kind, "ror"))
        return (uint32_t)(v >> t->shift.by | v << (32 - t->shift.by));
    return v << t->shift.by;
}

static uint64_t address(enum arm_set set, const struct arm_regs *r, const struct text *t,
                        uint64_t *back)
{
    uint64_t base = t->literal ? t->at : value_of(set, r, t->base), offset = (uint64_t)t->offset;
    if (t->many) {
        uint64_t all = 4ull * t->regs;
        *back = t->down ? base - all : base + all;
        return t->down ? base - all + (t->ahead ? 0 : 4) : base + (t->ahead ? 4 : 0);
    }
    if (set != ARM_A64 && t->base == 15)
        base &= ~3ull;
    if (t->index != NO_REG)
        offset = t->minus ? 0 - index_value(set, r, t) : index_value(set, r, t);
    *back = base + offset;
    return t->before ? *back : base;
}

/* ---- compared ---- */

static const char *touch_differs(enum arm_set set, const struct text *t, const struct arm_regs *r,
                                 const struct arm_touch *touch, uint64_t *back)
{
    uint64_t at = address(set, r, t, back), mask = set == ARM_A64 ? ~0ull : UINT32_MAX;
    unsigned access = (t->load ? ARM_READS : 0u) | (t->store ? ARM_WRITES : 0u);
    unsigned regs = t->atomic ? (t->regs == 4 ? 2 : 1) : t->regs;
    if (t->prefetch)
        return touch->bytes ? "a prefetch touches" : NULL;
    if (touch->va != (at & mask))
        return "address";
    if (touch->bytes != t->bytes * regs)
        return "size";
    return touch->access == access ? NULL : "kind of access";
}

/* By how its registers are afterwards. */
static const char *regs_differ(enum arm_set set, const struct text *t, const struct arm_regs *was,
                               const struct arm_regs *is, uint64_t back)
{
    uint64_t mask = set == ARM_A64 ? ~0ull : UINT32_MAX;
    uint32_t may = 0;
    if (t->load && !t->prefetch)
        for (unsigned i = 0; i < t->regs; i++)
            may |= t->reg[i] < (set == ARM_A64 ? 31 : 15) ? 1u << t->reg[i] : 0;
    if (t->status >= 0 && t->status < 31)
        may |= 1u << t->status;
    if (t->atomic && t->regs == 4) /* CASP: the first two are given */
        may &= 1u << t->reg[0] | (t->reg[1] < 31 ? 1u << t->reg[1] : 0);
    for (unsigned i = 0; i < 31; i++)
        if ((int)i == t->base && t->back && !(may & 1u << i)) {
            if (is->x[i] != (back & mask))
                return "write-back";
        } else if ((was->x[i] != is->x[i]) > !!(may & 1u << i)) {
            return "a register changed";
        } else if (t->load && !t->atomic && !t->prefetch && may & 1u << i &&
                   is->x[i] == was->x[i]) {
            return "a register did not change";
        }
    if (t->base == SP_REG && is->sp_el0 != (t->back ? back : was->sp_el0))
        return "write-back of SP";
    return NULL;
}

static const char *stores_differ(enum arm_set set, const struct text *t, const struct arm_regs *r,
                                 const uint8_t *memory)
{
    for (unsigned i = 0; i < t->regs; i++) {
        uint64_t v = value_of(set, r, t->reg[i]);
        if (memcmp(memory + i * t->bytes, &v, t->bytes))
            return "what is stored";
    }
    return NULL;
}

static const char *differs(enum arm_set set, const struct arm_insn *in, const struct text *t)
{
    static uint8_t memory[PAGE] __attribute__((aligned(16)));
    struct arm_place at = {{memory, NULL}, PAGE};
    struct arm_monitor m = {0};
    struct arm_regs was, is;
    struct arm_touch touch;
    const char *why;
    uint64_t back = 0;
    enum arm_why rc;
    fill_regs(set, &was);
    memset(memory, 0x41, sizeof(memory));
    rc = xmi_arm_touches(in, &was, &touch);
    if (rc)
        return NULL; /* alignment, or unpredictable: no statement */
    why = touch_differs(set, t, &was, &touch, &back);
    is = was;
    at.p[0] += touch.va & 15;
    if (why || xmi_arm_do(in, &touch, &at, &is, &m))
        return why;
    why = regs_differ(set, t, &was, &is, back);
    if (!why && t->store && !t->atomic && !t->exclusive)
        why = stores_differ(set, t, &was, at.p[0]);
    return why;
}

/* It is done for some registers; what is unpredictable is left to the guest. */
static bool is_done(enum arm_set set, const struct arm_insn *in)
{
    struct arm_place at = {{NULL, NULL}, 0};
    struct arm_monitor m = {0};
    struct arm_touch touch;
    struct arm_regs r;
    enum arm_why why;
    static uint8_t memory[PAGE] __attribute__((aligned(16)));
    if (in->kind == ARM_NOTHING || in->kind == ARM_ZERO || in->kind == ARM_CACHE ||
        in->kind == ARM_CLEAR_EX)
        return false;
    fill_regs(set, &r);
    why = xmi_arm_touches(in, &r, &touch);
    at.p[0] = memory + (touch.va & 15);
    at.first = touch.bytes;
    return why != ARM_UNSURE && (why || xmi_arm_do(in, &touch, &at, &r, &m) != ARM_UNSURE);
}

static const char *compare(enum arm_set set, uint32_t word, bool known, const char *name,
                           const char *operands)
{
    struct text t;
    struct arm_insn in;
    enum arm_why why = xmi_arm_decode(set, word, &in);
    bool ours = !why && is_done(set, &in);
    bool theirs = known && text_parse(set, name, operands, &t);
    if (theirs && t.vector)
        return ours ? "general registers here, vector there" : NULL;
    if (theirs && !why && !ours)
        return NULL; /* unpredictable, and so is what a disassembler makes of it */
    if (ours != theirs)
        return ours ? "here alone" : why == ARM_VECTOR ? "vector here alone" : "there alone";
    return ours ? differs(set, &in, &t) : NULL;
}

struct result {
    uint64_t words, both, differ;
};

static void one(csh handle, enum arm_set set, struct result *r)
{
    uint32_t word = random_word(set);
    uint8_t bytes[4];
    cs_insn *insn = NULL;
    uint32_t lies = set == ARM_T32 ? word << 16 | word >> 16 : word;
    memcpy(bytes, &lies, 4);
    size_t n = cs_disasm(handle, bytes, set == ARM_T32 && word >> 27 < 0x1d ? 2 : 4, PC, 1, &insn);
    const char *name = n ? cs_insn_name(handle, insn->id) : "", *operands = n ? insn->op_str : "";
    const char *why = compare(set, word, n, name ? name : "", operands);
    r->words++;
    r->both += !why && n;
    if (why && !is_told(set, word) && r->differ++ < SHOWN)
        printf("# %08" PRIx32 " %s %s: %s\n", word, n ? insn->mnemonic : "-", operands, why);
    if (n)
        cs_free(insn, n);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        cs_arch arch;
        cs_mode mode;
    } sets[] = {
        [ARM_A64] = {"A64", CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN},
        [ARM_A32] = {"A32", CS_ARCH_ARM, CS_MODE_ARM | CS_MODE_V8},
        [ARM_T32] = {"T32", CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_V8},
    };
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : COUNT;
    bool ok = true;
    printf("1..3\n");
    for (unsigned set = ARM_A64; set <= ARM_T32; set++) {
        struct result r = {0, 0, 0};
        csh handle;
        if (cs_open(sets[set].arch, sets[set].mode, &handle))
            return 1;
        for (uint64_t i = 0; i < count; i++)
            one(handle, (enum arm_set)set, &r);
        cs_close(&handle);
        ok = ok && !r.differ;
        printf("%s %u - %s: %" PRIu64 " encodings, %" PRIu64 " differ\n",
               r.differ ? "not ok" : "ok", set + 1, sets[set].name, r.words, r.differ);
    }
    for (const struct told *t = told; t->why; t++)
        printf("# told, %s %08" PRIx32 "/%08" PRIx32 ", %" PRIu64 " times: %s\n", sets[t->set].name,
               t->value, t->mask, t->seen, t->why);
    return !ok;
}
