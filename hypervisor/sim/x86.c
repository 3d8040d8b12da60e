/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An x86 HVM vCPU's code, for a tool to read. The machine runs ops; when registers are read the op under
 * way stands at rip as an instruction of 64-bit code, with its operands in rsi, rdi and rcx. The
 * guest's tables map its memory one to one, and everything in the upper half to a page of code of
 * the vCPU's own, outside the domain's memory map.
 */
#include <string.h>

#include "sim-int.h"

#define TABLES_GFN (UINT64_C(1) << 36) /* above all that a guest can have */
#define TABLES 4u                      /* of a vCPU: levels 1 to 3 of the upper half, and level 4 */
#define ENTRIES 512u
#define ENTRY 0x63u /* present, writable, accessed, dirty */
#define LARGE 0x80u
#define LARGE_SHIFT 30u
#define PAD 0x3eu /* a prefix that long mode ignores */
#define CODE_BYTES 4u

static bool is_hvm(const struct sim_domain *d)
{
    return d->cfg.kind == SIM_X86_EPT || d->cfg.kind == SIM_X86_NPT;
}

/* ---- pages ---- */

/* In the arena: all code pages, all tables, and the one of the lower half. */
int xmi_sim_x86_init(struct sim_domain *d)
{
    uint64_t pages = (uint64_t)d->cfg.vcpus * (1 + TABLES) + 1;

    return is_hvm(d) ? xmi_sim_arena_init(&d->code, pages, 0, 1) : 0;
}

static uint64_t table_gfn(const struct sim_domain *d, uint32_t vcpu, unsigned level)
{
    return TABLES_GFN + (vcpu < d->cfg.vcpus ? (uint64_t)vcpu * TABLES + level - 1
                                             : (uint64_t)d->cfg.vcpus * TABLES);
}

static void *arena_page(struct sim_domain *d, uint64_t n)
{
    return d->code.base + (n << XM_PAGE_SHIFT);
}

uint64_t xmi_sim_x86_cr3(const struct sim_vcpu *v)
{
    return table_gfn(v->dom, v->id, 4) << XM_PAGE_SHIFT;
}

static void fill_table(struct sim_domain *d, uint64_t n, uint64_t *e)
{
    uint32_t vcpu = (uint32_t)(n / TABLES);
    unsigned level = (unsigned)(n % TABLES) + 1;
    uint64_t below = level == 1 ? SIM_CODE_GFN + vcpu : table_gfn(d, vcpu, level - 1);

    for (unsigned i = 0; i < ENTRIES; i++) {
        if (vcpu == d->cfg.vcpus)
            e[i] = (uint64_t)i << LARGE_SHIFT | LARGE | ENTRY;
        else if (level < 4)
            e[i] = below << XM_PAGE_SHIFT | ENTRY;
    }
    if (level == 4 && vcpu < d->cfg.vcpus) {
        e[0] = table_gfn(d, d->cfg.vcpus, 1) << XM_PAGE_SHIFT | ENTRY;
        e[ENTRIES - 1] = below << XM_PAGE_SHIFT | ENTRY;
    }
}

void *xmi_sim_x86_page(struct sim_domain *d, uint64_t gfn)
{
    uint64_t tables = (uint64_t)d->cfg.vcpus * TABLES + 1, n = gfn - TABLES_GFN;

    if (!is_hvm(d))
        return NULL;
    if (gfn - SIM_CODE_GFN < d->cfg.vcpus)
        return arena_page(d, gfn - SIM_CODE_GFN);
    if (n >= tables)
        return NULL;
    uint64_t *e = arena_page(d, d->cfg.vcpus + n);
    if (e[ENTRIES - 1] == 0)
        fill_table(d, n, e);
    return e;
}

/* ---- instructions ---- */

struct code {
    uint8_t n, byte[CODE_BYTES];
};

/* mov, xchg, movups by size; %rdi and %rsi are the addresses. */
static struct code code_of(const struct sim_op *op)
{
    static const struct code reads[] = {{2, {0x8a, 0x06}},
                                        {3, {0x66, 0x8b, 0x06}},
                                        {2, {0x8b, 0x06}},
                                        {3, {0x48, 0x8b, 0x06}},
                                        {3, {0x0f, 0x10, 0x06}}},
                             writes[] = {{2, {0x88, 0x07}},
                                         {3, {0x66, 0x89, 0x07}},
                                         {2, {0x89, 0x07}},
                                         {3, {0x48, 0x89, 0x07}},
                                         {3, {0x0f, 0x11, 0x07}}},
                             swaps[] = {{2, {0x86, 0x07}},
                                        {3, {0x66, 0x87, 0x07}},
                                        {2, {0x87, 0x07}},
                                        {3, {0x48, 0x87, 0x07}},
                                        {0, {0}}},
                             rep_movsb = {2, {0xf3, 0xa4}}, rep_stosb = {2, {0xf3, 0xaa}};
    uint32_t len = op->len != 0 ? op->len : 8, size = 0;
    const struct code none = {0};

    while (size < 5 && 1u << size != len)
        size++;
    switch (op->code) {
    case SIM_OP_READ: return size < 5 ? reads[size] : none;
    case SIM_OP_WRITE: return size < 5 ? writes[size] : rep_stosb;
    case SIM_OP_RMW: return size < 5 ? swaps[size] : none;
    case SIM_OP_COPY: return rep_movsb;
    default: return none;
    }
}

/* A nop as long as its fetch. */
static size_t encode_fetch(uint32_t len, uint8_t out[SIM_X86_BYTES])
{
    static const uint8_t nop[] = {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};

    if (len < sizeof(nop) || len > SIM_X86_BYTES - 1)
        return 0;
    memset(out, PAD, len);
    memcpy(out + len - sizeof(nop), nop, sizeof(nop));
    return len;
}

size_t xmi_sim_x86_encode(const struct sim_op *op, uint8_t out[SIM_X86_BYTES])
{
    struct code c = code_of(op);

    if (op->code == SIM_OP_EXEC)
        return encode_fetch(op->len != 0 ? op->len : 8, out);
    if (c.n == 0)
        return 0;
    memset(out, PAD, CODE_BYTES);
    memcpy(out + CODE_BYTES - c.n, c.byte, c.n);
    return CODE_BYTES;
}

/* ---- the op under way ---- */

/* The guest's own frames hold the instruction there: a test wrote it. */
static bool holds(struct sim_domain *d, uint64_t at, const uint8_t *byte, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        xm_mfn_t mfn = xm_p2m_get(&d->core, 0, xm_gfn((at + i) >> XM_PAGE_SHIFT)).mfn;

        if (!xm_mfn_valid(mfn) ||
            ((uint8_t *)xmi_sim_page_of(d, mfn))[(at + i) & (XM_PAGE_SIZE - 1)] != byte[i])
            return false;
    }
    return n != 0;
}

void xmi_sim_x86_fetch(struct sim_vcpu *v)
{
    uint8_t byte[SIM_X86_BYTES];
    struct sim_op op;

    if (!is_hvm(v->dom) || v->fetched || v->moved)
        return;
    xmi_sim_program_peek(&v->prog, &op);
    uint64_t at = op.code == SIM_OP_EXEC ? op.addr : op.fetch;
    if (op.code != SIM_OP_EXEC && (op.flags & SIM_OP_F_FETCH) == 0)
        return;
    if (!holds(v->dom, at, byte, xmi_sim_x86_encode(&op, byte)))
        return;
    v->fetched = true;
    v->pc_after = v->pc + 1;
    v->pc = at;
}

static void write_code(struct sim_vcpu *v, const uint8_t *byte, size_t n)
{
    static const uint8_t ud2[] = {0x0f, 0x0b};
    uint8_t *page = arena_page(v->dom, v->id);

    if (n == 0) {
        byte = ud2;
        n = sizeof(ud2);
    }
    for (size_t i = 0; i < n; i++)
        page[(v->pc + i) & (XM_PAGE_SIZE - 1)] = byte[i];
}

void xmi_sim_x86_show(struct sim_vcpu *v, struct xm_ev_regs_x86 *regs)
{
    uint8_t byte[SIM_X86_BYTES];
    struct sim_op op;

    if (!is_hvm(v->dom) || program_over(&v->prog) || !v->in_op)
        return;
    xmi_sim_program_peek(&v->prog, &op);
    size_t n = xmi_sim_x86_encode(&op, byte);
    if (!v->fetched)
        write_code(v, byte, op.code == SIM_OP_EXEC ? 0 : n);
    regs->rsi = regs->rdi = op.addr;
    if (op.code == SIM_OP_COPY)
        regs->rdi = op.to;
    regs->rcx = op.len != 0 ? op.len : 8;
}
