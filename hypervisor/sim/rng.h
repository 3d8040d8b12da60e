/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random numbers that are the same on every machine: xorshift64*, seeded through splitmix64. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdint.h>

struct sim_rng {
    uint64_t s;
};

static inline void rng_seed(struct sim_rng *r, uint64_t seed)
{
    uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    r->s = z != 0 ? z : 1; /* xorshift stays at 0 for ever */
}

static inline uint64_t rng_next(struct sim_rng *r)
{
    uint64_t x = r->s;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    r->s = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0 to n - 1; n is not 0. Multiplied down, as the high bits are the good ones. */
static inline uint64_t rng_below(struct sim_rng *r, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)rng_next(r) * n) >> 64);
}

#endif
