/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replay speed of the simulated machine and its tables' memory:
 *   bench-replay [TRACE]
 * TRACE is a file of lackey's; without it one is made up: 400 pages, accesses that stay in
 * a page for a while, about as a small program's do. Medians of 5 runs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "program.h"
#include "sim.h"

#define RUNS 5
#define ACCESSES UINT64_C(40000000)
#define PAGES UINT64_C(65536)

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v)
{
    qsort(v, RUNS, sizeof(*v), by_value);
    return v[RUNS / 2];
}

static int write_trace(char *path)
{
    static const char *const line[] = {"I  ", " L ", " S ", " M "};
    struct sim_rng r;
    uint64_t page[2] = {0, 200};
    FILE *f;
    int fd = mkstemp(path);

    if (fd < 0)
        return -1;
    f = fdopen(fd, "w");
    rng_seed(&r, 1);
    for (int i = 0; i < 1000000; i++) {
        uint64_t k = rng_below(&r, 10);
        unsigned op = k < 6 ? 0 : k < 8 ? 1 : k < 9 ? 2 : 3;
        unsigned c = op == 0 ? 0 : 1;

        if (rng_below(&r, 16) == 0)
            page[c] = c * 200 + rng_below(&r, 200);
        fprintf(f, "%s%08" PRIx64 ",%d\n", line[op],
                UINT64_C(0x400000) + page[c] * 4096 + rng_below(&r, 512) * 8, 4);
    }
    return fclose(f);
}

static struct sim_domain *make_domain(struct sim_machine *m, bool superpages)
{
    const struct sim_domain_cfg cfg = {
        .kind = SIM_X86_EPT, .vcpus = 1, .pages = PAGES, .superpages = superpages, .name = "bench"};
    struct sim_domain *d = NULL;
    int rc = xmi_sim_domain_create(m, &cfg, &d);

    if (rc != 0) {
        fprintf(stderr, "bench-replay: no domain: %d\n", rc);
        exit(1);
    }
    return d;
}

static double rate(struct sim_domain *d, uint64_t accesses)
{
    double v[RUNS];

    xmi_sim_domain_run(d, 1000000); /* warm */
    for (int i = 0; i < RUNS; i++) {
        double t = now();
        uint64_t n = xmi_sim_domain_run(d, accesses);

        v[i] = (double)n / (now() - t);
    }
    return median(v);
}

static void print_rate(const char *what, struct sim_domain *d, uint64_t accesses)
{
    printf("replay: %-28s %7.1f million accesses/s on one vCPU\n", what, rate(d, accesses) / 1e6);
}

static void print_memory(struct sim_machine *m, struct sim_domain *d, const char *what)
{
    struct sim_report r;

    xmi_sim_report(m, d, &r);
    printf("tables: %-28s %7.2f bytes per mapped gfn (%" PRIu64 " gfns)\n", what,
           (double)r.mem_bytes / (double)r.mapped_gfns, r.mapped_gfns);
}

static int bench_trace(struct sim_domain *d, const char *path)
{
    struct sim_trace_damage damage = {0};
    double t = now();
    int rc = xmi_sim_vcpu_trace(d, 0, path, 0, &damage);

    if (rc != 0) {
        fprintf(stderr, "bench-replay: %s:%" PRIu64 ": cannot be replayed (%d)\n", path,
                damage.line, rc);
        return 1;
    }
    printf("replay: %-28s %7.3f s\n", "read the trace", now() - t);
    print_rate("trace, unrestricted", d, ACCESSES);
    return 0;
}

int main(int argc, char **argv)
{
    const struct sim_random_cfg rnd = {.seed = 1, .gfns = 1024, .read = 6, .write = 3, .exec = 1};
    const struct sim_random_cfg wide = {.seed = 1, .gfns = PAGES, .read = 6, .write = 3};
    const struct sim_machine_cfg cfg = {.seed = 1};
    char path[] = "/tmp/bench-replay-XXXXXX";
    struct sim_domain *small, *large;
    struct sim_machine *m = NULL;
    int rc;

    if (xmi_sim_machine_create(&cfg, &m) != 0)
        return 1;
    small = make_domain(m, false);
    large = make_domain(m, true);
    if (argc < 2 && write_trace(path) != 0) {
        perror(path);
        return 1;
    }
    rc = bench_trace(small, argc < 2 ? path : argv[1]);
    if (argc < 2)
        unlink(path);
    xmi_sim_vcpu_random(small, 0, &rnd);
    print_rate("random, 1024 pages", small, ACCESSES);
    xmi_sim_vcpu_random(small, 0, &wide);
    print_rate("random, 65536 pages", small, ACCESSES / 20);
    print_memory(m, small, "4 KiB pages");
    print_memory(m, large, "2 MiB pages");
    xmi_sim_machine_destroy(m);
    return rc;
}
