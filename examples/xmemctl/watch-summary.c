/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a watch came to. */
#include "watch.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define TOP 8

static double rate_of(const struct summary *s)
{
    return s->elapsed_ns == 0 ? 0 : (double)s->events * 1e9 / (double)s->elapsed_ns;
}

static void text_hot(const struct hot *h)
{
    uint64_t gfns[TOP], counts[TOP];
    size_t n = hot_top(h, gfns, counts, TOP);

    for (size_t i = 0; i < n; i++) {
        printf("%s 0x%" PRIx64 " (%" PRIu64 ")", i == 0 ? "hottest gfns:" : ",", gfns[i],
               counts[i]);
    }
    if (n > 0) {
        printf(" of %zu%s\n", h->used, h->others != 0 ? " and more" : "");
    }
}

static void print_text(const struct watch *w)
{
    const struct summary *s = &w->sum;

    printf("summary: %" PRIu64 " events (%" PRIu64 " accesses) in %.3f s, %.0f per second; "
           "ended: %s\n",
           s->events, s->accesses, (double)s->elapsed_ns / 1e9, rate_of(s), w->why);
    if (out_dropped() != 0) {
        printf("dropped: %" PRIu64 " lines, since whoever reads was slower than the guest\n",
               out_dropped());
    }
    if (s->events == 0) {
        return;
    }
    text_hot(&s->hot);
    printf("slowest answer: %.1f us (event #%" PRIu64 ")\n", (double)s->slowest_ns / 1e3,
           s->slowest_seq);
    watch_text_steps(&s->stats);
}

static void json_hot(const struct hot *h)
{
    uint64_t gfns[TOP], counts[TOP];
    size_t n = hot_top(h, gfns, counts, TOP);

    js_begin("hottest", '[');
    for (size_t i = 0; i < n; i++) {
        js_begin(NULL, '{');
        js_hex("gfn", gfns[i]);
        js_u64("events", counts[i]);
        js_end('}');
    }
    js_end(']');
}

static void json_counts(const struct summary *s)
{
    js_begin("by_reason", '{');
    for (unsigned i = 0; i < 65; i++) {
        const char *name = xmem_event_reason_name((enum xmem_event_reason)i);
        if (s->by_reason[i] != 0) {
            js_u64(name != NULL ? name : "unknown", s->by_reason[i]);
        }
    }
    js_end('}');
    js_begin("by_action", '{');
    for (unsigned i = 0; i < 8; i++) {
        const char *name = xmem_action_name((enum xmem_action)i);
        if (s->by_action[i] != 0) {
            js_u64(name != NULL ? name : "unknown", s->by_action[i]);
        }
    }
    js_end('}');
}

static void print_json(const struct watch *w)
{
    const struct summary *s = &w->sum;

    js_begin(NULL, '{');
    js_str("type", "summary");
    js_str("ended", w->why);
    js_u64("events", s->events);
    js_u64("dropped_lines", out_dropped());
    js_double("seconds", (double)s->elapsed_ns / 1e9);
    js_double("events_per_second", rate_of(s));
    json_counts(s);
    json_hot(&s->hot);
    js_u64("gfns", s->hot.used);
    js_double("slowest_answer_us", (double)s->slowest_ns / 1e3);
    js_u64("slowest_answer_seq", s->slowest_seq);
    watch_json_steps(&s->stats);
    js_end('}');
    js_newline();
}

void watch_print_summary(const struct watch *w)
{
    (w->json ? print_json : print_text)(w);
}

/* ---- which steps the library did itself, and why it did not do the others: on Arm ---- */

struct class
{
    size_t at; /* in struct xmem_stats */
    const char *key, *text;
};

#define CLASS(field, text) \
    { \
        offsetof(struct xmem_stats, field), #field, text \
    }
static const struct class classes[] = {
    CLASS(not_walk, "walks of the guest's tables"),
    CLASS(not_fetch, "fetches that only the vCPU can do"),
    CLASS(not_decoded, "instructions not known"),
    CLASS(not_sure, "that fault or are unpredictable"),
    CLASS(not_mapped, "without memory there"),
    CLASS(not_ended, "loops around an exclusive that went too far"),
    CLASS(not_same, "changed meanwhile"),
    CLASS(not_taken, "with registers that Xen does not take back"),
};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

static uint64_t count_of(const struct xmem_stats *s, const struct class *c)
{
    return *(const uint64_t *)(const void *)((const char *)s + c->at);
}

static uint64_t left_of(const struct xmem_stats *s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < CLASSES; i++) {
        n += count_of(s, &classes[i]);
    }
    return n;
}

void watch_text_steps(const struct xmem_stats *s)
{
    const char *before = "; left to the vCPU:";

    if (s->emulated == 0 && left_of(s) == 0) {
        return;
    }
    printf("stepped over: %" PRIu64 ", %" PRIu64 " instructions done by the library", s->steps,
           s->emulated);
    for (size_t i = 0; i < CLASSES; i++) {
        uint64_t n = count_of(s, &classes[i]);
        if (n != 0) {
            printf("%s %" PRIu64 " %s", before, n, classes[i].text);
            before = ",";
        }
    }
    putchar('\n');
}

void watch_json_steps(const struct xmem_stats *s)
{
    js_u64("steps", s->steps);
    js_u64("emulated", s->emulated);
    js_begin("not_emulated", '{');
    for (size_t i = 0; i < CLASSES; i++) {
        uint64_t n = count_of(s, &classes[i]);
        if (n != 0) {
            js_u64(classes[i].key, n);
        }
    }
    js_end('}');
}

/* ---- events counted by gfn; bounded: a guest that touches everything must not fill our memory ---- */

#define HOT_FIRST_ROOM 1024u
#define HOT_MAX_ROOM (UINT32_C(1) << 20) /* 16 MiB */

static size_t place_of(const struct hot *h, uint64_t gfn)
{
    size_t i = (size_t)((gfn * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (h->room - 1);

    while (h->counts[i] != 0 && h->keys[i] != gfn) {
        i = (i + 1) & (h->room - 1);
    }
    return i;
}

static bool grow(struct hot *h)
{
    struct hot bigger = {.room = h->room == 0 ? HOT_FIRST_ROOM : h->room * 2, .used = h->used};

    if (bigger.room > HOT_MAX_ROOM) {
        return false;
    }
    bigger.keys = calloc(bigger.room, sizeof(*bigger.keys));
    bigger.counts = calloc(bigger.room, sizeof(*bigger.counts));
    if (bigger.keys == NULL || bigger.counts == NULL) {
        hot_free(&bigger);
        return false;
    }
    for (size_t i = 0; i < h->room; i++) {
        if (h->counts[i] != 0) {
            size_t to = place_of(&bigger, h->keys[i]);
            bigger.keys[to] = h->keys[i];
            bigger.counts[to] = h->counts[i];
        }
    }
    bigger.others = h->others;
    hot_free(h);
    *h = bigger;
    return true;
}

void hot_add(struct hot *h, uint64_t gfn)
{
    bool full = h->used * 2 >= h->room && !grow(h);

    if (h->room == 0) {
        h->others++;
        return;
    }
    size_t i = place_of(h, gfn);
    if (h->counts[i] == 0) {
        if (full) {
            h->others++;
            return;
        }
        h->keys[i] = gfn;
        h->used++;
    }
    h->counts[i]++;
}

size_t hot_top(const struct hot *h, uint64_t *gfns, uint64_t *counts, size_t n)
{
    size_t have = 0;

    for (size_t i = 0; i < h->room; i++) {
        if (h->counts[i] == 0 || (have == n && h->counts[i] <= counts[n - 1])) {
            continue;
        }
        size_t at = have < n ? have++ : n - 1;
        for (; at > 0 && counts[at - 1] < h->counts[i]; at--) {
            gfns[at] = gfns[at - 1];
            counts[at] = counts[at - 1];
        }
        gfns[at] = h->keys[i];
        counts[at] = h->counts[i];
    }
    return have;
}

void hot_free(struct hot *h)
{
    free(h->keys);
    free(h->counts);
    *h = (struct hot){0};
}
