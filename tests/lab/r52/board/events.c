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
#include "../wx.def"
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

    return attempt(r, BARE_OP_READ, XM_DO_R) == read && attempt(r, BARE_OP_WRITE, XM_DO_W) == write &&
           attempt(r, BARE_OP_EXEC, XM_DO_X) == exec;
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
        board_ok(as_ruled(&rules[i]), "policy: rule %u stops what it forbids, and nothing else", i + 1);
}
