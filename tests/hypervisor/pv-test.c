/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pv-test.h"

bool foreign[END];
unsigned drops, blows;
uint64_t dropped;
struct xm_pv pv;

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    ck_assert_uint_lt(mfn.n, END);
    ck_assert(fake_holds(XM_RANK_RIGHTS)); /* so that a frame which leaves waits */
    return !foreign[mfn.n];
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    ck_assert(!fake_holds(XM_RANK_RIGHTS)); /* takes locks of its own */
    drops++;
    dropped = mfn.n;
    return true;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
    ck_assert(!fake_holds(XM_RANK_RIGHTS));
    blows++;
}

static const struct xm_pv_hooks hooks = {.owned = owned, .drop = drop, .blow = blow};

void start(enum xm_pv_default semantics)
{
    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    memset(foreign, 0, sizeof(foreign));
    drops = blows = 0;
    xm_pv_init(&pv, NULL, &hooks, END);
    pv.semantics = (uint8_t)semantics;
    xm_pv_on(&pv);
}

void end(void)
{
    blows = 0;
    fake.preempt = false;
    xm_pv_off(&pv);
    ck_assert_uint_eq(blows, 1);
    ck_assert_int_eq(xm_pv_reap(&pv), 0);
    ck_assert_uint_eq(fake.bytes, 0);
    ck_assert(xm_pv_idle(&pv));
}

int set(uint64_t first, uint32_t nr, enum xm_access a, bool *flush)
{
    uint32_t from = 0;
    int rc;

    *flush = false;
    do {
        rc = xm_pv_set(&pv, first, nr, &from, a, flush);
        ck_assert_uint_eq(from % 64, 0);
    } while (rc == XM_CONTINUE);
    return rc;
}

enum xm_access get(uint64_t mfn)
{
    enum xm_access a = XM_ACCESS_COUNT;

    ck_assert_int_eq(xm_pv_get(&pv, mfn, &a), 0);
    return a;
}
