/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a watch came to. */
#include <inttypes.h>
#include <stdio.h>

#include "watch.h"

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
