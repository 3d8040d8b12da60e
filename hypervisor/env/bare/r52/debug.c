/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One instruction of a guest's by EL2's breakpoints: HDCR.TDE routes each debug exception here
 * meanwhile, so that none of the step's is the guest's. Its own registers are put back behind it.
 */
#include "bare.h"

#include <debug-regs.h>

#define HDCR_TDE (1u << 8)
#define DSCR_MDBGEN (1u << 15)
#define OSLSR_OSLK (1u << 1)
#define OS_LOCK 0xc5acce55u
#define OSDLR_DLK 1u
#define VECTOR_FIRST 0x4u /* undefined, SVC, fetch, data */
#define VECTOR_LAST 0x10u
#define SCTLR_V (1u << 13)
#define SCTLR_TE (1u << 30)
#define ON 1u
#define EL10 (3u << 1)
#define MISMATCH (4u << 20)
#define LOADS (1u << 3)
#define STORES (2u << 3)
#define PAGE_BYTES (0xffu << 5 | 12u << 24)

static unsigned taken; /* 0: a mismatch breakpoint */

void arch_step_take(unsigned way)
{
    taken = way;
}

/* ---- registers by number ---- */

#define CASES(op, op2, ...) \
    case 0: op(p14, 0, 0, 0, op2 __VA_ARGS__); break; \
    case 1: op(p14, 0, 0, 1, op2 __VA_ARGS__); break; \
    case 2: op(p14, 0, 0, 2, op2 __VA_ARGS__); break; \
    case 3: op(p14, 0, 0, 3, op2 __VA_ARGS__); break; \
    case 4: op(p14, 0, 0, 4, op2 __VA_ARGS__); break; \
    case 5: op(p14, 0, 0, 5, op2 __VA_ARGS__); break; \
    case 6: op(p14, 0, 0, 6, op2 __VA_ARGS__); break; \
    default: \
        op(p14, 0, 0, 7, op2 __VA_ARGS__); \
        break
#define GET(...) v = READ(__VA_ARGS__)

#define REGISTER(name, op2) \
    static uint32_t name##_read(unsigned n) \
    { \
        uint32_t v; \
        switch (n) { \
            CASES(GET, op2); \
        } \
        return v; \
    } \
    static void name##_write(unsigned n, uint32_t v) \
    { \
        switch (n) { \
            CASES(WRITE, op2, , v); \
        } \
    }
REGISTER(bvr, 4)
REGISTER(bcr, 5)
REGISTER(wvr, 6)
REGISTER(wcr, 7)

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned breaks(void)
{
    return least((READ(p14, 0, 0, 0, 0) >> 24 & 15u) + 1, ARCH_DEBUG_REGS); /* DBGDIDR */
}

static unsigned watches(void)
{
    return least((READ(p14, 0, 0, 0, 0) >> 28) + 1, ARCH_DEBUG_REGS);
}

/* ---- where it can lead ---- */

static uint32_t vectors(void)
{
    return (READ(p15, 0, 1, 0, 0) & SCTLR_V) != 0 ? 0xffff0000u : READ(p15, 0, 12, 0, 0);
}

static uint32_t word_at(uintptr_t pc)
{
    struct bare_cpu *cpu = arch_cpu();
    struct xm_mpu_target t;
    uint32_t w = 0;

    if (xm_mpu_target_init(&cpu->mpu, &t, pc, 4, false, ARCH_SH, ARCH_ATTR_RAM) == 0 &&
        xm_mpu_remote_begin(&cpu->mpu, &t, XM_MPU_CORES) > 0) {
        w = *(const volatile uint32_t *)pc;
        xm_mpu_remote_end(&cpu->mpu);
    }
    return w;
}

/* At the vector of an exception that it might raise: it would be there again, and nothing tells. */
static bool raises_itself(const struct bare_regs *regs)
{
    uint32_t i = (uint32_t)regs->pc - vectors();

    return i >= VECTOR_FIRST && i <= VECTOR_LAST &&
           (arch_set(regs) != XM_MPU_A32 || (word_at(regs->pc) & 0x0f000000u) != 0x0a000000u);
}

static unsigned mismatch(const struct bare_regs *regs, uint32_t *bvr, uint32_t *bcr)
{
    uint32_t bytes = 0xf;

    if (arch_set(regs) == XM_MPU_T32)
        bytes = (regs->pc & 2u) != 0 ? 0xc : 0x3;
    bvr[0] = regs->pc & ~3u;
    bcr[0] = ON | EL10 | bytes << 5 | MISMATCH;
    return 1;
}

/*
 * Behind it, where its branch leads, and the vectors of what it can raise at EL1. What leads elsewhere, or
 * may, is none that the core lets run (xm_mpu_step_insn()). 0: not known.
 */
static unsigned matches(const struct bare_regs *regs, uint32_t *bvr, uint32_t *bcr)
{
    uint32_t w, at;
    unsigned n = 0, i;

    if (arch_set(regs) != XM_MPU_A32)
        return 0;
    w = word_at(regs->pc);
    if ((w & 0xfe000000u) == 0xfa000000u) /* to Thumb */
        return 0;
    bvr[n++] = (uint32_t)regs->pc + 4;
    if ((w & 0x0e000000u) == 0x0a000000u)
        bvr[n++] = (uint32_t)regs->pc + 8 + (uint32_t)((int32_t)(w << 8) >> 6);
    for (at = vectors() + VECTOR_FIRST; at <= vectors() + VECTOR_LAST; at += 4) {
        if (at != regs->pc)
            bvr[n++] = at;
    }
    for (i = 0; i < n; i++)
        bcr[i] = ON | EL10 | 0xfu << 5;
    return n;
}

/* ---- on and off ---- */

/* The guest's own breakpoints say nothing of this one instruction: it has passed them. */
static void breaks_on(struct arch_debug *dbg, const uint32_t *value, const uint32_t *control)
{
    for (unsigned i = 0; i < breaks(); i++) {
        dbg->bcr[i] = bcr_read(i);
        if ((dbg->bcr[i] & ON) != 0)
            bcr_write(i, 0);
        if (i >= dbg->breaks)
            continue;
        dbg->bvr[i] = bvr_read(i);
        bvr_write(i, value[i]);
        bcr_write(i, control[i]);
    }
}

static bool guest_has_them(const struct arch_debug *dbg)
{
    return (dbg->dscr & DSCR_MDBGEN) != 0 && !dbg->locked && (dbg->double_lock & OSDLR_DLK) == 0;
}

/* Its watchpoints do, if they are on at all. */
static void watches_on(struct arch_debug *dbg, const uintptr_t *page)
{
    for (unsigned i = 0; i < watches(); i++) {
        dbg->wcr[i] = wcr_read(i);
        if ((dbg->wcr[i] & ON) != 0 && !guest_has_them(dbg))
            wcr_write(i, 0);
        if (i >= dbg->watches)
            continue;
        dbg->wvr[i] = wvr_read(i);
        wvr_write(i, (uint32_t)page[i]);
        wcr_write(i, ON | EL10 | LOADS | PAGE_BYTES);
    }
}

bool arch_step_on(struct arch_debug *dbg, struct bare_regs *regs, const uintptr_t *page, unsigned n)
{
    uint32_t value[ARCH_DEBUG_REGS], control[ARCH_DEBUG_REGS];

    dbg->pc = regs->pc;
    dbg->dscr = READ(p14, 0, 0, 2, 2);
    dbg->locked = (READ(p14, 0, 1, 1, 4) & OSLSR_OSLK) != 0;
    dbg->double_lock = READ(p14, 0, 1, 3, 4); /* DBGOSDLR */
    dbg->watches = n;
    dbg->breaks = taken != 0 ? matches(regs, value, control) : mismatch(regs, value, control);
    if (dbg->breaks == 0 || dbg->breaks > breaks() || n > watches() || raises_itself(regs) ||
        (n != 0 && guest_has_them(dbg)))
        return false;
    WRITE(p14, 0, 1, 0, 4, 0); /* DBGOSLAR: the guest's two locks would mask the step */
    WRITE(p14, 0, 1, 3, 4, dbg->double_lock & ~OSDLR_DLK);
    breaks_on(dbg, value, control);
    watches_on(dbg, page);
    WRITE(p14, 0, 0, 2, 2, dbg->dscr | DSCR_MDBGEN);
    WRITE(p15, 4, 1, 1, 1, READ(p15, 4, 1, 1, 1) | HDCR_TDE);
    SYNC();
    return true;
}

bool arch_step_off(struct arch_debug *dbg, struct bare_regs *regs, bool done)
{
    WRITE(p15, 4, 1, 1, 1, READ(p15, 4, 1, 1, 1) & ~HDCR_TDE);
    for (unsigned i = 0; i < breaks(); i++) {
        bcr_write(i, 0);
        if (i < dbg->breaks)
            bvr_write(i, dbg->bvr[i]);
        bcr_write(i, dbg->bcr[i]);
    }
    for (unsigned i = 0; i < watches(); i++) {
        if (i < dbg->watches) {
            wcr_write(i, 0);
            wvr_write(i, dbg->wvr[i]);
        }
        wcr_write(i, dbg->wcr[i]);
    }
    WRITE(p14, 0, 0, 2, 2, dbg->dscr);
    WRITE(p14, 0, 1, 3, 4, dbg->double_lock);
    if (dbg->locked)
        WRITE(p14, 0, 1, 0, 4, OS_LOCK);
    SYNC();
    return done || regs->pc != dbg->pc; /* an interrupt before the breakpoint */
}

/* ---- what is the guest's own ---- */

#define MODE_ABT 0x17u
#define PSR_M 0x1fu
#define PSR_T (1u << 5)
#define PSR_A_I (3u << 7)
#define DEBUG_STATUS 0x222u /* of the long format, as PMSAv8 has it */
#define DFSR_WRITE (1u << 11)

/* An abort at EL1, as its breakpoint or watchpoint makes it. */
void arch_debug_hand_on(struct bare_regs *regs, const struct bare_trap *t)
{
    bool data = t->what != XM_DO_X;

    WRITE_ABORT(regs->flags, regs->pc + (data ? 8u : 4u));
    if (data) {
        WRITE(p15, 0, 5, 0, 0,
              DEBUG_STATUS | (t->what == XM_DO_W ? DFSR_WRITE : 0)); /* DFSR, DFAR */
        WRITE(p15, 0, 6, 0, 0, t->addr);
    } else {
        WRITE(p15, 0, 5, 0, 1, DEBUG_STATUS); /* IFSR */
    }
    regs->pc = vectors() + (data ? 0x10u : 0xcu);
    regs->flags = (regs->flags & ~(PSR_M | PSR_T)) | MODE_ABT | PSR_A_I;
    if ((READ(p15, 0, 1, 0, 0) & SCTLR_TE) != 0)
        regs->flags |= PSR_T;
}

/* ---- what a guest has there, for tests ---- */

void arch_debug_fill(void)
{
    for (unsigned i = 0; i < breaks(); i++) {
        bvr_write(i, 0x1000u * (i + 1));
        bcr_write(i, 3u << 5);
    }
    for (unsigned i = 0; i < watches(); i++) {
        wvr_write(i, 0x1110u * (i + 1));
        wcr_write(i, 5u << 5);
    }
    WRITE(p14, 0, 1, 0, 4, OS_LOCK);
    WRITE(p14, 0, 1, 3, 4, OSDLR_DLK);
}

uint64_t arch_debug_sum(void)
{
    uint32_t sum = READ(p14, 0, 0, 2, 2) + 3 * READ(p14, 0, 1, 1, 4) + 13 * READ(p14, 0, 1, 3, 4) +
                   (READ(p15, 4, 1, 1, 1) & HDCR_TDE);

    for (unsigned i = 0; i < breaks(); i++)
        sum = 31 * sum + bvr_read(i) + 7 * bcr_read(i);
    for (unsigned i = 0; i < watches(); i++)
        sum = 31 * sum + wvr_read(i) + 7 * wcr_read(i);
    return sum;
}

/* It has none: a breakpoint of its own that steps it is put back like the others. */
bool arch_debug_own_step(struct bare_regs *regs, bool on)
{
    (void)regs;
    (void)on;
    return false;
}

bool arch_debug_told_step(uintptr_t syndrome)
{
    (void)syndrome;
    return false;
}

/* Masked: by the OS lock. */
void arch_debug_own_watch(struct bare_regs *regs, uintptr_t addr, enum arch_own own)
{
    uint32_t dscr = READ(p14, 0, 0, 2, 2) & ~DSCR_MDBGEN;

    (void)regs;
    WRITE(p14, 0, 1, 0, 4, 0);
    WRITE(p14, 0, 1, 3, 4, 0);
    wvr_write(0, addr & ~3u);
    wcr_write(0, own != ARCH_OWN_NONE ? ON | EL10 | STORES | 0xfu << 5 : 0);
    WRITE(p14, 0, 0, 2, 2, own != ARCH_OWN_NONE ? dscr | DSCR_MDBGEN : dscr);
    if (own == ARCH_OWN_MASKED)
        WRITE(p14, 0, 1, 0, 4, OS_LOCK);
}

bool arch_debug_told_watch(uintptr_t syndrome)
{
    return syndrome == (DEBUG_STATUS | DFSR_WRITE);
}
