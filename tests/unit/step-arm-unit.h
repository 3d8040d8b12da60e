/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated Arm guest, a session on it, and its events. */
#ifndef STEP_ARM_UNIT_H
#define STEP_ARM_UNIT_H

#include <sim.h>

#include "arm/guest.h"
#include "doc/doc.h"
#include "unit.h"

#define A 16u
#define B 17u
#define VALUE UINT64_C(0x1122334455667788)

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static inline void begin_with(uint32_t vcpus, uint32_t means)
{
    struct sim_machine_cfg cfg = {.seed = 1};
    struct sim_domain_cfg dom = {.kind = SIM_ARM_S2, .vcpus = vcpus, .pages = 64, .name = "g"};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    ck_ok(xmi_sim_machine_create(&cfg, &m));
    ck_ok(xmi_sim_domain_create(m, &dom, &g));
    ck_ok(xmi_open_machine(m, &x));
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
}

static inline void end(void)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_machine_check(x, &r));
    ck_assert_uint_eq(r.forbidden + r.double_answers + r.unanswered + r.leaked_slots, 0);
    ck_assert_uint_eq(r.leftover_rights + r.leftover_pauses + r.leftover_monitors, 0);
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}

static inline void run_op(uint32_t vcpu, struct sim_op op, uint64_t repeat)
{
    ck_ok(xmi_sim_vcpu_script(g, vcpu, &op, 1, repeat));
}

static inline uint64_t memory(uint64_t addr)
{
    uint64_t value = 0;
    ck_ok(xmem_domain_read(d, addr, &value, sizeof(value)));
    return value;
}

static inline void put_memory(uint64_t addr, uint64_t value)
{
    ck_ok(xmem_domain_write(d, addr, &value, sizeof(value)));
}

static inline struct sim_vcpu_info info(uint32_t vcpu)
{
    struct sim_vcpu_info i;
    ck_ok(xmi_sim_vcpu_info(g, vcpu, &i));
    return i;
}

static inline struct xmem_stats stats(void)
{
    struct xmem_stats s = {.size = sizeof(s)};
    ck_ok(xmem_domain_get_stats(d, &s));
    return s;
}

static inline void next_at(uint64_t gfn, uint32_t access)
{
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
    ck_assert_uint_eq(ev->u.mem.gfn, gfn);
    ck_assert_uint_eq(ev->u.mem.access & 7u, access);
}

static inline void none_left(void)
{
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}

/* Steps over all there is; the number of events. */
static inline unsigned step_all(void)
{
    unsigned n = 0;
    while (!xmem_event_next(d, &ev)) {
        ck_ok(xmem_event_step_over(d, ev));
        n++;
    }
    return n;
}

static inline void emulated(void)
{
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    ck_assert_uint_eq(ev->passes, 0);
}

#endif
