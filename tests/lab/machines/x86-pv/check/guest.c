/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen's side of a checked domain: mode, ring, rights, events. */
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <xen/io/ring.h>
#include <xen/memory.h>

/* Exported by libxenctrl, but not declared in its header. */
int xc_vm_event_control(xc_interface *xch, uint32_t domain_id, unsigned int op, unsigned int mode,
                        uint32_t *port);

#define RING_SLOTS ((PAGE - 64u) / sizeof(union vm_event_sring_entry) >= 8 ? 8u : 4u)

static int rc_of(long rc)
{
    return rc < 0 ? -errno : (int)rc;
}

/* ---- the domain ---- */

static int read_note(struct check *c)
{
    char path[32], name[16];
    uint64_t value;
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/labdom.%" PRIu32, c->domid);
    f = fopen(path, "r");
    if (!f)
        return -errno;
    while (fscanf(f, "%15[a-z]=0x%" SCNx64 "\n", name, &value) == 2) {
        uint64_t *at = !strcmp(name, "mailbox") ? &c->mailbox
                       : !strcmp(name, "first") ? &c->first
                       : !strcmp(name, "count") ? &c->count
                       : !strcmp(name, "pages") ? &c->pages
                                                : NULL;
        if (at)
            *at = value;
    }
    fclose(f);
    return 0;
}

static int build(struct check *c, unsigned int vcpus, unsigned int mib)
{
    char command[128], line[32] = "";
    const char *image = getenv("LAB_GUEST");
    FILE *f;

    snprintf(command, sizeof(command), "labdom pv %s %u %u", image ? image : "/lab/guest.img", mib,
             vcpus);
    f = popen(command, "r");
    if (!f)
        return -errno;
    if (!fgets(line, sizeof(line), f))
        line[0] = '\0';
    if (pclose(f) || !line[0])
        return -ECHILD;
    c->domid = (uint32_t)strtoul(line, NULL, 10);
    return read_note(c);
}

int check_open(struct check *c)
{
    memset(c, 0, sizeof(*c));
    c->port = -1;
    c->xc = xc_interface_open(NULL, NULL, 0);
    c->call = xencall_open(NULL, 0);
    c->fmem = xenforeignmemory_open(NULL, 0);
    c->evtchn = xenevtchn_open(NULL, 0);
    if (!c->xc || !c->call || !c->fmem || !c->evtchn)
        return -errno;
    return 0;
}

int check_make_sized(struct check *c, unsigned int vcpus, unsigned int mib)
{
    unsigned int v;
    int rc = check_open(c);

    if (!rc)
        rc = build(c, vcpus, mib);
    if (!rc)
        rc = lab_guest_open(&c->guest, c->domid, c->mailbox);
    if (!rc)
        rc = lab_guest_alive(c->guest, 0, LAB_PATIENCE_MS);
    for (v = 1; v < vcpus && !rc; v++) {
        rc = check_run(c, 0, LAB_OP_CPU_ON, 0, v);
        if (!rc)
            rc = lab_guest_alive(c->guest, v, LAB_PATIENCE_MS);
    }
    return rc;
}

int check_make(struct check *c, unsigned int vcpus)
{
    return check_make_sized(c, vcpus, 160);
}

void check_unmap_ring(struct check *c)
{
    if (c->resource)
        xenforeignmemory_unmap_resource(c->fmem, c->resource);
    c->resource = NULL;
}

void check_destroy(struct check *c)
{
    char command[64];

    lab_guest_close(c->guest);
    check_unmap_ring(c);
    xenevtchn_close(c->evtchn);
    xenforeignmemory_close(c->fmem);
    xencall_close(c->call);
    xc_interface_close(c->xc);
    if (!c->domid)
        return;
    snprintf(command, sizeof(command), "labdom destroy %" PRIu32, c->domid);
    if (system(command))
        printf("# domain %" PRIu32 " cannot be destroyed\n", c->domid);
}

int check_shutdown(struct check *c)
{
    xc_domaininfo_t info;

    if (xc_domain_getinfolist(c->xc, c->domid, 1, &info) != 1 || info.domain != c->domid)
        return -ESRCH;
    if (!(info.flags & XEN_DOMINF_shutdown))
        return -1;
    return (int)(info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
}

/* ---- mode and ring ---- */

int check_mode(struct check *c, uint32_t bits)
{
    return rc_of(xc_shadow_control(c->xc, c->domid, XEN_DOMCTL_SHADOW_OP_ENABLE, NULL,
                                   MODE_MEM_ACCESS | bits));
}

int check_mode_off(struct check *c)
{
    return rc_of(
        xc_shadow_control(c->xc, c->domid, XEN_DOMCTL_SHADOW_OP_OFF, NULL, MODE_MEM_ACCESS));
}

/* A PV dom0 is told the frame's number; libxenforeignmemory keeps it to itself. */
static int find_ring_mfn(struct check *c)
{
    struct xen_mem_acquire_resource *op = xencall_alloc_buffer(c->call, sizeof(*op));
    xen_pfn_t *list = xencall_alloc_buffer(c->call, sizeof(*list));
    int rc = -ENOMEM;

    if (op && list) {
        memset(op, 0, sizeof(*op));
        op->domid = (domid_t)c->domid;
        op->type = RING_RESOURCE;
        op->nr_frames = 1;
        set_xen_guest_handle_raw(op->frame_list, list);
        rc = rc_of(
            xencall2(c->call, __HYPERVISOR_memory_op, XENMEM_acquire_resource, (uintptr_t)op));
        c->ring_mfn = *list;
    }
    xencall_free_buffer(c->call, list);
    xencall_free_buffer(c->call, op);
    return rc;
}

int check_ring(struct check *c)
{
    c->resource = xenforeignmemory_map_resource(c->fmem, (domid_t)c->domid, RING_RESOURCE, 0, 0, 1,
                                                &c->ring_page, PROT_READ | PROT_WRITE, 0);
    return c->resource ? find_ring_mfn(c) : -errno;
}

int check_enable(struct check *c)
{
    vm_event_sring_t *shared = c->ring_page;
    uint32_t port = 0;
    int rc = rc_of(xc_vm_event_control(c->xc, c->domid, XEN_VM_EVENT_ENABLE,
                                       XEN_DOMCTL_VM_EVENT_OP_MONITOR, &port));

    if (rc)
        return rc;
    c->rsp_prod = shared->rsp_prod;
    c->req_cons = shared->req_prod;
    c->port = xenevtchn_bind_interdomain(c->evtchn, c->domid, port);
    return c->port < 0 ? -errno : 0;
}

int check_disable(struct check *c)
{
    if (c->port >= 0)
        xenevtchn_unbind(c->evtchn, (evtchn_port_t)c->port);
    c->port = -1;
    return rc_of(xc_vm_event_control(c->xc, c->domid, XEN_VM_EVENT_DISABLE,
                                     XEN_DOMCTL_VM_EVENT_OP_MONITOR, NULL));
}

int check_listen(struct check *c, uint32_t bits)
{
    int rc = check_mode(c, bits);

    if (!rc)
        rc = check_ring(c);
    return rc ? rc : check_enable(c);
}

/* ---- rights ---- */

int check_set(struct check *c, uint64_t gfn, uint32_t nr, xenmem_access_t access)
{
    return rc_of(xc_set_mem_access(c->xc, c->domid, access, gfn, nr));
}

int check_get(struct check *c, uint64_t gfn)
{
    xenmem_access_t access = XENMEM_access_default;
    int rc = rc_of(xc_get_mem_access(c->xc, c->domid, gfn, &access));

    return rc ? rc : (int)access;
}

/* ---- events ---- */

static void wait_channel(struct check *c, int ms)
{
    struct pollfd fd = {.fd = xenevtchn_fd(c->evtchn), .events = POLLIN};
    int port;

    if (poll(&fd, 1, ms) <= 0)
        return;
    port = xenevtchn_pending(c->evtchn);
    if (port >= 0)
        xenevtchn_unmask(c->evtchn, (evtchn_port_t)port);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static union vm_event_sring_entry *slot(struct check *c, uint32_t index)
{
    vm_event_sring_t *shared = c->ring_page;

    return &shared->ring[index & (RING_SLOTS - 1)];
}

int check_event(struct check *c, unsigned int ms, vm_event_request_t *event)
{
    vm_event_sring_t *shared = c->ring_page;
    uint64_t end = now_ms() + ms;

    while (__atomic_load_n(&shared->req_prod, __ATOMIC_ACQUIRE) == c->req_cons) {
        if (c->port < 0 || now_ms() > end)
            return -ETIMEDOUT;
        wait_channel(c, 10);
    }
    memcpy(event, &slot(c, c->req_cons)->req, sizeof(*event));
    c->req_cons++;
    shared->req_event = c->req_cons + 1;
    return 0;
}

void check_reply(struct check *c, const vm_event_request_t *event, uint32_t flags)
{
    vm_event_sring_t *shared = c->ring_page;
    vm_event_response_t reply = {
        .version = VM_EVENT_INTERFACE_VERSION,
        .flags = (event->flags & VM_EVENT_FLAG_VCPU_PAUSED) | flags,
        .vcpu_id = event->vcpu_id,
        .reason = event->reason,
        .u.mem_access = event->u.mem_access,
        .data = event->data,
    };

    memcpy(&slot(c, c->rsp_prod)->rsp, &reply, sizeof(reply));
    c->rsp_prod++;
    __atomic_store_n(&shared->rsp_prod, c->rsp_prod, __ATOMIC_RELEASE);
    xenevtchn_notify(c->evtchn, (evtchn_port_t)c->port);
}

/* ---- log-dirty ---- */

int check_log_dirty(struct check *c, bool on)
{
    return rc_of(xc_shadow_control(
        c->xc, c->domid, on ? XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY : XEN_DOMCTL_SHADOW_OP_OFF, NULL,
        0));
}

int check_dirty(struct check *c, uint64_t pfn)
{
    xc_shadow_op_stats_t stats;
    DECLARE_HYPERCALL_BUFFER(uint8_t, bitmap);
    long long rc;
    int dirty;

    bitmap = xc_hypercall_buffer_alloc_pages(c->xc, bitmap, 4);
    if (!bitmap)
        return -ENOMEM;
    memset(bitmap, 0, 4 * PAGE);
    rc = xc_logdirty_control(c->xc, c->domid, XEN_DOMCTL_SHADOW_OP_PEEK, HYPERCALL_BUFFER(bitmap),
                             c->pages, 0, &stats);
    dirty = bitmap[pfn / 8] >> pfn % 8 & 1;
    xc_hypercall_buffer_free_pages(c->xc, bitmap, 4);
    return rc < 0 ? -errno : dirty;
}

/* ---- The guest's side of a checked domain ---- */

#define QUIET_MS 60u

uint64_t check_page(const struct check *c, unsigned int i)
{
    return (c->first + i) * PAGE;
}

int check_start(struct check *c, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t value)
{
    struct lab_mailbox command = {.op = op, .addr = addr, .value = value, .count = 1, .stride = 8};

    return lab_guest_start(c->guest, vcpu, &command);
}

bool check_done(struct check *c, unsigned int vcpu, unsigned int ms)
{
    return !lab_guest_wait(c->guest, vcpu, ms);
}

static int end_of(struct check *c, unsigned int vcpu)
{
    if (!check_done(c, vcpu, LAB_PATIENCE_MS))
        return -ETIMEDOUT;
    return (int)lab_guest_box(c->guest, vcpu)->status;
}

int check_run(struct check *c, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t value)
{
    int rc = check_start(c, vcpu, op, addr, value);

    return rc ? rc : end_of(c, vcpu);
}

int check_start_hypercall(struct check *c, uint64_t number, const uint64_t args[4])
{
    struct lab_mailbox command = {.op = LAB_PV_HYPERCALL,
                                  .value = number,
                                  .addr = args[0],
                                  .stride = args[1],
                                  .count = args[2],
                                  .size = args[3]};

    return lab_guest_start(c->guest, 0, &command);
}

int64_t check_hypercall(struct check *c, uint64_t number, const uint64_t args[4])
{
    if (check_start_hypercall(c, number, args) || end_of(c, 0))
        return INT64_MIN;
    return (int64_t)lab_guest_box(c->guest, 0)->result;
}

uint64_t check_virtual(struct check *c, uint64_t machine)
{
    return check_run(c, 0, LAB_PV_VIRTUAL, machine, 0) ? 0 : lab_guest_box(c->guest, 0)->result;
}

uint64_t check_pte(struct check *c, uint64_t addr)
{
    return check_run(c, 0, LAB_PV_PTE, addr, 0) ? 0 : lab_guest_box(c->guest, 0)->result;
}

int64_t check_update_va(struct check *c, uint64_t va, uint64_t entry)
{
    return check_hypercall(c, HC_UPDATE_VA, (uint64_t[4]){va, entry, INVLPG, 0});
}

int check_poke(struct check *c, uint64_t machine, uint64_t value)
{
    return lab_guest_poke(c->guest, machine, &value, sizeof(value));
}

uint64_t check_peek(struct check *c, uint64_t machine)
{
    uint64_t value = ~UINT64_C(0);

    return lab_guest_peek(c->guest, machine, &value, sizeof(value)) ? ~UINT64_C(0) : value;
}

bool check_quiet(struct check *c)
{
    vm_event_request_t event;

    return check_event(c, QUIET_MS, &event) == -ETIMEDOUT;
}

bool check_entry_is(struct check *c, uint64_t pte, uint64_t entry)
{
    return (check_peek(c, pte) & ~PTE_ADDED) == (entry & ~PTE_ADDED);
}

uint64_t check_entry(struct check *c, uint64_t va, unsigned int level)
{
    vcpu_guest_context_any_t context;
    uint64_t at;
    unsigned int l;

    if (xc_vcpu_getcontext(c->xc, c->domid, 0, &context))
        return 0;
    at = context.x64.ctrlreg[3] & ~(uint64_t)(PAGE - 1);
    for (l = 4;; l--) {
        at += (va >> (12 + 9 * (l - 1)) & 511) * 8;
        if (l == level)
            return at;
        at = check_peek(c, at);
        if (!(at & 1))
            return 0;
        at &= UINT64_C(0x000ffffffffff000);
    }
}

static int wrong(const char *what, uint64_t got)
{
    printf("# %s (0x%" PRIx64 ")\n", what, got);
    return -EPROTO;
}

int check_stopped(struct check *c, unsigned int vcpu, uint64_t gfn, uint32_t what)
{
    vm_event_request_t event;

    if (check_event(c, LAB_PATIENCE_MS, &event))
        return wrong("no event came; was it done?", check_done(c, vcpu, 0));
    if (event.reason != VM_EVENT_REASON_MEM_ACCESS || event.vcpu_id != vcpu ||
        !(event.flags & VM_EVENT_FLAG_VCPU_PAUSED))
        return wrong("another kind of event, or another vCPU", event.flags);
    if (event.u.mem_access.gfn != gfn)
        return wrong("the event is about another frame", event.u.mem_access.gfn);
    if ((event.u.mem_access.flags & MEM_ACCESS_RWX) != what)
        return wrong("the event is about another access", event.u.mem_access.flags);
    if (check_done(c, vcpu, 0))
        return wrong("the access was done before the answer", gfn);
    if (check_set(c, gfn, 1, XENMEM_access_rwx))
        return wrong("the frame does not become rwx", gfn);
    check_reply(c, &event, 0);
    return check_done(c, vcpu, LAB_PATIENCE_MS)
               ? 0
               : wrong("the access is not done after the answer", gfn);
}

int check_caught(struct check *c, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t gfn,
                 uint32_t what)
{
    int rc = check_start(c, vcpu, op, addr, 0xabcd);

    return rc ? rc : check_stopped(c, vcpu, gfn, what);
}
