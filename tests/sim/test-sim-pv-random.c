/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PV guest's vCPUs do whatever there is while rights, tables, frames and the listener change between
 * any two steps of the hypervisor's: nothing passes that the rights forbid and nobody answered for,
 * and every instruction comes to its end.
 */
#include "sim-pv-test.h"

#define VCPUS 3u
#define FRAMES 6u /* few, so that everybody meets */
#define TURNS 12000u
#define RUN 200u

static struct listener l;
static struct sim_rng rng;
static uint64_t events, answers[6], sets, refused, remaps, deaf, steps;

static uint64_t below(uint64_t n)
{
    return rng_below(&rng, n);
}

static uint64_t frame(void)
{
    return FIRST + below(FRAMES);
}

static uint64_t address(void)
{
    return at(frame()) + (below(4) != 0 ? 8 * below(16) : XM_PAGE_SIZE - 4);
}

static struct sim_op access_op(void)
{
    static const uint8_t code[] = {SIM_OP_READ, SIM_OP_WRITE, SIM_OP_EXEC, SIM_OP_RMW, SIM_OP_COPY};
    struct sim_op op = {.code = code[below(5)], .addr = address(), .value = 7};

    /* Not where it reads: what reads and writes at one place is told as a write. */
    if (op.code == SIM_OP_COPY)
        op.to = at(frame()) + 1024 + 8 * below(16);
    if (below(3) == 0 && op.code != SIM_OP_EXEC) {
        op.flags = SIM_OP_F_FETCH;
        op.fetch = at(frame()) + 64;
    }
    if (below(5) == 0)
        op.flags |= SIM_OP_F_NO_EMUL;
    return op;
}

/* The guest's own tables: a page is mapped at another's address, or made read-only, or as it was. */
static struct sim_op table_op(void)
{
    uint64_t va = at(frame());
    uint64_t mfn = below(2) != 0 ? va >> XM_PAGE_SHIFT : frame();

    remaps++;
    return (struct sim_op){
        .code = SIM_OP_UPDATE_VA,
        .index = 1,
        .addr = va,
        .value = pte_make(mfn, (below(4) != 0 ? RW_PAGE : RO_PAGE) | PTE_A | PTE_D)};
}

static struct sim_op copy_op(void)
{
    return (struct sim_op){.code = SIM_OP_MMUEXT,
                           .index = SIM_MMUEXT_COPY_PAGE,
                           .addr = at(frame()),
                           .value = at(frame())};
}

static void new_op(uint32_t id)
{
    struct sim_op op;

    switch (below(8)) {
    case 0: op = table_op(); break;
    case 1: op = copy_op(); break;
    default: op = access_op(); break;
    }
    ck_assert_int_eq(xmi_sim_vcpu_script(l.d, id, &op, 1, 1), 0);
}

/* ---- the tool ---- */

static void set_some(void)
{
    static const uint8_t rights[] = {XM_ACCESS_N,     XM_ACCESS_R,    XM_ACCESS_W,  XM_ACCESS_RW,
                                     XM_ACCESS_X,     XM_ACCESS_RX,   XM_ACCESS_WX, XM_ACCESS_RWX,
                                     XM_ACCESS_RX2RW, XM_ACCESS_N2RWX};
    uint64_t first = frame();
    uint32_t n = (uint32_t)(1 + below(FIRST + FRAMES - first));

    if (set_rights(&l, first, n, rights[below(sizeof(rights))]) == 0)
        sets++;
    else
        refused++;
}

static void answer_one(struct xm_ev *ev)
{
    static const uint32_t flags[] = {0,
                                     XM_EV_FLAG_EMULATE,
                                     XM_EV_FLAG_EMULATE,
                                     XM_EV_FLAG_EMULATE | XM_EV_FLAG_SET_REGISTERS,
                                     XM_EV_FLAG_STEP,
                                     XM_EV_FLAG_STEP};
    unsigned which = (unsigned)below(6);

    events++;
    if (ev->reason != XM_EV_REASON_MEM_ACCESS)
        which = 0;
    answers[which]++;
    if (below(2) != 0)
        set_some();
    answer(&l, ev, flags[which]);
}

static void take_events(void)
{
    struct xm_ev ev;

    while (!no_event(&l) && take(&l, &ev))
        answer_one(&ev);
}

/* Gone, and there again; whoever is stopped then is let go by its death. */
static void change_listener(void)
{
    take_events();
    if (ring_disable(&l) != 0)
        return;
    deaf++;
    (void)xmi_sim_domain_run(l.d, below(RUN));
    ck_assert_int_eq(ring_enable(&l), 0);
}

static void balloon(void)
{
    uint64_t mfn = frame();

    if (xmi_sim_depopulate(l.d, mfn) != 0)
        return;
    (void)xmi_sim_domain_run(l.d, below(20));
    ck_assert_int_eq(xmi_sim_populate(l.d, mfn), 0);
    ck_assert_int_eq(rights_of(&l, mfn), XM_ACCESS_RWX);
}

static void turn(void)
{
    for (uint32_t i = 0; i < VCPUS; i++) {
        if (vcpu(l.d, i).state == SIM_VCPU_IDLE)
            new_op(i);
    }
    switch (below(40)) {
    case 0: change_listener(); break;
    case 1:
    case 2: balloon(); break;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7: set_some(); break;
    default: break;
    }
    (void)xmi_sim_domain_run(l.d, below(6));
    steps += xm_pv_of(&l.d->core)->step.open;
    take_events();
}

/* With all rights given back every instruction ends. */
static void settle(void)
{
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(set_rights(&l, FIRST, FRAMES, XM_ACCESS_RWX), 0);
        take_events();
        while (xmi_sim_domain_run(l.d, RUN) != 0)
            take_events();
    }
    for (uint32_t i = 0; i < VCPUS; i++)
        ck_assert_int_eq(vcpu(l.d, i).state, SIM_VCPU_IDLE);
    ck_assert(!xm_pv_of(&l.d->core)->step.open);
    for (uint32_t i = 0; i < VCPUS; i++) {
        ck_assert_uint_eq(vcpu(l.d, i).debugs, 0); /* the trap of a step is nobody's */
        ck_assert(!(l.d->vcpu[i].regs.x86.rflags & XM_X86_TF) && l.d->vcpu[i].pauses == 0);
    }
}

START_TEST(nothing_passes)
{
    l = pv_listener(VCPUS);
    rng = (struct sim_rng){0};
    rng_seed(&rng, 77 + (uint64_t)_i);
    for (unsigned i = 0; i < TURNS; i++) {
        turn();
        ck_assert_uint_eq(report(l.d).forbidden, 0);
    }
    settle();
    ck_assert_uint_eq(report(l.d).forbidden, 0);
    ck_assert(events > 1000 && sets > 1000 && remaps > 100 && deaf > 10);
    ck_assert(answers[0] > 100 && answers[1] > 100 && answers[3] > 100);
    ck_assert(answers[4] > 100 && steps > 100);
    xmi_sim_machine_destroy(l.m);
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_loop_test(t, nothing_passes, 0, 4);
}

int main(void)
{
    return run_suite("sim-pv-random", fill);
}
