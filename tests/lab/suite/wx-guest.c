/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the laboratory's x86 guest does while xmemctl watches it.
 *   wx-guest DOMID MAILBOX rounds CODE DATA    vCPU 0 writes a function to CODE, calls it, and it
 *                                              writes to DATA; again and again, until killed
 *   wx-guest DOMID MAILBOX write ADDR VALUE    vCPU 1 writes; prints what is there then
 *   wx-guest DOMID MAILBOX call ADDR           vCPU 1 calls a page where a return stands; prints
 *                                              "called", or "waits" when it does not come back
 *   wx-guest DOMID MAILBOX wait                until vCPU 1 has done what it was told
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/guest.h"

#define PAGE 4096u
#define SHORT_MS 1500u
#define TELL_EVERY 10u

static int tell(struct lab_guest *g, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t value)
{
    struct lab_mailbox m = {.op = op, .addr = addr, .count = 1, .stride = 8, .value = value};
    int rc = lab_guest_wait(g, vcpu, LAB_PATIENCE_MS);

    return rc ? rc : lab_guest_start(g, vcpu, &m);
}

static int done(struct lab_guest *g, unsigned int vcpu, unsigned int ms)
{
    int rc = lab_guest_wait(g, vcpu, ms);

    return rc ? rc : lab_guest_box(g, vcpu)->status == LAB_STATUS_OK ? 0 : -EFAULT;
}

static int start_vcpu(struct lab_guest *g, unsigned int vcpu)
{
    int rc = lab_guest_alive(g, 0, LAB_PATIENCE_MS);

    if (rc || !vcpu || lab_guest_box(g, vcpu)->alive == LAB_ALIVE + vcpu)
        return rc;
    rc = tell(g, 0, LAB_OP_CPU_ON, 0, vcpu);
    if (!rc)
        rc = done(g, 0, LAB_PATIENCE_MS);
    return rc ? rc : lab_guest_alive(g, vcpu, LAB_PATIENCE_MS);
}

/* movl $n, data; ret: in two words, which the guest writes itself. */
static int one_round(struct lab_guest *g, uint64_t code, uint64_t data, uint32_t n)
{
    const uint32_t to = (uint32_t)data;
    uint8_t bytes[16] = {0xc7, 0x04, 0x25};
    uint64_t words[2];
    uint32_t found = ~n;
    int rc = 0;

    memcpy(bytes + 3, &to, 4);
    memcpy(bytes + 7, &n, 4);
    bytes[11] = 0xc3;
    memcpy(words, bytes, sizeof(words));
    for (unsigned int i = 0; i < 2 && !rc; i++)
        rc = tell(g, 0, LAB_OP_WRITE, code + 8 * i, words[i]);
    if (!rc)
        rc = tell(g, 0, LAB_OP_EXEC, code, 0);
    if (!rc)
        rc = done(g, 0, LAB_PATIENCE_MS);
    if (!rc)
        rc = lab_guest_peek(g, data, &found, sizeof(found));
    return rc ? rc : found == n ? 0 : -EILSEQ;
}

static int rounds(struct lab_guest *g, uint64_t code, uint64_t data)
{
    for (uint32_t n = 1;; n++) {
        int rc = one_round(g, code, data, n);

        if (rc) {
            printf("BROKEN round %" PRIu32 ": %s\n", n, strerror(-rc));
            return rc;
        }
        if (n % TELL_EVERY == 0) {
            printf("alive %" PRIu32 "\n", n);
            fflush(stdout);
        }
    }
}

static int write_one(struct lab_guest *g, uint64_t addr, uint64_t value)
{
    uint64_t found = 0;
    int rc = tell(g, 1, LAB_OP_WRITE, addr, value);

    if (!rc)
        rc = done(g, 1, LAB_PATIENCE_MS);
    if (!rc)
        rc = lab_guest_peek(g, addr, &found, sizeof(found));
    printf("0x%" PRIx64 "\n", found);
    return rc;
}

static int call_one(struct lab_guest *g, uint64_t addr)
{
    const uint8_t ret = 0xc3;
    int rc = lab_guest_poke(g, addr, &ret, sizeof(ret));

    if (!rc)
        rc = tell(g, 1, LAB_OP_EXEC, addr, 0);
    if (!rc)
        rc = done(g, 1, SHORT_MS);
    printf("%s\n", rc == -ETIMEDOUT ? "waits" : rc ? strerror(-rc) : "called");
    return rc == -ETIMEDOUT ? 0 : rc;
}

static int act(struct lab_guest *g, int argc, char **argv)
{
    uint64_t a = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;
    uint64_t b = argc > 5 ? strtoull(argv[5], NULL, 0) : 0;
    bool round = !strcmp(argv[3], "rounds");
    int rc = start_vcpu(g, round ? 0 : 1);

    if (rc)
        return rc;
    if (round && argc == 6)
        return rounds(g, a, b);
    if (!strcmp(argv[3], "write") && argc == 6)
        return write_one(g, a, b);
    if (!strcmp(argv[3], "call") && argc == 5)
        return call_one(g, a);
    return !strcmp(argv[3], "wait") ? done(g, 1, LAB_PATIENCE_MS) : -EINVAL;
}

int main(int argc, char **argv)
{
    struct lab_guest *g = NULL;
    int rc = -EINVAL;

    if (argc >= 4)
        rc = lab_guest_open(&g, (uint32_t)strtoul(argv[1], NULL, 0),
                            strtoull(argv[2], NULL, 0) / PAGE);
    if (!rc)
        rc = act(g, argc, argv);
    if (rc)
        fprintf(stderr, "wx-guest: %s\n", strerror(-rc));
    lab_guest_close(g);
    return rc != 0;
}
