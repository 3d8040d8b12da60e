/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The laboratory's own proof, against plain libxenctrl: the hypervisor has mem_access, the guest
 * does what it is told, events arrive with the right contents and are answered. Prints TAP.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xen/io/ring.h>
#include <xen/vm_event.h>

#include "../../../common/guest.h"
#include "../../../guest/arch/arm64.h"

#define PAGE 4096u
#define GFN (LAB_ARM64_SCRATCH_BASE / PAGE)
#define OFFSET 0x100u
#define MANY 4096u
#define ROUNDS 1000u
#define AARCH64_RET 0xd65f03c0u

struct probe {
    xc_interface *xc;
    uint32_t domid;
    struct lab_guest *guest;
    void *page;
    vm_event_back_ring_t ring;
    xenevtchn_handle *evtchn;
    xenevtchn_port_or_error_t port;
    unsigned int number;
    unsigned int failed;
};

static void check(struct probe *p, bool good, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void check(struct probe *p, bool good, const char *format, ...)
{
    va_list args;

    printf("%s %u - ", good ? "ok" : "not ok", ++p->number);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    p->failed += !good;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The ring macros of Xen's header mix signs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static int monitor_on(struct probe *p)
{
    vm_event_sring_t *shared;
    uint32_t port;

    p->page = xc_monitor_enable(p->xc, p->domid, &port);
    if (!p->page)
        return -errno;
    shared = p->page;
    SHARED_RING_INIT(shared);
    BACK_RING_INIT(&p->ring, shared, PAGE);
    p->evtchn = xenevtchn_open(NULL, 0);
    if (!p->evtchn)
        return -errno;
    p->port = xenevtchn_bind_interdomain(p->evtchn, p->domid, port);
    return p->port < 0 ? -errno : 0;
}
#pragma GCC diagnostic pop

static int monitor_off(struct probe *p)
{
    xenevtchn_close(p->evtchn);
    munmap(p->page, PAGE);
    return xc_monitor_disable(p->xc, p->domid) ? -errno : 0;
}

static void wait_channel(struct probe *p, int ms)
{
    struct pollfd fd = {.fd = xenevtchn_fd(p->evtchn), .events = POLLIN};
    xenevtchn_port_or_error_t port;

    if (poll(&fd, 1, ms) <= 0)
        return;
    port = xenevtchn_pending(p->evtchn);
    if (port >= 0)
        xenevtchn_unmask(p->evtchn, (evtchn_port_t)port);
}

static bool take(struct probe *p, vm_event_request_t *event)
{
    if (!RING_HAS_UNCONSUMED_REQUESTS(&p->ring))
        return false;
    memcpy(event, RING_GET_REQUEST(&p->ring, p->ring.req_cons), sizeof(*event));
    p->ring.req_cons++;
    p->ring.sring->req_event = p->ring.req_cons + 1;
    return true;
}

static void answer(struct probe *p, const vm_event_request_t *event)
{
    vm_event_response_t reply;

    memset(&reply, 0, sizeof(reply));
    reply.version = VM_EVENT_INTERFACE_VERSION;
    reply.vcpu_id = event->vcpu_id;
    reply.flags = event->flags & VM_EVENT_FLAG_VCPU_PAUSED;
    reply.reason = event->reason;
    memcpy(RING_GET_RESPONSE(&p->ring, p->ring.rsp_prod_pvt), &reply, sizeof(reply));
    p->ring.rsp_prod_pvt++;
    RING_PUSH_RESPONSES(&p->ring);
    xenevtchn_notify(p->evtchn, (evtchn_port_t)p->port);
}

static bool next_event(struct probe *p, vm_event_request_t *event, double seconds)
{
    double end = now() + seconds;

    while (!take(p, event)) {
        if (now() > end)
            return false;
        wait_channel(p, 20);
    }
    return true;
}

static int set(struct probe *p, xenmem_access_t access, uint64_t gfn, uint32_t count)
{
    return xc_set_mem_access(p->xc, p->domid, access, gfn, count) ? -errno : 0;
}

static void send(struct probe *p, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t count)
{
    struct lab_mailbox command = {
        .op = op,
        .addr = addr,
        .stride = PAGE,
        .count = count,
        .value = 0x55aa,
    };
    int rc = lab_guest_start(p->guest, vcpu, &command);

    if (rc)
        check(p, false, "command %" PRIu64 ": %s", op, strerror(-rc));
}

/* One restricted page, one access: the event, its contents, and the guest going on. */
static void one_access(struct probe *p, const char *name, xenmem_access_t access, uint64_t op,
                       uint32_t flag)
{
    uint64_t addr = GFN * PAGE + (op == LAB_OP_EXEC ? 0 : OFFSET);
    vm_event_request_t event;
    bool came;

    check(p, set(p, access, GFN, 1) == 0, "%s: page restricted", name);
    send(p, 0, op, addr, 1);
    came = next_event(p, &event, LAB_PATIENCE_MS / 1000);
    check(p, came, "%s: event", name);
    if (!came)
        return;
    check(p,
          event.reason == VM_EVENT_REASON_MEM_ACCESS && event.u.mem_access.gfn == GFN &&
              event.u.mem_access.offset == addr % PAGE && (event.u.mem_access.flags & 7u) == flag &&
              event.vcpu_id == 0 && event.version == VM_EVENT_INTERFACE_VERSION,
          "%s: gfn 0x%" PRIx64 " offset 0x%" PRIx64 " flags 0x%x", name, event.u.mem_access.gfn,
          event.u.mem_access.offset, event.u.mem_access.flags);
    check(p, (event.u.mem_access.flags & MEM_ACCESS_GLA_VALID) && event.u.mem_access.gla == addr,
          "%s: linear address 0x%" PRIx64, name, event.u.mem_access.gla);
    check(p, !lab_guest_done(p->guest, 0), "%s: the vCPU waits", name);
    check(p, set(p, XENMEM_access_rwx, GFN, 1) == 0, "%s: rights given back", name);
    answer(p, &event);
    check(p, lab_guest_wait(p->guest, 0, LAB_PATIENCE_MS) == 0, "%s: the vCPU goes on", name);
}

static void every_access(struct probe *p)
{
    uint32_t ret = AARCH64_RET;
    uint64_t value = 0;

    lab_guest_poke(p->guest, (uint64_t)GFN * PAGE, &ret, sizeof(ret));
    one_access(p, "write", XENMEM_access_rx, LAB_OP_WRITE, MEM_ACCESS_W);
    lab_guest_peek(p->guest, (uint64_t)GFN * PAGE + OFFSET, &value, sizeof(value));
    check(p, value == 0x55aa, "write: arrived in memory");
    one_access(p, "read", XENMEM_access_n, LAB_OP_READ, MEM_ACCESS_R);
    one_access(p, "exec", XENMEM_access_rw, LAB_OP_EXEC, MEM_ACCESS_X);
}

static void errors(struct probe *p)
{
    xenmem_access_t access;
    int rc = xc_get_mem_access(p->xc, p->domid, GFN, &access) ? -errno : 0;

    check(p, rc == -ENODEV, "no ring: get is refused with ENODEV (%d)", rc);
}

/* The guest walks over restricted pages; each costs an event, a set and an answer. */
static void walk(struct probe *p)
{
    vm_event_request_t event;
    unsigned int events = 0;
    double began;

    check(p, set(p, XENMEM_access_rx, GFN + 16, ROUNDS) == 0, "walk: %u pages restricted", ROUNDS);
    began = now();
    send(p, 0, LAB_OP_WRITE, (GFN + 16) * (uint64_t)PAGE, ROUNDS);
    while (events < ROUNDS && next_event(p, &event, LAB_PATIENCE_MS / 1000)) {
        events++;
        set(p, XENMEM_access_rwx, event.u.mem_access.gfn, 1);
        answer(p, &event);
    }
    check(p, events == ROUNDS && lab_guest_wait(p->guest, 0, LAB_PATIENCE_MS) == 0,
          "walk: %u events, %.0f a second", events, events / (now() - began));
}

static void rates(struct probe *p)
{
    double began = now(), single, ranged;
    unsigned int i;
    int rc = 0;

    for (i = 0; i < MANY && !rc; i++)
        rc = set(p, XENMEM_access_rx, GFN + i, 1);
    single = now() - began;
    began = now();
    if (!rc)
        rc = set(p, XENMEM_access_rwx, GFN, MANY);
    ranged = now() - began;
    check(p, rc == 0, "rates: a page %.1f us one by one, %.2f us in a range (%.0f times)",
          single * 1e6 / MANY, ranged * 1e6 / MANY, single / ranged);
}

static void second_vcpu(struct probe *p)
{
    struct lab_mailbox on = {.op = LAB_OP_CPU_ON, .value = 1};
    vm_event_request_t event;
    bool came;

    check(p,
          lab_guest_run(p->guest, 0, &on, LAB_PATIENCE_MS) == 0 &&
              lab_guest_alive(p->guest, 1, LAB_PATIENCE_MS) == 0,
          "vCPU 1 started");
    set(p, XENMEM_access_rx, GFN, 1);
    send(p, 1, LAB_OP_WRITE, (uint64_t)GFN * PAGE + 8, 1);
    came = next_event(p, &event, LAB_PATIENCE_MS / 1000);
    check(p, came && event.vcpu_id == 1, "vCPU 1: event");
    set(p, XENMEM_access_rwx, GFN, 1);
    if (came)
        answer(p, &event);
    check(p, lab_guest_wait(p->guest, 1, LAB_PATIENCE_MS) == 0, "vCPU 1: goes on");
}

/*
 * Xen itself writes to a restricted page for the guest: it goes by the page's true type and lets
 * the hypercall through without an event (p2m_mem_access_check_and_get_page).
 */
static void hypercall_buffer(struct probe *p)
{
    struct lab_mailbox command = {
        .op = LAB_OP_XEN_VERSION,
        .value = 3,
        .addr = (uint64_t)GFN * PAGE,
    };
    vm_event_request_t event;
    uint64_t bytes = 0;
    int rc;

    if (getenv("XMEM_LAB_NO_HCBUF")) {
        printf("ok %u - hypercall buffer # SKIP not under this QEMU\n", ++p->number);
        return;
    }
    lab_guest_poke(p->guest, command.addr, &bytes, sizeof(bytes));
    set(p, XENMEM_access_n, GFN, 1);
    rc = lab_guest_run(p->guest, 0, &command, LAB_PATIENCE_MS);
    check(p, rc == 0 && lab_guest_box(p->guest, 0)->result == 0 && !take(p, &event),
          "hypercall buffer in a page without rights: accepted, no event");
    set(p, XENMEM_access_rwx, GFN, 1);
    lab_guest_peek(p->guest, command.addr, &bytes, sizeof(bytes));
    check(p, bytes != 0, "hypercall buffer: written (%.8s)", (const char *)&bytes);
}

static void run(struct probe *p)
{
    uint32_t capabilities = 0;
    int rc;

    check(p, lab_guest_alive(p->guest, 0, LAB_PATIENCE_MS) == 0, "guest takes commands");
    errors(p);
    rc = monitor_on(p);
    check(p, rc == 0, "monitor enabled (%d)", rc);
    if (rc)
        return;
    rc = xc_monitor_get_capabilities(p->xc, p->domid, &capabilities);
    check(p, rc == 0, "capabilities 0x%x, %u ring entries", capabilities, RING_SIZE(&p->ring));
    every_access(p);
    second_vcpu(p);
    hypercall_buffer(p);
    walk(p);
    rates(p);
    check(p, monitor_off(p) == 0, "monitor disabled");
    send(p, 0, LAB_OP_WRITE, (uint64_t)GFN * PAGE + OFFSET, 1);
    check(p, lab_guest_wait(p->guest, 0, LAB_PATIENCE_MS) == 0, "guest writes freely afterwards");
}

int main(int argc, char **argv)
{
    struct probe p = {.port = -1};
    int rc;

    if (argc != 2) {
        fprintf(stderr, "usage: probe DOMID\n");
        return 2;
    }
    p.domid = (uint32_t)strtoul(argv[1], NULL, 0);
    p.xc = xc_interface_open(NULL, NULL, 0);
    rc = p.xc ? lab_guest_open(&p.guest, p.domid, LAB_ARM64_MAILBOX_BASE / PAGE) : -errno;
    if (rc) {
        printf("Bail out! %s\n", strerror(-rc));
        return 1;
    }
    run(&p);
    printf("1..%u\n# %u failed\n", p.number, p.failed);
    lab_guest_close(p.guest);
    xc_interface_close(p.xc);
    return p.failed ? 1 : 0;
}
