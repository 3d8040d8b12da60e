/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hypercall arguments and ring answers from the input, against the simulated machine. It
 * must not crash, answers with an errno value only, and never lets an access through that
 * the rights in force forbid.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sim.h>

#include "fuzz/fuzz.h"

#define MAX_STEPS 96u
#define PAGES 64u
#define FIRST_GFN 16u
#define LIST 64u /* elements of the lists that hypercalls point at */
#define MAX_ERRNO 4095

static uint64_t gfn_list[LIST];
static uint8_t access_list[LIST];

#define CHECK(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

struct world {
    struct sim_machine *machine;
    struct sim_domain *domain[2];
    struct fuzz_in in;
};

/* Mostly a gfn that exists; else one beside the edges, or anything. */
static uint64_t any_gfn(struct fuzz_in *in)
{
    static const uint64_t edges[] = {0,
                                     FIRST_GFN - 1,
                                     FIRST_GFN + PAGES,
                                     UINT64_C(1) << 36,
                                     UINT64_MAX >> 12,
                                     UINT64_MAX - 1,
                                     UINT64_MAX,
                                     1u << 20};
    uint8_t how = fuzz_u8(in);

    if (how < 192)
        return FIRST_GFN + how % PAGES;
    return how < 240 ? edges[how % 8] : fuzz_u64(in);
}

static uint32_t any_count(struct fuzz_in *in)
{
    uint8_t how = fuzz_u8(in);
    return how < 224 ? how % (LIST + 1) : fuzz_u32(in);
}

static uint16_t any_domid(struct world *w)
{
    struct sim_domain_info info;
    uint8_t how = fuzz_u8(&w->in);

    if (how >= 232)
        return fuzz_u16(&w->in);
    xmi_sim_domain_info(w->domain[how & 1], &info);
    return (uint16_t)info.domid;
}

static void fill_lists(struct world *w)
{
    for (unsigned i = 0; i < LIST; i++) {
        gfn_list[i] = any_gfn(&w->in);
        access_list[i] = fuzz_u8(&w->in) & 15;
    }
}

/* A list that is shorter than it says is the caller's own fault: large counts get none. */
static uint64_t list_of(void *list, uint32_t nr)
{
    return nr <= LIST ? (uint64_t)(uintptr_t)list : 0;
}

static int do_access(struct world *w)
{
    struct xm_mem_access_op op = {.op = fuzz_u8(&w->in) % 6,
                                  .access = fuzz_u8(&w->in) & 31,
                                  .domid = any_domid(w),
                                  .nr = any_count(&w->in),
                                  .pfn = any_gfn(&w->in)};

    fill_lists(w);
    op.pfn_list = list_of(gfn_list, op.nr);
    op.access_list = list_of(access_list, op.nr);
    return xmi_sim_hc_mem_access(w->machine, &op);
}

static int do_domctl(struct world *w)
{
    static const uint32_t cmds[] = {XM_DOMCTL_PAUSE,
                                    XM_DOMCTL_UNPAUSE,
                                    XM_DOMCTL_VM_EVENT_OP,
                                    XM_DOMCTL_SET_ACCESS_REQUIRED,
                                    XM_DOMCTL_MONITOR_OP,
                                    XM_DOMCTL_GDBSX_PAUSE_VCPU,
                                    XM_DOMCTL_GDBSX_UNPAUSE_VCPU};
    struct xm_domctl op = {.domain = any_domid(w)};
    uint8_t which = fuzz_u8(&w->in);

    op.cmd = which < 248 ? cmds[which % 7] : fuzz_u32(&w->in);
    fuzz_take(&w->in, &op.u, 32);
    if (op.cmd == XM_DOMCTL_VM_EVENT_OP && which < 200) {
        op.u.vm_event_op.op %= 4;
        op.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    } else if (op.cmd == XM_DOMCTL_MONITOR_OP && which < 200) {
        op.u.monitor_op.op %= 5;
        op.u.monitor_op.event %= 15;
    } else if (which < 200) {
        op.u.vcpu.vcpu %= 3;
    }
    return xmi_sim_hc_domctl(w->machine, &op);
}

static int do_altp2m(struct world *w)
{
    struct xm_altp2m_op op = {.version = XM_ALTP2M_INTERFACE_VERSION, .domain = any_domid(w)};
    uint8_t how = fuzz_u8(&w->in);

    op.cmd = how % 18u;
    op.u.view.view = fuzz_u8(&w->in) % 12;
    if (how >= 240) {
        op.version = fuzz_u32(&w->in);
        fuzz_take(&w->in, op.u.raw, sizeof(op.u.raw));
    } else if (op.cmd == XM_ALTP2M_SET_DOMAIN_STATE) {
        op.u.domain_state.state = fuzz_u8(&w->in) % 3;
    } else if (op.cmd == XM_ALTP2M_SET_MEM_ACCESS || op.cmd == XM_ALTP2M_GET_MEM_ACCESS) {
        op.u.mem_access.access = fuzz_u8(&w->in) & 15;
        op.u.mem_access.gfn = any_gfn(&w->in);
    } else if (op.cmd == XM_ALTP2M_CHANGE_GFN) {
        op.u.change_gfn.old_gfn = any_gfn(&w->in);
        op.u.change_gfn.new_gfn = any_gfn(&w->in);
    } else {
        fuzz_take(&w->in, op.u.raw + 2, 30);
    }
    if (op.cmd == XM_ALTP2M_SET_MEM_ACCESS_MULTI) {
        fill_lists(w);
        op.u.set_multi.nr = any_count(&w->in);
        op.u.set_multi.pfn_list = list_of(gfn_list, op.u.set_multi.nr);
        op.u.set_multi.access_list = list_of(access_list, op.u.set_multi.nr);
    }
    return xmi_sim_hc_altp2m(w->machine, &op);
}

/* The listener's side of the ring: an answer that may be to nothing, from anybody. */
static int do_answer(struct world *w)
{
    struct sim_domain *d = w->domain[fuzz_u8(&w->in) & 1];
    struct xm_ring_page *ring = xmi_sim_ring_page(d);

    if (!ring)
        return 0;
    struct xm_ev *slot = &ring->slot[ring->rsp_prod % XM_RING_SLOTS];
    uint8_t how = fuzz_u8(&w->in);
    if (how & 1) {
        fuzz_take(&w->in, slot, 56);
        slot->version = how & 2 ? XM_EV_INTERFACE_VERSION : slot->version;
        slot->vcpu_id %= how & 4 ? 3 : UINT32_MAX;
    } else {
        slot->flags |= fuzz_u16(&w->in);
    }
    ring->rsp_prod += how < 240 ? 1 : fuzz_u32(&w->in);
    xmi_sim_evtchn_notify(d);
    return 0;
}

static int do_guest(struct world *w)
{
    struct sim_domain *d = w->domain[fuzz_u8(&w->in) & 1];
    struct sim_op ops[8];

    for (unsigned i = 0; i < 8; i++) {
        uint8_t code = fuzz_u8(&w->in);
        ops[i] = (struct sim_op){.code = (uint8_t)(1 + (code < 200 ? code % 4 : code % 16)),
                                 .addr = any_gfn(&w->in) << 12 | (code & 0xff8),
                                 .value = fuzz_u8(&w->in)};
    }
    return xmi_sim_vcpu_script(d, fuzz_u8(&w->in) % 3, ops, 8, 1 + fuzz_u8(&w->in) % 3);
}

static int do_pages(struct world *w)
{
    struct sim_domain *d = w->domain[fuzz_u8(&w->in) & 1];
    uint64_t gfn = any_gfn(&w->in);
    return fuzz_u8(&w->in) & 1 ? xmi_sim_populate(d, gfn) : xmi_sim_depopulate(d, gfn);
}

static void do_step(struct world *w)
{
    int rc = 0;

    switch (fuzz_u8(&w->in) % 8) {
    case 0: rc = do_access(w); break;
    case 1: rc = do_domctl(w); break;
    case 2: rc = do_altp2m(w); break;
    case 3: rc = do_answer(w); break;
    case 4: rc = do_guest(w); break;
    case 5: rc = do_pages(w); break;
    default: xmi_sim_domain_run(w->domain[fuzz_u8(&w->in) & 1], 1 + fuzz_u8(&w->in) % 32); break;
    }
    CHECK(rc >= -MAX_ERRNO && rc <= (1 << 20));
}

static void make_world(struct world *w)
{
    const uint8_t how = fuzz_u8(&w->in);
    const struct sim_machine_cfg mc = {.seed = 1, .xen_minor = how & 1 ? 17 : 20};
    struct sim_domain_cfg dc = {.kind = how & 16 ? SIM_X86_NPT : SIM_X86_EPT,
                                .vcpus = 2,
                                .pages = PAGES,
                                .first_gfn = FIRST_GFN,
                                .superpages = true,
                                .altp2m = !(how & 16)};

    CHECK(xmi_sim_machine_create(&mc, &w->machine) == 0);
    CHECK(xmi_sim_domain_create(w->machine, &dc, &w->domain[0]) == 0);
    dc.kind = how & 2 ? SIM_ARMV8R_MPU : SIM_ARM_S2;
    if (how & 2) {
        dc.regions = how & 4 ? 8 : 16;
        dc.whole = (how & 8) != 0;
    }
    dc.altp2m = false;
    CHECK(xmi_sim_domain_create(w->machine, &dc, &w->domain[1]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.in = {data, size}};
    struct sim_report report;

    make_world(&w);
    for (unsigned i = 0; i < MAX_STEPS && w.in.left; i++)
        do_step(&w);
    xmi_sim_report(w.machine, NULL, &report);
    CHECK(report.forbidden == 0);
    CHECK(xmi_sim_mpu_defects(w.domain[1]) == 0);
    xmi_sim_machine_destroy(w.machine);
    return 0;
}
