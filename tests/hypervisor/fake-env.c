/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct xm_kind_ops *const xm_kinds[] = {&xm_kind_x86_ept, &xm_kind_arm_s2,  &xm_kind_x86_pv,
                                              &xm_kind_arm_mpu, &xm_kind_x86_npt, NULL};

struct fake_env fake;

static struct frame {
    _Alignas(4096) unsigned char bytes[XM_PAGE_SIZE];
} frames[FAKE_FRAMES];
static bool used[FAKE_FRAMES];
static struct xm_env_dom {
    int unused;
} the_dom;
static uint32_t held; /* 1 << rank */

/* A ck_assert() writes to a file each time. */
static void need(bool ok)
{
    if (!ok)
        ck_abort_msg("the core asks its surroundings for what it must not");
}

/* ---- the contract ---- */

void *xm_env_alloc(size_t bytes)
{
    fake.work++;
    if (fake.alloc_left == 0)
        return NULL;
    fake.alloc_left -= fake.alloc_left > 0;
    void *p = calloc(1, bytes);
    fake.bytes += p != NULL ? bytes : 0;
    return p;
}

void xm_env_free(void *p, size_t bytes)
{
    fake.work++;
    fake.bytes -= bytes;
    free(p);
}

xm_mfn_t xm_env_frame_alloc(struct xm_env_dom *d)
{
    unsigned i;

    need(d == &the_dom);
    if (fake.frames_left == 0)
        return xm_mfn(XM_GFN_NONE);
    for (i = 0; i < FAKE_FRAMES && used[i]; i++)
        ;
    if (i == FAKE_FRAMES)
        return xm_mfn(XM_GFN_NONE);
    fake.frames_left -= fake.frames_left > 0;
    used[i] = true;
    fake.frames++;
    memset(frames[i].bytes, 0, XM_PAGE_SIZE);
    return xm_mfn(i);
}

void xm_env_frame_free(struct xm_env_dom *d, xm_mfn_t mfn)
{
    need(d == &the_dom);
    need(mfn.n < FAKE_FRAMES && used[mfn.n]);
    used[mfn.n] = false;
    fake.frames--;
    memset(frames[mfn.n].bytes, 0xa5, XM_PAGE_SIZE);
}

void *xm_env_frame_map(xm_mfn_t mfn)
{
    need(mfn.n < FAKE_FRAMES && used[mfn.n]);
    fake.maps++;
    return frames[mfn.n].bytes;
}

void xm_env_frame_unmap(void *p)
{
    need(p != NULL);
    fake.maps--;
}

uint64_t xm_env_pte_read(const uint64_t *p)
{
    return *p;
}

void xm_env_pte_write(uint64_t *p, uint64_t v)
{
    *p = v;
}

void xm_env_tlb_flush(struct xm_env_dom *d, unsigned view)
{
    need(d == &the_dom);
    if (fake.flushes < FAKE_LOG)
        fake.flushed[fake.flushes] = view;
    fake.flushes++;
}

void xm_env_lock_init(struct xm_lock *l, enum xm_lock_rank rank)
{
    memset(l, 0, sizeof(*l));
    l->rank = (uint32_t)rank;
}

void xm_env_lock(struct xm_lock *l)
{
    fake.work++;
    if (held >> l->rank != 0) /* no ck_assert(): each of them writes to a file */
        ck_abort_msg("rank %u taken inside %#x", l->rank, held);
    held |= 1u << l->rank;
}

void xm_env_unlock(struct xm_lock *l)
{
    if ((held & 1u << l->rank) == 0)
        ck_abort_msg("rank %u is not held", l->rank);
    held &= ~(1u << l->rank);
}

void xm_env_vcpu_pause(struct xm_env_dom *d, uint32_t vcpu)
{
    need(d == &the_dom);
    fake.pauses[vcpu]++;
}

void xm_env_vcpu_unpause(struct xm_env_dom *d, uint32_t vcpu)
{
    need(d == &the_dom);
    need(fake.pauses[vcpu] > 0);
    fake.pauses[vcpu]--;
}

void xm_env_vcpu_wait(struct xm_env_dom *d, uint32_t vcpu)
{
    need(d == &the_dom);
    need(!fake.waits[vcpu]);
    fake.waits[vcpu] = true;
}

void xm_env_vcpu_wake(struct xm_env_dom *d, uint32_t vcpu)
{
    need(d == &the_dom);
    need(fake.waits[vcpu]);
    fake.waits[vcpu] = false;
}

void xm_env_vcpu_get_regs(struct xm_env_dom *d, uint32_t vcpu, void *regs, size_t bytes)
{
    need(d == &the_dom);
    memcpy(regs, &fake.regs[vcpu], bytes);
}

void xm_env_vcpu_set_regs(struct xm_env_dom *d, uint32_t vcpu, const void *regs, size_t bytes)
{
    need(d == &the_dom);
    memcpy(&fake.regs[vcpu], regs, bytes);
}

void xm_env_domain_crash(struct xm_env_dom *d, const char *why)
{
    need(d == &the_dom);
    fake.crash = why;
}

void xm_env_notify(struct xm_env_dom *d)
{
    need(d == &the_dom);
    fake.notifies++;
}

static bool copy_fails(uint64_t handle, size_t offset)
{
    return handle == 0 || (fake.fault_from != 0 && handle + offset >= fake.fault_from);
}

int xm_env_copy_in(void *dst, uint64_t handle, size_t offset, size_t bytes)
{
    fake.work++;
    if (copy_fails(handle, offset))
        return -XM_EFAULT;
    memcpy(dst, (const char *)(uintptr_t)handle + offset, bytes);
    return 0;
}

int xm_env_copy_out(uint64_t handle, size_t offset, const void *src, size_t bytes)
{
    if (copy_fails(handle, offset))
        return -XM_EFAULT;
    memcpy((char *)(uintptr_t)handle + offset, src, bytes);
    return 0;
}

bool xm_env_preempt(void)
{
    fake.preempt_asked++;
    fake_pause();
    return fake.preempt;
}

uint64_t xm_env_caller(void)
{
    return fake.caller;
}

void xm_env_barrier_rw(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void xm_env_log(const char *fmt, ...)
{
    char line[256];
    va_list ap;

    va_start(ap, fmt);
    ck_assert_int_gt(vsnprintf(line, sizeof(line), fmt, ap), 0);
    va_end(ap);
    fake.logs++;
}

void xm_env_panic(const char *why)
{
    fprintf(stderr, "panic: %s\n", why);
    abort();
}

/* ---- for the tests ---- */

bool fake_holds(enum xm_lock_rank rank)
{
    return (held >> rank & 1) != 0;
}

void fake_pause(void)
{
    fake.work_most = fake.work > fake.work_most ? fake.work : fake.work_most;
    fake.work = 0;
}

void fake_start(struct xm_domain *d, const struct xm_domain_cfg *cfg)
{
    struct xm_domain_cfg mine = *cfg;

    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    fake.frames_left = -1;
    mine.env = &the_dom;
    ck_assert_int_eq(xm_domain_init(d, &mine), 0);
}

void fake_domain(struct xm_domain *d, enum xm_kind kind, uint32_t minor, bool views)
{
    struct xm_domain_cfg cfg = {
        .kind = kind, .vcpus = 4, .xen_minor = minor, .views_allowed = views};
    struct xm_domctl_vm_event_op on = {.op = XM_VM_EVENT_ENABLE, .mode = XM_VM_EVENT_MODE_MONITOR};
    struct xm_altp2m_op state = {.u.domain_state.state = 1};

    fake_start(d, &cfg);
    for (uint64_t i = 0; i < 16; i++)
        ck_assert_int_eq(xm_p2m_map(d, xm_gfn(i), xm_mfn(FAKE_GUEST_MFN + i), 0), 0);
    ck_assert_int_eq(xm_hc_vm_event(d, &on), 0);
    if (views)
        ck_assert_int_eq(fake_altp2m(d, XM_ALTP2M_SET_DOMAIN_STATE, &state), 0);
    fake.flushes = 0;
}

void fake_end(struct xm_domain *d)
{
    xm_domain_destroy(d);
    ck_assert_uint_eq(fake.bytes, 0);
    ck_assert_uint_eq(fake.frames, 0);
    ck_assert_int_eq(fake.maps, 0);
    ck_assert_uint_eq(held, 0);
}

int fake_set(struct xm_domain *d, uint64_t gfn, uint32_t nr, uint8_t rights)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET, .access = rights, .nr = nr, .pfn = gfn};
    uint32_t start = 0;

    return xm_hc_mem_access(d, &op, &start);
}

int fake_get(struct xm_domain *d, uint64_t gfn)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_GET, .access = 0xee, .pfn = gfn};
    uint32_t start = 0;
    int rc = xm_hc_mem_access(d, &op, &start);

    ck_assert(rc == 0 || op.access == 0xee);
    return rc != 0 ? rc : op.access;
}

int fake_altp2m(struct xm_domain *d, uint32_t cmd, struct xm_altp2m_op *op)
{
    op->version = XM_ALTP2M_INTERFACE_VERSION;
    op->cmd = cmd;
    return xm_hc_altp2m(d, op);
}

int fake_view_set(struct xm_domain *d, uint16_t view, uint64_t gfn, uint8_t rights)
{
    struct xm_altp2m_op op = {.u.mem_access = {.view = view, .access = rights, .gfn = gfn}};

    return fake_altp2m(d, XM_ALTP2M_SET_MEM_ACCESS, &op);
}

int fake_view_get(struct xm_domain *d, uint16_t view, uint64_t gfn)
{
    struct xm_altp2m_op op = {.u.mem_access = {.view = view, .gfn = gfn}};
    int rc = fake_altp2m(d, XM_ALTP2M_GET_MEM_ACCESS, &op);

    return rc != 0 ? rc : op.u.mem_access.access;
}

int fake_view_create(struct xm_domain *d, uint8_t rights)
{
    struct xm_altp2m_op op = {.u.view = {.view = 0xeee, .hvmmem_default_access = rights}};
    int rc = fake_altp2m(d, XM_ALTP2M_CREATE_P2M, &op);

    return rc != 0 ? rc : op.u.view.view;
}

int fake_monitor(struct xm_domain *d, uint32_t op, uint32_t event)
{
    struct xm_domctl_monitor_op m = {.op = op, .event = event};

    return xm_hc_monitor(d, &m);
}

enum xm_verdict fake_access(struct xm_domain *d, uint32_t vcpu, uint64_t gfn, unsigned what)
{
    struct xm_access_req req = {.vcpu = vcpu,
                                .gfn = xm_gfn(gfn),
                                .offset = 8,
                                .gla_valid = true,
                                .gla = 0xf000 + gfn,
                                .what = (uint8_t)what,
                                .kind = XM_ACC_WITH_GLA};
    struct xm_access_res res;
    enum xm_verdict verdict = xm_access_check(d, &req, &res);

    if (verdict == XM_V_OK)
        ck_assert_uint_eq(what & ~(unsigned)res.bits & ~(unsigned)XM_DO_R, 0);
    return verdict;
}

struct xm_ev *fake_last(struct xm_domain *d)
{
    ck_assert_uint_gt(d->stats.events, 0);
    return &xm_ring_page(d)->slot[(d->ring.req_prod - 1) % XM_RING_SLOTS];
}

int fake_answer(struct xm_domain *d, const struct xm_ev *rsp)
{
    struct xm_ring_page *page = xm_ring_page(d);

    page->slot[page->rsp_prod % XM_RING_SLOTS] = *rsp;
    page->rsp_prod++;
    return xm_ring_consume(d);
}

int fake_resume(struct xm_domain *d, uint32_t vcpu, uint32_t flags)
{
    struct xm_ev rsp = *fake_last(d);

    rsp.vcpu_id = vcpu;
    rsp.flags = flags;
    return fake_answer(d, &rsp);
}

int fake_run(Suite *s)
{
    SRunner *r = srunner_create(s);

    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
