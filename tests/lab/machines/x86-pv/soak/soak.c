/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * soak DOMID SECONDS [SEED]: random changes of rights on all frames of a PV guest that works on. Every
 * event must be about a frame that was restricted, and name an access that its rights forbid; it is
 * stepped over, or the frame is opened. At the end everything must be as it was.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xmem.h>

#define MOST 2048u     /* frames restricted at a time */
#define GRACE_MS 1000u /* an event may be older than the last change... */
#define GRACE_TURNS \
    3u /* ...and the machine may have stood still since: times the ring was emptied */
#define CHANGE_MS 20u
#define DEFAULT_MS 4000u
#define RUN_MAX 64u

struct moment {
    uint64_t ms, turn;
};

struct frame {
    uint64_t mfn;
    uint8_t rights;
    uint8_t before; /* what all its rights of the last moment allowed: XMEM_ACCESS_* */
    struct moment changed;
};

struct soak {
    struct xmem *x;
    struct xmem_domain *d;
    struct frame *frames; /* sorted by mfn */
    size_t count, restricted;
    uint64_t state, events, stepped, opened, changes, defaults;
    struct moment now, standard_changed;
    uint8_t standard;
    uint32_t usable; /* rights */
    bool failed;
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static uint32_t below(struct soak *s, uint64_t n)
{
    s->state = s->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((s->state >> 33) % n);
}

static void fail(struct soak *s, const char *what, uint64_t mfn, int rc)
{
    printf("# %s: frame 0x%" PRIx64 ": %d %s\n", what, mfn, rc, xmem_domain_last_error(s->d));
    s->failed = true;
}

/* Could an event be older than this change? */
static bool recent(const struct soak *s, const struct moment *changed)
{
    return s->now.ms - changed->ms < GRACE_MS || s->now.turn - changed->turn < GRACE_TURNS;
}

/* ---- frames ---- */

static int by_mfn(const void *a, const void *b)
{
    const struct frame *left = a, *right = b;

    return (left->mfn > right->mfn) - (left->mfn < right->mfn);
}

/* The domain builder's list of machine frames (dom/note.c). */
static int read_frames(struct soak *s, uint32_t domid)
{
    char path[32];
    uint64_t mfn;
    size_t room = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/labdom.%" PRIu32 ".p2m", domid);
    f = fopen(path, "r");
    if (!f)
        return -errno;
    while (fread(&mfn, sizeof(mfn), 1, f) == 1) {
        if (s->count == room) {
            struct frame *more = realloc(s->frames, (room = room * 2 + 1024) * sizeof(*more));

            if (!more)
                break;
            s->frames = more;
        }
        s->frames[s->count++] = (struct frame){.mfn = mfn, .rights = XMEM_RWX, .before = 7};
    }
    fclose(f);
    qsort(s->frames, s->count, sizeof(*s->frames), by_mfn);
    return s->count ? 0 : -ENOENT;
}

static struct frame *find(struct soak *s, uint64_t mfn)
{
    struct frame key = {.mfn = mfn};

    return bsearch(&key, s->frames, s->count, sizeof(key), by_mfn);
}

/* ---- changes ---- */

/*
 * What rights surely allow. rx2rw may have become rw, which nobody is told of. w, x and wx have no entry
 * of their own: Xen emulates each access, and reports what it cannot emulate.
 */
static uint8_t allowed(uint8_t rights)
{
    if (rights == XMEM_RX2RW)
        return XMEM_ACCESS_R;
    return rights != XMEM_N2RWX && (rights & XMEM_ACCESS_R) ? rights & 7u : 0;
}

static void note(struct soak *s, struct frame *f, uint8_t rights)
{
    s->restricted += (rights != XMEM_RWX) - (size_t)(f->rights != XMEM_RWX);
    /* An event may be older than several changes. */
    f->before = allowed(f->rights) & (recent(s, &f->changed) ? f->before : 7u);
    f->rights = rights;
    f->changed = s->now;
}

static uint8_t some_rights(struct soak *s)
{
    uint32_t r;

    if (s->restricted > MOST)
        return XMEM_RWX;
    do
        r = below(s, 32);
    while (r == XMEM_DEFAULT || !(s->usable >> r & 1u));
    return (uint8_t)r;
}

/* A run of neighbours, or one frame; runs end where the machine frames do. */
static void change(struct soak *s)
{
    size_t at = below(s, s->count), n = below(s, 4) ? 1 : 1 + below(s, RUN_MAX), i;
    uint8_t rights = some_rights(s);
    int rc;

    for (i = 1; i < n && at + i < s->count && s->frames[at + i].mfn == s->frames[at].mfn + i;)
        i++;
    n = i;
    rc = xmem_domain_set_rights_range(s->d, 0, s->frames[at].mfn, n, (enum xmem_rights)rights);
    if (rc) {
        fail(s, "rights are not set", s->frames[at].mfn, rc);
        return;
    }
    for (i = 0; i < n; i++)
        note(s, &s->frames[at + i], rights);
    s->changes++;
}

/* For all frames at once; back a moment later. Frames set by hand forget what they were. */
static void change_default(struct soak *s)
{
    uint8_t rights = s->standard == XMEM_RWX ? XMEM_N2RWX : XMEM_RWX;
    int rc = xmem_domain_set_default(s->d, (enum xmem_rights)rights);
    size_t i;

    if (rc) {
        fail(s, "the default is not set", 0, rc);
        return;
    }
    for (i = 0; i < s->count; i++)
        note(s, &s->frames[i], rights);
    s->restricted = rights == XMEM_RWX ? 0 : s->count;
    s->standard = rights;
    s->defaults++;
}

/* ---- events ---- */

static bool expected(struct soak *s, const struct frame *f, uint32_t access)
{
    if ((access & 7u & ~(uint32_t)allowed(f->rights)) || recent(s, &s->standard_changed))
        return true;
    return recent(s, &f->changed) && (access & 7u & ~(uint32_t)f->before);
}

static void answer(struct soak *s, const struct xmem_event *ev)
{
    struct frame *f = find(s, ev->u.mem.gfn);
    int rc;

    if (!f)
        fail(s, "an event about a frame of nobody's", ev->u.mem.gfn, (int)ev->u.mem.access);
    else if (!expected(s, f, ev->u.mem.access)) {
        printf("# access %u, rights %s for %" PRIu64 " ms and %" PRIu64 " turns, before %u, %s\n",
               (unsigned)ev->u.mem.access, xmem_rights_name((enum xmem_rights)f->rights),
               s->now.ms - f->changed.ms, s->now.turn - f->changed.turn, f->before,
               ev->flags & XMEM_EVENT_PAUSED ? "paused" : "not paused");
        fail(s, "an event that its rights do not explain", f->mfn, 0);
    }
    /* It is rwx now; unless this event is of an n2rwx before, of which nobody can tell. */
    if (f && f->rights == XMEM_N2RWX && !recent(s, &f->changed))
        note(s, f, XMEM_RWX);
    if (!(ev->flags & XMEM_EVENT_PAUSED) || !f || below(s, 3)) {
        rc = xmem_event_step_over(s->d, ev);
        s->stepped++;
    } else {
        rc = xmem_domain_set_rights(s->d, 0, f->mfn, XMEM_RWX);
        note(s, f, XMEM_RWX);
        if (!rc)
            rc = xmem_event_reply(s->d, ev, NULL);
        s->opened++;
    }
    if (rc)
        fail(s, "an event is not answered", ev->u.mem.gfn, rc);
    s->events++;
}

static void take_events(struct soak *s)
{
    const struct xmem_event *ev;
    int rc;

    (void)xmem_event_wait(s->d, (int)CHANGE_MS);
    s->now = (struct moment){now_ms(), s->now.turn + 1};
    while (!s->failed && (rc = xmem_event_next(s->d, &ev)) != -EAGAIN) {
        if (rc || ev->reason != XMEM_EVENT_MEM_ACCESS) {
            fail(s, "no event of memory access", 0, rc);
            return;
        }
        answer(s, ev);
    }
}

/* ---- all of it ---- */

static int begin(struct soak *s, uint32_t domid)
{
    struct xmem_caps caps = XMEM_INIT(caps);
    int rc = xmem_open("xen:", NULL, &s->x);

    if (!rc)
        rc = xmem_domain_open(s->x, domid, NULL, &s->d);
    if (!rc)
        rc = xmem_domain_enable(s->d);
    if (!rc)
        rc = xmem_domain_get_caps(s->d, &caps);
    s->usable = caps.rights;
    s->standard = XMEM_RWX;
    return rc ? rc : read_frames(s, domid);
}

static void run(struct soak *s, unsigned int seconds)
{
    uint64_t end = now_ms() + seconds * 1000u, next = 0, next_default = now_ms() + DEFAULT_MS;

    while (!s->failed && (s->now.ms = now_ms()) < end) {
        if (s->now.ms >= next_default) {
            change_default(s);
            s->standard_changed = s->now;
            next_default = s->now.ms + (s->standard == XMEM_RWX ? DEFAULT_MS : CHANGE_MS * 5);
        } else if (s->now.ms >= next && s->standard == XMEM_RWX) {
            change(s);
            next = s->now.ms + below(s, CHANGE_MS);
        }
        take_events(s);
    }
}

int main(int argc, char **argv)
{
    struct soak s = {.state = argc > 3 ? strtoull(argv[3], NULL, 0) : 1};
    unsigned int seconds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 60;
    struct xmem_stats stats = XMEM_INIT(stats);
    int rc;

    if (argc < 2)
        return 2;
    rc = begin(&s, (uint32_t)strtoul(argv[1], NULL, 0));
    if (rc) {
        printf("# soak: %s: %s\n", strerror(-rc),
               s.x ? xmem_last_error(s.x) : xmem_last_error(NULL));
        s.failed = true;
    } else {
        run(&s, seconds);
        (void)xmem_domain_get_stats(s.d, &stats);
    }
    printf("# %u s: %" PRIu64 " events (%" PRIu64 " stepped over, %" PRIu64 " opened), %" PRIu64
           " changes of rights, %" PRIu64 " defaults, %zu frames, %" PRIu64 " hypercalls\n",
           seconds, s.events, s.stepped, s.opened, s.changes, s.defaults, s.count,
           stats.hypercalls);
    rc = xmem_domain_close(s.d);
    if (rc)
        printf("# closing: %s\n", strerror(-rc));
    xmem_close(s.x);
    free(s.frames);
    return s.failed || rc || !s.events;
}
