/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which steps the library did itself, and why it did not do the others: on Arm. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "watch.h"

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
