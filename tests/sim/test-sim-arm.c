/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arm vCPUs as a tool sees them: their code, their registers, and ops that it does outside of them. */
#include "sim/sim-test.h"

#define GFN 2u
#define NEXT (GFN + 1)
#define CPSR_AARCH32 0x600001d0u
#define CPSR_EL2 0x9u

static uint64_t at(uint64_t gfn)
{
    return gfn << XM_PAGE_SHIFT;
}

static struct listener begin(enum sim_kind kind, uint32_t vcpus)
{
    return new_listener(1, kind, vcpus, 16);
}

static void end(struct listener *l, uint64_t forbidden)
{
    ck_assert_uint_eq(report(l->d).forbidden, forbidden);
    xmi_sim_machine_destroy(l->m);
}

static struct sim_arm_context get(struct listener *l, uint32_t v)
{
    struct sim_arm_context c;

    ck_assert_int_eq(xmi_sim_hc_vcpu_get(l->m, l->d->cfg.domid, v, &c), 0);
    return c;
}

static int set(struct listener *l, uint32_t v, const struct sim_arm_context *c)
{
    return xmi_sim_hc_vcpu_set(l->m, l->d->cfg.domid, v, c);
}

static uint32_t word_at(struct listener *l, uint64_t pc)
{
    uint32_t word;
    void *page;

    ck_assert_int_eq(xmi_sim_map_gfn(l->d, pc >> XM_PAGE_SHIFT, &page), 0);
    memcpy(&word, (char *)page + (pc & (XM_PAGE_SIZE - 1)), sizeof(word));
    return word;
}

static void start(struct listener *l, uint32_t v, struct sim_op op, uint64_t repeat)
{
    ck_assert_int_eq(xmi_sim_vcpu_script(l->d, v, &op, 1, repeat), 0);
}

/* Until the vCPU's event. */
static struct xm_ev stopped(struct listener *l, uint64_t gfn, uint32_t access)
{
    struct xm_ev ev;

    (void)xmi_sim_domain_run(l->d, 100);
    ck_assert(take(l, &ev));
    ck_assert_uint_eq(ev.u.mem_access.gfn, gfn);
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, access);
    return ev;
}

static void answer_pc(struct listener *l, struct xm_ev *ev, uint64_t pc)
{
    ev->data.arm.pc = pc;
    answer(l, ev, XM_EV_FLAG_SET_REGISTERS);
}

/* ---- encodings, as an assembler has them ---- */

static const struct {
    uint8_t code, len;
    uint16_t flags;
    uint32_t word;
} encodings[] = {
    {SIM_OP_READ, 1, 0, 0x39400020}, /* ldrb w0, [x1] */
    {SIM_OP_READ, 2, 0, 0x79400020}, /* ldrh w0, [x1] */
    {SIM_OP_READ, 4, 0, 0xb9400020}, /* ldr w0, [x1] */
    {SIM_OP_READ, 8, 0, 0xf9400020}, /* ldr x0, [x1] */
    {SIM_OP_READ, 0, 0, 0xf9400020},
    {SIM_OP_READ, 16, 0, 0xa9400c20},  /* ldp x0, x3, [x1] */
    {SIM_OP_WRITE, 1, 0, 0x39000022},  /* strb w2, [x1] */
    {SIM_OP_WRITE, 2, 0, 0x79000022},  /* strh w2, [x1] */
    {SIM_OP_WRITE, 4, 0, 0xb9000022},  /* str w2, [x1] */
    {SIM_OP_WRITE, 8, 0, 0xf9000022},  /* str x2, [x1] */
    {SIM_OP_WRITE, 16, 0, 0xa9000c22}, /* stp x2, x3, [x1] */
    {SIM_OP_RMW, 1, 0, 0x38228020},    /* swpb w2, w0, [x1] */
    {SIM_OP_RMW, 2, 0, 0x78228020},    /* swph w2, w0, [x1] */
    {SIM_OP_RMW, 4, 0, 0xb8228020},    /* swp w2, w0, [x1] */
    {SIM_OP_RMW, 8, 0, 0xf8228020},    /* swp x2, x0, [x1] */
    {SIM_OP_EXCL, 1, 0, 0x085f7c20},   /* ldxrb w0, [x1] */
    {SIM_OP_EXCL, 8, 0, 0xc85f7c20},   /* ldxr x0, [x1] */
    {SIM_OP_RMW, 16, 0, 0},
    {SIM_OP_READ, 3, 0, 0},
    {SIM_OP_WRITE, 64, 0, 0},
    {SIM_OP_READ, 8, SIM_OP_F_WALK, 0},
    {SIM_OP_WRITE, 8, SIM_OP_F_FETCH, 0},
    {SIM_OP_WRITE, 8, SIM_OP_F_NO_EMUL, 0},
    {SIM_OP_COPY, 8, 0, 0},
    {SIM_OP_EXEC, 4, 0, 0},
    {SIM_OP_HYPERCALL_BUF, 8, 0, 0},
    {SIM_OP_GUEST_REQUEST, 0, 0, 0},
};
#define ENCODINGS ((int)(sizeof(encodings) / sizeof(encodings[0])))

START_TEST(test_code)
{
    struct listener l = begin(SIM_ARM_S2, 2);
    struct sim_arm_context c;

    start(&l, 1,
          (struct sim_op){.code = encodings[_i].code,
                          .len = encodings[_i].len,
                          .flags = encodings[_i].flags,
                          .addr = at(GFN) + 64,
                          .fetch = at(GFN),
                          .to = at(NEXT),
                          .value = 0x1234},
          1);
    c = get(&l, 1);
    ck_assert_uint_eq(c.pc, at(SIM_CODE_GFN + 1));
    ck_assert_uint_eq(word_at(&l, c.pc), encodings[_i].word);
    ck_assert_uint_eq(c.x[1], at(GFN) + 64);
    ck_assert_uint_eq(c.x[2], 0x1234);
    ck_assert_uint_eq(c.sctlr & 1, 0);
    end(&l, 0);
}
END_TEST

/* The pc goes through the page, and by the branch at its end to its beginning. */
START_TEST(test_page)
{
    struct listener l = begin((enum sim_kind)_i, 2);
    const struct sim_random_cfg random = {.count = 5, .gfns = 4, .read = 1};
    uint64_t base = at(SIM_CODE_GFN);
    void *page;

    start(&l, 0, (struct sim_op){.code = SIM_OP_READ, .addr = at(GFN)}, 1022);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 2000), 1022);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, base + 0xff8);
    ck_assert_uint_eq(word_at(&l, base + 0xffc), 0x17fffc01); /* b .-0xffc */
    start(&l, 0, (struct sim_op){.code = SIM_OP_READ, .addr = at(GFN)}, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, base);
    ck_assert_int_eq(xmi_sim_vcpu_random(l.d, 0, &random), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 5);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, base + 20);
    ck_assert_int_eq(xmi_sim_map_gfn(l.d, SIM_CODE_GFN + 2, &page), -XM_ESRCH);
    end(&l, 0);
}
END_TEST

/* ---- ops done outside ---- */

/* A store: memory by the tool, the pc by the answer. */
START_TEST(test_store)
{
    struct listener l = begin((enum sim_kind)_i, 1);
    uint64_t value = 77;
    struct xm_ev ev;
    void *page;

    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RX), 0);
    start(&l, 0, (struct sim_op){.code = SIM_OP_WRITE, .addr = at(GFN) + 8, .value = 1}, 1);
    ev = stopped(&l, GFN, XM_DO_W);
    ck_assert_uint_eq(word_at(&l, ev.data.arm.pc), 0xf9000022);
    ck_assert_int_eq(xmi_sim_map_gfn(l.d, GFN, &page), 0);
    memcpy((char *)page + 8, &value, sizeof(value));
    answer_pc(&l, &ev, ev.data.arm.pc + 4);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 10), 1);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, at(SIM_CODE_GFN) + 4);
    ck_assert_uint_eq(peek64(l.d, at(GFN) + 8), 77); /* it was not done again */
    end(&l, 0);
}
END_TEST

/* A load: register and pc by the context, then an answer that says nothing. */
START_TEST(test_load)
{
    struct listener l = begin((enum sim_kind)_i, 1);
    struct sim_arm_context c;
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_N), 0);
    start(&l, 0, (struct sim_op){.code = SIM_OP_READ, .addr = at(GFN)}, 2);
    ev = stopped(&l, GFN, XM_DO_R);
    c = get(&l, 0);
    ck_assert_uint_eq(c.pc, ev.data.arm.pc);
    ck_assert_uint_eq(c.cpsr, ev.data.arm.cpsr);
    c.x[0] = 4711;
    c.x[7] = 12;
    c.pc += 4;
    ck_assert_int_eq(set(&l, 0, &c), 0);
    answer(&l, &ev, 0);
    ev = stopped(&l, GFN, XM_DO_R);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).result, 4711);
    ck_assert_uint_eq(ev.data.arm.pc, at(SIM_CODE_GFN) + 4);
    ck_assert_uint_eq(get(&l, 0).x[0], 4711);
    ck_assert_uint_eq(get(&l, 0).x[7], 12);
    end(&l, 0);
}
END_TEST

/* What it touches beyond what was told, whoever may tell it: the hypervisor, or the library. */
START_TEST(test_more_than_told)
{
    struct listener l = begin(SIM_ARM_S2, 1);
    struct xm_ev ev;
    void *page;

    ck_assert_int_eq(set_rights(&l, GFN, 2, XM_ACCESS_RX), 0);
    start(&l, 0, (struct sim_op){.code = SIM_OP_WRITE, .addr = at(NEXT) - 4, .value = 1}, 1);
    ev = stopped(&l, GFN, XM_DO_W);
    if (_i == 1)
        ck_assert_int_eq(xmi_sim_step_told(l.d, 0, NEXT, XM_DO_W), 0);
    if (_i == 2)
        ck_assert_int_eq(xmi_sim_step_told(l.d, 0, NEXT, XM_DO_R), 0);
    if (_i != 3) { /* or it was left out */
        ck_assert_int_eq(xmi_sim_map_gfn(l.d, GFN, &page), 0);
        ((char *)page)[XM_PAGE_SIZE - 4] = 1;
    }
    answer_pc(&l, &ev, ev.data.arm.pc + 4);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    ck_assert_int_eq(xmi_sim_step_told(l.d, 1, NEXT, XM_DO_W), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_step_told(l.d, 0, NEXT, 8), -XM_EINVAL);
    end(&l, _i == 1 || _i == 3 ? 0 : 1);
}
END_TEST

/* ---- what Xen refuses, and what it takes ---- */

START_TEST(test_refused)
{
    struct listener l = begin(SIM_ARM_S2, 1), x = begin(SIM_X86_EPT, 1);
    struct sim_arm_context was = get(&l, 0), c = was, now;

    c.x[3] = 1;
    c.cpsr = CPSR_AARCH32;
    ck_assert_int_eq(set(&l, 0, &c), -XM_EINVAL);
    c.cpsr = CPSR_EL2;
    ck_assert_int_eq(set(&l, 0, &c), -XM_EINVAL);
    c.cpsr = was.cpsr;
    c.spsr_el1 = 0x10;
    ck_assert_int_eq(set(&l, 0, &c), -XM_EINVAL);
    c.spsr_el1 = CPSR_EL2;
    ck_assert_int_eq(set(&l, 0, &c), -XM_EINVAL);
    xmi_sim_inject_errno(l.d, 1, XM_HC_VCPU_SET, XM_EINVAL);
    ck_assert_int_eq(set(&l, 0, &was), -XM_EINVAL);
    now = get(&l, 0);
    ck_assert_int_eq(memcmp(&now, &was, sizeof(now)), 0); /* nothing was changed */
    ck_assert_int_eq(xmi_sim_hc_vcpu_get(l.m, l.d->cfg.domid, 1, &c), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_hc_vcpu_get(l.m, 99, 0, &c), -XM_ESRCH);
    ck_assert_int_eq(xmi_sim_hc_vcpu_get(x.m, x.d->cfg.domid, 0, &c), -XM_EOPNOTSUPP);
    xmi_sim_inject_errno(l.d, 1, XM_HC_VCPU_GET, 61);
    ck_assert_int_eq(xmi_sim_hc_vcpu_get(l.m, l.d->cfg.domid, 0, &c), -61);
    end(&x, 0);
    end(&l, 0);
}
END_TEST

START_TEST(test_round_trip)
{
    struct listener l = begin(SIM_ARM_S2, 1);
    struct sim_arm_context c = get(&l, 0), now;

    for (unsigned i = 0; i < 31; i++)
        c.x[i] = 1000 + i;
    c.cpsr = 0x20000000;
    c.sp_el0 = 1;
    c.sp_el1 = 2;
    c.elr_el1 = 3;
    c.spsr_el1 = 5;
    c.spsr_fiq = 6;
    c.spsr_irq = 7;
    c.spsr_und = 8;
    c.spsr_abt = 9;
    c.sctlr = 10;
    c.tcr = 11;
    c.ttbr0 = 12;
    c.ttbr1 = 13;
    ck_assert_int_eq(set(&l, 0, &c), 0);
    now = get(&l, 0);
    ck_assert_int_eq(memcmp(&now, &c, sizeof(c)), 0);
    end(&l, 0);
}
END_TEST

/* Not online: it does not run, and an interrupt that comes meanwhile is lost. */
START_TEST(test_down)
{
    struct listener l = begin(SIM_ARM_S2, 1);
    struct sim_arm_context c;
    const struct sim_op ops[] = {{.code = SIM_OP_HALT, .value = (uint64_t)_i},
                                 {.code = SIM_OP_READ}};

    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, ops, 2, 1), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 1), 1);
    c = get(&l, 0);
    ck_assert(c.online);
    c.online = false;
    ck_assert_int_eq(set(&l, 0, &c), 0);
    ck_assert_int_eq(xmi_sim_vcpu_wake(l.d, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 0);
    c.online = true;
    ck_assert_int_eq(set(&l, 0, &c), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 0); /* it sleeps on */
    ck_assert_int_eq(xmi_sim_vcpu_wake(l.d, 0), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(l.d, 100), 1);
    end(&l, 0);
}
END_TEST

START_TEST(test_poke)
{
    struct listener l = begin(SIM_ARM_S2, 1);

    ck_assert(!readable(l.d));
    xmi_sim_evtchn_poke(l.d);
    ck_assert(readable(l.d));
    xmi_sim_evtchn_ack(l.d);
    ck_assert(!readable(l.d));
    end(&l, 0);
}
END_TEST

/* Rights of code can be asked for: it has them all. */
START_TEST(test_rights_of_code)
{
    struct listener l = begin(SIM_ARM_S2, 1);
    struct xm_mem_access_op op = {
        .op = XM_MEM_ACCESS_GET, .domid = (uint16_t)l.d->cfg.domid, .pfn = SIM_CODE_GFN};

    ck_assert_int_eq(xmi_sim_hc_mem_access(l.m, &op), 0);
    ck_assert_uint_eq(op.access, XM_ACCESS_RWX);
    op.pfn++;
    ck_assert_int_ne(xmi_sim_hc_mem_access(l.m, &op), 0);
    end(&l, 0);
}
END_TEST

/* ---- the hole of relaxing ---- */

/* 4 vCPUs store into one page; it is open from one look to the next. Returns what nobody was told. */
static uint64_t relax(uint32_t look)
{
    const struct sim_domain_cfg cfg = {
        .kind = SIM_ARM_S2, .vcpus = 4, .pages = 16, .look = look, .name = "guest"};
    struct listener l = {.m = new_machine(3)};
    uint64_t unseen, told = 0;
    struct xm_ev ev;

    ck_assert_int_eq(xmi_sim_domain_create(l.m, &cfg, &l.d), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RX), 0);
    for (uint32_t v = 0; v < 4; v++)
        start(&l, v, (struct sim_op){.code = SIM_OP_WRITE, .addr = at(GFN) + 64 * v}, 3000);
    while (xmi_sim_domain_run(l.d, 1000) != 0) {
        while (take(&l, &ev)) {
            told++;
            ck_assert_int_eq(xmi_sim_step_note(l.d, 0, GFN, ev.vcpu_id, XM_ACCESS_RX, true), 0);
            ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RWX), 0);
            answer(&l, &ev, 0);
            xmi_sim_domain_look(l.d);
            ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RX), 0);
            ck_assert_int_eq(xmi_sim_step_note(l.d, 0, GFN, ev.vcpu_id, XM_ACCESS_RX, false), 0);
        }
    }
    unseen = report(l.d).forbidden;
    ck_assert_uint_eq(report(l.d).unseen, 0);
    ck_assert_uint_le(12000 - told,
                      unseen); /* one may be told, pass for another's sake, and not be told again */
    xmi_sim_machine_destroy(l.m);
    return unseen;
}

START_TEST(test_hole)
{
    uint64_t slice = relax(0), one = relax(1);

    ck_assert_uint_ge(slice, 12000 * 92 / 100); /* as was measured on Xen */
    ck_assert_uint_le(slice, 12000 * 99 / 100);
    ck_assert_uint_lt(one, slice);
}
END_TEST

/* ---- load- and store-exclusive ---- */

START_TEST(test_excl)
{
    struct listener l = begin((enum sim_kind)_i, 2);
    uint64_t base = at(SIM_CODE_GFN);

    for (uint32_t v = 0; v < 2; v++)
        start(&l, v, (struct sim_op){.code = SIM_OP_EXCL, .addr = at(GFN)}, 1000);
    while (xmi_sim_domain_run(l.d, 1) != 0) /* whose turn it is the seed says */
        ;
    ck_assert_uint_eq(peek64(l.d, at(GFN)), 2000);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1000);
    (void)get(&l, 0);
    start(&l, 0, (struct sim_op){.code = SIM_OP_EXCL, .addr = at(GFN)}, 1);
    base = get(&l, 0).pc;
    ck_assert_uint_eq(word_at(&l, base + 4), 0x91000402);  /* add x2, x0, #1 */
    ck_assert_uint_eq(word_at(&l, base + 8), 0xc8037c22);  /* stxr w3, x2, [x1] */
    ck_assert_uint_eq(word_at(&l, base + 12), 0x35ffffa3); /* cbnz w3, .-12 */
    end(&l, 0);
}
END_TEST

/* rx: the event comes at the store, whose monitor it takes away: natively it fails, and goes round. */
START_TEST(test_excl_store)
{
    struct listener l = begin((enum sim_kind)_i, 1);
    uint64_t base = at(SIM_CODE_GFN);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RX), 0);
    start(&l, 0, (struct sim_op){.code = SIM_OP_EXCL, .addr = at(GFN)}, 1);
    ev = stopped(&l, GFN, XM_DO_W);
    ck_assert_uint_eq(ev.data.arm.pc, base + 8);
    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RWX), 0);
    answer(&l, &ev, 0);
    (void)xmi_sim_domain_run(l.d, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, base + 12); /* it moved, and nothing was stored */
    ck_assert_uint_eq(peek64(l.d, at(GFN)), 0);
    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RX), 0);
    ev = stopped(&l, GFN, XM_DO_W); /* without an end */
    ck_assert_uint_eq(vcpu(l.d, 0).done, 0);
    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_RWX), 0);
    answer(&l, &ev, 0);
    (void)xmi_sim_domain_run(l.d, 10);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(peek64(l.d, at(GFN)), 1);
    end(&l, 0);
}
END_TEST

/* n: the event comes at the load; a tool goes through the loop by itself, or leaves it in its middle. */
START_TEST(test_excl_outside)
{
    struct listener l = begin(SIM_ARM_S2, 1);
    uint64_t base = at(SIM_CODE_GFN), one = 1;
    struct sim_arm_context c;
    struct xm_ev ev;
    void *page;

    ck_assert_int_eq(set_rights(&l, GFN, 1, XM_ACCESS_N), 0);
    start(&l, 0, (struct sim_op){.code = SIM_OP_EXCL, .addr = at(GFN)}, 1);
    ev = stopped(&l, GFN, XM_DO_R);
    ck_assert_uint_eq(ev.data.arm.pc, base);
    ck_assert_int_eq(xmi_sim_step_told(l.d, 0, GFN, XM_DO_W), 0);
    ck_assert_int_eq(xmi_sim_map_gfn(l.d, GFN, &page), 0);
    memcpy(page, &one, sizeof(one));
    c = get(&l, 0);
    c.x[0] = 0;
    c.x[2] = 1;
    c.x[3] = _i == 2; /* the store failed: natively it goes back to the load */
    c.pc = base + (_i == 0 ? 16 : 12);
    ck_assert_int_eq(set(&l, 0, &c), 0);
    answer(&l, &ev, 0);
    if (_i == 2) {
        ev = stopped(&l, GFN, XM_DO_R);
        ck_assert_uint_eq(ev.data.arm.pc, base);
    }
    (void)xmi_sim_domain_run(l.d, 10);
    ck_assert_uint_eq(vcpu(l.d, 0).done, _i == 2 ? 0 : 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, _i == 2 ? base : base + 16);
    end(&l, 0);
}
END_TEST

/* Waiting for 0, a further load, an instruction that nobody knows; its code elsewhere. */
START_TEST(test_excl_longer)
{
    static const uint32_t words[] = {
        0xc85f7c20, /* ldxr x0, [x1] */
        0xb5ffffe0, /* cbnz x0, .-4 */
        0xf94000a4, /* ldr x4, [x5] */
        0x6f00e400, /* movi v0.2d, #0 */
        0x91000402, /* add x2, x0, #1 */
        0xc8037c22, /* stxr w3, x2, [x1] */
        0x35ffff43, /* cbnz w3, .-24 */
    };
    struct listener l = begin((enum sim_kind)_i, 1);
    struct sim_op op = {.code = SIM_OP_EXCL,
                        .flags = SIM_OP_F_WAITS | SIM_OP_F_NO_EMUL,
                        .addr = at(GFN),
                        .to = at(NEXT)};
    uint64_t *word;
    struct sim_arm_context c;

    ck_assert_int_eq(xmi_sim_map_gfn(l.d, GFN, (void **)&word), 0);
    *word = 1;
    start(&l, 0, op, 1);
    c = get(&l, 0);
    ck_assert_uint_eq(c.x[5], at(NEXT));
    for (unsigned i = 0; i < 7; i++)
        ck_assert_uint_eq(word_at(&l, c.pc + 4 * i), words[i]);
    (void)xmi_sim_domain_run(l.d, 1001);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 0);
    *word = 0;
    (void)xmi_sim_domain_run(l.d, 8);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(vcpu(l.d, 0).pc, c.pc + 28);
    ck_assert_uint_eq(*word, 1);
    end(&l, 0);
}
END_TEST

/* Each of its instructions is fetched. */
START_TEST(test_excl_fetched)
{
    struct listener l = begin((enum sim_kind)_i, 1);
    struct xm_ev ev;

    ck_assert_int_eq(set_rights(&l, NEXT, 1, XM_ACCESS_RW), 0);
    start(&l, 0,
          (struct sim_op){.code = SIM_OP_EXCL,
                          .flags = SIM_OP_F_FETCH,
                          .addr = at(GFN),
                          .fetch = at(NEXT) + 0x40},
          1);
    for (unsigned i = 0; i < 4; i++) {
        ev = stopped(&l, NEXT, XM_DO_X);
        ck_assert_uint_eq(ev.data.arm.pc, at(NEXT) + 0x40 + 4 * i);
        ck_assert_int_eq(set_rights(&l, NEXT, 1, XM_ACCESS_RWX), 0);
        answer(&l, &ev, 0);
        (void)xmi_sim_domain_run(l.d, 1);
        ck_assert_int_eq(set_rights(&l, NEXT, 1, XM_ACCESS_RW), 0);
        if (i == 2) /* its monitor is gone: it goes round, which is another loop of events */
            break;
    }
    ck_assert_uint_eq(vcpu(l.d, 0).pc, at(NEXT) + 0x40 + 12);
    ck_assert_int_eq(set_rights(&l, NEXT, 1, XM_ACCESS_RWX), 0);
    (void)xmi_sim_domain_run(l.d, 10);
    ck_assert_uint_eq(vcpu(l.d, 0).done, 1);
    ck_assert_uint_eq(peek64(l.d, at(GFN)), 1);
    end(&l, 0);
}
END_TEST

START_TEST(test_excl_refused)
{
    struct listener l = begin(SIM_ARM_S2, 1), x = begin(SIM_X86_EPT, 1);
    struct sim_op op = {.code = SIM_OP_EXCL, .addr = at(GFN)};

    ck_assert_int_eq(xmi_sim_vcpu_script(x.d, 0, &op, 1, 1), -XM_EINVAL);
    op.len = 16;
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    op.len = 3;
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_EXCL, .len = 4, .addr = at(GFN) + 2};
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_EXCL, .addr = at(GFN), .to = at(NEXT) + 4};
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_EXCL, .addr = at(GFN), .fetch = at(NEXT) - 8};
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_EXCL, .addr = at(GFN), .flags = SIM_OP_F_WALK};
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, 0, &op, 1, 1), -XM_EINVAL);
    end(&x, 0);
    end(&l, 0);
}
END_TEST

static void fill(TCase *t)
{
    static const int kinds[] = {SIM_ARM_S2, SIM_ARMV8R_MPU};

    tcase_add_loop_test(t, test_code, 0, ENCODINGS);
    for (unsigned i = 0; i < 2; i++) {
        tcase_add_loop_test(t, test_page, kinds[i], kinds[i] + 1);
        tcase_add_loop_test(t, test_store, kinds[i], kinds[i] + 1);
        tcase_add_loop_test(t, test_load, kinds[i], kinds[i] + 1);
        tcase_add_loop_test(t, test_excl, kinds[i], kinds[i] + 1);
        tcase_add_loop_test(t, test_excl_store, kinds[i], kinds[i] + 1);
        tcase_add_loop_test(t, test_excl_longer, kinds[i], kinds[i] + 1);
        tcase_add_loop_test(t, test_excl_fetched, kinds[i], kinds[i] + 1);
    }
    tcase_add_loop_test(t, test_more_than_told, 0, 4);
    tcase_add_test(t, test_refused);
    tcase_add_test(t, test_round_trip);
    tcase_add_loop_test(t, test_down, 0, 2);
    tcase_add_test(t, test_poke);
    tcase_add_test(t, test_rights_of_code);
    tcase_add_test(t, test_hole);
    tcase_add_loop_test(t, test_excl_outside, 0, 3);
    tcase_add_test(t, test_excl_refused);
}

int main(void)
{
    return run_suite("sim-arm", fill);
}
