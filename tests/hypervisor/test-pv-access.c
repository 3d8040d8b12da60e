/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An access of a PV guest from the decision to its end, with what can come in between. */
#include <xm/pv.h>

#include "fake-env.h"

#define END 1000u
#define VA UINT64_C(0x7f0000001008)

static uint64_t gone; /* a frame that is not the domain's; 0: none */

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    return mfn.n < END && mfn.n != gone;
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    (void)mfn;
    return true;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
}

static const struct xm_pv_hooks hooks = {.owned = owned, .drop = drop, .blow = blow};
static struct xm_domain d;
static struct xm_pv_vcpu *v;
static struct xm_pv_todo todo;

static void ring(uint32_t what)
{
    struct xm_domctl_vm_event_op op = {.op = what, .mode = XM_VM_EVENT_MODE_MONITOR};

    ck_assert_int_eq(xm_hc_vm_event(&d, &op), 0);
}

static void start(void)
{
    const struct xm_domain_cfg cfg = {
        .kind = XM_KIND_X86_PV, .vcpus = 4, .pv_hooks = &hooks, .pv_end = END};

    gone = 0;
    fake_start(&d, &cfg);
    ck_assert_int_eq(xm_pv_enable(&d), 0);
    ring(XM_VM_EVENT_ENABLE);
    v = xm_pv_vcpu_of(&d.vcpu[1]);
    fake.regs[1].x86.rip = 0x4000;
    fake.regs[1].x86.rsp = 0x8000;
}

static void end(void)
{
    fake_end(&d);
}

static void rights(uint64_t mfn, uint8_t a)
{
    ck_assert_int_eq(fake_set(&d, mfn, 1, a), 0);
}

/* By the instruction that the vCPU is at. */
static struct xm_pv_ask by(uint8_t who, uint64_t mfn, uint64_t va, uint8_t what)
{
    return (struct xm_pv_ask){.mfn = mfn,
                              .va = va,
                              .va_valid = who != XM_PV_BY_HYPERCALL,
                              .offset = 8,
                              .what = what,
                              .who = who,
                              .ip = fake.regs[1].x86.rip,
                              .sp = fake.regs[1].x86.rsp,
                              .guest_allows = true,
                              .ours = true};
}

static enum xm_pv_next guest(uint64_t mfn, uint64_t va, uint8_t what)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_GUEST, mfn, va, what);

    return xm_pv_access(xm_pv_of(&d), v, &ask, &todo);
}

static bool piece(uint64_t mfn, uint64_t va, uint8_t what)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_GUEST, mfn, va, what);

    return xm_pv_piece(xm_pv_of(&d), v, &ask, &todo);
}

static enum xm_pv_next item(uint64_t mfn)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_HYPERCALL, mfn, 0, XM_DO_W);

    return xm_pv_items(xm_pv_of(&d), v, &ask, 1);
}

static enum xm_pv_next copy(uint64_t to, uint64_t from)
{
    const struct xm_pv_ask asks[] = {by(XM_PV_BY_HYPERCALL, to, 0, XM_DO_W),
                                     by(XM_PV_BY_HYPERCALL, from, 0, XM_DO_R)};

    return xm_pv_items(xm_pv_of(&d), v, asks, 2);
}

static void answer(uint32_t flags)
{
    ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED | flags), 0);
}

static uint64_t told(void)
{
    return d.stats.events;
}

/* ---- rights that change between decision and action ---- */

static void decide_then_set(uint8_t before, uint8_t set, enum xm_pv_verdict verdict)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_GUEST, 3, VA, XM_DO_W);

    rights(3, before);
    xm_p2m_lock(&d);
    xm_pv_todo_decide(xm_pv_of(&d), v, &ask, &todo);
    xm_p2m_unlock(&d);
    ck_assert_int_eq(todo.verdict, verdict);
    rights(3, set);
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert_int_eq(fake_get(&d, 3), set);
}

START_TEST(a_newer_restriction_stays)
{
    decide_then_set(XM_ACCESS_RX2RW, XM_ACCESS_N, XM_PV_RELAX);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_STOPPED);
    answer(0);
    decide_then_set(XM_ACCESS_N2RWX, XM_ACCESS_R, XM_PV_EVENT_RELAX);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_STOPPED);
    answer(0);
}
END_TEST

START_TEST(a_restriction_set_when_the_listener_had_gone)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_GUEST, 3, VA, XM_DO_W);

    rights(3, XM_ACCESS_R);
    ring(XM_VM_EVENT_DISABLE);
    xm_p2m_lock(&d);
    xm_pv_todo_decide(xm_pv_of(&d), v, &ask, &todo);
    xm_p2m_unlock(&d);
    ck_assert_int_eq(todo.verdict, XM_PV_RELAX);
    ring(XM_VM_EVENT_ENABLE);
    rights(3, XM_ACCESS_N);
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert_int_eq(fake_get(&d, 3), XM_ACCESS_N);
}
END_TEST

/* To the same rights, by a listener that came since: it is to be told. */
START_TEST(the_same_restriction_set_anew)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_GUEST, 3, VA, XM_DO_W);

    decide_then_set(XM_ACCESS_N2RWX, XM_ACCESS_N2RWX, XM_PV_EVENT_RELAX);
    rights(3, XM_ACCESS_N);
    ring(XM_VM_EVENT_DISABLE);
    xm_p2m_lock(&d);
    xm_pv_todo_decide(xm_pv_of(&d), v, &ask, &todo);
    xm_p2m_unlock(&d);
    ring(XM_VM_EVENT_ENABLE);
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert_int_eq(fake_get(&d, 3), XM_ACCESS_N); /* nothing was set, but somebody listens */
}
END_TEST

/* A frame that left, and nobody's value is kept for it. */
START_TEST(a_frame_that_leaves_in_between)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_GUEST, 3, VA, XM_DO_W);

    rights(3, XM_ACCESS_RX2RW);
    xm_p2m_lock(&d);
    xm_pv_todo_decide(xm_pv_of(&d), v, &ask, &todo);
    xm_p2m_unlock(&d);
    gone = 3;
    xm_pv_frame_left(xm_pv_of(&d), 3);
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert(xm_pv_idle(xm_pv_of(&d)));
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_GO_ON);
    ck_assert(xm_pv_idle(xm_pv_of(&d)));
}
END_TEST

/* And nobody is told twice of what did not change. */
START_TEST(the_listener_goes_before_it_is_told)
{
    const struct xm_pv_ask ask = by(XM_PV_BY_GUEST, 3, VA, XM_DO_W);

    rights(3, XM_ACCESS_R);
    xm_p2m_lock(&d);
    xm_pv_todo_decide(xm_pv_of(&d), v, &ask, &todo);
    xm_p2m_unlock(&d);
    ck_assert_int_eq(todo.verdict, XM_PV_EVENT);
    ring(XM_VM_EVENT_DISABLE);
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert(!v->told);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_GO_ON);
    ck_assert_int_eq(xm_pv_rights(xm_pv_of(&d), 3), XM_ACCESS_RWX);
}
END_TEST

/* ---- what an answer is for ---- */

static void told_and_answered(uint64_t mfn, uint64_t va, uint8_t what)
{
    uint64_t before = told();

    ck_assert_int_eq(guest(mfn, va, what), XM_PV_STOPPED);
    ck_assert_uint_eq(told(), before + 1);
    answer(XM_EV_FLAG_EMULATE);
}

START_TEST(an_answer_is_for_that_access)
{
    rights(3, XM_ACCESS_N);
    told_and_answered(3, VA, XM_DO_R);
    ck_assert(piece(3, VA, XM_DO_R));
    ck_assert(!piece(3, VA, XM_DO_X) && !piece(3, VA, XM_DO_W));
    ck_assert(!piece(3, VA + 0x1000, XM_DO_R));
    ck_assert_int_eq(guest(3, VA, XM_DO_R), XM_PV_EMULATE);
    xm_pv_emulated(v);
    ck_assert(!piece(3, VA, XM_DO_R));
}
END_TEST

/* Tried again it went elsewhere, by a mapping that had changed: the answer is not kept for later. */
START_TEST(an_answer_is_not_kept)
{
    rights(3, XM_ACCESS_R);
    told_and_answered(3, VA, XM_DO_W);
    ck_assert_int_eq(guest(3, VA + 0x5000, XM_DO_W), XM_PV_STOPPED);
    answer(0);
    xm_pv_emulated(v);
    told_and_answered(3, VA, XM_DO_W);
    fake.regs[1].x86.rip += 4;
    ck_assert_int_eq(guest(4, VA, XM_DO_W), XM_PV_GO_ON);
    fake.regs[1].x86.rip -= 4;
    told_and_answered(3, VA, XM_DO_W);
    /* Nor where rights are set: what it did meanwhile, or does then, is another access. */
    rights(3, XM_ACCESS_R);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_STOPPED);
}
END_TEST

START_TEST(an_answer_that_names_another_frame)
{
    rights(3, XM_ACCESS_R);
    rights(4, XM_ACCESS_R);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_STOPPED);
    struct xm_ev rsp = *fake_last(&d);
    rsp.flags = XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_EMULATE;
    rsp.u.mem_access.gfn = 4;
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert(!piece(3, VA, XM_DO_W) && !piece(4, VA, XM_DO_W));
}
END_TEST

START_TEST(an_answer_that_moves_the_instruction)
{
    rights(3, XM_ACCESS_R);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_STOPPED);
    fake_last(&d)->data.x86.rip = 0x5000;
    answer(XM_EV_FLAG_EMULATE | XM_EV_FLAG_SET_REGISTERS);
    ck_assert_uint_eq(fake.regs[1].x86.rip, 0x5000);
    ck_assert(piece(3, VA, XM_DO_W));
}
END_TEST

/* ---- several frames of one instruction ---- */

START_TEST(a_second_frame_is_its_own_event)
{
    rights(3, XM_ACCESS_N);
    rights(4, XM_ACCESS_N);
    told_and_answered(3, VA, XM_DO_R);
    ck_assert_int_eq(guest(3, VA, XM_DO_R), XM_PV_EMULATE);
    ck_assert(piece(3, VA, XM_DO_R) && !piece(4, VA + 0x1000, XM_DO_W));
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_STOPPED);
    answer(XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(told(), 2);
    ck_assert_int_eq(guest(3, VA, XM_DO_R), XM_PV_EMULATE);
    ck_assert(piece(3, VA, XM_DO_R) && piece(4, VA + 0x1000, XM_DO_W));
    ck_assert_uint_eq(told(), 2);
}
END_TEST

/* Of an instruction that is passed once, as no entry says what its rights allow. */
START_TEST(a_second_frame_turns_by_itself)
{
    rights(3, XM_ACCESS_X);
    rights(4, XM_ACCESS_N2RWX);
    rights(5, XM_ACCESS_RX2RW);
    ck_assert_int_eq(guest(3, VA, XM_DO_X), XM_PV_EMULATE);
    ck_assert(piece(3, VA, XM_DO_X) && !piece(4, VA + 0x1000, XM_DO_R));
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert_int_eq(fake_get(&d, 4), XM_ACCESS_RWX);
    ck_assert_uint_eq(told(), 1);
    ck_assert(piece(4, VA + 0x1000, XM_DO_R) && !piece(5, VA + 0x2000, XM_DO_W));
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert_int_eq(fake_get(&d, 5), XM_ACCESS_RW);
    ck_assert(piece(5, VA + 0x2000, XM_DO_W));
}
END_TEST

START_TEST(a_second_frame_and_nobody_listens)
{
    rights(3, XM_ACCESS_X);
    rights(4, XM_ACCESS_N);
    ring(XM_VM_EVENT_DISABLE);
    ck_assert_int_eq(guest(3, VA, XM_DO_X), XM_PV_EMULATE);
    ck_assert(!piece(4, VA + 0x1000, XM_DO_R));
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert(piece(4, VA + 0x1000, XM_DO_R));
    d.access_required = true;
    xm_p2m_lock(&d);
    ck_assert_int_eq(xm_pv_change(xm_pv_of(&d), 4, XM_ACCESS_N, &(bool){false}), 0);
    xm_p2m_unlock(&d);
    ck_assert(!piece(4, VA + 0x1000, XM_DO_R));
    ck_assert_int_eq(xm_pv_todo_act(xm_pv_of(&d), v, &todo), XM_PV_DIED);
}
END_TEST

/* ---- what is not emulated ---- */

START_TEST(not_emulated_is_told)
{
    rights(3, XM_ACCESS_X);
    ck_assert_int_eq(guest(3, VA, XM_DO_X), XM_PV_EMULATE);
    ck_assert_int_eq(xm_pv_not_emulated(xm_pv_of(&d), v, &todo), XM_PV_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->reason, XM_EV_REASON_MEM_ACCESS);
    answer(0);
    rights(3, XM_ACCESS_N);
    told_and_answered(3, VA, XM_DO_R);
    ck_assert_int_eq(guest(3, VA, XM_DO_R), XM_PV_EMULATE);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_EMUL_UNIMPLEMENTED), 0);
    ck_assert_int_eq(xm_pv_not_emulated(xm_pv_of(&d), v, &todo), XM_PV_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->reason, XM_EV_REASON_EMUL_UNIMPLEMENTED);
    answer(0);
    ck_assert(!piece(3, VA, XM_DO_R));
}
END_TEST

START_TEST(not_emulated_and_nobody_listens)
{
    rights(3, XM_ACCESS_W);
    ring(XM_VM_EVENT_DISABLE);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_EMULATE);
    ck_assert_int_eq(xm_pv_not_emulated(xm_pv_of(&d), v, &todo), XM_PV_AGAIN);
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_GO_ON);
    xm_p2m_lock(&d);
    ck_assert_int_eq(xm_pv_change(xm_pv_of(&d), 3, XM_ACCESS_W, &(bool){false}), 0);
    xm_p2m_unlock(&d);
    d.access_required = true;
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_EMULATE);
    ck_assert_int_eq(xm_pv_not_emulated(xm_pv_of(&d), v, &todo), XM_PV_DIED);
    ck_assert_ptr_nonnull(fake.crash);
}
END_TEST

/* ---- hypercalls ---- */

/* Two items at one place in the code: each is an access of its own. */
START_TEST(an_item_is_answered_for_once)
{
    rights(3, XM_ACCESS_R);
    ck_assert_int_eq(item(3), XM_PV_STOPPED);
    answer(XM_EV_FLAG_EMULATE);
    ck_assert_int_eq(item(3), XM_PV_GO_ON);
    ck_assert_int_eq(item(3), XM_PV_STOPPED);
}
END_TEST

START_TEST(a_copy_of_two_frames_ends)
{
    rights(3, XM_ACCESS_R);
    rights(4, XM_ACCESS_N);
    ck_assert_int_eq(copy(3, 4), XM_PV_STOPPED);
    answer(XM_EV_FLAG_EMULATE);
    ck_assert_int_eq(copy(3, 4), XM_PV_STOPPED);
    answer(XM_EV_FLAG_EMULATE);
    ck_assert_int_eq(copy(3, 4), XM_PV_GO_ON);
    ck_assert_uint_eq(told(), 2);
    ck_assert_int_eq(copy(3, 4), XM_PV_STOPPED); /* another one */
}
END_TEST

/* Its registers would put the vCPU behind a hypercall that was not done. */
START_TEST(registers_are_not_set_in_a_hypercall)
{
    rights(3, XM_ACCESS_R);
    ck_assert_int_eq(item(3), XM_PV_STOPPED);
    fake_last(&d)->data.x86.rip = 0x9000;
    answer(XM_EV_FLAG_SET_REGISTERS | XM_EV_FLAG_EMULATE);
    ck_assert_uint_eq(fake.regs[1].x86.rip, 0x4000);
    ck_assert_int_eq(item(3), XM_PV_GO_ON);
    /* Of an instruction they are, also of one that is done for the guest. */
    ck_assert_int_eq(guest(3, VA, XM_DO_W), XM_PV_STOPPED);
    fake_last(&d)->data.x86.rip = 0x9000;
    answer(XM_EV_FLAG_SET_REGISTERS);
    ck_assert_uint_eq(fake.regs[1].x86.rip, 0x9000);
}
END_TEST

/* What an entry cannot say is no matter for what the hypervisor writes for the guest. */
START_TEST(an_item_that_no_entry_allows)
{
    rights(3, XM_ACCESS_W);
    ck_assert_int_eq(item(3), XM_PV_GO_ON);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-access");
    TCase *c = tcase_create("pv-access");

    tcase_add_checked_fixture(c, start, end);
    tcase_add_test(c, a_newer_restriction_stays);
    tcase_add_test(c, a_restriction_set_when_the_listener_had_gone);
    tcase_add_test(c, the_same_restriction_set_anew);
    tcase_add_test(c, a_frame_that_leaves_in_between);
    tcase_add_test(c, the_listener_goes_before_it_is_told);
    tcase_add_test(c, an_answer_is_for_that_access);
    tcase_add_test(c, an_answer_is_not_kept);
    tcase_add_test(c, an_answer_that_names_another_frame);
    tcase_add_test(c, an_answer_that_moves_the_instruction);
    tcase_add_test(c, a_second_frame_is_its_own_event);
    tcase_add_test(c, a_second_frame_turns_by_itself);
    tcase_add_test(c, a_second_frame_and_nobody_listens);
    tcase_add_test(c, not_emulated_is_told);
    tcase_add_test(c, not_emulated_and_nobody_listens);
    tcase_add_test(c, an_item_is_answered_for_once);
    tcase_add_test(c, a_copy_of_two_frames_ends);
    tcase_add_test(c, registers_are_not_set_in_a_hypercall);
    tcase_add_test(c, an_item_that_no_entry_allows);
    suite_add_tcase(s, c);
    return fake_run(s);
}
