/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What remote accesses and a step cost, to be counted from outside: every section lies between two marks, and
 * "# bench NAME" is printed behind it. ../count makes the table of the emulator's trace.
 */
#include <bare.h>

#include <mpu-pmsa32.h>

/*
 * The back end for EL2 (mpu-pmsa32.h) once more, with the registers of EL1's MPU, which is off and
 * protects nothing, in the place of EL2's: instruction for instruction the same. So the cost of 24
 * and 32 regions can be counted on a board that has 16: regions from 16 on share their registers.
 * HPRENR has no counterpart at EL1; PRSELR stands in for it.
 */
static inline void mirror_base(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA32_HALF(0, 0, 0, 4, v);
        PMSA32_HALF(16, 0, 0, 4, v);
    default:
        pmsa32_select(region);
        PMSA32_WRITE(0, 3, 0, v);
        break;
    }
}

static inline void mirror_limit(void *hw, unsigned region, xm_mpu_reg v)
{
    (void)hw;
    switch (region) {
        PMSA32_HALF(0, 0, 1, 5, v);
        PMSA32_HALF(16, 0, 1, 5, v);
    default:
        pmsa32_select(region);
        PMSA32_WRITE(0, 3, 1, v);
        break;
    }
}

static inline void mirror_enable(void *hw, uint32_t v)
{
    (void)hw;
    PMSA32_WRITE(0, 2, 1, v);
}

#define MIRROR_OPS \
    { \
        .base = mirror_base, .limit = mirror_limit, .enable = mirror_enable, .sync = pmsa32_sync, \
        .ap_shift = 1, .xn_shift = 0, .sh_shift = 3 \
    }

#define GUEST ((uintptr_t)ARCH_RAM_FIRST)
#define FAR (GUEST + 0x800000u)
#define GAP (GUEST + 0x1000u) /* between two of the guest's regions: they have to be looked at */
#define READ_ONLY GUEST       /* the first of the guest's regions */
#define OWN 3u

void bench_begin(void) __attribute__((noinline));
void bench_end(void) __attribute__((noinline));

void bench_begin(void)
{
    __asm__ volatile("" : : : "memory");
}

void bench_end(void)
{
    __asm__ volatile("" : : : "memory");
}

#define COUNT(body, ...) \
    do { \
        bench_begin(); \
        body; \
        bench_end(); \
        bare_print("# bench "); \
        bare_print(__VA_ARGS__); \
        bare_print("\n"); \
    } while (0)

static const struct xm_mpu_ops real = PMSA32_OPS;
static const struct xm_mpu_ops mirror = MIRROR_OPS;
static struct xm_mpu mpu;
static struct xm_mpu_slot slots[2 * BARE_REGIONS];
static struct xm_mpu_region scratch[BARE_REGIONS];

/*
 * ---- the whole path of one word: decide, map, write, unmap ----
 * Functions, so that nothing of what is around them is counted; an empty one is counted as well.
 */

typedef int (*word_fn)(struct xm_mpu *m, struct xm_mpu_target *t, volatile uint32_t *p);

static __attribute__((noinline)) int word_none(struct xm_mpu *m, struct xm_mpu_target *t,
                                               volatile uint32_t *p)
{
    (void)t;
    (void)p;
    __asm__ volatile("" : : "r"(m));
    return 0;
}

/* Through the table of functions, as in a build that does not know its back end. */
static __attribute__((noinline)) int word_table(struct xm_mpu *m, struct xm_mpu_target *t,
                                                volatile uint32_t *p)
{
    int how = xm_mpu_remote_begin(m, t, 0);

    if (how > 0) {
        *p |= 1u;
        xm_mpu_remote_end(m);
    }
    return how;
}

static __attribute__((noinline)) int word_real(struct xm_mpu *m, struct xm_mpu_target *t,
                                               volatile uint32_t *p)
{
    int how = xm_mpu_remote_or_fast(m, &real, t, 0, p, 1);

    return how != XM_MPU_NONE ? how : word_table(m, t, p);
}

static __attribute__((noinline)) int word_mirror(struct xm_mpu *m, struct xm_mpu_target *t,
                                                 volatile uint32_t *p)
{
    int how = xm_mpu_remote_or_fast(m, &mirror, t, 0, p, 1);

    return how != XM_MPU_NONE ? how : word_table(m, t, p);
}

static __attribute__((noinline)) void calibrate(void)
{
    bench_begin();
    __asm__ volatile("nop\n nop\n nop\n nop\n nop\n nop\n nop" : : : "memory");
    bench_end();
    __asm__ volatile("" : : : "memory"); /* no tail call */
}

static struct xm_mpu_target target(struct xm_mpu *m, uintptr_t addr, unsigned bytes)
{
    struct xm_mpu_target t;

    if (xm_mpu_target_init(m, &t, addr, bytes, true, ARCH_SH, ARCH_ATTR_RAM) != 0)
        xm_env_panic("target");
    return t;
}

static __attribute__((noinline)) void one(struct xm_mpu *m, word_fn fn, uintptr_t addr, unsigned n,
                                          const char *kind, const char *way)
{
    struct xm_mpu_target t = target(m, addr, 64), other = target(m, FAR + 0x1000, 64);
    volatile uint32_t *p = (volatile uint32_t *)addr;

    COUNT(fn(m, &t, p), "%s %u %s, the first time", kind, n, way);
    xm_mpu_settle(m); /* as after any change of the guest's regions */
    (void)word_table(m, &other, (volatile uint32_t *)(FAR + 0x1000));
    COUNT(fn(m, &t, p), "%s %u %s, decided anew", kind, n, way);
    (void)word_table(m, &other, (volatile uint32_t *)(FAR + 0x1000));
    COUNT(fn(m, &t, p), "%s %u %s, decision remembered", kind, n, way);
    COUNT(fn(m, &t, p), "%s %u %s, the last target again", kind, n, way);
}

/* ---- a core of n regions with a full guest ---- */

static void start(struct xm_mpu *m, const struct xm_mpu_ops *ops, unsigned n, bool resident)
{
    static const struct xm_mpu_region xen = {ARCH_RAM_FIRST, ARCH_RAM_LAST, XM_MPU_EL2_RW, 1,
                                             ARCH_SH,        ARCH_ATTR_RAM};
    const struct xm_mpu_region own[OWN] = {
        {(uintptr_t)bare_text, (uintptr_t)bare_text_end - 1, XM_MPU_EL2_RO, 0, ARCH_SH,
         ARCH_ATTR_RAM},
        {(uintptr_t)bare_data, (uintptr_t)bare_data_end - 1, XM_MPU_EL2_RW, 1, ARCH_SH,
         ARCH_ATTR_RAM},
        {ARCH_UART, ARCH_UART + 0xfff, XM_MPU_EL2_RW, 1, ARCH_SH, ARCH_ATTR_DEVICE},
    };
    const struct xm_mpu_cfg cfg = {.ops = ops,
                                   .nr = n,
                                   .slots = slots,
                                   .scratch = scratch,
                                   .own = own,
                                   .owns = n > 8 ? OWN : OWN - (resident ? 1u : 0u),
                                   .xen = &xen,
                                   .xens = 1,
                                   .resident = resident};
    struct xm_mpu_region r[BARE_REGIONS];
    unsigned i, budget;

    if (xm_mpu_init(m, &cfg) != 0)
        xm_env_panic("init");
    budget = xm_mpu_budget(m);
    for (i = 0; i < budget; i++) {
        r[i] = (struct xm_mpu_region){.base = GUEST + i * 0x2000u,
                                      .last = GUEST + i * 0x2000u + 0xfff,
                                      .ap = i == 0 ? XM_MPU_ALL_RO : XM_MPU_ALL_RW,
                                      .xn = 1,
                                      .sh = ARCH_SH,
                                      .attr = ARCH_ATTR_RAM};
    }
    if (xm_mpu_load(m, r, budget) != 0)
        xm_env_panic("load");
}

static void ways(struct xm_mpu *m, word_fn fn, const struct xm_mpu_ops *ops, unsigned n,
                 const char *kind)
{
    start(m, ops, n, true);
    one(m, fn, GUEST + 0x2000, n, kind, "covered");
    one(m, fn, FAR, n, kind, "window");
    one(m, fn, GAP, n, kind, "window in a gap");
    one(m, fn, READ_ONLY, n, kind, "flip");
    start(m, ops, n, false);
    one(m, fn, READ_ONLY, n, kind, "switch");
}

/* ---- every region from the shadow: a switch that does not look what has to change ---- */

static __attribute__((noinline)) void rewrite(struct xm_mpu *m)
{
    unsigned i;

    mirror.enable(NULL, m->flipped);
    for (i = 0; i < m->nr; i++) {
        mirror.base(NULL, i, m->slot[i].base);
        mirror.limit(NULL, i, m->slot[i].limit);
    }
    mirror.sync(NULL);
}

/* ---- registers alone, no shadow, no decision ---- */

static __attribute__((noinline)) int window_alone(struct xm_mpu *m, struct xm_mpu_target *t,
                                                  volatile uint32_t *p)
{
    (void)p;
    real.base(NULL, XM_MPU_WINDOW, t->window.base);
    real.limit(NULL, XM_MPU_WINDOW, t->window.limit);
    real.sync(NULL);
    real.enable(NULL, m->enabled);
    real.sync(NULL);
    return 0;
}

static __attribute__((noinline)) int flip_alone(struct xm_mpu *m, struct xm_mpu_target *t,
                                                volatile uint32_t *p)
{
    (void)t;
    (void)p;
    real.enable(NULL, m->flipped);
    real.sync(NULL);
    real.enable(NULL, m->enabled);
    real.sync(NULL);
    return 0;
}

static __attribute__((noinline)) void alone(struct xm_mpu *m, word_fn fn, const char *way)
{
    struct xm_mpu_target t = target(m, FAR, 64);

    COUNT(fn(m, &t, NULL), "registers %u %s, there and back", arch_regions(), way);
}

/* ---- a step: the answer, the instruction, and the event of the next one ---- */

#define STEP_GFN ((GUEST >> XM_PAGE_SHIFT) + 0x10u)

static struct bare_dom dom;

static void dom_start(enum xm_access a)
{
    bare_heap_reset();
    if (bare_dom_init(&dom, "A", STEP_GFN, 4, XM_MPU_DEMAND) != 0 ||
        bare_dom_set(&dom, STEP_GFN, 1, a) != 0)
        xm_env_panic("domain");
    dom.listening = true;
}

static __attribute__((noinline)) void round_of(struct bare_vcpu *v)
{
    struct xm_ring_page *ring = xm_ring_page(&dom.core);

    ring->slot[ring->rsp_prod++ % XM_RING_SLOTS].flags |= XM_EV_FLAG_STEP;
    if (xm_ring_consume(&dom.core) != 0 || bare_run(v) != BARE_END_STOPPED)
        xm_env_panic("a step");
}

static void stepped(void)
{
    struct bare_vcpu *v = &dom.vcpu[0];
    unsigned i;

    dom_start(XM_ACCESS_R);
    if (bare_step_find(v) == NULL)
        xm_env_panic("nothing lets one instruction run");
    for (i = 0; i < 2; i++) { /* n: loads are watched besides */
        static const enum xm_access rights[] = {XM_ACCESS_R, XM_ACCESS_N};
        static const char *const name[] = {"r", "n"};

        dom_start(rights[i]);
        bare_tell(v, BARE_OP_STORES, STEP_GFN << XM_PAGE_SHIFT, 10);
        if (bare_run(v) != BARE_END_STOPPED)
            xm_env_panic("no event");
        round_of(v);
        COUNT(round_of(v), "step %u a store to %s, answered and stepped, and the next one told",
              arch_regions(), name[i]);
    }
}

void bare_main(void)
{
    static const unsigned counts[] = {8, 16, 24, 32};
    struct bare_cpu *cpu = arch_cpu();
    unsigned i;

    calibrate();
    bare_print("# bench calibration 0 seven nops\n");
    if (bare_mpu_start(cpu, &real, true) != 0)
        xm_env_panic("no MPU");
    stepped();
    cpu->mpu = (struct xm_mpu){.nr = 0};
    ways(&mpu, word_real, &real, arch_regions(), "board");
    start(&mpu, &real, arch_regions(), true);
    one(&mpu, word_none, FAR, 0, "empty", "call");
    one(&mpu, word_table, FAR, arch_regions(), "table", "window");
    one(&mpu, word_table, READ_ONLY, arch_regions(), "table", "flip");
    alone(&mpu, flip_alone, "flip");
    alone(&mpu, window_alone, "window"); /* last: the shadow knows nothing of it */
    /* From here on the real MPU is left as it is: Xen's own, and its view in one of the guest's. */
    start(&mpu, &real, arch_regions(), true);
    real.enable(NULL, UINT32_C(0x1e));
    real.sync(NULL);
    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        ways(&mpu, word_mirror, &mirror, counts[i], "loop");
        COUNT(rewrite(&mpu); rewrite(&mpu), "loop %u rewrite of all, there and back", counts[i]);
    }
    bare_print("# bench end\n");
    bare_exit(0);
}

void bare_second_main(void) {}
