/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine behind "sim:": a guest on EPT whose first vCPU does what a just-in-time
 * compiler does, writing a page and then executing it, while the second one minds its own
 * business; and a guest on Arm.
 */
#include "backend/sim/backend-sim.h"

#include <string.h>

#include <sim.h>

#define FIRST_GFN 0x1000u
#define PAGES 4096u
#define CODE_GFN (FIRST_GFN + 0x10) /* what runs all the time */
#define JIT_GFN (FIRST_GFN + 0x200) /* written, then executed */
#define HEAP_GFN (FIRST_GFN + 0x400)
#define JIT_PAGES 4u
#define ROUNDS 3u
#define DEMO_SEED 2024u

static struct sim_op op(uint8_t code, uint64_t gfn, uint64_t offset, uint64_t value)
{
    return (struct sim_op){.code = code, .addr = (gfn << 12) + offset, .value = value};
}

/* Emits a page of code and calls it; each page gets new code once more. */
static int script_jit(struct sim_domain *d)
{
    struct sim_op ops[JIT_PAGES * 8];
    size_t n = 0;
    for (uint32_t i = 0; i < JIT_PAGES; i++) {
        ops[n++] = op(SIM_OP_EXEC, CODE_GFN, 0x40, 0);
        ops[n++] = op(SIM_OP_READ, HEAP_GFN + i, 0, 0);
        ops[n++] = op(SIM_OP_WRITE, JIT_GFN + i, 0, 0x90909090c3);
        ops[n++] = op(SIM_OP_WRITE, JIT_GFN + i, 8, 0xc3);
        ops[n++] = op(SIM_OP_EXEC, JIT_GFN + i, 0, 0);
        ops[n++] = op(SIM_OP_EXEC, CODE_GFN, 0x80, 0);
        ops[n++] = op(SIM_OP_WRITE, HEAP_GFN + i, 0x10, i);
    }
    return xmi_sim_vcpu_script(d, 0, ops, n, ROUNDS);
}

static int script_reader(struct sim_domain *d, uint32_t vcpu)
{
    struct sim_op ops[32];
    for (uint32_t i = 0; i < 32; i++)
        ops[i] = op(i % 8 ? SIM_OP_READ : SIM_OP_EXEC, i % 8 ? HEAP_GFN + 64 + i : CODE_GFN, 8 * i,
                    0);
    return xmi_sim_vcpu_script(d, vcpu, ops, 32, 16);
}

static int add_domain(struct sim_machine *m, const char *name, enum sim_kind kind)
{
    struct sim_domain_cfg cfg = {.kind = kind,
                                 .vcpus = 2,
                                 .pages = PAGES,
                                 .first_gfn = FIRST_GFN,
                                 .superpages = true,
                                 .altp2m = kind == SIM_X86_EPT};
    struct sim_domain *d;
    strncpy(cfg.name, name, sizeof(cfg.name) - 1);
    int rc = xmi_sim_domain_create(m, &cfg, &d);
    if (!rc)
        rc = script_jit(d);
    return rc ? rc : script_reader(d, 1);
}

int xmi_backend_sim_demo(const struct xmem_open_opts *opts, struct sim_machine **out,
                         struct xmem_error *err)
{
    struct sim_machine_cfg cfg = {.seed = opts && opts->seed ? opts->seed : DEMO_SEED};
    struct sim_machine *m;
    int rc = xmi_sim_machine_create(&cfg, &m);
    if (rc)
        return xmi_error_set(err, rc, "sim: the machine cannot be made: %s", strerror(-rc));
    rc = add_domain(m, "demo", SIM_X86_EPT);
    if (!rc)
        rc = add_domain(m, "demo-arm", SIM_ARM_S2);
    if (rc) {
        xmi_sim_machine_destroy(m);
        return xmi_error_set(err, rc, "sim: the domains cannot be made: %s", strerror(-rc));
    }
    *out = m;
    return 0;
}
