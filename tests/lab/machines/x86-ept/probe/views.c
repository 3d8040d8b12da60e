/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* altp2m from outside: views, switching by call and by answer, fast single step. */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>

#define ADDR ((uint64_t)GFN * PAGE + OFFSET)
#define NO_GFN 0x90000u /* far above the guest's memory */

static int result(int rc)
{
    return rc ? -errno : 0;
}

static int view_of(struct probe *p, unsigned int vcpu)
{
    uint16_t view = 0xffff;

    return xc_altp2m_get_vcpu_p2m_idx(p->xc, p->domid, vcpu, &view) ? -errno : view;
}

static void switch_all(struct probe *p, uint16_t view)
{
    int rc = result(xc_altp2m_switch_to_view(p->xc, p->domid, view));

    check(p, rc == 0 && view_of(p, 0) == view && view_of(p, 1) == view, "all vCPUs in view %u (%d)",
          view, rc);
}

static void set_in_view(struct probe *p, xenmem_access_t access)
{
    xenmem_access_t got = XENMEM_access_n;
    int rc = result(xc_altp2m_set_mem_access(p->xc, p->domid, p->view, GFN, access));

    xc_altp2m_get_mem_access(p->xc, p->domid, p->view, GFN, &got);
    check(p, rc == 0 && got == access, "view %u: rights set and read back (%d)", p->view, rc);
}

static void set_up(struct probe *p)
{
    bool on = true;
    int rc = result(xc_altp2m_get_domain_state(p->xc, p->domid, &on));

    check(p, rc == 0 && !on, "altp2m is off at first (%d)", rc);
    rc = result(xc_altp2m_set_domain_state(p->xc, p->domid, true));
    check(p, rc == 0, "altp2m switched on (%d)", rc);
    rc = result(xc_altp2m_create_view(p->xc, p->domid, XENMEM_access_rwx, &p->view));
    check(p, rc == 0 && p->view != 0, "view %u created (%d)", p->view, rc);
    set_in_view(p, XENMEM_access_r);
    send(p, 0, LAB_OP_WRITE, ADDR, 1, 1);
    check(p, finished(p, 0, NULL), "view 0: write without an event");
}

static void switch_by_answer(struct probe *p)
{
    vm_event_request_t event;
    vm_event_response_t reply;
    bool came;

    switch_all(p, p->view);
    send(p, 0, LAB_OP_READ, ADDR, 0, 1);
    check(p, finished(p, 0, NULL), "view %u: read without an event", p->view);
    send(p, 0, LAB_OP_WRITE, ADDR, 2, 1);
    came = next_event(p, &event);
    check(p, came && (event.flags & VM_EVENT_FLAG_ALTERNATE_P2M) && event.altp2m_idx == p->view,
          "view %u: write gives an event that names the view", p->view);
    if (!came)
        return;
    reply = listener_reply(&event);
    reply.flags |= VM_EVENT_FLAG_ALTERNATE_P2M;
    reply.altp2m_idx = 0;
    listener_send(&p->listener, &reply);
    check(p, finished(p, 0, NULL), "the answer switches the view");
    check(p, view_of(p, 0) == 0 && view_of(p, 1) == p->view, "of that vCPU alone (%d, %d)",
          view_of(p, 0), view_of(p, 1));
}

/* One write by way of view 0 for one instruction; the view afterwards. */
static int fast_step(struct probe *p, uint64_t value)
{
    vm_event_request_t event;
    vm_event_response_t reply;

    send(p, 0, LAB_OP_WRITE, ADDR, value, 1);
    if (!next_event(p, &event))
        return -ETIMEDOUT;
    reply = listener_reply(&event);
    reply.flags |= VM_EVENT_FLAG_ALTERNATE_P2M | VM_EVENT_FLAG_FAST_SINGLESTEP;
    reply.altp2m_idx = 0;
    reply.u.fast_singlestep.p2midx = event.altp2m_idx;
    listener_send(&p->listener, &reply);
    return finished(p, 0, NULL) ? view_of(p, 0) : -EIO;
}

static void fast_single_step(struct probe *p)
{
    bool old = (xc_version(p->xc, XENVER_version, NULL) & 0xffff) < 20;
    uint64_t value = 0;
    int view;

    /*
     * In 4.17 hvm_monitor_debug() asks for the monitor's single step before it looks for a fast one:
     * the vCPU stays in view 0 (and steps, with interrupts blocked). In 4.20 the order is the other.
     */
    switch_all(p, p->view);
    view = fast_step(p, 3);
    check(p, view == (old ? 0 : p->view),
          "fast single step without the monitor's single step ends in view %d", view);
    switch_all(p, p->view);
    check(p, !xc_monitor_singlestep(p->xc, p->domid, true), "single step: on");
    view = fast_step(p, 4);
    check(p, view == p->view, "fast single step comes back to view %u (%d)", p->view, view);
    lab_guest_peek(p->guest, ADDR, &value, sizeof(value));
    check(p, value == 4, "fast single step: the write has happened");
    view = fast_step(p, 5);
    check(p, view == p->view, "fast single step: and again (%d)", view);
}

/* The slow form: a single-step event after the instruction. */
static void single_step(struct probe *p)
{
    vm_event_request_t event;
    vm_event_response_t reply;
    bool came;

    send(p, 0, LAB_OP_WRITE, ADDR, 6, 1);
    if (!next_event(p, &event))
        return;
    reply = listener_reply(&event);
    reply.flags |= VM_EVENT_FLAG_ALTERNATE_P2M | VM_EVENT_FLAG_TOGGLE_SINGLESTEP;
    reply.altp2m_idx = 0;
    listener_send(&p->listener, &reply);
    came = next_event(p, &event);
    check(p, came && event.reason == VM_EVENT_REASON_SINGLESTEP, "single step: event");
    if (!came)
        return;
    reply = listener_reply(&event);
    reply.flags |= VM_EVENT_FLAG_ALTERNATE_P2M | VM_EVENT_FLAG_TOGGLE_SINGLESTEP;
    reply.altp2m_idx = p->view;
    listener_send(&p->listener, &reply);
    check(p, finished(p, 0, NULL) && view_of(p, 0) == p->view, "single step: back in view %u",
          p->view);
}

static void remap(struct probe *p)
{
    uint16_t view = 0;
    uint64_t page = CODE_GFN * PAGE;
    int rc = result(xc_altp2m_create_view(p->xc, p->domid, XENMEM_access_rwx, &view));

    check(p, rc == 0, "second view %u created (%d)", view, rc);
    rc = result(xc_altp2m_change_gfn(p->xc, p->domid, view, CODE_GFN, OTHER_CODE_GFN));
    check(p, rc == 0, "gfn 0x%x remapped in view %u (%d)", CODE_GFN, view, rc);
    switch_all(p, view);
    send(p, 0, LAB_OP_EXEC, page, 0, 1);
    check(p, finished(p, 0, NULL), "remapped code runs");
    send(p, 0, LAB_OP_READ, page, 0, 1);
    check(p, finished(p, 0, &page) && (page >> 8 & 0xff) == 2, "remapped code is the other page's");
    rc = result(xc_altp2m_destroy_view(p->xc, p->domid, view));
    check(p, rc == -EBUSY, "a view in use is not destroyed (%d)", rc);
    switch_all(p, 0);
    rc = result(xc_altp2m_destroy_view(p->xc, p->domid, view));
    check(p, rc == 0, "view %u destroyed (%d)", view, rc);
}

static void many_at_once(struct probe *p)
{
    uint8_t access[] = {XENMEM_access_r, XENMEM_access_rw, XENMEM_access_rx};
    uint64_t gfns[] = {DATA_GFN, CODE_GFN, OTHER_CODE_GFN};
    xenmem_access_t got = XENMEM_access_n;
    int rc = result(xc_altp2m_set_mem_access_multi(p->xc, p->domid, p->view, access, gfns, 3));

    xc_altp2m_get_mem_access(p->xc, p->domid, p->view, CODE_GFN, &got);
    check(p, rc == 0 && got == XENMEM_access_rw, "set_multi (%d)", rc);
}

/* Xen says "done" for a gfn that has no entry in the host view, and does nothing. */
static void no_memory(struct probe *p)
{
    uint8_t access[] = {XENMEM_access_r, XENMEM_access_r};
    uint64_t gfns[] = {NO_GFN, DATA_GFN};
    xenmem_access_t got = XENMEM_access_n;
    int rc = result(xc_altp2m_set_mem_access(p->xc, p->domid, p->view, NO_GFN, XENMEM_access_r));

    check(p, rc == 0, "a gfn without memory: set says done (%d)", rc);
    rc = result(xc_altp2m_get_mem_access(p->xc, p->domid, p->view, NO_GFN, &got));
    check(p, rc != 0, "a gfn without memory: get is refused (%d)", rc);
    rc = result(xc_altp2m_set_mem_access_multi(p->xc, p->domid, p->view, access, gfns, 2));
    check(p, rc == 0, "a gfn without memory: set_multi says done (%d)", rc);
    rc = set(p, XENMEM_access_r, NO_GFN, 1);
    check(p, rc == 0, "a gfn without memory: set on the host view says done too (%d)", rc);
}

/* The host view's changes go into the views that there are. */
static void host_change_in_view(struct probe *p)
{
    xenmem_access_t got = XENMEM_access_n;

    set_in_view(p, XENMEM_access_r);
    set(p, XENMEM_access_rx, GFN, 1);
    set(p, XENMEM_access_rwx, GFN, 1);
    xc_altp2m_get_mem_access(p->xc, p->domid, p->view, GFN, &got);
    check(p, got == XENMEM_access_rwx, "a change on the host view replaces the view's rights (%d)",
          (int)got);
}

void views(struct probe *p)
{
    set_up(p);
    switch_by_answer(p);
    fast_single_step(p);
    single_step(p);
    remap(p);
    many_at_once(p);
    no_memory(p);
    host_change_in_view(p);
}

/* ---- altp2m from inside the guest: VMFUNC and #VE ---- */

static void virtualization_exception(struct probe *p)
{
    struct lab_ve_log log = {0};
    int rc = result(xc_altp2m_set_suppress_ve(p->xc, p->domid, p->view, GFN, false));

    check(p, rc == 0, "#VE: no longer suppressed for the page (%d)", rc);
    send(p, 0, LAB_X86_VMFUNC, 0, p->view, 1);
    finished(p, 0, NULL);
    send(p, 0, LAB_OP_WRITE, ADDR, 77, 1);
    check(p, finished(p, 0, NULL), "#VE: the guest's handler lets the write through");
    lab_guest_peek(p->guest, LAB_X86_VE_LOG_BASE, &log, sizeof(log));
    check(p, log.count == 1 && log.gpa == ADDR && log.gla == ADDR && log.view == p->view,
          "#VE: %" PRIu64 " taken, address 0x%" PRIx64 " view %" PRIu64, log.count, log.gpa,
          log.view);
}

void inside(struct probe *p)
{
    uint16_t view = 0;
    int rc = result(
        xc_altp2m_set_vcpu_enable_notify(p->xc, p->domid, 0, LAB_X86_VE_INFO_BASE / PAGE));

    check(p, rc == 0, "#VE: information page set (%d)", rc);
    xc_altp2m_set_mem_access(p->xc, p->domid, p->view, GFN, XENMEM_access_r);
    send(p, 0, LAB_X86_VMFUNC, 0, p->view, 1);
    check(p, finished(p, 0, NULL), "VMFUNC carried out");
    xc_altp2m_get_vcpu_p2m_idx(p->xc, p->domid, 0, &view);
    check(p, view == p->view, "VMFUNC: vCPU 0 is in view %u", view);
    virtualization_exception(p);
    rc = result(xc_altp2m_set_vcpu_disable_notify(p->xc, p->domid, 0));
    check(p, rc == 0, "#VE: switched off (%d)", rc);
    xc_altp2m_switch_to_view(p->xc, p->domid, 0);
    rc = result(xc_altp2m_destroy_view(p->xc, p->domid, p->view));
    check(p, rc == 0, "view %u destroyed (%d)", p->view, rc);
}
