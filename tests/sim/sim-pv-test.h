/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PV guest in a few words: its pages are FIRST on, each mapped at its machine address. */
#ifndef SIM_PV_TEST_H
#define SIM_PV_TEST_H

#include "pv.h"
#include "sim-test.h"

#define FIRST 0x400u
#define PAGES 64u
#define RW_PAGE (XM_PTE_P | XM_PTE_RW | PTE_US)
#define RO_PAGE (XM_PTE_P | PTE_US)

static inline uint64_t at(uint64_t mfn)
{
    return mfn << XM_PAGE_SHIFT;
}

static inline struct sim_domain *pv_domain(struct sim_machine *m, uint32_t vcpus, uint64_t first)
{
    const struct sim_domain_cfg cfg = {
        .kind = SIM_X86_PV, .vcpus = vcpus, .pages = PAGES, .first_gfn = first, .name = "pv"};
    struct sim_domain *d = NULL;

    ck_assert_int_eq(xmi_sim_domain_create(m, &cfg, &d), 0);
    return d;
}

static inline int shadow_op(struct listener *l, uint32_t op, uint32_t mode)
{
    struct xm_domctl c = {.cmd = XM_DOMCTL_SHADOW_OP,
                          .interface_version = xm_domctl_version(MINOR)};

    c.domain = (uint16_t)l->d->cfg.domid;
    c.u.shadow_op.op = op;
    c.u.shadow_op.mode = mode;
    return xmi_sim_hc_domctl(l->m, &c);
}

static inline int access_on(struct listener *l)
{
    return shadow_op(l, XM_SHADOW_OP_ENABLE, XM_SHADOW_ENABLE_MEM_ACCESS);
}

/* A machine with one PV guest that is being listened to. */
static inline struct listener pv_listener(uint32_t vcpus)
{
    struct listener l = {.m = new_machine(1)};

    l.d = pv_domain(l.m, vcpus, FIRST);
    ck_assert_int_eq(access_on(&l), 0);
    ck_assert_int_eq(ring_enable(&l), 0);
    return l;
}

/* The guest's tables lie behind its pages. */
static inline uint64_t l1_of(struct sim_domain *d, uint64_t va)
{
    struct pv_walk w;

    (void)xmi_pv_walk_guest(d, d->vcpu[0].pv_root, va, &w);
    ck_assert_uint_ne(w.table[1], 0);
    return w.table[1];
}

static inline uint64_t entry_at(struct sim_domain *d, uint64_t va)
{
    return pv_table(xmi_pv_own(d, l1_of(d, va)))[pv_index(va, 1)];
}

/* Machine address of the L1 entry of va. */
static inline uint64_t entry_addr(struct sim_domain *d, uint64_t va)
{
    return at(l1_of(d, va)) + pv_index(va, 1) * 8;
}

/* One op of vCPU 0, until it is done or nobody can run. True: done. */
static inline bool pv_do(struct sim_domain *d, uint8_t code, uint32_t index, uint64_t addr,
                         uint64_t value)
{
    const struct sim_op op = {.code = code, .index = index, .addr = addr, .value = value};
    uint64_t before = vcpu(d, 0).done;

    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 1, 1), 0);
    while (xmi_sim_domain_run(d, 64) != 0)
        ;
    return vcpu(d, 0).done != before;
}

/* A hypercall of the guest: its answer. */
static inline int64_t pv_call(struct sim_domain *d, uint8_t code, uint32_t index, uint64_t addr,
                              uint64_t value)
{
    ck_assert(pv_do(d, code, index, addr, value));
    return (int64_t)vcpu(d, 0).result;
}

static inline int64_t update_va(struct sim_domain *d, uint64_t va, uint64_t e)
{
    return pv_call(d, SIM_OP_UPDATE_VA, 1, va, e);
}

/* Answers the event that stopped vCPU 0, and lets it go on. */
static inline void go_on(struct listener *l, struct xm_ev *ev)
{
    answer(l, ev, 0);
    while (xmi_sim_domain_run(l->d, 64) != 0)
        ;
}

static inline int rights_of(struct listener *l, uint64_t mfn)
{
    struct xm_mem_access_op op = {
        .op = XM_MEM_ACCESS_GET, .domid = (uint16_t)l->d->cfg.domid, .pfn = mfn};
    int rc = xmi_sim_hc_mem_access(l->m, &op);

    return rc != 0 ? rc : op.access;
}

/* An access that is stopped by an event of these XM_DO_* bits on mfn. */
static inline struct xm_ev pv_stopped(struct listener *l, uint8_t code, uint64_t va, uint64_t value,
                                      uint64_t mfn, uint32_t bits)
{
    struct xm_ev ev;

    ck_assert(!pv_do(l->d, code, 0, va, value));
    ck_assert(take(l, &ev));
    ck_assert_uint_eq(ev.reason, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(ev.u.mem_access.gfn, mfn);
    ck_assert_uint_eq(ev.u.mem_access.flags & 7u, bits);
    ck_assert_uint_eq(ev.flags & XM_EV_FLAG_VCPU_PAUSED, XM_EV_FLAG_VCPU_PAUSED);
    return ev;
}

static inline bool no_event(struct listener *l)
{
    struct xm_ring_page *page = xmi_sim_ring_page(l->d);

    return page == NULL || page->req_prod == l->req_cons;
}

#endif
