/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All schedules of senders, registrars and the guest itself, one atomic step at a time.
 *
 * An actor is an ordinary function. To let it do one step it is run from its beginning, with the
 * answers that it had so far, and left (longjmp) behind the step that is new. So the state of the
 * whole is its memory and those answers, and tests/explore/ goes through all of them.
 */
#include <setjmp.h>
#include <stdio.h>

#include <xm/mpu-remote.h>

#include "explore/explore.h"
#include "mpu-test.h"

#define ACTORS_MAX 4u
#define STEPS_MAX 48u
#define SHARED UINT64_C(0x1000)
#define INFO UINT64_C(0x2000)

/* All that there is, and what each actor knows of it. */
static struct world {
    struct xm_mpu_evtchn e;
    struct xm_mpu_evtchn_vcpu vcpu;
    uint64_t dummy, kicks, found; /* found: ports that the guest took note of */
    uint64_t shared[XM_SHARED_INFO_BYTES / 8], info[XM_VCPU_INFO_BYTES / 8];
    struct {
        uint64_t answer[STEPS_MAX];
        uint32_t steps;
        uint32_t finished;
    } actor[ACTORS_MAX];
} w;

struct scenario {
    const char *name;
    void (*actor[ACTORS_MAX])(void);
    void (*before)(void);
    uint64_t ports; /* that must be found */
};

static unsigned now_actor, replayed;
static bool stepped, quiet; /* quiet: no schedule, steps are simply done */
static enum { SOUND, NO_SECOND_LOOK, NO_LATE_COPY, KICK_FIRST } broken;
static jmp_buf out;

/* ---- steps ---- */

/* True: do it, and then give the answer to step_end(); false: *answer is the one it had. */
static bool step_begin(uint64_t *answer)
{
    if (quiet)
        return true;
    if (replayed < w.actor[now_actor].steps) {
        *answer = w.actor[now_actor].answer[replayed++];
        return false;
    }
    if (stepped)
        longjmp(out, 1);
    return true;
}

static uint64_t step_end(uint64_t answer)
{
    if (!quiet) {
        must(replayed < STEPS_MAX);
        w.actor[now_actor].answer[replayed++] = answer;
        w.actor[now_actor].steps++;
        stepped = true;
    }
    return answer;
}

/* Nobody else looks there: no step. */
static bool is_private(const uint64_t *p)
{
    return p > &w.shared[XM_SHARED_PENDING / 8] && p < &w.shared[XM_SHARED_MASK / 8];
}

static uint64_t load(void *ctx, const uint64_t *p)
{
    static uint64_t first[ACTORS_MAX];
    bool pointer = p == &w.e.at || p == &w.vcpu.at;
    uint64_t answer;

    (void)ctx;
    if (step_begin(&answer))
        answer = step_end(*p);
    if (broken == NO_SECOND_LOOK && pointer) {
        /* Every second look at a pointer sees what the one before saw. */
        if ((first[now_actor] & 2) != 0)
            answer = first[now_actor] & ~UINT64_C(2);
        first[now_actor] = (first[now_actor] & 2) != 0 ? 0 : answer | 2;
    }
    if (replayed == 1)
        first[now_actor] = pointer ? answer | 2 : 0;
    return broken == NO_LATE_COPY && p == &w.dummy && w.e.at != 0 ? 0 : answer;
}

static void store(void *ctx, uint64_t *p, uint64_t v)
{
    uint64_t answer;

    (void)ctx;
    if (is_private(p)) {
        *p = v;
    } else if (step_begin(&answer)) {
        *p = v;
        (void)step_end(0);
    }
}

static uint64_t fetch_or(void *ctx, uint64_t *p, uint64_t bits)
{
    uint64_t answer;

    (void)ctx;
    if (step_begin(&answer)) {
        answer = *p;
        *p |= bits;
        (void)step_end(answer);
    }
    return answer;
}

static bool claim(void *ctx, uint64_t *p, uint64_t v)
{
    uint64_t answer;

    (void)ctx;
    if (step_begin(&answer)) {
        answer = *p == 0;
        if (answer != 0)
            *p = v;
        (void)step_end(answer);
    }
    return answer != 0;
}

static uint64_t *open_at(void *ctx, uint64_t addr, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    return addr >= INFO ? w.info : w.shared;
}

static void close_it(void *ctx)
{
    (void)ctx;
}

static void kick(void *ctx, uint32_t v)
{
    (void)v;
    (void)fetch_or(ctx, &w.kicks, 1);
}

static const struct xm_evtchn_ops ops = {.load = load,
                                         .store = store,
                                         .fetch_or = fetch_or,
                                         .claim = claim,
                                         .open = open_at,
                                         .close = close_it,
                                         .kick = kick};

/* ---- actors ---- */

static void send_3(void)
{
    (void)xm_mpu_evtchn_send(&w.e, 0, 3);
}

static void send_5(void)
{
    (void)xm_mpu_evtchn_send(&w.e, 0, 5);
}

static void give_shared(void)
{
    (void)xm_mpu_evtchn_shared_info(&w.e, SHARED);
}

static void give_info(void)
{
    (void)xm_mpu_evtchn_vcpu_info(&w.e, 0, INFO);
}

static uint64_t take(uint64_t *p)
{
    uint64_t answer;

    if (step_begin(&answer)) {
        answer = *p;
        *p = 0;
        (void)step_end(answer);
    }
    return answer;
}

static void take_note(uint64_t ports)
{
    uint64_t answer;

    if (step_begin(&answer)) {
        w.found |= ports;
        (void)step_end(0);
    }
}

/* An interrupt taken: upcall_pending, selector, word; where there is no page yet, in vain. */
static void look(void)
{
    uint64_t at = load(NULL, &w.vcpu.at);
    uint64_t *info = at >= INFO ? w.info : w.shared;

    if (at == 0 || (take(&info[XM_VCPU_UPCALL_PENDING / 8]) & 1) == 0)
        return;
    if ((take(&info[XM_VCPU_PENDING_SEL / 8]) & 1) != 0)
        take_note(take(&w.shared[XM_SHARED_PENDING / 8]));
}

/* An interrupt while the others are at work. */
static void guest(void)
{
    uint64_t answer = 0;

    if (step_begin(&answer)) {
        if (w.kicks == 0)
            longjmp(out, 2); /* cannot go on */
        w.kicks = 0;
        (void)step_end(1);
    }
    look();
}

static void guest_twice(void)
{
    guest();
    guest();
}

/* ---- the search ---- */

static uint64_t lost;
static const struct scenario *sc;

/* Of what can differ. */
static uint64_t hash_of(struct explore *e, void *ctx)
{
    const uint64_t memory[] = {w.e.claim,   w.e.at,          w.vcpu.claim,
                               w.vcpu.at,   w.vcpu.dummy[0], w.vcpu.dummy[1],
                               w.dummy,     w.kicks,         w.found,
                               w.shared[0], w.shared[1],     w.shared[XM_SHARED_PENDING / 8],
                               w.info[0],   w.info[1]};
    uint64_t h = 1;

    (void)e;
    (void)ctx;
    for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++)
        h = explore_mix(h, memory[i]);
    for (unsigned a = 0; a < ACTORS_MAX; a++) {
        h = explore_mix(h, w.actor[a].finished << 8 | w.actor[a].steps);
        for (unsigned i = 0; i < w.actor[a].steps; i++)
            h = explore_mix(h, w.actor[a].answer[i]);
    }
    return h;
}

static bool advance(unsigned a)
{
    now_actor = a;
    replayed = 0;
    stepped = false;
    int how = setjmp(out);
    if (how == 2)
        return false;
    if (how == 0) {
        sc->actor[a]();
        w.actor[a].finished = 1;
        w.actor[a].steps = 0; /* what it knew is of no interest any more */
    }
    return true;
}

/* One of those who are not through does one thing. */
static enum explore_step one_step(struct explore *e, void *ctx)
{
    unsigned ready[ACTORS_MAX], n = 0;

    (void)ctx;
    for (unsigned a = 0; a < ACTORS_MAX; a++) {
        if (sc->actor[a] != NULL && w.actor[a].finished == 0)
            ready[n++] = a;
    }
    if (n == 0)
        return EXPLORE_END;
    n = ready[explore_pick(e, n)];
    explore_say(e, "actor %u", n);
    return advance(n) ? EXPLORE_MORE : EXPLORE_STUCK;
}

/* Nobody can do anything more, but for the guest, which takes what interrupts there are. */
static void judge(struct explore *e, void *ctx, bool whole)
{
    (void)ctx;
    if (!whole)
        return;
    quiet = true;
    while (w.kicks != 0) {
        w.kicks = 0;
        look();
    }
    quiet = false;
    if ((w.found & sc->ports) == sc->ports)
        return;
    lost++;
    explore_fail(e, "ports found %#llx", (unsigned long long)w.found);
}

static void start(struct explore *e, void *ctx)
{
    (void)e;
    (void)ctx;
    memset(&w, 0, sizeof(w));
    ck_assert_int_eq(xm_mpu_evtchn_init(&w.e, &ops, NULL, &w.dummy, 1, &w.vcpu, 1), 0);
    quiet = true;
    if (sc->before != NULL)
        sc->before();
    w.kicks = 0;
    quiet = false;
}

static struct explore_result run(const struct scenario *s)
{
    const struct explore_subject subject = {.name = s->name,
                                            .begin = start,
                                            .step = one_step,
                                            .end = judge,
                                            .hash = hash_of,
                                            .state = &w,
                                            .state_bytes = sizeof(w)};
    const struct explore_limits limits = {.all = true};
    struct explore_result r;

    sc = s;
    lost = 0;
    ck_assert_int_eq(explore_all(&subject, &limits, broken == SOUND ? stdout : NULL, &r), 0);
    ck_assert(r.complete);
    printf("%s: %.3g schedules, %llu states, %llu ends, %llu lost\n", s->name, r.schedules,
           (unsigned long long)r.states, (unsigned long long)r.ends, (unsigned long long)lost);
    return r;
}

#define P(n) (UINT64_C(1) << (n))

static const struct scenario scenarios[] = {
    {"shared_info", {send_3, send_5, give_shared}, NULL, P(3) | P(5)},
    {"one port", {send_3, send_3, give_shared}, NULL, P(3)},
    {"vcpu_info", {send_3, send_5, give_info}, give_shared, P(3) | P(5)},
    {"shared_info, guest", {send_3, give_shared, guest_twice}, NULL, P(3)},
    {"vcpu_info, guest", {send_3, send_5, give_info, guest}, give_shared, P(3) | P(5)},
    {"vcpu_info first", {send_3, send_5, give_shared, guest}, give_info, P(3) | P(5)},
    {"both, guest", {send_3, give_info, give_shared, guest}, NULL, P(3)},
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

START_TEST(none_lost)
{
    broken = SOUND;
    ck_assert_uint_gt(run(&scenarios[_i]).states, 1000);
    ck_assert_uint_eq(lost, 0);
}
END_TEST

/* The search finds what would be lost without one of the two second looks. */
START_TEST(search_finds)
{
    broken = _i == 0 ? NO_SECOND_LOOK : NO_LATE_COPY;
    ck_assert_uint_eq(run(&scenarios[0]).violations, lost);
    ck_assert_uint_gt(lost, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mpu-evtchn-races");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, none_lost, 0, (int)SCENARIOS);
    tcase_add_loop_test(tc, search_finds, 0, 2);
    suite_add_tcase(s, tc);
    return fake_run(s);
}
