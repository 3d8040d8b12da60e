/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * context DOMID MAILBOX-ADDRESS FREE-ADDRESS: the registers of a vCPU that waits for an answer are read,
 * written as they were and read again, 10,000 times, by the library's own calls, while two others work on.
 * Then the access is stepped over. The guest (guest/arch/arm64-context.c) looks at every register that there is,
 * and waits for timers that run out meanwhile. Prints TAP.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xmem.h>

#include "backend/backend.h"
#include "base/base.h"

#include "../guest/arch/arm64.h"
#include "../common/guest.h"

#define PAGE 4096u
#define VCPUS 4u
#define WATCHED 0u /* a page of the guest's free memory, and: */
#define BESIDE 16u /* one for each vCPU that works beside it */
#define LOADED 0x1234567890abcdefull
#define ROUNDS 5000u /* a load and a store each */
#define TIMER_ROUNDS 1000u
#define LIMIT_S 20 /* of the machine's time */

struct run {
    struct lab_guest *guest;
    uint32_t domid;
    uint64_t free; /* address */
    struct xmem *x;
    struct xmem_domain *d;
    void *conn, *dom; /* the backend's, beside the session */
    uint64_t trips, differ, refused, emulated;
};

static unsigned number, failed;

static void test(bool good, const char *text, ...) __attribute__((format(printf, 2, 3)));
static void test(bool good, const char *text, ...)
{
    va_list ap;
    va_start(ap, text);
    printf("%sok %u - context: ", good ? "" : "not ", ++number);
    vprintf(text, ap);
    printf("\n");
    va_end(ap);
    fflush(stdout);
    failed += !good;
}

static const struct xmem_backend_ops *const ops = &xmi_backend_xen;

static int open_all(struct run *r)
{
    struct xmem_open_opts oo = XMEM_INIT(oo);
    struct xmem_domain_opts o = XMEM_INIT(o);
    struct xmem_caps caps = XMEM_INIT(caps);
    struct xmem_error err;
    memset(&err, 0, sizeof(err));
    int rc = xmem_open("xen:", NULL, &r->x);
    if (!rc)
        rc = xmem_domain_open(r->x, r->domid, &o, &r->d);
    if (!rc)
        rc = xmem_domain_enable(r->d);
    if (!rc)
        rc = xmem_domain_get_caps(r->d, &caps);
    if (!rc)
        rc = xmem_domain_set_rights(r->d, 0, r->free / PAGE + WATCHED, XMEM_N);
    if (!rc)
        rc = ops->open("", &oo, &r->conn, &err);
    return rc ? rc : ops->domain_open(r->conn, r->domid, &r->dom, &err);
}

static void close_all(struct run *r)
{
    if (r->dom)
        ops->domain_close(r->dom);
    if (r->conn)
        ops->close(r->conn);
    xmem_close(r->x);
    lab_guest_close(r->guest);
}

static int start_vcpus(struct run *r)
{
    int rc = lab_guest_alive(r->guest, 0, LAB_PATIENCE_MS);
    for (unsigned v = 1; !rc && v < VCPUS; v++) {
        struct lab_mailbox on = {.op = LAB_OP_CPU_ON, .value = v};
        rc = lab_guest_run(r->guest, 0, &on, LAB_PATIENCE_MS);
        if (!rc)
            rc = lab_guest_alive(r->guest, v, LAB_PATIENCE_MS);
    }
    return rc;
}

static int round_trip(struct run *r, uint32_t vcpu)
{
    struct backend_vcpu before, after;
    memset(&before, 0, sizeof(before));
    memset(&after, 0, sizeof(after));
    int rc = ops->vcpu_get(r->dom, vcpu, &before);
    if (!rc)
        rc = ops->vcpu_set(r->dom, vcpu, &before);
    r->refused += rc == -EINVAL;
    if (!rc)
        rc = ops->vcpu_get(r->dom, vcpu, &after);
    if (rc)
        return rc;
    r->trips++;
    r->differ += memcmp(&before, &after, sizeof(before)) != 0;
    return 0;
}

static int handle(struct run *r, const struct xmem_event *ev)
{
    int rc = round_trip(r, ev->vcpu);
    if (!rc)
        rc = xmem_event_step_over(r->d, ev);
    r->emulated += ev->stepped == XMEM_STEP_EMULATE;
    return rc;
}

/* One vCPU's command, to its end. */
static int serve(struct run *r, unsigned vcpu, const struct lab_mailbox *command)
{
    const struct xmem_event *ev;
    time_t end = time(NULL) + LIMIT_S;
    int rc;
    r->trips = r->differ = r->refused = r->emulated = 0;
    rc = lab_guest_start(r->guest, vcpu, command);
    while (!rc && !lab_guest_done(r->guest, vcpu)) {
        xmem_event_wait(r->d, 5);
        while (!rc && time(NULL) <= end && !xmem_event_next(r->d, &ev))
            rc = handle(r, ev);
        if (!rc && time(NULL) > end)
            rc = -ETIMEDOUT;
    }
    if (rc)
        printf("# %s: %s\n", strerror(-rc), xmem_domain_last_error(r->d));
    return rc;
}

static void tell(const struct run *r, unsigned vcpu, uint64_t accesses)
{
    printf("# context | vCPU %u | accesses %" PRIu64 " | round trips %" PRIu64
           " | by emulation %" PRIu64 " | refused %" PRIu64 "\n",
           vcpu, accesses, r->trips, r->emulated, r->refused);
    test(r->differ == 0 && r->trips > 0,
         "registers written as they were read are the same: %" PRIu64 " of %" PRIu64 " differ",
         r->differ, r->trips);
    test(r->trips == accesses && r->emulated == accesses,
         "each access of vCPU %u is an event, and emulated", vcpu);
}

static void registers(struct run *r)
{
    uint64_t value = LOADED;
    struct lab_mailbox m = {
        .op = LAB_ARM64_CONTEXT, .addr = r->free + WATCHED * PAGE, .count = ROUNDS, .value = value};
    struct lab_mailbox *box = lab_guest_box(r->guest, 0);
    int rc = lab_guest_poke(r->guest, m.addr, &value, sizeof(value));
    if (!rc)
        rc = serve(r, 0, &m);
    tell(r, 0, 2 * ROUNDS);
    test(!rc && box->status == LAB_STATUS_OK && !box->result,
         "the guest finds %" PRIu64 " differences in its registers in %" PRIu64
         " rounds (first: %" PRIu64 " holds 0x%" PRIx64 ")",
         box->result, box->progress, box->fault_kind, box->fault_addr);
}

static void timers(struct run *r)
{
    struct lab_mailbox m = {
        .op = LAB_ARM64_TIMER, .addr = r->free + WATCHED * PAGE + 64, .count = TIMER_ROUNDS};
    struct lab_mailbox *box = lab_guest_box(r->guest, 1);
    int rc = serve(r, 1, &m);
    tell(r, 1, TIMER_ROUNDS);
    test(!rc && !box->result && box->progress == TIMER_ROUNDS,
         "%" PRIu64 " of %" PRIu64 " timer interrupts are lost", box->result, box->progress);
}

/* They stop no more than a moment for the others' registers, and count right. */
static uint64_t beside(const struct run *r, unsigned vcpu)
{
    return r->free + (BESIDE + vcpu) * PAGE;
}

static void start_beside(struct run *r, unsigned vcpu)
{
    struct lab_mailbox m = {.op = LAB_OP_STREAM, .addr = beside(r, vcpu), .value = 1};
    if (lab_guest_start(r->guest, vcpu, &m))
        test(false, "vCPU %u takes no command", vcpu);
}

static void end_beside(struct run *r, unsigned vcpu)
{
    uint64_t word = 0, count;
    lab_guest_stop(r->guest, vcpu);
    int rc = lab_guest_wait(r->guest, vcpu, LAB_PATIENCE_MS);
    count = lab_guest_box(r->guest, vcpu)->progress;
    if (!rc)
        rc = lab_guest_peek(r->guest, beside(r, vcpu), &word, sizeof(word));
    test(!rc && count && word == count,
         "vCPU %u beside it stored %" PRIu64 " times, the last one's %" PRIu64, vcpu, count, word);
}

int main(int argc, char **argv)
{
    struct run r = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: context DOMID MAILBOX-ADDRESS FREE-ADDRESS\n");
        return 2;
    }
    r.domid = (uint32_t)strtoul(argv[1], NULL, 0);
    r.free = strtoull(argv[3], NULL, 0);
    int rc = lab_guest_open(&r.guest, r.domid, strtoull(argv[2], NULL, 0) / PAGE);
    if (!rc)
        rc = start_vcpus(&r);
    if (!rc)
        rc = open_all(&r);
    if (rc) {
        printf("Bail out! domain %" PRIu32 ": %s: %s\n", r.domid, strerror(-rc),
               xmem_last_error(r.x));
        return 1;
    }
    start_beside(&r, 2);
    start_beside(&r, 3);
    registers(&r);
    timers(&r);
    end_beside(&r, 2);
    end_beside(&r, 3);
    printf("1..%u\n", number);
    close_all(&r);
    return failed != 0;
}
