/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ways [WORD]: all lines, or those whose text has WORD in it. Prints TAP. */
#include "ways.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 240u
#define QUIET_MS 20u
#define END_MS end_ms() /* what must happen happens at once */
#define MOST_TOLD 16u
#define MIB 96u
#define FLUSH_ALL 5u /* UVMF_TLB_FLUSH | UVMF_ALL */

static unsigned int number, failures;

static const struct {
    const char *name;
    xenmem_access_t access;
    uint32_t allows;
} rights[] = {
    {"r", XENMEM_access_r, MEM_ACCESS_R},
    {"n", XENMEM_access_n, 0},
    {"x", XENMEM_access_x, MEM_ACCESS_X},
};
static const struct {
    const char *name;
    uint32_t mode;
} policies[] = {{"notify", MODE_OWN_NOTIFY}, {"deny", MODE_OWN_DENY}};
#define RIGHTS (sizeof(rights) / sizeof(rights[0]))
#define POLICIES (sizeof(policies) / sizeof(policies[0]))

void check_fail(struct check *c, const char *file, int line, const char *what, long got)
{
    printf("# %s:%d: %s (%ld: %s)\n", file, line, what, got, got < 0 ? strerror((int)-got) : "");
    c->failed = true;
}

/* A hypervisor that is known to fail need not be waited for: milliseconds in LAB_WAYS_MS. */
static unsigned int end_ms(void)
{
    const char *ms = getenv("LAB_WAYS_MS");

    return ms ? (unsigned int)strtoul(ms, NULL, 10) : 20000;
}

/* ---- for the ways ---- */

unsigned int ways_release(void)
{
    const char *version = getenv("XMEM_LAB_XEN");

    return version && !strncmp(version, "4.", 2) ? (unsigned int)strtoul(version + 2, NULL, 10) : 0;
}

uint64_t ways_words(struct check *c, const uint64_t *words, unsigned int n)
{
    uint64_t machine = check_page(c, BUFFER), va = check_virtual(c, machine);

    return lab_guest_poke(c->guest, machine, words, n * sizeof(*words)) ? 0 : va;
}

int ways_hypercall(struct check *c, uint64_t nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e)
{
    return check_start_hypercall(c, nr, (uint64_t[4]){a, b, d, e});
}

int ways_mmuext(struct check *c, uint64_t op, uint64_t arg1, uint64_t arg2)
{
    uint64_t va = ways_words(c, (uint64_t[]){op, arg1, arg2}, 3);

    return ways_hypercall(c, HC_MMUEXT, va, 1, 0, SELF);
}

int ways_code(struct check *c, const void *code, uint64_t size)
{
    return lab_guest_poke(c->guest, check_page(c, CODE), code, size);
}

int64_t ways_result(struct check *c)
{
    if (!check_done(c, 0, END_MS))
        return INT64_MIN;
    return (int64_t)lab_guest_box(c->guest, 0)->result;
}

int ways_remap(struct check *c, uint64_t va, uint64_t entry)
{
    const struct lab_mailbox command = {.op = LAB_PV_HYPERCALL,
                                        .value = HC_UPDATE_VA,
                                        .addr = va,
                                        .stride = entry,
                                        .count = FLUSH_ALL};
    int rc = lab_guest_run(c->guest, 1, &command, LAB_PATIENCE_MS);

    return rc ? rc : (int)lab_guest_box(c->guest, 1)->result;
}

/* ---- one try ---- */

struct
try {
    const struct way *way;
    uint64_t gfn, result;
    char before[PAGE];
    bool stopped; /* by these rights */
    bool deny;
};

static bool unchanged(struct check *c, const struct try *t)
{
    char now[PAGE];

    return !lab_guest_peek(c->guest, t->gfn * PAGE, now, PAGE) && !memcmp(now, t->before, PAGE);
}

static int wrong(const char *what, int64_t got)
{
    printf("#   %s (%" PRId64 ")\n", what, got);
    return -1;
}

/* A hypercall's result, or how a command ended. */
static int64_t ended(struct check *c)
{
    struct lab_mailbox *box = lab_guest_box(c->guest, 0);

    if (!check_done(c, 0, END_MS))
        return -ETIMEDOUT;
    if (box->status != LAB_STATUS_OK)
        return -ECHILD;
    return box->op == LAB_PV_HYPERCALL ? (int64_t)box->result : 0;
}

static int is_done(struct check *c, const struct try *t)
{
    int64_t rc = ended(c);

    return rc < 0 && !(t->way->fails && rc != -ETIMEDOUT) ? wrong("it does not end well", rc) : 0;
}

static int is_quiet(struct check *c)
{
    return check_quiet(c) ? 0 : wrong("an event that nobody wants", 0);
}

/* The next event is about it and stops it. */
static int is_stopped(struct check *c, const struct try *t, vm_event_request_t *e)
{
    if (check_event(c, END_MS, e))
        return wrong("no event; was it done?", check_done(c, 0, 0));
    if (e->u.mem_access.gfn != t->gfn || !(e->flags & VM_EVENT_FLAG_VCPU_PAUSED))
        return wrong("another event", (int64_t)e->u.mem_access.gfn);
    if (!(e->u.mem_access.flags & t->way->does))
        return wrong("another access", e->u.mem_access.flags);
    if (check_done(c, 0, 0) || !unchanged(c, t))
        return wrong("done before it was allowed", 0);
    return 0;
}

static int by_guest(struct check *c, const struct try *t)
{
    vm_event_request_t e;
    int rc;

    rc = is_stopped(c, t, &e);
    if (rc)
        return rc;
    check_reply(c, &e, 0); /* as it is: again */
    rc = is_stopped(c, t, &e);
    if (!rc)
        rc = check_set(c, t->gfn, 1, XENMEM_access_rwx);
    if (!rc)
        check_reply(c, &e, 0);
    return rc ? rc : is_done(c, t);
}

/* It may be told more than once. */
static int is_told(struct check *c, const struct try *t)
{
    vm_event_request_t e;
    unsigned int n = 0;

    if (check_event(c, END_MS, &e))
        return wrong("no event", 0);
    do {
        if (e.u.mem_access.gfn != t->gfn || (e.flags & VM_EVENT_FLAG_VCPU_PAUSED))
            return wrong("another event", (int64_t)e.u.mem_access.gfn);
        check_reply(c, &e, 0);
    } while (++n < MOST_TOLD && !check_event(c, QUIET_MS, &e));
    return 0;
}

static int is_denied(struct check *c, const struct try *t)
{
    int64_t rc = ended(c);

    if (rc != -EFAULT && !t->way->fails)
        return wrong("not denied", rc);
    if (!unchanged(c, t))
        return wrong("denied, and written", 0);
    return is_quiet(c);
}

static int by_xen(struct check *c, const struct try *t)
{
    if (t->deny && t->way->kind == BY_XEN)
        return is_denied(c, t);
    if (is_done(c, t))
        return -1;
    return t->deny ? is_quiet(c) : is_told(c, t);
}

static int is_refused(struct check *c, const struct try *t)
{
    int64_t rc = ended(c);

    if (rc >= 0)
        return wrong("not refused", rc);
    return unchanged(c, t) ? is_quiet(c) : wrong("refused, and written", rc);
}

static int follow(struct check *c, const struct try *t)
{
    switch (t->way->kind) {
    case REFUSED: return is_refused(c, t);
    case BY_GUEST:
        if (t->stopped)
            return by_guest(c, t);
        break;
    case BY_XEN:
    case ON_FRAME:
        if (t->stopped)
            return by_xen(c, t);
        break;
    default: break;
    }
    if (is_done(c, t) || is_quiet(c))
        return -1;
    return t->way->changes && unchanged(c, t) ? wrong("it was not reached", 0) : 0;
}

static int begin(struct check *c, const struct way *way)
{
    int rc = check_make_sized(c, 1, MIB);

    if (!rc)
        rc = check_listen(c, 0);
    if (!rc && way->prepare)
        rc = way->prepare(c);
    return rc;
}

static int attempt(struct check *c, const struct way *way, unsigned int right, unsigned int policy)
{
    struct try t = {.way = way,
                    .gfn = c->first + TARGET,
                    .stopped = way->does & ~rights[right].allows,
                    .deny = policies[policy].mode == MODE_OWN_DENY};
    int rc = check_mode(c, policies[policy].mode);

    alarm(SECONDS);
    if (!rc)
        rc = lab_guest_peek(c->guest, t.gfn * PAGE, t.before, PAGE);
    if (!rc)
        rc = check_set(c, t.gfn, 1, rights[right].access);
    if (!rc)
        rc = way->start(c);
    return rc ? wrong("it does not begin", rc) : follow(c, &t);
}

/* Each with a guest of its own, or with one for all where that can be and nothing goes wrong. */
static bool attempts(const struct way *way)
{
    struct check c;
    bool bad = false, made = false;
    unsigned int i;

    for (i = 0; i < RIGHTS * POLICIES; i++) {
        int rc = made ? 0 : begin(&c, way);

        if (rc)
            wrong("the guest does not begin", rc);
        else
            rc = attempt(&c, way, i / POLICIES, i % POLICIES);
        if (rc)
            printf("#   that was with %s, %s\n", rights[i / POLICIES].name,
                   policies[i % POLICIES].name);
        bad = bad || rc;
        made = !rc && !way->once;
        if (!made)
            check_destroy(&c);
    }
    if (made)
        check_destroy(&c);
    return !bad;
}

static void run_way(const struct way *way)
{
    bool good = attempts(way);

    printf("%sok %u - ways: %s\n", good ? "" : "not ", ++number, way->text);
    fflush(stdout);
    failures += !good;
}

static void run_ways(const struct way *way, const char *word)
{
    for (; way->text; way++)
        if ((!word || strstr(way->text, word)) && way->from <= ways_release())
            run_way(way);
}

/* ---- lines of their own ---- */

static void run_line(const struct check_line *line, unsigned int vcpus)
{
    struct check c;
    int rc;

    alarm(SECONDS); /* a machine that stands still is no pass */
    rc = check_make(&c, vcpus);
    if (rc)
        check_fail(&c, __FILE__, __LINE__, "the guest does not start", rc);
    else
        line->fn(&c);
    printf("%sok %u - ways: %s\n", c.failed ? "not " : "", ++number, line->text);
    fflush(stdout);
    failures += c.failed;
    check_destroy(&c);
}

static void run_lines(const struct check_line *line, unsigned int vcpus, const char *word)
{
    for (; line->text; line++)
        if (!word || strstr(line->text, word))
            run_line(line, vcpus);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    run_ways(ways_list, word);
    run_ways(ways_tables, word);
    run_lines(ways_areas, 2, word);
    run_lines(ways_answers, 2, word);
    run_lines(ways_orders, 10, word);
    printf("1..%u\n", number);
    return failures || !number;
}
