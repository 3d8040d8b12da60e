/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mpu-scenario.h"

#define OK XM_MPU_FAULT_LOADED
#define NO XM_MPU_FAULT_DENIED
#define ONCE XM_MPU_FAULT_ONCE
#define HOLE XM_MPU_FAULT_HOLE
#define R XM_DO_R
#define W XM_DO_W
#define X XM_DO_X
#define FAR MPU_BED_FAR
#define XEN MPU_BED_XEN

#define RIGHTS(page, a, r, w, x) \
    {MPU_SET, (a), (page), 1, 0}, {MPU_DO, R, (page), 1, (r)}, {MPU_DO, W, (page), 1, (w)}, \
    { \
        MPU_DO, X, (page), 1, (x) \
    }

/* Ten rights and three accesses; what has no encoding is allowed once at a time, or not. */
static const struct mpu_step rights[] = {
    RIGHTS(1, XM_ACCESS_N, NO, NO, NO),
    RIGHTS(3, XM_ACCESS_R, OK, NO, NO),
    RIGHTS(5, XM_ACCESS_W, NO, ONCE, NO),
    RIGHTS(7, XM_ACCESS_RW, OK, OK, NO),
    RIGHTS(9, XM_ACCESS_X, NO, NO, ONCE),
    RIGHTS(11, XM_ACCESS_RX, OK, NO, OK),
    RIGHTS(13, XM_ACCESS_WX, NO, ONCE, ONCE),
    RIGHTS(15, XM_ACCESS_RWX, OK, OK, OK),
    RIGHTS(17, XM_ACCESS_RX2RW, OK, NO, OK),
    RIGHTS(19, XM_ACCESS_N2RWX, NO, NO, NO),
    {MPU_DO, R, 0, 1, OK},
    {MPU_DO, W, 2, 1, OK},
    {MPU_DO, X, 4, 1, OK},
    /* And again: nothing of the once was left. */
    {MPU_DO, W, 5, 1, ONCE},
    {MPU_DO, R, 5, 1, NO},
    {MPU_DO, W, 13, 1, ONCE},
    {MPU_DO, R, 13, 1, NO},
    {MPU_SET, XM_ACCESS_RWX, 0, MPU_BED_PAGES, 0},
    {MPU_DO, R, 0, MPU_BED_PAGES, OK},
    {MPU_DO, W, 0, MPU_BED_PAGES, OK},
};

/* Not the guest's: before it, behind it, Xen's own. */
static const struct mpu_step holes[] = {
    {MPU_DO, R, MPU_BED_PAGES, 1, HOLE},
    {MPU_DO, W, MPU_BED_PAGES, 1, HOLE},
    {MPU_DO, R, FAR, 1, HOLE},
    {MPU_DO, X, FAR, 1, HOLE},
    {MPU_DO, R, XEN, 1, HOLE},
    {MPU_DO, W, XEN, 1, HOLE},
    {MPU_DO, W, 0, 1, OK},
};

/* Three regions at first, each page apart makes two more: the fifth is one too many. */
static const struct mpu_step whole[] = {
    {MPU_SET, XM_ACCESS_R, 1, 1, 0},
    {MPU_SET, XM_ACCESS_R, 3, 1, 0},
    {MPU_SET, XM_ACCESS_R, 5, 1, 0},
    {MPU_SET, XM_ACCESS_R, 7, 1, 0},
    {MPU_SET, XM_ACCESS_R, 9, 1, -XM_ENOSPC},
    {MPU_DO, W, 9, 1, OK},
    {MPU_DO, W, 7, 1, NO},
    /* Neighbours merge: room again. */
    {MPU_SET, XM_ACCESS_R, 2, 1, 0},
    {MPU_SET, XM_ACCESS_R, 9, 1, 0},
    {MPU_DO, W, 9, 1, NO},
    {MPU_DO, R, 0, MPU_BED_PAGES, OK},
    {MPU_SET, XM_ACCESS_N, 20, 1, -XM_ENOSPC},
    {MPU_DO, R, 20, 1, OK},
};

#define TWO(p) \
    {MPU_SET, XM_ACCESS_R, (p), 1, 0}, \
    { \
        MPU_SET, XM_ACCESS_RX, (p) + 2, 1, 0 \
    }
#define EIGHT(p) TWO(p), TWO((p) + 4), TWO((p) + 8), TWO((p) + 12)
#define ALL(p) \
    {MPU_DO, R, (p), 4, OK}, {MPU_DO, W, (p), 1, NO}, {MPU_DO, W, (p) + 1, 1, OK}, \
        {MPU_DO, X, (p), 1, NO}, {MPU_DO, X, (p) + 2, 1, OK}, \
    { \
        MPU_DO, W, (p) + 2, 1, NO \
    }

/* Five times as many ranges as regions. */
static const struct mpu_step demand[] = {
    EIGHT(0),
    EIGHT(16),
    EIGHT(32),
    EIGHT(48),
    ALL(0),
    ALL(20),
    ALL(40),
    ALL(60),
    ALL(4),
    ALL(52),
    ALL(16),
    ALL(0),
    ALL(36),
    ALL(8),
    {MPU_DO, R, 0, MPU_BED_PAGES, OK},
    {MPU_DO, R, 0, MPU_BED_PAGES, OK},
    /* A change while some are loaded: these are followed, those that left do not come back. */
    {MPU_SET, XM_ACCESS_N, 30, 20, 0},
    {MPU_DO, R, 30, 20, NO},
    {MPU_DO, R, 50, 14, OK},
    {MPU_SET, XM_ACCESS_RWX, 0, MPU_BED_PAGES, 0},
    {MPU_DO, W, 0, MPU_BED_PAGES, OK},
};

static const struct mpu_step remote[] = {
    {MPU_SET, XM_ACCESS_R, 10, 2, 0},
    {MPU_NAIVE, W, FAR, 1, 0},
    {MPU_NAIVE, R, FAR, 1, 0},
    {MPU_NAIVE, W, 0, 1, 1},
    {MPU_NAIVE, W, 10, 1, 0},
    {MPU_NAIVE, R, 10, 1, 1},
    {MPU_REMOTE, W, 0, 1, XM_MPU_COVERED},
    {MPU_REMOTE, R, 10, 2, XM_MPU_COVERED},
    {MPU_REMOTE, W, FAR, 1, XM_MPU_BY_WINDOW},
    {MPU_REMOTE, R, FAR, 1, XM_MPU_BY_WINDOW},
    {MPU_REMOTE, W, FAR, 4, XM_MPU_BY_WINDOW},
    {MPU_REMOTE, W, FAR + 1, 1, XM_MPU_BY_WINDOW},
    {MPU_REMOTE, W, FAR + 1, 1, XM_MPU_BY_WINDOW}, /* the last target again */
    /* Read-only for the guest is read-only for EL2; half covered: neither of these by a window. */
    {MPU_REMOTE, W, 10, 1, XM_MPU_BY_FLIP},
    {MPU_REMOTE, W, MPU_BED_PAGES - 1, 2, XM_MPU_BY_FLIP},
    {MPU_REMOTE, W, XEN, 1, -XM_EINVAL},
    {MPU_DO, W, 10, 1, NO},
    {MPU_DO, R, FAR, 1, HOLE},
    {MPU_DO, W, 0, 1, OK},
};

/* All regions in use: the window is there nevertheless, and so is Xen's view. */
static const struct mpu_step exhausted[] = {
    EIGHT(0),
    EIGHT(16),
    {MPU_DO, R, 0, MPU_BED_PAGES, OK},
    {MPU_REMOTE, W, FAR, 1, XM_MPU_BY_WINDOW},
    {MPU_DO, R, FAR, 1, HOLE},
    {MPU_DO, R, 0, 33, OK},
    {MPU_REMOTE, W, 32, 2, XM_MPU_COVERED},
    {MPU_REMOTE, W, FAR + 2, 1, XM_MPU_BY_WINDOW},
    {MPU_DO, R, 0, 3, OK},
    {MPU_REMOTE, W, 1, 2, XM_MPU_BY_FLIP},
    {MPU_DO, W, 2, 1, NO},
    {MPU_NAIVE, W, FAR, 1, 0},
};

#define SCENARIO(what, how) \
    { \
#what, (how), (what), sizeof(what) / sizeof((what)[0]) \
    }
const struct mpu_scenario mpu_scenarios[] = {
    SCENARIO(rights, XM_MPU_DEMAND), SCENARIO(holes, XM_MPU_WHOLE),
    SCENARIO(whole, XM_MPU_WHOLE),   SCENARIO(demand, XM_MPU_DEMAND),
    SCENARIO(remote, XM_MPU_DEMAND), SCENARIO(exhausted, XM_MPU_DEMAND),
};
const unsigned mpu_scenario_count = sizeof(mpu_scenarios) / sizeof(mpu_scenarios[0]);

/* ---- playing ---- */

static uintptr_t address(const struct mpu_bed *b, const struct mpu_step *s, unsigned page)
{
    if (s->first == MPU_BED_XEN)
        return b->xen_data;
    return (uintptr_t)((b->first + s->first + page) << XM_PAGE_SHIFT);
}

/* Open: EL2 may. Closed: it may what it might before, and so may the guest, whom nobody asks here. */
static int play_remote(struct mpu_bed *b, const struct mpu_step *s)
{
    uintptr_t addr = address(b, s, 0), last = addr + s->pages * XM_PAGE_SIZE - 4;
    bool first_before = b->el2(b, addr, s->arg), last_before = b->el2(b, last, s->arg);
    struct xm_mpu_target t;
    int how = xm_mpu_target_init(b->m, &t, addr, s->pages * XM_PAGE_SIZE, s->arg == W, b->sh,
                                 b->attr);

    if (how == 0)
        how = xm_mpu_remote_begin(b->m, &t, b->core);
    if (how < 0)
        return how;
    if (!b->el2(b, addr, s->arg) || !b->el2(b, last, s->arg))
        return -XM_EFAULT;
    if (xm_mpu_remote_begin(b->m, &t, b->core) != -XM_EBUSY)
        return -XM_EAGAIN;
    xm_mpu_remote_end(b->m);
    if (b->el2(b, addr, s->arg) != first_before || b->el2(b, last, s->arg) != last_before)
        return -XM_EPERM;
    return how;
}

static int play(struct mpu_bed *b, const struct mpu_step *s, unsigned page)
{
    uintptr_t addr = address(b, s, page);

    switch (s->act) {
    case MPU_SET: return b->set(b, b->first + s->first, s->pages, (enum xm_access)s->arg);
    case MPU_DO: return b->guest(b, addr, s->arg);
    case MPU_NAIVE: return b->el2(b, addr, s->arg);
    default: return play_remote(b, s);
    }
}

bool mpu_scenario_play(struct mpu_bed *b, const struct mpu_scenario *s, struct mpu_failure *f)
{
    *f = (struct mpu_failure){.got = b->start(b, s->mode)};
    if (f->got != 0)
        return false;
    for (; f->step < s->steps; f->step++) {
        const struct mpu_step *step = &s->step[f->step];
        unsigned turns = step->act == MPU_DO || step->act == MPU_NAIVE ? step->pages : 1;

        for (f->page = 0; f->page < turns; f->page++) {
            f->expected = step->expect;
            f->got = play(b, step, f->page);
            if (f->got != f->expected)
                return false;
        }
    }
    return true;
}
