/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tool's calls in any order, from the input, on every kind of machine: no crash, no hang, no code
 * that is not documented, no error without a text, and no access against the rights. Where close
 * answers 0 the machine is as it was found, and without failing hypercalls it does.
 */
#include "fuzz/fuzz-api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "faults/state.h"

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

int judge(struct tool *t, const char *call, int rc)
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
    enum sim_kind kind = how & 0x40 ? SIM_X86_EPT : kinds[how >> 1 & 3];
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
    if (r.forbidden && (i.kind == SIM_X86_EPT || i.kind == SIM_X86_PV))
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
