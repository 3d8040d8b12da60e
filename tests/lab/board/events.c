/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A violation becomes a mem_access event in the ring, and the vCPU stops until somebody answers. */
#include "board.h"

#define PAGE(d, n) ((uintptr_t)(((d) + (n)) << XM_PAGE_SHIFT))

const struct xm_ev *board_next(struct bare_dom *d)
{
    struct xm_ring_page *ring = xm_ring_page(&d->core);

    if (ring == NULL || ring->req_prod == ring->rsp_prod)
        return NULL;
    return &ring->slot[ring->rsp_prod % XM_RING_SLOTS];
}

int board_answer(struct bare_dom *d, uint32_t flags)
{
    struct xm_ring_page *ring = xm_ring_page(&d->core);

    /* The request itself: the flag that it has says that its vCPU goes on. */
    ring->slot[ring->rsp_prod++ % XM_RING_SLOTS].flags |= flags;
    return xm_ring_consume(&d->core);
}

static int answer(struct bare_dom *d)
{
    return board_answer(d, 0);
}

bool board_event(struct bare_dom *d, uint64_t gfn, unsigned what)
{
    const struct xm_ev *ev = board_next(d);
    uint64_t from = what == XM_DO_X ? gfn << XM_PAGE_SHIFT : d->code;

    return ev != NULL && ev->version == XM_EV_INTERFACE_VERSION &&
           ev->reason == XM_EV_REASON_MEM_ACCESS && ev->u.mem_access.gfn == gfn &&
           (ev->u.mem_access.flags & 7u) == what && (ev->flags & XM_EV_FLAG_VCPU_PAUSED) != 0 &&
           ev->data.arm.pc >= from && ev->data.arm.pc < from + XM_PAGE_SIZE;
}

/* Stopped at the instruction, which has not happened; let go, it happens. */
static void stopped_and_let_go(void)
{
    struct bare_vcpu *v = &board_a.vcpu[0];
    uintptr_t at = PAGE(BOARD_A, 4) + 0x124;

    (void)board_guest(v, BARE_OP_WRITE, at, 1);
    board_ok(bare_dom_set(&board_a, BOARD_A + 4, 1, XM_ACCESS_R) == 0 &&
                 board_guest(v, BARE_OP_WRITE, at, 2) == BARE_END_STOPPED,
             "a write to a page with r stops the guest");
    board_ok(board_event(&board_a, BOARD_A + 4, XM_DO_W) &&
                 board_next(&board_a)->u.mem_access.offset == 0x124 && board_a.notified == 1,
             "its event is in the ring: gfn, offset, flags, pc");
    board_ok(v->pauses == 1 && bare_run(v) == BARE_END_STOPPED, "the vCPU does not run");
    board_ok(bare_dom_set(&board_a, BOARD_A + 4, 1, XM_ACCESS_RW) == 0 && answer(&board_a) == 0 &&
                 v->pauses == 0,
             "rights, then the answer");
    board_ok(bare_run(v) == BARE_END_DONE && board_guest(v, BARE_OP_READ, at, 0) == 0 &&
                 v->answer == 2,
             "it goes on where it was");
}

/* Answered without a change of rights: there it is again. */
static void again(void)
{
    struct bare_vcpu *v = &board_a.vcpu[0];
    bool ok = bare_dom_set(&board_a, BOARD_A + 4, 1, XM_ACCESS_N) == 0;
    unsigned i;

    bare_tell(v, BARE_OP_READ, PAGE(BOARD_A, 4), 0);
    for (i = 0; i < 20; i++) {
        ok = ok && bare_run(v) == BARE_END_STOPPED && board_event(&board_a, BOARD_A + 4, XM_DO_R);
        ok = answer(&board_a) == 0 && ok;
    }
    board_ok(ok, "20 answers without rights: 20 events more");
}

static void conversions(void)
{
    struct bare_vcpu *v = &board_a.vcpu[0];

    board_ok(bare_dom_set(&board_a, BOARD_A + 8, 1, XM_ACCESS_RX2RW) == 0 &&
                 board_guest(v, BARE_OP_WRITE, PAGE(BOARD_A, 8), 3) == 0 &&
                 board_guest(v, BARE_OP_EXEC, PAGE(BOARD_A, 8), 0) == BARE_END_STOPPED &&
                 board_event(&board_a, BOARD_A + 8, XM_DO_X) && answer(&board_a) == 0,
             "rx2rw: written, it is rw");
    board_ok(bare_dom_set(&board_a, BOARD_A + 9, 1, XM_ACCESS_N2RWX) == 0 &&
                 board_guest(v, BARE_OP_READ, PAGE(BOARD_A, 9), 0) == 0 &&
                 board_next(&board_a) != NULL &&
                 (board_next(&board_a)->flags & XM_EV_FLAG_VCPU_PAUSED) == 0 &&
                 answer(&board_a) == 0 && board_guest(v, BARE_OP_WRITE, PAGE(BOARD_A, 9), 0) == 0 &&
                 board_next(&board_a) == NULL,
             "n2rwx: told once, nobody stops");
}

void board_events(void)
{
    board_reset(XM_MPU_DEMAND);
    board_a.listening = true;
    stopped_and_let_go();
    again();
    conversions();
}

/* ---- the policy of ../wx.json, by the table that xmemctl makes of it ---- */

struct rule {
    uint64_t first, gfns;
    enum xm_access rights;
};

static const struct rule rules[] = {
#define RULE(first, gfns, rights) {(first), (gfns), XM_ACCESS_##rights},
#include "wx.def"
#undef RULE
};

static int attempt(const struct rule *r, enum bare_op op, unsigned what)
{
    struct bare_vcpu *v = &board_a.vcpu[0];
    uint64_t gfn = r->first + r->gfns - 1;
    int rc = board_guest(v, op, (uintptr_t)(gfn << XM_PAGE_SHIFT), ARCH_RETURN);

    if (rc != BARE_END_STOPPED)
        return rc;
    rc = board_event(&board_a, gfn, what) && v->pauses == 1 ? BARE_END_STOPPED : -XM_EFAULT;
    (void)answer(&board_a);
    return rc;
}

static bool as_ruled(const struct rule *r)
{
    unsigned bits = xm_rights_bits(r->rights);
    int read = (bits & XM_DO_R) != 0 ? 0 : BARE_END_STOPPED;
    int write = (bits & XM_DO_W) != 0 ? 0 : BARE_END_STOPPED;
    int exec = (bits & XM_DO_X) != 0 ? 0 : BARE_END_STOPPED;

    return attempt(r, BARE_OP_READ, XM_DO_R) == read &&
           attempt(r, BARE_OP_WRITE, XM_DO_W) == write && attempt(r, BARE_OP_EXEC, XM_DO_X) == exec;
}

void board_policy(void)
{
    unsigned i;

    board_reset(XM_MPU_WHOLE);
    for (i = 0; i < BOARD_PAGES; i++)
        (void)board_guest(&board_a.vcpu[0], BARE_OP_WRITE, PAGE(BOARD_A, i), ARCH_RETURN);
    board_a.listening = true;
    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        board_ok(bare_dom_set(&board_a, rules[i].first, rules[i].gfns, rules[i].rights) == 0,
                 "policy: rights of %u gfns from 0x%llx", (unsigned)rules[i].gfns,
                 (unsigned long long)rules[i].first);
    }
    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        board_ok(as_ruled(&rules[i]), "policy: rule %u stops what it forbids, and nothing else",
                 i + 1);
}

/* ---- Event channels between two guests, each behind regions of its own ---- */

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
    board_ok(call(A, BARE_HC_SEND, 4) == 0 && call(A, BARE_HC_SEND, 4) == 1 && heard(B) == 1u << 4,
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
