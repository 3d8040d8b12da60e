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

#define ACCESSES 50u   /* of each vCPU */
#define SOME_WORK 20000u
#define MOST_VCPUS 12u
#define WORD 64u /* bytes between the words of two vCPUs */

/* Not a means of stepping: each event is answered with EMULATE. */
#define ANSWER_EMULATE 0u

struct unseen {
    uint32_t means;
    unsigned vcpus, work;
    uint64_t last[MOST_VCPUS];      /* access of the last event, counted from 1 */
    uint64_t events, again, seen;   /* again: told a second time */
    uint32_t passes;                /* what the answers said */
    int64_t moved_ms;               /* when something happened last */
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
    return means == XMEM_STEP_VIEW || means == XMEM_STEP_EMULATE || means == ANSWER_EMULATE ||
           (means == XMEM_STEP_SINGLE && vcpus == 1);
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
    uint64_t access = c->ops->counted(c, ev->vcpu) + 1;
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
    return rc;
}

/* Until each vCPU has done all its accesses. -ETIMEDOUT: one does not go on. */
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
    for (uint32_t v = 0; !rc && v < u->vcpus; v++)
        rc = c->ops->loop(c, v, ACT_RMW, gfn, WORD * v, ACCESSES, u->work);
    return rc;
}

static void tell(const struct unseen *u, uint64_t accesses)
{
    uint64_t unseen = accesses - u->seen;
    printf("# unseen | %-14s | %2u vCPUs | %-5s | accesses %3ju | told again %3ju | unseen %3ju = "
           "%.1f %%\n",
           name_of(u->means), u->vcpus, u->work ? "work" : "tight", (uintmax_t)accesses,
           (uintmax_t)u->again, (uintmax_t)unseen, 100.0 * (double)unseen / (double)accesses);
}

/* Each word holds what its vCPU has counted: nothing was lost or done twice. */
static void check_words(struct conf *c, const struct unseen *u, uint64_t gfn, const uint64_t *before)
{
    for (uint32_t v = 0; v < u->vcpus; v++) {
        uint64_t word = 0;
        EXPECT(c, c->ops->counted(c, v) == ACCESSES);
        if (!c->ops->adds)
            continue;
        EXPECT_RC(c, xmem_domain_read(c->d, (gfn << 12) + WORD * v, &word, sizeof(word)), 0);
        EXPECT(c, word - before[v] == ACCESSES);
    }
}

/* Adds how many were unseen. */
static void count(struct conf *c, uint32_t means, unsigned vcpus, unsigned work, uint64_t *unseen)
{
    struct unseen u = {.means = means, .vcpus = vcpus, .work = work};
    uint64_t gfn = conf_gfn(c, 2), before[MOST_VCPUS] = {0};
    for (uint32_t v = 0; v < vcpus; v++)
        EXPECT_RC(c, xmem_domain_read(c->d, (gfn << 12) + WORD * v, &before[v], 8), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, gfn, XMEM_RX), 0);
    EXPECT_RC(c, start(c, &u, gfn), 0);
    EXPECT_RC(c, serve(c, &u), 0);
    EXPECT_RC(c, xmem_domain_set_rights(c->d, 0, gfn, XMEM_RWX), 0);
    tell(&u, (uint64_t)ACCESSES * vcpus);
    check_words(c, &u, gfn, before);
    bool all = u.seen == (uint64_t)ACCESSES * vcpus;
    EXPECT(c, all || !airtight(means, vcpus));
    EXPECT(c, all || u.passes & (XMEM_PASSES_OTHERS | XMEM_PASSES_AGAIN));
    EXPECT(c, !(c->caps.step_airtight & means) || !u.passes);
    *unseen += (uint64_t)ACCESSES * vcpus - u.seen;
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

static void count_all(struct conf *c, uint32_t means)
{
    static const unsigned vcpus[] = {1, 4, MOST_VCPUS};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    uint64_t unseen = 0;
    EXPECT_RC(c, conf_open(c, &o), 0);
    NEED(c, c->ops->loop && c->vcpus >= MOST_VCPUS, "this guest has too few vCPUs");
    if (means == ANSWER_EMULATE)
        NEED(c, c->caps.replies & 1u << XMEM_REPLY_EMULATE, "this kind has no such answer");
    else
        NEED(c, c->caps.step_means & means, "this kind has no such means");
    c->relaxes = means == XMEM_STEP_RELAX;
    for (unsigned i = 0; i < 6 && !c->failed; i++)
        count(c, means, vcpus[i / 2], i % 2 ? SOME_WORK : 0, &unseen);
    if (!c->failed)
        check_count(c, unseen);
}

static void by_view(struct conf *c) { count_all(c, XMEM_STEP_VIEW); }
static void by_single(struct conf *c) { count_all(c, XMEM_STEP_SINGLE); }
static void by_emulation(struct conf *c) { count_all(c, XMEM_STEP_EMULATE); }
static void by_relaxing(struct conf *c) { count_all(c, XMEM_STEP_RELAX); }
static void by_answer(struct conf *c) { count_all(c, ANSWER_EMULATE); }

const struct statement statements_unseen[] = {
    {"no access of many vCPUs is unseen while they are stepped by a view", by_view, true},
    {"no access of many vCPUs is unseen while they are stepped by emulation", by_emulation, true},
    {"no access of many vCPUs is unseen while each is answered EMULATE", by_answer, true},
    {"no access of one vCPU is unseen while it is stepped by single steps", by_single, true},
    {"every vCPU goes on while pages are relaxed, and what is unseen is counted", by_relaxing, true},
    {NULL, NULL, false},
};
