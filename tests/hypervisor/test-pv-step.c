/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer lets one instruction do, and the instruction by the processor. */
#include <string.h>
#include <xm/pv.h>
#include <xm/steps.h>
#include <xm/rights.h>

#include "fake-env.h"

#define END 1000u
#define VA UINT64_C(0x7f0000001000)
#define IP 0x4000u
#define SP 0x8000u
#define ALL (XM_PTE_P | XM_PTE_RW)

static struct xm_pv pv;
static struct xm_pv_vcpu v[2] = {{.id = 0}, {.id = 1}};
static struct xm_pv_todo todo;
static char trace[64];
static bool refuse, trap;

static void note(char c)
{
    size_t n = strlen(trace);

    ck_assert_uint_lt(n + 1, sizeof(trace));
    trace[n] = c;
    trace[n + 1] = '\0';
}

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    return mfn.n < END;
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    (void)mfn;
    note('d');
    ck_assert(!pv.step.open); /* none is made again */
    return true;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
}

static void lock(void *self)
{
    (void)self;
}

static void unlock(void *self, bool flush)
{
    (void)self;
    if (flush)
        note('f');
}

static bool yes(void *self)
{
    (void)self;
    return true;
}

static bool no(void *self)
{
    (void)self;
    return false;
}

static int tell(void *self, uint32_t vcpu, const struct xm_pv_ask *ask, unsigned how)
{
    (void)self;
    (void)vcpu;
    (void)ask;
    (void)how;
    note('e');
    return 1;
}

static bool tell_unimplemented(void *self, uint32_t vcpu)
{
    (void)self;
    (void)vcpu;
    note('u');
    return true;
}

static void crash(void *self, const char *why)
{
    (void)self;
    (void)why;
    note('c');
}

static bool hold_others(void *self, uint32_t vcpu)
{
    (void)self;
    (void)vcpu;
    if (refuse)
        return false;
    note('H');
    return true;
}

static void release_others(void *self, uint32_t vcpu)
{
    (void)self;
    (void)vcpu;
    note('R');
}

static bool trap_flag(void *self, uint32_t vcpu, bool on)
{
    bool was = trap;

    (void)self;
    (void)vcpu;
    note(on ? 'T' : 't');
    trap = on;
    return was;
}

static const struct xm_pv_hooks hooks = {.owned = owned, .drop = drop, .blow = blow};
static const struct xm_pv_calls calls = {.lock = lock,
                                         .unlock = unlock,
                                         .listener = yes,
                                         .required = no,
                                         .tell = tell,
                                         .tell_unimplemented = tell_unimplemented,
                                         .crash = crash,
                                         .hold_others = hold_others,
                                         .release_others = release_others,
                                         .trap_flag = trap_flag};

static void start(void)
{
    bool flush = false;
    uint32_t from = 0;

    fake.alloc_left = -1;
    xm_pv_init(&pv, NULL, &hooks, END);
    pv.calls = &calls;
    xm_pv_on(&pv);
    ck_assert_int_eq(xm_pv_set(&pv, 0, 20, &from, XM_ACCESS_N, &flush), 0);
    memset(v, 0, sizeof(v));
    v[1].id = 1;
    refuse = trap = false;
    trace[0] = '\0';
}

static void end(void)
{
    xm_pv_off(&pv);
    ck_assert_int_eq(xm_pv_reap(&pv), 0);
    ck_assert_uint_eq(fake.bytes, 0);
}

static void trace_is(const char *wanted)
{
    ck_assert_str_eq(trace, wanted);
    trace[0] = '\0';
}

static struct xm_pv_ask ask_of(uint64_t mfn, uint8_t what)
{
    return (struct xm_pv_ask){.mfn = mfn,
                              .va = VA,
                              .va_valid = true,
                              .what = what,
                              .ip = IP,
                              .sp = SP,
                              .guest_allows = true,
                              .ours = true};
}

static enum xm_pv_next faults(unsigned vcpu, uint64_t mfn, uint8_t what)
{
    const struct xm_pv_ask ask = ask_of(mfn, what);

    return xm_pv_access(&pv, &v[vcpu], &ask, &todo);
}

static void answer_step(unsigned vcpu, uint64_t mfn)
{
    const struct xm_pv_answer answer = {.mfn = mfn, .step = true};

    xm_pv_reply(&pv, &v[vcpu], &answer);
}

/* Told, answered STEP, not emulated. */
static void begin(unsigned vcpu, uint64_t mfn, uint8_t what)
{
    ck_assert_int_eq(faults(vcpu, mfn, what), XM_PV_STOPPED);
    trace_is("e");
    answer_step(vcpu, mfn);
    ck_assert_int_eq(faults(vcpu, mfn, what), XM_PV_EMULATE);
    ck_assert_int_eq(xm_pv_not_emulated(&pv, &v[vcpu], &todo), XM_PV_STEP);
    xm_pv_step_begin(&pv, &v[vcpu]);
}

static uint64_t demand(unsigned vcpu, uint64_t mfn)
{
    return xm_pv_step_flags(&pv, vcpu, mfn, ALL, 0);
}

START_TEST(from_beginning_to_end)
{
    begin(0, 5, XM_DO_W);
    trace_is("HT");
    ck_assert(xm_pv_stepping(&pv, &v[0]) && !xm_pv_stepping(&pv, &v[1]));
    ck_assert_uint_eq(demand(0, 5) & XM_PTE_P, 0);
    ck_assert_int_eq(faults(0, 5, XM_DO_W), XM_PV_GO_ON);
    ck_assert_uint_eq(demand(0, 5), ALL | XM_PTE_NX);
    ck_assert(!xm_pv_step_trap(&pv, &v[0]));
    trace_is("dftR");
    ck_assert(!xm_pv_stepping(&pv, &v[0]));
    ck_assert_int_eq(faults(0, 5, XM_DO_W), XM_PV_STOPPED); /* the answer is used up */
}
END_TEST

/* For this vCPU's own faults, of these frames, and as far as was told. */
START_TEST(open_for_nothing_else)
{
    begin(0, 5, XM_DO_R);
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_GO_ON);
    ck_assert_uint_eq(demand(0, 5), XM_PTE_P | XM_PTE_NX);
    ck_assert_uint_eq(demand(1, 5) & XM_PTE_P, 0);
    ck_assert_uint_eq(demand(0, 6) & XM_PTE_P, 0);
    ck_assert_uint_eq(xm_pv_entry_flags(&pv, 5, ALL, 0) & XM_PTE_P, 0);
    ck_assert_uint_eq(xm_pv_step_flags(&pv, 0, 5, 0, 0), 0); /* the guest's own entry comes first */
}
END_TEST

START_TEST(the_others_cannot_be_held)
{
    refuse = true;
    begin(0, 5, XM_DO_R);
    trace_is("");
    ck_assert(!xm_pv_stepping(&pv, &v[0]) && !trap);
    refuse = false;
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_EMULATE); /* again, and no event */
    ck_assert_int_eq(xm_pv_not_emulated(&pv, &v[0], &todo), XM_PV_STEP);
    xm_pv_step_begin(&pv, &v[0]);
    trace_is("HT");
}
END_TEST

/* Closed before it is told; both are open once that is answered. */
START_TEST(a_further_frame)
{
    begin(0, 5, XM_DO_R);
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_GO_ON);
    trace[0] = '\0';
    ck_assert_int_eq(faults(0, 6, XM_DO_W), XM_PV_STOPPED);
    trace_is("dftRe");
    answer_step(0, 6);
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_EMULATE);
    ck_assert_int_eq(xm_pv_not_emulated(&pv, &v[0], &todo), XM_PV_STEP);
    xm_pv_step_begin(&pv, &v[0]);
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_GO_ON);
    ck_assert_int_eq(faults(0, 6, XM_DO_W), XM_PV_GO_ON);
    trace_is("HT");
    ck_assert(!xm_pv_step_trap(&pv, &v[0]));
    trace_is("ddftR");
}
END_TEST

START_TEST(the_guests_own_trap_flag)
{
    trap = true;
    begin(0, 5, XM_DO_R);
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_GO_ON);
    ck_assert(xm_pv_step_trap(&pv, &v[0]) && trap);
    ck_assert(xm_pv_step_trap(&pv, &v[0])); /* and one of which no step knows */
}
END_TEST

/* An interrupt for the guest: what was answered for stays so; an exception uses it up. */
START_TEST(something_else_comes)
{
    begin(0, 5, XM_DO_R);
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_GO_ON);
    xm_pv_step_close(&pv, &v[1], false); /* not its own */
    ck_assert(xm_pv_stepping(&pv, &v[0]));
    xm_pv_step_close(&pv, &v[0], false);
    trace_is("HTdftR");
    xm_pv_step_close(&pv, &v[0], false);
    trace_is("");
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_EMULATE);
    ck_assert_int_eq(xm_pv_not_emulated(&pv, &v[0], &todo), XM_PV_STEP);
    xm_pv_step_begin(&pv, &v[0]);
    xm_pv_step_close(&pv, &v[0], true);
    ck_assert_int_eq(faults(0, 5, XM_DO_R), XM_PV_STOPPED);
}
END_TEST

START_TEST(the_guests_own_fault)
{
    struct xm_pv_ask ask = ask_of(500, XM_DO_R);

    begin(0, 5, XM_DO_R);
    ask.guest_allows = false;
    ck_assert_int_eq(xm_pv_access(&pv, &v[0], &ask, &todo), XM_PV_NOT_OURS);
    ck_assert(!xm_pv_stepping(&pv, &v[0]));
}
END_TEST

/* Rights that no entry can say are open as well, and need no answer. */
START_TEST(rights_without_an_entry)
{
    bool flush = false;
    uint32_t from = 0;

    ck_assert_int_eq(xm_pv_set(&pv, 7, 1, &from, XM_ACCESS_X, &flush), 0);
    begin(0, 5, XM_DO_R);
    ck_assert_int_eq(faults(0, 7, XM_DO_X), XM_PV_GO_ON);
    ck_assert_uint_eq(demand(0, 7), XM_PTE_P);
    ck_assert_int_eq(faults(0, 7, XM_DO_W), XM_PV_STOPPED);
    ck_assert(!xm_pv_stepping(&pv, &v[0]));
}
END_TEST

START_TEST(more_frames_than_there_is_room)
{
    bool flush = false;
    uint32_t from = 0;

    ck_assert_int_eq(xm_pv_set(&pv, 100, 20, &from, XM_ACCESS_X, &flush), 0);
    trace[0] = '\0';
    begin(0, 5, XM_DO_R);
    for (unsigned i = 0; i < XM_PV_STEP_FRAMES; i++)
        ck_assert_int_eq(faults(0, 100 + i, XM_DO_X), XM_PV_GO_ON);
    ck_assert_int_eq(faults(0, 118, XM_DO_X), XM_PV_EMULATE);
    ck_assert(!xm_pv_stepping(&pv, &v[0]));
    trace[0] = '\0';
    ck_assert_int_eq(xm_pv_not_emulated(&pv, &v[0], &todo), XM_PV_STOPPED);
    trace_is("e");
}
END_TEST

static bool never(const char *code, uint32_t n)
{
    return xm_pv_step_never((const uint8_t *)code, n);
}

START_TEST(what_cannot_be_done_so)
{
    ck_assert(never("\x9c", 1) && never("\x9d", 1) && never("\x48\xcf", 2));
    ck_assert(never("\x66\x9c", 2) && never("\x2e\x41\x9d", 3));
    ck_assert(never("\x8e\xd0", 2) && never("\x8e", 1)); /* mov %eax,%ss */
    ck_assert(!never("\x8e\xd8", 2));                    /* %ds */
    ck_assert(!never("\x66\x0f\x6f\x00", 4) && !never("\x0f\x05", 2) && !never("\xd9\x00", 2));
    ck_assert(never("", 0) && never("\xf3\x66", 2));
}
END_TEST

/* Nothing is held nor opened for it: the listener is told that it is not implemented. */
START_TEST(what_cannot_be_done_so_is_told)
{
    ck_assert_int_eq(faults(0, 5, XM_DO_W), XM_PV_STOPPED);
    answer_step(0, 5);
    ck_assert_int_eq(faults(0, 5, XM_DO_W), XM_PV_EMULATE);
    ck_assert_int_eq(xm_pv_not_emulated(&pv, &v[0], &todo), XM_PV_STEP);
    trace_is("e");
    xm_pv_step_or_tell(&pv, &v[0], &todo, (const uint8_t *)"\x9c", 1);
    trace_is("u");
    ck_assert(!xm_pv_stepping(&pv, &v[0]) && !trap);
    ck_assert_int_eq(faults(0, 5, XM_DO_W), XM_PV_STOPPED); /* the answer is used up */
    answer_step(0, 5);
    ck_assert_int_eq(faults(0, 5, XM_DO_W), XM_PV_EMULATE);
    xm_pv_step_or_tell(&pv, &v[0], &todo, (const uint8_t *)"\x0f\x11\x00", 3);
    trace_is("eHT");
    xm_pv_step_close(&pv, &v[0], true);
}
END_TEST

/* ---- what was answered for ---- */

#define ARMED_IP 0x1000u

static struct xm_pv_armed a;

#define AT 7u

static struct xm_pv_armed_frame frame_at(uint64_t mfn, uint64_t at, uint8_t what)
{
    return (struct xm_pv_armed_frame){.mfn = mfn, .at = at, .exact = at << 12 | 8, .what = what};
}

static void arm_at(uint64_t ip, uint64_t mfn, uint8_t what)
{
    const struct xm_pv_armed_frame f = frame_at(mfn, AT, what);

    xm_pv_arm(&a, ip, SP, &f);
}

static bool may_at(uint64_t ip, uint64_t sp, uint64_t mfn, uint64_t at, uint8_t what)
{
    const struct xm_pv_armed_frame f = frame_at(mfn, at, what);

    return xm_pv_is_armed(&a, ip, sp, &f);
}

static bool may(uint64_t mfn, uint8_t what)
{
    return may_at(ARMED_IP, SP, mfn, AT, what);
}

START_TEST(only_what_was_answered)
{
    arm_at(ARMED_IP, 5, XM_DO_R);
    ck_assert(may(5, XM_DO_R) && !may(5, XM_DO_W) && !may(5, XM_DO_X) && !may(6, XM_DO_R));
    arm_at(ARMED_IP, 5, XM_DO_X);
    ck_assert(may(5, XM_DO_R) && may(5, XM_DO_X) && !may(5, XM_DO_W));
}
END_TEST

/* The error code of a read-modify-write says that it is a write. */
START_TEST(a_write_may_read)
{
    struct xm_pv_armed_frame beside = frame_at(5, AT, XM_DO_R);

    arm_at(ARMED_IP, 5, XM_DO_W);
    ck_assert(may(5, XM_DO_W) && may(5, XM_DO_R) && !may(5, XM_DO_X));
    beside.exact += 8; /* not what is written */
    ck_assert(!xm_pv_is_armed(&a, ARMED_IP, SP, &beside));
}
END_TEST

/* The same frame by another address is another access. */
START_TEST(not_by_another_address)
{
    arm_at(ARMED_IP, 5, XM_DO_W);
    ck_assert(!may_at(ARMED_IP, SP, 5, AT + 1, XM_DO_W));
}
END_TEST

START_TEST(further_frames_of_the_same_instruction)
{
    const struct xm_pv_armed_frame used = frame_at(5, AT, XM_DO_R), none = frame_at(99, AT, 0);

    arm_at(ARMED_IP, 5, XM_DO_R);
    arm_at(ARMED_IP, 6, XM_DO_W);
    ck_assert(may(5, XM_DO_R) && may(6, XM_DO_W));
    xm_pv_disarm(&a, &used);
    xm_pv_disarm(&a, &none);
    ck_assert(!may(5, XM_DO_R) && may(6, XM_DO_W));
    xm_pv_disarm_all(&a);
    ck_assert(!may(6, XM_DO_W));
}
END_TEST

START_TEST(not_for_another_instruction)
{
    arm_at(ARMED_IP, 5, XM_DO_W);
    ck_assert(!may_at(ARMED_IP + 1, SP, 5, AT, XM_DO_W));
    ck_assert(!may_at(ARMED_IP, SP - 8, 5, AT, XM_DO_W));
    arm_at(ARMED_IP + 1, 6, XM_DO_W);
    ck_assert(!may(5, XM_DO_W));
    ck_assert(!may_at(ARMED_IP + 1, SP, 5, AT, XM_DO_W));
    ck_assert(may_at(ARMED_IP + 1, SP, 6, AT, XM_DO_W));
}
END_TEST

/* It ends where another instruction comes, be it one that comes back to the first. */
START_TEST(ends_with_the_next_one)
{
    arm_at(ARMED_IP, 5, XM_DO_W);
    a.step = true;
    xm_pv_armed_begin(&a, ARMED_IP, SP);
    ck_assert(may(5, XM_DO_W) && a.step);
    xm_pv_armed_begin(&a, ARMED_IP + 1, SP);
    xm_pv_armed_begin(&a, ARMED_IP, SP);
    ck_assert(!may(5, XM_DO_W) && !a.step);
}
END_TEST

/* Room for all that an instruction can touch; more is told again, and gets its turn. */
START_TEST(more_than_there_is_room_for)
{
    for (uint64_t i = 0; i < XM_PV_ARMED; i++)
        arm_at(ARMED_IP, i, XM_DO_R);
    ck_assert(may(0, XM_DO_R) && may(XM_PV_ARMED - 1, XM_DO_R));
    arm_at(ARMED_IP, 100, XM_DO_R);
    ck_assert(may(100, XM_DO_R) && !may(0, XM_DO_R));
    ck_assert_uint_eq(a.n, 1);
}
END_TEST

static void clear(void)
{
    a = (struct xm_pv_armed){0};
}

static void add_pv_armed(Suite *suite)
{
    TCase *t = tcase_create("pv-armed");

    tcase_add_checked_fixture(t, clear, NULL);
    tcase_add_test(t, only_what_was_answered);
    tcase_add_test(t, a_write_may_read);
    tcase_add_test(t, not_by_another_address);
    tcase_add_test(t, ends_with_the_next_one);
    tcase_add_test(t, further_frames_of_the_same_instruction);
    tcase_add_test(t, not_for_another_instruction);
    tcase_add_test(t, more_than_there_is_room_for);
    suite_add_tcase(suite, t);
}

int main(void)
{
    Suite *s = suite_create("pv-step");
    TCase *t = tcase_create("steps");

    tcase_add_checked_fixture(t, start, end);
    tcase_add_test(t, from_beginning_to_end);
    tcase_add_test(t, open_for_nothing_else);
    tcase_add_test(t, the_others_cannot_be_held);
    tcase_add_test(t, a_further_frame);
    tcase_add_test(t, the_guests_own_trap_flag);
    tcase_add_test(t, something_else_comes);
    tcase_add_test(t, the_guests_own_fault);
    tcase_add_test(t, rights_without_an_entry);
    tcase_add_test(t, more_frames_than_there_is_room);
    tcase_add_test(t, what_cannot_be_done_so);
    tcase_add_test(t, what_cannot_be_done_so_is_told);
    suite_add_tcase(s, t);
    add_pv_armed(s);
    return fake_run(s);
}
