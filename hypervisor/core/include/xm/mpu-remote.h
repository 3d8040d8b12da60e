/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hypervisor reaches memory that the view of the running guest does not hold. Ways, the
 * cheapest that will do is taken: it is covered already; the window (region 0, 64 bytes and
 * more); one write of the enable register, to Xen's view that is resident; Xen's view
 * written in the place of the guest's.
 *
 *     how = xm_mpu_remote_begin(m, t);   // negative: not now, or never
 *     ... load, store ...
 *     xm_mpu_remote_end(m);
 *
 * Between the two nothing returns to a guest and nothing is begun again: -XM_EBUSY. None of the
 * ways gives EL1 a right. Every path to a guest passes xm_mpu_leave().
 *
 * The functions are inline so that a build that knows its ops at compile time gets the register
 * writes alone: xm_mpu_remote_begin_with(m, &my_ops, t).
 */
#ifndef XM_MPU_REMOTE_H
#define XM_MPU_REMOTE_H

#include <xm/mpu.h>

#define XM_MPU_CORES 8u /* that keep a decision of their own for a target */

/* A remote object; made once, used often. */
struct xm_mpu_target {
    xm_mpu_reg first, last;    /* widened to granules */
    struct xm_mpu_slot window; /* register values */
    uint32_t slices;
    bool write;
    int8_t
        in_xen; /* 1: in Xen's view, 0: not, or not to be written; -XM_EINVAL: other attributes */
    struct {
        uint64_t stamp; /* of the regions for which it was decided; 0: expected, not decided */
        uint8_t how;
    } seen[XM_MPU_CORES]; /* each is its core's */
};

/*
 * len bytes at addr, for Xen to read or to write. sh and attr must be those that its owner maps it
 * with. -XM_EINVAL: empty, wraps, or shares a granule with Xen's own regions.
 */
int xm_mpu_target_init(const struct xm_mpu *m, struct xm_mpu_target *t, xm_mpu_reg addr, size_t len,
                       bool write, uint8_t sh, uint8_t attr);

/* Looks for the way; enum xm_mpu_how. -XM_EINVAL: covered with other attributes; -XM_EACCES: not
 * in Xen's view either, or read-only there. */
int xm_mpu_decide(const struct xm_mpu *m, const struct xm_mpu_target *t);
/* The same, and remembers it. core: this one's number; from XM_MPU_CORES on it does not. */
int xm_mpu_decide_anew(const struct xm_mpu *m, struct xm_mpu_target *t, unsigned core);

/*
 * A way that will do, without looking at the guest's regions one by one; XM_MPU_NONE: look. A flip
 * does whatever they are, and where none is near a window does.
 */
static inline int xm_mpu_way(const struct xm_mpu *m, const struct xm_mpu_target *t, unsigned core)
{
    int how;

    if (core >= XM_MPU_CORES)
        return XM_MPU_NONE;
    how = t->seen[core].how;
    if (how == XM_MPU_BY_FLIP)
        return m->flips ? how : XM_MPU_NONE;
    if (how == XM_MPU_BY_WINDOW && (m->slices & t->slices) == 0)
        return how;
    return t->seen[core].stamp == m->stamp ? how : XM_MPU_NONE;
}

/* Opens a way that was decided for. */
static inline void xm_mpu_open(struct xm_mpu *m, const struct xm_mpu_ops *ops,
                               const struct xm_mpu_target *t, int how)
{
    struct xm_mpu_slot *w = &m->slot[XM_MPU_WINDOW];

    m->remote = (uint8_t)how;
    if (how == XM_MPU_BY_WINDOW) {
        /* The window is off: its registers may be written in any order. The last target's are
         * there still. */
        if (w->base != t->window.base || (w->limit | XM_MPU_EN) != t->window.limit) {
            *w = t->window;
            ops->base(m->hw, XM_MPU_WINDOW, w->base);
            ops->limit(m->hw, XM_MPU_WINDOW, w->limit);
            m->enabled |= 1u << XM_MPU_WINDOW;
        } else {
            m->enabled |= 1u << XM_MPU_WINDOW;
            ops->enable(m->hw, m->enabled);
        }
        ops->sync(m->hw);
    } else if (how == XM_MPU_BY_FLIP) {
        m->restore = m->enabled;
        m->enabled = m->flipped;
        ops->enable(m->hw, m->enabled);
        ops->sync(m->hw);
    } else if (how == XM_MPU_BY_SWITCH) {
        xm_mpu_switch_to_xen(m);
    }
}

static inline int xm_mpu_remote_begin_with(struct xm_mpu *m, const struct xm_mpu_ops *ops,
                                           struct xm_mpu_target *t, unsigned core)
{
    int how;

    if (m->remote != XM_MPU_NONE || m->changing)
        return -XM_EBUSY;
    how = xm_mpu_way(m, t, core);
    if (how == XM_MPU_NONE)
        how = xm_mpu_decide_anew(m, t, core);
    if (how > 0)
        xm_mpu_open(m, ops, t, how);
    return how;
}

static inline void xm_mpu_remote_end_with(struct xm_mpu *m, const struct xm_mpu_ops *ops)
{
    uint8_t how = m->remote;

    if (how == XM_MPU_BY_WINDOW) {
        m->enabled &= ~(1u << XM_MPU_WINDOW);
        ops->enable(m->hw, m->enabled);
        ops->sync(m->hw);
    } else if (how == XM_MPU_BY_FLIP) {
        m->enabled = m->restore;
        ops->enable(m->hw, m->enabled);
        ops->sync(m->hw);
    } else if (how == XM_MPU_BY_SWITCH) {
        xm_mpu_switch_back(m);
    }
    m->remote = XM_MPU_NONE;
}

/*
 * All of it for one word, *p |= bits, p being in t, where xm_mpu_way() knows one that is no full
 * switch: how it went, or XM_MPU_NONE: not now, begin and end will tell. The enable register is as
 * before when a flip ends, so the shadow need not follow it.
 */
static inline int xm_mpu_remote_or_fast(struct xm_mpu *m, const struct xm_mpu_ops *ops,
                                        struct xm_mpu_target *t, unsigned core,
                                        volatile uint32_t *p, uint32_t bits)
{
    int how;

    if (m->remote != XM_MPU_NONE || m->changing)
        return XM_MPU_NONE;
    how = xm_mpu_way(m, t, core);
    if (how == XM_MPU_BY_FLIP) {
        uint32_t enabled = m->enabled;

        m->remote = XM_MPU_BY_FLIP;
        m->restore = enabled;
        ops->enable(m->hw, m->flipped);
        ops->sync(m->hw);
        *p |= bits;
        ops->enable(m->hw, enabled);
        ops->sync(m->hw);
        m->remote = XM_MPU_NONE;
    } else if (how == XM_MPU_BY_WINDOW) {
        xm_mpu_open(m, ops, t, XM_MPU_BY_WINDOW);
        *p |= bits;
        m->enabled &= ~(1u << XM_MPU_WINDOW);
        ops->enable(m->hw, m->enabled);
        ops->sync(m->hw);
        m->remote = XM_MPU_NONE;
    } else if (how == XM_MPU_COVERED) {
        *p |= bits;
    } else {
        return XM_MPU_NONE;
    }
    return how;
}

/* The way taken, or a negative errno and nothing to end. */
int xm_mpu_remote_begin(struct xm_mpu *m, struct xm_mpu_target *t, unsigned core);
/* Without a begin: nothing. */
void xm_mpu_remote_end(struct xm_mpu *m);

/*
 * On every path to a guest: ends what was left open. False: something was, which is a defect to
 * be reported; the guest sees none of it.
 */
bool xm_mpu_leave(struct xm_mpu *m);

/*
 * Fills the cost table: each way that is possible is taken `rounds` times for a target in Xen's
 * view that the guest's regions leave alone, timed by now(); units are its own. Until then window,
 * flip, switch are preferred in this order, and targets made till then may stay with the one that
 * they had. -XM_EBUSY; -XM_EACCES: no such target.
 */
int xm_mpu_measure(struct xm_mpu *m, struct xm_mpu_target *probe, unsigned rounds,
                   uint32_t (*now)(void *ctx), void *ctx);

#endif
