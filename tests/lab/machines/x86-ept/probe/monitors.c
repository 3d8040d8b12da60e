/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events other than memory accesses. */
#include "probe.h"

#include <string.h>

#define MSR_SYSENTER_CS 0x174u
#define CR3_PWT 8u

/* The instruction is done by the listener: what it wants in rbx, and rip behind the instruction. */
static void step_over(struct probe *p, const vm_event_request_t *event, unsigned int length,
                      uint64_t rbx)
{
    vm_event_response_t reply = listener_reply(event);

    reply.flags |= VM_EVENT_FLAG_SET_REGISTERS;
    reply.data = event->data;
    reply.data.regs.x86.rip += length;
    if (rbx)
        reply.data.regs.x86.rbx = rbx;
    listener_send(&p->listener, &reply);
}

static bool event_of(struct probe *p, uint32_t reason, vm_event_request_t *event, const char *name)
{
    bool came = next_event(p, event);

    check(p, came && event->reason == reason, "%s: event", name);
    return came;
}

static void guest_request(struct probe *p)
{
    vm_event_request_t event;

    check(p, !xc_monitor_guest_request(p->xc, p->domid, true, true, true), "guest request: on");
    send(p, 0, LAB_OP_GUEST_REQUEST, 0, 0, 1);
    if (event_of(p, VM_EVENT_REASON_GUEST_REQUEST, &event, "guest request"))
        answer(p, &event, 0);
    check(p, finished(p, 0, NULL), "guest request: goes on");
    xc_monitor_guest_request(p->xc, p->domid, false, true, true);
}

static void breakpoint(struct probe *p)
{
    vm_event_request_t event;

    check(p, !xc_monitor_software_breakpoint(p->xc, p->domid, true), "int3: on");
    send(p, 0, LAB_X86_INT3, 0, 0, 1);
    if (event_of(p, VM_EVENT_REASON_SOFTWARE_BREAKPOINT, &event, "int3"))
        step_over(p, &event, 1, 0);
    check(p, finished(p, 0, NULL), "int3: stepped over by SET_REGISTERS");
    xc_monitor_software_breakpoint(p->xc, p->domid, false);
    send(p, 0, LAB_X86_INT3, 0, 0, 1);
    check(p,
          !finished(p, 0, NULL) && lab_guest_box(p->guest, 0)->status == LAB_STATUS_FAULT &&
              lab_guest_box(p->guest, 0)->fault_kind == 3,
          "int3: the guest's own when off");
}

static void cpuid(struct probe *p)
{
    vm_event_request_t event;
    uint64_t result = 0;

    check(p, !xc_monitor_cpuid(p->xc, p->domid, true), "cpuid: on");
    send(p, 0, LAB_X86_CPUID, 0, 0x40000000, 0);
    if (event_of(p, VM_EVENT_REASON_CPUID, &event, "cpuid"))
        step_over(p, &event, event.u.cpuid.insn_length, 0xabcd1234);
    check(p, finished(p, 0, &result) && result >> 32 == 0xabcd1234, "cpuid: the listener's answer");
    xc_monitor_cpuid(p->xc, p->domid, false);
}

static void control_register(struct probe *p)
{
    vm_event_request_t event;

    check(p, !xc_monitor_write_ctrlreg(p->xc, p->domid, VM_EVENT_X86_CR3, true, true, 0, false),
          "cr3: on");
    send(p, 0, LAB_X86_TOGGLE_CR3, 0, CR3_PWT, 1);
    if (event_of(p, VM_EVENT_REASON_WRITE_CTRLREG, &event, "cr3")) {
        check(p, (event.u.write_ctrlreg.new_value ^ event.u.write_ctrlreg.old_value) == CR3_PWT,
              "cr3: old and new value");
        answer(p, &event, 0);
    }
    check(p, finished(p, 0, NULL), "cr3: goes on");
    xc_monitor_write_ctrlreg(p->xc, p->domid, VM_EVENT_X86_CR3, false, true, 0, false);
}

static void msr(struct probe *p)
{
    vm_event_request_t event;
    uint64_t result = 0;

    check(p, !xc_monitor_mov_to_msr(p->xc, p->domid, MSR_SYSENTER_CS, true, false), "msr: on");
    send(p, 0, LAB_X86_WRMSR, MSR_SYSENTER_CS, 0x1234, 1);
    if (event_of(p, VM_EVENT_REASON_MOV_TO_MSR, &event, "msr")) {
        check(p,
              event.u.mov_to_msr.msr == MSR_SYSENTER_CS && event.u.mov_to_msr.new_value == 0x1234,
              "msr: number and value");
        answer(p, &event, 0);
    }
    check(p, finished(p, 0, NULL), "msr: goes on");
    xc_monitor_mov_to_msr(p->xc, p->domid, MSR_SYSENTER_CS, false, false);
    send(p, 0, LAB_X86_RDMSR, 0, MSR_SYSENTER_CS, 1);
    check(p, finished(p, 0, &result) && result == 0x1234, "msr: written");
}

static void unknown_op(struct probe *p)
{
    send(p, 0, LAB_X86_LAST, 0, 0, 1);
    check(p, !finished(p, 0, NULL) && lab_guest_box(p->guest, 0)->status == LAB_STATUS_BAD,
          "an unknown command is refused by the guest");
    send(p, 0, LAB_X86_RDMSR, 0, 0x12345678, 1);
    check(p, !finished(p, 0, NULL) && lab_guest_box(p->guest, 0)->fault_kind == 13,
          "an exception ends a command and nothing else");
}

void monitors(struct probe *p)
{
    guest_request(p);
    breakpoint(p);
    cpuid(p);
    control_register(p);
    msr(p);
    unknown_op(p);
}
