/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the core's event channels ask of their surroundings; ctx is the domain whose pages they are. */
#include "bare.h"

static uint64_t load(void *ctx, const uint64_t *p)
{
    (void)ctx;
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void store(void *ctx, uint64_t *p, uint64_t v)
{
    (void)ctx;
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}

static uint64_t fetch_or(void *ctx, uint64_t *p, uint64_t bits)
{
    (void)ctx;
    return __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST);
}

static bool claim(void *ctx, uint64_t *p, uint64_t v)
{
    uint64_t none = 0;

    (void)ctx;
    return __atomic_compare_exchange_n(p, &none, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* A guest names addresses: only its own will do. Extents move while another core changes rights. */
static bool owns(struct bare_dom *d, uint64_t addr, size_t bytes)
{
    xm_env_lock(&d->core.p2m_lock);
    bool both = xm_mpu_extents_find(&xm_mpu_of(&d->core)->x, addr >> XM_PAGE_SHIFT) != NULL &&
                xm_mpu_extents_find(&xm_mpu_of(&d->core)->x, (addr + bytes - 1) >> XM_PAGE_SHIFT) !=
                    NULL;
    xm_env_unlock(&d->core.p2m_lock);
    return both;
}

static uint64_t *open(void *ctx, uint64_t addr, size_t bytes)
{
    struct bare_cpu *cpu = arch_cpu();
    struct xm_mpu_target t;

    if (addr > UINTPTR_MAX || !owns(ctx, addr, bytes))
        return NULL;
    if (bare_target(cpu, &t, (uintptr_t)addr, bytes) != 0)
        return NULL;
    return xm_mpu_remote_begin(&cpu->mpu, &t, XM_MPU_CORES) > 0 ? (uint64_t *)(uintptr_t)addr
                                                                : NULL;
}

static void close(void *ctx)
{
    (void)ctx;
    xm_mpu_remote_end(&arch_cpu()->mpu);
}

static void kick(void *ctx, uint32_t vcpu)
{
    struct bare_vcpu *v = &((struct bare_dom *)ctx)->vcpu[vcpu];

    __atomic_store_n(&v->kicked, true, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < BARE_CPUS; i++) {
        if (__atomic_load_n(&bare_cpus[i].running, __ATOMIC_SEQ_CST) != v)
            continue;
        if (&bare_cpus[i] == arch_cpu())
            arch_virq(true);
        else
            arch_call_core(i);
    }
}

int bare_evtchn_init(struct bare_dom *d)
{
    static const struct xm_evtchn_ops ops = {.load = load,
                                             .store = store,
                                             .fetch_or = fetch_or,
                                             .claim = claim,
                                             .open = open,
                                             .close = close,
                                             .kick = kick};

    return xm_mpu_evtchn_init(&d->evtchn, &ops, d, d->dummy, BARE_PORT_WORDS, d->evtchn_vcpu,
                              BARE_CPUS);
}
