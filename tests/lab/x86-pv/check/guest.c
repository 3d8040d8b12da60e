/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's side of a checked domain. */
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
    struct lab_mailbox command = {.op = LAB_PV_HYPERCALL, .value = number, .addr = args[0],
                                  .stride = args[1], .count = args[2], .size = args[3]};

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
    return check_done(c, vcpu, LAB_PATIENCE_MS) ? 0 : wrong("the access is not done after the answer", gfn);
}

int check_caught(struct check *c, unsigned int vcpu, uint64_t op, uint64_t addr, uint64_t gfn,
                 uint32_t what)
{
    int rc = check_start(c, vcpu, op, addr, 0xabcd);

    return rc ? rc : check_stopped(c, vcpu, gfn, what);
}
