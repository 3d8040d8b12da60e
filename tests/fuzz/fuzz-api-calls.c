/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls of the input: any call with arguments that are good more often than not, or NULL. */
#include "fuzz/fuzz-api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST 24u

/* ---- arguments ---- */

static uint8_t u8(struct tool *t)
{
    return fuzz_u8(&t->in);
}

static bool rarely(struct tool *t)
{
    return u8(t) == 0xff;
}

/* NULL, for once. */
static struct xmem_domain *session(struct tool *t)
{
    t->none = rarely(t);
    return t->none ? NULL : t->d;
}

static uint64_t gfn(struct tool *t)
{
    static const uint64_t edges[] = {
        0, FIRST_GFN - 1, FIRST_GFN + PAGES, UINT64_C(1) << 36, UINT64_MAX - 1, XMEM_GFN_UNDO};
    uint8_t how = u8(t);
    if (how < 240)
        return FIRST_GFN + how % PAGES;
    return how < 252 ? edges[how % 6] : t->page;
}

static enum xmem_rights rights(struct tool *t)
{
    static const uint8_t some[] = {XMEM_DEFAULT, XMEM_N,     XMEM_R,     XMEM_W,
                                   XMEM_RW,      XMEM_X,     XMEM_RX,    XMEM_WX,
                                   XMEM_RWX,     XMEM_RX2RW, XMEM_N2RWX, XMEM_R_PW};
    uint8_t how = u8(t);
    return how < 252 ? some[how % sizeof(some)] : how;
}

static uint16_t view(struct tool *t)
{
    uint8_t how = u8(t);
    if (how >= 250)
        return how;
    return how % 3 == 0 || !t->view_n ? 0 : t->views[how % t->view_n];
}

/* ---- rights ---- */

/* What was answered 0 is in force, where there is a page and nothing turns it. */
static void check_set(struct tool *t, uint16_t v, uint64_t g, enum xmem_rights r)
{
    enum xmem_rights got;
    bool plain = r >= XMEM_N && r <= XMEM_RWX && g - FIRST_GFN < PAGES;
    if (t->faults || !plain || ASK(t, xmem_domain_get_rights(t->d, v, g, &got)))
        return;
    judge(t, "the rights that were set", got == r ? 0 : -EUCLEAN);
}

static void set_one(struct tool *t)
{
    uint16_t v = view(t);
    uint64_t g = gfn(t);
    enum xmem_rights r = rights(t);
    struct xmem_domain *d = session(t);
    if (!ASK(t, xmem_domain_set_rights(d, v, g, r)))
        check_set(t, v, g, r);
}

static void set_range(struct tool *t)
{
    uint16_t v = view(t);
    uint64_t g = gfn(t), n = u8(t) % 32;
    enum xmem_rights r = rights(t);
    struct xmem_domain *d = session(t);
    if (!ASK(t, xmem_domain_set_rights_range(d, v, g, n, r)))
        check_set(t, v, g + u8(t) % n, r);
}

static void set_many(struct tool *t)
{
    uint64_t g[LIST];
    uint8_t r[LIST];
    size_t n = u8(t) % LIST;
    for (size_t i = 0; i < n; i++) {
        g[i] = gfn(t);
        r[i] = (uint8_t)rights(t);
    }
    bool none = rarely(t);
    ASK(t, xmem_domain_set_rights_many(t->d, view(t), none ? NULL : g, none ? NULL : r, n));
}

static void set_default(struct tool *t)
{
    enum xmem_rights r;
    if (u8(t) & 1)
        ASK(t, xmem_domain_set_default(session(t), rights(t)));
    ASK(t, xmem_domain_get_default(t->d, rarely(t) ? NULL : &r));
}

static void batch_apply(struct tool *t, uint8_t how)
{
    struct xmem_batch_result res = XMEM_INIT(res);
    struct xmem_batch_result *out = how & 1 ? &res : NULL;
    if (how < 100)
        ASK(t, xmem_batch_apply_some(t->batch, how % 16, out));
    else
        ASK(t, xmem_batch_apply(t->batch, out));
}

static void batch(struct tool *t)
{
    uint8_t how = u8(t);
    if (!t->batch)
        ASK(t, xmem_batch_new(session(t), &t->batch));
    else if (how < 120)
        ASK(t, xmem_batch_add(t->batch, view(t), gfn(t), u8(t) % LIST, rights(t)));
    else if (how < 200)
        batch_apply(t, u8(t));
    else if (how < 220)
        ASK(t, xmem_batch_revert(t->batch));
    else if (how < 240)
        xmem_batch_clear(t->batch);
    else {
        xmem_batch_free(t->batch);
        t->batch = NULL;
    }
}

/* ---- views ---- */

static void view_create(struct tool *t)
{
    struct xmem_view_opts o = XMEM_INIT(o);
    uint16_t v;
    o.default_rights = (uint32_t)rights(t);
    if (t->view_n < VIEWS_MAX && !ASK(t, xmem_view_create(session(t), rarely(t) ? NULL : &o, &v)))
        t->views[t->view_n++] = v;
}

static void view_destroy(struct tool *t)
{
    if (!t->view_n) {
        ASK(t, xmem_view_destroy(session(t), view(t)));
        return;
    }
    unsigned i = u8(t) % t->view_n;
    if (!ASK(t, xmem_view_destroy(t->d, t->views[i])))
        t->views[i] = t->views[--t->view_n];
}

static void view_look(struct tool *t)
{
    uint16_t list[16], v;
    size_t n = u8(t) % 16;
    int suppress;
    ASK(t, xmem_view_list(session(t), list, &n));
    ASK(t, xmem_view_get_vcpu(t->d, u8(t) % (VCPUS + 1), &v));
    ASK(t, xmem_view_get_suppress_ve(t->d, view(t), gfn(t), &suppress));
}

static void suppress_ve(struct tool *t)
{
    uint16_t v = view(t);
    ASK(t, xmem_view_set_suppress_ve(session(t), v, gfn(t), u8(t) % 8, u8(t) & 1));
}

static void view_change(struct tool *t)
{
    switch (u8(t) % 6) {
    case 0:
        ASK(t,
            xmem_view_change_gfn(session(t), view(t), gfn(t), u8(t) < 80 ? XMEM_GFN_UNDO : gfn(t)));
        break;
    case 1: ASK(t, xmem_view_set_visible(session(t), view(t), u8(t) & 1)); break;
    case 2: suppress_ve(t); break;
    case 3: ASK(t, xmem_view_set_notify_page(session(t), u8(t) % (VCPUS + 1), gfn(t))); break;
    case 4: ASK(t, xmem_view_switch(session(t), view(t))); break;
    default: ASK(t, xmem_view_switch_vcpu(session(t), u8(t) % VCPUS, view(t)));
    }
}

/* ---- events ---- */

static void xmi_event_take(struct tool *t)
{
    const struct xmem_event *ev;
    if (t->held_n < HELD_MAX && !ASK(t, xmem_event_next(session(t), &ev)) &&
        ev->reason != XMEM_EVENT_DOMAIN_DIED)
        t->held[t->held_n++] = ev;
}

static int event_reply(struct tool *t, const struct xmem_event *ev)
{
    static const char data[16] = "0123456789abcde";
    struct xmem_reply r = XMEM_INIT(r);
    struct xmem_regs regs = XMEM_INIT(regs);
    r.action = u8(t) % 7;
    r.flags = u8(t) & 0x6f;
    r.view = view(t);
    r.step_view = view(t);
    r.data = data;
    r.data_len = u8(t) % 17;
    ASK(t, xmem_event_get_regs(t->d, ev, &regs));
    r.regs = &regs;
    return ASK(t, xmem_event_reply(t->d, ev, &r));
}

static void xmi_event_answer(struct tool *t)
{
    if (!t->held_n)
        return;
    unsigned i = u8(t) % t->held_n;
    const struct xmem_event *ev = t->held[i];
    uint8_t how = u8(t);
    int rc = how < 120   ? ASK(t, xmem_event_step_over(t->d, ev))
             : how < 170 ? ASK(t, xmem_event_drop(t->d, ev))
                         : event_reply(t, ev);
    if (rc && rc != -EALREADY)
        rc = ASK(t, xmem_event_reply(t->d, ev, NULL));
    if (!rc || rc == -EALREADY)
        t->held[i] = t->held[--t->held_n];
}

void tool_settle(struct tool *t)
{
    for (unsigned i = 0; i < t->held_n; i++)
        ASK(t, xmem_event_reply(t->d, t->held[i], NULL));
    t->held_n = 0;
    ASK(t, xmem_event_flush(t->d));
}

static void event_other(struct tool *t)
{
    struct xmem_monitor m = XMEM_INIT(m);
    switch (u8(t) % 4) {
    case 0: ASK(t, xmem_event_flush(session(t))); break;
    case 1: ASK(t, xmem_event_wait(session(t), 0)); break;
    default:
        m.reason = u8(t) % 18;
        m.flags = u8(t) & 7;
        m.index = u8(t) % 5;
        ASK(t, xmem_domain_set_monitor(session(t), rarely(t) ? NULL : &m, u8(t) & 1));
    }
}

/* ---- the domain ---- */

static void toggle_monitoring(struct tool *t)
{
    if (u8(t) < 128)
        return;
    t->held_n = 0;
    ASK(t, xmem_domain_disable(session(t)));
    t->view_n = 0;
    if (u8(t) < 200)
        ASK(t, xmem_domain_enable(t->d));
}

static void memory(struct tool *t)
{
    char bytes[64];
    switch (u8(t) % 4) {
    case 0: ASK(t, xmem_domain_add_page(session(t), &t->page)); break;
    case 1: ASK(t, xmem_domain_remove_page(session(t), gfn(t))); break;
    case 2:
        ASK(t, xmem_domain_read(session(t), (gfn(t) << 12) + u8(t) * 20u, bytes, u8(t) % 64));
        break;
    default: /* not into the page tables behind its pages */
        memset(bytes, 0, sizeof(bytes));
        ASK(t, xmem_domain_write(session(t), (FIRST_GFN + u8(t) % PAGES) << 12, bytes, u8(t) % 64));
    }
}

static void domain_other(struct tool *t)
{
    struct xmem_caps caps = XMEM_INIT(caps);
    struct xmem_stats stats = XMEM_INIT(stats);
    switch (u8(t) % 6) {
    case 0: ASK(t, xmem_domain_set_access_required(session(t), u8(t) & 1)); break;
    case 1: ASK(t, xmem_domain_pause(session(t))); break;
    case 2: ASK(t, xmem_domain_unpause(session(t))); break;
    case 3: ASK(t, xmem_domain_get_caps(session(t), &caps)); break;
    case 4: ASK(t, xmem_domain_get_stats(session(t), &stats)); break;
    default: ASK(t, xmem_domain_recover(t->x, 1, NULL)); /* -EBUSY: the session */
    }
}

static void fault(struct tool *t)
{
    if (t->faults)
        xmi_sim_inject_errno(t->g, 1 + u8(t) % 12, 0, 1 + u8(t) % 40);
}

static void run(struct tool *t)
{
    xmi_sim_domain_run(t->g, u8(t));
}

void tool_call(struct tool *t)
{
    static void (*const calls[])(struct tool * t) = {
        set_one,
        set_range,
        set_many,
        set_default,
        batch,
        batch,
        view_create,
        view_destroy,
        view_look,
        view_change,
        view_change,
        view_change,
        xmi_event_take,
        xmi_event_take,
        xmi_event_take,
        xmi_event_answer,
        xmi_event_answer,
        event_other,
        memory,
        domain_other,
        toggle_monitoring,
        fault,
        run,
        set_range,
    };
    calls[u8(t) % (sizeof(calls) / sizeof(calls[0]))](t);
}
