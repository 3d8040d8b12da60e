/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "x86/x86.h"

#define RAX 0u
#define RCX 1u
#define RBX 3u
#define RSP 4u
#define RBP 5u
#define RSI 6u
#define RDI 7u
#define FLAG_DF 0x400u

/* What is found so far. */
struct found {
    const struct x86_insn *in;
    const struct x86_state *s;
    struct x86_touch *v;
    unsigned n;
};

static uint64_t low(uint64_t v, unsigned bytes)
{
    return bytes >= 8 ? v : v & ((UINT64_C(1) << 8 * bytes) - 1);
}

static int64_t as_signed(uint64_t v, unsigned bytes)
{
    unsigned unused = 64 - 8 * bytes;
    return (int64_t)(v << unused) >> unused;
}

static void add(struct found *f, unsigned segment, uint64_t at, uint64_t bytes, unsigned access)
{
    bool is_long = f->in->code == 64;
    if (!is_long || segment >= X86_FS)
        at += f->s->base[segment];
    if (bytes && access)
        f->v[f->n++] = (struct x86_touch){is_long ? at : low(at, 4), (uint32_t)bytes,
                                          (uint8_t)access};
}

static unsigned segment_or(const struct x86_insn *in, unsigned other)
{
    return in->segment == X86_NO_SEG ? other : in->segment;
}

/* ---- the operand of ModRM ---- */

/* How far a bit is from the operand, in bytes: whole operands, forwards and backwards. */
static int64_t bits_away(const struct x86_insn *in, const struct x86_state *s)
{
    int64_t bit = as_signed(s->reg[in->reg], in->operand), per = 8 * in->operand;
    int64_t operands = bit >= 0 ? bit / per : -((-(bit + 1)) / per) - 1;
    return operands * in->operand;
}

static uint64_t effective(const struct x86_insn *in, const struct x86_state *s)
{
    uint64_t at = (uint64_t)in->disp;
    if (in->base != X86_NO_REG)
        at += s->reg[in->base];
    if (in->index != X86_NO_REG)
        at += s->reg[in->index] << in->scale;
    if (in->relative)
        at += s->rip + in->length;
    if (in->op == X86_POP_MODRM && in->base == RSP)
        at += in->operand;
    if (in->op == X86_BITS)
        at += (uint64_t)bits_away(in, s);
    return low(at, in->address);
}

static void operand(struct found *f)
{
    const struct x86_insn *in = f->in;
    bool by_stack = in->base == RSP || in->base == RBP;
    if (in->memory)
        add(f, segment_or(in, by_stack ? X86_SS : X86_DS), effective(in, f->s), in->bytes,
            in->access);
}

/* ---- the stack ---- */

/* away: of the first byte, from where a register points. */
static void stack(struct found *f, unsigned reg, int64_t away, uint64_t bytes, unsigned access)
{
    uint64_t at = f->s->reg[reg] + (uint64_t)away;
    add(f, X86_SS, low(at, f->s->stack / 8u), bytes, access);
}

/* Copies the frame pointers of the functions around, and pushes two of its own. */
static void enter(struct found *f)
{
    int64_t size = f->in->operand, level = f->in->level;
    if (level > 1)
        stack(f, RBP, -size * (level - 1), (uint64_t)(size * (level - 1)), X86_READ);
    stack(f, RSP, -size * (level + 1), (uint64_t)(size * (level + 1)), X86_WRITE);
}

/* ---- strings ---- */

static uint64_t repetitions(const struct found *f, bool many)
{
    uint64_t n = f->in->rep ? low(f->s->reg[RCX], f->in->address) : 1;
    uint64_t most = many ? X86_REPS : 1;
    return n < most ? n : most;
}

static void string(struct found *f, unsigned reg, uint64_t n, unsigned access)
{
    const struct x86_insn *in = f->in;
    uint64_t at = low(f->s->reg[reg], in->address), bytes = n * in->bytes;
    if ((f->s->rflags & FLAG_DF) && n)
        at -= bytes - in->bytes;
    add(f, reg == RDI ? X86_ES : segment_or(in, X86_DS), at, bytes, access);
}

/* MOVS and STOS do all that they can; the others, whose end depends on what is there, one. */
static void strings(struct found *f)
{
    bool many = f->in->op == X86_MOVS || f->in->op == X86_STOS;
    uint64_t n = repetitions(f, many);
    switch (f->in->op) {
    case X86_MOVS:
        string(f, RSI, n, X86_READ);
        string(f, RDI, n, X86_WRITE);
        break;
    case X86_CMPS:
        string(f, RSI, n, X86_READ);
        string(f, RDI, n, X86_READ);
        break;
    case X86_STOS: string(f, RDI, n, X86_WRITE); break;
    case X86_SCAS: string(f, RDI, n, X86_READ); break;
    default: string(f, RSI, n, X86_READ);
    }
}

/* ---- all together ---- */

static void at(struct found *f)
{
    const struct x86_insn *in = f->in;
    add(f, segment_or(in, X86_DS), low((uint64_t)in->disp, in->address), in->bytes, in->access);
}

static void xlat(struct found *f)
{
    uint64_t at = f->s->reg[RBX] + (f->s->reg[RAX] & 0xff);
    add(f, segment_or(f->in, X86_DS), low(at, f->in->address), 1, X86_READ);
}

unsigned xmi_x86_touches(const struct x86_insn *in, const struct x86_state *s,
                         struct x86_touch out[X86_TOUCHES])
{
    struct found f = {.in = in, .s = s, .v = out};
    int64_t size = in->operand;
    add(&f, X86_CS, s->rip, in->length, X86_FETCH);
    if (in->op == X86_POP_MODRM)
        stack(&f, RSP, 0, in->operand, X86_READ);
    operand(&f);
    switch (in->op) {
    case X86_PUSH: stack(&f, RSP, -size, in->operand, X86_WRITE); break;
    case X86_POP: stack(&f, RSP, 0, in->operand, X86_READ); break;
    case X86_PUSHA: stack(&f, RSP, -8 * size, 8u * in->operand, X86_WRITE); break;
    case X86_POPA: stack(&f, RSP, 0, 8u * in->operand, X86_READ); break;
    case X86_ENTER: enter(&f); break;
    case X86_LEAVE: stack(&f, RBP, 0, in->operand, X86_READ); break;
    case X86_AT: at(&f); break;
    case X86_XLAT: xlat(&f); break;
    case X86_MOVS:
    case X86_CMPS:
    case X86_STOS:
    case X86_SCAS:
    case X86_LODS: strings(&f); break;
    default: break;
    }
    return f.n;
}
