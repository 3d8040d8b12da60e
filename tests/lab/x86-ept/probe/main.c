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
        .op = op, .addr = addr, .stride = PAGE, .count = count, .value = value,
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
               ")\n", vcpu, box->status, box->fault_kind, box->fault_pc, box->fault_addr);
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
    rc = p.xc ? lab_guest_open(&p.guest, p.domid, LAB_MAILBOX_BASE / PAGE) : -errno;
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
