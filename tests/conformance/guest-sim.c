/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest under test on the simulated machine: one scripted access at a time. */
#include "conf.h"

#include <backend-sim.h>
#include <errno.h>
#include <sim.h>
#include <string.h>

#define GUEST_VCPUS 12u
#define GUEST_PAGES 16384u
#define GUEST_FIRST 0x100u

static struct sim_machine *machine;
static struct sim_domain *domain;
static uint64_t done_before[GUEST_VCPUS];
static struct xmem *abandoned[64];
static unsigned abandoned_count;

static int sim_setup(struct conf *c)
{
    struct sim_machine_cfg mc = {.seed = 7};
    struct sim_domain_cfg dc = {.vcpus = GUEST_VCPUS, .pages = GUEST_PAGES,
                                .first_gfn = GUEST_FIRST, .superpages = true, .name = "conf"};
    if (!strcmp(c->arg, "x86-ept") || !strcmp(c->arg, "x86-ept-4.20")) {
        mc.xen_minor = c->arg[7] ? 20 : 17;
        dc.kind = SIM_X86_EPT;
        dc.altp2m = true;
    } else if (!strcmp(c->arg, "arm-s2")) {
        dc.kind = SIM_ARM_S2;
    } else if (!strcmp(c->arg, "armv8r-mpu")) {
        dc.kind = SIM_ARMV8R_MPU;
    } else if (!strcmp(c->arg, "x86-pv")) {
        dc.kind = SIM_X86_PV;
    } else {
        return -EINVAL;
    }
    int rc = sim_machine_create(&mc, &machine);
    if (!rc)
        rc = sim_domain_create(machine, &dc, &domain);
    if (!rc)
        rc = xmem_open_machine(machine, &c->x);
    if (rc)
        return rc;
    struct sim_domain_info info;
    sim_domain_info(domain, &info);
    c->domid = info.domid;
    c->vcpus = GUEST_VCPUS;
    c->first_gfn = GUEST_FIRST + 0x200;
    c->gfns = GUEST_PAGES - 0x200;
    memset(done_before, 0, sizeof(done_before));
    return 0;
}

static void sim_teardown(struct conf *c)
{
    xmem_close(c->x);
    c->x = NULL;
    sim_machine_destroy(machine);
    machine = NULL;
    domain = NULL;
}

static uint8_t op_of(enum guest_act act)
{
    switch (act) {
    case ACT_READ: return SIM_OP_READ;
    case ACT_WRITE: return SIM_OP_WRITE;
    case ACT_EXEC: return SIM_OP_EXEC;
    case ACT_RMW: return SIM_OP_RMW;
    case ACT_GUEST_REQUEST: return SIM_OP_GUEST_REQUEST;
    case ACT_BREAKPOINT: return SIM_OP_BREAKPOINT;
    case ACT_CPUID: return SIM_OP_CPUID;
    case ACT_CTRLREG3: return SIM_OP_CTRLREG;
    case ACT_MSR: return SIM_OP_MSR;
    case ACT_PRIVCALL: return SIM_OP_PRIVCALL;
    case ACT_HYPERCALL_BUF: return SIM_OP_HYPERCALL_BUF;
    case ACT_DEBUG: return SIM_OP_DEBUG;
    case ACT_DESCRIPTOR: return SIM_OP_DESCRIPTOR;
    case ACT_IN:
    case ACT_OUT: return SIM_OP_IO;
    case ACT_VMEXIT: return SIM_OP_VMEXIT;
    }
    return 0;
}

/* What the op is about beside its address. */
static uint32_t index_of(enum guest_act act)
{
    switch (act) {
    case ACT_CTRLREG3: return XMEM_CTRLREG_CR3;
    case ACT_MSR: return CONF_MSR;
    case ACT_DESCRIPTOR: return 2; /* GDTR */
    case ACT_IN:
    case ACT_OUT: return 0x80;
    case ACT_VMEXIT: return 40; /* PAUSE */
    default: return 0;
    }
}

static int sim_start(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn,
                     uint32_t offset, uint64_t value)
{
    struct sim_vcpu_info info;
    struct sim_op op = {.code = op_of(act), .addr = (gfn << 12) + offset, .value = value,
                        .index = index_of(act)};
    (void)c;
    if (act == ACT_IN || act == ACT_OUT)
        op.value = act == ACT_OUT;
    int rc = sim_vcpu_info(domain, vcpu, &info);
    if (rc)
        return rc;
    done_before[vcpu] = info.done;
    return sim_vcpu_script(domain, vcpu, &op, 1, 1);
}

static bool sim_done(struct conf *c, uint32_t vcpu)
{
    struct sim_vcpu_info info;
    (void)c;
    return !sim_vcpu_info(domain, vcpu, &info) && info.done != done_before[vcpu];
}

static uint64_t sim_result(struct conf *c, uint32_t vcpu)
{
    struct sim_vcpu_info info;
    (void)c;
    return sim_vcpu_info(domain, vcpu, &info) ? 0 : info.result;
}

static uint64_t sim_exceptions(struct conf *c, uint32_t vcpu)
{
    struct sim_vcpu_info info;
    (void)c;
    return sim_vcpu_info(domain, vcpu, &info) ? 0 : info.breakpoints + info.debugs;
}

static void sim_run(struct conf *c)
{
    (void)c;
    sim_domain_run(domain, 64);
}

static int sim_abandon(struct conf *c)
{
    sim_listener_abandon(domain);
    /* The memory of a dead process is nobody's; kept reachable for the leak checker. */
    abandoned[abandoned_count++ % 64] = c->x;
    c->d = NULL;
    c->x = NULL;
    c->listener_died = true;
    return xmem_open_machine(machine, &c->x);
}

static int sim_kill(struct conf *c)
{
    (void)c;
    sim_domain_kill(domain);
    return 0;
}

const struct guest_ops guest_sim = {
    .name = "sim",
    .setup = sim_setup,
    .teardown = sim_teardown,
    .start = sim_start,
    .done = sim_done,
    .result = sim_result,
    .exceptions = sim_exceptions,
    .run = sim_run,
    .abandon = sim_abandon,
    .kill = sim_kill,
};
