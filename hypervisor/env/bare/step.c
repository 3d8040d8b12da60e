/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One instruction of a guest's that was answered with STEP: what the core asks of its surroundings. */
#include "bare.h"

/* The words up to the one at pc, of its page alone. 0: out of reach. */
static unsigned words(struct bare_cpu *cpu, enum xm_mpu_set set, uintptr_t pc,
                      uint32_t word[XM_MPU_STEP_BEFORE + 1])
{
    unsigned size = set == XM_MPU_T32 ? 2 : 4, i, n = (unsigned)(pc % XM_PAGE_SIZE) / size;
    uintptr_t page = pc & ~(uintptr_t)(XM_PAGE_SIZE - 1), from;
    struct xm_mpu_target t;

    n = n < XM_MPU_STEP_BEFORE ? n + 1 : XM_MPU_STEP_BEFORE + 1;
    from = pc - (n - 1) * size;
    if (xm_mpu_target_init(&cpu->mpu, &t, page, XM_PAGE_SIZE, false, ARCH_SH, ARCH_ATTR_RAM) != 0 ||
        xm_mpu_remote_begin(&cpu->mpu, &t, XM_MPU_CORES) < 0)
        return 0;
    for (i = 0; i < n; i++) {
        const volatile uint16_t *h = (const volatile uint16_t *)(from + i * size);
        bool second = (from + i * size) % XM_PAGE_SIZE != XM_PAGE_SIZE - 2;
        uint32_t next = second ? h[1] : 0;

        word[i] = set == XM_MPU_T32 ? (uint32_t)h[0] << 16 | next : next << 16 | h[0];
    }
    xm_mpu_remote_end(&cpu->mpu);
    return n;
}

static enum xm_mpu_insn insn(void *ctx, uint64_t pc)
{
    enum xm_mpu_set set = arch_set(ctx);
    uint32_t word[XM_MPU_STEP_BEFORE + 1];
    unsigned n = words(arch_cpu(), set, (uintptr_t)pc, word);

    return n != 0 ? xm_mpu_step_insn(set, word, n) : XM_MPU_INSN_BACK;
}

/* Its page i may not be read, but can be. Extents move while another core changes rights. */
static bool watch(struct bare_vcpu *v, unsigned i)
{
    struct xm_domain *d = &v->dom->core;

    xm_env_lock(&d->p2m_lock);
    bool yes = xm_mpu_step_watch(xm_mpu_step_of(&d->vcpu[v->id]), xm_mpu_of(d), i);
    xm_env_unlock(&d->p2m_lock);
    return yes;
}

static uintptr_t page_at(const struct bare_vcpu *v, unsigned i)
{
    return (uintptr_t)(xm_mpu_step_of(&v->dom->core.vcpu[v->id])->page[i].gfn << XM_PAGE_SHIFT);
}

/* Those pages: the debug registers watch two. */
static unsigned watched(struct bare_vcpu *v, uintptr_t page[ARCH_WATCHES])
{
    unsigned i, n = 0;

    for (i = 0; i < xm_mpu_step_of(&v->dom->core.vcpu[v->id])->n; i++) {
        if (!watch(v, i))
            continue;
        if (n == ARCH_WATCHES)
            return ARCH_WATCHES + 1;
        page[n++] = page_at(v, i);
    }
    return n;
}

/*
 * An instruction of several pages may have its watchpoint reported anywhere from its first address up
 * to the watched one.
 */
uintptr_t bare_step_met(struct bare_vcpu *v, uintptr_t addr)
{
    for (unsigned i = 0; i < xm_mpu_step_of(&v->dom->core.vcpu[v->id])->n; i++) {
        uintptr_t page = page_at(v, i);

        if (page + (XM_PAGE_SIZE - 1) >= addr && watch(v, i))
            return page > addr ? page : addr;
    }
    return addr;
}

bool bare_step_enter(struct bare_cpu *cpu, struct bare_vcpu *v, struct bare_regs *regs)
{
    struct xm_domain *d = &v->dom->core;
    uintptr_t page[ARCH_WATCHES];
    unsigned n;

    if (v->probing && !v->probed)
        return arch_step_on(&v->debug, regs, NULL, 0);
    if (xm_mpu_step_of(&d->vcpu[v->id])->n == 0)
        return true;
    v->regs = *regs; /* an event may have them */
    enum xm_mpu_entry entry = xm_mpu_step_enter(d, &cpu->mpu, v->id, regs->pc, insn, regs);
    if (entry != XM_MPU_STEP_OPEN)
        return entry == XM_MPU_STEP_NONE;
    n = watched(v, page);
    if (n > ARCH_WATCHES || !arch_step_on(&v->debug, regs, page, n))
        return xm_mpu_step_refuse(d, &cpu->mpu, v->id) == XM_MPU_STEP_NONE;
    v->steps++;
    arch_virq(false); /* what is pending is taken behind it */
    return true;
}

bool bare_step_leave(struct bare_cpu *cpu, struct bare_vcpu *v, struct bare_regs *regs, bool done)
{
    struct xm_domain *d = &v->dom->core;

    if (v->probing && !v->probed) {
        (void)arch_step_off(&v->debug, regs, done);
        v->probed = done;
        return true;
    }
    if (!xm_mpu_step_of(&d->vcpu[v->id])->open)
        return false;
    done = arch_step_off(&v->debug, regs, done);
    xm_mpu_step_leave(d, &cpu->mpu, v->id, done);
    arch_virq(v->kicked);
    return true;
}

/* ---- is there a way? ---- */

static bool can_step;

bool bare_can_step(void)
{
    return can_step;
}

/* Its first instruction: it stops behind it, and then goes on to its end. */
static bool probe(struct bare_vcpu *v)
{
    v->probing = true;
    v->probed = false;
    int end = bare_op(v, BARE_OP_NOTHING, 0, 0);
    v->probing = false;
    return v->probed && end == BARE_END_DONE;
}

const char *bare_step_find(struct bare_vcpu *v)
{
    unsigned way;

    for (way = 0; way < ARCH_STEP_WAYS && !can_step; way++) {
        arch_step_take(way);
        can_step = probe(v);
    }
    return can_step ? arch_step_way(way - 1) : NULL;
}
