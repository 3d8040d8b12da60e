/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "x86/x86-int.h"

#include <string.h>

#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u
#define RSP 4u
#define RBP 5u

/* Bytes, and what was met in front of the opcode. */
struct reader {
    const uint8_t *at;
    size_t n, used;
    bool out; /* of bytes */
    uint8_t rex, rep, segment;
    bool operand, address, lock, mixed; /* mixed: fs or gs, and then one that long mode ignores */
    bool vex, wide;                     /* a VEX prefix, of 32 bytes */
};

static uint8_t next(struct reader *r)
{
    if (r->used < r->n)
        return r->at[r->used++];
    r->out = true;
    return 0;
}

static uint8_t peek(const struct reader *r)
{
    return r->used < r->n ? r->at[r->used] : 0;
}

/* Little-endian, sign-extended. */
static int64_t number(struct reader *r, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)next(r) << 8 * i;
    unsigned unused = 64 - 8 * bytes;
    return bytes ? (int64_t)(v << unused) >> unused : 0;
}

/* ---- prefixes ---- */

static void override(struct reader *r, uint8_t segment, bool is_long)
{
    if (!is_long || segment >= X86_FS)
        r->segment = segment;
    else
        r->mixed = r->segment != X86_NO_SEG;
}

/* False: it is none. */
static bool legacy_prefix(struct reader *r, uint8_t b, bool is_long)
{
    switch (b) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e: override(r, (uint8_t)(b >> 3 & 3), is_long); return true;
    case 0x64:
    case 0x65: override(r, b == 0x64 ? X86_FS : X86_GS, is_long); return true;
    case 0x66: r->operand = true; return true;
    case 0x67: r->address = true; return true;
    case 0xf0: r->lock = true; return true;
    case 0xf2:
    case 0xf3: r->rep = b; return true;
    default: return false;
    }
}

/* REX counts right in front of the opcode alone. */
static void prefixes(struct reader *r, bool is_long)
{
    r->segment = X86_NO_SEG;
    for (;; next(r)) {
        uint8_t b = peek(r);
        if (r->used >= r->n)
            return;
        if (legacy_prefix(r, b, is_long))
            r->rex = 0;
        else if (is_long && (b & 0xf0) == 0x40)
            r->rex = b;
        else
            return;
    }
}

/* ---- the opcode ---- */

static bool is_vex(const struct reader *r, bool is_long)
{
    bool first = peek(r) == 0xc4 || peek(r) == 0xc5;
    return first && r->used + 1 < r->n && (is_long || r->at[r->used + 1] >= 0xc0);
}

/* False: such a prefix, or such a map, is none. */
static bool vex_prefix(struct reader *r, bool is_long, const struct x86_rows **map)
{
    static const uint8_t reps[] = {0, 0, 0xf3, 0xf2};
    static const struct x86_rows *const maps[] = {NULL, &xmi_x86_rows_0f, &xmi_x86_rows_0f38,
                                                  &xmi_x86_rows_0f3a};
    if (r->rex || r->rep || r->operand || r->lock)
        return false;
    bool three = next(r) == 0xc4;
    uint8_t b = next(r), which = three ? b & 31u : 1u;
    r->rex = (b ^ 0xffu) >> 5 & (three ? 7u : REX_R);
    if (three) {
        b = next(r);
        r->rex |= b & 0x80 ? REX_W : 0;
    }
    if (!is_long) /* there are eight registers */
        r->rex = 0;
    r->vex = true;
    r->wide = b & 4;
    r->operand = (b & 3) == 1;
    r->rep = reps[b & 3];
    *map = which < 4 ? maps[which] : NULL;
    return *map;
}

static const struct x86_rows *legacy_map(struct reader *r)
{
    if (peek(r) != 0x0f)
        return &xmi_x86_rows_one;
    next(r);
    if (peek(r) != 0x38 && peek(r) != 0x3a)
        return &xmi_x86_rows_0f;
    return next(r) == 0x38 ? &xmi_x86_rows_0f38 : &xmi_x86_rows_0f3a;
}

static unsigned mandatory(const struct reader *r)
{
    if (r->rep)
        return r->rep == 0xf3 ? P_F3 : P_F2;
    return r->operand ? P_66 : P_NONE;
}

static bool fits(const struct x86_row *row, const struct reader *r, uint8_t opcode, uint8_t modrm,
                 bool is_long)
{
    bool form = r->vex ? row->flags & (VEX | VEX_ALONE) : !(row->flags & VEX_ALONE);
    bool regs = modrm >= 0xc0;
    if ((opcode & row->mask) != row->value || !(row->prefixes & mandatory(r)) || !form)
        return false;
    if ((is_long && (row->flags & NOT64)) || (row->regs && !(row->regs & G(modrm >> 3 & 7))))
        return false;
    return !(row->flags & (regs ? MEMORY : REGS));
}

static const struct x86_row *find(struct reader *r, bool is_long)
{
    const struct x86_rows *map;
    if (!is_vex(r, is_long))
        map = legacy_map(r);
    else if (!vex_prefix(r, is_long, &map))
        return NULL;
    uint8_t opcode = next(r), modrm = peek(r);
    for (size_t i = 0; i < map->n && !r->out; i++)
        if (fits(&map->v[i], r, opcode, modrm, is_long))
            return &map->v[i];
    return NULL;
}

/* ---- sizes ---- */

/* False: it depends on the processor. */
static bool operand_size(struct x86_insn *in, const struct reader *r, const struct x86_row *row)
{
    bool big = in->code != 16, is_long = in->code == 64;
    in->operand = r->operand == big ? 2 : 4;
    if (is_long && ((r->rex & REX_W) || (!r->operand && (row->flags & (DEF64 | NEAR)))))
        in->operand = 8;
    return !(is_long && r->operand && (row->flags & NEAR));
}

static uint8_t address_size(const struct x86_insn *in, const struct reader *r)
{
    if (in->code == 64)
        return r->address ? 4 : 8;
    return (in->code == 32) == r->address ? 2 : 4;
}

static uint16_t operand_bytes(const struct x86_insn *in, const struct reader *r, uint8_t size)
{
    bool big = r->rex & REX_W && in->code == 64;
    switch (size) {
    case S_V: return in->operand;
    case S_Y: return big ? 8 : 4;
    case S_X: return r->wide ? 32 : 16;
    case S_HALF: return r->wide ? 16 : 8;
    case S_DUP: return r->wide ? 32 : 8;
    case S_TWO: return big ? 16 : 8;
    case S_TABLE: return in->code == 64 ? 10 : 6;
    case S_ENV: return in->operand == 2 ? 14 : 28;
    case S_X87: return in->operand == 2 ? 94 : 108;
    case S_FX: return 512;
    default: return size;
    }
}

/* ---- ModRM ---- */

static void modrm_16(struct x86_insn *in, struct reader *r, uint8_t mod, uint8_t rm)
{
    static const uint8_t base[] = {3, 3, 5, 5, 6, 7, 5, 3}, index[] = {6, 7, 6, 7};
    in->base = base[rm];
    in->index = rm < 4 ? index[rm] : X86_NO_REG;
    if (!mod && rm == 6) {
        in->base = X86_NO_REG;
        in->disp = number(r, 2);
    } else {
        in->disp = number(r, mod);
    }
}

static void sib(struct x86_insn *in, struct reader *r, uint8_t mod)
{
    uint8_t b = next(r);
    in->scale = b >> 6;
    in->index = (uint8_t)((b >> 3 & 7) | (r->rex & REX_X ? 8 : 0));
    if (in->index == RSP)
        in->index = X86_NO_REG;
    in->base = (uint8_t)((b & 7) | (r->rex & REX_B ? 8 : 0));
    if ((b & 7) == RBP && !mod)
        in->base = X86_NO_REG;
}

static void modrm_32(struct x86_insn *in, struct reader *r, uint8_t mod, uint8_t rm)
{
    unsigned bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    in->index = X86_NO_REG;
    in->base = (uint8_t)(rm | (r->rex & REX_B ? 8 : 0));
    if (rm == RSP) {
        sib(in, r, mod);
        bytes = in->base == X86_NO_REG ? 4 : bytes;
    } else if (!mod && rm == RBP) {
        in->base = X86_NO_REG;
        in->relative = in->code == 64;
        bytes = 4;
    }
    in->disp = number(r, bytes);
}

static void modrm(struct x86_insn *in, struct reader *r, const struct x86_row *row)
{
    uint8_t b = next(r), mod = b >> 6, rm = b & 7;
    in->reg = (uint8_t)((b >> 3 & 7) | (r->rex & REX_R ? 8 : 0));
    if (mod == 3) {
        if (in->op == X86_POP_MODRM)
            in->op = X86_POP;
        else if (in->op == X86_BITS)
            in->op = X86_NOTHING;
        return;
    }
    if (in->address == 2)
        modrm_16(in, r, mod, rm);
    else
        modrm_32(in, r, mod, rm);
    in->access = row->access;
    in->memory = row->access;
}

/* ---- all together ---- */

static void immediate(struct x86_insn *in, struct reader *r, uint8_t imm)
{
    switch (imm) {
    case I_Z: (void)number(r, in->operand == 2 ? 2 : 4); break;
    case I_V: (void)number(r, in->operand); break;
    case I_AT: in->disp = number(r, in->address); break;
    case 3:
        (void)number(r, 2);
        in->level = (uint16_t)number(r, 1) & 31;
        break;
    default: (void)number(r, imm);
    }
}

bool xmi_x86_decode(const uint8_t *bytes, size_t n, unsigned code, struct x86_insn *out)
{
    struct reader r = {.at = bytes, .n = n < X86_INSN_MAX ? n : X86_INSN_MAX};
    memset(out, 0, sizeof(*out));
    out->code = (uint8_t)code;
    out->base = out->index = X86_NO_REG;
    prefixes(&r, code == 64);
    const struct x86_row *row = find(&r, code == 64);
    if (!row || r.mixed || !operand_size(out, &r, row))
        return false;
    out->op = row->op;
    out->address = address_size(out, &r);
    out->segment = r.segment;
    out->rep = r.rep && !r.vex;
    out->bytes = operand_bytes(out, &r, row->size);
    if (row->flags & MODRM)
        modrm(out, &r, row);
    else
        out->access = row->access;
    immediate(out, &r, row->imm);
    out->length = (uint8_t)r.used;
    return !r.out;
}
