/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A change of the guest's regions, in two steps with a sync between them where both are needed:
 * what goes or shrinks, then what comes or grows. After the first step what is on is part
 * of the new view, whatever its order, so that in the second nothing can overlap.
 */
#include <xm/mpu.h>

enum act {
    KEEP,   /* is there already */
    SHRINK, /* a lower limit: one write, first step */
    GROW,   /* a higher limit: one write, second step */
    RIGHTS, /* the same addresses: one write of the base register, with the base as it was */
    REVIVE, /* is in registers that are off */
    LOAD    /* base and limit */
};

struct change {
    struct xm_mpu *m;
    const struct xm_mpu_region *r;
    unsigned n;
    uint8_t act[XM_MPU_REGIONS_MAX]; /* per new region */
    uint8_t slot[XM_MPU_REGIONS_MAX];
    uint32_t taken[XM_MPU_REGIONS_MAX / 32]; /* registers that a new region has */
    uint32_t stays[XM_MPU_REGIONS_MAX / 32]; /* of them, those that are on all the time */
    unsigned acts[LOAD + 1];
    unsigned off; /* live ones that go */
};

static bool has(const uint32_t *set, unsigned i)
{
    return (set[i / 32] >> (i % 32) & 1) != 0;
}

static void assign(struct change *c, unsigned k, unsigned slot, enum act act)
{
    c->slot[k] = (uint8_t)slot;
    c->act[k] = (uint8_t)act;
    c->taken[slot / 32] |= UINT32_C(1) << (slot % 32);
    c->acts[act]++;
}

/* ---- checks ---- */

static bool meets_own(const struct xm_mpu *m, const struct xm_mpu_region *r)
{
    for (unsigned i = 1; i <= m->own; i++) {
        if (xm_mpu_first(&m->slot[i]) <= r->last && r->base <= xm_mpu_last(&m->slot[i]))
            return true;
    }
    return false;
}

static int check(const struct xm_mpu *m, const struct xm_mpu_region *r, unsigned n)
{
    if (m->changing || m->remote != XM_MPU_NONE)
        return -XM_EBUSY;
    for (unsigned i = 0; i < n; i++) {
        if (!xm_mpu_region_ok(&r[i]) || meets_own(m, &r[i]))
            return -XM_EINVAL;
        if (i > 0 && r[i].base <= r[i - 1].last)
            return -XM_EINVAL;
    }
    return n <= xm_mpu_budget(m) ? 0 : -XM_ENOSPC;
}

/* ---- what to do ---- */

/* A live region that begins where r does. False: only by loading it afresh. */
static bool match(struct change *c, unsigned k, unsigned slot)
{
    struct xm_mpu_slot want = xm_mpu_encode(c->m->ops, &c->r[k]);
    const struct xm_mpu_slot *have = &c->m->slot[slot];
    bool limit = ((want.limit ^ have->limit) & ~XM_MPU_EN) == 0;
    bool attr = ((want.limit ^ have->limit) & (XM_MPU_GRANULE - 1) & ~XM_MPU_EN) == 0;

    if (want.base == have->base && limit)
        assign(c, k, slot, KEEP);
    else if (want.base == have->base && attr)
        assign(c, k, slot, want.limit < have->limit ? SHRINK : GROW);
    else if (limit)
        assign(c, k, slot, RIGHTS);
    else
        return false;
    return true;
}

/* Both are in order of address. */
static void match_live(struct change *c)
{
    unsigned i = 0, k = 0;

    while (i < c->m->live && k < c->n) {
        unsigned slot = c->m->order[i];
        xm_mpu_reg first = xm_mpu_first(&c->m->slot[slot]);

        if (first == c->r[k].base)
            (void)match(c, k, slot);
        if (first <= c->r[k].base)
            i++;
        if (first >= c->r[k].base)
            k++;
    }
}

static void count_off(struct change *c)
{
    memcpy(c->stays, c->taken, sizeof(c->stays));
    for (unsigned i = 0; i < c->m->live; i++)
        c->off += !has(c->stays, c->m->order[i]);
}

/* Registers that are off and hold r: a view that was here before needs no writing. */
static bool revive(struct change *c, unsigned k)
{
    struct xm_mpu_slot want = xm_mpu_encode(c->m->ops, &c->r[k]);

    for (unsigned i = c->m->first_guest; i < c->m->nr; i++) {
        const struct xm_mpu_slot *s = &c->m->slot[i];

        if (s->base == want.base && ((s->limit ^ want.limit) & ~XM_MPU_EN) == 0 &&
            !has(c->taken, i) && !xm_mpu_on(c->m, i)) {
            assign(c, k, i, REVIVE);
            return true;
        }
    }
    return false;
}

/* The next of the guest's registers, in a ring. */
static unsigned behind(const struct xm_mpu *m, unsigned slot)
{
    return slot + 1u < m->nr ? slot + 1u : m->first_guest;
}

/* Those that were off already first, beginning behind the last ones used: others stay longer. */
static unsigned place(const struct change *c)
{
    unsigned slot = c->m->oldest, n = xm_mpu_budget(c->m), going = 0;

    for (; n > 0; n--, slot = behind(c->m, slot)) {
        if (has(c->taken, slot))
            continue;
        if (!xm_mpu_on(c->m, slot))
            return slot;
        if (going == 0)
            going = slot;
    }
    return going;
}

static void place_rest(struct change *c)
{
    for (unsigned k = 0; k < c->n; k++) {
        if (c->act[k] == LOAD)
            (void)revive(c, k);
    }
    for (unsigned k = 0; k < c->n; k++) {
        if (c->act[k] == LOAD) {
            assign(c, k, place(c), LOAD);
            c->m->oldest = (uint16_t)behind(c->m, c->slot[k]);
        }
    }
}

static void plan(struct change *c)
{
    memset(c->act, LOAD, c->n);
    memset(c->taken, 0, sizeof(c->taken));
    memset(c->acts, 0, sizeof(c->acts));
    c->off = 0;
    match_live(c);
    count_off(c);
    place_rest(c);
}

/* ---- doing it ---- */

static void turn_off(const struct change *c)
{
    struct xm_mpu *m = c->m;
    uint32_t bits = m->enabled;

    for (unsigned i = 0; i < m->live; i++) {
        unsigned slot = m->order[i];

        if (has(c->stays, slot))
            continue;
        if (slot < XM_MPU_ENABLE_BITS)
            bits &= ~(UINT32_C(1) << slot);
        else
            xm_mpu_write_limit(m, slot, m->slot[slot].limit & ~XM_MPU_EN);
    }
    if (bits != m->enabled)
        xm_mpu_write_enable(m, bits);
}

static void do_one(const struct change *c, unsigned k, uint32_t *revived)
{
    struct xm_mpu_slot want = xm_mpu_encode(c->m->ops, &c->r[k]);
    unsigned slot = c->slot[k];

    switch (c->act[k]) {
    case RIGHTS: xm_mpu_write_base(c->m, slot, want.base); break;
    case GROW: xm_mpu_write_limit(c->m, slot, want.limit); break;
    case REVIVE:
        if (slot < XM_MPU_ENABLE_BITS)
            *revived |= UINT32_C(1) << slot;
        else
            xm_mpu_write_limit(c->m, slot, want.limit);
        break;
    case LOAD:
        xm_mpu_write_base(c->m, slot, want.base);
        xm_mpu_write_limit(c->m, slot, want.limit);
        break;
    default: break;
    }
}

static void first_step(const struct change *c)
{
    if (c->off != 0)
        turn_off(c);
    for (unsigned k = 0; k < c->n; k++) {
        if (c->act[k] == SHRINK)
            xm_mpu_write_limit(c->m, c->slot[k], xm_mpu_encode(c->m->ops, &c->r[k]).limit);
    }
}

static void second_step(const struct change *c)
{
    uint32_t revived = 0;

    for (unsigned k = 0; k < c->n; k++)
        do_one(c, k, &revived);
    if (revived != 0)
        xm_mpu_write_enable(c->m, c->m->enabled | revived);
}

static void note(const struct change *c)
{
    struct xm_mpu *m = c->m;

    memcpy(m->order, c->slot, c->n);
    m->live = (uint16_t)c->n;
    m->high = 0;
    for (unsigned k = 0; k < c->n; k++)
        m->high = (uint16_t)(m->high + (c->slot[k] >= XM_MPU_ENABLE_BITS));
    xm_mpu_settle(m);
}

static void carry_out(const struct change *c)
{
    bool less = c->off + c->acts[SHRINK] != 0;
    bool more = c->acts[GROW] + c->acts[RIGHTS] + c->acts[REVIVE] + c->acts[LOAD] != 0;

    if (!less && !more)
        return;
    c->m->changing = true;
    first_step(c);
    if (less)
        xm_mpu_sync(c->m);
    if (more) {
        second_step(c);
        xm_mpu_sync(c->m);
    }
    note(c);
    c->m->changing = false;
}

int xm_mpu_load(struct xm_mpu *m, const struct xm_mpu_region *r, unsigned n)
{
    struct change c = {.m = m, .r = r, .n = n};
    int rc = check(m, r, n);

    if (rc != 0)
        return rc;
    plan(&c);
    carry_out(&c);
    m->view = NULL;
    m->stats.loads++;
    return 0;
}

/* ---- one more ---- */

static void forget(struct xm_mpu *m, unsigned slot)
{
    unsigned i = 0, k;

    while (m->order[i] != slot)
        i++;
    for (k = i + 1; k < m->live; k++)
        m->order[k - 1] = m->order[k];
    m->live--;
    m->high = (uint16_t)(m->high - (slot >= XM_MPU_ENABLE_BITS));
}

static void remember(struct xm_mpu *m, unsigned slot, unsigned at)
{
    for (unsigned k = m->live; k > at; k--)
        m->order[k] = m->order[k - 1];
    m->order[at] = (uint8_t)slot;
    m->live++;
    m->high = (uint16_t)(m->high + (slot >= XM_MPU_ENABLE_BITS));
}

/* The next in turn of those that are on, or off. */
static unsigned in_turn(const struct xm_mpu *m, bool on)
{
    unsigned slot = m->oldest;

    while (xm_mpu_on(m, slot) != on)
        slot = behind(m, slot);
    return slot;
}

static unsigned make_room(struct xm_mpu *m)
{
    unsigned slot = in_turn(m, true);

    if (slot < XM_MPU_ENABLE_BITS)
        xm_mpu_write_enable(m, m->enabled & ~(UINT32_C(1) << slot));
    else
        xm_mpu_write_limit(m, slot, m->slot[slot].limit & ~XM_MPU_EN);
    xm_mpu_sync(m);
    forget(m, slot);
    m->oldest = (uint16_t)behind(m, slot);
    m->stats.evictions++;
    return slot;
}

int xm_mpu_fill(struct xm_mpu *m, const struct xm_mpu_region *r, unsigned at_most)
{
    unsigned budget = xm_mpu_budget(m), at, slot;
    struct xm_mpu_slot want = xm_mpu_encode(m->ops, r);
    int rc = check(m, r, 1);

    if (rc != 0)
        return rc;
    at = xm_mpu_find(m, r->base);
    if (at < m->live && xm_mpu_first(&m->slot[m->order[at]]) <= r->last)
        return -XM_EEXIST;
    m->changing = true;
    if (m->live >= (at_most != 0 && at_most < budget ? at_most : budget))
        slot = make_room(m);
    else
        slot = in_turn(m, false);
    xm_mpu_write_base(m, slot, want.base);
    xm_mpu_write_limit(m, slot, want.limit);
    xm_mpu_sync(m);
    remember(m, slot, xm_mpu_find(m, r->base));
    xm_mpu_settle(m);
    m->stats.fills++;
    m->changing = false;
    return 0;
}
