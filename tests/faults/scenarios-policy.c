/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies, and domains whose tool died. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xm/base.h>
#include <xm/rights.h>

#include "doc/doc.h"
#include "law.h"
#include "session/session.h"

static const char with_views[] =
    "{\"version\": 1, \"domains\": [\"*\"], \"regions\": {\"f\": \"0x12\", \"g\": \"0x18-0x30\"},"
    " \"views\": [{\"name\": \"hook\", \"default_rights\": \"rwx\", \"visible\": false,"
    " \"remaps\": [{\"gfn\": \"0x12\", \"to\": \"copy\","
    " \"patches\": [{\"offset\": \"0x10\", \"bytes\": \"cc\"}]}]}],"
    " \"start_view\": \"hook\", \"default_rights\": \"rwx\", \"access_required\": true,"
    " \"rules\": [{\"name\": \"a\", \"region\": \"f\", \"view\": \"hook\", \"rights\": \"x\","
    " \"on\": {\"action\": \"switch\", \"access\": \"rw\", \"view\": \"host\"}},"
    " {\"name\": \"b\", \"region\": \"f\", \"view\": \"host\", \"rights\": \"rw\","
    " \"on\": {\"action\": \"switch\", \"access\": \"x\", \"view\": \"hook\"}},"
    " {\"name\": \"c\", \"region\": \"g\", \"rights\": \"rx\", \"on\": \"log\"},"
    " {\"name\": \"d\", \"region\": \"g\", \"view\": \"hook\", \"rights\": \"rx\","
    " \"on\": \"deny\"}],"
    " \"monitors\": [{\"name\": \"hit\", \"reason\": \"breakpoint\", \"action\": \"log\"}]}";

static const char without[] =
    "{\"version\": 1, \"domains\": [\"*\"], \"regions\": {\"p\": \"0x12\", \"q\": \"0x18-0x40\"},"
    " \"default_rights\": \"rwx\", \"access_required\": true,"
    " \"rules\": [{\"name\": \"w\", \"region\": \"p\", \"rights\": \"rx\", \"on\": \"log\","
    " \"log_limit\": 3},"
    " {\"name\": \"v\", \"region\": \"q\", \"rights\": \"r\", \"on\": \"relax\"}]}";

static int line(void *arg, const char *text)
{
    (void)arg;
    (void)text;
    return 0;
}

static int go_on(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)done;
    (void)total;
    return 0;
}

/* Stops it when all but the rights is there. */
static int stop(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)done;
    (void)total;
    return 1;
}

static struct xmem_policy *parse(struct world *w)
{
    const char *text = w->kind->sim == SIM_X86_EPT ? with_views : without;
    struct xmem_policy *p = NULL;
    WHOLE(w, xmem_report_new(&w->report));
    if (w->rc)
        return NULL;
    WHOLE(w, xmem_policy_parse("p", text, strlen(text), w->report, &p));
    return w->rc ? NULL : p;
}

static void watch(struct world *w, struct xmem_policy *p)
{
    const struct xmem_event *ev;
    guest(w, 0, 0x10, 8, SIM_OP_WRITE);
    guest(w, 1, 0x18, 8, SIM_OP_WRITE);
    guest(w, 2, 0x12, 1, SIM_OP_EXEC);
    for (unsigned i = 0; i < 12; i++) {
        struct xmem_decision is = XMEM_INIT(is);
        RUN(w, xmem_event_next(w->d, &ev));
        if (w->rc)
            continue;
        RUN(w, xmem_policy_handle(p, w->d, ev, &is));
        if (w->rc)
            RUN(w, xmem_event_drop(w->d, ev));
    }
}

static void policy(struct world *w)
{
    if (world_open(w, NULL))
        return;
    struct xmem_policy *p = parse(w);
    if (!p)
        return;
    WHOLE(w, xmem_policy_plan(p, w->d, w->report, line, NULL));
    WHOLE(w, xmem_policy_apply(p, w->d, w->report, go_on, NULL));
    if (!w->rc)
        watch(w, p);
    world_close(w);
    xmem_policy_free(p);
}
const struct scenario scenario_policy = {"policy", policy, ALL_KINDS};

/* Nothing that it says is left out. */
static void bad_policy(struct world *w)
{
    static const char bad[] =
        "{\"version\": 1, \"version\": 1, \"a\": {}, \"regions\": {\"r\": \"\u00e4\"}, \"rules\": 1}";
    static const char worse[] =
        "{\"version\": 2, \"domains\": \"*\", \"rules\": [{\"name\": \"\"}]}";
    struct xmem_policy *p = NULL;
    if (xmi_open_machine(w->m, &w->x))
        return;
    WHOLE(w, xmem_report_new(&w->report));
    if (w->rc)
        return;
    WHOLE(w, xmem_policy_parse("p", bad, sizeof(bad) - 1, w->report, &p));
    WHOLE(w, xmem_policy_parse("p", worse, sizeof(worse) - 1, w->report, &p));
}
const struct scenario scenario_bad_policy = {"bad-policy", bad_policy, ON(SIM_ARM_S2)};

/* Longer than what a reader of JSON has ready. */
#define LONG "a_name_that_is_longer_than_most_names_of_symbols_are_and_longer_still_"

static const char isf[] = "{\"metadata\": {\"format\": \"6.2.0\"}, \"symbols\": {"
                          " \"_stext\": {\"type\": {\"kind\": \"base\"}, \"address\": 4096},"
                          " \"" LONG "\": {\"address\": 8192},"
                          " \"none\": {\"type\": {\"kind\": \"array\", \"of\": [1, 2.5, \"" LONG
                          "\", null, true]}},"
                          " \"" LONG "\\u0065nd\": {\"" LONG "\": 1, \"address\": 20479}}}";

/* No symbol is missing, and none has another name. */
static void symbols(struct world *w)
{
    static const char form[] =
        "{\"version\": 1, \"domains\": [\"*\"], \"regions\": {"
        " \"r\": {\"symbols\": \"/proc/self/fd/%d\", \"from\": \"_stext\", \"to\": \"" LONG "\"},"
        " \"s\": {\"symbols\": \"/proc/self/fd/%d\", \"from\": \"" LONG "\","
        " \"to\": \"" LONG "end\"}}}";
    char text[sizeof(form) + 32];
    struct xmem_policy *p = NULL;
    int fd = memfd_create("symbols", MFD_CLOEXEC);
    if (fd < 0 || write(fd, isf, sizeof(isf) - 1) < 0 || xmi_open_machine(w->m, &w->x))
        abort();
    snprintf(text, sizeof(text), form, fd, fd);
    WHOLE(w, xmem_report_new(&w->report));
    if (!w->rc)
        WHOLE(w, xmem_policy_parse("p", text, strlen(text), w->report, &p));
    xmem_policy_free(p);
    close(fd);
}
const struct scenario scenario_symbols = {"symbols", symbols, ON(SIM_ARM_S2)};

static void rollback(struct world *w)
{
    if (world_open(w, NULL))
        return;
    struct xmem_policy *p = parse(w);
    if (!p)
        return;
    WHOLE(w, xmem_policy_apply(p, w->d, w->report, stop, NULL));
    WHOLE(w, xmem_policy_apply(p, w->d, w->report, go_on, NULL));
    world_close(w);
    xmem_policy_free(p);
}
const struct scenario scenario_rollback = {"rollback", rollback, ALL_KINDS};

/* ---- a tool died ---- */

static int domctl(struct world *w, uint32_t cmd, uint32_t op)
{
    struct xm_domctl c = {
        .cmd = cmd, .interface_version = xm_domctl_version(w->kind->minor), .domain = 1};
    if (cmd == XM_DOMCTL_VM_EVENT_OP) {
        c.u.vm_event_op.op = op;
        c.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    } else {
        c.u.shadow_op.op = op;
        c.u.shadow_op.mode = XM_SHADOW_ENABLE_MEM_ACCESS;
    }
    return xmi_sim_hc_domctl(w->m, &c);
}

static void leave_views(struct world *w, uint8_t wire)
{
    struct xm_altp2m_op op = {.version = XM_ALTP2M_INTERFACE_VERSION,
                              .domain = 1,
                              .cmd = XM_ALTP2M_SET_DOMAIN_STATE,
                              .u.domain_state.state = 1};
    (void)xmi_sim_hc_altp2m(w->m, &op);
    op = (struct xm_altp2m_op){.version = XM_ALTP2M_INTERFACE_VERSION,
                               .domain = 1,
                               .cmd = XM_ALTP2M_CREATE_P2M,
                               .u.view.hvmmem_default_access = wire};
    (void)xmi_sim_hc_altp2m(w->m, &op);
}

/* What it leaves: rights, views, its ring with events in it, a pause. */
static void die(struct world *w)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET, .domid = 1, .nr = 20, .pfn = FIRST};
    uint8_t rwx;
    if (w->kind->sim == SIM_X86_PV)
        (void)domctl(w, XM_DOMCTL_SHADOW_OP, XM_SHADOW_OP_ENABLE);
    (void)domctl(w, XM_DOMCTL_VM_EVENT_OP, XM_VM_EVENT_ENABLE);
    (void)xm_rights_to_wire(w->kind->minor, XM_ACCESS_R, &op.access);
    (void)xm_rights_to_wire(w->kind->minor, XM_ACCESS_RWX, &rwx);
    (void)xmi_sim_hc_mem_access(w->m, &op);
    if (w->kind->sim == SIM_X86_EPT)
        leave_views(w, rwx);
    guest(w, 0, FIRST, 8, SIM_OP_WRITE);
    guest(w, 1, FIRST + 4, 8, SIM_OP_WRITE);
    xmi_sim_domain_run(w->g, 50);
    xmi_sim_listener_abandon(w->g);
}

/* ---- a guest that runs whenever it can ---- */

static const struct xmem_backend_ops *calm;
static struct sim_domain *lively;

static int unpause_and_run(void *dom)
{
    int rc = calm->unpause(dom);
    xmi_sim_domain_run(lively, 100);
    return rc;
}

static void leave_rights(struct world *w)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET, .domid = 1, .nr = 20, .pfn = FIRST};
    if (w->kind->sim == SIM_X86_PV)
        (void)domctl(w, XM_DOMCTL_SHADOW_OP, XM_SHADOW_OP_ENABLE);
    (void)domctl(w, XM_DOMCTL_VM_EVENT_OP, XM_VM_EVENT_ENABLE);
    (void)xm_rights_to_wire(w->kind->minor, XM_ACCESS_R, &op.access);
    (void)xmi_sim_hc_mem_access(w->m, &op);
    (void)domctl(w, XM_DOMCTL_VM_EVENT_OP, XM_VM_EVENT_DISABLE);
}

/* The session, or what it left. */
static int close_session(struct world *w)
{
    struct xmem_domain *d = w->d;
    int rc = d ? 0 : xmem_domain_open(w->x, 1, NULL, &d);
    w->d = NULL;
    return rc ? rc : xmem_domain_close(d);
}

/* Rights of an earlier session are in force with the ring: who runs into them is answered, whatever fails. */
static void kept(struct world *w)
{
    struct xmem_backend_ops ops;
    leave_rights(w);
    xmi_sim_watch_by(w->g, NULL, NULL); /* without a listener the hypervisor itself ends rights */
    if (world_open(w, NULL))
        return;
    calm = w->d->ops;
    lively = w->g;
    ops = *calm;
    ops.unpause = unpause_and_run;
    w->d->ops = &ops;
    for (uint32_t v = 0; v < VCPUS; v++)
        guest(w, v, FIRST + 4 * v, 8, SIM_OP_WRITE);
    RUN(w, xmem_domain_enable(w->d));
    RUN(w, xmem_domain_disable(w->d));
    RUN(w, xmem_domain_enable(w->d));
    w->d->ops = calm;
    RUN(w, close_session(w));
}
const struct scenario scenario_kept = {"kept", kept, ALL_KINDS};

static void recover(struct world *w)
{
    struct xmem_recovery out = XMEM_INIT(out);
    die(w);
    if (xmi_open_machine(w->m, &w->x))
        return;
    CALL(w, LAW_END, xmem_domain_recover(w->x, 1, &out));
    if (!w->rc)
        (void)as_found(w, "recover");
}
const struct scenario scenario_recover = {"recover", recover, ALL_KINDS};
