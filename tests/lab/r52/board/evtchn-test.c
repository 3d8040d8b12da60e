/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Event channels between two guests, each behind regions of its own. */
#include "board.h"

#define PAGE(d, n) ((uintptr_t)(((d) + (n)) << XM_PAGE_SHIFT))
#define SHARED(d) PAGE((d), 10)
#define INFO(d) (PAGE((d), 11) + 0x40)
#define A (&board_a.vcpu[0])
#define B (&board_b.vcpu[0])

static int call(struct bare_vcpu *v, enum bare_hypercall number, uintptr_t arg)
{
    int end = bare_op(v, BARE_OP_HYPERCALL, (uintptr_t)number, arg);

    return end == BARE_END_DONE ? (int)v->answer : end;
}

/* What came in. */
static uint32_t heard(struct bare_vcpu *v)
{
    return bare_op(v, BARE_OP_LISTEN, 50, 0) == BARE_END_DONE ? (uint32_t)v->answer : 0xdeadu;
}

static void registrations(void)
{
    board_ok(call(A, BARE_HC_SEND, 5) == 0, "A sends to B, which has registered nothing");
    board_ok(heard(B) == 0, "B hears nothing yet");
    board_ok(call(B, BARE_HC_SHARED_INFO, SHARED(BOARD_A)) == -XM_EFAULT &&
                 call(B, BARE_HC_VCPU_INFO, INFO(BOARD_A)) == -XM_EFAULT,
             "A's pages are not B's to register");
    board_ok(call(B, BARE_HC_SHARED_INFO, (uintptr_t)&board_b & ~(uintptr_t)0xfff) == -XM_EFAULT,
             "nor are the hypervisor's");
    board_ok(call(B, BARE_HC_SHARED_INFO, SHARED(BOARD_B) + 8) == -XM_EINVAL &&
                 call(B, BARE_HC_VCPU_INFO, INFO(BOARD_B) + 4) == -XM_EINVAL,
             "nor what is not aligned");
    board_ok(call(B, BARE_HC_VCPU_INFO, INFO(BOARD_B)) == 0 &&
                 call(B, BARE_HC_SHARED_INFO, SHARED(BOARD_B)) == 0,
             "B registers its pages");
    board_ok(heard(B) == 1u << 5, "what was sent before is there");
    board_ok(call(B, BARE_HC_VCPU_INFO, INFO(BOARD_B) + 64) == -XM_EBUSY &&
                 call(B, BARE_HC_SHARED_INFO, SHARED(BOARD_B)) == -XM_EBUSY,
             "not twice");
    board_ok(call(A, BARE_HC_SHARED_INFO, SHARED(BOARD_A)) == 0 &&
                 call(A, BARE_HC_VCPU_INFO, INFO(BOARD_A)) == 0,
             "A registers its own");
    (void)heard(A);
}

/* With A's view in the MPU, neither A nor EL2 can write where the event has to go. */
static void confined(void)
{
    struct bare_cpu *cpu = arch_cpu();
    uint64_t windows;

    board_ok(board_guest(A, BARE_OP_READ, SHARED(BOARD_B), 0) == XM_MPU_FAULT_HOLE &&
                 board_guest(A, BARE_OP_WRITE, INFO(BOARD_B), 1) == XM_MPU_FAULT_HOLE,
             "A cannot reach B's pages");
    board_ok(!bare_probe_write(SHARED(BOARD_B) + XM_SHARED_PENDING, 0) &&
                 cpu->abort_class == 0x25 && cpu->abort_addr == SHARED(BOARD_B) + XM_SHARED_PENDING,
             "nor can EL2 by just writing: a data abort at EL2, survived");
    windows = cpu->mpu.stats.how[XM_MPU_BY_WINDOW];
    board_ok(call(A, BARE_HC_SEND, 3) == 0 && cpu->mpu.stats.how[XM_MPU_BY_WINDOW] >= windows + 2,
             "A sends: both pages through the window");
    board_ok(!bare_probe_write(SHARED(BOARD_B) + XM_SHARED_PENDING, 0) &&
                 board_guest(A, BARE_OP_READ, SHARED(BOARD_B), 0) == XM_MPU_FAULT_HOLE,
             "which is closed afterwards, for EL2 and for A");
    board_ok(heard(B) == 1u << 3, "B hears it");
}

static void masks(void)
{
    bool ok = board_guest(B, BARE_OP_WRITE, SHARED(BOARD_B) + XM_SHARED_MASK, 1u << 9) == 0;

    board_ok(ok && call(A, BARE_HC_SEND, 9) == 1 && !B->kicked && heard(B) == 0,
             "a masked port waits");
    (void)board_guest(B, BARE_OP_WRITE, SHARED(BOARD_B) + XM_SHARED_MASK, 0);
    (void)board_guest(B, BARE_OP_WRITE, SHARED(BOARD_B) + XM_SHARED_PENDING, 0);
    board_ok(call(A, BARE_HC_SEND, 128) == -XM_EINVAL, "a port that there is not");
    board_ok(call(A, BARE_HC_SEND, 4) == 0 && call(A, BARE_HC_SEND, 4) == 1 &&
                 heard(B) == 1u << 4,
             "twice before B looks: once");
}

static void to_and_fro(unsigned rounds)
{
    unsigned i, bad = 0, upcalls = 0;

    for (i = 0; i < rounds; i++) {
        unsigned port = board_random(31) + 1;

        bad += call(A, BARE_HC_SEND, port) != 0;
        bad += heard(B) != 1u << port;
        bad += call(B, BARE_HC_SEND, 64 + port) != 0;
        bad += heard(A) != 1u << port;
        upcalls += 2;
    }
    board_ok(bad == 0, "%u events between A and B, %u wrong", upcalls, bad);
}

void board_evtchn(void)
{
    board_reset(XM_MPU_DEMAND);
    registrations();
    confined();
    masks();
    to_and_fro(500);
}
