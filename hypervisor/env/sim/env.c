/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment contract on the simulated machine. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xm/kinds.h>
#include <xm/env.h>

#include "sim-int.h"

/* ---- kinds: all ---- */

const struct xm_kind_ops *const xm_kinds[] = {&xm_kind_x86_ept, &xm_kind_arm_s2,  &xm_kind_x86_pv,
                                              &xm_kind_arm_mpu, &xm_kind_x86_npt, NULL};

/* ---- locks with ranks: a thread takes them from outer to inner, and at most one of a rank ---- */

static _Thread_local uint32_t held; /* 1 << rank */

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    if (pthread_mutex_init(&l->mutex, NULL) != 0)
        xm_env_panic("lock: cannot make a mutex");
    l->rank = (uint32_t)rank;
}

void xm_env_lock(struct xm_lock *l)
{
    if (held >> l->rank != 0)
        xm_env_panic("lock: an outer lock, or one of the same rank, taken inside an inner one");
    if (pthread_mutex_lock(&l->mutex) != 0)
        xm_env_panic("lock: cannot be taken");
    held |= 1u << l->rank;
}

void xm_env_unlock(struct xm_lock *l)
{
    if ((held & 1u << l->rank) == 0)
        xm_env_panic("lock: dropped by a thread that does not hold it");
    held &= ~(1u << l->rank);
    if (pthread_mutex_unlock(&l->mutex) != 0)
        xm_env_panic("lock: cannot be dropped");
}

/* ---- frames, page-table words and buffers of the caller ---- */

void *xm_env_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

void xm_env_free(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

xm_mfn_t xm_env_frame_alloc(struct xm_env_dom *d)
{
    return xmi_sim_frames_alloc(&sim_from_env(d)->tables);
}

void xm_env_frame_free(struct xm_env_dom *d, xm_mfn_t mfn)
{
    xmi_sim_frames_free(&sim_from_env(d)->tables, mfn);
}

void *xm_env_frame_map(xm_mfn_t mfn)
{
    return frame_at(mfn);
}

void xm_env_frame_unmap(void *p)
{
    (void)p;
}

uint64_t xm_env_pte_read(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* Every change of a table passes here: TLB entries older than it are looked at again on use. */
void xm_env_pte_write(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
    if (xmi_sim_current != NULL)
        xmi_sim_current->change++;
}

/* What cannot be a buffer in this address space; the rest is the caller's own memory. */
static bool buffer_ok(uint64_t handle, size_t offset, size_t bytes)
{
    uint64_t first, last;

    if (__builtin_add_overflow(handle, offset, &first) ||
        __builtin_add_overflow(first, bytes, &last))
        return false;
    return handle >= XM_PAGE_SIZE && last <= UINT64_C(1) << 47;
}

int xm_env_copy_in(void *dst, uint64_t handle, size_t offset, size_t bytes)
{
    if (!buffer_ok(handle, offset, bytes))
        return -XM_EFAULT;
    memcpy(dst, (const char *)(uintptr_t)handle + offset, bytes);
    return 0;
}

int xm_env_copy_out(uint64_t handle, size_t offset, const void *src, size_t bytes)
{
    if (!buffer_ok(handle, offset, bytes))
        return -XM_EFAULT;
    memcpy((char *)(uintptr_t)handle + offset, src, bytes);
    return 0;
}

/* ---- vCPUs, their TLBs and the event channel ---- */

static struct sim_vcpu *vcpu(struct xm_env_dom *d, uint32_t id)
{
    struct sim_domain *s = sim_from_env(d);

    if (id >= s->cfg.vcpus)
        xm_env_panic("no such vCPU");
    return &s->vcpu[id];
}

void xm_env_tlb_flush(struct xm_env_dom *d, unsigned view)
{
    xmi_sim_tlb_flush(sim_from_env(d), view);
}

void xm_env_vcpu_pause(struct xm_env_dom *d, uint32_t id)
{
    vcpu(d, id)->pauses++;
}

void xm_env_vcpu_unpause(struct xm_env_dom *d, uint32_t id)
{
    struct sim_vcpu *v = vcpu(d, id);

    if (v->pauses == 0)
        xm_env_panic("a vCPU is unpaused more often than it was paused");
    v->pauses--;
}

void xm_env_vcpu_wait(struct xm_env_dom *d, uint32_t id)
{
    vcpu(d, id)->waiting = true;
}

void xm_env_vcpu_wake(struct xm_env_dom *d, uint32_t id)
{
    struct sim_vcpu *v = vcpu(d, id);

    v->waiting = false;
    v->woken = sim_vcpu_runs(v) + 1;
}

void xm_env_vcpu_get_regs(struct xm_env_dom *d, uint32_t id, void *regs, size_t bytes)
{
    xmi_sim_vcpu_regs_read(vcpu(d, id), regs, bytes);
}

void xm_env_vcpu_set_regs(struct xm_env_dom *d, uint32_t id, const void *regs, size_t bytes)
{
    xmi_sim_vcpu_regs_write(vcpu(d, id), regs, bytes);
}

/* The core holds its locks here: the domain dies when it has returned (sim_leave). */
void xm_env_domain_crash(struct xm_env_dom *d, const char *why)
{
    xm_env_log("domain %u crashed: %s", sim_from_env(d)->cfg.domid, why);
    sim_from_env(d)->doomed = true;
}

void xm_env_notify(struct xm_env_dom *d)
{
    xmi_sim_evtchn_raise(&sim_from_env(d)->evtchn);
}

/* ---- the rest ---- */

/* Checks between two chunks of a long hypercall, as an interrupt would: by count, not by time. */
#define PREEMPT_EVERY 16u

bool xm_env_preempt(void)
{
    return xmi_sim_current != NULL && ++xmi_sim_current->preempt_checks % PREEMPT_EVERY == 0;
}

/* A thread is a tool of its own. */
uint64_t xm_env_caller(void)
{
    static _Thread_local char me;

    return (uintptr_t)&me;
}

void xm_env_barrier_rw(void)
{
    /* Not a fence: ThreadSanitizer does not know them. */
    static _Thread_local uint32_t word;

    (void)__atomic_exchange_n(&word, 0, __ATOMIC_SEQ_CST);
}

/* Quiet unless asked: what uses the simulator may be a library that never prints. */
void xm_env_log(const char *fmt, ...)
{
    static int loud = -1;
    int on = __atomic_load_n(&loud, __ATOMIC_RELAXED);
    va_list ap;

    if (on < 0) {
        on = getenv("XMEM_SIM_LOG") != NULL;
        __atomic_store_n(&loud, on, __ATOMIC_RELAXED);
    }
    if (!on)
        return;
    va_start(ap, fmt);
    fputs("sim: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

void xm_env_panic(const char *why)
{
    fprintf(stderr, "sim: panic: %s\n", why);
    abort();
}
