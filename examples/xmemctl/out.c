/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stdout and stderr of a command that has a session. A thread writes, so that a reader who does
 * not read (a stuck pipe, a stopped terminal) never holds the guest up, nor the end: what finds
 * no room is dropped and counted. Each line is one write(), so that lines of several writers do
 * not mix.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"

#define ROOM ((size_t)8 << 20) /* bytes that may wait */
#define STREAM_BYTES ((size_t)64 << 10)
#define GRACE_NS UINT64_C(250000000) /* for who reads, after a signal: for each of three things */
#define LOOK_NS 50000000u

struct line {
    struct line *next;
    int fd;
    size_t n;
    char text[];
};

/* What waits for one place, which a file, a pipe or a terminal is. */
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t more, less;
    struct line *first, **end;
    size_t bytes;
    bool file;    /* nobody reads it from us: there is room soon, and nothing is dropped */
    bool patient; /* no guest waits: neither */
    int err;      /* a negative errno: it takes no more */
    uint64_t dropped;
};

/* A stream that stands for stdout or stderr. */
struct end {
    struct queue *q;
    int fd;
};

static struct queue queues[2] = {{.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .more = PTHREAD_COND_INITIALIZER,
                                  .less = PTHREAD_COND_INITIALIZER,
                                  .patient = true},
                                 {.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .more = PTHREAD_COND_INITIALIZER,
                                  .less = PTHREAD_COND_INITIALIZER}};
static struct end ends[2];
static bool started;
static uint64_t give_up_ns; /* when nobody is waited for any more; 0: no signal came */

/* ---- the thread ---- */

static int write_line(const struct line *l)
{
    for (size_t done = 0; done < l->n;) {
        ssize_t n = write(l->fd, l->text + done, l->n - done);
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static void *writer(void *arg)
{
    struct queue *q = arg;

    pthread_mutex_lock(&q->lock);
    for (;;) {
        while (q->first == NULL) {
            pthread_cond_wait(&q->more, &q->lock);
        }
        struct line *l = q->first;
        int err = q->err;
        pthread_mutex_unlock(&q->lock);
        err = err == 0 ? write_line(l) : err;
        pthread_mutex_lock(&q->lock);
        q->err = err;
        q->bytes -= l->n;
        q->first = l->next;
        if (l->next == NULL) {
            q->end = &q->first;
        }
        free(l);
        pthread_cond_broadcast(&q->less);
    }
    return NULL;
}

/* ---- into the queue; its lock is held ---- */

static bool out_of_patience(void)
{
    if (!stop_asked()) {
        return false;
    }
    if (give_up_ns == 0) {
        give_up_ns = clock_ns() + GRACE_NS;
    }
    return clock_ns() > give_up_ns;
}

static void wait_less(struct queue *q)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += LOOK_NS;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&q->less, &q->lock, &t);
}

/* Waits where it may; is there room? A line longer than all room finds it when all is empty. */
static bool have_room(struct queue *q, size_t n)
{
    while (q->first != NULL && q->bytes + n > ROOM && q->err == 0) {
        if (!(q->file || q->patient) || out_of_patience()) {
            return false;
        }
        wait_less(q);
    }
    return q->err == 0;
}

static void add(struct queue *q, int fd, const char *text, size_t n)
{
    struct line *l = have_room(q, n) ? malloc(sizeof(*l) + n) : NULL;

    if (l == NULL) {
        q->dropped++;
        return;
    }
    *l = (struct line){.fd = fd, .n = n};
    memcpy(l->text, text, n);
    *q->end = l;
    q->end = &l->next;
    q->bytes += n;
    pthread_cond_signal(&q->more);
}

/* The stream gives what it has at each newline, a line at a time. */
static ssize_t take(void *arg, const char *text, size_t n)
{
    const struct end *e = arg;

    pthread_mutex_lock(&e->q->lock);
    add(e->q, e->fd, text, n);
    int err = e->q->err;
    pthread_mutex_unlock(&e->q->lock);
    if (err != 0) {
        errno = -err;
        return 0;
    }
    return (ssize_t)n;
}

/* ---- beginning and end ---- */

/* Where both go to one place their order stays. */
static bool same_place(void)
{
    struct stat a, b;

    return fstat(STDOUT_FILENO, &a) == 0 && fstat(STDERR_FILENO, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static int start_queue(struct queue *q)
{
    pthread_t thread;
    int rc;

    q->end = &q->first;
    rc = pthread_create(&thread, NULL, writer, q);
    if (rc == 0) {
        pthread_detach(thread);
    }
    return -rc;
}

static FILE *open_end(struct end *e, struct queue *q, int fd)
{
    struct stat st;

    *e = (struct end){q, fd};
    q->file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (q->file) { /* lines that others write to it meanwhile stay too */
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_APPEND);
    }
    FILE *f = fopencookie(e, "w", (cookie_io_functions_t){.write = take});
    if (f != NULL && setvbuf(f, NULL, _IOLBF, STREAM_BYTES) != 0) {
        fclose(f);
        f = NULL;
    }
    return f;
}

int out_start(void)
{
    if (started) {
        return 0;
    }
    bool same = same_place();
    struct queue *errors = same ? &queues[0] : &queues[1];
    FILE *out = open_end(&ends[0], &queues[0], STDOUT_FILENO);
    FILE *err = open_end(&ends[1], errors, STDERR_FILENO);
    int rc = out == NULL || err == NULL ? -ENOMEM : start_queue(&queues[0]);

    if (rc == 0 && !same) {
        rc = start_queue(&queues[1]);
    }
    if (rc != 0) {
        return rc; /* what was made is left: the command ends */
    }
    fflush(stdout);
    fflush(stderr);
    stdout = out;
    stderr = err;
    started = true;
    return 0;
}

int out_error(void)
{
    pthread_mutex_lock(&queues[0].lock);
    int err = queues[0].err;
    pthread_mutex_unlock(&queues[0].lock);
    return err;
}

uint64_t out_dropped(void)
{
    pthread_mutex_lock(&queues[0].lock);
    uint64_t n = queues[0].dropped;
    pthread_mutex_unlock(&queues[0].lock);
    return n;
}

/* Until all is written, or it cannot be; how many lines are left. */
static uint64_t drain(struct queue *q)
{
    uint64_t left = 0;

    pthread_mutex_lock(&q->lock);
    while (q->first != NULL && q->err == 0 && !out_of_patience()) {
        wait_less(q);
    }
    for (const struct line *l = q->first; l != NULL; l = l->next) {
        left++;
    }
    pthread_mutex_unlock(&q->lock);
    return left;
}

/* For what comes next. */
static void new_grace(void)
{
    if (give_up_ns != 0) {
        give_up_ns = clock_ns() + GRACE_NS;
    }
}

/* But the first line, which is being written. */
static void discard(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (q->first != NULL && q->first->next != NULL) {
        struct line *l = q->first->next;
        q->first->next = l->next;
        q->bytes -= l->n;
        q->dropped++;
        free(l);
    }
    q->end = q->first != NULL ? &q->first->next : &q->first;
    pthread_mutex_unlock(&q->lock);
}

static void set_patient(bool patient)
{
    pthread_mutex_lock(&queues[0].lock);
    queues[0].patient = patient;
    pthread_mutex_unlock(&queues[0].lock);
}

void out_hurry(void)
{
    set_patient(false);
}

void out_settle(void)
{
    set_patient(true);
    if (started && drain(&queues[0]) != 0) {
        discard(&queues[0]);
    }
    new_grace();
}

int out_end(void)
{
    uint64_t left = started ? drain(&queues[0]) : 0;
    int err = out_error();

    if (left != 0 && err == 0) {
        ctl_error("nobody reads standard output: %llu lines are not written, %llu before them "
                  "were dropped",
                  (unsigned long long)left, (unsigned long long)out_dropped());
        err = -ETIMEDOUT;
    }
    return err;
}

void out_end_errors(void)
{
    if (!started) {
        return;
    }
    new_grace();
    fflush(stderr);
    drain(ends[1].q);
}
