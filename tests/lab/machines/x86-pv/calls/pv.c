/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../../../guest/arch/x86-pv.h"
#include "pv.h"

#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

/* public/io/ring.h and vm_event.h: one page, shared by requests and answers. */
#define RING_SLOTS 8u
struct ring {
    volatile uint32_t req_prod, req_event, rsp_prod, rsp_event;
    uint8_t pad[48];
    vm_event_request_t slot[RING_SLOTS];
};

xc_interface *pv_xc;
unsigned int checks, failures;

static xencall_handle *calls;
static xenevtchn_handle *channels;
static xenforeignmemory_handle *memory;
static xenforeignmemory_resource_handle *resource;
static uint32_t req_cons, rsp_prod;
static int port = -1;

void check(bool good, const char *format, ...)
{
    va_list ap;

    checks++;
    failures += !good;
    printf("%s %u - ", good ? "ok" : "not ok", checks);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int rc_of(int rc)
{
    return rc < 0 ? -errno : rc;
}

/* ---- the domain ---- */

static int ask_labdom(const char *command, char *line, int size)
{
    FILE *f = popen(command, "r");
    bool got = f && fgets(line, size, f);

    return f && pclose(f) == 0 && got ? 0 : -EIO;
}

int pv_create(struct pv *p, unsigned int vcpus)
{
    char command[128], line[256];

    memset(p, 0, sizeof(*p));
    if (!pv_xc) {
        pv_xc = xc_interface_open(NULL, NULL, 0);
        calls = xencall_open(NULL, 0);
        channels = xenevtchn_open(NULL, 0);
        memory = xenforeignmemory_open(NULL, 0);
    }
    snprintf(command, sizeof(command), "labdom pv \"$LAB_GUEST\" 96 %u", vcpus);
    if (!pv_xc || !calls || !channels || !memory || ask_labdom(command, line, sizeof(line)))
        return -EIO;
    p->domid = (uint32_t)strtoul(line, NULL, 0);
    snprintf(command, sizeof(command), "labdom note %" PRIu32, p->domid);
    if (ask_labdom(command, line, sizeof(line)) ||
        sscanf(line, "mailbox=%" SCNx64 " first=%" SCNx64 " count=%" SCNu64, &p->mailbox, &p->first,
               &p->count) != 3)
        return -EIO;
    if (lab_guest_open(&p->guest, p->domid, p->mailbox))
        return -EIO;
    return lab_guest_alive(p->guest, 0, LAB_PATIENCE_MS);
}

void pv_destroy(struct pv *p)
{
    char command[64];

    lab_guest_close(p->guest);
    snprintf(command, sizeof(command), "labdom destroy %" PRIu32, p->domid);
    if (system(command))
        fprintf(stderr, "labdom destroy failed\n");
}

uint64_t pv_mfn(const struct pv *p, uint64_t pfn)
{
    char command[64], line[64];

    snprintf(command, sizeof(command), "labdom mfn %" PRIu32 " %" PRIu64, p->domid, pfn);
    return ask_labdom(command, line, sizeof(line)) ? 0 : strtoull(line, NULL, 0);
}

/* ---- control ---- */

int pv_shadow(struct pv *p, unsigned int op, unsigned int mode)
{
    return rc_of((int)xc_shadow_control(pv_xc, p->domid, op, NULL, mode));
}

int pv_map_ring(struct pv *p)
{
    void *page = NULL;

    resource = xenforeignmemory_map_resource(memory, (domid_t)p->domid, PV_RESOURCE, 0, 0, 1, &page,
                                             PROT_READ | PROT_WRITE, 0);
    if (!resource)
        return -errno;
    p->ring = page;
    return 0;
}

static int vm_event(struct pv *p, unsigned int op, uint32_t *remote)
{
    struct xen_domctl *d = xencall_alloc_buffer(calls, sizeof(*d));
    int rc;

    memset(d, 0, sizeof(*d));
    d->cmd = XEN_DOMCTL_vm_event_op;
    d->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    d->domain = (domid_t)p->domid;
    d->u.vm_event_op.op = op;
    d->u.vm_event_op.mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR;
    rc = rc_of(xencall1(calls, __HYPERVISOR_domctl, (uintptr_t)d));
    if (remote)
        *remote = d->u.vm_event_op.u.enable.port;
    xencall_free_buffer(calls, d);
    return rc;
}

int pv_enable(struct pv *p)
{
    uint32_t remote = 0;
    int rc = vm_event(p, XEN_VM_EVENT_ENABLE, &remote);

    if (rc)
        return rc;
    port = xenevtchn_bind_interdomain(channels, p->domid, remote);
    if (port < 0)
        return -errno;
    if (p->ring) {
        struct ring *r = p->ring;

        r->req_prod = r->rsp_prod = req_cons = rsp_prod = 0;
        r->req_event = r->rsp_event = 1;
    }
    return 0;
}

int pv_disable(struct pv *p)
{
    if (port >= 0)
        xenevtchn_unbind(channels, (evtchn_port_t)port);
    port = -1;
    return vm_event(p, XEN_VM_EVENT_DISABLE, NULL);
}

int pv_start(struct pv *p, unsigned int mode)
{
    int rc = pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE | mode);

    if (!rc)
        rc = pv_map_ring(p);
    return rc ? rc : pv_enable(p);
}

int pv_stop(struct pv *p)
{
    int rc = pv_disable(p);

    if (resource)
        xenforeignmemory_unmap_resource(memory, resource);
    resource = NULL;
    p->ring = NULL;
    return rc ? rc : pv_shadow(p, XEN_DOMCTL_SHADOW_OP_OFF, PV_MODE);
}

int pv_set(struct pv *p, uint64_t mfn, uint32_t nr, int access)
{
    return rc_of(xc_set_mem_access(pv_xc, p->domid, (xenmem_access_t)access, mfn, nr));
}

int pv_get(struct pv *p, uint64_t mfn)
{
    xenmem_access_t access = 0;
    int rc = rc_of(xc_get_mem_access(pv_xc, p->domid, mfn, &access));

    return rc < 0 ? rc : (int)access;
}

/* ---- events ---- */

static bool take(struct pv *p, vm_event_request_t *e)
{
    struct ring *r = p->ring;

    if (r->req_prod == req_cons)
        return false;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    memcpy(e, &r->slot[req_cons++ % RING_SLOTS], sizeof(*e));
    r->req_event = req_cons + 1;
    return true;
}

bool pv_event(struct pv *p, vm_event_request_t *e, unsigned int ms)
{
    struct pollfd fd = {.fd = xenevtchn_fd(channels), .events = POLLIN};
    uint64_t end = now_ms() + ms;
    int pending;

    for (;;) {
        if (take(p, e))
            return true;
        if (now_ms() >= end)
            return false;
        if (poll(&fd, 1, 20) > 0) {
            pending = xenevtchn_pending(channels);
            if (pending >= 0)
                xenevtchn_unmask(channels, (evtchn_port_t)pending);
        }
    }
}

void pv_answer(struct pv *p, const vm_event_request_t *e, uint32_t flags,
               const struct vm_event_regs_x86 *regs)
{
    vm_event_response_t r = {
        .version = VM_EVENT_INTERFACE_VERSION,
        .vcpu_id = e->vcpu_id,
        .flags = (e->flags & VM_EVENT_FLAG_VCPU_PAUSED) | flags,
        .reason = e->reason,
        .u.mem_access = e->u.mem_access,
    };

    struct ring *ring = p->ring;

    if (regs)
        r.data.regs.x86 = *regs;
    memcpy(&ring->slot[rsp_prod++ % RING_SLOTS], &r, sizeof(r));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ring->rsp_prod = rsp_prod;
    xenevtchn_notify(channels, (evtchn_port_t)port);
}

/* ---- the guest ---- */

void pv_tell_more(struct pv *p, const struct lab_mailbox *command)
{
    if (lab_guest_start(p->guest, 0, command))
        check(false, "the guest takes a command");
}

void pv_tell(struct pv *p, uint64_t op, uint64_t addr, uint64_t value)
{
    const struct lab_mailbox command = {.op = op, .addr = addr, .value = value, .count = 1};

    pv_tell_more(p, &command);
}

bool pv_done(struct pv *p, unsigned int ms)
{
    return lab_guest_wait(p->guest, 0, ms) == 0;
}

uint64_t pv_do(struct pv *p, uint64_t op, uint64_t addr, uint64_t value)
{
    pv_tell(p, op, addr, value);
    if (!pv_done(p, LAB_PATIENCE_MS))
        check(false, "command %" PRIu64 " ends", op);
    return lab_guest_box(p->guest, 0)->result;
}

uint64_t pv_status(struct pv *p)
{
    return lab_guest_box(p->guest, 0)->status;
}

void pv_start_hypercall(struct pv *p, uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                        uint64_t d)
{
    const struct lab_mailbox command = {
        .op = LAB_PV_HYPERCALL, .value = number, .addr = a, .stride = b, .count = c, .size = d};

    pv_tell_more(p, &command);
}

uint64_t pv_hypercall(struct pv *p, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    pv_start_hypercall(p, number, a, b, c, d);
    if (!pv_done(p, LAB_PATIENCE_MS))
        check(false, "hypercall %" PRIu64 " ends", number);
    return lab_guest_box(p->guest, 0)->result;
}
