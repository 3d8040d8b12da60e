/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated machine with one domain and a session on it, for the tests of policies. */
#ifndef POLICY_MACHINE_H
#define POLICY_MACHINE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sim.h>
#include <xmem.h>

#include "doc/doc.h"

#define PAGES 512u
#define VCPUS 2u

static struct sim_machine *machine;
static struct sim_domain *guest;
static struct xmem *conn;
static struct xmem_domain *session;
static struct xmem_report *report;
static struct xmem_policy *policy;
static struct xmem_domain_opts session_opts = XMEM_INIT(session_opts);

static inline void make_machine_at(enum sim_kind kind, uint64_t first_gfn)
{
    struct sim_machine_cfg cfg = {.seed = 1};
    struct sim_domain_cfg dom = {.kind = kind,
                                 .vcpus = VCPUS,
                                 .pages = PAGES,
                                 .first_gfn = first_gfn,
                                 .superpages = true,
                                 .altp2m = kind == SIM_X86_EPT,
                                 .name = "g"};

    ck_assert_int_eq(xmi_sim_machine_create(&cfg, &machine), 0);
    ck_assert_int_eq(xmi_sim_domain_create(machine, &dom, &guest), 0);
    ck_assert_int_eq(xmi_open_machine(machine, &conn), 0);
    ck_assert_int_eq(xmem_domain_open(conn, 1, &session_opts, &session), 0);
    ck_assert_int_eq(xmem_report_new(&report), 0);
    policy = NULL;
}

static inline void make_machine(enum sim_kind kind)
{
    make_machine_at(kind, 0);
}

/* Ends all, and the machine must be as it was. */
static void end_machine(void)
{
    struct sim_report r;

    if (session)
        ck_assert_int_eq(xmem_domain_close(session), 0);
    xmem_policy_free(policy);
    xmem_report_free(report);
    xmem_close(conn);
    xmi_sim_report(machine, NULL, &r);
    ck_assert_uint_eq(r.leftover_rights, 0);
    ck_assert_uint_eq(r.leftover_views, 0);
    ck_assert_uint_eq(r.leftover_pauses, 0);
    ck_assert_uint_eq(r.leftover_monitors, 0);
    ck_assert_uint_eq(r.unanswered, 0);
    ck_assert_uint_eq(r.leaked_slots, 0);
    ck_assert_uint_eq(r.forbidden, 0);
    xmi_sim_machine_destroy(machine);
}

static inline void x86(void)
{
    make_machine(SIM_X86_EPT);
}

static inline void load(const char *rest)
{
    size_t len = strlen(rest) + 64;
    char *text = malloc(len);
    int err;

    xmem_policy_free(policy);
    policy = NULL;
    snprintf(text, len, "{\"version\":1,\"domains\":[\"*\"]%s%s}", *rest ? "," : "", rest);
    err = xmem_policy_parse("p", text, strlen(text), report, &policy);
    free(text);
    if (err) {
        struct xmem_diag d = XMEM_INIT(d);

        ck_assert_int_eq(xmem_report_get(report, 0, &d), 0);
        ck_abort_msg("%s", d.full);
    }
}

/* The i-th message is of this number and has this text in it. */
static inline void said(size_t i, unsigned number, const char *part)
{
    struct xmem_diag d = XMEM_INIT(d);

    ck_assert_int_eq(xmem_report_get(report, i, &d), 0);
    ck_assert_msg(d.number == number, "%s", d.full);
    ck_assert_msg(strstr(d.full, part) != NULL, "%s", d.full);
}

/* Applies it; a failure is told by its messages. */
static inline void apply_with(xmem_progress_fn progress, void *arg)
{
    struct xmem_diag d = XMEM_INIT(d);
    int err = xmem_policy_apply(policy, session, report, progress, arg);

    if (err && xmem_report_get(report, 0, &d) == 0)
        ck_abort_msg("%d: %s", err, d.full);
    ck_assert_int_eq(err, 0);
    ck_assert_uint_eq(xmem_report_count(report), 0);
}

static inline void apply_policy(void)
{
    apply_with(NULL, NULL);
}

static inline void new_report(void)
{
    xmem_report_free(report);
    ck_assert_int_eq(xmem_report_new(&report), 0);
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
