/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- the states that were seen, with the number of schedules from each ---- */

#define ROOM_FIRST 4096u

struct seen {
    uint64_t *hash; /* 0: free */
    double *paths;
    size_t n, room; /* room: a power of two */
};

static void seen_free(struct seen *s)
{
    free(s->hash);
    free(s->paths);
    *s = (struct seen){0};
}

static size_t place(const struct seen *s, uint64_t hash)
{
    size_t i = hash & (s->room - 1);
    while (s->hash[i] && s->hash[i] != hash)
        i = (i + 1) & (s->room - 1);
    return i;
}

static uint64_t never_0(uint64_t hash)
{
    return hash ? hash : 1;
}

static int grow(struct seen *s)
{
    struct seen t = {.room = s->room ? s->room * 2 : ROOM_FIRST, .n = s->n};
    t.hash = calloc(t.room, sizeof(*t.hash));
    t.paths = calloc(t.room, sizeof(*t.paths));
    if (!t.hash || !t.paths) {
        seen_free(&t);
        return -ENOMEM;
    }
    for (size_t i = 0; i < s->room; i++) {
        if (!s->hash[i])
            continue;
        size_t j = place(&t, s->hash[i]);
        t.hash[j] = s->hash[i];
        t.paths[j] = s->paths[i];
    }
    free(s->hash);
    free(s->paths);
    *s = t;
    return 0;
}

/* Where it is, or was put. *is_new says which. -ENOMEM. */
static int seen_put(struct seen *s, uint64_t hash, bool *is_new)
{
    int rc = s->n * 2 >= s->room ? grow(s) : 0;
    if (rc)
        return rc;
    size_t i = place(s, never_0(hash));
    *is_new = !s->hash[i];
    if (*is_new) {
        s->hash[i] = never_0(hash);
        s->n++;
    }
    return 0;
}

/* Schedules from a state that was put; 0 while it is on the path. */
static double *seen_paths(struct seen *s, uint64_t hash)
{
    return &s->paths[place(s, never_0(hash))];
}

/* ---- a run, and all of them ---- */

/* rank 0 is the usual choice; a deviation is any other of one that has a usual. */
struct pick {
    unsigned rank, n, usual;
    bool has_usual;
};

/* A step of the run at hand: the choices that it asked for, and what came of them so far. */
struct frame {
    size_t first_pick;
    uint64_t hash;
    double paths;
    bool moved, stuck;
    void *state; /* as the step began; NULL: not kept */
};

struct explore {
    const struct explore_subject *s;
    const struct explore_limits *l;
    struct explore_result *r;
    FILE *out;
    struct pick *picks;
    size_t pick_n, pick_room, pos; /* pos: the next one to be answered */
    struct frame *frames;
    size_t frame_n, frame_room;
    uint64_t hash; /* of the state that push() looked at */
    unsigned deviated;
    struct seen seen;
    bool telling, failed;
    int error;
    char text[256];
};

/* ---- what the subject calls ---- */

static int room_for(void **v, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return 0;
    size_t more = *room ? *room * 2 : 64;
    void *p = realloc(*v, more * size);
    if (!p)
        return -ENOMEM;
    *v = p;
    *room = more;
    return 0;
}

static unsigned answer(const struct pick *p)
{
    return p->has_usual ? (p->usual + p->rank) % p->n : p->rank;
}

/* The same choices must lead to the same questions. */
static unsigned again(struct explore *e, const struct pick *now)
{
    struct pick *p = &e->picks[e->pos++];
    if (!p->n && p->rank < now->n) { /* given by hand */
        unsigned rank = p->rank;
        *p = *now;
        p->rank = rank;
    }
    if (p->n != now->n || p->usual != now->usual || p->has_usual != now->has_usual) {
        explore_fail(e, "the subject asks for one of %u where it asked for one of %u", now->n,
                     p->n);
        *p = *now;
    }
    e->deviated += p->has_usual && p->rank;
    return answer(p);
}

static unsigned pick(struct explore *e, struct pick now)
{
    if (now.n < 2)
        return 0;
    if (e->pos < e->pick_n)
        return again(e, &now);
    if (room_for((void **)&e->picks, e->pick_n, &e->pick_room, sizeof(*e->picks))) {
        e->error = -ENOMEM;
        return answer(&now);
    }
    e->picks[e->pick_n++] = now;
    e->pos++;
    return answer(&now);
}

unsigned explore_pick(struct explore *e, unsigned n)
{
    return pick(e, (struct pick){.n = n});
}

unsigned explore_prefer(struct explore *e, unsigned n, unsigned usual)
{
    return pick(e, (struct pick){.n = n, .usual = usual, .has_usual = true});
}

unsigned explore_left(const struct explore *e)
{
    if (!e->l->bounded)
        return UINT_MAX;
    return e->l->deviations > e->deviated ? e->l->deviations - e->deviated : 0;
}

void explore_say(struct explore *e, const char *fmt, ...)
{
    va_list ap;
    if (!e->telling || !e->out)
        return;
    fputs("#   ", e->out);
    va_start(ap, fmt);
    vfprintf(e->out, fmt, ap);
    va_end(ap);
    fputc('\n', e->out);
}

void explore_fail(struct explore *e, const char *fmt, ...)
{
    va_list ap;
    if (e->failed)
        return;
    e->failed = true;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    explore_say(e, "VIOLATION: %s", e->text);
}

bool explore_failed(const struct explore *e)
{
    return e->failed;
}

/* ---- frames ---- */

static uint64_t hash_now(struct explore *e)
{
    uint64_t h = e->s->hash(e, e->s->ctx);
    return e->l->bounded ? explore_mix(h, explore_left(e)) : h;
}

/* 1: the state was seen before, nothing was pushed. */
static int push(struct explore *e)
{
    struct frame f = {.first_pick = e->pos};
    bool is_new = true;
    if (e->s->hash) {
        e->hash = f.hash = hash_now(e);
        if (seen_put(&e->seen, f.hash, &is_new))
            return -ENOMEM;
    }
    if (!is_new)
        return 1;
    if (room_for((void **)&e->frames, e->frame_n, &e->frame_room, sizeof(*e->frames)))
        return -ENOMEM;
    if (e->s->state) {
        f.state = malloc(e->s->state_bytes);
        if (!f.state)
            return -ENOMEM;
        memcpy(f.state, e->s->state, e->s->state_bytes);
    }
    e->r->states++;
    e->frames[e->frame_n++] = f;
    return 0;
}

static void pop(struct explore *e)
{
    struct frame *f = &e->frames[--e->frame_n];
    if (e->s->hash)
        *seen_paths(&e->seen, f->hash) = f->paths;
    if (e->frame_n)
        f[-1].paths += f->paths;
    else
        e->r->schedules = f->paths;
    free(f->state);
}

/* Deviations of the choices before this frame. */
static unsigned deviated_before(const struct explore *e, size_t pick_n)
{
    unsigned n = 0;
    for (size_t i = 0; i < pick_n; i++)
        n += e->picks[i].has_usual && e->picks[i].rank;
    return n;
}

/* ---- one run ---- */

static enum explore_step do_step(struct explore *e)
{
    e->r->steps++;
    return e->s->step(e, e->s->ctx);
}

static void begin(struct explore *e)
{
    e->pos = 0;
    e->deviated = 0;
    e->s->begin(e, e->s->ctx);
}

/* To the beginning of the last frame's step. */
static void go_there(struct explore *e)
{
    struct frame *f = &e->frames[e->frame_n - 1];
    if (f->state) {
        memcpy(e->s->state, f->state, e->s->state_bytes);
        e->pos = f->first_pick;
        e->deviated = deviated_before(e, e->pos);
        return;
    }
    begin(e);
    for (size_t i = 0; i + 1 < e->frame_n; i++)
        (void)do_step(e);
}

static void finish(struct explore *e, bool whole)
{
    e->s->end(e, e->s->ctx, whole);
    if (whole)
        e->r->ends++;
}

/* What came of the step of frame f. False: the run is over. */
static bool went_on(struct explore *e, struct frame *f, enum explore_step how)
{
    if (how == EXPLORE_STUCK && !e->failed) {
        f->stuck = true;
        finish(e, false);
        return false;
    }
    f->moved = true;
    if (how == EXPLORE_END && !e->failed) {
        f->paths++;
        finish(e, true);
        return false;
    }
    if (!e->failed && e->l->steps && e->frame_n >= e->l->steps)
        explore_fail(e, "no end after %zu steps", e->frame_n);
    if (!e->failed)
        return true;
    f->paths++;
    finish(e, false);
    return false;
}

static void run_on(struct explore *e)
{
    for (;;) {
        struct frame *f = &e->frames[e->frame_n - 1];
        if (!went_on(e, f, do_step(e)))
            return;
        int rc = push(e);
        if (e->frame_n > e->r->deepest)
            e->r->deepest = (unsigned)e->frame_n;
        if (!rc)
            continue;
        if (rc < 0)
            e->error = rc;
        else
            e->frames[e->frame_n - 1].paths += *seen_paths(&e->seen, e->hash);
        e->r->repeated += rc > 0;
        finish(e, false);
        return;
    }
}

/* ---- the first violation ---- */

static void note_choices(struct explore *e)
{
    char *p = e->r->choices, *end = p + sizeof(e->r->choices);
    *p = 0;
    for (size_t i = 0; i < e->pick_n && end - p > 12; i++)
        p += snprintf(p, (size_t)(end - p), i ? ".%u" : "%u", e->picks[i].rank);
}

/* The same run once more, told. */
static void tell(struct explore *e, size_t steps)
{
    if (!e->out)
        return;
    fprintf(e->out, "# %s: %s\n#   choices %s\n", e->s->name, e->r->first, e->r->choices);
    e->failed = false;
    e->telling = true;
    begin(e);
    enum explore_step how = EXPLORE_MORE;
    for (size_t i = 0; i < steps && how == EXPLORE_MORE && !e->failed; i++)
        how = do_step(e);
    e->s->end(e, e->s->ctx, !e->failed);
    e->telling = false;
}

static void violated(struct explore *e, size_t steps)
{
    if (!e->r->violations++) {
        snprintf(e->r->first, sizeof(e->r->first), "%s", e->text);
        note_choices(e);
        tell(e, steps);
    }
    e->failed = false;
}

/* ---- all runs ---- */

/* The next answer to this choice. False: there is none. */
static bool next_rank(struct explore *e, size_t i)
{
    struct pick *p = &e->picks[i];
    if (p->rank + 1 >= p->n)
        return false;
    if (p->has_usual && !p->rank && e->l->bounded && deviated_before(e, i) >= e->l->deviations)
        return false;
    p->rank++;
    return true;
}

/* Nobody could do anything there. */
static void end_stuck(struct explore *e, struct frame *f)
{
    go_there(e);
    f->paths = 1;
    finish(e, true);
    if (e->failed)
        violated(e, e->frame_n - 1);
}

/* To the next sequence of choices. False: that was all. */
static bool back(struct explore *e)
{
    while (e->frame_n) {
        struct frame *f = &e->frames[e->frame_n - 1];
        while (e->pick_n > f->first_pick) {
            if (next_rank(e, e->pick_n - 1))
                return true;
            e->pick_n--;
        }
        if (f->stuck && !f->moved)
            end_stuck(e, f);
        pop(e);
    }
    return false;
}

static bool limited(const struct explore *e)
{
    return (e->l->runs && e->r->runs >= e->l->runs) ||
           (e->l->states && e->r->states > e->l->states);
}

static void search(struct explore *e)
{
    begin(e);
    e->error = push(e);
    while (!e->error) {
        e->r->runs++;
        run_on(e);
        if (e->failed)
            violated(e, e->frame_n);
        if (e->r->violations && !e->l->all)
            return;
        if (!back(e)) {
            e->r->complete = true;
            return;
        }
        if (limited(e))
            return;
        go_there(e);
    }
}

static void release(struct explore *e)
{
    while (e->frame_n)
        free(e->frames[--e->frame_n].state);
    free(e->frames);
    free(e->picks);
    seen_free(&e->seen);
}

int explore_all(const struct explore_subject *s, const struct explore_limits *l, FILE *out,
                struct explore_result *r)
{
    struct explore e = {.s = s, .l = l, .r = r, .out = out};
    memset(r, 0, sizeof(*r));
    search(&e);
    release(&e);
    return e.error;
}

/* ---- one run again ---- */

static int read_choices(struct explore *e, const char *choices)
{
    while (*choices) {
        char *end;
        unsigned long rank = strtoul(choices, &end, 10);
        if (end == choices || (*end && *end != '.') || rank > UINT_MAX)
            return -EINVAL;
        if (room_for((void **)&e->picks, e->pick_n, &e->pick_room, sizeof(*e->picks)))
            return -ENOMEM;
        e->picks[e->pick_n++] = (struct pick){.rank = (unsigned)rank};
        choices = *end ? end + 1 : end;
    }
    return 0;
}

int explore_replay(const struct explore_subject *s, const struct explore_limits *l,
                   const char *choices, FILE *out, struct explore_result *r)
{
    struct explore e = {.s = s, .l = l, .r = r, .out = out, .telling = true};
    memset(r, 0, sizeof(*r));
    int rc = read_choices(&e, choices);
    if (!rc) {
        begin(&e);
        enum explore_step how = EXPLORE_MORE;
        while (how == EXPLORE_MORE && !e.failed && (!l->steps || r->steps < l->steps))
            how = do_step(&e);
        finish(&e, how == EXPLORE_END && !e.failed);
        r->violations = e.failed;
        r->runs = 1;
        memcpy(r->first, e.text, sizeof(r->first));
    }
    release(&e);
    return rc;
}
