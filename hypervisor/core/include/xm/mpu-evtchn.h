/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Event channels (the 2-level interface) for guests on an MPU. shared_info and vcpu_info are
 * pages of the guest: it hands them in, what was kept for it till then is copied, and a
 * pointer is switched. Nothing is allocated. Until then events go to a dummy inside
 * struct xm_mpu_evtchn, which begins as zeroes.
 *
 * Senders and a registrar may run on different cores without a lock; no event is lost, one
 * may be delivered twice. Words have 64 bits on 32-bit machines, too (public/arch-arm.h).
 */
#ifndef XM_MPU_EVTCHN_H
#define XM_MPU_EVTCHN_H

#include <xm/mpu-remote.h>

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
