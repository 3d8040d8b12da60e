/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target without libFuzzer: over files given as arguments, else over inputs
 * made from a fixed set of seeds, so that every machine runs the same ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

#define SEEDS 400u
#define MAX_INPUT 8192u

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Random bytes, but with runs of small numbers: fields are small more often than not. */
static size_t make_input(uint64_t seed, uint8_t *buf)
{
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size_t len = (size_t)(next(&state) % MAX_INPUT);

    for (size_t i = 0; i < len; i++) {
        uint64_t r = next(&state);
        buf[i] = (r >> 40) % 3 ? (uint8_t)(r % 9) : (uint8_t)r;
    }
    return len;
}

static int run_file(const char *path)
{
    static uint8_t buf[1u << 20];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t len = fread(buf, 1, sizeof(buf), f);
    fclose(f);
    LLVMFuzzerTestOneInput(buf, len);
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t buf[MAX_INPUT];
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= run_file(argv[i]);
    for (uint64_t seed = 0; argc == 1 && seed < SEEDS; seed++) {
        /* An exact copy on the heap, so that a read beyond it is found. */
        size_t len = make_input(seed, buf);
        uint8_t *copy = malloc(len ? len : 1);
        if (!copy)
            return 1;
        memcpy(copy, buf, len);
        LLVMFuzzerTestOneInput(copy, len);
        free(copy);
    }
    return failed;
}
