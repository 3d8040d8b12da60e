/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bare.h"
#include "mpu-pmsa64.h"
#include "shim.h"

#define READ(name) \
    __extension__({ \
        uint64_t v_; \
        __asm__ volatile("mrs %0, " name : "=r"(v_)); \
        v_; \
    })
#define WRITE(name, v) __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(v)) : "memory")

#define HCR_VM (UINT64_C(1) << 0)
#define HCR_FMO (UINT64_C(1) << 3)
#define HCR_IMO (UINT64_C(1) << 4)
#define HCR_VI (UINT64_C(1) << 7)
#define HCR_DC (UINT64_C(1) << 12) /* a guest without an MMU has normal memory */
#define HCR_RW (UINT64_C(1) << 31)
#define EL1H_MASKED 0x3c5u

const struct xm_mpu_ops arch_mpu_ops = PMSA64_OPS;

void arch_start(void);
void arch_exception(struct bare_regs *regs);

void arch_putc(char c)
{
    *(volatile uint32_t *)ARCH_UART = (uint8_t)c;
}

unsigned arch_regions(void)
{
    return (unsigned)READ("S3_4_C0_C0_4") & 0xffu; /* MPUIR_EL2 */
}

void arch_mpu_on(void)
{
    shim_on();
}

void arch_regs_start(struct bare_regs *regs, uintptr_t pc, uintptr_t sp)
{
    memset(regs, 0, sizeof(*regs));
    regs->pc = pc;
    regs->sp = sp;
    regs->flags = EL1H_MASKED;
}

void arch_virq(bool pending)
{
    WRITE("hcr_el2", HCR_RW | HCR_DC | HCR_VM | HCR_FMO | HCR_IMO | (pending ? HCR_VI : 0));
    __asm__ volatile("isb" : : : "memory");
}

void arch_guest_in(uintptr_t vbar, bool pending)
{
    WRITE("vbar_el1", vbar);
    arch_virq(pending);
}

/* One core. */
void arch_call_core(unsigned core)
{
    (void)core;
}

void arch_irq_done(void) {}

void arch_start(void)
{
    WRITE("tpidr_el2", (uintptr_t)&bare_cpus[0]);
    arch_virq(false);
    bare_main();
    bare_print("# register accesses emulated: %llu\n", (unsigned long long)shim_accesses());
}

/* ---- exceptions ---- */

enum { FROM_EL2, FROM_GUEST, FROM_IRQ };
#define EC_UNKNOWN 0x00u
#define EC_HVC 0x16u
#define EC_FETCH_GUEST 0x20u
#define EC_FETCH 0x21u
#define EC_DATA_GUEST 0x24u
#define EC_DATA 0x25u
#define EC_BREAKPOINT 0x30u
#define EC_STEP 0x32u
#define EC_WATCHPOINT 0x34u
#define EC_BRK 0x3cu

static bool emulated(struct bare_regs *regs)
{
    uint32_t instruction = *(const uint32_t *)regs->pc;
    unsigned rt = instruction & 31u;
    uint64_t value = rt < 31 ? regs->x[rt] : 0;

    if (!shim_access(instruction, &value))
        return false;
    if (rt < 31)
        regs->x[rt] = value;
    regs->pc += 4;
    return true;
}

static void data_abort(struct bare_regs *regs, uint64_t esr, struct bare_trap *t)
{
    static uintptr_t zero;

    t->kind = BARE_TRAP_ABORT;
    t->what = (esr >> 6 & 1u) != 0 ? XM_DO_W : XM_DO_R;
    if ((esr >> 24 & 1u) == 0)
        return;
    zero = 0;
    t->store = (esr >> 16 & 31u) == 31 ? &zero : arch_reg(regs, esr >> 16 & 31u);
    t->bytes = 1u << (esr >> 22 & 3u);
}

/* One that the step has for itself is a load that faults; others are the guest's. */
static void watchpoint(struct bare_trap *t, uint64_t esr)
{
    struct bare_vcpu *v = arch_cpu()->running;

    t->kind = BARE_TRAP_DEBUG;
    if (v == NULL || v->debug.watches == 0)
        return;
    t->kind = BARE_TRAP_ABORT;
    t->what = (esr >> 6 & 1u) != 0 ? XM_DO_W : XM_DO_R;
    t->addr = bare_step_met(v, t->addr);
}

void arch_exception(struct bare_regs *regs)
{
    uint64_t esr = READ("esr_el2");
    struct bare_trap t = {.kind = BARE_TRAP_OTHER,
                          .from_guest = regs->kind != FROM_EL2,
                          .class = (unsigned)(esr >> 26) & 63u,
                          .syndrome = esr,
                          .addr = READ("far_el2")};

    if (t.class == EC_UNKNOWN && !t.from_guest && emulated(regs))
        return;
    if (regs->kind == FROM_IRQ) {
        t.kind = BARE_TRAP_IRQ;
    } else if (t.class == EC_HVC && t.from_guest) {
        t.kind = BARE_TRAP_CALL;
        t.number = (unsigned)esr & 0xffffu;
    } else if (t.class == EC_DATA_GUEST || t.class == EC_DATA) {
        data_abort(regs, esr, &t);
    } else if (t.class == EC_FETCH_GUEST || t.class == EC_FETCH) {
        t.kind = BARE_TRAP_ABORT;
        t.what = XM_DO_X;
    } else if (t.class == EC_STEP) {
        t.kind = BARE_TRAP_STEP;
    } else if (t.class == EC_BREAKPOINT || t.class == EC_BRK) {
        t.kind = BARE_TRAP_DEBUG;
    } else if (t.class == EC_WATCHPOINT) {
        watchpoint(&t, esr);
    }
    bare_trap(regs, &t);
}
