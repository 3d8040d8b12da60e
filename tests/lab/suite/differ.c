/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same random operations on the simulated machine and on real Xen, compared step by step.
 *   differ KIND XEN-MACHINE [SEED [OPERATIONS]]     for example: differ arm-s2 xen/4.17 1 3000
 * Each operation makes a line of text of all that it answered; the two lines must be equal.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <conf.h>

#define DIFFER_GFNS 128u
#define DIFFER_VCPUS 3u
#define DIFFER_VIEWS 4u
#define DIFFER_DATA 0x80u /* in a page; calls go to another place in it */
#define DIFFER_CODE 0x40u

struct side {
    struct conf c;
    uint16_t views[DIFFER_VIEWS]; /* made so far; 0: none */
    char line[4096];
};

/* Pseudo-random numbers: the same for both sides. */
static uint32_t below(uint64_t *state, uint32_t n);
static void say(struct side *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void operate(struct side *s, uint64_t *state);
/* Rights of every gfn in every view. */
static void look_at_all(struct side *s);

#define SECONDS_PER_RUN 900u
#define LOOK_EVERY 50u

void conf_fail(struct conf *c, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    printf("# %s:%d: ", file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    c->failed = 1;
}

void conf_skip(struct conf *c, const char *why)
{
    c->skipped = why;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*state >> 33) % n);
}

static void say(struct side *s, const char *fmt, ...)
{
    size_t used = strlen(s->line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->line + used, sizeof(s->line) - used, fmt, ap);
    va_end(ap);
}

/* 0: equal; the state is that of before the operation, for both sides the same. */
static int step(struct side side[2], uint64_t *state, unsigned n)
{
    uint64_t next = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t own = *state;
        side[i].line[0] = '\0';
        if (n % LOOK_EVERY == 0)
            look_at_all(&side[i]);
        else
            operate(&side[i], &own);
        next = own;
    }
    *state = next;
    below(state, 2);
    return strcmp(side[0].line, side[1].line) != 0;
}

static int run(struct side side[2], uint64_t seed, unsigned operations)
{
    uint64_t state = seed;
    for (unsigned n = 1; n <= operations; n++) {
        if (step(side, &state, n)) {
            printf("# seed %ju operation %u\n# simulated: %s\n# real:      %s\n", (uintmax_t)seed,
                   n, side[0].line, side[1].line);
            return 1;
        }
    }
    return 0;
}

/* The laboratories do not scrub memory; a call of a remapped page must find a return there. */
static int fill_page(struct side *s, unsigned i)
{
    const uint64_t at = conf_gfn(&s->c, i) << 12, zero = 0, ret = 0xc3;
    int rc = xmem_domain_write(s->c.d, at + DIFFER_DATA, &zero, sizeof(zero));
    return rc ? rc : xmem_domain_write(s->c.d, at + DIFFER_CODE, &ret, sizeof(ret));
}

static int open_side(struct side *s, const struct guest_ops *ops, const char *arg)
{
    s->c.ops = ops;
    s->c.arg = arg;
    int rc = ops->setup(&s->c);
    if (!rc)
        rc = conf_open(&s->c, NULL);
    for (unsigned i = 0; i < DIFFER_GFNS && !rc; i++)
        rc = fill_page(s, i);
    return rc;
}

static int close_side(struct side *s)
{
    int rc = s->c.d ? conf_close(&s->c) : 0;
    s->c.ops->teardown(&s->c);
    return rc || s->c.failed;
}

int main(int argc, char **argv)
{
    static struct side side[2]; /* simulated, real */
    if (argc < 3 || strncmp(argv[2], "xen/", 4)) {
        fprintf(stderr, "usage: differ KIND xen/NAME [SEED [OPERATIONS]]\n");
        return 2;
    }
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
    unsigned operations = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 0) : 2000;
    /* The real one first: it goes on in a child process. */
    int rc = open_side(&side[1], &guest_xen, argv[2] + 4);
    alarm(SECONDS_PER_RUN);
    if (!rc)
        rc = open_side(&side[0], &guest_sim, argv[1]);
    if (rc)
        printf("# cannot be opened: %d %s\n", rc, xmem_last_error(NULL));
    int failed = rc ? 1 : run(side, seed, operations);
    for (int i = 0; i < 2; i++)
        if (side[i].c.ops && close_side(&side[i]))
            failed = 1;
    printf("%sok 1 - %s: as simulated, seed %ju, %u operations\n1..1\n", failed ? "not " : "",
           argv[2], (uintmax_t)seed, operations);
    return failed;
}

/* ---- one operation on one side, told in a line ---- */

#define MANY 24u
#define EVENTS_MAX 8u

static const uint8_t all_rights[] = {XMEM_N,     XMEM_R,     XMEM_W,      XMEM_RW,
                                     XMEM_X,     XMEM_RX,    XMEM_WX,     XMEM_RWX,
                                     XMEM_RX2RW, XMEM_N2RWX, XMEM_DEFAULT};

static uint8_t some_rights(uint64_t *state)
{
    return all_rights[below(state, sizeof(all_rights))];
}

static uint64_t some_gfn(struct side *s, uint64_t *state)
{
    return conf_gfn(&s->c, below(state, DIFFER_GFNS));
}

/* The host view half of the time, else one of the views, there or not. */
static uint16_t some_view(struct side *s, uint64_t *state)
{
    uint32_t i = below(state, 2 * DIFFER_VIEWS);
    return s->c.caps.max_views > 1 && i < DIFFER_VIEWS ? s->views[i] : 0;
}

/* Gfns are told from the first one on: the machines have their memory at different places. */
static uint64_t told(const struct side *s, uint64_t gfn)
{
    return gfn - s->c.first_gfn;
}

static void set_one(struct side *s, uint64_t *state)
{
    uint16_t view = some_view(s, state);
    uint64_t gfn = some_gfn(s, state);
    uint8_t rights = some_rights(state);
    say(s, "set view %u gfn %" PRIu64 " %s: %d", view, told(s, gfn),
        xmem_rights_name((enum xmem_rights)rights),
        xmem_domain_set_rights(s->c.d, view, gfn, (enum xmem_rights)rights));
}

static void set_range(struct side *s, uint64_t *state)
{
    uint16_t view = some_view(s, state);
    uint64_t gfn = some_gfn(s, state), nr = 1 + below(state, 40);
    uint8_t rights = some_rights(state);
    say(s, "set view %u gfn %" PRIu64 "+%" PRIu64 " %s: %d", view, told(s, gfn), nr,
        xmem_rights_name((enum xmem_rights)rights),
        xmem_domain_set_rights_range(s->c.d, view, gfn, nr, (enum xmem_rights)rights));
}

static void set_many(struct side *s, uint64_t *state)
{
    uint64_t gfns[MANY];
    uint8_t rights[MANY];
    uint16_t view = some_view(s, state);
    uint32_t n = 1 + below(state, MANY);
    for (uint32_t i = 0; i < n; i++) {
        gfns[i] = some_gfn(s, state);
        rights[i] = some_rights(state);
    }
    say(s, "set view %u many %u:", view, n);
    for (uint32_t i = 0; i < n; i++)
        say(s, " %" PRIu64 "=%u", told(s, gfns[i]), rights[i]);
    say(s, ": %d", xmem_domain_set_rights_many(s->c.d, view, gfns, rights, n));
}

static void batch(struct side *s, uint64_t *state)
{
    struct xmem_batch *b = NULL;
    struct xmem_batch_result res = XMEM_INIT(res);
    uint32_t n = 1 + below(state, 6);
    int rc = xmem_batch_new(s->c.d, &b);
    say(s, "batch:");
    for (uint32_t i = 0; i < n && !rc; i++) {
        uint16_t view = some_view(s, state);
        uint64_t gfn = some_gfn(s, state), nr = 1 + below(state, 10);
        uint8_t rights = some_rights(state);
        say(s, " %u/%" PRIu64 "+%" PRIu64 "=%u %d", view, told(s, gfn), nr, rights,
            xmem_batch_add(b, view, gfn, nr, (enum xmem_rights)rights));
    }
    if (!rc)
        rc = xmem_batch_apply(b, &res);
    /* What is elided depends on what the library had to forget, which differs by release. */
    say(s, ": %d gfns %" PRIu64, rc, res.gfns);
    xmem_batch_free(b);
}

static void get(struct side *s, uint64_t *state)
{
    enum xmem_rights got = XMEM_DEFAULT;
    uint16_t view = some_view(s, state);
    uint64_t gfn = some_gfn(s, state);
    int rc = xmem_domain_get_rights(s->c.d, view, gfn, &got);
    say(s, "get view %u gfn %" PRIu64 ": %d %s", view, told(s, gfn), rc, xmem_rights_name(got));
}

static void access_events(struct side *s, uint32_t vcpu)
{
    const struct xmem_event *ev;
    int rc;
    for (unsigned n = 0; (rc = conf_finish(&s->c, vcpu, &ev)) == -EEXIST && n < EVENTS_MAX; n++) {
        uint32_t flags = ev->flags;
        say(s, " event %u vcpu %u view %u gfn %" PRIu64 " offset %" PRIx64 " access %u flags %u",
            ev->reason, ev->vcpu, ev->view, told(s, ev->u.mem.gfn), ev->u.mem.offset,
            ev->u.mem.access & 7u, flags & XMEM_EVENT_PAUSED);
        say(s, " over %d", xmem_event_step_over(s->c.d, ev));
    }
    say(s, " done %d", rc);
}

static void access_page(struct side *s, uint64_t *state)
{
    static const enum guest_act acts[] = {ACT_READ, ACT_WRITE, ACT_EXEC, ACT_RMW};
    static const char *const names[] = {"read", "write", "exec", "rmw"};
    /*
     * On Arm a read-modify-write is two instructions with an event each; the simulated one is
     * told as both at once (differences.md): left out until they agree.
     */
    bool rmw = s->c.caps.max_views > 1;
    uint32_t k = below(state, rmw ? 4 : 3), vcpu = below(state, DIFFER_VCPUS),
             value = below(state, 1u << 30);
    uint64_t gfn = some_gfn(s, state), data = 0;
    say(s, "%s vcpu %u gfn %" PRIu64 ":", names[k], vcpu, told(s, gfn));
    say(s, " %d",
        s->c.ops->start(&s->c, vcpu, acts[k], gfn, k == 2 ? DIFFER_CODE : DIFFER_DATA, value));
    access_events(s, vcpu);
    if (k == 3) /* what is added to what is the guest's own affair */
        xmem_domain_write(s->c.d, (gfn << 12) + DIFFER_DATA, &data, sizeof(data));
    if (k == 0)
        say(s, " result %" PRIx64, s->c.ops->result(&s->c, vcpu));
    say(s, " memory %d", xmem_domain_read(s->c.d, (gfn << 12) + DIFFER_DATA, &data, sizeof(data)));
    say(s, " %" PRIx64, data);
}

static void default_rights(struct side *s, uint64_t *state)
{
    enum xmem_rights got = XMEM_DEFAULT;
    uint8_t rights = some_rights(state);
    /* Over all pages it is over the guest's own code and tables as well, which the simulated one lacks. */
    if (s->c.caps.flags & XMEM_CAP_DEFAULT_ALL) {
        say(s, "no default");
        return;
    }
    int rc = xmem_domain_set_default(s->c.d, (enum xmem_rights)rights);
    say(s, "default %s: %d", xmem_rights_name((enum xmem_rights)rights), rc);
    rc = xmem_domain_get_default(s->c.d, &got);
    say(s, " now %d %s", rc, xmem_rights_name(got));
}

static void memory(struct side *s, uint64_t *state)
{
    uint64_t gfn = some_gfn(s, state), value = below(state, 1u << 30);
    say(s, "write gfn %" PRIu64 ": %d", told(s, gfn),
        xmem_domain_write(s->c.d, (gfn << 12) + DIFFER_DATA, &value, sizeof(value)));
}

static void remap(struct side *s, uint64_t *state, uint16_t in)
{
    uint64_t gfn = some_gfn(s, state), to = below(state, 2) ? some_gfn(s, state) : XMEM_GFN_UNDO;
    say(s, "remap view %u gfn %" PRIu64 " to %" PRId64 ": %d", in, told(s, gfn),
        to == XMEM_GFN_UNDO ? INT64_C(-1) : (int64_t)told(s, to),
        xmem_view_change_gfn(s->c.d, in, gfn, to));
}

static void view(struct side *s, uint64_t *state)
{
    uint32_t i = below(state, DIFFER_VIEWS), what = below(state, 6);
    uint16_t made = 0, vcpu_view = 0;
    int rc;
    if (s->c.caps.max_views == 1) {
        say(s, "no views: %d", xmem_view_create(s->c.d, NULL, &made));
    } else if (what == 0 && !s->views[i]) {
        rc = xmem_view_create(s->c.d, NULL, &made);
        s->views[i] = made;
        say(s, "create: %d view %u", rc, made);
    } else if (what == 1) {
        rc = xmem_view_destroy(s->c.d, s->views[i]);
        say(s, "destroy view %u: %d", s->views[i], rc);
        if (!rc)
            s->views[i] = 0;
    } else if (what == 2) {
        say(s, "switch to view %u: %d", s->views[i], xmem_view_switch(s->c.d, s->views[i]));
    } else if (what == 3) {
        remap(s, state, s->views[i]);
    } else {
        rc = xmem_view_get_vcpu(s->c.d, 0, &vcpu_view);
        say(s, "vcpu 0: %d view %u", rc, vcpu_view);
    }
}

static void reopen(struct side *s, uint64_t *state)
{
    if (below(state, 10)) {
        get(s, state);
        return;
    }
    say(s, "close: %d", conf_close(&s->c));
    say(s, " open: %d ", conf_open(&s->c, NULL));
    for (unsigned i = 0; i < DIFFER_VIEWS; i++)
        s->views[i] = 0;
    look_at_all(s);
}

static void operate(struct side *s, uint64_t *state)
{
    static void (*const ops[])(struct side * s, uint64_t * state) = {
        set_one,     set_range,   set_many,       batch,  get,  access_page, access_page,
        access_page, access_page, default_rights, memory, view, reopen,
    };
    ops[below(state, sizeof(ops) / sizeof(*ops))](s, state);
}

/* Runs of equal rights, so that the line stays short. */
static void look_at(struct side *s, uint16_t v)
{
    enum xmem_rights got = XMEM_DEFAULT, last = XMEM_DEFAULT;
    say(s, " view %u:", v);
    for (unsigned i = 0; i < DIFFER_GFNS; i++) {
        int rc = xmem_domain_get_rights(s->c.d, v, conf_gfn(&s->c, i), &got);
        if (rc)
            say(s, " %u!%d", i, rc);
        else if (got != last || !i)
            say(s, " %u=%s", i, xmem_rights_name(got));
        last = got;
    }
}

static void look_at_all(struct side *s)
{
    say(s, "look:");
    look_at(s, 0);
    for (unsigned i = 0; i < DIFFER_VIEWS; i++)
        if (s->views[i])
            look_at(s, s->views[i]);
}
