/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which way a remote object is reached, and what the ways cost here. */
#include <xm/mpu-remote.h>

/* Xen's view does not change: looked for once. */
static int8_t look_in_xen(const struct xm_mpu *m, const struct xm_mpu_region *t)
{
    for (unsigned i = 0; i < m->xens; i++) {
        const struct xm_mpu_region *x = &m->xen[i];

        if (x->base > t->last || t->base > x->last)
            continue;
        if (x->sh != t->sh || x->attr != t->attr)
            return -XM_EINVAL;
        return x->base <= t->base && t->last <= x->last &&
               (t->ap == XM_MPU_EL2_RO || x->ap == XM_MPU_EL2_RW);
    }
    return 0;
}

/* The switch is always possible where the flip is. */
static int cheapest(const struct xm_mpu *m, bool window, bool flip, bool full)
{
    int best = -XM_EACCES;

    if (full)
        best = XM_MPU_BY_SWITCH;
    if (flip && m->cost[XM_MPU_BY_FLIP] <= m->cost[best])
        best = XM_MPU_BY_FLIP;
    if (window && (best < 0 || m->cost[XM_MPU_BY_WINDOW] <= m->cost[best]))
        best = XM_MPU_BY_WINDOW;
    return best;
}

/* What it takes with nothing of the guest's in the way, as most will: known without a look. */
static void expect(const struct xm_mpu *m, struct xm_mpu_target *t)
{
    bool xen = t->in_xen > 0;

    if (t->in_xen < 0 || cheapest(m, true, xen && m->flips, xen) != XM_MPU_BY_WINDOW)
        return;
    for (unsigned i = 0; i < XM_MPU_CORES; i++)
        t->seen[i].how = XM_MPU_BY_WINDOW;
}

int xm_mpu_target_init(const struct xm_mpu *m, struct xm_mpu_target *t, xm_mpu_reg addr, size_t len,
                       bool write, uint8_t sh, uint8_t attr)
{
    struct xm_mpu_region r = {.base = addr & ~(xm_mpu_reg)(XM_MPU_GRANULE - 1),
                              .last = (addr + len - 1) | (XM_MPU_GRANULE - 1),
                              .ap = write ? XM_MPU_EL2_RW : XM_MPU_EL2_RO,
                              .xn = 1,
                              .sh = sh,
                              .attr = attr};

    if (len == 0 || addr + len - 1 < addr || !xm_mpu_region_ok(&r))
        return -XM_EINVAL;
    for (unsigned i = 1; i <= m->own; i++) {
        if (xm_mpu_first(&m->slot[i]) <= r.last && r.base <= xm_mpu_last(&m->slot[i]))
            return -XM_EINVAL;
    }
    memset(t, 0, sizeof(*t));
    t->first = r.base;
    t->last = r.last;
    t->window = xm_mpu_encode(m->ops, &r);
    t->slices = xm_mpu_slices(m, r.base, r.last);
    t->write = write;
    t->in_xen = look_in_xen(m, &r);
    expect(m, t);
    return 0;
}

/* ---- the decision ---- */

/* What of the guest's is in the way of a window; MEETS_ALL: there is no need of one. */
enum meets { MEETS_NOTHING, MEETS_SOME, MEETS_ALL };

static int meets_guest(const struct xm_mpu *m, const struct xm_mpu_target *t)
{
    unsigned i = xm_mpu_find(m, t->first);
    const struct xm_mpu_slot *s;

    if (i == m->live)
        return MEETS_NOTHING;
    s = &m->slot[m->order[i]];
    if (xm_mpu_first(s) > t->last)
        return MEETS_NOTHING;
    /* Registers are compared as they are: shareability, and AttrIndx in limit[3:1]. */
    if (((s->base ^ t->window.base) >> m->ops->sh_shift & 3) != 0 ||
        ((s->limit ^ t->window.limit) & 14) != 0)
        return -XM_EINVAL;
    if (xm_mpu_first(s) > t->first || t->last > xm_mpu_last(s))
        return MEETS_SOME;
    if (t->write && (s->base >> m->ops->ap_shift & XM_MPU_EL2_RO) != 0)
        return MEETS_SOME;
    return MEETS_ALL;
}

int xm_mpu_decide(const struct xm_mpu *m, const struct xm_mpu_target *t)
{
    int guest = meets_guest(m, t);

    if (guest == MEETS_ALL)
        return XM_MPU_COVERED;
    if (guest < 0)
        return guest;
    if (t->in_xen < 0)
        return t->in_xen;
    return cheapest(m, guest == MEETS_NOTHING, t->in_xen > 0 && m->flips, t->in_xen > 0);
}

int xm_mpu_decide_anew(const struct xm_mpu *m, struct xm_mpu_target *t, unsigned core)
{
    int how = xm_mpu_decide(m, t);

    if (how > 0 && core < XM_MPU_CORES) {
        t->seen[core].how = (uint8_t)how;
        t->seen[core].stamp = m->stamp;
    }
    return how;
}

int xm_mpu_remote_begin(struct xm_mpu *m, struct xm_mpu_target *t, unsigned core)
{
    int how = xm_mpu_remote_begin_with(m, m->ops, t, core);

    if (how > 0)
        m->stats.how[how]++;
    return how;
}

void xm_mpu_remote_end(struct xm_mpu *m)
{
    xm_mpu_remote_end_with(m, m->ops);
}

bool xm_mpu_leave(struct xm_mpu *m)
{
    if (m->remote == XM_MPU_NONE)
        return true;
    xm_mpu_remote_end(m);
    return false;
}

/* ---- the cost table ---- */

static bool possible(const struct xm_mpu *m, const struct xm_mpu_target *t, int how)
{
    if (how == XM_MPU_BY_WINDOW)
        return true;
    return t->in_xen > 0 && (how == XM_MPU_BY_SWITCH || m->flips);
}

static uint16_t measure_one(struct xm_mpu *m, const struct xm_mpu_target *t, int how,
                            unsigned rounds, uint32_t (*now)(void *ctx), void *ctx)
{
    uint32_t total = 0, begin, each;

    for (unsigned i = 0; i < rounds; i++) {
        m->slot[XM_MPU_WINDOW].base = ~(xm_mpu_reg)0; /* as for a target that is new */
        begin = now(ctx);
        xm_mpu_open(m, m->ops, t, how);
        xm_mpu_remote_end(m);
        total += now(ctx) - begin;
    }
    each = total / rounds;
    if (each == 0)
        return 1;
    return each < UINT16_MAX ? (uint16_t)each : UINT16_MAX;
}

int xm_mpu_measure(struct xm_mpu *m, struct xm_mpu_target *probe, unsigned rounds,
                   uint32_t (*now)(void *ctx), void *ctx)
{
    if (m->remote != XM_MPU_NONE || m->changing)
        return -XM_EBUSY;
    if (rounds == 0 || meets_guest(m, probe) != MEETS_NOTHING)
        return -XM_EACCES;
    for (int how = XM_MPU_BY_WINDOW; how < XM_MPU_HOWS; how++) {
        if (possible(m, probe, how))
            m->cost[how] = measure_one(m, probe, how, rounds, now, ctx);
    }
    m->stamp++; /* what was decided without the table is not remembered */
    return 0;
}
