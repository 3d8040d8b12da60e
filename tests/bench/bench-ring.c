/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drain, decode and answer, per event: the library's session against a loop that copies each
 * request out and each answer in, in the manner of Xen's xen-access, and against the least
 * that can be done in place. One producer for all three, its own time taken off.
 */
#include "bench.h"

#include <session/session.h>
#include <ring/ring.h>
#include <stdatomic.h>
#include <xmem.h>

#define EVENTS 1000000u
#define EVENT_BYTES 400u
#define SLOTS 8u
#define RING_VERSION 7u

static _Alignas(4096) uint8_t page[4096];
static uint32_t produced;
static uint64_t sum;

struct indexes {
    uint32_t req_prod, req_event, rsp_prod, rsp_event;
};

static struct indexes *indexes(void)
{
    return (struct indexes *)(void *)page;
}

static uint8_t *slot(uint32_t i)
{
    return page + 64 + (i & (SLOTS - 1)) * EVENT_BYTES;
}

/* k requests as the hypervisor puts them: the head and what the reason needs. */
static void produce(uint32_t k)
{
    for (uint32_t i = 0; i < k; i++, produced++) {
        struct ring_head h = {.version = RING_VERSION,
                              .flags = RING_FLAG_VCPU_PAUSED,
                              .reason = XMEM_EVENT_MEM_ACCESS,
                              .vcpu = i};
        h.u.word[0] = 0x1000 + produced % 64;
        h.u.word[1] = 0x40;
        h.u.word[3] = XMEM_ACCESS_W;
        memcpy(slot(produced), &h, sizeof(h));
    }
    atomic_thread_fence(memory_order_release);
    *(volatile uint32_t *)&indexes()->req_prod = produced;
}

static int no_notify(void *dom)
{
    (void)dom;
    return 0;
}

/* ---- (b) the bound: nothing is copied that is not needed ---- */

static void in_place(uint32_t k)
{
    static uint32_t consumed;
    if (produced == k)
        consumed = 0;
    uint32_t prod = *(volatile uint32_t *)&indexes()->req_prod;
    atomic_thread_fence(memory_order_acquire);
    for (; consumed != prod; consumed++) {
        struct ring_head *h = (struct ring_head *)(void *)slot(consumed);
        sum += h->u.word[0] + h->vcpu + h->reason;
        h->flags &= RING_FLAG_VCPU_PAUSED;
    }
    atomic_thread_fence(memory_order_release);
    *(volatile uint32_t *)&indexes()->rsp_prod = consumed;
    no_notify(NULL);
}

/*
 * The same with what a page that others can write demands: the head is copied once, checked and
 * decoded into the public event, and a pointer to it is handed out.
 */
static void checked(uint32_t k)
{
    static uint32_t consumed;
    static struct xmem_event out[SLOTS];
    if (produced == k)
        consumed = 0;
    uint32_t prod = *(volatile uint32_t *)&indexes()->req_prod;
    atomic_thread_fence(memory_order_acquire);
    for (; consumed != prod && prod - consumed <= SLOTS; consumed++) {
        struct ring_head h;
        struct xmem_event *ev = &out[consumed & (SLOTS - 1)];
        memcpy(&h, slot(consumed), sizeof(h));
        __asm__ volatile("" : : "r"(&h) : "memory");
        if (h.version != RING_VERSION || h.vcpu >= SLOTS || h.reason != XMEM_EVENT_MEM_ACCESS)
            exit(1);
        *ev = (struct xmem_event){.seq = consumed,
                                  .reason = h.reason,
                                  .flags = h.flags & 1,
                                  .vcpu = h.vcpu,
                                  .view = h.view};
        ev->u.mem.gfn = h.u.word[0];
        ev->u.mem.offset = h.u.word[1];
        ev->u.mem.gla = h.u.word[2];
        ev->u.mem.access = h.u.half[6];
        __asm__ volatile("" : : "r"(ev) : "memory");
        sum += ev->u.mem.gfn + ev->vcpu + ev->reason;
        ((struct ring_head *)(void *)slot(consumed))->flags = h.flags & RING_FLAG_VCPU_PAUSED;
    }
    atomic_thread_fence(memory_order_release);
    *(volatile uint32_t *)&indexes()->rsp_prod = consumed;
    no_notify(NULL);
}

/* ---- (a) copy out, copy in, publish each ---- */

static void copying(uint32_t k)
{
    static uint32_t consumed;
    uint8_t req[EVENT_BYTES], rsp[EVENT_BYTES];
    if (produced == k)
        consumed = 0;
    while (consumed != *(volatile uint32_t *)&indexes()->req_prod) {
        struct ring_head h, a;
        atomic_thread_fence(memory_order_seq_cst);
        memcpy(req, slot(consumed), EVENT_BYTES);
        *(volatile uint32_t *)&indexes()->req_event = consumed + 2;
        __asm__ volatile("" : : "r"(req) : "memory");
        memcpy(&h, req, sizeof(h));
        sum += h.u.word[0] + h.vcpu + h.reason;
        memset(rsp, 0, sizeof(rsp));
        a = (struct ring_head){.version = RING_VERSION,
                               .flags = h.flags & RING_FLAG_VCPU_PAUSED,
                               .reason = h.reason,
                               .vcpu = h.vcpu,
                               .u = h.u};
        memcpy(rsp, &a, sizeof(a));
        __asm__ volatile("" : : "r"(rsp) : "memory");
        memcpy(slot(consumed), rsp, EVENT_BYTES);
        consumed++;
        atomic_thread_fence(memory_order_seq_cst);
        *(volatile uint32_t *)&indexes()->rsp_prod = consumed;
    }
    no_notify(NULL);
}

/* ---- the library, over a backend that costs nothing ---- */

static int dom_open(void *conn, uint32_t domid, void **dom, struct xmem_error *err)
{
    (void)conn, (void)domid, (void)err;
    *dom = page;
    return 0;
}

static void nothing(void *p)
{
    (void)p;
}

static int dom_info(void *dom, struct xmem_domain_info *out)
{
    (void)dom;
    out->domid = 1;
    out->kind = XMEM_KIND_ARM_S2;
    out->vcpus = SLOTS;
    out->highest_gfn = 0xffff;
    return 0;
}

static int dom_caps(void *dom, struct xmem_caps *out)
{
    (void)dom;
    out->max_views = 1;
    out->ring_slots = SLOTS;
    out->highest_gfn = 0xffff;
    out->interface_version = RING_VERSION;
    out->rights = XMEM_RIGHTS_BIT(XMEM_RWX);
    out->replies = 1u << XMEM_REPLY_RESUME;
    out->flags = XMEM_CAP_MEM_ACCESS;
    out->monitors = 1u << XMEM_EVENT_MEM_ACCESS;
    return 0;
}

static uint32_t no_quirks(void *dom)
{
    (void)dom;
    return 0;
}

static int enable(void *dom, struct backend_ring *ring)
{
    (void)dom;
    ring->page = page;
    ring->interface_version = RING_VERSION;
    ring->arch = XMEM_ARCH_X86;
    return 0;
}

static int rights_get(void *dom, uint16_t view, uint64_t gfn, uint8_t *rights)
{
    (void)dom, (void)view, (void)gfn;
    *rights = XMEM_RWX;
    return 0;
}

static uint64_t no_hypercalls(void *dom)
{
    (void)dom;
    return 0;
}

static const struct xmem_backend_ops ops = {
    .scheme = "bench",
    .close = nothing,
    .domain_open = dom_open,
    .domain_close = nothing,
    .domain_info = dom_info,
    .domain_caps = dom_caps,
    .domain_quirks = no_quirks,
    .pause = no_notify,
    .unpause = no_notify,
    .monitor_enable = enable,
    .monitor_disable = no_notify,
    .event_fd = no_notify,
    .event_ack = no_notify,
    .event_idle = no_notify,
    .event_notify = no_notify,
    .rights_get = rights_get,
    .hypercalls = no_hypercalls,
};

static struct xmem_domain *session;

static void library(uint32_t k)
{
    const struct xmem_event *ev;
    (void)k;
    while (xmem_event_next(session, &ev) == 0) {
        sum += ev->u.mem.gfn + ev->vcpu + ev->reason;
        bench_need(xmem_event_reply(session, ev, NULL), "reply");
    }
}

static void only_produce(uint32_t k)
{
    (void)k;
}

static double run(void (*consume)(uint32_t), uint32_t k)
{
    double t = bench_now();
    for (uint32_t i = 0; i < EVENTS; i += k) {
        produce(k);
        consume(k);
    }
    return (bench_now() - t) / EVENTS;
}

/* Each consumer starts on a fresh ring. */
static double fresh(void (*consume)(uint32_t), uint32_t k)
{
    double t;
    memset(page, 0, sizeof(page));
    produced = 0;
    if (consume != library)
        return run(consume, k);
    bench_need(xmem_domain_enable(session), "enable");
    t = run(consume, k);
    bench_need(xmem_domain_disable(session), "disable");
    return t;
}

static void measure(uint32_t k)
{
    enum { PRODUCER, BOUND, CHECKED, COPYING, LIBRARY, ROWS };
    static void (*const what[])(uint32_t) = {only_produce, in_place, checked, copying, library};
    static const char *const names[] = {"producer (taken off below)", "in place, the bound",
                                        "in place, copied once and checked", "copy out, copy in",
                                        "libxmem"};
    double v[ROWS][BENCH_RUNS];
    struct bench_figure f[ROWS];
    char line[96];
    for (int r = 0; r < BENCH_RUNS; r++)
        for (int w = 0; w < ROWS; w++)
            v[w][r] = fresh(what[w], k) - (w ? v[0][r] : 0);
    for (int w = 0; w < ROWS; w++) {
        f[w] = bench_median(v[w], BENCH_RUNS);
        snprintf(line, sizeof(line), "ring, %u outstanding: %s", k, names[w]);
        bench_line(line, f[w], "ns/event");
    }
    printf(
        "ring, %u outstanding: libxmem takes %.2f times the bound, %.2f times the checked bound; "
        "it is %.2f times faster than copying\n",
        k, f[LIBRARY].median / f[BOUND].median, f[LIBRARY].median / f[CHECKED].median,
        f[COPYING].median / f[LIBRARY].median);
}

int main(void)
{
    struct xmem *x;
    bench_need(xmi_connection_new(&ops, page, &x), "connection");
    bench_need(xmem_domain_open(x, 1, NULL, &session), "session");
    measure(1);
    measure(4);
    measure(8);
    bench_need(xmem_domain_close(session), "close");
    xmem_close(x);
    return sum == 42;
}
