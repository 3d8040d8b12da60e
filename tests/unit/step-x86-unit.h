/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated x86 guest whose steps are the hypervisor's, a session on it, and its events. */
#ifndef STEP_X86_UNIT_H
#define STEP_X86_UNIT_H

#include <sim.h>

#include "doc/doc.h"
#include "unit.h"

#define A 16u
#define B 17u
#define OLDER (XMEM_STEP_EMULATE | XMEM_STEP_RELAX) /* all that a hypervisor without STEP has */

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static inline void begin_kind(enum sim_kind kind, uint32_t step_means)
{
    struct sim_machine_cfg cfg = {.seed = 1, .xen_minor = 20};
    struct sim_domain_cfg dom = {.kind = kind, .vcpus = 2, .pages = 64, .name = "g"};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = step_means};
    ck_ok(xmi_sim_machine_create(&cfg, &m));
    ck_ok(xmi_sim_domain_create(m, &dom, &g));
    ck_ok(xmi_open_machine(m, &x));
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights_range(d, 0, A, 2, XMEM_R));
}

static inline struct xmem_machine_report end(void)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_machine_check(x, &r));
    ck_assert_uint_eq(r.forbidden + r.double_answers + r.unanswered + r.leaked_slots, 0);
    ck_assert_uint_eq(r.leftover_rights + r.leftover_pauses + r.leftover_monitors, 0);
    xmem_close(x);
    xmi_sim_machine_destroy(m);
    return r;
}

static inline void next_at(uint64_t gfn)
{
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
    ck_assert_uint_eq(ev->u.mem.gfn, gfn);
}

static inline struct xmem_stats stats(void)
{
    struct xmem_stats s = {.size = sizeof(s)};
    ck_ok(xmem_domain_get_stats(d, &s));
    return s;
}

static inline uint64_t done(uint32_t vcpu)
{
    struct sim_vcpu_info i;
    ck_ok(xmi_sim_vcpu_info(g, vcpu, &i));
    return i.done;
}

#endif
