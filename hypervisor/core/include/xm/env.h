/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The environment contract: all that the core asks of its surroundings. The
 * surroundings (inside Xen, a bare-metal image, the simulator) give
 * <xm_env_types.h>, which defines struct xm_lock, and these functions; the core's undefined
 * symbols are checked against this list (hypervisor/core/contract.txt).
 *
 * xm_env_dom and xm_env_vcpu are opaque to the core: it hands back what it was given.
 */
#ifndef XM_ENV_H
#define XM_ENV_H

#include <xm/types.h>
#include <xm_env_types.h>

struct xm_env_dom;

/* Lock ranks, outer to inner; taking an outer one while an inner one is held panics. */
enum xm_lock_rank {
    XM_RANK_DOMAIN = 1,
    XM_RANK_P2M,
    XM_RANK_SHARING,
    XM_RANK_ALTP2M_LIST,
    XM_RANK_ALTP2M,
    XM_RANK_PAGING,
    XM_RANK_RING,
    XM_RANK_RIGHTS,
    XM_RANK_L4
};

/* Frames and memory. alloc: zeroed, NULL or invalid mfn when there is none left. */
void *xm_env_alloc(size_t bytes);
void xm_env_free(void *p, size_t bytes);
xm_mfn_t xm_env_frame_alloc(struct xm_env_dom *d);
void xm_env_frame_free(struct xm_env_dom *d, xm_mfn_t mfn);
void *xm_env_frame_map(xm_mfn_t mfn);
void xm_env_frame_unmap(void *p);

/* Page-table words that another CPU may read at any time. */
uint64_t xm_env_pte_read(const uint64_t *p);
void xm_env_pte_write(uint64_t *p, uint64_t v);

/* Second-stage translations of all vCPUs of d; view ~0u: of every view. */
void xm_env_tlb_flush(struct xm_env_dom *d, unsigned view);

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank);
void xm_env_lock(struct xm_lock *l);
void xm_env_unlock(struct xm_lock *l);

/* vCPU control. pause and unpause are counted. */
void xm_env_vcpu_pause(struct xm_env_dom *d, uint32_t vcpu);
void xm_env_vcpu_unpause(struct xm_env_dom *d, uint32_t vcpu);
/* A vCPU of which the ring is full sleeps until a wake; it retries its access then. */
void xm_env_vcpu_wait(struct xm_env_dom *d, uint32_t vcpu);
void xm_env_vcpu_wake(struct xm_env_dom *d, uint32_t vcpu);
/* regs: struct xm_ev_regs_x86 or _arm as in <xm/abi.h>, bytes as large as the kind's. */
void xm_env_vcpu_get_regs(struct xm_env_dom *d, uint32_t vcpu, void *regs, size_t bytes);
void xm_env_vcpu_set_regs(struct xm_env_dom *d, uint32_t vcpu, const void *regs, size_t bytes);
void xm_env_domain_crash(struct xm_env_dom *d, const char *why);

/* Rings the listener's event channel. */
void xm_env_notify(struct xm_env_dom *d);

/* Hypercall buffers of the caller: 0 or -XM_EFAULT. */
int xm_env_copy_in(void *dst, uint64_t handle, size_t offset, size_t bytes);
int xm_env_copy_out(uint64_t handle, size_t offset, const void *src, size_t bytes);
/* Should a long operation stop here and be continued? */
bool xm_env_preempt(void);
/* Who makes the hypercall: an address space of some domain's, in which its buffers are what they are. */
uint64_t xm_env_caller(void);

void xm_env_barrier_rw(void);
void xm_env_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void xm_env_panic(const char *why) __attribute__((noreturn));
/* The compiler's four; freestanding surroundings give them as well. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memset(void *dst, int c, size_t n);

#endif
