/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Anchors: what stands at a symbol in the guest's memory. Symbols of another kernel, or of the same
 * one at another place, are addresses as good as any; so they are held against the guest before
 * anything is applied, or its kernel is looked for with their help.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "policy/policy-int.h"

#define BYTES_MAX 4096u
#define SEARCH_MIN 8u         /* bytes that are worth looking for */
#define PLACES_MAX (1u << 20) /* where they are looked for */

/* ---- parsing ---- */

static bool parse_bytes(struct policy_parser *pp, const struct json_value *v,
                        struct policy_anchor *a)
{
    const char *text;

    if (!xmi_json_get_text(pp->doc, v, 2 * BYTES_MAX, &text))
        return false;
    a->bytes = xmi_policy_hex_bytes(pp, text, &a->len);
    if (a->bytes && text[2 * a->len] == '\0')
        return true;
    xmi_json_error(pp->doc, v, XM_MSG_ANCHOR, "two hexadecimal digits for each byte, as \"90cc\"");
    return false;
}

static bool parse_text(struct policy_parser *pp, const struct json_value *v,
                       struct policy_anchor *a)
{
    const char *text;

    if (!xmi_json_get_text(pp->doc, v, BYTES_MAX, &text))
        return false;
    a->len = (uint32_t)strlen(text);
    a->bytes = (uint8_t *)xmi_policy_copy(pp, text);
    return a->bytes != NULL;
}

static bool parse_slide(struct policy_parser *pp, const struct json_value *v,
                        struct policy_anchor *a)
{
    if (!xmi_json_get_u64(pp->doc, v, 1, UINT64_C(1) << 40, &a->step))
        return false;
    if (a->step % PAGE_BYTES == 0 && a->len >= SEARCH_MIN)
        return true;
    if (a->step % PAGE_BYTES)
        xmi_json_error(pp->doc, v, XM_MSG_ANCHOR, "steps are multiples of %u bytes", PAGE_BYTES);
    else
        xmi_json_error(pp->doc, v, XM_MSG_ANCHOR,
                       "%u bytes are too few to be looked for; %u are not", a->len, SEARCH_MIN);
    return false;
}

static void parse_anchor(struct policy_parser *pp, const struct json_value *v, size_t i)
{
    static const char *const keys[] = {"description", "symbols", "symbol", "base", "offset",
                                       "text",        "bytes",   "slide",  NULL};
    struct policy_anchor *a = &pp->p->anchors[i];
    const struct json_value *text, *bytes, *slide, *m;
    bool good = xmi_json_want_keys(pp->doc, v, keys);

    if (!good)
        return;
    a->pos = xmi_policy_pos(pp, v);
    if ((m = xmi_json_find(pp->doc, v, "description")))
        xmi_json_want(pp->doc, m, JSON_STRING);
    text = xmi_json_find(pp->doc, v, "text");
    bytes = xmi_json_find(pp->doc, v, "bytes");
    slide = xmi_json_find(pp->doc, v, "slide");
    if (!text == !bytes)
        xmi_json_error(pp->doc, v, XM_MSG_ANCHOR,
                       "one of \"text\" and \"bytes\" says what stands there");
    else if (text ? parse_text(pp, text, a) : parse_bytes(pp, bytes, a))
        good = !slide || parse_slide(pp, slide, a);
    xmi_policy_symbols_anchor(pp, v, (uint32_t)i);
}

void xmi_policy_parse_anchors(struct policy_parser *pp, const struct json_value *v)
{
    struct xmem_policy *p = pp->p;

    if (!xmi_json_want(pp->doc, v, JSON_ARRAY) ||
        !xmi_json_want_count(pp->doc, v, 0, POLICY_MAX_ANCHORS))
        return;
    p->anchors = xmi_policy_array(pp, v, sizeof(*p->anchors));
    if (!p->anchors)
        return;
    json_for_each(pp->doc, it, v) parse_anchor(pp, it, p->n_anchors++);
}

void xmi_policy_anchors_free(struct xmem_policy *p)
{
    for (size_t i = 0; i < p->n_anchors; i++) {
        free(p->anchors[i].symbol);
        free(p->anchors[i].file);
        free(p->anchors[i].bytes);
    }
    free(p->anchors);
    for (size_t i = 0; i < p->n_unanchored; i++) {
        free(p->unanchored[i].file);
        free(p->unanchored[i].path);
    }
}

void xmi_policy_warn_anchors(const struct xmem_policy *p, struct xmem_report *r)
{
    for (size_t i = 0; i < p->n_unanchored; i++)
        xmi_policy_warning(
            p, r, XM_MSG_NO_ANCHOR, p->unanchored[i].pos, p->unanchored[i].path,
            "nothing checks that \"%.200s\" is of the kernel that runs, and at which "
            "address it is (KASLR): an anchor does",
            p->unanchored[i].file);
}

/* ---- in the guest ---- */

struct search {
    const struct xmem_policy *p;
    struct xmem_domain *d;
    struct xmem_report *r;
    int err;
};

/* 1: it stands there, 0: it does not; or an error. */
static int stands_at(struct search *s, const struct policy_anchor *a, uint64_t slide)
{
    uint8_t there[BYTES_MAX];
    uint64_t gpa = a->gpa + slide;
    int err;

    if (gpa / PAGE_BYTES > s->p->caps.highest_gfn || gpa + a->len < gpa)
        return 0;
    err = xmem_domain_read(s->d, gpa, there, a->len);
    if (err == 0)
        return memcmp(there, a->bytes, a->len) == 0;
    return err == -ESRCH || err == -ERANGE ? 0 : err;
}

/* The same of all anchors with this slide. */
static int group_stands_at(struct search *s, uint32_t group, uint64_t slide)
{
    int rc = 1;

    for (size_t i = 0; i < s->p->n_anchors && rc == 1; i++)
        if (s->p->anchors[i].group == group)
            rc = stands_at(s, &s->p->anchors[i], slide);
    return rc;
}

static void report_missed(struct search *s, size_t i, const char *text)
{
    const struct policy_anchor *a = &s->p->anchors[i];
    char path[40];

    s->err = s->err ? s->err : -ENOENT;
    snprintf(path, sizeof(path), "/anchors/%zu", i);
    xmi_policy_error(s->p, s->r, XM_MSG_ANCHOR_MISSED, a->pos, path, "\"%.100s\" of \"%.200s\" %s",
                     a->symbol, a->file, text);
}

static void report_failure(struct search *s, int err)
{
    s->err = err;
    xmi_policy_error(s->p, s->r, XM_MSG_SESSION, (struct policy_pos){0, 0}, "/", "%s",
                     xmem_domain_last_error(s->d));
}

static void not_there(struct search *s, size_t i)
{
    char text[200];

    snprintf(text, sizeof(text),
             "is not at guest-physical 0x%" PRIx64 ": the symbols are of another "
             "kernel, or it is at another address; \"slide\" looks for it",
             s->p->anchors[i].gpa);
    report_missed(s, i, text);
}

/* Anchors that must be where their symbols are. */
static void check_fixed(struct search *s)
{
    for (size_t i = 0; i < s->p->n_anchors && (!s->err || s->err == -ENOENT); i++) {
        int rc = s->p->anchors[i].group ? 1 : stands_at(s, &s->p->anchors[i], 0);

        if (rc == 0)
            not_there(s, i);
        else if (rc < 0)
            report_failure(s, rc);
    }
}

static size_t first_with_step(const struct xmem_policy *p, uint32_t group)
{
    size_t i = 0;

    while (p->anchors[i].group != group || !p->anchors[i].step)
        i++;
    return i;
}

/* Goes through the guest's memory in steps: the only place where all anchors of the group stand. */
static void find_group(struct search *s, uint32_t group, uint64_t *slide)
{
    size_t i = first_with_step(s->p, group);
    const struct policy_anchor *a = &s->p->anchors[i];
    uint64_t first = a->gpa % a->step, end = (s->p->caps.highest_gfn + 1) * PAGE_BYTES;
    uint64_t places = end > first ? (end - first - 1) / a->step + 1 : 0;
    int found = 0, rc = 0;
    char text[200];

    if (places > PLACES_MAX) {
        snprintf(text, sizeof(text),
                 "would be looked for in %" PRIu64 " places; with larger steps "
                 "they are less than %u",
                 places, PLACES_MAX);
        report_missed(s, i, text);
        return;
    }
    for (uint64_t k = 0; k < places && found < 2 && rc >= 0; k++) {
        uint64_t at = first + k * a->step - a->gpa;

        rc = group_stands_at(s, group, at);
        if (rc == 1 && ++found == 2)
            snprintf(text, sizeof(text),
                     "may be at guest-physical 0x%" PRIx64 " and 0x%" PRIx64
                     ": more bytes, or one more anchor, tell which is meant",
                     a->gpa + *slide, a->gpa + at);
        else if (rc == 1)
            *slide = at;
    }
    if (rc < 0)
        report_failure(s, rc);
    else if (found != 1)
        report_missed(s, i,
                      found ? text
                            : "is nowhere in the guest's memory, in steps of \"slide\": the "
                              "symbols are of another kernel, or none is running");
}

int xmi_policy_anchors_find(const struct xmem_policy *p, struct xmem_domain *d,
                            struct xmem_report *r, uint64_t *slides)
{
    struct search s = {.p = p, .d = d, .r = r};

    check_fixed(&s);
    for (uint32_t group = 1; group <= p->n_slides; group++)
        if (!s.err || s.err == -ENOENT)
            find_group(&s, group, &slides[group - 1]);
    return s.err;
}
