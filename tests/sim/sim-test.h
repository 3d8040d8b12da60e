/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine, a domain and a listener in a few words, for the tests of the simulator. */
#ifndef SIM_TEST_H
#define SIM_TEST_H

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "sim-int.h"

#define MINOR 17u

/* The listener's private ends of the ring. */
struct listener {
    struct sim_machine *m;
    struct sim_domain *d;
    uint32_t req_cons, rsp_prod;
};

static inline struct sim_machine *new_machine(uint64_t seed)
{
    const struct sim_machine_cfg cfg = {.seed = seed};
    struct sim_machine *m = NULL;

    ck_assert_int_eq(xmi_sim_machine_create(&cfg, &m), 0);
    return m;
}

static inline struct sim_domain *new_domain(struct sim_machine *m, enum sim_kind kind,
                                            uint32_t vcpus, uint64_t pages)
{
    const struct sim_domain_cfg cfg = {.kind = kind,
                                       .vcpus = vcpus,
                                       .pages = pages,
                                       .altp2m = kind == SIM_X86_EPT,
                                       .name = "guest"};
    struct sim_domain *d = NULL;

    ck_assert_int_eq(xmi_sim_domain_create(m, &cfg, &d), 0);
    return d;
}

static inline int domctl(struct listener *l, uint32_t cmd, uint32_t a, uint32_t b)
{
    struct xm_domctl op = {.cmd = cmd, .interface_version = xm_domctl_version(MINOR)};

    op.domain = (uint16_t)l->d->cfg.domid;
    if (cmd == XM_DOMCTL_VM_EVENT_OP) {
        op.u.vm_event_op.op = a;
        op.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    } else if (cmd == XM_DOMCTL_MONITOR_OP) {
        op.u.monitor_op.op = XM_MONITOR_ENABLE;
        op.u.monitor_op.event = a;
        if (a == XM_MONITOR_GUEST_REQUEST)
            op.u.monitor_op.u.guest_request.sync = b != 0;
        else if (a == XM_MONITOR_DEBUG_EXCEPTION)
            op.u.monitor_op.u.debug_exception.sync = b != 0;
    } else if (cmd == XM_DOMCTL_SET_ACCESS_REQUIRED) {
        op.u.access_required.access_required = a != 0;
    } else {
        op.u.vcpu.vcpu = a;
    }
    return xmi_sim_hc_domctl(l->m, &op);
}

static inline int ring_enable(struct listener *l)
{
    int rc = domctl(l, XM_DOMCTL_VM_EVENT_OP, XM_VM_EVENT_ENABLE, 0);

    if (rc == 0)
        l->req_cons = l->rsp_prod = 0;
    return rc;
}

static inline int ring_disable(struct listener *l)
{
    return domctl(l, XM_DOMCTL_VM_EVENT_OP, XM_VM_EVENT_DISABLE, 0);
}

/* A machine with one domain that is being listened to. */
static inline struct listener new_listener(uint64_t seed, enum sim_kind kind, uint32_t vcpus,
                                           uint64_t pages)
{
    struct listener l = {.m = new_machine(seed)};

    l.d = new_domain(l.m, kind, vcpus, pages);
    ck_assert_int_eq(ring_enable(&l), 0);
    return l;
}

static inline int set_rights(struct listener *l, uint64_t gfn, uint32_t nr, uint8_t access)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET,
                                  .access = access,
                                  .domid = (uint16_t)l->d->cfg.domid,
                                  .nr = nr,
                                  .pfn = gfn};

    return xmi_sim_hc_mem_access(l->m, &op);
}

static inline int altp2m(struct listener *l, uint32_t cmd, struct xm_altp2m_op *op)
{
    op->version = XM_ALTP2M_INTERFACE_VERSION;
    op->cmd = cmd;
    op->domain = (uint16_t)l->d->cfg.domid;
    return xmi_sim_hc_altp2m(l->m, op);
}

/* Takes the next request; false: none. */
static inline bool take(struct listener *l, struct xm_ev *ev)
{
    struct xm_ring_page *page = xmi_sim_ring_page(l->d);

    if (page->req_prod == l->req_cons)
        return false;
    *ev = page->slot[l->req_cons++ & 7u];
    return true;
}

static inline void put(struct listener *l, const struct xm_ev *ev)
{
    struct xm_ring_page *page = xmi_sim_ring_page(l->d);

    page->slot[l->rsp_prod & 7u] = *ev;
    page->rsp_prod = ++l->rsp_prod;
}

/* Answers with flags more than VCPU_PAUSED, and notifies. */
static inline void answer(struct listener *l, struct xm_ev *ev, uint32_t flags)
{
    ev->flags = (ev->flags & XM_EV_FLAG_VCPU_PAUSED) | flags;
    put(l, ev);
    xmi_sim_evtchn_notify(l->d);
}

static inline bool readable(struct sim_domain *d)
{
    struct pollfd p = {.fd = xmi_sim_evtchn_fd(d), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static inline struct sim_vcpu_info vcpu(struct sim_domain *d, uint32_t i)
{
    struct sim_vcpu_info info;

    ck_assert_int_eq(xmi_sim_vcpu_info(d, i, &info), 0);
    return info;
}

static inline struct sim_report report(struct sim_domain *d)
{
    struct sim_report r;

    xmi_sim_report(NULL, d, &r);
    return r;
}

/* One op on vCPU 0, once. */
static inline void one_op(struct sim_domain *d, uint8_t code, uint64_t addr, uint64_t value)
{
    const struct sim_op op = {.code = code, .addr = addr, .value = value};

    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 1, 1), 0);
}

static inline uint64_t peek64(struct sim_domain *d, uint64_t addr)
{
    uint64_t v;
    void *page;

    ck_assert_int_eq(xmi_sim_map_gfn(d, addr >> XM_PAGE_SHIFT, &page), 0);
    memcpy(&v, (char *)page + (addr & (XM_PAGE_SIZE - 1)), sizeof(v));
    return v;
}

static inline int run_suite(const char *name, void (*fill)(TCase *))
{
    Suite *s = suite_create(name);
    TCase *t = tcase_create(name);
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 60);
    fill(t);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
