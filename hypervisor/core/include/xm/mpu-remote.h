/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the hypervisor reaches memory of guests on an MPU; event channels over it. */
#ifndef XM_MPU_REMOTE_H
#define XM_MPU_REMOTE_H

#include <xm/mpu.h>

/* ==== remote access ==== */

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

/* ==== event channels ==== */

/*
 * Event channels (the 2-level interface) for guests on an MPU. shared_info and vcpu_info are
 * pages of the guest: it hands them in, what was kept for it till then is copied, and a
 * pointer is switched. Nothing is allocated. Until then events go to a dummy inside
 * struct xm_mpu_evtchn, which begins as zeroes.
 *
 * Senders and a registrar may run on different cores without a lock; no event is lost, one
 * may be delivered twice. Words have 64 bits on 32-bit machines, too (public/arch-arm.h).
 */

#define XM_EVTCHN_WORDS 64u /* of 64 ports each, in a shared_info */
/* Offsets in struct shared_info and struct vcpu_info on Arm. */
#define XM_SHARED_VCPU_INFO 0u
#define XM_SHARED_PENDING 48u
#define XM_SHARED_MASK (XM_SHARED_PENDING + 8 * XM_EVTCHN_WORDS)
#define XM_SHARED_INFO_BYTES (XM_SHARED_MASK + 8 * XM_EVTCHN_WORDS + 32)
#define XM_VCPU_UPCALL_PENDING 0u /* one byte */
#define XM_VCPU_PENDING_SEL 8u
#define XM_VCPU_INFO_BYTES 48u

/*
 * What it asks of its surroundings. Words are naturally aligned, in guest memory between open and
 * close; each function is one indivisible step, ordered with all others (sequentially consistent).
 */
struct xm_evtchn_ops {
    uint64_t (*load)(void *ctx, const uint64_t *p);
    void (*store)(void *ctx, uint64_t *p, uint64_t v);
    uint64_t (*fetch_or)(void *ctx, uint64_t *p, uint64_t bits); /* the value before */
    /* *p from 0 to v. False: it was not 0. */
    bool (*claim)(void *ctx, uint64_t *p, uint64_t v);
    /* So many bytes at addr of guest memory, remote or not, to read and write; NULL: no way. One at
     * a time. */
    uint64_t *(*open)(void *ctx, uint64_t addr, size_t bytes);
    void (*close)(void *ctx);
    /* The vCPU is to look at its vcpu_info (a virtual interrupt). */
    void (*kick)(void *ctx, uint32_t vcpu);
};

struct xm_mpu_evtchn_vcpu {
    uint64_t claim;    /* of an explicit registration: 1 from its begin on */
    uint64_t at;       /* 0: the dummy; else the address, bit 0 set */
    uint64_t dummy[2]; /* upcall_pending, evtchn_pending_sel */
};

struct xm_mpu_evtchn {
    const struct xm_evtchn_ops *ops;
    void *ctx;
    uint64_t claim, at; /* of shared_info, likewise */
    uint64_t *dummy;    /* pending words before registration */
    uint32_t words;     /* of them; ports: 64 times as many */
    uint32_t vcpus;
    struct xm_mpu_evtchn_vcpu *vcpu;
};

/* dummy: words of them (1 to 64); vcpu: vcpus of them; both are zeroed here. -XM_EINVAL. */
int xm_mpu_evtchn_init(struct xm_mpu_evtchn *e, const struct xm_evtchn_ops *ops, void *ctx,
                       uint64_t *dummy, uint32_t words, struct xm_mpu_evtchn_vcpu *vcpu,
                       uint32_t vcpus);

/*
 * The guest's page at addr (aligned to a page) becomes shared_info; vCPU 0's vcpu_info moves
 * into it unless it was registered before. The page's own contents are kept, but for the
 * pending words, which are those of the dummy.
 * -XM_EBUSY: registered before; -XM_EINVAL: alignment; -XM_EFAULT: out of reach, nothing changed.
 */
int xm_mpu_evtchn_shared_info(struct xm_mpu_evtchn *e, uint64_t addr);
/* The same for a vCPU's vcpu_info: aligned to 8 bytes, within a page. -XM_ENOENT: no such vCPU. */
int xm_mpu_evtchn_vcpu_info(struct xm_mpu_evtchn *e, uint32_t vcpu, uint64_t addr);

/*
 * Port becomes pending for vcpu: the bit in shared_info, and if it is new and not masked, the
 * selector, upcall_pending and a kick, in this order. 0 or 1 (was pending or masked).
 * -XM_EINVAL: no such port or vCPU; -XM_EFAULT: a page could not be reached.
 */
int xm_mpu_evtchn_send(struct xm_mpu_evtchn *e, uint32_t vcpu, uint32_t port);

#endif
