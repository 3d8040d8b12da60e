/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "law.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "doc/doc.h"
#include "session/session.h"
#include "sim-int.h"

/* The run without a failure: the state after each call, and its answer. */
static struct {
    const char *call;
    char *after;
    int rc;
} plain[CALLS_MAX + 1];
static uint32_t plain_n;
static uint64_t plain_forbidden;
static char found[STATE_MAX], before[STATE_MAX], after[STATE_MAX];

void fail(struct world *w, const char *fmt, ...)
{
    char text[1200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    inject_disarm();
    case_failed(w, text);
}

/* ---- texts ---- */

static struct xmem_error *error_of(struct world *w)
{
    return w->d ? &w->d->error : w->x ? &w->x->error : xmi_error_thread();
}

static bool documented(int rc)
{
    static const int codes[] = {EAGAIN, EPROTO,    ESHUTDOWN,  ENODEV,  EALREADY, EINVAL, ENOENT,
                                ENOMEM, ETIMEDOUT, EOPNOTSUPP, ENOSPC,  ERANGE,   ESRCH,  EIO,
                                EBUSY,  EPERM,     EACCES,     EBADMSG, ECANCELED};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (rc == -codes[i])
            return true;
    return rc >= 0;
}

/* They make the handle that would have it. */
static bool has_no_text(const struct world *w)
{
    return strstr(w->call, "xmem_report_new") || strstr(w->call, "xmem_policy_parse");
}

/* An error has a text of its own, and none says that all went well. */
static void check_text(struct world *w, int rc)
{
    const char *text = error_of(w)->text;
    if (!documented(rc))
        fail(w, "%s: undocumented code %d", w->call, rc);
    if (rc >= 0 || rc == -EAGAIN || rc == -ETIMEDOUT)
        return;
    if (!*text && !(has_no_text(w) && rc == -ENOMEM) &&
        !(w->report && xmem_report_count(w->report)))
        fail(w, "%s: %d without a text", w->call, rc);
    if (strstr(text, "Success") || strstr(text, ": 0"))
        fail(w, "%s: %d, and the text tells of success: %s", w->call, rc, text);
    if (strstr(text, "(null)"))
        fail(w, "%s: %d, and the text names nothing: %s", w->call, rc, text);
}

/* ---- one call ---- */

/* Runs may differ in how many events there are: the same call, as often as it was made before. */
static uint32_t find_plain(const struct world *w, const char *what)
{
    uint32_t i = 0, skip = 0;
    for (uint32_t k = 0; k < w->n; k++)
        skip += w->calls[k] == what;
    while (i < plain_n && (plain[i].call != what || skip--))
        i++;
    return i < plain_n ? i : CALLS_MAX;
}

void call_begin(struct world *w, const char *what, enum law law)
{
    w->call = what;
    w->law = law;
    w->tries = 0;
    w->plain = w->first ? plain_n : find_plain(w, what);
    w->fired_before = inject_fired();
    error_of(w)->text[0] = 0;
    if (law != LAW_RUN)
        state_take(w->g, before, sizeof(before));
}

void call_arm(struct world *w)
{
    w->tries++;
    w->judged = true;
    inject_arm();
}

static void record(struct world *w, int rc)
{
    char **p = &plain[w->plain].after;
    plain[w->plain].rc = rc;
    plain[w->plain].call = w->call;
    if (plain_n < CALLS_MAX - 1)
        plain_n++;
    if (w->law == LAW_RUN)
        return;
    size_t n = state_take(w->g, after, sizeof(after));
    *p = realloc(*p, n);
    if (!*p)
        abort();
    memcpy(*p, after, n);
}

static void check_done(struct world *w)
{
    if (w->law == LAW_RUN || w->strayed || (w->law == LAW_END && w->half))
        return;
    state_take(w->g, after, sizeof(after));
    const char *diff = state_differs(plain[w->plain].after, after);
    if (diff)
        fail(w, "%s: answers %d%s, not as asked: %s", w->call, w->rc, w->tries > 1 ? " again" : "",
             diff);
    w->strayed = diff != NULL;
}

static void check_failed(struct world *w)
{
    if (w->law == LAW_RUN || w->tries > 1)
        return;
    state_take(w->g, after, sizeof(after));
    const char *diff = state_differs(before, after), *text = error_of(w)->text;
    w->half = w->half || diff; /* what is ended later began from there */
    if (w->law != LAW_WHOLE)
        return;
    /* What fails for ever cannot be put back, but it must not be said to be. */
    if (diff && (inject_once() || strstr(text, "as before")))
        fail(w, "%s: %d, half done: %s; %s", w->call, w->rc, diff, text);
}

void call_answer(struct world *w, int rc)
{
    inject_disarm();
    w->judged = false;
    w->rc = rc;
    if (w->first) {
        record(w, rc);
        if (rc < 0)
            check_failed(w);
        return;
    }
    bool now = inject_fired() > w->fired_before;
    if (inject_ever() &&
        inject_fired()) /* until it is over only what is said counts, and that calls end */
        w->strayed = true;
    int want = w->plain < CALLS_MAX ? plain[w->plain].rc : rc;
    bool as_plain = rc == want || (rc >= 0 && want >= 0);
    check_text(w, rc);
    if (w->tries > 1 && !as_plain && w->law != LAW_RUN)
        fail(w, "%s: again %d: %s", w->call, rc, error_of(w)->text);
    else if (!now && !as_plain && !w->strayed && w->law != LAW_RUN)
        fail(w, "%s: %d without a failure in it: %s", w->call, rc, error_of(w)->text);
    else if (rc < 0)
        check_failed(w);
    else if (as_plain && rc >= 0)
        check_done(w);
    if (now && w->law == LAW_RUN)
        w->strayed = true;
}

/* Told, the failure is over. */
bool call_again(struct world *w)
{
    bool told = w->rc < 0 && w->rc != -EAGAIN && inject_fired() > w->fired_before && !inject_ever();
    if (told)
        inject_stop();
    if (told && w->tries == 1 && !w->first) {
        error_of(w)->text[0] = 0;
        return true;
    }
    if (w->n < CALLS_MAX)
        w->calls[w->n++] = w->call;
    return false;
}

/* ---- the machine ---- */

void world_make(struct world *w, const struct kind *k, bool first)
{
    struct sim_machine_cfg mc = {.seed = 3, .xen_minor = k->minor};
    struct sim_domain_cfg dc = {.domid = 1,
                                .kind = k->sim,
                                .vcpus = VCPUS,
                                .pages = PAGES,
                                .first_gfn = FIRST,
                                .superpages = true,
                                .altp2m = k->sim == SIM_X86_EPT,
                                .regions = k->sim == SIM_ARMV8R_MPU ? 64 : 0,
                                .name = "guest"};
    *w = (struct world){.kind = k, .first = first};
    if (xmi_sim_machine_create(&mc, &w->m) || xmi_sim_domain_create(w->m, &dc, &w->g))
        abort();
    w->ledger = -1;
    world_found(w);
    inject_into(w->g);
}

void world_found(struct world *w)
{
    state_take(w->g, found, sizeof(found));
    xmi_sim_enter(w->g);
    shot_take(w->g, &w->found);
    xmi_sim_leave(w->g);
}

/* ---- the ledger, as another process would find it ---- */

/* After each hypercall, before the library knows how it went. */
static void look_at_ledger(void *ctx)
{
    static struct shot now;
    struct world *w = ctx;
    struct ledger_image m;
    if (!w->judged || xmi_ledger_image_map(w->ledger, &m))
        return;
    shot_take(w->g, &now);
    const char *why = m.head.state == LEDGER_LIVE ? shot_unnamed(&w->found, &now, &m) : NULL;
    xmi_ledger_image_unmap(&m);
    if (!why)
        return;
    w->judged = false;
    fail(w, "%s: the ledger does not name %s", w->call, why);
}

void world_watch(struct world *w)
{
    w->ledger = memfd_create("ledger", MFD_CLOEXEC);
    if (w->ledger < 0)
        abort();
    xmi_sim_watch_by(w->g, look_at_ledger, w);
}

int world_open(struct world *w, const struct xmem_domain_opts *opts)
{
    if (xmi_open_machine(w->m, &w->x))
        abort();
    w->x->ledger_fd = w->ledger;
    WHOLE(w, xmem_domain_open(w->x, 1, opts, &w->d));
    return w->rc;
}

void guest(struct world *w, uint32_t vcpu, uint64_t first, unsigned n, enum sim_op_code code)
{
    struct sim_op ops[16];
    for (unsigned i = 0; i < n; i++)
        ops[i] = (struct sim_op){
            .code = (uint8_t)code, .addr = (first + i) << 12 | 8u * vcpu, .value = i};
    if (xmi_sim_vcpu_script(w->g, vcpu, ops, n, 0))
        abort();
}

/* ---- the end ---- */

bool as_found(struct world *w, const char *who)
{
    state_take(w->g, after, sizeof(after));
    const char *diff = state_differs(found, after);
    if (diff)
        fail(w, "%s answers 0, not as found: %s", who, diff);
    return !diff;
}

/* A session on the same connection goes on with what the last one could not do. */
static int close_again(struct world *w)
{
    struct xmem_domain *d;
    int rc = xmem_domain_open(w->x, 1, NULL, &d);
    return rc ? rc : xmem_domain_close(d);
}

static void end_again(struct world *w)
{
    w->call = "close, once more";
    xmi_sim_domain_run(w->g,
                       300); /* nobody listens to what comes now, until there is a session again */
    int rc = close_again(w);
    if (rc)
        fail(w, "%s: %d: %s", w->call, rc, xmem_last_error(w->x));
    if (!rc && as_found(w, w->call))
        return;
    (void)xmem_domain_recover(w->x, 1, NULL); /* so that the guest can be looked at */
}

/* vCPUs that nobody holds go on. */
static void check_guest(struct world *w)
{
    for (uint32_t v = 0; v < VCPUS; v++) {
        struct sim_vcpu_info a, b = {0};
        guest(w, v, FIRST, 8, SIM_OP_WRITE);
        xmi_sim_vcpu_info(w->g, v, &a);
        for (unsigned i = 0; i < 40 && (!i || b.done <= a.done); i++) {
            xmi_sim_domain_run(w->g, 500);
            xmi_sim_vcpu_info(w->g, v, &b);
        }
        if (b.done <= a.done)
            fail(w, "vcpu %u stands still, state %d", v, b.state);
    }
}

static void check_report(struct world *w)
{
    struct sim_report r;
    xmi_sim_report(w->m, w->g, &r);
    if (w->first)
        plain_forbidden = r.forbidden;
    /* On Arm relaxing counts as well, which a step may have to do without memory. */
    bool arm = w->kind->sim == SIM_ARM_S2 || w->kind->sim == SIM_ARMV8R_MPU;
    if (r.forbidden && !plain_forbidden && !(arm && w->strayed))
        fail(w, "%llu accesses passed the rights", (unsigned long long)r.forbidden);
}

void world_close(struct world *w)
{
    unsigned fired = inject_fired();
    if (!w->d)
        return;
    w->call = "close";
    w->x->error.text[0] = 0;
    inject_arm();
    w->judged = true;
    w->rc = xmem_domain_close(w->d);
    w->judged = false;
    inject_disarm();
    w->d = NULL;
    check_text(w, w->rc);
    if (w->rc && inject_fired() == fired)
        fail(w, "close: %d without a failure in it: %s", w->rc, xmem_last_error(w->x));
    inject_stop();
    if (w->rc)
        end_again(w);
    else if (!as_found(w, "close"))
        (void)xmem_domain_recover(w->x, 1, NULL); /* so that the guest can be looked at */
}

/* A domain that could not be recovered while the failure lasted. */
static void recover_again(struct world *w)
{
    int rc = xmem_domain_recover(w->x, 1, NULL);
    if (rc)
        fail(w, "recovering, with the failure over: %d: %s", rc, xmem_last_error(w->x));
}

void world_end(struct world *w)
{
    inject_stop();
    if (inject_ever() && w->x)
        recover_again(w);
    check_report(w);
    check_guest(w);
    xmem_report_free(w->report);
    xmem_close(w->x);
    xmi_sim_machine_destroy(w->m);
    if (w->ledger >= 0)
        close(w->ledger);
    w->x = NULL;
    w->m = NULL;
}
