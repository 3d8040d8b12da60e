/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hostile ring page under a session: garbage indexes, slots, vCPU numbers, reasons and
 * versions from the input, between the calls that a tool makes. The session may refuse the
 * ring; it must not crash or hang, only documented codes escape, and the session beside it,
 * on another domain, is unharmed.
 */
#include <doc/doc.h>
#include <errno.h>
#include <sim.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

#define MAX_STEPS 64u
#define PAGES 64u
#define FIRST_GFN 16u
#define VCPUS 4u
#define HELD 16u
#define DRAIN 64u /* events at the most in one go: more is a hang in the making */

#define CHECK(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

/* What a tool has of one domain. */
struct side {
    struct sim_domain *guest;
    struct xmem_domain *session;
};

struct world {
    struct fuzz_in in;
    struct sim_machine *machine;
    struct xmem *x;
    struct side hostile, neighbour;
    const struct xmem_event *held[HELD];
    unsigned n_held;
};

static void check_code(int rc)
{
    static const int allowed[] = {0,       -EAGAIN, -EPROTO, -ESHUTDOWN, -ENODEV,     -EALREADY,
                                  -EINVAL, -ENOENT, -ENOMEM, -ETIMEDOUT, -EOPNOTSUPP, -ENOSPC,
                                  -ERANGE, -ESRCH,  -EIO,    -EBUSY};
    bool found = false;

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        found = found || rc == allowed[i];
    if (!found)
        fprintf(stderr, "undocumented code %d\n", rc);
    CHECK(found);
}

/* A write to each of the first pages, for ever: faults as long as they are rx. */
static void start_guest(struct sim_domain *d, uint32_t vcpu)
{
    struct sim_op ops[8];

    for (unsigned i = 0; i < 8; i++)
        ops[i] = (struct sim_op){
            .code = SIM_OP_WRITE, .addr = (uint64_t)(FIRST_GFN + i) << 12 | 8u * vcpu, .value = i};
    CHECK(xmi_sim_vcpu_script(d, vcpu, ops, 8, 0) == 0);
}

static void make_side(struct world *w, struct side *side, enum sim_kind kind)
{
    const struct sim_domain_cfg dc = {.kind = kind,
                                      .vcpus = VCPUS,
                                      .pages = PAGES,
                                      .first_gfn = FIRST_GFN,
                                      .altp2m = kind == SIM_X86_EPT};
    struct sim_domain_info info;

    CHECK(xmi_sim_domain_create(w->machine, &dc, &side->guest) == 0);
    xmi_sim_domain_info(side->guest, &info);
    CHECK(xmem_domain_open(w->x, info.domid, NULL, &side->session) == 0);
    CHECK(xmem_domain_enable(side->session) == 0);
    CHECK(xmem_domain_set_rights_range(side->session, 0, FIRST_GFN, 8, XMEM_RX) == 0);
    for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++)
        start_guest(side->guest, vcpu);
}

static void make_world(struct world *w)
{
    const struct sim_machine_cfg mc = {.seed = 1};
    static const enum sim_kind kinds[] = {SIM_ARM_S2, SIM_X86_EPT, SIM_ARMV8R_MPU, SIM_X86_NPT};
    const uint8_t how = fuzz_u8(&w->in);
    const enum sim_kind kind = how == 7 ? SIM_X86_PV : kinds[how & 3];

    CHECK(xmi_sim_machine_create(&mc, &w->machine) == 0);
    CHECK(xmi_open_machine(w->machine, &w->x) == 0);
    make_side(w, &w->hostile, kind);
    make_side(w, &w->neighbour, SIM_X86_EPT);
}

static void scribble(struct world *w)
{
    uint8_t *page = xmi_sim_ring_page(w->hostile.guest);
    struct xm_ring_page *ring = (void *)page;
    uint8_t how = fuzz_u8(&w->in);

    if (!page)
        return;
    if (how < 64) { /* a slot that has a good header, and one event more */
        struct xm_ev *ev = &ring->slot[how % XM_RING_SLOTS];
        fuzz_take(&w->in, ev, 56);
        ev->version = XM_EV_INTERFACE_VERSION;
        ev->reason %= 20;
        ev->vcpu_id %= 6;
        ring->req_prod++;
    } else if (how < 128) {
        fuzz_take(&w->in, &ring->slot[how % XM_RING_SLOTS], sizeof(ring->slot[0]));
    } else if (how < 192) {
        ring->req_prod += how < 180 ? how % 12u : fuzz_u32(&w->in);
    } else if (how < 224) {
        fuzz_take(&w->in, page, 16);
    } else {
        size_t at = fuzz_u16(&w->in) % (XM_PAGE_SIZE - 64);
        fuzz_take(&w->in, page + at, 1 + how % 64u);
    }
}

static int reply_somehow(struct world *w, const struct xmem_event *ev)
{
    struct xmem_reply reply = XMEM_INIT(reply);
    struct xmem_regs regs = XMEM_INIT(regs);
    uint8_t how = fuzz_u8(&w->in);

    if (how < 64)
        return xmem_event_step_over(w->hostile.session, ev);
    if (how < 128)
        return xmem_event_drop(w->hostile.session, ev);
    reply.action = how % 6u;
    reply.flags = fuzz_u8(&w->in) & 63;
    reply.view = fuzz_u8(&w->in) % 3;
    reply.data = "0123456789abcdef";
    reply.data_len = 16;
    check_code(xmem_event_get_regs(w->hostile.session, ev, &regs));
    reply.regs = &regs;
    return xmem_event_reply(w->hostile.session, ev, &reply);
}

static void answer_one(struct world *w)
{
    if (!w->n_held)
        return;
    unsigned i = fuzz_u8(&w->in) % w->n_held;
    const struct xmem_event *ev = w->held[i];
    int rc = reply_somehow(w, ev);

    check_code(rc);
    if (rc)
        check_code(xmem_event_drop(w->hostile.session, ev));
    w->held[i] = w->held[--w->n_held];
}

static void take_events(struct world *w)
{
    const struct xmem_event *ev;

    for (unsigned n = 0; n < DRAIN; n++) {
        int rc = xmem_event_next(w->hostile.session, &ev);
        check_code(rc);
        if (rc)
            return;
        if (ev->reason == XMEM_EVENT_DOMAIN_DIED)
            return;
        CHECK(ev->reason <= XMEM_EVENT_IO && ev->vcpu < VCPUS);
        if (w->n_held == HELD)
            check_code(xmem_event_drop(w->hostile.session, ev));
        else
            w->held[w->n_held++] = ev;
    }
}

/* Ending the session's monitoring takes the held events away. */
static void restart(struct world *w)
{
    struct xmem_domain *d = w->hostile.session;

    w->n_held = 0;
    check_code(xmem_domain_disable(d));
    check_code(xmem_domain_enable(d));
    check_code(xmem_domain_set_rights_range(d, 0, FIRST_GFN, 8, XMEM_RX));
}

static void do_step(struct world *w)
{
    switch (fuzz_u8(&w->in) % 10) {
    case 0:
    case 1:
    case 2: scribble(w); break;
    case 3:
    case 4: take_events(w); break;
    case 5: answer_one(w); break;
    case 6: check_code(xmem_event_flush(w->hostile.session)); break;
    case 7: check_code(xmem_event_wait(w->hostile.session, 0)); break;
    case 8: xmi_sim_domain_run(w->hostile.guest, 1 + fuzz_u8(&w->in) % 16); break;
    default:
        if (fuzz_u8(&w->in) < 32)
            restart(w);
        break;
    }
}

/* The other session sees events and its guest goes on, whatever happened beside it. */
static void check_neighbour(struct world *w)
{
    const struct xmem_event *ev;
    struct sim_vcpu_info before, after;
    unsigned events = 0;

    CHECK(xmi_sim_vcpu_info(w->neighbour.guest, 0, &before) == 0);
    for (; events < DRAIN && xmem_event_next(w->neighbour.session, &ev) == 0; events++) {
        CHECK(ev->reason == XMEM_EVENT_MEM_ACCESS);
        CHECK(xmem_event_step_over(w->neighbour.session, ev) == 0);
    }
    CHECK(xmi_sim_vcpu_info(w->neighbour.guest, 0, &after) == 0);
    CHECK(events == DRAIN && after.done > before.done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.in = {data, size}};
    struct sim_report report;

    make_world(&w);
    for (unsigned i = 0; i < MAX_STEPS && w.in.left; i++)
        do_step(&w);
    check_neighbour(&w);
    check_code(xmem_domain_close(w.hostile.session));
    CHECK(xmem_domain_close(w.neighbour.session) == 0);
    xmi_sim_report(w.machine, w.neighbour.guest, &report);
    CHECK(report.unanswered == 0 && report.leftover_rights == 0 && report.leftover_pauses == 0);
    xmem_close(w.x);
    xmi_sim_machine_destroy(w.machine);
    return 0;
}
