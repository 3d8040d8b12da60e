/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cores, domains and their vCPUs. */
#include "bare.h"

#define PATIENCE 1000000000u /* looks at a core that is to answer: seconds, emulated */

struct bare_cpu bare_cpus[BARE_CPUS];

/* ---- a core ---- */

static const struct xm_mpu_region xen_rest[] = {
    {ARCH_RAM_FIRST, ARCH_RAM_LAST, XM_MPU_EL2_RW, 1, ARCH_SH, ARCH_ATTR_RAM},
};

int bare_mpu_start(struct bare_cpu *cpu, const struct xm_mpu_ops *ops, bool resident)
{
    const struct xm_mpu_region own[] = {
        {(uintptr_t)bare_text, (uintptr_t)bare_text_end - 1, XM_MPU_EL2_RO, 0, ARCH_SH,
         ARCH_ATTR_RAM},
        {(uintptr_t)bare_data, (uintptr_t)bare_data_end - 1, XM_MPU_EL2_RW, 1, ARCH_SH,
         ARCH_ATTR_RAM},
        {ARCH_UART, ARCH_UART + 0xfff, XM_MPU_EL2_RW, 1, ARCH_SH, ARCH_ATTR_DEVICE},
    };
    const struct xm_mpu_cfg cfg = {.ops = ops,
                                   .hw = NULL,
                                   .nr = arch_regions(),
                                   .slots = cpu->slots,
                                   .scratch = cpu->scratch,
                                   .own = own,
                                   .owns = sizeof(own) / sizeof(own[0]),
                                   .xen = xen_rest,
                                   .xens = sizeof(xen_rest) / sizeof(xen_rest[0]),
                                   .resident = resident};
    int rc = cfg.nr <= BARE_REGIONS ? xm_mpu_init(&cpu->mpu, &cfg) : -XM_ENOSPC;

    if (rc == 0)
        arch_mpu_on();
    return rc;
}

int bare_target(const struct bare_cpu *cpu, struct xm_mpu_target *t, uintptr_t addr, size_t bytes)
{
    uintptr_t first = addr & ~(uintptr_t)(ARCH_WINDOW - 1);

    bytes = (addr - first + bytes + ARCH_WINDOW - 1) & ~(size_t)(ARCH_WINDOW - 1);
    return xm_mpu_target_init(&cpu->mpu, t, first, bytes, true, ARCH_SH, ARCH_ATTR_RAM);
}

static struct bare_cpu *core_of(const struct bare_vcpu *v)
{
    for (unsigned i = 0; i < BARE_CPUS; i++) {
        if (__atomic_load_n(&bare_cpus[i].running, __ATOMIC_SEQ_CST) == v)
            return &bare_cpus[i];
    }
    return NULL;
}

/* ---- a domain ---- */

static int rights(struct bare_dom *d, uint64_t first, uint64_t gfns, enum xm_access a)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET, .pfn = first, .nr = (uint32_t)gfns};
    uint32_t begin = 0;
    int rc = xm_rights_to_wire(d->core.xen_minor, a, &op.access);

    return rc != 0 ? rc : xm_hc_mem_access(&d->core, &op, &begin);
}

static int map(struct bare_dom *d, uint64_t first, uint64_t gfns)
{
    int rc = 0;

    for (uint64_t gfn = first; rc == 0 && gfn < first + gfns; gfn++)
        rc = xm_p2m_map(&d->core, xm_gfn(gfn), xm_mfn(gfn), XM_ORDER_4K);
    return rc;
}

/* By way of Xen's view: the running guest's may hold none of it. */
static int install(uintptr_t code)
{
    struct bare_cpu *cpu = arch_cpu();
    struct xm_mpu_target t;
    int rc = bare_target(cpu, &t, code, XM_PAGE_SIZE);

    if (rc == 0)
        rc = xm_mpu_remote_begin(&cpu->mpu, &t, cpu->id);
    if (rc < 0)
        return rc;
    memcpy((void *)code, guest_image, XM_PAGE_SIZE);
    arch_code_written(code, XM_PAGE_SIZE);
    xm_mpu_remote_end(&cpu->mpu);
    return 0;
}

/* Rights can be set only where the monitor is on; whether its events are wanted, .listening says. */
static int monitor(struct bare_dom *d)
{
    struct xm_domctl_vm_event_op op = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR};

    return xm_hc_vm_event(&d->core, &op);
}

int bare_dom_init(struct bare_dom *d, const char *name, uint64_t first, uint64_t gfns,
                  enum xm_mpu_mode mode)
{
    const struct xm_domain_cfg cfg = {.env = (struct xm_env_dom *)(void *)d,
                                      .kind = XM_KIND_ARM_MPU,
                                      .vcpus = BARE_CPUS,
                                      .max_views = 1,
                                      .mpu_mode = (uint8_t)mode,
                                      .mpu_sh = ARCH_SH,
                                      .mpu_attr = ARCH_ATTR_RAM,
                                      .mpu_budget = (uint16_t)xm_mpu_budget(&arch_cpu()->mpu),
                                      .mpu_step = bare_can_step(),
                                      .highest_gfn = first + gfns - 1};

    memset(d, 0, sizeof(*d));
    d->name = name;
    d->code = (uintptr_t)((first - BARE_PROGRAM) << XM_PAGE_SHIFT);
    for (unsigned i = 0; i < BARE_CPUS; i++) {
        d->vcpu[i].dom = d;
        d->vcpu[i].id = i;
    }
    int rc = xm_domain_init(&d->core, &cfg);
    if (rc == 0)
        rc = monitor(d);
    if (rc == 0)
        rc = map(d, first - BARE_PROGRAM, BARE_PROGRAM + gfns);
    if (rc == 0)
        rc = rights(d, first - BARE_PROGRAM, 1, XM_ACCESS_RX);
    if (rc == 0)
        rc = rights(d, first - BARE_CPUS, BARE_CPUS, XM_ACCESS_RW);
    return rc == 0 ? install(d->code) : rc;
}

/* ---- a change reaches every core ---- */

/* With the p2m lock held, which the other cores take to follow: they are told, not waited for. */
void xm_env_tlb_flush(struct xm_env_dom *env, unsigned view)
{
    struct bare_dom *d = (struct bare_dom *)(void *)env;
    struct bare_cpu *here = arch_cpu(), *cpu;

    (void)view;
    if (here->mpu.view == xm_mpu_of(&d->core) && xm_mpu_refresh(&d->core, &here->mpu) != 0)
        xm_env_panic("a core cannot follow its domain");
    for (unsigned i = 0; i < BARE_CPUS; i++) {
        cpu = core_of(&d->vcpu[i]);
        if (cpu != NULL && cpu != here)
            arch_call_core(cpu->id);
    }
}

static bool behind(const struct bare_cpu *cpu, const struct bare_vcpu *v)
{
    const struct xm_mpu_view *view = xm_mpu_of(&v->dom->core);

    return __atomic_load_n(&cpu->running, __ATOMIC_SEQ_CST) == v &&
           (__atomic_load_n(&cpu->mpu.view, __ATOMIC_SEQ_CST) != view ||
            __atomic_load_n(&cpu->mpu.version, __ATOMIC_SEQ_CST) != view->version);
}

static int await(struct bare_vcpu *v)
{
    struct bare_cpu *cpu = core_of(v);

    if (cpu == NULL || cpu == arch_cpu())
        return 0;
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (!behind(cpu, v))
            return 0;
    }
    return -XM_EBUSY;
}

int bare_dom_set(struct bare_dom *d, uint64_t first, uint64_t gfns, enum xm_access a)
{
    int rc = rights(d, first, gfns, a);

    for (unsigned i = 0; rc == 0 && i < BARE_CPUS; i++)
        rc = await(&d->vcpu[i]);
    return rc;
}

/* ---- a vCPU ---- */

void bare_tell(struct bare_vcpu *v, enum bare_op op, uintptr_t a, uintptr_t b)
{
    uintptr_t stack = v->dom->code + (2u + v->id) * XM_PAGE_SIZE;

    v->vbar = v->dom->code;
    arch_regs_start(&v->regs, v->dom->code + (uintptr_t)(guest_begin - guest_image),
                    stack - GUEST_DATA_BYTES);
    *arch_reg(&v->regs, 0) = (uintptr_t)op;
    *arch_reg(&v->regs, 1) = a;
    *arch_reg(&v->regs, 2) = b;
}

int bare_run(struct bare_vcpu *v)
{
    struct bare_cpu *cpu = arch_cpu();

    if (__atomic_load_n(&v->pauses, __ATOMIC_SEQ_CST) != 0)
        return BARE_END_STOPPED;
    __atomic_store_n(&cpu->running, v, __ATOMIC_SEQ_CST);
    xm_env_lock(&v->dom->core.p2m_lock);
    int rc = xm_mpu_refresh(&v->dom->core, &cpu->mpu);
    xm_env_unlock(&v->dom->core.p2m_lock);
    if (rc == 0) {
        arch_guest_in(v->vbar, v->kicked);
        rc = BARE_END_STOPPED;
        if (bare_step_enter(cpu, v, &v->regs)) {
            bare_enter(&v->regs);
            rc = v->end;
        }
    }
    __atomic_store_n(&cpu->running, (struct bare_vcpu *)NULL, __ATOMIC_SEQ_CST);
    return rc;
}

int bare_op(struct bare_vcpu *v, enum bare_op op, uintptr_t a, uintptr_t b)
{
    bare_tell(v, op, a, b);
    return bare_run(v);
}
