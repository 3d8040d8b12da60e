/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One million gfns set by one batch, scattered and in runs of mean length 16, against one
 * hypercall per gfn, on the simulated machine; hypercalls, flushes, nanoseconds per gfn.
 */
#include "bench.h"

#include <doc/doc.h>
#include <sim.h>
#include <xmem.h>

#define GFNS 1000000u
#define PAGES 2200000u
#define RUNS 5

static uint64_t *gfns;
static uint8_t *rights;
static uint64_t state = 42;

static uint64_t rnd(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void shuffle(void)
{
    for (uint32_t i = GFNS - 1; i > 0; i--) {
        uint32_t k = (uint32_t)(rnd() % (i + 1));
        uint64_t g = gfns[i];
        gfns[i] = gfns[k];
        gfns[k] = g;
    }
}

static void scattered(void)
{
    for (uint32_t i = 0; i < GFNS; i++)
        gfns[i] = i * 2 + (rnd() & 1);
    shuffle();
}

/* Runs of 1 to 31, mean 16, with holes of 1 to 15. */
static void in_runs(void)
{
    uint64_t g = 0;
    for (uint32_t i = 0; i < GFNS;) {
        for (uint64_t n = 1 + rnd() % 31; n && i < GFNS; n--)
            gfns[i++] = g++;
        g += 1 + rnd() % 15;
    }
    shuffle();
}

static struct sim_machine *machine;
static struct xmem *x;
static struct xmem_domain *d;

static void open_machine(void)
{
    struct sim_machine_cfg mc = {.seed = 1};
    struct sim_domain_cfg dc = {.domid = 1,
                                .kind = SIM_X86_EPT,
                                .vcpus = 1,
                                .pages = PAGES,
                                .superpages = false,
                                .name = "bench"};
    struct sim_domain *sd;
    bench_need(xmi_sim_machine_create(&mc, &machine), "machine");
    bench_need(xmi_sim_domain_create(machine, &dc, &sd), "domain");
    bench_need(xmi_open_machine(machine, &x), "open");
    bench_need(xmem_domain_open(x, 1, NULL, &d), "session");
    bench_need(xmem_domain_enable(d), "enable");
}

static void close_machine(void)
{
    bench_need(xmem_domain_close(d), "close");
    xmem_close(x);
    xmi_sim_machine_destroy(machine);
}

static uint64_t flushes(void)
{
    struct sim_report r;
    xmi_sim_report(machine, NULL, &r);
    return r.tlb_flushes;
}

static double one_batch(uint8_t right, struct xmem_batch_result *res)
{
    struct xmem_batch *b;
    memset(rights, right, GFNS);
    bench_need(xmem_batch_new(d, &b), "batch");
    double t = bench_now();
    bench_need(xmem_batch_add_many(b, 0, gfns, rights, GFNS), "add");
    bench_need(xmem_batch_apply(b, res), "apply");
    t = bench_now() - t;
    xmem_batch_free(b);
    return t / GFNS;
}

static double one_by_one(uint8_t access)
{
    double t = bench_now();
    for (uint32_t i = 0; i < GFNS; i++) {
        struct xm_mem_access_op op = {
            .op = XM_MEM_ACCESS_SET, .access = access, .domid = 1, .nr = 1, .pfn = gfns[i]};
        bench_need(xmi_sim_hc_mem_access(machine, &op), "set");
    }
    return (bench_now() - t) / GFNS;
}

static void measure(const char *name, void (*fill)(void))
{
    double batch[RUNS], again[RUNS], single[RUNS];
    struct xmem_batch_result res = XMEM_INIT(res), none = XMEM_INIT(none);
    uint64_t fl = 0;
    char line[96];
    fill();
    for (int i = 0; i < RUNS; i++) {
        open_machine();
        fl = flushes();
        batch[i] = one_batch(XMEM_RX, &res);
        fl = flushes() - fl;
        again[i] = one_batch(XMEM_RX, &none);
        single[i] = one_by_one(i & 1 ? XM_ACCESS_RX : XM_ACCESS_R);
        close_machine();
    }
    printf("%s: %ju gfns in %ju ranges: %ju hypercalls, %ju flushes\n", name, (uintmax_t)res.gfns,
           (uintmax_t)res.ranges, (uintmax_t)res.hypercalls, (uintmax_t)fl);
    snprintf(line, sizeof(line), "%s: one batch", name);
    bench_line(line, bench_median(batch, RUNS), "ns/gfn");
    snprintf(line, sizeof(line), "%s: the same again (%ju hypercalls)", name,
             (uintmax_t)none.hypercalls);
    bench_line(line, bench_median(again, RUNS), "ns/gfn");
    snprintf(line, sizeof(line), "%s: one hypercall per gfn (%u hypercalls)", name, GFNS);
    bench_line(line, bench_median(single, RUNS), "ns/gfn");
}

int main(void)
{
    gfns = malloc(GFNS * sizeof(*gfns));
    rights = malloc(GFNS);
    if (!gfns || !rights)
        return 1;
    measure("scattered", scattered);
    measure("runs of 16", in_runs);
    free(gfns);
    free(rights);
    return 0;
}
