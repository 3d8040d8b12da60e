/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated machine behind the seam: every op is the hypercalls that Xen's would be. */
#include "backend/sim/backend-sim-int.h"

#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sim.h>
#include <xm/abi.h>
#include <xm/base.h>
#include <xm/mpu.h>
#include <xm/rights.h>

/* Ops that an idle domain does in one go. */
#define IDLE_STEPS 65536u

/* ---- connections ---- */

int xmi_backend_sim_conn(struct sim_machine *m, bool own, void **out)
{
    struct sim_conn *c = malloc(sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (struct sim_conn){m, own};
    *out = c;
    return 0;
}

/* The machine of the library's own; others are in documents, which are above the seam (doc/sim-open.c). */
static int conn_open(const char *rest, const struct xmem_open_opts *opts, void **conn,
                     struct xmem_error *err)
{
    struct sim_machine *m;
    int rc = *rest ? xmi_error_set(err, -EINVAL, "sim: no machine of its own is called '%.100s'",
                                   rest)
                   : xmi_backend_sim_demo(opts, &m, err);
    if (rc)
        return rc;
    rc = xmi_backend_sim_conn(m, true, conn);
    if (rc) {
        xmi_sim_machine_destroy(m);
        return xmi_error_set(err, rc, "sim: out of memory");
    }
    return 0;
}

static void conn_close(void *conn)
{
    struct sim_conn *c = conn;
    if (c->own)
        xmi_sim_machine_destroy(c->m);
    free(c);
}

static enum xmem_kind kind_of(enum sim_kind kind)
{
    switch (kind) {
    case SIM_X86_EPT: return XMEM_KIND_X86_EPT;
    case SIM_ARM_S2: return XMEM_KIND_ARM_S2;
    case SIM_X86_PV: return XMEM_KIND_X86_PV;
    case SIM_ARMV8R_MPU: return XMEM_KIND_ARMV8R_MPU;
    case SIM_X86_NPT: return XMEM_KIND_X86_NPT;
    }
    return XMEM_KIND_UNKNOWN;
}

static void info_of(struct sim_domain *d, struct xmem_domain_info *out)
{
    struct sim_domain_info i;
    xmi_sim_domain_info(d, &i);
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
    struct sim_conn *c = conn;
    struct sim_domain *d;
    size_t i = 0;
    for (; (d = xmi_sim_domain_at(c->m, i)); i++)
        if (i < room)
            info_of(d, &v[i]);
    *n = i;
    return 0;
}

static int sim_machine_check(void *conn, struct xmem_machine_report *out)
{
    struct sim_conn *c = conn;
    struct sim_report r;
    xmi_sim_report(c->m, NULL, &r);
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
        .unseen = r.unseen,
    };
    return 0;
}

/* ---- domains ---- */

static int dom_open(void *conn, uint32_t domid, void **dom, struct xmem_error *err)
{
    struct sim_conn *c = conn;
    struct sim_domain *sd = xmi_sim_domain_find(c->m, domid);
    struct sim_domain_info i;
    if (!sd)
        return xmi_error_set(err, -ESRCH, "the simulated machine has no domain %" PRIu32, domid);
    struct sim_dom *d = calloc(1, sizeof(*d));
    if (!d)
        return xmi_error_set(err, -ENOMEM, "domain %" PRIu32 ": out of memory", domid);
    xmi_sim_domain_info(sd, &i);
    *d = (struct sim_dom){.m = c->m,
                          .d = sd,
                          .domid = (uint16_t)i.domid,
                          .kind = i.kind,
                          .xen_minor = i.xen_minor,
                          .max_views = i.altp2m ? i.max_views : 1,
                          .altp2m = i.altp2m};
    /* Views of another tool; only asked where it matters. */
    int rc = xmi_backend_sim_copies(d) ? xmi_backend_sim_views_get_state(d, &d->views_on) : 0;
    if (rc) {
        free(d);
        return xmi_error_set(err, rc, "domain %" PRIu32 " cannot be asked: %s", domid,
                             strerror(-rc));
    }
    *dom = d;
    return 0;
}

static void dom_close(void *dom)
{
    struct sim_dom *d = dom;
    xmi_host_copy_free(&d->host);
    free(d);
}

static int dom_info(void *dom, struct xmem_domain_info *out)
{
    struct sim_dom *d = dom;
    info_of(d->d, out);
    return 0;
}

/* AMD's processors have no trap flag for their monitor. */
static void caps_x86(const struct sim_dom *d, struct xmem_caps *out)
{
    bool traps = d->kind == SIM_X86_EPT;
    out->step_means = (traps ? XMEM_STEP_SINGLE : 0) | XMEM_STEP_EMULATE | XMEM_STEP_RELAX;
    out->replies |= 1u << XMEM_REPLY_DENY | 1u << XMEM_REPLY_EMULATE |
                    1u << XMEM_REPLY_EMULATE_NOWRITE | 1u << XMEM_REPLY_REINJECT;
    out->reply_flags |= XMEM_REPLY_SET_READ_DATA | XMEM_REPLY_SET_INSN_DATA |
                        (traps ? XMEM_REPLY_TOGGLE_STEP : 0);
    out->monitors |= 1u << XMEM_EVENT_CTRLREG | 1u << XMEM_EVENT_MSR | 1u << XMEM_EVENT_BREAKPOINT |
                     (traps ? 1u << XMEM_EVENT_SINGLESTEP : 0) | 1u << XMEM_EVENT_DEBUG |
                     1u << XMEM_EVENT_CPUID | 1u << XMEM_EVENT_DESCRIPTOR |
                     1u << XMEM_EVENT_EMUL_UNIMPLEMENTED | 1u << XMEM_EVENT_VMEXIT;
    if (d->xen_minor >= 18)
        out->monitors |= 1u << XMEM_EVENT_IO;
    out->flags |= XMEM_CAP_SET_MANY;
    if (!d->altp2m)
        return;
    out->view_rights = out->rights;
    out->step_means |= XMEM_STEP_VIEW;
    out->reply_flags |= XMEM_REPLY_SET_VIEW | XMEM_REPLY_FAST_STEP;
    out->flags |= XMEM_CAP_SUPPRESS_VE | XMEM_CAP_SWITCH_VCPU;
    if (d->xen_minor >= 14)
        out->flags |= XMEM_CAP_VISIBILITY;
}

/* Rights are those of pages; its regions end at any 64 bytes. Pages cannot be added: direct-mapped. */
static void caps_mpu(const struct sim_domain_info *i, struct xmem_caps *out)
{
    out->regions = i->regions;
    out->granule = XM_MPU_GRANULE;
    out->flags &= ~XMEM_CAP_ADD_PAGE;
}

static int dom_caps(void *dom, struct xmem_caps *out)
{
    struct sim_dom *d = dom;
    struct sim_domain_info i;
    xmi_sim_domain_info(d->d, &i);
    out->rights = xmi_backend_sim_rights(d);
    /* From 4.21 on a domain has as many as it was created with, and no call tells how many. */
    out->max_views = d->max_views > 1 && d->xen_minor >= 21 ? XM_VIEWS_MAX : d->max_views;
    out->replies = 1u << XMEM_REPLY_RESUME | 1u << XMEM_REPLY_STEP_OVER;
    out->reply_flags = XMEM_REPLY_SET_REGS;
    out->monitors = 1u << XMEM_EVENT_MEM_ACCESS | 1u << XMEM_EVENT_GUEST_REQUEST;
    out->ring_slots = XM_RING_SLOTS;
    out->granule = XM_PAGE_SIZE;
    out->flags = XMEM_CAP_MEM_ACCESS | XMEM_CAP_ADD_PAGE;
    out->highest_gfn = i.highest_gfn;
    out->interface_version = XM_EV_INTERFACE_VERSION;
    if (d->kind == SIM_X86_EPT || d->kind == SIM_X86_NPT) {
        caps_x86(d, out);
    } else if (d->kind == SIM_X86_PV) {
        out->step_means = XMEM_STEP_EMULATE | XMEM_STEP_RELAX;
        out->replies |= 1u << XMEM_REPLY_EMULATE;
        out->monitors = 1u << XMEM_EVENT_MEM_ACCESS | 1u << XMEM_EVENT_EMUL_UNIMPLEMENTED;
        out->flags |= XMEM_CAP_SET_MANY | XMEM_CAP_DEFAULT_ALL;
    } else {
        out->step_means = XMEM_STEP_EMULATE | XMEM_STEP_RELAX;
        out->monitors |= 1u << XMEM_EVENT_PRIVILEGED_CALL;
        if (d->kind == SIM_ARMV8R_MPU)
            caps_mpu(&i, out);
    }
    if (i.steps)
        out->step_means |= XMEM_STEP_HYPERVISOR;
    return 0;
}

static uint32_t dom_quirks(void *dom)
{
    const struct sim_dom *d = dom;
    uint32_t q = QUIRK_HOST_SET_OVERWRITES_VIEWS | QUIRK_VIEW_SET_SKIPS_UNMAPPED |
                 QUIRK_CODE_ELSEWHERE;
    if (d->altp2m)
        q |= QUIRK_VIEW_SET_COVERS_LEAF;
    if (d->kind == SIM_X86_PV)
        q |= QUIRK_EMULATES_BY_RIGHTS;
    else
        q |= QUIRK_CODE_SHOWN;
    if (d->xen_minor < 19)
        q |= QUIRK_VIEW_COPIES_HOST_RIGHTS;
    else if (d->altp2m && d->xen_minor < 22)
        q |= QUIRK_LEAF_TAKES_HOST_RIGHTS;
    return d->xen_minor < 20 ? q | QUIRK_FAST_STEP_NEEDS_MONITOR : q;
}

static int domctl(struct sim_dom *d, struct xm_domctl *op)
{
    op->interface_version = xm_domctl_version(d->xen_minor);
    op->domain = d->domid;
    return xmi_sim_hc_domctl(d->m, op);
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

static int vcpu_step_off(void *dom, uint32_t vcpu)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_DEBUG_OP};
    op.u.debug_op.op = XM_DEBUG_OP_SINGLE_STEP_OFF;
    op.u.debug_op.vcpu = vcpu;
    return domctl(dom, &op);
}

/* Whoever comes runs on: the others are held, where that can be. */
static int vcpu_peek(void *dom, uint32_t vcpu, uint64_t *pc)
{
    struct sim_dom *d = dom;
    struct sim_vcpu_info i;
    xmi_sim_domain_look(d->d);
    int rc = xmi_sim_vcpu_info(d->d, vcpu, &i);
    if (!rc)
        *pc = i.pc;
    return rc;
}

static int vcpu_waits(void *dom, uint32_t vcpu)
{
    struct sim_dom *d = dom;
    struct sim_vcpu_info i;
    int rc = xmi_sim_vcpu_info(d->d, vcpu, &i);
    return rc ? rc : i.state == SIM_VCPU_PAUSED;
}

/* ---- monitoring ---- */

static int vm_event(struct sim_dom *d, uint32_t what)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_VM_EVENT_OP};
    op.u.vm_event_op.op = what;
    op.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    return domctl(d, &op);
}

static void ring_of(struct sim_dom *d, struct backend_ring *ring)
{
    ring->page = xmi_sim_ring_page(d->d);
    ring->interface_version = XM_EV_INTERFACE_VERSION;
    ring->arch = d->kind == SIM_ARM_S2 || d->kind == SIM_ARMV8R_MPU ? XMEM_ARCH_ARM : XMEM_ARCH_X86;
}

/*
 * A PV guest's shadow mode with mem_access, which its ring comes with. It ends with the ring
 * unless rights are left in force (-EBUSY).
 */
static int pv_shadow(struct sim_dom *d, bool on)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_SHADOW_OP};
    if (d->kind != SIM_X86_PV)
        return 0;
    op.u.shadow_op.op = on ? XM_SHADOW_OP_ENABLE : XM_SHADOW_OP_OFF;
    op.u.shadow_op.mode = XM_SHADOW_ENABLE_MEM_ACCESS;
    return domctl(d, &op);
}

/* Rights that outlive the ring keep it on, which is no failure. */
static int turn_shadow_off(struct sim_dom *d)
{
    int rc = pv_shadow(d, false);
    if (rc == -EBUSY) /* once more: it may have been for this one time */
        rc = pv_shadow(d, false);
    return rc == -EBUSY ? 0 : rc;
}

static int monitor_enable(void *dom, struct backend_ring *ring)
{
    struct sim_dom *d = dom;
    uint8_t rights;
    bool others = d->kind == SIM_X86_PV && !xmi_backend_sim_rights_get(d, 0, UINT64_MAX, &rights);
    int rc = pv_shadow(d, true);
    if (rc)
        return rc;
    rc = vm_event(d, XM_VM_EVENT_ENABLE);
    d->shadow_only = rc && !others && turn_shadow_off(d);
    ring->left = d->shadow_only;
    if (!rc)
        ring_of(d, ring);
    return rc;
}

/* Where Xen has it since long, the ring's page is in no memory map when its listener is gone. */
static int monitor_attach(void *dom, struct backend_ring *ring)
{
    struct sim_dom *d = dom;
    if (d->kind == SIM_ARM_S2 || d->kind == SIM_X86_EPT || d->kind == SIM_X86_NPT)
        return -EOPNOTSUPP;
    ring_of(d, ring);
    if (!ring->page)
        return -ENODEV;
    d->attached = true;
    return 0;
}

static int monitor_disable(void *dom)
{
    struct sim_dom *d = dom;
    int rc = d->shadow_only ? 0 : vm_event(d, XM_VM_EVENT_DISABLE);
    if (rc)
        return rc;
    d->attached = false;
    rc = turn_shadow_off(d);
    d->shadow_only = rc != 0;
    return rc;
}

static bool ring_is_on(void *dom)
{
    return !((struct sim_dom *)dom)->shadow_only;
}

static int vcpu_inject(void *dom, uint32_t vcpu, const struct backend_exception *e)
{
    struct sim_dom *d = dom;
    return xmi_sim_vcpu_inject(d->d, vcpu, e->vector, e->type, e->insn_len);
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

/* DENY stops a register's write only where writes wait for their answers. */
static int deny_possible(struct sim_dom *d, uint32_t reason)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_MONITOR_OP};
    if (reason != XMEM_EVENT_CTRLREG && reason != XMEM_EVENT_MSR)
        return 0;
    op.u.monitor_op.op = XM_MONITOR_CONTROL_REGISTERS;
    return domctl(d, &op);
}

static int monitor_set(void *dom, const struct backend_monitor *m)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_MONITOR_OP};
    struct xm_domctl_monitor_op *mop = &op.u.monitor_op;
    mop->op = m->on ? XM_MONITOR_ENABLE : XM_MONITOR_DISABLE;
    int rc = monitor_event_of(m->reason, &mop->event);
    if (!rc && m->on)
        rc = deny_possible(dom, m->reason);
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
    case XMEM_EVENT_DEBUG: mop->u.debug_exception.sync = m->sync; break;
    case XMEM_EVENT_VMEXIT: mop->u.vmexit.sync = m->sync; break;
    default: break;
    }
    return domctl(dom, &op);
}

static int access_required(void *dom, bool required)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_SET_ACCESS_REQUIRED};
    op.u.access_required.access_required = required;
    return domctl(dom, &op);
}

static bool dying(struct sim_dom *d)
{
    struct sim_domain_info i;
    xmi_sim_domain_info(d->d, &i);
    return i.dying;
}

static int event_fd(void *dom)
{
    return xmi_sim_evtchn_fd(((struct sim_dom *)dom)->d);
}

static int event_ack(void *dom)
{
    struct sim_dom *d = dom;
    xmi_sim_evtchn_ack(d->d);
    return dying(d) ? -ESHUTDOWN : 0;
}

/* 1: something came into the ring; the run stops there. */
static int event_idle(void *dom)
{
    struct sim_dom *d = dom;
    struct xm_ring_page *page = xmi_sim_ring_page(d->d);
    uint32_t before = page ? __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE) : 0;
    xmi_sim_domain_run(d->d, IDLE_STEPS);
    if (dying(d))
        return -ESHUTDOWN;
    return page && __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE) != before;
}

static int event_poke(void *dom)
{
    xmi_sim_evtchn_poke(((struct sim_dom *)dom)->d);
    return 0;
}

static int event_soon(void *dom)
{
    xmi_sim_evtchn_soon(((struct sim_dom *)dom)->d);
    return 0;
}

static int event_notify(void *dom)
{
    struct sim_dom *d = dom;
    if (d->attached) /* another's channel: the hypercall instead */
        return vm_event(d, XM_VM_EVENT_RESUME);
    xmi_sim_evtchn_notify(d->d);
    return 0;
}

/* ---- memory ---- */

static int page_map(void *dom, uint64_t gfn, void **page)
{
    return xmi_sim_map_gfn(((struct sim_dom *)dom)->d, gfn, page);
}

static void page_unmap(void *dom, void *page)
{
    (void)dom;
    (void)page;
}

static int page_add(void *dom, uint64_t gfn)
{
    return xmi_sim_populate(((struct sim_dom *)dom)->d, gfn);
}

static int page_remove(void *dom, uint64_t gfn)
{
    return xmi_sim_depopulate(((struct sim_dom *)dom)->d, gfn);
}

static uint64_t hypercalls(void *dom)
{
    return xmi_sim_hypercall_count(((struct sim_dom *)dom)->d);
}

const struct xmem_backend_ops xmi_backend_sim = {
    .scheme = "sim",
    .open = conn_open,
    .close = conn_close,
    .domain_list = sim_domain_list,
    .machine_check = sim_machine_check,
    .domain_open = dom_open,
    .domain_close = dom_close,
    .domain_info = dom_info,
    .domain_caps = dom_caps,
    .domain_quirks = dom_quirks,
    .pause = dom_pause,
    .unpause = dom_unpause,
    .vcpu_hold = vcpu_hold,
    .vcpu_step_off = vcpu_step_off,
    .vcpu_peek = vcpu_peek,
    .vcpu_get = xmi_backend_sim_vcpu_get,
    .vcpu_set = xmi_backend_sim_vcpu_set,
    .vcpu_waits = vcpu_waits,
    .vcpu_inject = vcpu_inject,
    .vcpu_ran = xmi_backend_sim_vcpu_ran,
    .monitor_enable = monitor_enable,
    .monitor_disable = monitor_disable,
    .ring_is_on = ring_is_on,
    .monitor_attach = monitor_attach,
    .monitor_set = monitor_set,
    .access_required = access_required,
    .event_fd = event_fd,
    .event_ack = event_ack,
    .event_idle = event_idle,
    .event_notify = event_notify,
    .event_poke = event_poke,
    .event_soon = event_soon,
    .rights_get = xmi_backend_sim_rights_get,
    .rights_set = xmi_backend_sim_rights_set,
    .rights_set_many = xmi_backend_sim_rights_set_many,
    .rights_get_many = xmi_backend_sim_rights_get_many,
    .rights_set_runs = xmi_backend_sim_rights_set_runs,
    .host_split = xmi_backend_sim_host_split,
    .views_get_state = xmi_backend_sim_views_get_state,
    .views_set_state = xmi_backend_sim_views_set_state,
    .view_exists = xmi_backend_sim_view_exists,
    .view_create = xmi_backend_sim_view_create,
    .view_destroy = xmi_backend_sim_view_destroy,
    .view_switch = xmi_backend_sim_view_switch,
    .view_get_vcpu = xmi_backend_sim_view_get_vcpu,
    .view_change_gfn = xmi_backend_sim_view_change_gfn,
    .view_set_visible = xmi_backend_sim_view_set_visible,
    .view_set_suppress_ve = xmi_backend_sim_view_set_suppress_ve,
    .view_get_suppress_ve = xmi_backend_sim_view_get_suppress_ve,
    .view_set_notify = xmi_backend_sim_view_set_notify,
    .step_note = xmi_backend_sim_step_note,
    .step_told = xmi_backend_sim_step_told,
    .view_internal = xmi_backend_sim_view_internal,
    .page_map = page_map,
    .page_unmap = page_unmap,
    .page_add = page_add,
    .page_remove = page_remove,
    .hypercalls = hypercalls,
};
