/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest under test on the simulated machine: one scripted access at a time. */
#include "conf.h"

#include <doc/doc.h>
#include <errno.h>
#include <sim.h>
#include <stdlib.h>
#include <string.h>

#define GUEST_VCPUS 12u
#define GUEST_PAGES 16384u
#define GUEST_FIRST 0x100u

static struct sim_machine *machine;
static struct sim_domain *domain;
static uint64_t done_before[GUEST_VCPUS];
static uint64_t ops_wanted[GUEST_VCPUS], ops_a_round[GUEST_VCPUS];
static struct xmem *abandoned[64];
static unsigned abandoned_count;

static int sim_setup(struct conf *c)
{
    struct sim_machine_cfg mc = {.seed = 7};
    struct sim_domain_cfg dc = {.vcpus = GUEST_VCPUS,
                                .pages = GUEST_PAGES,
                                .first_gfn = GUEST_FIRST,
                                .superpages = true,
                                .name = "conf"};
    if (!strcmp(c->arg, "x86-ept") || !strncmp(c->arg, "x86-ept-4.", 10)) {
        mc.xen_minor = c->arg[7] ? (uint32_t)atoi(c->arg + 10) : 17;
        dc.kind = SIM_X86_EPT;
        dc.altp2m = true;
    } else if (!strcmp(c->arg, "arm-s2")) {
        dc.kind = SIM_ARM_S2;
    } else if (!strcmp(c->arg, "armv8r-mpu")) {
        dc.kind = SIM_ARMV8R_MPU;
    } else if (!strcmp(c->arg, "x86-pv") || !strcmp(c->arg, "x86-pv-pcpus")) {
        mc.pcpus = c->arg[6] ? 3 : 0;
        dc.kind = SIM_X86_PV;
    } else if (!strcmp(c->arg, "x86-npt") || !strcmp(c->arg, "x86-npt-4.20")) {
        mc.xen_minor = c->arg[7] ? 20 : 17;
        dc.kind = SIM_X86_NPT;
    } else {
        return -EINVAL;
    }
    int rc = xmi_sim_machine_create(&mc, &machine);
    if (!rc)
        rc = xmi_sim_domain_create(machine, &dc, &domain);
    if (!rc)
        rc = xmi_open_machine(machine, &c->x);
    if (rc)
        return rc;
    struct sim_domain_info info;
    xmi_sim_domain_info(domain, &info);
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
    xmi_sim_machine_destroy(machine);
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
    case ACT_READ_CROSSING: return SIM_OP_READ;
    case ACT_WRITE_CROSSING: return SIM_OP_WRITE;
    case ACT_RMW_CROSSING: return SIM_OP_RMW;
    case ACT_EXEC_CROSSING: return SIM_OP_EXEC;
    case ACT_EXEC_WRITE:
    case ACT_EXEC_VECTOR:
    case ACT_FOUR_PAGES: return SIM_OP_WRITE;
    case ACT_DEBUG: return SIM_OP_DEBUG;
    case ACT_DESCRIPTOR: return SIM_OP_DESCRIPTOR;
    case ACT_IN:
    case ACT_OUT: return SIM_OP_IO;
    case ACT_VMEXIT: return SIM_OP_VMEXIT;
    default: break; /* not one op; see loop_arm */
    }
    return 0;
}

/* Where an act of more pages than one reads and writes, and where it is fetched. */
static void place(enum guest_act act, uint64_t gfn, uint32_t offset, struct sim_op *op)
{
    op->addr = (gfn << 12) + offset;
    switch (act) {
    case ACT_READ_CROSSING:
    case ACT_WRITE_CROSSING:
    case ACT_RMW_CROSSING:
    case ACT_EXEC_CROSSING: op->addr = (gfn << 12) + 0xffc; break;
    case ACT_EXEC_WRITE:
    case ACT_EXEC_VECTOR:
    case ACT_FOUR_PAGES:
        op->flags = SIM_OP_F_FETCH | (act == ACT_EXEC_VECTOR ? SIM_OP_F_NO_EMUL : 0);
        op->fetch = act == ACT_FOUR_PAGES ? (gfn << 12) + 0xffe : op->addr;
        op->addr = act == ACT_FOUR_PAGES ? ((gfn + 2) << 12) + 0xffc : op->fetch + 0x1000;
        break;
    default: break;
    }
}

/* x86 with hardware tables: what is fetched from the guest's pages is an instruction there. */
static int write_code(const struct sim_op *op)
{
    struct sim_domain_info info;
    uint8_t byte[SIM_X86_BYTES];
    uint64_t at = op->code == SIM_OP_EXEC ? op->addr : op->fetch;
    bool fetched = op->code == SIM_OP_EXEC || (op->flags & SIM_OP_F_FETCH);
    size_t n = fetched ? xmi_sim_x86_encode(op, byte) : 0;
    void *page;
    int rc = 0;
    xmi_sim_domain_info(domain, &info);
    if (info.kind != SIM_X86_EPT && info.kind != SIM_X86_NPT)
        return 0;
    for (size_t i = 0; i < n && !rc; i++) {
        rc = xmi_sim_map_gfn(domain, (at + i) >> 12, &page);
        if (!rc)
            ((uint8_t *)page)[(at + i) & 0xfff] = byte[i];
    }
    return rc;
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
    struct sim_op op = {.code = op_of(act), .value = value, .index = index_of(act)};
    (void)c;
    place(act, gfn, offset, &op);
    if (!op.code)
        return -EOPNOTSUPP;
    if (act == ACT_IN || act == ACT_OUT)
        op.value = act == ACT_OUT;
    int rc = xmi_sim_vcpu_info(domain, vcpu, &info);
    if (!rc && act != ACT_EXEC)
        rc = write_code(&op);
    if (rc)
        return rc;
    done_before[vcpu] = info.done;
    ops_wanted[vcpu] = ops_a_round[vcpu] = 1;
    return xmi_sim_vcpu_script(domain, vcpu, &op, 1, 1);
}

/* Work is a few reads elsewhere, however much is asked for. */
static int sim_loop(struct conf *c, uint32_t vcpu, enum guest_act act, uint64_t gfn,
                    uint32_t offset, uint64_t count, uint32_t work)
{
    struct sim_vcpu_info info;
    struct sim_op ops[4] = {{.code = op_of(act), .addr = (gfn << 12) + offset, .value = 1}};
    size_t n = work ? 4 : 1;
    int rc = xmi_sim_vcpu_info(domain, vcpu, &info);
    if (rc)
        return rc;
    for (size_t i = 1; i < n; i++)
        ops[i] = (struct sim_op){.code = SIM_OP_READ, .addr = conf_gfn(c, 40) << 12};
    done_before[vcpu] = info.done;
    ops_wanted[vcpu] = n * count;
    ops_a_round[vcpu] = n;
    return xmi_sim_vcpu_script(domain, vcpu, ops, n, count);
}

static uint64_t ops_done(uint32_t vcpu)
{
    struct sim_vcpu_info info;
    return xmi_sim_vcpu_info(domain, vcpu, &info) ? 0 : info.done - done_before[vcpu];
}

static uint64_t sim_counted(struct conf *c, uint32_t vcpu)
{
    (void)c;
    return (ops_done(vcpu) + ops_a_round[vcpu] - 1) / ops_a_round[vcpu];
}

static bool sim_done(struct conf *c, uint32_t vcpu)
{
    (void)c;
    return ops_done(vcpu) >= ops_wanted[vcpu];
}

static uint64_t sim_result(struct conf *c, uint32_t vcpu)
{
    struct sim_vcpu_info info;
    (void)c;
    return xmi_sim_vcpu_info(domain, vcpu, &info) ? 0 : info.result;
}

static uint64_t sim_exceptions(struct conf *c, uint32_t vcpu)
{
    struct sim_vcpu_info info;
    (void)c;
    return xmi_sim_vcpu_info(domain, vcpu, &info) ? 0 : info.breakpoints + info.debugs;
}

static void sim_run(struct conf *c)
{
    (void)c;
    xmi_sim_domain_run(domain, 64);
}

static int sim_abandon(struct conf *c)
{
    xmi_sim_listener_abandon(domain);
    /* The memory of a dead process is nobody's; kept reachable for the leak checker. */
    abandoned[abandoned_count++ % 64] = c->x;
    c->d = NULL;
    c->x = NULL;
    c->listener_died = true;
    return xmi_open_machine(machine, &c->x);
}

static int sim_kill(struct conf *c)
{
    (void)c;
    xmi_sim_domain_kill(domain);
    return 0;
}

const struct guest_ops guest_sim = {
    .name = "sim",
    .setup = sim_setup,
    .teardown = sim_teardown,
    .start = sim_start,
    .loop = sim_loop,
    .counted = sim_counted,
    .done = sim_done,
    .result = sim_result,
    .exceptions = sim_exceptions,
    .run = sim_run,
    .abandon = sim_abandon,
    .kill = sim_kill,
};
