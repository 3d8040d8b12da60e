/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core's environment contract, <xm/env.h>. Frames are memory of EL2's own, mapped as they are. */
#include <xm/kinds.h>

#include "bare.h"

#define HEAP_BYTES (96u * 1024u)
#define FRAMES 16u

const struct xm_kind_ops *const xm_kinds[] = {&xm_kind_arm_mpu, NULL};

static uint8_t heap[HEAP_BYTES] __attribute__((aligned(16)));
static uint8_t frames[FRAMES][XM_PAGE_SIZE] __attribute__((aligned(4096)));
static size_t heap_used;
static unsigned frames_used;

/* ---- memory: given out once, taken back all together ---- */

void bare_heap_reset(void)
{
    heap_used = 0;
    frames_used = 0;
}

void *xm_env_alloc(size_t bytes)
{
    bytes = (bytes + 15u) & ~(size_t)15u;
    if (bytes > HEAP_BYTES - heap_used)
        return NULL;
    void *p = &heap[heap_used];
    heap_used += bytes;
    memset(p, 0, bytes);
    return p;
}

/* Whoever still looks there shall notice. */
void xm_env_free(void *p, size_t bytes)
{
    memset(p, 0xa5, bytes);
}

xm_mfn_t xm_env_frame_alloc(struct xm_env_dom *d)
{
    (void)d;
    if (frames_used == FRAMES)
        return xm_mfn(XM_GFN_NONE);
    memset(frames[frames_used], 0, XM_PAGE_SIZE);
    return xm_mfn((uintptr_t)frames[frames_used++] >> XM_PAGE_SHIFT);
}

void xm_env_frame_free(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    (void)mfn;
}

void *xm_env_frame_map(xm_mfn_t mfn)
{
    return (void *)(uintptr_t)(mfn.n << XM_PAGE_SHIFT);
}

void xm_env_frame_unmap(void *p)
{
    (void)p;
}

uint64_t xm_env_pte_read(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void xm_env_pte_write(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/* ---- locks ---- */

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    l->held = 0;
    l->rank = (uint32_t)rank;
}

void xm_env_lock(struct xm_lock *l)
{
    while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE) != 0) {
    }
}

void xm_env_unlock(struct xm_lock *l)
{
    __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

/* ---- vCPUs: one that asks for itself, or one that does not run ---- */

static struct bare_dom *dom(struct xm_env_dom *d)
{
    return (struct bare_dom *)(void *)d;
}

void xm_env_vcpu_pause(struct xm_env_dom *d, uint32_t vcpu)
{
    __atomic_add_fetch(&dom(d)->vcpu[vcpu].pauses, 1, __ATOMIC_SEQ_CST);
}

void xm_env_vcpu_unpause(struct xm_env_dom *d, uint32_t vcpu)
{
    __atomic_sub_fetch(&dom(d)->vcpu[vcpu].pauses, 1, __ATOMIC_SEQ_CST);
}

void xm_env_vcpu_wait(struct xm_env_dom *d, uint32_t vcpu)
{
    xm_env_vcpu_pause(d, vcpu);
}

void xm_env_vcpu_wake(struct xm_env_dom *d, uint32_t vcpu)
{
    xm_env_vcpu_unpause(d, vcpu);
}

void xm_env_vcpu_get_regs(struct xm_env_dom *d, uint32_t vcpu, void *regs, size_t bytes)
{
    struct xm_ev_regs_arm *r = regs;

    memset(regs, 0, bytes);
    r->pc = dom(d)->vcpu[vcpu].regs.pc;
    r->cpsr = dom(d)->vcpu[vcpu].regs.flags;
}

void xm_env_vcpu_set_regs(struct xm_env_dom *d, uint32_t vcpu, const void *regs, size_t bytes)
{
    const struct xm_ev_regs_arm *r = regs;

    (void)bytes;
    dom(d)->vcpu[vcpu].regs.pc = (uintptr_t)r->pc;
}

void xm_env_domain_crash(struct xm_env_dom *d, const char *why)
{
    bare_print("# %s: %s\n", dom(d)->name, why);
    dom(d)->crashes++;
    xm_env_vcpu_pause(d, 0);
    xm_env_vcpu_pause(d, 1);
}

void xm_env_notify(struct xm_env_dom *d)
{
    dom(d)->notified++;
}

/* ---- the rest ---- */

/* Callers are at EL2, so a handle is an address. */
int xm_env_copy_in(void *dst, uint64_t handle, size_t offset, size_t bytes)
{
    memcpy(dst, (const uint8_t *)(uintptr_t)handle + offset, bytes);
    return 0;
}

int xm_env_copy_out(uint64_t handle, size_t offset, const void *src, size_t bytes)
{
    memcpy((uint8_t *)(uintptr_t)handle + offset, src, bytes);
    return 0;
}

bool xm_env_preempt(void)
{
    return false;
}

uint64_t xm_env_caller(void)
{
    return 0; /* nobody makes hypercalls here */
}

void xm_env_barrier_rw(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void xm_env_panic(const char *why)
{
    bare_print("Bail out! panic: %s\n", why);
    bare_exit(3);
}
