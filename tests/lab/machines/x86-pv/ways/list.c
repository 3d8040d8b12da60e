/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's own accesses, Xen's for the guest, and frames that Xen is given by number. */
#include "ways.h"

#include <string.h>

#define HC_MEMORY 12u
#define VCPUOP_RUNSTATE_AREA 5u
#define VCPUOP_INFO 10u
#define VCPUOP_TIME_AREA 13u
#define VCPUOP_RUNSTATE_PHYS 14u
#define VCPUOP_TIME_PHYS 15u
#define EVTCHN_INIT_CONTROL 11u
#define EVTCHN_EXPAND_ARRAY 12u
#define PHYSDEV_EOI_V1 17u
#define PHYSDEV_EOI_V2 28u
#define GRANT_COPY 5u
#define PMU_INIT 4u
#define RET 0xc3u
#define KERNEL_CS 0xe030u /* ring 0: to the kernel, as far as the hypercall is concerned */
#define KERNEL_SS 0xe028u

static uint64_t target(const struct check *c)
{
    return c->first + TARGET;
}

static uint64_t va_of(struct check *c, unsigned int i)
{
    return check_virtual(c, check_page(c, i));
}

/* ---- by itself ---- */

static int start_load(struct check *c)
{
    return check_start(c, 0, LAB_OP_READ, check_page(c, TARGET), 0);
}

static int start_store(struct check *c)
{
    return check_start(c, 0, LAB_OP_WRITE, check_page(c, TARGET), 0xabcd);
}

static int start_add(struct check *c)
{
    return check_start(c, 0, LAB_OP_RMW, check_page(c, TARGET), 1);
}

static int prepare_fetch(struct check *c)
{
    return check_poke(c, check_page(c, TARGET), RET);
}

static int start_fetch(struct check *c)
{
    return check_start(c, 0, LAB_OP_EXEC, check_page(c, TARGET), 0);
}

static int start_crossing(struct check *c)
{
    return check_start(c, 0, LAB_OP_WRITE_CROSSING, check_page(c, TARGET - 1), UINT64_MAX);
}

static int prepare_alias(struct check *c)
{
    return (int)check_update_va(c, va_of(c, SLOT), check_page(c, TARGET) | PTE_RW);
}

static int start_alias(struct check *c)
{
    return check_start(c, 0, LAB_OP_WRITE, va_of(c, SLOT), 0xabcd);
}

/* ---- asked of Xen ---- */

static int start_mmu_update(struct check *c)
{
    uint64_t va = ways_words(c, (uint64_t[]){check_page(c, TARGET), 0x3333}, 2);

    return ways_hypercall(c, HC_MMU_UPDATE, va, 1, 0, SELF);
}

static int start_clear(struct check *c)
{
    return ways_mmuext(c, MMUEXT_CLEAR, target(c), 0);
}

static int start_copy_to(struct check *c)
{
    return ways_mmuext(c, MMUEXT_COPY, target(c), c->first + OTHER);
}

static int start_copy_from(struct check *c)
{
    return ways_mmuext(c, MMUEXT_COPY, c->first + OTHER, target(c));
}

static int start_descriptor(struct check *c)
{
    return ways_hypercall(c, HC_UPDATE_DESCRIPTOR, check_page(c, TARGET), 0, 0, 0);
}

/* struct gnttab_copy: 64 bytes, both by frame number. */
static int grant_copy(struct check *c, uint64_t from, uint64_t to)
{
    uint64_t va = ways_words(c, (uint64_t[]){from, SELF, to, SELF, 64}, 5);

    return ways_hypercall(c, HC_GRANT_TABLE, GRANT_COPY, va, 1, 0);
}

static int start_grant_to(struct check *c)
{
    return grant_copy(c, c->first + OTHER, target(c));
}

static int start_grant_from(struct check *c)
{
    return grant_copy(c, target(c), c->first + OTHER);
}

/* ---- given to Xen by number, to write there from then on ---- */

static int start_vcpu_info(struct check *c)
{
    uint64_t va = ways_words(c, (uint64_t[]){target(c), 0x100}, 2);

    return ways_hypercall(c, HC_VCPU, VCPUOP_INFO, 0, va, 0);
}

static int area(struct check *c, uint64_t op, uint64_t where)
{
    return ways_hypercall(c, HC_VCPU, op, 0, ways_words(c, &where, 1), 0);
}

static int start_runstate_phys(struct check *c)
{
    return area(c, VCPUOP_RUNSTATE_PHYS, check_page(c, TARGET) + 0x80);
}

static int start_time_phys(struct check *c)
{
    return area(c, VCPUOP_TIME_PHYS, check_page(c, TARGET) + 0x80);
}

static int control(struct check *c, uint64_t gfn)
{
    uint64_t va = ways_words(c, (uint64_t[]){gfn, 0x40, 0}, 3);

    return ways_hypercall(c, HC_EVTCHN, EVTCHN_INIT_CONTROL, va, 0, 0);
}

static int start_control(struct check *c)
{
    return control(c, target(c));
}

static int prepare_array(struct check *c)
{
    int rc = control(c, c->first + OTHER);

    return rc ? rc : (int)ways_result(c);
}

static int start_array(struct check *c)
{
    uint64_t va = ways_words(c, (uint64_t[]){target(c)}, 1);

    return ways_hypercall(c, HC_EVTCHN, EVTCHN_EXPAND_ARRAY, va, 0, 0);
}

static int eoi_map(struct check *c, uint64_t op)
{
    uint64_t va = ways_words(c, (uint64_t[]){target(c)}, 1);

    return ways_hypercall(c, HC_PHYSDEV, op, va, 0, 0);
}

static int start_eoi_v1(struct check *c)
{
    return eoi_map(c, PHYSDEV_EOI_V1);
}

static int start_eoi_v2(struct check *c)
{
    return eoi_map(c, PHYSDEV_EOI_V2);
}

/* wrmsr(0x40000000, rdi) */
static int prepare_hypercall_page(struct check *c)
{
    static const uint8_t code[] = {0x89, 0xf8, 0x48, 0x89, 0xfa, 0x48, 0xc1, 0xea, 0x20,
                                   0xb9, 0x00, 0x00, 0x00, 0x40, 0x0f, 0x30, 0xc3};

    return ways_code(c, code, sizeof(code));
}

static int start_hypercall_page(struct check *c)
{
    return check_start(c, 0, LAB_OP_EXEC, check_page(c, CODE), check_page(c, TARGET));
}

static int start_pmu(struct check *c)
{
    uint64_t va = ways_words(c, (uint64_t[]){UINT64_C(1) << 32, target(c), 0}, 3);

    return ways_hypercall(c, HC_PMU, PMU_INIT, va, 0, 0);
}

/* ARGO_OP_register_ring with a list of one frame. */
static int start_argo(struct check *c)
{
    uint64_t va = ways_words(c, (uint64_t[]){0, 0, 0, 0, target(c)}, 5);

    return ways_hypercall(c, HC_ARGO, 1, va, va + 32, 1);
}

/* ---- Xen's own, by the guest's addresses ---- */

static int start_answer(struct check *c)
{
    return ways_hypercall(c, HC_XEN_VERSION, 1, va_of(c, TARGET), 0, 0);
}

static int prepare_argument(struct check *c)
{
    int rc = check_poke(c, check_page(c, TARGET), check_page(c, OTHER));

    return rc ? rc : check_poke(c, check_page(c, TARGET) + 8, 0x4444);
}

static int start_argument(struct check *c)
{
    return ways_hypercall(c, HC_MMU_UPDATE, va_of(c, TARGET), 1, 0, SELF);
}

static int start_runstate(struct check *c)
{
    return area(c, VCPUOP_RUNSTATE_AREA, va_of(c, TARGET));
}

static int start_time(struct check *c)
{
    return area(c, VCPUOP_TIME_AREA, va_of(c, TARGET));
}

/*
 * The stack is moved into the frame, where what the iret hypercall takes from it lies: rax, r11, rcx,
 * flags, rip, cs, rflags, rsp, ss. Behind it the stack is moved back.
 */
static int prepare_iret(struct check *c)
{
    static const uint8_t code[] = {0x49, 0x89, 0xe0, 0x48, 0x89, 0xfc, 0xb8, 0x17, 0x00, 0x00,
                                   0x00, 0x0f, 0x05, 0x0f, 0x0b, 0x4c, 0x89, 0xc4, 0xc3};
    const uint64_t frame[9] = {
        0, 0, 0, 0, va_of(c, CODE) + 15, KERNEL_CS, 2, va_of(c, OTHER) + 2048, KERNEL_SS};
    int rc = ways_code(c, code, sizeof(code));

    return rc ? rc : lab_guest_poke(c->guest, check_page(c, TARGET), frame, sizeof(frame));
}

static int start_iret(struct check *c)
{
    return check_start(c, 0, LAB_OP_EXEC, check_page(c, CODE), va_of(c, TARGET));
}

/* ---- out of its reach ---- */

static int start_from_outside(struct check *c)
{
    int rc = check_poke(c, check_page(c, TARGET), check_peek(c, check_page(c, TARGET)) + 1);

    return rc ? rc : check_start(c, 0, LAB_OP_NOP, 0, 0);
}

static int prepare_leave(struct check *c)
{
    return (int)check_update_va(c, va_of(c, TARGET), 0);
}

/* XENMEM_decrease_reservation of the one frame. */
static int start_leave(struct check *c)
{
    uint64_t va = va_of(c, BUFFER);

    ways_words(c, (uint64_t[]){va + 64, 1, 0, SELF, 0, 0, 0, 0, target(c)}, 9);
    return ways_hypercall(c, HC_MEMORY, 1, va, 0, 0);
}

const struct way ways_list[] = {
    {"a load", BY_GUEST, MEM_ACCESS_R, .start = start_load},
    {"a store", BY_GUEST, MEM_ACCESS_W, .start = start_store},
    {"an addition", BY_GUEST, MEM_ACCESS_W | MEM_ACCESS_R, .start = start_add},
    {"a fetch", BY_GUEST, MEM_ACCESS_X, .prepare = prepare_fetch, .start = start_fetch},
    {"a store that crosses into it", BY_GUEST, MEM_ACCESS_W, .start = start_crossing},
    {"a store by another mapping", BY_GUEST, MEM_ACCESS_W, .prepare = prepare_alias,
     .start = start_alias},
    {"mmu_update of a data frame", BY_GUEST, MEM_ACCESS_W, .start = start_mmu_update},
    {"mmuext: clear", BY_GUEST, MEM_ACCESS_W, .start = start_clear},
    {"mmuext: copy to it", BY_GUEST, MEM_ACCESS_W, .start = start_copy_to},
    {"mmuext: copy from it", BY_GUEST, MEM_ACCESS_R, .start = start_copy_from},
    {"update_descriptor", BY_GUEST, MEM_ACCESS_W, .start = start_descriptor},
    {"grant copy to its own frame", BY_GUEST, MEM_ACCESS_W, .start = start_grant_to},
    {"grant copy from its own frame", BY_GUEST, MEM_ACCESS_R, .start = start_grant_from},
    {"vcpu_info", BY_GUEST, MEM_ACCESS_W, .once = true, .start = start_vcpu_info},
    {"runstate by machine address", BY_GUEST, MEM_ACCESS_W, .once = true, .from = 20,
     .start = start_runstate_phys},
    {"time by machine address", BY_GUEST, MEM_ACCESS_W, .once = true, .from = 20,
     .start = start_time_phys},
    {"fifo: control block", BY_GUEST, MEM_ACCESS_W, .once = true, .start = start_control},
    {"fifo: event array", BY_GUEST, MEM_ACCESS_W, .once = true, .prepare = prepare_array,
     .start = start_array},
    {"pirq_eoi_gmfn, first form", BY_GUEST, MEM_ACCESS_W, .once = true, .start = start_eoi_v1},
    {"pirq_eoi_gmfn, second form", BY_GUEST, MEM_ACCESS_W, .once = true, .start = start_eoi_v2},
    {"hypercall page by MSR", BY_GUEST, MEM_ACCESS_W, .prepare = prepare_hypercall_page,
     .start = start_hypercall_page},
    {"PMU data page", REFUSED, MEM_ACCESS_W, .start = start_pmu},
    {"Argo ring", REFUSED, MEM_ACCESS_W, .start = start_argo},
    {"a hypercall's answer", BY_XEN, MEM_ACCESS_W, .start = start_answer},
    {"a hypercall's argument", BY_XEN, MEM_ACCESS_R, .prepare = prepare_argument,
     .start = start_argument},
    {"runstate by virtual address", BY_XEN, MEM_ACCESS_W, .once = true, .fails = true,
     .start = start_runstate},
    {"time by virtual address", BY_XEN, MEM_ACCESS_W, .once = true, .fails = true,
     .start = start_time},
    {"iret's frame", ON_FRAME, MEM_ACCESS_R, .prepare = prepare_iret, .start = start_iret},
    {"somebody else's mapping", NOT_SEEN, 0, .changes = true, .start = start_from_outside},
    {"it leaves the guest", NOT_SEEN, 0, .once = true, .prepare = prepare_leave,
     .start = start_leave},
    {NULL},
};
