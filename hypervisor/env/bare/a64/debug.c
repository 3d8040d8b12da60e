/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Software step of one instruction of a guest's, by EL2: MDCR_EL2.TDE routes each debug exception here
 * meanwhile, so that none of the step's is the guest's. What is the guest's own (MDSCR_EL1, PSTATE.SS,
 * the OS lock, breakpoints and watchpoints) is put back behind it.
 */
#include "bare.h"

#define READ(name) \
    __extension__({ \
        uint64_t v_; \
        __asm__ volatile("mrs %0, " name : "=r"(v_)); \
        v_; \
    })
#define WRITE(name, v) __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(v)) : "memory")

#define MDCR_TDE (UINT64_C(1) << 8)
#define MDSCR_SS (UINT64_C(1) << 0)
#define MDSCR_MDE (UINT64_C(1) << 15)
#define MDSCR_KDE (UINT64_C(1) << 13)
#define SPSR_SS (UINT64_C(1) << 21)
#define SPSR_PAN (UINT64_C(1) << 22)
#define SPSR_D (UINT64_C(1) << 9)
#define SPSR_DAIF 0x3c0u
#define SPSR_AARCH32 0x10u
#define SPSR_M 0xfu
#define SPSR_KEPT (UINT64_C(0xf1400000)) /* flags, DIT, PAN */
#define SCTLR_SPAN (UINT64_C(1) << 23)
#define OSLSR_OSLK (UINT64_C(1) << 1)
#define OSDLR_DLK UINT64_C(1)
#define VECTORS 0x800u
#define ON UINT64_C(1) /* of DBGBCR, DBGWCR */
/* WCR: on, EL1 and EL0, loads, all bytes, a page. */
#define WATCH_LOADS (1u | 3u << 1 | 1u << 3 | 0xffu << 5 | 12u << 24)

/* ---- breakpoints and watchpoints by number ---- */

/* clang-format off */
#define CASE(op, n, ...) \
    case n: op(#n __VA_ARGS__); break;
#define CASES(op, ...) \
    CASE(op, 0, __VA_ARGS__) CASE(op, 1, __VA_ARGS__) CASE(op, 2, __VA_ARGS__) \
    CASE(op, 3, __VA_ARGS__) CASE(op, 4, __VA_ARGS__) CASE(op, 5, __VA_ARGS__) \
    CASE(op, 6, __VA_ARGS__) CASE(op, 7, __VA_ARGS__) CASE(op, 8, __VA_ARGS__) \
    CASE(op, 9, __VA_ARGS__) CASE(op, 10, __VA_ARGS__) CASE(op, 11, __VA_ARGS__) \
    CASE(op, 12, __VA_ARGS__) CASE(op, 13, __VA_ARGS__) CASE(op, 14, __VA_ARGS__) \
    default: op("15" __VA_ARGS__)
/* clang-format on */
#define GET(n, name) v = READ(name n "_el1")
#define SET(n, name) WRITE(name n "_el1", v)

#define CONTROL(short, name) \
    static uint64_t short##_read(unsigned n) \
    { \
        uint64_t v; \
        switch (n) { \
            CASES(GET, , name); \
        } \
        return v; \
    } \
    static void short##_write(unsigned n, uint64_t v) \
    { \
        switch (n) { \
            CASES(SET, , name); \
        } \
    }
CONTROL(bcr, "dbgbcr")
CONTROL(wcr, "dbgwcr")

static unsigned breaks(void)
{
    return (unsigned)(READ("id_aa64dfr0_el1") >> 12 & 15u) + 1;
}

static unsigned watches(void)
{
    return (unsigned)(READ("id_aa64dfr0_el1") >> 20 & 15u) + 1;
}

/* ---- on and off ---- */

/* The guest's own breakpoints and watchpoints are at work where it is. */
static bool guest_has_them(const struct arch_debug *dbg, uint64_t flags)
{
    if ((dbg->mdscr & MDSCR_MDE) == 0 || dbg->lock != 0 || (dbg->double_lock & OSDLR_DLK) != 0)
        return false;
    return (flags & SPSR_M) == 0 || ((dbg->mdscr & MDSCR_KDE) != 0 && (flags & SPSR_D) == 0);
}

static void watch_on(struct arch_debug *dbg, const uintptr_t *page)
{
    dbg->wvr[0] = READ("dbgwvr0_el1");
    dbg->wvr[1] = READ("dbgwvr1_el1");
    for (unsigned i = 0; i < breaks(); i++) {
        dbg->bcr[i] = bcr_read(i);
        bcr_write(i, dbg->bcr[i] & ~ON);
    }
    for (unsigned i = 0; i < watches(); i++) {
        dbg->wcr[i] = wcr_read(i);
        wcr_write(i, dbg->wcr[i] & ~ON);
    }
    WRITE("dbgwvr0_el1", page[0]);
    wcr_write(0, WATCH_LOADS);
    if (dbg->watches == ARCH_WATCHES) {
        WRITE("dbgwvr1_el1", page[1]);
        wcr_write(1, WATCH_LOADS);
    }
}

static void watch_off(const struct arch_debug *dbg)
{
    wcr_write(0, 0);
    wcr_write(1, 0);
    WRITE("dbgwvr0_el1", dbg->wvr[0]);
    WRITE("dbgwvr1_el1", dbg->wvr[1]);
    for (unsigned i = 0; i < watches(); i++)
        wcr_write(i, dbg->wcr[i]);
    for (unsigned i = 0; i < breaks(); i++)
        bcr_write(i, dbg->bcr[i]);
}

/*
 * TDE makes each debug exception of EL1 and EL0 one that nothing masks: where the guest's are off, they are
 * turned off altogether. Those that are on stay so, but not beside watched pages. What does mask them, the
 * guest's two locks, is taken off.
 */
bool arch_step_on(struct arch_debug *dbg, struct bare_regs *regs, const uintptr_t *page, unsigned n)
{
    dbg->mdscr = READ("mdscr_el1");
    dbg->lock = READ("oslsr_el1") & OSLSR_OSLK;
    dbg->double_lock = READ("osdlr_el1");
    dbg->ss = regs->flags & SPSR_SS;
    dbg->pc = regs->pc;
    dbg->watches = n;
    bool own = guest_has_them(dbg, regs->flags);
    if ((regs->flags & SPSR_AARCH32) != 0 || (own && n != 0) || n > watches())
        return false;
    if (n != 0)
        watch_on(dbg, page);
    WRITE("oslar_el1", 0);
    WRITE("osdlr_el1", dbg->double_lock & ~OSDLR_DLK);
    WRITE("mdscr_el1", (dbg->mdscr & ~MDSCR_MDE) | MDSCR_SS | (own || n != 0 ? MDSCR_MDE : 0));
    WRITE("mdcr_el2", READ("mdcr_el2") | MDCR_TDE);
    regs->flags |= SPSR_SS;
    __asm__ volatile("isb" : : : "memory");
    return true;
}

/* An exception at EL1 took the place of the next instruction, and has the step's PSTATE.SS. */
static void mend_spsr(const struct arch_debug *dbg, const struct bare_regs *regs)
{
    uint64_t elr = READ("elr_el1");
    bool vector = regs->pc - READ("vbar_el1") < VECTORS && regs->pc % 128 == 0;

    if (vector && (elr == dbg->pc || elr == dbg->pc + 4))
        WRITE("spsr_el1", (READ("spsr_el1") & ~SPSR_SS) | (elr == dbg->pc ? dbg->ss : 0));
}

/*
 * Behind the instruction a guest that steps by itself has its own exception pending: PSTATE.SS is 0 then, as
 * the instruction left it, also where an interrupt came before the step's exception.
 */
bool arch_step_off(struct arch_debug *dbg, struct bare_regs *regs, bool done)
{
    done = done || (regs->flags & SPSR_SS) == 0;
    WRITE("mdcr_el2", READ("mdcr_el2") & ~MDCR_TDE);
    if (dbg->watches != 0)
        watch_off(dbg);
    WRITE("mdscr_el1", dbg->mdscr);
    WRITE("osdlr_el1", dbg->double_lock);
    if (dbg->lock != 0)
        WRITE("oslar_el1", 1);
    if (done)
        mend_spsr(dbg, regs);
    else
        regs->flags = (regs->flags & ~SPSR_SS) | dbg->ss;
    __asm__ volatile("isb" : : : "memory");
    return done;
}

#define MODE_EL1H 5u
#define EC_SAME_EL (UINT64_C(1) << 26)
#define EC_BRK 0x3cu

/* The guest's breakpoint, watchpoint or BRK: no step goes with it. */
void arch_debug_hand_on(struct bare_regs *regs, const struct bare_trap *t)
{
    bool same = (regs->flags & SPSR_M) >= 4;
    uint64_t esr = t->syndrome;

    WRITE("elr_el1", regs->pc);
    WRITE("spsr_el1", regs->flags);
    WRITE("far_el1", t->addr);
    WRITE("esr_el1", same && t->class != EC_BRK ? esr | EC_SAME_EL : esr);
    regs->pc = READ("vbar_el1") + (same ? ((regs->flags & 1) != 0 ? 0x200u : 0u) : 0x400u);
    regs->flags = (regs->flags & SPSR_KEPT) | SPSR_DAIF | MODE_EL1H;
    if ((READ("sctlr_el1") & SCTLR_SPAN) == 0)
        regs->flags |= SPSR_PAN;
}

/* ---- what a guest has there, for tests ---- */

#define WATCH_STORES (1u | 1u << 1 | 2u << 3 | 0xfu << 5)
#define EC_OWN_STEP 0x33u
#define EC_OWN_WATCH 0x35u

void arch_debug_fill(void)
{
    for (unsigned i = 0; i < breaks(); i++)
        bcr_write(i, (i + 1) << 5);
    for (unsigned i = 0; i < watches(); i++)
        wcr_write(i, (i + 3) << 5);
    WRITE("mdscr_el1", MDSCR_KDE);
    WRITE("dbgwvr0_el1", 0x1230);
    WRITE("dbgwvr1_el1", 0x4560);
    WRITE("oslar_el1", 1);
    WRITE("osdlr_el1", OSDLR_DLK);
}

uint64_t arch_debug_sum(void)
{
    uint64_t sum = READ("mdscr_el1") + 3 * READ("oslsr_el1") + 13 * READ("osdlr_el1") +
                   5 * (READ("mdcr_el2") & MDCR_TDE) + 7 * READ("dbgwvr0_el1") +
                   11 * READ("dbgwvr1_el1");

    for (unsigned i = 0; i < breaks(); i++)
        sum = 31 * sum + bcr_read(i);
    for (unsigned i = 0; i < watches(); i++)
        sum = 31 * sum + wcr_read(i);
    return sum;
}

static void unlock(void)
{
    WRITE("oslar_el1", 0);
    WRITE("osdlr_el1", 0);
}

bool arch_debug_own_step(struct bare_regs *regs, bool on)
{
    unlock();
    WRITE("mdscr_el1", on ? MDSCR_KDE | MDSCR_SS : 0);
    regs->flags = (regs->flags & ~(SPSR_D | SPSR_SS)) | (on ? SPSR_SS : SPSR_D);
    return true;
}

bool arch_debug_told_step(uintptr_t syndrome)
{
    return syndrome >> 26 == EC_OWN_STEP;
}

void arch_debug_own_watch(struct bare_regs *regs, uintptr_t addr, enum arch_own own)
{
    unlock();
    WRITE("dbgwvr0_el1", addr & ~(uintptr_t)7);
    wcr_write(0, own != ARCH_OWN_NONE ? WATCH_STORES : 0);
    WRITE("mdscr_el1", own == ARCH_OWN_ON       ? MDSCR_KDE | MDSCR_MDE
                       : own == ARCH_OWN_MASKED ? MDSCR_MDE
                                                : 0);
    regs->flags = own == ARCH_OWN_ON ? regs->flags & ~SPSR_D : regs->flags | SPSR_D;
}

bool arch_debug_told_watch(uintptr_t syndrome)
{
    return syndrome >> 26 == EC_OWN_WATCH;
}

/* An exception at EL1 in the middle of a step has nothing of it in its saved flags. */
bool arch_debug_in_saved(void)
{
    return (READ("spsr_el1") & SPSR_SS) != 0;
}
