/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's exceptions, and EL2's own, lead to. */
#include "bare.h"

/* ---- from a guest ---- */

static void leave(struct bare_vcpu *v, const struct bare_regs *regs, int end)
{
    v->regs = *regs;
    v->end = end;
    bare_leave();
}

static uint32_t hypercall(struct bare_vcpu *v, uintptr_t number, uintptr_t arg)
{
    struct bare_dom *d = v->dom;

    switch (number) {
    case BARE_HC_SHARED_INFO: return (uint32_t)xm_mpu_evtchn_shared_info(&d->evtchn, arg);
    case BARE_HC_VCPU_INFO: return (uint32_t)xm_mpu_evtchn_vcpu_info(&d->evtchn, v->id, arg);
    case BARE_HC_SEND:
        if (d->peer == NULL)
            return (uint32_t)-XM_ENOENT;
        return (uint32_t)xm_mpu_evtchn_send(&d->peer->evtchn, 0, (uint32_t)arg);
    case BARE_HC_ACK:
        __atomic_store_n(&v->kicked, false, __ATOMIC_SEQ_CST);
        arch_virq(false);
        return 0;
    case BARE_HC_NULL: return 0;
    default: return (uint32_t)-XM_ENOSYS;
    }
}

static void call(struct bare_vcpu *v, struct bare_regs *regs, unsigned number)
{
    if (number == 1 || number == 3) {
        v->answer = *arch_reg(regs, 0);
        v->answer2 = *arch_reg(regs, 1);
        leave(v, regs, number == 1 ? BARE_END_DONE : BARE_END_EXCEPTION);
    }
    xm_mpu_step_forget(xm_mpu_step_of(&v->dom->core.vcpu[v->id]));
    *arch_reg(regs, 0) = hypercall(v, *arch_reg(regs, 0), *arch_reg(regs, 1));
}

/* The write is done by EL2, and no region is left that the guest could use. */
static bool write_once(struct bare_cpu *cpu, struct bare_regs *regs, const struct bare_trap *t)
{
    struct xm_mpu_target target;

    if (t->what != XM_DO_W || t->store == NULL || t->addr % t->bytes != 0)
        return false;
    if (bare_target(cpu, &target, t->addr, t->bytes) != 0 ||
        xm_mpu_remote_begin(&cpu->mpu, &target, cpu->id) < 0)
        return false;
    if (t->bytes == 4)
        *(volatile uint32_t *)t->addr = (uint32_t)*t->store;
    else if (t->bytes == 2)
        *(volatile uint16_t *)t->addr = (uint16_t)*t->store;
    else
        *(volatile uint8_t *)t->addr = (uint8_t)*t->store;
    xm_mpu_remote_end(&cpu->mpu);
    regs->pc += 4;
    return true;
}

/* Nobody listens: what the rights say. */
static int decide(struct bare_cpu *cpu, struct bare_vcpu *v, const struct bare_trap *t)
{
    struct xm_domain *d = &v->dom->core;

    xm_p2m_lock(d);
    int rc = xm_mpu_view_fault(&cpu->mpu, xm_mpu_of(d), t->addr, t->what);
    xm_p2m_unlock(d);
    return rc;
}

/* Somebody does: mem_access decides, and a violation is an event. */
static int ask(struct bare_cpu *cpu, struct bare_vcpu *v, const struct bare_regs *regs,
               const struct bare_trap *t)
{
    const struct xm_access_req req = {.vcpu = v->id,
                                      .gfn = xm_gfn(t->addr >> XM_PAGE_SHIFT),
                                      .offset = (uint32_t)(t->addr & (XM_PAGE_SIZE - 1)),
                                      .gla_valid = true,
                                      .gla = t->addr,
                                      .what = (uint8_t)t->what,
                                      .kind = XM_ACC_WITH_GLA};
    struct xm_access_res res;

    v->regs = *regs; /* the event has them */
    switch (xm_mpu_check(&v->dom->core, &cpu->mpu, &req, &res)) {
    case XM_V_RETRY_NOW: return XM_MPU_FAULT_LOADED;
    case XM_V_EMULATE: return XM_MPU_FAULT_ONCE;
    case XM_V_UNMAPPED: return XM_MPU_FAULT_HOLE;
    case XM_V_STOPPED: return BARE_END_STOPPED;
    default: return -XM_EFAULT;
    }
}

static void guest_abort(struct bare_cpu *cpu, struct bare_regs *regs, const struct bare_trap *t)
{
    struct bare_vcpu *v = cpu->running;
    int rc = v->dom->listening ? ask(cpu, v, regs, t) : decide(cpu, v, t);

    if (rc == XM_MPU_FAULT_LOADED || rc == XM_MPU_FAULT_STALE) {
        v->loads++;
        return;
    }
    v->fault_addr = t->addr;
    v->fault_what = t->what;
    if (rc == XM_MPU_FAULT_ONCE && write_once(cpu, regs, t)) {
        v->once++;
        return;
    }
    leave(v, regs, rc);
}

static void interrupt(struct bare_cpu *cpu)
{
    struct bare_vcpu *v = cpu->running;

    arch_irq_done();
    xm_p2m_lock(&v->dom->core);
    if (xm_mpu_refresh(&v->dom->core, &cpu->mpu) != 0)
        xm_env_panic("a core cannot follow its domain");
    xm_p2m_unlock(&v->dom->core);
    v->reloads++;
    arch_virq(v->kicked);
}

/* ---- from EL2 ---- */

static void unexpected(const struct bare_regs *regs, const struct bare_trap *t)
{
    bare_print("# %s: class 0x%x, address 0x%lx, pc 0x%lx\n", t->from_guest ? "EL1" : "EL2",
               t->class, (unsigned long)t->addr, (unsigned long)regs->pc);
    xm_env_panic("exception");
}

static void own_abort(struct bare_cpu *cpu, struct bare_regs *regs, const struct bare_trap *t)
{
    cpu->aborts++;
    cpu->abort_addr = t->addr;
    cpu->abort_class = t->class;
    if (cpu->trying)
        bare_leave();
    if (!cpu->probing)
        unexpected(regs, t);
    if (t->what == XM_DO_X)
        regs->pc = *arch_link(regs);
    else
        regs->pc += 4;
}

/* The guest's own: none is a trial's. */
static void debug_exception(struct bare_vcpu *v, struct bare_regs *regs, const struct bare_trap *t)
{
    if (v->probing)
        leave(v, regs, BARE_END_EXCEPTION);
    v->told++;
    arch_debug_hand_on(regs, t);
}

/* What was open for one instruction is closed by now. */
static void from_guest(struct bare_cpu *cpu, struct bare_regs *regs, const struct bare_trap *t,
                       bool stepped)
{
    switch (t->kind) {
    case BARE_TRAP_CALL: call(cpu->running, regs, t->number); break;
    case BARE_TRAP_ABORT: guest_abort(cpu, regs, t); break;
    case BARE_TRAP_IRQ: interrupt(cpu); break;
    case BARE_TRAP_STEP: break;
    case BARE_TRAP_DEBUG: debug_exception(cpu->running, regs, t); break;
    default:
        /* Trapped during a step alone, as debug registers are: the code is not what was looked at. */
        if (!stepped)
            unexpected(regs, t);
        xm_mpu_step_forget(xm_mpu_step_of(&cpu->running->dom->core.vcpu[cpu->running->id]));
    }
}

void bare_trap(struct bare_regs *regs, const struct bare_trap *t)
{
    struct bare_cpu *cpu = arch_cpu();
    struct bare_vcpu *v = cpu->running;

    if (t->kind == BARE_TRAP_ABORT && !t->from_guest) {
        own_abort(cpu, regs, t);
        return;
    }
    if (!t->from_guest || v == NULL)
        unexpected(regs, t);
    bool stepped = bare_step_leave(cpu, v, regs, t->kind == BARE_TRAP_STEP);
    from_guest(cpu, regs, t, stepped);
    if (!xm_mpu_leave(&cpu->mpu))
        xm_env_panic("a remote access was left open");
    if (!bare_step_enter(cpu, v, regs))
        leave(v, regs, BARE_END_STOPPED);
}

/* ---- on purpose ---- */

static bool probed(struct bare_cpu *cpu, unsigned before)
{
    cpu->probing = false;
    return cpu->aborts == before;
}

bool bare_probe_read(uintptr_t addr)
{
    struct bare_cpu *cpu = arch_cpu();
    unsigned before = cpu->aborts;

    cpu->probing = true;
    arch_load(addr);
    return probed(cpu, before);
}

bool bare_probe_write(uintptr_t addr, uint32_t v)
{
    struct bare_cpu *cpu = arch_cpu();
    unsigned before = cpu->aborts;

    cpu->probing = true;
    arch_store(addr, v);
    return probed(cpu, before);
}

bool bare_probe_exec(uintptr_t addr)
{
    struct bare_cpu *cpu = arch_cpu();
    unsigned before = cpu->aborts;

    cpu->probing = true;
    arch_branch(addr);
    return probed(cpu, before);
}

bool bare_try(void (*fn)(void *), void *arg)
{
    struct bare_cpu *cpu = arch_cpu();

    cpu->trying = true;
    int rc = bare_call(fn, arg);
    cpu->trying = false;
    return rc == 0;
}
