/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tool's calls in any order, from the input, on every kind of machine: no crash, no hang, no code
 * that is not documented, no error without a text, and no access against the rights. Where close
 * answers 0 the machine is as it was found, and without failing hypercalls it does.
 */
#include <errno.h>
#include <sim.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmem.h>

#include "doc/doc.h"
#include "faults/state.h"
#include "fuzz/fuzz.h"

#define FIRST_GFN 16u
#define PAGES 48u
#define VCPUS 4u
#define HELD_MAX 6u
#define VIEWS_MAX 6u

struct tool {
    struct fuzz_in in;
    struct sim_machine *m;
    struct sim_domain *g;
    struct xmem *x;
    struct xmem_domain *d;
    struct xmem_batch *batch;
    bool faults; /* hypercalls may fail */
    bool none;   /* the call has no session */
    const struct xmem_event *held[HELD_MAX];
    unsigned held_n;
    uint16_t views[VIEWS_MAX];
    unsigned view_n;
    uint64_t page; /* added last */
};

#define CALLS_MAX 128u

static void die(const struct tool *t, const char *call, int rc, const char *why)
{
    fprintf(stderr, "%s = %d: %s (%s)\n", call, rc, why,
            t->d   ? xmem_domain_last_error(t->d)
            : t->x ? xmem_last_error(t->x)
                   : "");
    abort();
}

static bool documented(int rc)
{
    static const int codes[] = {EAGAIN,     ENODEV, EALREADY, EINVAL, ENOENT, ENOMEM, ETIMEDOUT,
                                EOPNOTSUPP, ENOSPC, ERANGE,   ESRCH,  EBUSY,  EACCES, EPERM};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (rc == -codes[i])
            return true;
    return rc == 0 || rc == 1;
}

/* With access_required and nobody who listens. */
static bool died(const struct tool *t)
{
    struct sim_domain_info i;
    xmi_sim_domain_info(t->g, &i);
    return i.dying;
}

/* Judges the answer of a call. */
static int judge(struct tool *t, const char *call, int rc)
{
    bool failing = rc == -EIO || rc == -EPROTO || rc == -ESHUTDOWN;
    if (getenv("XMEM_FUZZ_TRACE"))
        fprintf(stderr, "%s = %d %s\n", call, rc, rc < 0 ? xmem_domain_last_error(t->d) : "");
    if (t->none) {
        t->none = false;
        if (rc != -EINVAL)
            die(t, call, rc, "there is no session");
        return rc;
    }
    /* An MSR that the hypervisor has no place for: its word for it is passed on. */
    bool msr = rc == -EIO && strstr(call, "set_monitor");
    bool gone = rc == -ESHUTDOWN && died(t);
    if (!documented(rc) && !(t->faults && failing) && !msr && !gone)
        die(t, call, rc, "not to be answered here");
    if (!t->faults && (rc == -ENOMEM || rc == -EPERM))
        die(t, call, rc, "nothing failed");
    bool texts = *xmem_domain_last_error(t->d) || *xmem_last_error(t->x);
    if (rc < 0 && rc != -EAGAIN && rc != -ETIMEDOUT && !texts)
        die(t, call, rc, "no text");
    return rc;
}

#define ASK(t, call) judge((t), #call, (call))

/* ---- calls of the input: any call with arguments that are good more often than not, or NULL ---- */

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

static void event_take(struct tool *t)
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

static void event_answer(struct tool *t)
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

static void tool_call(struct tool *t)
{
    static void (*const calls[])(struct tool * t) = {
        set_one,     set_range,    set_many,          set_default,  batch,        batch,
        view_create, view_destroy, view_look,         view_change,  view_change,  view_change,
        event_take,  event_take,   event_take,        event_answer, event_answer, event_other,
        memory,      domain_other, toggle_monitoring, fault,        run,          set_range,
    };
    calls[u8(t) % (sizeof(calls) / sizeof(calls[0]))](t);
}

/* ---- a run ---- */

/* ---- the machine ---- */

static void script(struct tool *t)
{
    static const uint8_t codes[] = {SIM_OP_READ,          SIM_OP_WRITE,     SIM_OP_RMW,
                                    SIM_OP_EXEC,          SIM_OP_READ,      SIM_OP_WRITE,
                                    SIM_OP_GUEST_REQUEST, SIM_OP_BREAKPOINT};
    for (uint32_t v = 0; v < VCPUS; v++) {
        struct sim_op ops[8] = {{.code = 0}};
        for (unsigned i = 0; i < 8; i++)
            ops[i] = (struct sim_op){.code = codes[(i + v) % (i < 6 ? 6 : 8)],
                                     .value = i,
                                     .addr = (uint64_t)(FIRST_GFN + 3 * i + v) << 12};
        if (xmi_sim_vcpu_script(t->g, v, ops, t->faults ? 6 : 8, 0))
            abort();
    }
}

static void make(struct tool *t, uint8_t how)
{
    static const enum sim_kind kinds[] = {SIM_X86_EPT, SIM_ARM_S2, SIM_ARMV8R_MPU, SIM_X86_PV};
    static const uint8_t minors[] = {17, 20, 19, 22};
    enum sim_kind other = how & 0x80 ? SIM_X86_NPT : SIM_X86_EPT;
    enum sim_kind kind = how & 0x40 ? other : kinds[how >> 1 & 3];
    struct sim_machine_cfg mc = {.seed = 5, .xen_minor = minors[how >> 3 & 3]};
    struct sim_domain_cfg dc = {.domid = 1,
                                .kind = kind,
                                .vcpus = VCPUS,
                                .pages = PAGES,
                                .first_gfn = FIRST_GFN,
                                .superpages = true,
                                .altp2m = kind == SIM_X86_EPT,
                                .holds = how & 0x20,
                                .regions = kind == SIM_ARMV8R_MPU ? 96 : 0};
    t->faults = how & 1;
    if (getenv("XMEM_FUZZ_TRACE"))
        fprintf(stderr, "---- kind %d, Xen 4.%u%s\n", kind, mc.xen_minor,
                t->faults ? ", faults" : "");
    if (xmi_sim_machine_create(&mc, &t->m) || xmi_sim_domain_create(t->m, &dc, &t->g) ||
        xmi_open_machine(t->m, &t->x))
        abort();
    script(t);
}

static void open_session(struct tool *t)
{
    struct xmem_domain_opts o = XMEM_INIT(o);
    o.restore = fuzz_u8(&t->in) & 1;
    o.default_reply = fuzz_u8(&t->in) % 4;
    o.step_means = fuzz_u8(&t->in) & (31 | XMEM_STEP_STRICT);
    if (xmem_domain_open(t->x, 1, &o, &t->d) || xmem_domain_enable(t->d))
        abort();
}

/* ---- the end ---- */

static void check_found(const struct tool *t, const char *found)
{
    static char now[STATE_MAX];
    struct sim_report r;
    state_take(t->g, now, sizeof(now));
    const char *diff = state_differs(found, now);
    if (diff)
        die(t, "xmem_domain_close", 0, diff);
    xmi_sim_report(t->m, t->g, &r);
    if (r.unanswered || r.double_answers || r.leaked_slots)
        die(t, "xmem_domain_close", 0, "events are not answered once each");
}

static void check_forbidden(const struct tool *t)
{
    struct sim_domain_info i;
    struct sim_report r;
    xmi_sim_domain_info(t->g, &i);
    xmi_sim_report(t->m, t->g, &r);
    /* On Arm what relaxing lets pass counts as well. */
    if (r.forbidden && (i.kind == SIM_X86_EPT || i.kind == SIM_X86_NPT || i.kind == SIM_X86_PV))
        die(t, "run", (int)r.forbidden, "accesses passed the rights");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char found[STATE_MAX];
    struct tool t = {.in = {data, size}};
    make(&t, fuzz_u8(&t.in));
    state_take(t.g, found, sizeof(found));
    open_session(&t);
    for (unsigned i = 0; i < CALLS_MAX && t.in.left; i++)
        tool_call(&t);
    xmi_sim_inject_errno(t.g, 0, 0, 0);
    if (fuzz_u8(&t.in) & 1)
        xmem_batch_free(t.batch), t.batch = NULL;
    int rc = xmem_domain_close(t.d);
    t.d = NULL;
    xmem_batch_free(t.batch);
    if (rc && !t.faults)
        die(&t, "xmem_domain_close", rc, "nothing failed");
    if (!rc && !died(&t))
        check_found(&t, found);
    check_forbidden(&t);
    xmem_close(t.x);
    xmi_sim_machine_destroy(t.m);
    return 0;
}
