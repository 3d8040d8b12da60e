/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The MPU planner: 10,000 extents of rights, and what one change and one fault cost among them. */
#include <xm/mpu.h>

#include "bench.h"

#define EXTENTS 10000u
#define ROOM (EXTENTS + 8)
#define REPEAT 200u
#define OPS 20000u

static struct xm_mpu_extent room[ROOM];
static struct xm_mpu_region plan[ROOM];
static struct xm_mpu_extents x = {.e = room, .room = ROOM};

/* Alternating rights, so that nothing merges. */
static void make(void)
{
    static const uint8_t rights[] = {XM_ACCESS_RX, XM_ACCESS_RW};

    for (uint32_t i = 0; i < EXTENTS; i++) {
        const struct xm_mpu_extent e = {.first = 4 * i, .last = 4 * i + 3, .access = rights[i % 2]};

        bench_need(xm_mpu_extents_map(&x, &e), "xm_mpu_extents_map");
    }
}

static double plan_once(void)
{
    double begin = bench_now();

    for (unsigned i = 0; i < REPEAT; i++)
        bench_need(xm_mpu_plan(&x, plan, ROOM) != (int)EXTENTS, "xm_mpu_plan");
    return (bench_now() - begin) / REPEAT / 1e3;
}

static double plan_at(void)
{
    double begin = bench_now();
    struct xm_mpu_region r;

    for (uint64_t i = 0; i < OPS; i++)
        bench_need(xm_mpu_plan_at(&x, i * 7919 % (4 * EXTENTS), &r) != 1, "xm_mpu_plan_at");
    return (bench_now() - begin) / OPS;
}

/* In the middle, there and back: the extents behind it move. */
static double set_one(void)
{
    double begin = bench_now();

    for (unsigned i = 0; i < OPS / 20; i++) {
        uint64_t gfn = 2 * EXTENTS + 1;

        bench_need(xm_mpu_extents_set(&x, gfn, gfn, XM_ACCESS_N), "xm_mpu_extents_set");
        bench_need(xm_mpu_extents_set(&x, gfn, gfn, XM_ACCESS_RX), "xm_mpu_extents_set");
    }
    return (bench_now() - begin) / (OPS / 10) / 1e3;
}

static void figure(const char *what, double (*run)(void), const char *unit)
{
    double v[BENCH_RUNS];

    for (int i = 0; i < BENCH_RUNS; i++)
        v[i] = run();
    bench_line(what, bench_median(v, BENCH_RUNS), unit);
}

int main(void)
{
    make();
    figure("MPU: plan of 10,000 extents", plan_once, "us");
    figure("MPU: region of one gfn among 10,000 extents (a fault)", plan_at, "ns");
    figure("MPU: change of one page among 10,000 extents", set_one, "us");
    return 0;
}
