/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections, the built-in machine, and sessions of several threads. */
#include "fake-backend.h"
#include "unit.h"

#include <doc/doc.h>
#include <pthread.h>
#include <sim.h>

static struct xmem *x;

START_TEST(uris)
{
    struct xmem_open_opts o = {.size = 3};
    x = (struct xmem *)&o;
    ck_rc(xmem_open(NULL, NULL, &x), -EINVAL);
    ck_rc(xmem_open("sim:", NULL, NULL), -EINVAL);
    ck_rc(xmem_open("kvm:", NULL, &x), -EINVAL);
    ck_assert_ptr_nonnull(strstr(xmem_last_error(NULL), "kvm:"));
    ck_rc(xmem_open("sim", NULL, &x), -EINVAL);
    ck_rc(xmem_open("", NULL, &x), -EINVAL);
    ck_rc(xmem_open("sim:", &o, &x), -EINVAL);
    ck_rc(xmem_open("sim:/nonexistent/machine.json", NULL, &x), -ENOENT);
    ck_assert_uint_gt(strlen(xmem_last_error(NULL)), 10);
    ck_assert_ptr_eq(x, &o); /* untouched */
    xmem_close(NULL);
    ck_rc(xmi_open_machine(NULL, &x), -EINVAL);
}
END_TEST

START_TEST(demo)
{
    struct xmem_domain_info v[3] = {{.size = sizeof(v[0])}};
    struct xmem_machine_report r = XMEM_INIT(r);
    struct xmem_open_opts o = {.size = sizeof(o), .seed = 7};
    size_t n = 3;
    ck_ok(xmem_open("sim:", &o, &x));
    ck_assert_str_eq(xmem_last_error(x), "");
    ck_ok(xmem_domain_list(x, v, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(v[0].name, "demo");
    ck_assert_uint_eq(v[0].kind, XMEM_KIND_X86_EPT);
    ck_assert_str_eq(v[1].name, "demo-arm");
    ck_assert_uint_eq(v[1].kind, XMEM_KIND_ARM_S2);
    ck_assert_uint_eq(v[1].vcpus, 2);
    n = 1;
    ck_rc(xmem_domain_list(x, v, &n), -ENOSPC);
    ck_assert_uint_eq(n, 2);
    ck_ok(xmem_machine_check(x, &r));
    ck_assert_uint_eq(r.leftover_rights, 0);
    r.size = 0;
    ck_rc(xmem_machine_check(x, &r), -EINVAL);
    ck_rc(xmem_machine_check(NULL, &r), -EINVAL);
    xmem_close(x);
}
END_TEST

START_TEST(the_demonstration_violates_w_xor_x)
{
    struct xmem_domain *d;
    const struct xmem_event *ev;
    struct xmem_machine_report r = XMEM_INIT(r);
    struct xmem_stats s = XMEM_INIT(s);
    unsigned writes = 0, fetches = 0, others = 0, rounds = 0;
    ck_ok(xmem_open("sim:", NULL, &x));
    for (uint32_t domid = 1; domid <= 2; domid++) {
        ck_ok(xmem_domain_open(x, domid, NULL, &d));
        ck_ok(xmem_domain_enable(d));
        ck_ok(xmem_domain_set_rights_range(d, 0, 0x1200, 4, XMEM_RW));
        for (rounds = 0; rounds < 200; rounds++) {
            int rc = xmem_event_next(d, &ev);
            if (rc == -EAGAIN)
                continue;
            ck_ok(rc);
            ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
            fetches += (ev->u.mem.access & XMEM_ACCESS_X) != 0;
            writes += (ev->u.mem.access & XMEM_ACCESS_W) != 0;
            others += ev->u.mem.gfn < 0x1200 || ev->u.mem.gfn > 0x1203;
            ck_ok(xmem_event_drop(d, ev));
        }
        ck_ok(xmem_domain_get_stats(d, &s));
        ck_assert_uint_eq(s.steps, 12); /* 4 pages, 3 rounds */
        ck_ok(xmem_domain_close(d));
    }
    ck_assert(fetches == 24 && writes == 0 && others == 0);
    ck_ok(xmem_machine_check(x, &r));
    ck_assert(!r.forbidden && !r.unanswered && !r.double_answers && !r.leaked_slots);
    ck_assert(!r.leftover_rights && !r.leftover_views && !r.leftover_pauses);
    ck_assert_uint_eq(r.leftover_monitors, 0);
    xmem_close(x);
}
END_TEST

START_TEST(closing_the_connection_closes_sessions)
{
    struct sim_machine *m;
    struct sim_domain *sd;
    struct sim_report r;
    struct xmem_domain *d;
    const struct sim_machine_cfg mc = {.seed = 1};
    const struct sim_domain_cfg dc = {.kind = SIM_X86_EPT, .vcpus = 1, .pages = 64};
    ck_ok(xmi_sim_machine_create(&mc, &m));
    ck_ok(xmi_sim_domain_create(m, &dc, &sd));
    ck_ok(xmi_open_machine(m, &x));
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights(d, 0, 5, XMEM_N));
    ck_ok(xmem_domain_pause(d));
    xmem_close(x);
    xmi_sim_report(m, sd, &r);
    ck_assert(!r.leftover_rights && !r.leftover_monitors && !r.leftover_pauses);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(lists)
{
    struct fake *f = fake_new();
    struct xmem_machine_report r = XMEM_INIT(r);
    struct {
        size_t size;
        uint32_t domid, kind;
    } small[4] = {{.size = sizeof(small[0])}}; /* an older caller's elements */
    size_t n = 4;
    x = fake_connect(f);
    ck_ok(xmem_domain_list(x, (struct xmem_domain_info *)(void *)small, &n));
    ck_assert_uint_eq(n, 3);
    ck_assert(small[2].domid == 3 && small[2].size == sizeof(small[0]));
    n = 0;
    ck_rc(xmem_domain_list(x, NULL, &n), -ENOSPC);
    ck_assert_uint_eq(n, 3);
    ck_rc(xmem_domain_list(x, NULL, &n), -EINVAL);
    ck_rc(xmem_domain_list(x, NULL, NULL), -EINVAL);
    n = 0;
    fake_fail(f, FAKE_LIST, 1, -EPERM, false);
    ck_rc(xmem_domain_list(x, NULL, &n), -EPERM);
    fake_fail(f, FAKE_LIST, 1, -EXDEV, false);
    ck_rc(xmem_domain_list(x, NULL, &n), -EIO);
    ck_rc(xmem_machine_check(x, &r), -EOPNOTSUPP);
    xmem_close(x);
    fake_free(f);
}
END_TEST

#define THREADS 4

static void *session_thread(void *arg)
{
    uint32_t domid = (uint32_t)(uintptr_t)arg;
    for (unsigned i = 0; i < 20; i++) {
        struct xmem_domain *d;
        const struct xmem_event *ev;
        if (xmem_domain_open(x, domid, NULL, &d))
            return "open";
        if (xmem_domain_enable(d) || xmem_domain_set_rights_range(d, 0, 0, 8, XMEM_RX))
            return "set";
        for (unsigned n = 0; n < 50; n++)
            if (!xmem_event_next(d, &ev) && xmem_event_step_over(d, ev))
                return "step";
        struct xmem_domain *e;
        if (xmem_domain_open(x, domid, NULL, &e) != -EBUSY || !strlen(xmem_last_error(x)))
            return "second";
        if (xmem_domain_close(d))
            return "close";
    }
    return NULL;
}

START_TEST(sessions_of_several_threads)
{
    struct sim_machine *m;
    struct sim_domain *sd;
    pthread_t t[THREADS];
    const struct sim_machine_cfg mc = {.seed = 1};
    ck_ok(xmi_sim_machine_create(&mc, &m));
    for (uint32_t i = 0; i < THREADS; i++) {
        struct sim_domain_cfg dc = {
            .kind = i & 1 ? SIM_ARM_S2 : SIM_X86_EPT, .vcpus = 2, .pages = 64, .altp2m = !(i & 1)};
        struct sim_op op = {.code = SIM_OP_WRITE, .addr = i << 12};
        ck_ok(xmi_sim_domain_create(m, &dc, &sd));
        ck_ok(xmi_sim_vcpu_script(sd, 0, &op, 1, 0));
    }
    ck_ok(xmi_open_machine(m, &x));
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_ok(pthread_create(&t[i], NULL, session_thread, (void *)(i + 1)));
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed;
        ck_ok(pthread_join(t[i], &failed));
        ck_assert_ptr_null(failed);
    }
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {uris,
                               demo,
                               the_demonstration_violates_w_xor_x,
                               closing_the_connection_closes_sessions,
                               lists,
                               sessions_of_several_threads,
                               NULL};
    return unit_main("connection", NULL, NULL, tests);
}
