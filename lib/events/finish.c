/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who finishes the instruction of an event. Xen asks most of its monitors before it does what the
 * guest wants, stops there when the event waits, and does not come back to it: an answer that
 * only resumes makes the same event again, for ever. One table says what each answer means.
 */
#include "events/events-int.h"

#include "events/step.h"

#include <string.h>

#define ARM_INSN_BYTES 4u
#define ANY_ARCH 0u

#define NO FINISH_REFUSED
#define DONE FINISH_DONE
#define DROP FINISH_DROPPED
#define AGAIN FINISH_AGAIN
#define SKIP FINISH_SKIPPED
#define EMUL FINISH_EMULATED
#define STEP FINISH_STEPPED
#define BACK FINISH_INJECTED

/*
 * By action: resume, deny, emulate, emulate without write, step over, reinject. On x86 all of it
 * is of HVM guests; the first row that fits counts. xmem_event_reply(3) has the same table.
 */
static const struct {
    uint8_t reason; /* enum xmem_event_reason */
    uint8_t arch;   /* XMEM_ARCH_*, ANY_ARCH */
    uint8_t who[REPLY_ACTIONS];
} table[] = {
    {XMEM_EVENT_MEM_ACCESS, ANY_ARCH, {AGAIN, NO, EMUL, EMUL, STEP, NO}},
    /* Held back by Xen, which does it when the answer is not DENY (hvm_vm_event_do_resume()). */
    {XMEM_EVENT_CTRLREG, XMEM_ARCH_X86, {DONE, DROP, NO, NO, DONE, NO}},
    {XMEM_EVENT_MSR, XMEM_ARCH_X86, {DONE, DROP, NO, NO, DONE, NO}},
    /* Taken from the guest (vmx_vmexit_handler(), TRAP_int3 and TRAP_debug). */
    {XMEM_EVENT_BREAKPOINT, XMEM_ARCH_X86, {BACK, NO, EMUL, NO, BACK, BACK}},
    {XMEM_EVENT_DEBUG, XMEM_ARCH_X86, {BACK, NO, NO, NO, BACK, BACK}},
    /* The results are in the registers, the pc is on it (hvm_vmexit_cpuid()). */
    {XMEM_EVENT_CPUID, XMEM_ARCH_X86, {SKIP, NO, NO, NO, SKIP, NO}},
    /* do_trap_smc() leaves it to the listener. */
    {XMEM_EVENT_PRIVILEGED_CALL, XMEM_ARCH_ARM, {SKIP, NO, NO, NO, SKIP, NO}},
    /* Not done; the emulator can (hvm_descriptor_access_intercept()). */
    {XMEM_EVENT_DESCRIPTOR, XMEM_ARCH_X86, {EMUL, NO, EMUL, EMUL, EMUL, NO}},
    /* Likewise, though Xen takes no such answer to this reason: see emulate(). */
    {XMEM_EVENT_IO, XMEM_ARCH_X86, {EMUL, NO, EMUL, EMUL, EMUL, NO}},
    /* The access that was to be emulated. */
    {XMEM_EVENT_EMUL_UNIMPLEMENTED, XMEM_ARCH_X86, {AGAIN, NO, NO, NO, AGAIN, NO}},
};

/* SINGLESTEP, GUEST_REQUEST, INTERRUPT: over before the event. */
static const uint8_t others[REPLY_ACTIONS] = {DONE, NO, NO, NO, DONE, NO};

static const uint8_t *row_of(const struct xmem_domain *d, const struct event *ev)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].reason == ev->pub.reason &&
            (table[i].arch == ANY_ARCH || table[i].arch == ring_of(d)->arch))
            return table[i].who;
    return others;
}

/* Where nothing can be injected a breakpoint is gone past, and a debug exception is lost. */
static enum finish without_injection(const struct event *ev)
{
    return ev->pub.reason == XMEM_EVENT_BREAKPOINT ? FINISH_SKIPPED : FINISH_DONE;
}

enum finish xmi_finish_who(const struct xmem_domain *d, const struct event *ev, uint32_t action)
{
    enum finish who = row_of(d, ev)[action];
    if (who == FINISH_INJECTED && action != XMEM_REPLY_REINJECT &&
        !(d->caps.replies & (1u << XMEM_REPLY_REINJECT)))
        return without_injection(ev);
    return who;
}

/* ---- registers ---- */

static uint64_t *pc_in(struct xmem_regs *regs)
{
    return regs->arch == XMEM_ARCH_ARM ? &regs->u.arm.pc : &regs->u.x86.rip;
}

static uint64_t pc_of(struct xmem_domain *d, const uint8_t *data)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    xmi_ring_regs_decode(ring_of(d), data, &regs);
    return *pc_in(&regs);
}

static uint32_t length_of(const struct xmem_domain *d, const struct event *ev)
{
    if (ring_of(d)->arch == XMEM_ARCH_ARM)
        return ARM_INSN_BYTES;
    return ev->pub.reason == XMEM_EVENT_CPUID ? ev->pub.u.cpuid.insn_length
                                              : ev->pub.u.debug.insn_length;
}

static void skip(struct xmem_domain *d, struct event *ev, struct answer *a, uint8_t *data)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    if (!(a->flags & RING_FLAG_SET_REGISTERS)) {
        a->bytes = xmi_ring_data_size(ring_of(d)->version);
        memcpy(data, xmi_event_data(d, ev), a->bytes);
    }
    xmi_ring_regs_decode(ring_of(d), data, &regs);
    *pc_in(&regs) += length_of(d, ev);
    xmi_ring_regs_encode(ring_of(d), &regs, data);
    a->flags |= RING_FLAG_SET_REGISTERS;
}

/* ---- emulation ---- */

/*
 * The emulator does not wait for a device model that is asked for data: the vCPU comes back to
 * the instruction, as the same event. Until then nothing else may be injected, which would ask
 * for something else: single step keeps interrupts away (vmx_intr_assist()).
 */
static int wait_for_device(struct xmem_domain *d, struct event *ev, struct answer *a)
{
    struct vcpu *v = vcpu_of(d, ev);
    if (!(d->caps.reply_flags & XMEM_REPLY_TOGGLE_STEP))
        return 0;
    bool steps = a->flags & RING_FLAG_FAST_SINGLESTEP;
    int rc = steps ? 0 : xmi_step_set_single(d, ev->pub.vcpu);
    if (rc)
        return rc;
    v->io_again = true;
    v->io_pc = pc_of(d, xmi_event_data(d, ev));
    return 0;
}

/* Xen emulates as an answer to three reasons, and goes by the answer's own. */
static int emulate(struct xmem_domain *d, struct event *ev, struct answer *a)
{
    bool asks = ev->pub.u.io.is_in && !ev->pub.u.io.is_str;
    if (!(d->caps.replies & (1u << XMEM_REPLY_EMULATE)))
        return 0;
    a->flags |= RING_FLAG_EMULATE;
    if (ev->pub.reason != XMEM_EVENT_IO)
        return 0;
    a->reason = XMEM_EVENT_DESCRIPTOR;
    return asks && !(a->flags & RING_FLAG_SET_EMUL_READ_DATA) ? wait_for_device(d, ev, a) : 0;
}

/* ---- answers ---- */

/* A caller that moves the pc has finished the instruction itself. */
static bool moves_pc(struct xmem_domain *d, struct event *ev, const struct answer *a,
                     const uint8_t *data)
{
    return (a->flags & RING_FLAG_SET_REGISTERS) &&
           pc_of(d, data) != pc_of(d, xmi_event_data(d, ev));
}

/*
 * To resume from a breakpoint is to give it to the guest, unless it is not the guest's, or the
 * caller steps on from there by itself.
 */
static bool callers_breakpoint(struct xmem_domain *d, struct event *ev, const struct xmem_reply *r)
{
    if (ev->pub.reason != XMEM_EVENT_BREAKPOINT)
        return false;
    return (r->flags & (XMEM_REPLY_TOGGLE_STEP | XMEM_REPLY_FAST_STEP)) ||
           !xmi_event_is_guests(d, ev, ev->pub.view) ||
           ((r->flags & XMEM_REPLY_SET_VIEW) && !xmi_event_is_guests(d, ev, r->view)) ||
           !xmi_event_still_there(d, ev);
}

int xmi_finish_answer(struct xmem_domain *d, struct event *ev, const struct xmem_reply *r,
                      struct answer *a, uint8_t *data)
{
    enum finish who = xmi_finish_who(d, ev, r->action);
    if (!(ev->pub.flags & XMEM_EVENT_PAUSED))
        return 0;
    if (r->action == XMEM_REPLY_RESUME &&
        (moves_pc(d, ev, a, data) || callers_breakpoint(d, ev, r)))
        return 0;
    if (who == FINISH_SKIPPED)
        skip(d, ev, a, data);
    else if (who == FINISH_EMULATED)
        return emulate(d, ev, a);
    else if (who == FINISH_INJECTED)
        return xmi_event_inject(d, ev);
    return 0;
}

void xmi_finish_progress(struct xmem_domain *d, const struct event *ev, const struct xmem_reply *r)
{
    uint32_t *repeats = &vcpu_of(d, ev)->repeats;
    if (*repeats &&
        ((r->flags & XMEM_REPLY_SET_REGS) || xmi_finish_who(d, ev, r->action) != FINISH_AGAIN))
        *repeats = 0; /* it gets on, or is done without */
}

void xmi_finish_send(struct xmem_domain *d, struct event *ev, const struct answer *a)
{
    if (a->flags)
        xmi_event_answer_with(d, ev, a);
    else
        xmi_event_answer(d, ev, 0);
}

static int resume(struct xmem_domain *d, struct event *ev)
{
    static const struct xmem_reply reply = {.action = XMEM_REPLY_RESUME};
    uint8_t data[RING_DATA_MAX];
    struct answer a = {0};
    int rc = xmi_finish_answer(d, ev, &reply, &a, data);
    if (rc)
        return rc;
    a.data = a.bytes ? data : NULL;
    xmi_finish_progress(d, ev, &reply);
    xmi_finish_send(d, ev, &a);
    return 0;
}

int xmi_finish_go_on(struct xmem_domain *d, struct event *ev)
{
    if (ev->pub.reason != XMEM_EVENT_MEM_ACCESS)
        return resume(d, ev);
    xmi_event_answer(d, ev, 0);
    return 0;
}

/* What is tried again without a monitor needs nothing; an exception that was taken is given. */
void xmi_finish_at_end(struct xmem_domain *d, struct event *ev)
{
    bool taken = ev->pub.reason == XMEM_EVENT_DEBUG && (ev->pub.flags & XMEM_EVENT_PAUSED);
    if (taken && xmi_finish_who(d, ev, XMEM_REPLY_RESUME) == FINISH_INJECTED)
        (void)xmi_event_inject(d, ev);
}

int xmi_finish_swallow(struct xmem_domain *d, struct event *ev)
{
    struct vcpu *v = vcpu_of(d, ev);
    bool same = v->io_again && ev->pub.reason == XMEM_EVENT_IO &&
                pc_of(d, xmi_event_data(d, ev)) == v->io_pc;
    v->io_again = same;
    if (!same)
        return 0;
    struct answer a = {.flags = RING_FLAG_EMULATE, .reason = XMEM_EVENT_DESCRIPTOR};
    xmi_event_answer_with(d, ev, &a);
    return 1;
}
