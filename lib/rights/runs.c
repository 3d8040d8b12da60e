/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base.h"
#include "rights/rights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int xmi_runs_reserve(struct runs *r, size_t more)
{
    return xmi_array_reserve((void **)&r->v, r->n + more, &r->cap, sizeof(*r->v));
}

void xmi_runs_free(struct runs *r)
{
    free(r->v);
    *r = (struct runs){0};
}

uint64_t xmi_runs_gfns(const struct runs *r)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < r->n; i++)
        sum += run_nr(&r->v[i]);
    return sum;
}

size_t xmi_runs_find(const struct runs *r, uint64_t gfn)
{
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (run_end(&r->v[mid]) <= gfn)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* ---- sorting ---- */

enum { SORT_SORTED, SORT_ANY };

static int order_of(const struct runs *r)
{
    for (size_t i = 1; i < r->n; i++)
        if (run_end(&r->v[i - 1]) > r->v[i].gfn)
            return SORT_ANY;
    return SORT_SORTED;
}

#define FEW 64u
#define DIGIT_BITS 11u
#define DIGITS (1u << DIGIT_BITS)

/* One stable pass by the digit of gfn at shift. False: all have the same digit, nothing moved. */
static bool radix_pass(const struct run *src, struct run *dst, size_t n, unsigned shift)
{
    size_t count[DIGITS] = {0};
    for (size_t i = 0; i < n; i++)
        count[(src[i].gfn >> shift) & (DIGITS - 1)]++;
    if (count[(src[0].gfn >> shift) & (DIGITS - 1)] == n)
        return false;
    size_t sum = 0;
    for (unsigned d = 0; d < DIGITS; d++) {
        size_t c = count[d];
        count[d] = sum;
        sum += c;
    }
    for (size_t i = 0; i < n; i++)
        dst[count[(src[i].gfn >> shift) & (DIGITS - 1)]++] = src[i];
    return true;
}

/* Stable, by gfn. a holds the runs, b is room for as many; the answer is where they are then. */
static struct run *radix_sort(struct run *a, struct run *b, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= a[i].gfn;
    for (unsigned shift = 0; shift < 64 && all >> shift; shift += DIGIT_BITS) {
        if (radix_pass(a, b, n, shift)) {
            struct run *t = a;
            a = b;
            b = t;
        }
    }
    return a;
}

/* Few runs: no tables. */
static void insertion_sort(struct run *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct run r = v[i];
        size_t j = i;
        for (; j && v[j - 1].gfn > r.gfn; j--)
            v[j] = v[j - 1];
        v[j] = r;
    }
}

/*
 * Sorted by gfn, the later of equal ones behind: writes them disjoint; v may be out's own. Only
 * repeats of a single gfn are resolved here; false: there are true overlaps.
 */
static bool join_sorted(const struct run *v, size_t n, struct runs *out)
{
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && run_end(&v[i]) > v[i + 1].gfn) {
            if (v[i].gfn == v[i + 1].gfn && run_nr(&v[i]) <= run_nr(&v[i + 1]))
                continue; /* the later one covers it */
            return false;
        }
        runs_push(out, v[i].gfn, run_nr(&v[i]), run_rights(&v[i])); /* room is there */
    }
    return true;
}

/* ---- true overlaps: merge sort over lists disjoint in themselves, the right one wins ---- */

/* What of a lies before gfn `until`, moving a's start. */
static bool cut_before(struct run *a, uint64_t until, struct run *part)
{
    if (!run_nr(a) || a->gfn >= until)
        return false;
    uint64_t nr = run_end(a) < until ? run_nr(a) : until - a->gfn;
    part->gfn = a->gfn;
    part->nr_rights = nr << 8 | run_rights(a);
    a->gfn += nr;
    a->nr_rights -= nr << 8;
    return true;
}

/* Drops what of a lies below gfn. */
static void cut_below(struct run *a, uint64_t gfn)
{
    struct run part;
    (void)cut_before(a, gfn, &part);
}

/* runs_push(), but not joined with what stands before base. */
static int push_from(struct runs *out, size_t base, const struct run *r)
{
    if (out->n > base)
        return runs_push(out, r->gfn, run_nr(r), run_rights(r));
    int rc = xmi_runs_reserve(out, 1);
    if (!rc)
        runs_append(out, r->gfn, run_nr(r), run_rights(r));
    return rc;
}

/* Lays `over` (m runs) over `under` (n runs), both disjoint and sorted, behind what out holds. */
static int overlay(struct run *under, size_t n, const struct run *over, size_t m, struct runs *out)
{
    size_t base = out->n, i = 0;
    struct run part;
    int rc = 0;
    for (size_t j = 0; j < m && !rc; j++) {
        while (i < n && !rc && cut_before(&under[i], over[j].gfn, &part)) {
            rc = push_from(out, base, &part);
            i += !run_nr(&under[i]);
        }
        if (!rc)
            rc = push_from(out, base, &over[j]);
        for (; i < n; i++) {
            cut_below(&under[i], run_end(&over[j]));
            if (run_nr(&under[i]))
                break;
        }
    }
    for (; i < n && !rc; i++)
        rc = push_from(out, base, &under[i]);
    return rc;
}

/* Lists end at ends[0..n); merged two by two from src into dst. */
static int merge_round(struct runs *src, struct runs *dst, size_t *ends, size_t *n)
{
    size_t from = 0, out = 0;
    int rc = 0;
    dst->n = 0;
    for (size_t i = 0; i < *n && !rc; i += 2) {
        size_t mid = ends[i], to = i + 1 < *n ? ends[i + 1] : mid;
        rc = overlay(src->v + from, mid - from, src->v + mid, to - mid, dst);
        ends[out++] = dst->n;
        from = to;
    }
    *n = out;
    return rc;
}

static void swap(struct runs *a, struct runs *b)
{
    struct runs t = *a;
    *a = *b;
    *b = t;
}

static int merge_all(const struct runs *in, struct runs *out)
{
    struct runs a = {0};
    size_t n = in->n;
    size_t *ends = malloc(n * sizeof(*ends));
    int rc = ends ? xmi_runs_reserve(&a, n) : -ENOMEM;
    if (rc)
        goto out;
    memcpy(a.v, in->v, n * sizeof(*a.v));
    a.n = n;
    for (size_t i = 0; i < n; i++)
        ends[i] = i + 1;
    do {
        rc = merge_round(&a, out, ends, &n);
        swap(&a, out);
    } while (!rc && n > 1);
    swap(&a, out); /* the last round's result */
out:
    xmi_runs_free(&a);
    free(ends);
    return rc;
}

/* Sorted into out, b is room. False: true overlaps, out is as it may. */
static bool sort_into(const struct runs *in, struct runs *out, struct runs *b)
{
    memcpy(out->v, in->v, in->n * sizeof(*in->v));
    if (in->n <= FEW)
        insertion_sort(out->v, in->n);
    else if (radix_sort(out->v, b->v, in->n) != out->v)
        swap(out, b);
    return join_sorted(out->v, in->n, out);
}

int xmi_runs_normalize(const struct runs *in, struct runs *out)
{
    struct runs b = {0};
    out->n = 0;
    int rc = in->n ? xmi_runs_reserve(out, in->n) : 0;
    if (rc || !in->n)
        return rc;
    if (order_of(in) == SORT_SORTED) {
        join_sorted(in->v, in->n, out);
        return 0;
    }
    rc = in->n > FEW ? xmi_runs_reserve(&b, in->n) : 0;
    if (!rc && !sort_into(in, out, &b))
        rc = merge_all(in, out);
    xmi_runs_free(&b);
    return rc;
}
