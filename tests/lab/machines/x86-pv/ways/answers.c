/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of an access beyond the first frame, the first answer, and the first listener. */
#include "ways.h"

#include <errno.h>
#include <stdio.h>

#include <xen/sched.h>

#define QUIET_MS 60u
#define MOST_TOLD 8u
#define XORPS_RET 0xc3c0570fu          /* xorps %xmm0, %xmm0; ret: nothing that the emulator does */
#define LOAD_RET UINT64_C(0xc3078b48)  /* mov (%rdi), %rax; ret */
#define STORE_RET UINT64_C(0xc33f8948) /* mov %rdi, (%rdi); ret */
#define RING_SLOTS 8u

static uint64_t va_of(struct check *c, unsigned int i)
{
    return check_virtual(c, check_page(c, i));
}

/* All events are answered so until the command ends. How many were; -1: it does not end. */
static int answered(struct check *c, uint32_t flags)
{
    vm_event_request_t e;
    unsigned int n;

    for (n = 0; n <= MOST_TOLD && !check_event(c, n ? QUIET_MS : LAB_PATIENCE_MS, &e); n++)
        check_reply(c, &e, flags);
    return n <= MOST_TOLD && check_done(c, 0, LAB_PATIENCE_MS) ? (int)n : -1;
}

/* ---- nobody listens ---- */

static void alone(struct check *c, uint64_t code, xenmem_access_t access, uint8_t required)
{
    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, check_page(c, CODE), code), 0);
    IS(c, xc_domain_set_access_required(c->xc, c->domid, required), 0);
    IS(c, check_set(c, c->first + CODE, 1, access), 0);
    IS(c, check_disable(c), 0);
    IS(c, check_start(c, 0, LAB_OP_EXEC, check_page(c, CODE), 0), 0);
}

static void nobody(struct check *c)
{
    alone(c, XORPS_RET, XENMEM_access_x, 0);
    OK(c, check_done(c, 0, 5000));
    IS(c, lab_guest_box(c->guest, 0)->status, LAB_STATUS_OK);
}

static void nobody_required(struct check *c)
{
    unsigned int i;

    alone(c, XORPS_RET, XENMEM_access_x, 1);
    for (i = 0; i < 50 && check_shutdown(c) < 0; i++)
        check_done(c, 0, 100);
    IS(c, check_shutdown(c), SHUTDOWN_crash);
}

/* ---- two frames ---- */

static void copied(struct check *c)
{
    uint64_t from = c->first + OTHER, to = c->first + TARGET;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, from * PAGE, 0x2222), 0);
    IS(c, check_set(c, from, 1, XENMEM_access_n), 0);
    IS(c, check_set(c, to, 1, XENMEM_access_r), 0);
    IS(c, ways_mmuext(c, MMUEXT_COPY, to, from), 0);
    IS(c, answered(c, VM_EVENT_FLAG_EMULATE), 2);
    IS(c, ways_result(c), 0);
    IS(c, check_peek(c, to * PAGE), 0x2222);
    IS(c, check_get(c, from), XENMEM_access_n);
    IS(c, check_get(c, to), XENMEM_access_r);
}

/* By a grant copy, too, with the words of its argument as the hypercall wants them. */
static void grant_copied(struct check *c)
{
    uint64_t from = c->first + OTHER, to = c->first + TARGET, va;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, from * PAGE, 0x2222), 0);
    IS(c, check_set(c, from, 1, XENMEM_access_n), 0);
    IS(c, check_set(c, to, 1, XENMEM_access_r), 0);
    va = ways_words(c, (uint64_t[]){from, SELF, to, SELF, 64}, 5);
    IS(c, ways_hypercall(c, HC_GRANT_TABLE, 5, va, 1, 0), 0);
    IS(c, answered(c, VM_EVENT_FLAG_EMULATE), 2);
    IS(c, ways_result(c), 0);
    IS(c, check_peek(c, to * PAGE), 0x2222);
}

/* Code that only emulation can execute meets a second frame. */
static void meets(struct check *c, uint64_t code, xenmem_access_t access)
{
    uint64_t va = va_of(c, TARGET);

    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, check_page(c, CODE), code), 0);
    IS(c, check_set(c, c->first + CODE, 1, XENMEM_access_x), 0);
    IS(c, check_set(c, c->first + TARGET, 1, access), 0);
    IS(c, check_start(c, 0, LAB_OP_EXEC, check_page(c, CODE), va), 0);
}

static void second_frame(struct check *c)
{
    meets(c, LOAD_RET, XENMEM_access_n);
    IS(c, answered(c, VM_EVENT_FLAG_EMULATE), 1);
    IS(c, lab_guest_box(c->guest, 0)->status, LAB_STATUS_OK);
    IS(c, check_get(c, c->first + TARGET), XENMEM_access_n);
}

static void second_n2rwx(struct check *c)
{
    meets(c, LOAD_RET, XENMEM_access_n2rwx);
    IS(c, answered(c, 0), 1);
    IS(c, check_get(c, c->first + TARGET), XENMEM_access_rwx);
}

static void second_rx2rw(struct check *c)
{
    meets(c, STORE_RET, XENMEM_access_rx2rw);
    OK(c, check_done(c, 0, 5000) && check_quiet(c));
    IS(c, check_get(c, c->first + TARGET), XENMEM_access_rw);
}

static void second_alone(struct check *c)
{
    uint64_t va = va_of(c, TARGET);

    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, check_page(c, CODE), LOAD_RET), 0);
    IS(c, check_set(c, c->first + CODE, 1, XENMEM_access_x), 0);
    IS(c, check_set(c, c->first + TARGET, 1, XENMEM_access_n), 0);
    IS(c, check_disable(c), 0);
    IS(c, check_start(c, 0, LAB_OP_EXEC, check_page(c, CODE), va), 0);
    OK(c, check_done(c, 0, 5000));
    IS(c, lab_guest_box(c->guest, 0)->status, LAB_STATUS_OK);
}

/* ---- registers out of a hypercall ---- */

static void registers(struct check *c)
{
    uint64_t entry = check_page(c, TARGET) | PTE_RW, pte, va;
    vm_event_request_t e;

    IS(c, check_listen(c, 0), 0);
    pte = check_pte(c, va_of(c, SLOT));
    OK(c, pte);
    va = ways_words(c, (uint64_t[]){pte, entry}, 2);
    IS(c, check_set(c, pte / PAGE, 1, XENMEM_access_r), 0);
    IS(c, ways_hypercall(c, HC_MMU_UPDATE, va, 1, 0, SELF), 0);
    IS(c, check_event(c, LAB_PATIENCE_MS, &e), 0);
    IS(c, check_set(c, pte / PAGE, 1, XENMEM_access_rwx), 0);
    check_reply(c, &e, VM_EVENT_FLAG_SET_REGISTERS); /* as they came */
    IS(c, ways_result(c), 0);
    OK(c, check_entry_is(c, pte, entry));
}

/* ---- an answer is for what was told ---- */

static void banked(struct check *c)
{
    uint64_t va, gfn = c->first + TARGET;
    vm_event_request_t e;

    IS(c, check_listen(c, 0), 0);
    va = va_of(c, SLOT);
    IS(c, check_update_va(c, va, gfn * PAGE | PTE_RW), 0);
    IS(c, check_poke(c, gfn * PAGE, 0x1111), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, check_start(c, 0, LAB_OP_WRITE, va, 0x600d), 0);
    IS(c, check_event(c, LAB_PATIENCE_MS, &e), 0);
    IS(c, ways_remap(c, va, check_page(c, OTHER) | PTE_RW), 0);
    check_reply(c, &e, VM_EVENT_FLAG_EMULATE);
    OK(c, check_done(c, 0, LAB_PATIENCE_MS));
    IS(c, check_peek(c, check_page(c, OTHER)), 0x600d);
    IS(c, check_start(c, 0, LAB_OP_WRITE, gfn * PAGE, 0xbad), 0);
    IS(c, check_stopped(c, 0, gfn, MEM_ACCESS_W), 0);
}

const struct check_line ways_answers[] = {
    {"nobody listens and nothing emulates it: its rights go", nobody},
    {"nobody listens and access is required: the domain goes", nobody_required},
    {"a copy with two frames ends by two answers EMULATE", copied},
    {"so does a grant copy", grant_copied},
    {"a second frame of what is emulated: one event, one answer EMULATE", second_frame},
    {"a second frame with n2rwx: an event, and rwx", second_n2rwx},
    {"a second frame with rx2rw: rw", second_rx2rw},
    {"a second frame where nobody listens: its rights go", second_alone},
    {"an answer that echoes the registers loses no hypercall", registers},
    {"an answer EMULATE is kept for nothing else", banked},
    {NULL, NULL},
};

/* ---- rights that change while a vCPU waits for a slot; ten vCPUs ---- */

/* All slots are taken by writes that wait for an answer. */
static void fill_ring(struct check *c, vm_event_request_t e[RING_SLOTS])
{
    unsigned int i;

    IS(c, check_set(c, c->first, RING_SLOTS, XENMEM_access_r), 0);
    for (i = 0; i < RING_SLOTS; i++) {
        IS(c, check_start(c, i, LAB_OP_WRITE, check_page(c, i), 1), 0);
        IS(c, check_event(c, LAB_PATIENCE_MS, &e[i]), 0);
    }
}

static void newer_restriction(struct check *c)
{
    uint64_t gfn = c->first + TARGET;
    vm_event_request_t e[RING_SLOTS], last;
    unsigned int i;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, gfn * PAGE, 0x1111), 0);
    fill_ring(c, e);
    IS(c, check_set(c, gfn, 1, XENMEM_access_n2rwx), 0);
    IS(c, check_start(c, RING_SLOTS, LAB_OP_WRITE, gfn * PAGE, 0xbad), 0);
    OK(c, !check_done(c, RING_SLOTS, 300)); /* it waits for a slot */
    IS(c, check_set(c, gfn, 1, XENMEM_access_n), 0);
    IS(c, check_set(c, c->first, RING_SLOTS, XENMEM_access_rwx), 0);
    for (i = 0; i < RING_SLOTS; i++)
        check_reply(c, &e[i], 0);
    do
        IS(c, check_event(c, LAB_PATIENCE_MS, &last), 0);
    while (!(last.flags & VM_EVENT_FLAG_VCPU_PAUSED));
    OK(c, last.u.mem_access.gfn == gfn && last.vcpu_id == RING_SLOTS);
    IS(c, check_get(c, gfn), XENMEM_access_n);
    IS(c, check_peek(c, gfn * PAGE), 0x1111);
}

const struct check_line ways_orders[] = {
    {"a restriction set while a vCPU waits for a slot is not overwritten", newer_restriction},
    {NULL, NULL},
};
