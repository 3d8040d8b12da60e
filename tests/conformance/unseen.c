/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accesses that nobody sees: several vCPUs use one restricted page again and again, each event is
 * stepped over, and what the guest counts is held against what the listener was told. A means that
 * opens the page for others shows it only here: one access that is waited for cannot.
 */
#include "conf.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define ACCESSES 50u /* of each vCPU */
#define SOME_WORK 20000u
#define MOST_VCPUS 12u
#define WORD 64u /* bytes between the words of two vCPUs */

#define MOST_AGAIN 100000u /* told so often, an access is never done */

/* Not a means of stepping: each event is answered with EMULATE. */
#define ANSWER_EMULATE 0u

struct unseen {
    uint32_t means;
    unsigned vcpus, work;
    enum xmem_rights rights;
    struct guest_loop loop;       /* of each vCPU; act 0: ACT_RMW by any guest's loop */
    bool shared;                  /* one number for all of them */
    uint64_t last[MOST_VCPUS];    /* access of the last event, counted from 1 */
    uint64_t events, again, seen; /* again: told a second time */
    uint64_t otherwise;           /* stepped by another means than asked for */
    uint32_t passes;              /* what the answers said */
    int64_t moved_ms;             /* when something happened last */
    int64_t began_ms;
    struct xmem_stats before, after;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *name_of(uint32_t means)
{
    switch (means) {
    case XMEM_STEP_HYPERVISOR: return "the hypervisor";
    case XMEM_STEP_VIEW: return "view";
    case XMEM_STEP_SINGLE: return "single step";
    case XMEM_STEP_EMULATE: return "emulation";
    case XMEM_STEP_RELAX: return "relaxing";
    default: return "answer EMULATE";
    }
}

/*
 * Must every access be seen by this means? While a page is relaxed whoever is not held uses it, the
 * stepped vCPU as well if nothing stops it behind its instruction.
 */
static bool airtight(uint32_t means, unsigned vcpus)
{
    return means == XMEM_STEP_HYPERVISOR || means == XMEM_STEP_VIEW || means == XMEM_STEP_EMULATE ||
           means == ANSWER_EMULATE || (means == XMEM_STEP_SINGLE && vcpus == 1);
}

/* Nobody else's update can come between load and store. */
static bool as_one(enum guest_act act)
{
    return act == ACT_ADD_EXCLUSIVE || act == ACT_ADD_ATOMIC || act == ACT_ADD_SWAP;
}

/* A load and a store of their own, both stopped: two accesses. */
static unsigned accesses_a_round(const struct unseen *u)
{
    return u->rights == XMEM_N && u->loop.act && !as_one(u->loop.act) ? 2 : 1;
}

static uint64_t accesses_of(const struct unseen *u)
{
    return (uint64_t)ACCESSES * u->vcpus * accesses_a_round(u);
}

/* A number for the access that an event tells of. */
static uint64_t access_of(struct conf *c, const struct unseen *u, const struct xmem_event *ev)
{
    uint64_t round = c->ops->counted(c, ev->vcpu) + 1;
    return accesses_a_round(u) == 1 ? round : 2 * round + !!(ev->u.mem.access & XMEM_ACCESS_W);
}

static bool all_done(struct conf *c, const struct unseen *u)
{
    for (uint32_t v = 0; v < u->vcpus; v++)
        if (!c->ops->done(c, v))
            return false;
    return true;
}

static int answer(struct conf *c, struct unseen *u, const struct xmem_event *ev)
{
    struct xmem_reply emulate = {.size = sizeof(emulate), .action = XMEM_REPLY_EMULATE};
    if (ev->reason != XMEM_EVENT_MEM_ACCESS)
        return xmem_event_drop(c->d, ev);
    uint64_t access = access_of(c, u, ev);
    u->events++;
    if (access == u->last[ev->vcpu])
        u->again++;
    else
        u->seen++;
    u->last[ev->vcpu] = access;
    if (u->means == ANSWER_EMULATE)
        return xmem_event_reply(c->d, ev, &emulate);
    int rc = xmem_event_step_over(c->d, ev);
    u->passes |= ev->passes;
    u->otherwise += ev->stepped != u->means;
    if (!rc && u->again > MOST_AGAIN)
        rc = -ELOOP;
    return rc;
}

/* Until each vCPU has done all its accesses. -ETIMEDOUT: one does not go on; -ELOOP: nor here. */
static int serve(struct conf *c, struct unseen *u)
{
    u->moved_ms = now_ms();
    for (;;) {
        const struct xmem_event *ev;
        int rc = xmem_event_next(c->d, &ev);
        if (!rc) {
            rc = answer(c, u, ev);
            u->moved_ms = now_ms();
        } else if (rc == -EAGAIN) {
            if (all_done(c, u))
                return 0;
            rc = now_ms() - u->moved_ms > CONF_PATIENCE_MS ? -ETIMEDOUT : 0;
            c->ops->run(c);
        }
        if (rc)
            return rc;
    }
}

static int start(struct conf *c, const struct unseen *u, uint64_t gfn)
{
    int rc = 0;
    for (uint32_t v = 0; !rc && v < u->vcpus; v++) {
        struct guest_loop l = u->loop;
        l.gfn = gfn;
        l.offset = u->shared ? 0 : WORD * v;
        l.count = ACCESSES;
        l.work = u->work;
        rc = l.act ? c->ops->loop_arm(c, v, &l)
                   : c->ops->loop(c, v, ACT_RMW, gfn, l.offset, ACCESSES, u->work);
    }
    return rc;
}

static const char *name_of_loop(const struct guest_loop *l)
{
    switch (l->act) {
    case ACT_ADD_EXCLUSIVE: return "exclusives";
    case ACT_ADD_ORDERED: return "acquire, release";
    case ACT_ADD_INDEXED: return "write-back";
    case ACT_ADD_PAIR: return "pairs";
    case ACT_ADD_VECTOR: return "SIMD";
    case ACT_ADD_ATOMIC: return "ldadd";
    case ACT_ADD_SWAP: return "cas";
    default: return "plain";
    }
}

/*
 * Its answers alone; the first one may have turned a monitor on, and every half second, however slow the
 * machine, the library looks whether the domain lives.
 */
static bool costs_nothing(const struct unseen *u)
{
    uint64_t more = u->after.hypercalls - u->before.hypercalls;
    uint64_t looks = ((uint64_t)(u->moved_ms - u->began_ms) + 499) / 500;
    return more <= u->after.notifies - u->before.notifies + 1 + looks;
}

static void tell_cost(const struct unseen *u)
{
    double each = u->events
                      ? (double)(u->after.hypercalls - u->before.hypercalls) / (double)u->events
                      : 0;
    int64_t ms = u->moved_ms - u->began_ms;
    printf("# unseen | %-14s | %2u vCPUs | %-5s | %.2f hypercalls a step | %.0f steps a second\n",
           name_of(u->means), u->vcpus, u->work ? "work" : "tight", each,
           1000.0 * (double)u->events / (double)(ms > 0 ? ms : 1));
}

static void tell(const struct unseen *u)
{
    uint64_t accesses = accesses_of(u), unseen = accesses - u->seen;
    printf(
        "# unseen | %-14s | %-2s | %-16s %u%s%s | %2u vCPUs | %-5s | accesses %4ju | told again %3ju | "
        "unseen %4ju = %.1f %%\n",
        name_of(u->means), xmem_rights_name(u->rights), name_of_loop(&u->loop),
        u->loop.bytes ? u->loop.bytes : 8, u->shared ? " shared" : "",
        u->loop.translated ? " translated" : "", u->vcpus, u->work ? "work" : "tight",
        (uintmax_t)accesses, (uintmax_t)u->again, (uintmax_t)unseen,
        100.0 * (double)unseen / (double)accesses);
}

static uint64_t number_at(struct conf *c, const struct unseen *u, uint64_t gfn, uint32_t offset)
{
    uint64_t number = 0;
    uint32_t bytes = u->loop.bytes ? u->loop.bytes : 8;
    if (xmem_domain_read(c->d, (gfn << 12) + offset, &number, bytes))
        conf_fail(c, __FILE__, __LINE__, "cannot be read: %s", xmem_domain_last_error(c->d));
    return number;
}

/* May updates of one number by several vCPUs be lost natively, too? */
static bool loses(const struct unseen *u)
{
    return u->shared && u->vcpus > 1 && !as_one(u->loop.act);
}

/* Each number holds what was counted: nothing was lost or done twice. */
static void check_numbers(struct conf *c, const struct unseen *u, uint64_t gfn,
                          const uint64_t *before)
{
    uint64_t mask = u->loop.bytes && u->loop.bytes < 8 ? (1ull << 8 * u->loop.bytes) - 1 : ~0ull;
    for (uint32_t v = 0; v < u->vcpus; v++)
        EXPECT(c, c->ops->counted(c, v) == ACCESSES);
    if (!c->ops->adds || loses(u))
        return;
    for (uint32_t v = 0; v < (u->shared ? 1 : u->vcpus); v++) {
        uint64_t want = ACCESSES * (u->shared ? u->vcpus : 1);
        EXPECT(c, ((number_at(c, u, gfn, WORD * v) - before[v]) & mask) == (want & mask));
        EXPECT(c, u->loop.act != ACT_ADD_INDEXED || !c->ops->result(c, v)); /* a base was wrong */
    }
}

static void count_one(struct conf *c, struct unseen *u)
{
    uint64_t gfn = conf_gfn(c, 2), before[MOST_VCPUS] = {0};
    for (uint32_t v = 0; v < u->vcpus; v++)
        before[v] = number_at(c, u, gfn, WORD * v);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, gfn, u->rights), 0);
    u->before.size = u->after.size = sizeof(u->before);
    EXPECT_RC(c, xmem_domain_get_stats(c->d, &u->before), 0);
    EXPECT_RC(c, start(c, u, gfn), 0);
    u->began_ms = now_ms();
    EXPECT_RC(c, serve(c, u), 0);
    EXPECT_RC(c, xmem_domain_get_stats(c->d, &u->after), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, gfn, XMEM_RWX), 0);
    tell(u);
    tell_cost(u);
    check_numbers(c, u, gfn, before);
    bool all = u->seen == accesses_of(u);
    EXPECT(c, all || !airtight(u->means, u->vcpus));
    EXPECT(c, all || u->passes & (XMEM_PASSES_OTHERS | XMEM_PASSES_AGAIN));
    EXPECT(c, !(c->caps.step_airtight & u->means) || !u->passes);
    EXPECT(c, !u->otherwise);
    EXPECT(c, u->means != XMEM_STEP_HYPERVISOR || costs_nothing(u));
}

/* What is the same in all that one statement counts. */
struct series {
    uint32_t means;
    struct guest_loop loop;
    bool shared;
};

static const unsigned vcpus_of[] = {1, 4, MOST_VCPUS};

/* How many were unseen. */
static uint64_t count_series(struct conf *c, const struct series *s, enum xmem_rights rights)
{
    uint64_t unseen = 0;
    for (unsigned i = 0; i < 6 && !c->failed; i++) {
        struct unseen u = {.means = s->means,
                           .vcpus = vcpus_of[i / 2],
                           .work = i % 2 ? SOME_WORK : 0,
                           .rights = rights,
                           .loop = s->loop,
                           .shared = s->shared};
        count_one(c, &u);
        unseen += accesses_of(&u) - u.seen;
    }
    return unseen;
}

/* A machine that checks itself has seen all that was not told, and knows of nothing else. */
static void check_count(struct conf *c, uint64_t unseen)
{
    struct xmem_machine_report r = XMEM_INIT(r);
    if (xmem_machine_check(c->x, &r))
        return;
    EXPECT(c, r.forbidden + r.unseen == unseen);
    EXPECT(c, unseen || c->caps.step_airtight || !c->relaxes);
}

static void prepare(struct conf *c, uint32_t means)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    EXPECT_RC(c, conf_open(c, &o), 0);
    NEED(c, c->ops->loop && c->vcpus >= MOST_VCPUS, "this guest has too few vCPUs");
    if (means == ANSWER_EMULATE)
        NEED(c, c->caps.replies & 1u << XMEM_REPLY_EMULATE, "this kind has no such answer");
    else
        NEED(c, c->caps.step_means & means, "this kind has no such means");
}

static void count_all(struct conf *c, uint32_t means)
{
    struct series s = {.means = means};
    prepare(c, means);
    if (c->failed || c->skipped)
        return;
    c->relaxes = means == XMEM_STEP_RELAX;
    uint64_t unseen = count_series(c, &s, XMEM_RX);
    if (!c->failed)
        check_count(c, unseen);
}

static void by_hypervisor(struct conf *c)
{
    count_all(c, XMEM_STEP_HYPERVISOR);
}
static void by_view(struct conf *c)
{
    count_all(c, XMEM_STEP_VIEW);
}
static void by_single(struct conf *c)
{
    count_all(c, XMEM_STEP_SINGLE);
}
static void by_emulation(struct conf *c)
{
    count_all(c, XMEM_STEP_EMULATE);
}
static void by_relaxing(struct conf *c)
{
    count_all(c, XMEM_STEP_RELAX);
}
static void by_answer(struct conf *c)
{
    count_all(c, ANSWER_EMULATE);
}

/* ---- Arm's own ---- */

static bool prepare_arm(struct conf *c, const struct series *s)
{
    prepare(c, s->means);
    if (c->failed || c->skipped)
        return false;
    if (!c->ops->loop_arm) {
        conf_skip(c, "this guest does no Arm instructions of its own");
        return false;
    }
    struct guest_loop none = s->loop;
    int rc = c->ops->loop_arm(c, 0, &none);
    if (rc == -EOPNOTSUPP)
        conf_skip(c, "this guest's processor has no such instruction");
    else if (rc)
        conf_fail(c, __FILE__, __LINE__, "the guest takes no command: %d", rc);
    while (!rc && !c->ops->done(c, 0))
        c->ops->run(c);
    return !rc;
}

static void count_arm(struct conf *c, uint32_t means, enum guest_act act, bool shared,
                      bool translated)
{
    struct series s = {
        .means = means, .loop = {.act = act, .translated = translated}, .shared = shared};
    if (!prepare_arm(c, &s))
        return;
    count_series(c, &s, XMEM_RX);
    if (!c->failed)
        count_series(c, &s, XMEM_N);
}

static void arm_plain(struct conf *c)
{
    count_arm(c, XMEM_STEP_EMULATE, ACT_RMW, false, false);
}
static void arm_one_number(struct conf *c)
{
    count_arm(c, XMEM_STEP_EMULATE, ACT_RMW, true, false);
}
static void arm_exclusives(struct conf *c)
{
    count_arm(c, XMEM_STEP_EMULATE, ACT_ADD_EXCLUSIVE, true, false);
}
static void arm_atomics(struct conf *c)
{
    count_arm(c, XMEM_STEP_EMULATE, ACT_ADD_ATOMIC, true, false);
}
static void arm_swaps(struct conf *c)
{
    count_arm(c, XMEM_STEP_EMULATE, ACT_ADD_SWAP, true, false);
}
static void arm_translated(struct conf *c)
{
    count_arm(c, XMEM_STEP_EMULATE, ACT_ADD_EXCLUSIVE, true, true);
}
static void arm_relaxing(struct conf *c)
{
    count_arm(c, XMEM_STEP_RELAX, ACT_RMW, false, false);
}
static void arm_relaxing_exclusives(struct conf *c)
{
    count_arm(c, XMEM_STEP_RELAX, ACT_ADD_EXCLUSIVE, true, false);
}

/* Each form in each size that it has, by four vCPUs. */
static void arm_forms(struct conf *c)
{
    static const enum guest_act acts[] = {ACT_RMW, ACT_ADD_EXCLUSIVE, ACT_ADD_ORDERED,
                                          ACT_ADD_INDEXED, ACT_ADD_PAIR};
    struct series s = {.means = XMEM_STEP_EMULATE, .loop = {.act = ACT_RMW}};
    if (!prepare_arm(c, &s))
        return;
    for (unsigned i = 0; i < 5 * 4 * 2 && !c->failed; i++) {
        struct unseen u = {.means = s.means, .vcpus = 4, .rights = i % 2 ? XMEM_N : XMEM_RX};
        u.loop.act = acts[i / 8];
        u.loop.bytes = 1u << i / 2 % 4;
        u.loop.translated = i / 2 % 2;
        if (u.loop.act != ACT_ADD_PAIR || u.loop.bytes >= 4)
            count_one(c, &u);
    }
}

const struct statement statements_unseen[] = {
    {"no access of many vCPUs is unseen while the hypervisor carries it over", by_hypervisor, true},
    {"no access of many vCPUs is unseen while they are stepped by a view", by_view, true},
    {"no access of many vCPUs is unseen while they are stepped by emulation", by_emulation, true},
    {"no access of many vCPUs is unseen while each is answered EMULATE", by_answer, true},
    {"no access of one vCPU is unseen while it is stepped by single steps", by_single, true},
    {"every vCPU goes on while pages are relaxed, and what is unseen is counted", by_relaxing,
     true},
    {"no load or store of many vCPUs is unseen on Arm", arm_plain, true},
    {"no access of many vCPUs to one number is unseen on Arm", arm_one_number, true},
    {"what many vCPUs add by exclusives is seen, and nothing of it lost", arm_exclusives, true},
    {"the same in an address space of the guest's own", arm_translated, true},
    {"what many vCPUs add by atomic instructions is seen, and nothing of it lost", arm_atomics,
     true},
    {"what many vCPUs add by compare and swap is seen, and nothing of it lost", arm_swaps, true},
    {"loads and stores of each form and size are seen, and done as the processor does them",
     arm_forms, true},
    {"loads and stores while pages are relaxed: what is unseen is counted", arm_relaxing, true},
    {"exclusives while pages are relaxed lose nothing, and what is unseen is counted",
     arm_relaxing_exclusives, true},
    {NULL, NULL, false},
};
