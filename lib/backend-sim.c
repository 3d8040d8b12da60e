/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated machine behind the seam: every op is the hypercalls that Xen's would be. */
#include "backend-sim.h"

#include "backend.h"
#include "connection.h"
#include "rights.h"
#include "sim-file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sim.h>
#include <xm/abi.h>
#include <xm/domain.h>
#include <xm/rights.h>

/* Ops that an idle domain does in one go. */
#define IDLE_STEPS 65536u
/* xm_hc_mem_access takes a 32-bit count. */
#define RANGE_MAX UINT32_C(0x80000000)

struct conn {
    struct sim_machine *m;
    bool own;
};

struct dom {
    struct sim_machine *m;
    struct sim_domain *d;
    uint16_t domid;
    enum sim_kind kind;
    uint32_t xen_minor, max_views;
    bool altp2m;
    bool attached; /* to the ring of a listener that is gone */
};

/* ---- connections ---- */

static int conn_new(struct sim_machine *m, bool own, void **out)
{
    struct conn *c = malloc(sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (struct conn){m, own};
    *out = c;
    return 0;
}

static int conn_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
                     struct xmem_error *err)
{
    struct sim_machine *m;
    int rc = *rest ? sim_file_load(rest, opts, &m, err) : backend_sim_demo(opts, &m, err);
    if (rc)
        return rc;
    rc = conn_new(m, true, conn);
    if (rc) {
        sim_machine_destroy(m);
        return xmem_error_set(err, rc, "sim: out of memory");
    }
    return 0;
}

static void conn_close(void *conn)
{
    struct conn *c = conn;
    if (c->own)
        sim_machine_destroy(c->m);
    free(c);
}

int xmem_open_machine(struct sim_machine *m, struct xmem **out)
{
    void *conn;
    int rc = m && out ? conn_new(m, false, &conn) : -EINVAL;
    if (rc)
        return rc;
    rc = connection_new(&xmem_backend_sim, conn, out);
    if (rc)
        conn_close(conn);
    return rc;
}

static enum xmem_kind kind_of(enum sim_kind kind)
{
    switch (kind) {
    case SIM_X86_EPT:
        return XMEM_KIND_X86_EPT;
    case SIM_ARM_S2:
        return XMEM_KIND_ARM_S2;
    case SIM_X86_PV:
        return XMEM_KIND_X86_PV;
    case SIM_ARMV8R_MPU:
        return XMEM_KIND_ARMV8R_MPU;
    }
    return XMEM_KIND_UNKNOWN;
}

static void info_of(struct sim_domain *d, struct xmem_domain_info *out)
{
    struct sim_domain_info i;
    sim_domain_info(d, &i);
    out->domid = i.domid;
    out->kind = kind_of(i.kind);
    out->vcpus = i.vcpus;
    out->flags = (i.paused ? XMEM_DOMAIN_PAUSED : 0) | (i.dying ? XMEM_DOMAIN_DYING : 0);
    out->highest_gfn = i.highest_gfn;
    out->pages = i.pages;
    memcpy(out->name, i.name, sizeof(out->name));
}

static int sim_domain_list(void *conn, struct xmem_domain_info *v, size_t room, size_t *n)
{
    struct conn *c = conn;
    struct sim_domain *d;
    size_t i = 0;
    for (; (d = sim_domain_at(c->m, i)); i++)
        if (i < room)
            info_of(d, &v[i]);
    *n = i;
    return 0;
}

static int sim_machine_check(void *conn, struct xmem_machine_report *out)
{
    struct conn *c = conn;
    struct sim_report r;
    sim_report(c->m, NULL, &r);
    *out = (struct xmem_machine_report){
        .size = sizeof(*out),
        .accesses = r.accesses,
        .events = r.events,
        .hypercalls = r.hypercalls,
        .tlb_flushes = r.tlb_flushes,
        .unanswered = r.unanswered,
        .double_answers = r.double_answers,
        .leaked_slots = r.leaked_slots,
        .leftover_rights = r.leftover_rights,
        .leftover_views = r.leftover_views,
        .leftover_pauses = r.leftover_pauses,
        .leftover_monitors = r.leftover_monitors,
        .forbidden = r.forbidden,
        .mem_bytes = r.mem_bytes,
        .mapped_gfns = r.mapped_gfns,
    };
    return 0;
}

/* ---- domains ---- */

static int dom_open(void *conn, uint32_t domid, void **dom, struct xmem_error *err)
{
    struct conn *c = conn;
    struct sim_domain *sd = sim_domain_find(c->m, domid);
    struct sim_domain_info i;
    if (!sd)
        return xmem_error_set(err, -ESRCH, "the simulated machine has no domain %" PRIu32, domid);
    struct dom *d = calloc(1, sizeof(*d));
    if (!d)
        return xmem_error_set(err, -ENOMEM, "domain %" PRIu32 ": out of memory", domid);
    sim_domain_info(sd, &i);
    *d = (struct dom){.m = c->m,
                      .d = sd,
                      .domid = (uint16_t)i.domid,
                      .kind = i.kind,
                      .xen_minor = i.xen_minor,
                      .max_views = i.altp2m ? i.max_views : 1,
                      .altp2m = i.altp2m};
    *dom = d;
    return 0;
}

static int dom_info(void *dom, struct xmem_domain_info *out)
{
    struct dom *d = dom;
    info_of(d->d, out);
    return 0;
}

/* Every right of ours and the core's for it. */
static const struct {
    uint8_t ours;
    enum xm_access core;
} rights_map[] = {
    {XMEM_N, XM_ACCESS_N},         {XMEM_R, XM_ACCESS_R},
    {XMEM_W, XM_ACCESS_W},         {XMEM_RW, XM_ACCESS_RW},
    {XMEM_X, XM_ACCESS_X},         {XMEM_RX, XM_ACCESS_RX},
    {XMEM_WX, XM_ACCESS_WX},       {XMEM_RWX, XM_ACCESS_RWX},
    {XMEM_RX2RW, XM_ACCESS_RX2RW}, {XMEM_N2RWX, XM_ACCESS_N2RWX},
    {XMEM_R_PW, XM_ACCESS_R_PW},   {XMEM_DEFAULT, XM_ACCESS_DEFAULT},
};
#define RIGHTS (sizeof(rights_map) / sizeof(rights_map[0]))

static int to_wire(const struct dom *d, uint8_t rights, uint8_t *wire)
{
    for (size_t i = 0; i < RIGHTS; i++)
        if (rights_map[i].ours == rights)
            return xm_rights_to_wire(d->xen_minor, rights_map[i].core, wire);
    return -EINVAL;
}

static int from_wire(const struct dom *d, uint32_t wire, uint8_t *rights)
{
    enum xm_access a;
    if (!xm_rights_from_wire(d->xen_minor, wire, &a))
        return -EIO;
    for (size_t i = 0; i < RIGHTS; i++) {
        if (rights_map[i].core == a) {
            *rights = rights_map[i].ours;
            return 0;
        }
    }
    return -EIO;
}

static uint32_t rights_possible(const struct dom *d)
{
    enum xm_kind kind = d->kind == SIM_ARM_S2 ? XM_KIND_ARM_S2 : XM_KIND_X86_EPT;
    uint32_t bits = XMEM_RIGHTS_BIT(XMEM_DEFAULT);
    uint8_t wire;
    for (size_t i = 0; i < RIGHTS; i++)
        if (xm_rights_expressible(kind, rights_map[i].core) &&
            !xm_rights_to_wire(d->xen_minor, rights_map[i].core, &wire))
            bits |= XMEM_RIGHTS_BIT(rights_map[i].ours);
    return bits;
}

static void caps_x86(const struct dom *d, struct xmem_caps *out)
{
    out->step_means = XMEM_STEP_SINGLE | XMEM_STEP_EMULATE | XMEM_STEP_RELAX;
    out->replies |= 1u << XMEM_REPLY_DENY | 1u << XMEM_REPLY_EMULATE |
                    1u << XMEM_REPLY_EMULATE_NOWRITE;
    out->reply_flags |= XMEM_REPLY_SET_READ_DATA | XMEM_REPLY_SET_INSN_DATA |
                        XMEM_REPLY_TOGGLE_STEP;
    out->monitors |= 1u << XMEM_EVENT_CTRLREG | 1u << XMEM_EVENT_MSR | 1u << XMEM_EVENT_BREAKPOINT |
                     1u << XMEM_EVENT_SINGLESTEP | 1u << XMEM_EVENT_DEBUG | 1u << XMEM_EVENT_CPUID |
                     1u << XMEM_EVENT_DESCRIPTOR | 1u << XMEM_EVENT_EMUL_UNIMPLEMENTED |
                     1u << XMEM_EVENT_VMEXIT;
    if (d->xen_minor >= 18)
        out->monitors |= 1u << XMEM_EVENT_IO;
    out->flags |= XMEM_CAP_SET_MANY;
    if (!d->altp2m)
        return;
    out->view_rights = out->rights;
    out->step_means |= XMEM_STEP_VIEW;
    out->reply_flags |= XMEM_REPLY_SET_VIEW | XMEM_REPLY_FAST_STEP;
    out->flags |= XMEM_CAP_SUPPRESS_VE | XMEM_CAP_VISIBILITY | XMEM_CAP_SWITCH_VCPU;
}

static int dom_caps(void *dom, struct xmem_caps *out)
{
    struct dom *d = dom;
    struct sim_domain_info i;
    sim_domain_info(d->d, &i);
    out->rights = rights_possible(d);
    out->max_views = d->max_views;
    out->replies = 1u << XMEM_REPLY_RESUME | 1u << XMEM_REPLY_STEP_OVER;
    out->reply_flags = XMEM_REPLY_SET_REGS;
    out->monitors = 1u << XMEM_EVENT_MEM_ACCESS | 1u << XMEM_EVENT_GUEST_REQUEST;
    out->ring_slots = XM_RING_SLOTS;
    out->granule = XM_PAGE_SIZE;
    out->flags = XMEM_CAP_MEM_ACCESS | XMEM_CAP_ADD_PAGE;
    out->highest_gfn = i.highest_gfn;
    out->interface_version = XM_EV_INTERFACE_VERSION;
    if (d->kind == SIM_X86_EPT) {
        caps_x86(d, out);
    } else {
        out->step_means = XMEM_STEP_RELAX;
        out->monitors |= 1u << XMEM_EVENT_PRIVILEGED_CALL;
    }
    return 0;
}

static uint32_t dom_quirks(void *dom)
{
    const struct dom *d = dom;
    uint32_t q = QUIRK_HOST_SET_OVERWRITES_VIEWS | QUIRK_FAST_STEP_NEEDS_MONITOR |
                 QUIRK_VIEW_SET_SKIPS_UNMAPPED;
    return d->xen_minor < 19 ? q | QUIRK_VIEW_COPIES_HOST_RIGHTS : q;
}

static int domctl(struct dom *d, struct xm_domctl *op)
{
    op->interface_version = xm_domctl_version(d->xen_minor);
    op->domain = d->domid;
    return sim_hc_domctl(d->m, op);
}

static int dom_pause(void *dom)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_PAUSE};
    return domctl(dom, &op);
}

static int dom_unpause(void *dom)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_UNPAUSE};
    return domctl(dom, &op);
}

static int vcpu_hold(void *dom, uint32_t vcpu, bool hold)
{
    struct xm_domctl op = {.cmd = hold ? XM_DOMCTL_GDBSX_PAUSE_VCPU : XM_DOMCTL_GDBSX_UNPAUSE_VCPU};
    op.u.vcpu.vcpu = vcpu;
    return domctl(dom, &op);
}

/* One op of whoever may run: the others are held. */
static int vcpu_peek(void *dom, uint32_t vcpu, uint64_t *pc)
{
    struct dom *d = dom;
    struct sim_vcpu_info i;
    sim_domain_run(d->d, 1);
    int rc = sim_vcpu_info(d->d, vcpu, &i);
    if (!rc)
        *pc = i.pc;
    return rc;
}

static int vcpu_waits(void *dom, uint32_t vcpu)
{
    struct dom *d = dom;
    struct sim_vcpu_info i;
    int rc = sim_vcpu_info(d->d, vcpu, &i);
    return rc ? rc : i.state == SIM_VCPU_PAUSED;
}

/* ---- monitoring ---- */

static int vm_event(struct dom *d, uint32_t what)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_VM_EVENT_OP};
    op.u.vm_event_op.op = what;
    op.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    return domctl(d, &op);
}

static void ring_of(struct dom *d, struct backend_ring *ring)
{
    ring->page = sim_ring_page(d->d);
    ring->interface_version = XM_EV_INTERFACE_VERSION;
    ring->arch = d->kind == SIM_ARM_S2 ? XMEM_ARCH_ARM : XMEM_ARCH_X86;
}

static int monitor_enable(void *dom, struct backend_ring *ring)
{
    struct dom *d = dom;
    int rc = vm_event(d, XM_VM_EVENT_ENABLE);
    if (!rc)
        ring_of(d, ring);
    return rc;
}

static int monitor_attach(void *dom, struct backend_ring *ring)
{
    struct dom *d = dom;
    ring_of(d, ring);
    if (!ring->page)
        return -ENODEV;
    d->attached = true;
    return 0;
}

static int monitor_disable(void *dom)
{
    struct dom *d = dom;
    int rc = vm_event(d, XM_VM_EVENT_DISABLE);
    if (!rc)
        d->attached = false;
    return rc;
}

static int monitor_event_of(uint32_t reason, uint32_t *event)
{
    static const int8_t map[] = {
        [XMEM_EVENT_UNKNOWN] = -1,
        [XMEM_EVENT_MEM_ACCESS] = -1,
        [XMEM_EVENT_MEM_SHARING] = -1,
        [XMEM_EVENT_MEM_PAGING] = -1,
        [XMEM_EVENT_CTRLREG] = XM_MONITOR_WRITE_CTRLREG,
        [XMEM_EVENT_MSR] = XM_MONITOR_MOV_TO_MSR,
        [XMEM_EVENT_BREAKPOINT] = XM_MONITOR_SOFTWARE_BREAKPOINT,
        [XMEM_EVENT_SINGLESTEP] = XM_MONITOR_SINGLESTEP,
        [XMEM_EVENT_GUEST_REQUEST] = XM_MONITOR_GUEST_REQUEST,
        [XMEM_EVENT_DEBUG] = XM_MONITOR_DEBUG_EXCEPTION,
        [XMEM_EVENT_CPUID] = XM_MONITOR_CPUID,
        [XMEM_EVENT_PRIVILEGED_CALL] = XM_MONITOR_PRIVILEGED_CALL,
        [XMEM_EVENT_INTERRUPT] = XM_MONITOR_INTERRUPT,
        [XMEM_EVENT_DESCRIPTOR] = XM_MONITOR_DESC_ACCESS,
        [XMEM_EVENT_EMUL_UNIMPLEMENTED] = XM_MONITOR_EMUL_UNIMPLEMENTED,
        [XMEM_EVENT_VMEXIT] = XM_MONITOR_VMEXIT,
        [XMEM_EVENT_IO] = XM_MONITOR_IO,
    };
    if (reason >= sizeof(map) || map[reason] < 0)
        return -EOPNOTSUPP;
    *event = (uint32_t)map[reason];
    return 0;
}

static int monitor_set(void *dom, const struct backend_monitor *m)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_MONITOR_OP};
    struct xm_domctl_monitor_op *mop = &op.u.monitor_op;
    mop->op = m->on ? XM_MONITOR_ENABLE : XM_MONITOR_DISABLE;
    int rc = monitor_event_of(m->reason, &mop->event);
    if (rc)
        return rc;
    switch (m->reason) {
    case XMEM_EVENT_CTRLREG:
        mop->u.mov_to_cr.index = (uint8_t)m->index;
        mop->u.mov_to_cr.sync = m->sync;
        mop->u.mov_to_cr.onchangeonly = m->on_change;
        mop->u.mov_to_cr.bitmask = m->bitmask;
        break;
    case XMEM_EVENT_MSR:
        mop->u.mov_to_msr.msr = m->index;
        mop->u.mov_to_msr.onchangeonly = m->on_change;
        break;
    case XMEM_EVENT_GUEST_REQUEST:
        mop->u.guest_request.sync = m->sync;
        mop->u.guest_request.allow_userspace = m->userspace;
        break;
    case XMEM_EVENT_DEBUG:
        mop->u.debug_exception.sync = m->sync;
        break;
    case XMEM_EVENT_VMEXIT:
        mop->u.vmexit.sync = m->sync;
        break;
    default:
        break;
    }
    return domctl(dom, &op);
}

static int access_required(void *dom, bool required)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_SET_ACCESS_REQUIRED};
    op.u.access_required.access_required = required;
    return domctl(dom, &op);
}

static bool dying(struct dom *d)
{
    struct sim_domain_info i;
    sim_domain_info(d->d, &i);
    return i.dying;
}

static int event_fd(void *dom)
{
    return sim_evtchn_fd(((struct dom *)dom)->d);
}

static int event_ack(void *dom)
{
    struct dom *d = dom;
    sim_evtchn_ack(d->d);
    return dying(d) ? -ESHUTDOWN : 0;
}

/* 1: something came into the ring; the run stops there. */
static int event_idle(void *dom)
{
    struct dom *d = dom;
    struct xm_ring_page *page = sim_ring_page(d->d);
    uint32_t before = page ? __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE) : 0;
    sim_domain_run(d->d, IDLE_STEPS);
    if (dying(d))
        return -ESHUTDOWN;
    return page && __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE) != before;
}

static int event_notify(void *dom)
{
    struct dom *d = dom;
    if (d->attached) /* another's channel: the hypercall instead */
        return vm_event(d, XM_VM_EVENT_RESUME);
    sim_evtchn_notify(d->d);
    return 0;
}

/* ---- rights ---- */

static int altp2m(struct dom *d, struct xm_altp2m_op *op, uint32_t cmd)
{
    op->version = XM_ALTP2M_INTERFACE_VERSION;
    op->cmd = cmd;
    op->domain = d->domid;
    return sim_hc_altp2m(d->m, op);
}

static int rights_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights)
{
    struct dom *d = dom;
    if (view) {
        struct xm_altp2m_op op = {.u.mem_access = {.view = view, .gfn = gfn}};
        int rc = altp2m(d, &op, XM_ALTP2M_GET_MEM_ACCESS);
        return rc ? rc : from_wire(d, op.u.mem_access.access, rights);
    }
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_GET, .domid = d->domid, .pfn = gfn};
    int rc = sim_hc_mem_access(d->m, &op);
    return rc ? rc : from_wire(d, op.access, rights);
}

static int set_host_range(struct dom *d, uint64_t gfn, uint64_t nr, uint8_t wire)
{
    do {
        uint64_t n = nr < RANGE_MAX ? nr : RANGE_MAX;
        struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET,
                                      .access = wire,
                                      .domid = d->domid,
                                      .nr = (uint32_t)n,
                                      .pfn = gfn};
        int rc = sim_hc_mem_access(d->m, &op);
        if (rc)
            return rc;
        gfn += n;
        nr -= n;
    } while (nr);
    return 0;
}

static int rights_set(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights,
                      uint64_t *done)
{
    struct dom *d = dom;
    uint8_t wire;
    *done = 0;
    int rc = to_wire(d, rights, &wire);
    if (rc)
        return rc;
    if (!view) {
        rc = set_host_range(d, gfn, nr, wire);
        *done = BACKEND_DONE_UNKNOWN;
        return rc;
    }
    for (; *done < nr; ++*done) {
        struct xm_altp2m_op op = {
            .u.mem_access = {.view = view, .access = wire, .gfn = gfn + *done}};
        rc = altp2m(d, &op, XM_ALTP2M_SET_MEM_ACCESS);
        if (rc)
            return rc;
    }
    return 0;
}

static int rights_set_many(void *dom, uint16_t view, const uint64_t *gfns, const uint8_t *rights,
                           uint32_t nr, uint64_t *done)
{
    struct dom *d = dom;
    uint8_t *wire = malloc(nr);
    int rc = wire ? 0 : -ENOMEM;
    *done = 0;
    for (uint32_t i = 0; i < nr && !rc; i++)
        rc = to_wire(d, rights[i], &wire[i]);
    if (rc)
        goto out;
    *done = BACKEND_DONE_UNKNOWN;
    if (view) {
        struct xm_altp2m_op op = {.u.set_multi = {.view = view,
                                                  .nr = nr,
                                                  .pfn_list = (uintptr_t)gfns,
                                                  .access_list = (uintptr_t)wire}};
        rc = altp2m(d, &op, XM_ALTP2M_SET_MEM_ACCESS_MULTI);
    } else {
        struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET_MULTI,
                                      .domid = d->domid,
                                      .nr = nr,
                                      .pfn_list = (uintptr_t)gfns,
                                      .access_list = (uintptr_t)wire};
        rc = sim_hc_mem_access(d->m, &op);
    }
out:
    free(wire);
    return rc;
}

/* ---- views ---- */

static int views_get_state(void *dom, bool *on)
{
    struct dom *d = dom;
    struct xm_altp2m_op op = {0};
    if (!d->altp2m) {
        *on = false;
        return 0;
    }
    int rc = altp2m(d, &op, XM_ALTP2M_GET_DOMAIN_STATE);
    if (!rc)
        *on = op.u.domain_state.state;
    return rc;
}

static int views_set_state(void *dom, bool on)
{
    struct xm_altp2m_op op = {.u.domain_state = {.state = on}};
    return altp2m(dom, &op, XM_ALTP2M_SET_DOMAIN_STATE);
}

/* Asking for the rights of a gfn tells a view that has none (-ESRCH) from no view (-EINVAL). */
static int view_exists(void *dom, uint16_t view)
{
    uint8_t rights;
    int rc = rights_get(dom, view, 0, &rights);
    if (rc == -EINVAL)
        return 0;
    return rc && rc != -ESRCH ? rc : 1;
}

static int view_create(void *dom, uint8_t default_rights, uint16_t *view)
{
    struct dom *d = dom;
    uint8_t wire;
    int rc = to_wire(d, default_rights, &wire);
    if (rc)
        return rc;
    struct xm_altp2m_op op = {.u.view = {.hvmmem_default_access = wire}};
    rc = altp2m(d, &op, XM_ALTP2M_CREATE_P2M);
    if (!rc)
        *view = op.u.view.view;
    return rc;
}

static int view_destroy(void *dom, uint16_t view)
{
    struct xm_altp2m_op op = {.u.view = {.view = view}};
    return altp2m(dom, &op, XM_ALTP2M_DESTROY_P2M);
}

static int view_switch(void *dom, uint16_t view)
{
    struct xm_altp2m_op op = {.u.view = {.view = view}};
    return altp2m(dom, &op, XM_ALTP2M_SWITCH_P2M);
}

static int view_get_vcpu(void *dom, uint32_t vcpu, uint16_t *view)
{
    struct xm_altp2m_op op = {.u.p2m_idx = {.vcpu_id = vcpu}};
    int rc = altp2m(dom, &op, XM_ALTP2M_GET_P2M_IDX);
    if (!rc)
        *view = op.u.p2m_idx.altp2m_idx;
    return rc;
}

static int view_change_gfn(void *dom, uint16_t view, uint64_t gfn, uint64_t to_gfn)
{
    struct xm_altp2m_op op = {.u.change_gfn = {.view = view, .old_gfn = gfn, .new_gfn = to_gfn}};
    return altp2m(dom, &op, XM_ALTP2M_CHANGE_GFN);
}

static int view_set_visible(void *dom, uint16_t view, bool visible)
{
    struct xm_altp2m_op op = {.u.visibility = {.altp2m_idx = view, .visible = visible}};
    return altp2m(dom, &op, XM_ALTP2M_SET_VISIBILITY);
}

static int view_set_suppress_ve(void *dom, uint16_t view, uint64_t gfn, uint64_t nr, bool suppress)
{
    struct xm_altp2m_op op = {0};
    if (nr == 1) {
        op.u.suppress_ve =
            (struct xm_altp2m_suppress_ve){.view = view, .suppress_ve = suppress, .gfn = gfn};
        return altp2m(dom, &op, XM_ALTP2M_SET_SUPPRESS_VE);
    }
    op.u.suppress_ve_multi = (struct xm_altp2m_suppress_ve_multi){
        .view = view, .suppress_ve = suppress, .first_gfn = gfn, .last_gfn = gfn + nr - 1};
    int rc = altp2m(dom, &op, XM_ALTP2M_SET_SUPPRESS_VE_MULTI);
    return rc ? rc : op.u.suppress_ve_multi.first_error;
}

static int view_get_suppress_ve(void *dom, uint16_t view, uint64_t gfn, bool *suppress)
{
    struct xm_altp2m_op op = {.u.suppress_ve = {.view = view, .gfn = gfn}};
    int rc = altp2m(dom, &op, XM_ALTP2M_GET_SUPPRESS_VE);
    if (!rc)
        *suppress = op.u.suppress_ve.suppress_ve;
    return rc;
}

static int view_set_notify(void *dom, uint32_t vcpu, uint64_t gfn)
{
    struct xm_altp2m_op op = {0};
    if (gfn == XMEM_GFN_UNDO) {
        op.u.disable_notify.vcpu_id = vcpu;
        return altp2m(dom, &op, XM_ALTP2M_VCPU_DISABLE_NOTIFY);
    }
    op.u.enable_notify = (struct xm_altp2m_enable_notify){.vcpu_id = vcpu, .gfn = gfn};
    return altp2m(dom, &op, XM_ALTP2M_VCPU_ENABLE_NOTIFY);
}

/* ---- memory ---- */

static int page_map(void *dom, uint64_t gfn, void **page)
{
    return sim_map_gfn(((struct dom *)dom)->d, gfn, page);
}

static void page_unmap(void *dom, void *page)
{
    (void)dom;
    (void)page;
}

static int page_add(void *dom, uint64_t gfn)
{
    return sim_populate(((struct dom *)dom)->d, gfn);
}

static int page_remove(void *dom, uint64_t gfn)
{
    return sim_depopulate(((struct dom *)dom)->d, gfn);
}

static uint64_t hypercalls(void *dom)
{
    return sim_hypercall_count(((struct dom *)dom)->d);
}

const struct xmem_backend_ops xmem_backend_sim = {
    .scheme = "sim",
    .open = conn_open,
    .close = conn_close,
    .domain_list = sim_domain_list,
    .machine_check = sim_machine_check,
    .domain_open = dom_open,
    .domain_close = free,
    .domain_info = dom_info,
    .domain_caps = dom_caps,
    .domain_quirks = dom_quirks,
    .pause = dom_pause,
    .unpause = dom_unpause,
    .vcpu_hold = vcpu_hold,
    .vcpu_peek = vcpu_peek,
    .vcpu_waits = vcpu_waits,
    .monitor_enable = monitor_enable,
    .monitor_disable = monitor_disable,
    .monitor_attach = monitor_attach,
    .monitor_set = monitor_set,
    .access_required = access_required,
    .event_fd = event_fd,
    .event_ack = event_ack,
    .event_idle = event_idle,
    .event_notify = event_notify,
    .rights_get = rights_get,
    .rights_set = rights_set,
    .rights_set_many = rights_set_many,
    .views_get_state = views_get_state,
    .views_set_state = views_set_state,
    .view_exists = view_exists,
    .view_create = view_create,
    .view_destroy = view_destroy,
    .view_switch = view_switch,
    .view_get_vcpu = view_get_vcpu,
    .view_change_gfn = view_change_gfn,
    .view_set_visible = view_set_visible,
    .view_set_suppress_ve = view_set_suppress_ve,
    .view_get_suppress_ve = view_get_suppress_ve,
    .view_set_notify = view_set_notify,
    .page_map = page_map,
    .page_unmap = page_unmap,
    .page_add = page_add,
    .page_remove = page_remove,
    .hypercalls = hypercalls,
};
