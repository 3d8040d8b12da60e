/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-arm [CASE STEPS]: what a step costs that the library does itself on Arm. Nanoseconds of the whole call, the
 * simulated hypervisor's part included; count.sh counts instructions.
 */
#include "arm/guest.h"
#include "bench.h"

#include <doc/doc.h>
#include <sim.h>
#include <xmem.h>

#define A 16u
#define STEPS 20000u

static const struct {
    const char *name;
    bool mmu;
    enum xmem_rights rights;
    struct sim_op op;
} cases[] = {
    {"store-off", false, XMEM_RX, {.code = SIM_OP_WRITE, .addr = A << 12, .len = 8}},
    {"store", true, XMEM_RX, {.code = SIM_OP_WRITE, .addr = A << 12, .len = 8}},
    {"load", true, XMEM_N, {.code = SIM_OP_READ, .addr = A << 12, .len = 8}},
    {"swap", true, XMEM_R, {.code = SIM_OP_RMW, .addr = A << 12, .len = 8}},
    {"exclusive", true, XMEM_R, {.code = SIM_OP_EXCL, .addr = A << 12, .len = 8}},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static double measure(size_t which, uint32_t steps)
{
    struct sim_machine_cfg mc = {.seed = 1};
    struct sim_domain_cfg dc = {
        .domid = 1, .kind = SIM_ARM_S2, .vcpus = 1, .pages = 64, .name = "bench"};
    struct sim_machine *m;
    struct sim_domain *g;
    struct xmem *x;
    struct xmem_domain *d;
    const struct xmem_event *ev;
    double ns = 0;
    bench_need(xmi_sim_machine_create(&mc, &m), "machine");
    bench_need(xmi_sim_domain_create(m, &dc, &g), "domain");
    if (cases[which].mmu)
        bench_need(guest_mmu_on(m, g, 1), "MMU");
    bench_need(xmi_open_machine(m, &x), "open");
    bench_need(xmem_domain_open(x, 1, NULL, &d), "session");
    bench_need(xmem_domain_enable(d), "enable");
    bench_need(xmem_domain_set_rights(d, 0, A, cases[which].rights), "rights");
    bench_need(xmi_sim_vcpu_script(g, 0, &cases[which].op, 1, steps), "script");
    for (uint32_t i = 0; i < steps; i++) {
        bench_need(xmem_event_next(d, &ev), "event");
        double t = bench_now();
        bench_need(xmem_event_step_over(d, ev), "step");
        ns += bench_now() - t;
        if (ev->stepped != XMEM_STEP_EMULATE)
            bench_need(-1, "emulation");
    }
    bench_need(xmem_domain_close(d), "close");
    xmem_close(x);
    xmi_sim_machine_destroy(m);
    return ns / steps;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < CASES; i++) {
        double v[BENCH_RUNS];
        char line[96];
        if (argc > 2 && strcmp(argv[1], cases[i].name))
            continue;
        if (argc > 2) {
            (void)measure(i, (uint32_t)atoi(argv[2]));
            return 0;
        }
        for (int r = 0; r < BENCH_RUNS; r++)
            v[r] = measure(i, STEPS);
        snprintf(line, sizeof(line), "a step by emulation on Arm: %s", cases[i].name);
        bench_line(line, bench_median(v, BENCH_RUNS), "ns");
    }
    return argc > 2;
}
