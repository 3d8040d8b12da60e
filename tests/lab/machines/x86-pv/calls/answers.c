/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What answers do, other events, and the end of domains (line 4, and the rest of what is promised). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../../../guest/arch/x86-pv.h"
#include "pv.h"

#define QUIET_MS 60u
#define MOST_TOLD 4u
#define RET 0xc3u
#define XORPS_RET 0xc3c0570fu /* xorps %xmm0, %xmm0; ret */
#define ENOUGH_FREE 64u       /* pages: what else moves while a domain goes */

static uint64_t read_page(struct pv *p, uint64_t mfn)
{
    uint64_t value = 0;

    lab_guest_peek(p->guest, mfn * PV_PAGE, &value, sizeof(value));
    return value;
}

static bool stopped(struct pv *p, vm_event_request_t *e, uint64_t mfn, uint64_t op, uint64_t value)
{
    pv_tell(p, op, mfn * PV_PAGE, value);
    return pv_event(p, e, LAB_PATIENCE_MS) && e->u.mem_access.gfn == mfn;
}

/* Each access that is told is answered for until the command is done. How many were. */
static unsigned int emulated(struct pv *p, vm_event_request_t *e)
{
    unsigned int n = 0;

    do {
        pv_answer(p, e, VM_EVENT_FLAG_EMULATE, NULL);
        n++;
    } while (n < MOST_TOLD && pv_event(p, e, QUIET_MS));
    return pv_done(p, LAB_PATIENCE_MS) ? n : 0;
}

/* A write over the end of a frame: the next one's rights hold until it is answered for, too. */
static void two_frames(struct pv *p, uint64_t mfn)
{
    vm_event_request_t e;

    pv_set(p, mfn, 2, XENMEM_access_r);
    pv_tell(p, LAB_OP_WRITE_CROSSING, mfn * PV_PAGE, UINT64_MAX);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gfn == mfn, "a write over two frames");
    pv_answer(p, &e, VM_EVENT_FLAG_EMULATE, NULL);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gfn == mfn + 1 && !pv_done(p, 0),
          "the second one is told as well");
    check(emulated(p, &e) == 1, "and then it is done");
    pv_set(p, mfn, 2, XENMEM_access_rwx);
}

/* The emulator does no SSE: the access is told again, or by an event of its own to who listens for that. */
static void not_emulated(struct pv *p, uint64_t mfn)
{
    vm_event_request_t e;

    pv_do(p, LAB_OP_WRITE, mfn * PV_PAGE, XORPS_RET);
    pv_set(p, mfn, 1, XENMEM_access_rw);
    check(stopped(p, &e, mfn, LAB_OP_EXEC, 0), "a fetch of an SSE instruction");
    pv_answer(p, &e, VM_EVENT_FLAG_EMULATE, NULL);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.reason == VM_EVENT_REASON_MEM_ACCESS &&
              e.u.mem_access.gfn == mfn,
          "not emulated, and told again");
    check(xc_monitor_emul_unimplemented(pv_xc, p->domid, true) == 0,
          "what is not emulated is monitored");
    pv_answer(p, &e, VM_EVENT_FLAG_EMULATE, NULL);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.reason == VM_EVENT_REASON_EMUL_UNIMPLEMENTED &&
              (e.flags & VM_EVENT_FLAG_VCPU_PAUSED),
          "not emulated, and an event of its own");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_answer(p, &e, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS) && !pv_event(p, &e, QUIET_MS), "done by the processor");
    check(xc_monitor_emul_unimplemented(pv_xc, p->domid, false) == 0, "no longer monitored");
}

static void emulate(struct pv *p, uint64_t mfn)
{
    vm_event_request_t e, more;

    pv_set(p, mfn, 1, XENMEM_access_n);
    check(stopped(p, &e, mfn, LAB_OP_WRITE, 77), "a write to a page with n");
    pv_answer(p, &e, VM_EVENT_FLAG_EMULATE, NULL);
    check(pv_done(p, LAB_PATIENCE_MS) && read_page(p, mfn) == 77 &&
              pv_get(p, mfn) == XENMEM_access_n,
          "EMULATE does it, the page stays n");
    check(stopped(p, &e, mfn, LAB_OP_READ, 0), "a read after it is an event again");
    pv_answer(p, &e, VM_EVENT_FLAG_EMULATE, NULL);
    check(pv_done(p, LAB_PATIENCE_MS) && lab_guest_box(p->guest, 0)->result == 77,
          "emulated as well");
    check(stopped(p, &e, mfn, LAB_OP_RMW, 3), "an addition");
    /* Where the read is told first, the write is told as well. */
    check(emulated(p, &e) <= 2 && read_page(p, mfn) == 80, "emulated");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_do(p, LAB_OP_WRITE, mfn * PV_PAGE, RET);
    pv_set(p, mfn, 1, XENMEM_access_rw);
    check(stopped(p, &e, mfn, LAB_OP_EXEC, 0) &&
              (e.u.mem_access.flags & MEM_ACCESS_RWX) == MEM_ACCESS_X,
          "a fetch");
    pv_answer(p, &e, VM_EVENT_FLAG_EMULATE, NULL);
    check(pv_done(p, LAB_PATIENCE_MS) && !pv_event(p, &more, QUIET_MS), "emulated");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
}

/* addq %reg, (%reg): its length is 3, and 4 where the address needs more than a ModRM byte. */
static unsigned int length_of_add(struct pv *p, uint64_t rip)
{
    uint64_t pfn = (rip - LAB_PV_BASE) / PV_PAGE;
    uint8_t code[3] = {0};

    lab_guest_peek(p->guest, pv_mfn(p, pfn) * PV_PAGE + rip % PV_PAGE, code, sizeof(code));
    if ((code[0] & 0xf0) != 0x40 || code[1] != 1)
        return 0;
    return (code[2] & 7) == 4 || (code[2] & 7) == 5 ? 4 : 3;
}

static void set_registers(struct pv *p, uint64_t mfn)
{
    struct vm_event_regs_x86 regs;
    uint64_t before = read_page(p, mfn);
    vm_event_request_t e;
    unsigned int length;

    pv_set(p, mfn, 1, XENMEM_access_r);
    check(stopped(p, &e, mfn, LAB_OP_RMW, 5), "an addition that will be skipped");
    regs = e.data.regs.x86;
    length = length_of_add(p, regs.rip);
    check(length != 0 && regs.cr3 != 0 && regs.rsp > LAB_PV_BASE && regs.cs_sel != 0,
          "its registers: rip %#" PRIx64 " rsp %#" PRIx64 " cr3 %#" PRIx64, (uint64_t)regs.rip,
          (uint64_t)regs.rsp, (uint64_t)regs.cr3);
    regs.rip += length;
    pv_answer(p, &e, VM_EVENT_FLAG_SET_REGISTERS, &regs);
    check(pv_done(p, LAB_PATIENCE_MS) && pv_status(p) == 0 && read_page(p, mfn) == before,
          "SET_REGISTERS moves rip behind it");
    check(stopped(p, &e, mfn, LAB_OP_RMW, 5), "another one");
    regs = e.data.regs.x86;
    regs.rip = UINT64_C(0x1234567800000000);
    pv_answer(p, &e, VM_EVENT_FLAG_SET_REGISTERS, &regs);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.u.mem_access.gfn == mfn,
          "a rip that is none is not taken: the event comes again");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_answer(p, &e, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS) && read_page(p, mfn) == before + 5, "done when opened");
}

static void guest_request(struct pv *p)
{
    vm_event_request_t e;
    uint32_t caps = 0;

    check(xc_monitor_get_capabilities(pv_xc, p->domid, &caps) == 0 &&
              caps == (1u << XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST |
                       1u << XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED | PV_CAP_STEP),
          "capabilities: guest requests, what is not emulated, steps, and nothing else");
    check(xc_monitor_singlestep(pv_xc, p->domid, true) < 0, "single step is refused");
    check(xc_monitor_guest_request(pv_xc, p->domid, true, true, false) == 0, "guest requests on");
    pv_tell(p, LAB_OP_GUEST_REQUEST, 0, 0);
    check(pv_event(p, &e, LAB_PATIENCE_MS) && e.reason == VM_EVENT_REASON_GUEST_REQUEST &&
              (e.flags & VM_EVENT_FLAG_VCPU_PAUSED) && e.data.regs.x86.rip != 0,
          "a guest request comes");
    pv_answer(p, &e, 0, NULL);
    check(pv_done(p, LAB_PATIENCE_MS), "and returns");
    xc_monitor_guest_request(pv_xc, p->domid, false, true, false);
}

/* Answers that ask for what only HVM has must do no harm. */
static void foreign_flags(struct pv *p, uint64_t mfn)
{
    vm_event_request_t e;

    pv_set(p, mfn, 1, XENMEM_access_r);
    check(stopped(p, &e, mfn, LAB_OP_WRITE, 1), "a write");
    pv_set(p, mfn, 1, XENMEM_access_rwx);
    pv_answer(p, &e,
              VM_EVENT_FLAG_TOGGLE_SINGLESTEP | VM_EVENT_FLAG_ALTERNATE_P2M | VM_EVENT_FLAG_DENY |
                  VM_EVENT_FLAG_GET_NEXT_INTERRUPT | VM_EVENT_FLAG_RESET_VMTRACE |
                  VM_EVENT_FLAG_FAST_SINGLESTEP,
              NULL);
    check(pv_done(p, LAB_PATIENCE_MS), "an answer with flags of HVM's resumes, and Xen lives");
}

void check_answers(struct pv *p)
{
    emulate(p, p->first + 10);
    two_frames(p, p->first + 12);
    not_emulated(p, p->first + 14);
    set_registers(p, p->first + 11);
    guest_request(p);
    foreign_flags(p, p->first + 12);
}

/* ---- the end ---- */

static bool alive(uint32_t domid, uint32_t *flags)
{
    xc_domaininfo_t info;

    if (xc_domain_getinfolist(pv_xc, domid, 1, &info) != 1 || info.domain != domid)
        return false;
    *flags = info.flags;
    return true;
}

static uint64_t free_pages(void)
{
    xc_physinfo_t info;

    memset(&info, 0, sizeof(info));
    return xc_physinfo(pv_xc, &info) ? 0 : info.free_pages;
}

static void wait_ms(unsigned int ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&t, NULL);
}

static void required(void)
{
    uint32_t flags = 0;
    struct pv p;

    check(pv_create(&p, 1) == 0 && pv_start(&p, 0) == 0, "a second domain");
    check(xc_domain_set_access_required(pv_xc, p.domid, true) == 0, "access is required");
    pv_set(&p, p.first, 1, XENMEM_access_r);
    pv_disable(&p);
    pv_tell(&p, LAB_OP_WRITE, p.first * PV_PAGE, 1);
    wait_ms(500);
    check(alive(p.domid, &flags) && (flags & XEN_DOMINF_shutdown) &&
              (flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) == SHUTDOWN_crash,
          "nobody listens: it is crashed");
    pv_stop(&p);
    pv_destroy(&p);
}

/* With the ring mapped and a vCPU that waits for an answer. */
static void destroyed(void)
{
    vm_event_request_t e;
    uint64_t before = free_pages(), after = 0;
    uint32_t flags;
    unsigned int i;
    struct pv p;

    check(pv_create(&p, 2) == 0 && pv_start(&p, 0) == 0, "a third domain");
    pv_set(&p, ~0ull, 0, XENMEM_access_rwx);
    pv_set(&p, p.first, 5000, XENMEM_access_r);
    check(stopped(&p, &e, p.first, LAB_OP_WRITE, 1), "one of its vCPUs waits");
    pv_destroy(&p);
    for (i = 0; i < 50 && alive(p.domid, &flags); i++)
        wait_ms(100);
    check(i < 50, "it is destroyed with its ring mapped, and is gone");
    pv_stop(&p);
    for (i = 0; i < 50; i++, wait_ms(100)) {
        after = free_pages();
        if (after + ENOUGH_FREE >= before)
            break;
    }
    check(after + ENOUGH_FREE >= before,
          "nothing is left of it: %" PRIu64 " pages free, then %" PRIu64, before, after);
}

/* Line 13. */
static void turned_off(struct pv *p)
{
    pv_set(p, p->first, (uint32_t)p->count, XENMEM_access_n);
    check(pv_shadow(p, XEN_DOMCTL_SHADOW_OP_OFF, PV_MODE | PV_IF_IDLE) == -EBUSY &&
              pv_get(p, p->first) == XENMEM_access_n,
          "everything is n: not turned off if that changed anything");
    check(pv_stop(p) == 0, "turned off");
    check(pv_do(p, LAB_OP_WRITE, p->first * PV_PAGE, 3) == 0 && pv_status(p) == 0 &&
              pv_do(p, LAB_OP_READ, p->first * PV_PAGE, 0) == 3,
          "the guest has all its mappings");
    check(pv_start(p, 0) == 0 && pv_get(p, p->first) == XENMEM_access_rwx,
          "on again: nothing is left of the rights");
    check(pv_disable(p) == 0 && pv_shadow(p, XEN_DOMCTL_SHADOW_OP_OFF, PV_MODE | PV_IF_IDLE) == 0 &&
              pv_shadow(p, XEN_DOMCTL_SHADOW_OP_ENABLE, PV_MODE) == 0 && pv_enable(p) == 0,
          "with nothing restricted it is turned off; on");
    check(pv_stop(p) == 0, "off");
}

void check_domains(struct pv *p)
{
    turned_off(p);
    required();
    destroyed();
}
