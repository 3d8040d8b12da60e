/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 3000

void check(struct probe *p, bool good, const char *format, ...)
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

double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int set(struct probe *p, xenmem_access_t access, uint64_t gfn, uint32_t count)
{
    return xc_set_mem_access(p->xc, p->domid, access, gfn, count) ? -errno : 0;
}

void send(struct probe *p, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t value,
          uint64_t count)
{
    struct lab_mailbox command = {
        .op = op,
        .addr = addr,
        .stride = PAGE,
        .count = count,
        .value = value,
    };
    int rc = lab_guest_start(p->guest, vcpu, &command);

    if (rc)
        check(p, false, "command %" PRIu64 ": %s", op, strerror(-rc));
}

bool finished(struct probe *p, unsigned int vcpu, uint64_t *result)
{
    struct lab_mailbox *box = lab_guest_box(p->guest, vcpu);

    if (lab_guest_wait(p->guest, vcpu, PATIENCE_MS)) {
        printf("# vCPU %u has not finished\n", vcpu);
        return false;
    }
    if (box->status != LAB_STATUS_OK) {
        printf("# vCPU %u: status %" PRIu64 ", exception %" PRIu64 " at 0x%" PRIx64 " (0x%" PRIx64
               ")\n",
               vcpu, box->status, box->fault_kind, box->fault_pc, box->fault_addr);
        return false;
    }
    if (result)
        *result = box->result;
    return true;
}

bool next_event(struct probe *p, vm_event_request_t *event)
{
    return listener_next(&p->listener, event, PATIENCE_MS);
}

void answer(struct probe *p, const vm_event_request_t *event, uint32_t flags)
{
    vm_event_response_t reply = listener_reply(event);

    reply.flags |= flags;
    listener_send(&p->listener, &reply);
}

static void write_code(struct probe *p, uint64_t gfn, uint8_t value)
{
    const uint8_t code[] = {0xb8, value, 0, 0, 0, 0xc3}; /* mov $value, %eax; ret */

    lab_guest_poke(p->guest, gfn * PAGE, code, sizeof(code));
}

static void start_up(struct probe *p)
{
    check(p, lab_guest_alive(p->guest, 0, PATIENCE_MS) == 0, "guest takes commands");
    send(p, 0, LAB_OP_CPU_ON, 0, 1, 1);
    check(p, finished(p, 0, NULL) && lab_guest_alive(p->guest, 1, PATIENCE_MS) == 0,
          "vCPU 1 started");
    write_code(p, CODE_GFN, 1);
    write_code(p, OTHER_CODE_GFN, 2);
}

static void run(struct probe *p)
{
    xenmem_access_t access;
    uint32_t capabilities = 0;
    int rc;

    start_up(p);
    rc = xc_get_mem_access(p->xc, p->domid, GFN, &access) ? -errno : 0;
    check(p, rc == -ENODEV, "no ring: get is refused with ENODEV (%d)", rc);
    rc = listener_open(&p->listener, p->xc, p->domid);
    check(p, rc == 0, "monitor enabled (%d)", rc);
    if (rc)
        return;
    rc = xc_monitor_get_capabilities(p->xc, p->domid, &capabilities);
    check(p, rc == 0, "capabilities 0x%x, %u ring entries", capabilities,
          RING_SIZE(&p->listener.ring));
    host_view(p);
    monitors(p);
    views(p);
    rates(p);
    inside(p);
    rc = xc_altp2m_set_domain_state(p->xc, p->domid, false) ? -errno : 0;
    check(p, rc == 0, "altp2m switched off (%d)", rc);
    check(p, listener_close(&p->listener) == 0, "monitor disabled");
    send(p, 0, LAB_OP_WRITE, (uint64_t)GFN * PAGE + OFFSET, 1, 1);
    send(p, 1, LAB_OP_WRITE, (uint64_t)DATA_GFN * PAGE + OFFSET, 1, 1);
    check(p, finished(p, 0, NULL) && finished(p, 1, NULL), "guest writes freely afterwards");
}

int main(int argc, char **argv)
{
    struct probe p = {0};
    int rc;

    if (argc != 2) {
        fprintf(stderr, "usage: probe DOMID\n");
        return 2;
    }
    p.domid = (uint32_t)strtoul(argv[1], NULL, 0);
    p.xc = xc_interface_open(NULL, NULL, 0);
    rc = p.xc ? lab_guest_open(&p.guest, p.domid, LAB_X86_MAILBOX_BASE / PAGE) : -errno;
    if (rc) {
        printf("Bail out! %s\n", strerror(-rc));
        return 1;
    }
    run(&p);
    sharing(&p);
    printf("1..%u\n# %u failed\n", p.number, p.failed);
    lab_guest_close(p.guest);
    xc_interface_close(p.xc);
    return p.failed ? 1 : 0;
}

/* ---- Figures in emulated time: only their ratios say anything ---- */

#define EVENTS 100u
#define PAGES 1024u

static vm_event_response_t by_step(const vm_event_request_t *event)
{
    vm_event_response_t reply = listener_reply(event);

    reply.flags |= VM_EVENT_FLAG_ALTERNATE_P2M | VM_EVENT_FLAG_FAST_SINGLESTEP;
    reply.altp2m_idx = 0;
    reply.u.fast_singlestep.p2midx = event->altp2m_idx;
    return reply;
}

static vm_event_response_t by_emulation(const vm_event_request_t *event)
{
    vm_event_response_t reply = listener_reply(event);

    reply.flags |= VM_EVENT_FLAG_EMULATE;
    return reply;
}

static void round_trips(struct probe *p, const char *name,
                        vm_event_response_t (*reply_to)(const vm_event_request_t *event))
{
    struct lab_mailbox command = {
        .op = LAB_OP_WRITE, .addr = (uint64_t)GFN * PAGE, .count = EVENTS};
    vm_event_response_t reply;
    vm_event_request_t event;
    unsigned int events = 0;
    double began = now();

    lab_guest_start(p->guest, 0, &command);
    while (events < EVENTS && next_event(p, &event)) {
        reply = reply_to(&event);
        listener_send(&p->listener, &reply);
        events++;
    }
    check(p, events == EVENTS && finished(p, 0, NULL), "%s: %.0f round trips a second", name,
          events / (now() - began));
}

static void sets(struct probe *p)
{
    static uint8_t access[PAGES];
    static uint64_t gfns[PAGES];
    double began = now(), single, ranged, multi;
    unsigned int i;
    int rc = 0;

    for (i = 0; i < PAGES && !rc; i++)
        rc = set(p, XENMEM_access_rx, WALK_GFN + i, 1);
    single = now() - began;
    began = now();
    if (!rc)
        rc = set(p, XENMEM_access_rwx, WALK_GFN, PAGES);
    ranged = now() - began;
    memset(access, XENMEM_access_r, sizeof(access));
    for (i = 0; i < PAGES; i++)
        gfns[i] = WALK_GFN + i;
    began = now();
    if (!rc)
        rc = xc_set_mem_access_multi(p->xc, p->domid, access, gfns, PAGES);
    multi = now() - began;
    check(p, rc == 0, "rates: a page %.1f us one by one, %.2f us in a range, %.2f us in a list",
          single * 1e6 / PAGES, ranged * 1e6 / PAGES, multi * 1e6 / PAGES);
    set(p, XENMEM_access_rwx, WALK_GFN, PAGES);
}

void rates(struct probe *p)
{
    xc_altp2m_set_mem_access(p->xc, p->domid, p->view, GFN, XENMEM_access_r);
    xc_altp2m_switch_to_view(p->xc, p->domid, p->view);
    round_trips(p, "fast single step", by_step);
    round_trips(p, "EMULATE", by_emulation);
    xc_altp2m_switch_to_view(p->xc, p->domid, 0);
    sets(p);
}
