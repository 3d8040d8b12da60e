/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The board: UART, MPU, interrupts between its cores, the syndrome's meaning. */
#include "bare.h"
#include "mpu-pmsa32.h"

#define READ(op1, crn, crm, op2) \
    __extension__({ \
        uint32_t v_; \
        __asm__ volatile("mrc p15, " #op1 ", %0, c" #crn ", c" #crm ", " #op2 : "=r"(v_)); \
        v_; \
    })
#define WRITE(op1, crn, crm, op2, v) \
    __asm__ volatile("mcr p15, " #op1 ", %0, c" #crn ", c" #crm ", " #op2 \
                     : \
                     : "r"((uint32_t)(v)) \
                     : "memory")

#define HSCTLR_M 1u
#define HSCTLR_BR (1u << 17)
#define HCR_VM 1u
#define HCR_FMO (1u << 3)
#define HCR_IMO (1u << 4)
#define HCR_VI (1u << 7)
#define MODE_SYS 0x1fu
#define MODE_AIF 0x1c0u

const struct xm_mpu_ops arch_mpu_ops = PMSA32_OPS;

void arch_start(unsigned core);
void arch_exception(struct bare_regs *regs);

/* ---- UART (CMSDK APB) ---- */

static volatile uint32_t *uart(unsigned word)
{
    return (volatile uint32_t *)ARCH_UART + word;
}

void arch_putc(char c)
{
    while ((*uart(1) & 1u) != 0) {
    }
    *uart(0) = (uint8_t)c;
}

/* ---- GICv3: one software interrupt, to EL2 ---- */

#define GICD 0xf0000000u
#define GICR(core) (0xf0100000u + 0x20000u * (core))
#define SGI_FRAME 0x10000u

static volatile uint32_t *gic(uintptr_t addr)
{
    return (volatile uint32_t *)addr;
}

/* With the MPU off: nothing of it is reachable later, nor needs to be. */
static void gic_start(unsigned core)
{
    *gic(GICD) = 1u << 4 | 3u;      /* ARE, both groups */
    *gic(GICR(core) + 0x14) &= ~2u; /* the core is awake */
    while ((*gic(GICR(core) + 0x14) & 4u) != 0) {
    }
    *gic(GICR(core) + SGI_FRAME + 0x80) = ~0u; /* group 1 */
    *gic(GICR(core) + SGI_FRAME + 0x100) = 1u; /* number 0 on */
    WRITE(4, 12, 9, 5, 0xf);                   /* ICC_HSRE */
    __asm__ volatile("isb" : : : "memory");
    WRITE(0, 12, 12, 5, 7); /* ICC_SRE */
    __asm__ volatile("isb" : : : "memory");
    WRITE(0, 4, 6, 0, 0xff); /* ICC_PMR */
    WRITE(0, 12, 12, 7, 1);  /* ICC_IGRPEN1 */
    __asm__ volatile("isb" : : : "memory");
}

void arch_call_core(unsigned core)
{
    uint32_t targets = 1u << core;

    __asm__ volatile("dsb sy\n mcrr p15, 0, %0, %1, c12\n isb" : : "r"(targets), "r"(0) : "memory");
}

void arch_irq_done(void)
{
    uint32_t number = READ(0, 12, 12, 0); /* ICC_IAR1 */

    if (number < 1020)
        WRITE(0, 12, 12, 1, number); /* ICC_EOIR1 */
    __asm__ volatile("isb" : : : "memory");
}

/* ---- EL2 ---- */

unsigned arch_regions(void)
{
    return READ(4, 0, 0, 4) & 0xffu; /* HMPUIR */
}

void arch_mpu_on(void)
{
    WRITE(4, 1, 0, 0, (READ(4, 1, 0, 0) | HSCTLR_M) & ~HSCTLR_BR);
    __asm__ volatile("dsb sy\n isb" : : : "memory");
}

void arch_regs_start(struct bare_regs *regs, uintptr_t pc, uintptr_t sp)
{
    memset(regs, 0, sizeof(*regs));
    regs->pc = pc;
    regs->sp = sp;
    regs->flags = MODE_AIF | MODE_SYS;
}

void arch_virq(bool pending)
{
    WRITE(4, 1, 1, 0, HCR_VM | HCR_FMO | HCR_IMO | (pending ? HCR_VI : 0)); /* HCR */
    __asm__ volatile("isb" : : : "memory");
}

void arch_guest_in(uintptr_t vbar, bool pending)
{
    WRITE(0, 12, 0, 0, vbar);
    arch_virq(pending);
}

void arch_start(unsigned core)
{
    struct bare_cpu *cpu = &bare_cpus[core];

    cpu->id = core;
    WRITE(4, 13, 0, 2, (uintptr_t)cpu); /* HTPIDR */
    WRITE(4, 10, 2, 0, 0x000004ffu);    /* HMAIR0: write-back; device nGnRE */
    WRITE(4, 2, 0, 0, core << 16);      /* VSCTLR: VMID */
    arch_virq(false);
    gic_start(core);
    if (core != 0) {
        bare_second_main();
        for (;;)
            __asm__ volatile("wfe");
    }
    *uart(4) = 16; /* baud rate divider */
    *uart(2) = 1;  /* transmit */
    bare_main();
}

/* ---- exceptions ---- */

enum { FROM_UNDEF, FROM_CALL, FROM_FETCH, FROM_DATA, FROM_GUEST, FROM_IRQ };
#define EC_HVC 0x12u
#define EC_FETCH_GUEST 0x20u
#define EC_FETCH 0x21u
#define EC_DATA_GUEST 0x24u
#define EC_DATA 0x25u
/* Debug exceptions are aborts with a status of their own; some emulators report AArch64's classes. */
#define EC_BREAKPOINT 0x30u
#define EC_WATCHPOINT 0x34u
#define STATUS_DEBUG 0x22u

static void data_abort(struct bare_regs *regs, uint32_t hsr, struct bare_trap *t)
{
    t->kind = BARE_TRAP_ABORT;
    t->what = (hsr >> 6 & 1u) != 0 ? XM_DO_W : XM_DO_R;
    t->addr = READ(4, 6, 0, 0); /* HDFAR */
    if ((hsr >> 24 & 1u) == 0)
        return;
    t->store = arch_reg(regs, hsr >> 16 & 15u);
    t->bytes = 1u << (hsr >> 22 & 3u);
}

/* The step's own is never at the instruction that is stepped; the guest's own can be nowhere else. */
static void debug_exception(const struct bare_regs *regs, uint32_t hsr, struct bare_trap *t)
{
    struct bare_vcpu *v = arch_cpu()->running;
    bool data = t->class == EC_DATA_GUEST || t->class == EC_WATCHPOINT;

    t->kind = BARE_TRAP_DEBUG;
    t->what = !data ? XM_DO_X : (hsr >> 6 & 1u) != 0 ? XM_DO_W : XM_DO_R;
    t->addr = data ? READ(4, 6, 0, 0) : regs->pc;
    if (!data && v != NULL && regs->pc != v->debug.pc)
        t->kind = BARE_TRAP_STEP;
    if (data && v != NULL && v->debug.watches != 0) {
        t->kind = BARE_TRAP_ABORT;
        t->addr = bare_step_met(v, t->addr);
    }
}

static bool is_debug(const struct bare_trap *t, uint32_t hsr)
{
    if (t->class == EC_BREAKPOINT || t->class == EC_WATCHPOINT)
        return true;
    return (t->class == EC_DATA_GUEST || t->class == EC_FETCH_GUEST) &&
           (hsr & 0x3fu) == STATUS_DEBUG;
}

void arch_exception(struct bare_regs *regs)
{
    uint32_t hsr = READ(4, 5, 2, 0);
    struct bare_trap t = {.kind = BARE_TRAP_OTHER,
                          .from_guest = regs->kind == FROM_GUEST || regs->kind == FROM_IRQ,
                          .class = hsr >> 26,
                          .syndrome = hsr};

    if (regs->kind == FROM_IRQ) {
        t.kind = BARE_TRAP_IRQ;
    } else if (t.class == EC_HVC && t.from_guest) {
        t.kind = BARE_TRAP_CALL;
        t.number = hsr & 0xffffu;
    } else if (t.from_guest && is_debug(&t, hsr)) {
        debug_exception(regs, hsr, &t);
    } else if (t.class == EC_DATA_GUEST || t.class == EC_DATA) {
        data_abort(regs, hsr, &t);
    } else if (t.class == EC_FETCH_GUEST || t.class == EC_FETCH) {
        t.kind = BARE_TRAP_ABORT;
        t.what = XM_DO_X;
        t.addr = READ(4, 6, 0, 2); /* HIFAR */
    }
    bare_trap(regs, &t);
}
