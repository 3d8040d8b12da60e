/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does a tool that reads and writes this vCPU's registers while it waits leave them alone? Each is given
 * a value of its own, a page is loaded from and stored to, and each must have it still.
 */
#include "../guest.h"
#include "arm64.h"

/* What context_access() leaves, in this order (arm64.S). */
struct dump {
    uint64_t x[31];
    uint64_t nzcv, sp, sp_before;
    uint64_t q[64];
};
void context_access(uint64_t addr, struct dump *dump);

/* As arm64.S sets them. */
#define X_IS(n) (0xbeef000000001000ull + (n))
#define Q_LOW(n) (0xcafe000000002000ull + (n))
#define Q_HIGH(n) (0xf00d000000003000ull + (n))
#define NZCV_IS 0xa0000000ull
#define LOADED 5u /* the register that is loaded from the page */

#define SYSTEM 22u
#define READ(at, name) __asm__ volatile("mrs %0, " name : "=r"(at))
#define WRITE(name, value) __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(value)))

static void read_system(uint64_t r[SYSTEM])
{
    READ(r[0], "sctlr_el1");
    READ(r[1], "ttbr0_el1");
    READ(r[2], "ttbr1_el1");
    READ(r[3], "tcr_el1");
    READ(r[4], "mair_el1");
    READ(r[5], "amair_el1");
    READ(r[6], "vbar_el1");
    READ(r[7], "contextidr_el1");
    READ(r[8], "tpidr_el0");
    READ(r[9], "tpidr_el1");
    READ(r[10], "tpidrro_el0");
    READ(r[11], "cpacr_el1");
    READ(r[12], "sp_el0");
    READ(r[13], "elr_el1");
    READ(r[14], "spsr_el1");
    READ(r[15], "cntv_ctl_el0");
    READ(r[16], "cntv_cval_el0");
    READ(r[17], "cntkctl_el1");
    READ(r[18], "s3_3_c4_c4_0"); /* FPCR, FPSR: without SIMD the assembler has no names for them */
    READ(r[19], "s3_3_c4_c4_1");
    READ(r[20], "daif");
    READ(r[21], "par_el1");
}

/* The MMU is off: what its registers hold is for nobody else. */
static void mark_system(uint64_t round)
{
    uint64_t mark = round << 16, now, hz;

    WRITE("cpacr_el1", 3u << 20);
    __asm__ volatile("isb");
    WRITE("ttbr0_el1", (mark | 0x40000000u) & 0xfffffffff000u);
    WRITE("ttbr1_el1", (mark | 0x48000000u) & 0xfffffffff000u);
    WRITE("tcr_el1", 0x60b5593519u); /* as Linux has it */
    WRITE("mair_el1", 0xff440c0400u);
    WRITE("contextidr_el1", round);
    WRITE("tpidr_el0", mark + 1);
    WRITE("tpidrro_el0", mark + 2);
    WRITE("sp_el0", mark + 16);
    WRITE("elr_el1", mark + 4);
    WRITE("spsr_el1", 0x600003c5u);
    WRITE("s3_3_c4_c4_0", 0x00c00000u);
    WRITE("s3_3_c4_c4_1", 0x08000010u);
    READ(now, "cntvct_el0");
    READ(hz, "cntfrq_el0");
    WRITE("cntv_cval_el0", now + 3600 * hz);
    WRITE("cntv_ctl_el0", 1u);
    __asm__ volatile("isb");
}

/* The first difference is named in the block: fault_kind which register, fault_addr what it holds. */
static uint64_t compare(struct lab_mailbox *box, uint64_t which, uint64_t is, uint64_t want)
{
    if (is == want)
        return 0;
    if (!box->fault_kind) {
        box->fault_kind = which;
        box->fault_addr = is;
    }
    return 1;
}

static uint64_t check_general(struct lab_mailbox *box, const struct dump *dump, uint64_t loaded)
{
    uint64_t n, bad = 0;

    for (n = 0; n < 31; n++) {
        uint64_t want = n == 0 ? box->addr : n == LOADED ? loaded : X_IS(n);

        bad += compare(box, 100 + n, dump->x[n], want);
    }
    bad += compare(box, 131, dump->nzcv, NZCV_IS);
    bad += compare(box, 132, dump->sp, dump->sp_before);
    for (n = 0; n < 32; n++) {
        bad += compare(box, 200 + 2 * n, dump->q[2 * n], Q_LOW(n));
        bad += compare(box, 201 + 2 * n, dump->q[2 * n + 1], Q_HIGH(n));
    }
    return bad;
}

/* `count` loads of `value` from addr, and stores beside it. Result: the number of differences. */
uint64_t context_rounds(struct lab_mailbox *box)
{
    static struct dump dump; /* one vCPU at a time */
    uint64_t before[SYSTEM], after[SYSTEM], bad = 0, round, n;

    box->fault_kind = 0;
    for (round = 0; round < box->count; round++) {
        mark_system(round);
        read_system(before);
        context_access(box->addr, &dump);
        read_system(after);
        bad += check_general(box, &dump, box->value);
        for (n = 0; n < SYSTEM; n++)
            bad += compare(box, 300 + n, after[n], before[n]);
        box->progress = round + 1;
    }
    WRITE("cntv_ctl_el0", 0);
    return bad;
}

/* Waits at most a second for the interrupt, which is never taken, only acknowledged. */
static uint64_t interrupt_lost(uint64_t hz)
{
    uint64_t irq, now, end;

    READ(now, "cntvct_el0");
    end = now + hz;
    do {
        READ(irq, "s3_0_c12_c12_0"); /* ICC_IAR1_EL1 */
        READ(now, "cntvct_el0");
    } while ((irq & 0xffffff) >= 1020 && now < end);
    WRITE("cntv_ctl_el0", 0);
    if ((irq & 0xffffff) < 1020)
        WRITE("s3_0_c12_c12_1", irq); /* ICC_EOIR1_EL1 */
    __asm__ volatile("isb");
    return (irq & 0xffffff) != TIMER_PPI;
}

/* Some run out while the vCPU waits for its load, others later. */
uint64_t timer_rounds(struct lab_mailbox *box)
{
    uint64_t hz, round, lost = 0;

    READ(hz, "cntfrq_el0");
    for (round = 0; round < box->count; round++) {
        WRITE("cntv_tval_el0", hz / 100000 * (1 + round % 20));
        WRITE("cntv_ctl_el0", 1);
        __asm__ volatile("isb");
        (void)*(volatile uint64_t *)(uintptr_t)box->addr;
        __asm__ volatile("isb");
        lost += interrupt_lost(hz);
        box->progress = round + 1;
    }
    return lost;
}
