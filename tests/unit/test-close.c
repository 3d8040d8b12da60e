/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's end on the simulated machine: whatever was changed is as it was found, or is told. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sim.h>

#include "doc/doc.h"
#include "session/session.h"
#include "unit.h"

#define A 16u
#define MANY 12u                         /* vCPUs, more than the ring has slots */
#define CROWD_WRITES (UINT64_C(1) << 40) /* without an end, for a test */

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

static void begin(enum sim_kind kind, uint32_t vcpus)
{
    struct sim_machine_cfg cfg = {.seed = 1, .xen_minor = 17};
    struct sim_domain_cfg dom = {
        .kind = kind, .vcpus = vcpus, .pages = 256, .name = "g", .altp2m = kind == SIM_X86_EPT};
    ck_ok(xmi_sim_machine_create(&cfg, &m));
    ck_ok(xmi_sim_domain_create(m, &dom, &g));
    ck_ok(xmi_open_machine(m, &x));
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    ck_ok(xmem_domain_enable(d));
}

static uint32_t rights_left(void)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_machine_check(x, &r));
    ck_assert_uint_eq(r.forbidden + r.unanswered + r.leftover_pauses + r.leftover_monitors, 0);
    return (uint32_t)r.leftover_rights;
}

static void end(void)
{
    xmem_close(x);
    xmi_sim_machine_destroy(m);
}

static void write_at(uint32_t vcpu, uint64_t gfn)
{
    struct sim_op op = {.code = SIM_OP_WRITE, .addr = gfn << 12};
    ck_ok(xmi_sim_vcpu_script(g, vcpu, &op, 1, 1));
}

static uint64_t done(uint32_t vcpu)
{
    struct sim_vcpu_info info;
    ck_ok(xmi_sim_vcpu_info(g, vcpu, &info));
    return info.done;
}

/* Until nobody can go on. */
static void run(void)
{
    while (xmi_sim_domain_run(g, 1000))
        ;
}

static void write_pages(uint32_t vcpu, uint64_t gfn, uint32_t n)
{
    struct sim_op op[8];
    for (uint32_t i = 0; i < n; i++)
        op[i] = (struct sim_op){.code = SIM_OP_WRITE, .addr = (gfn + i) << 12};
    ck_ok(xmi_sim_vcpu_script(g, vcpu, op, n, 1));
}

/* Events that stop nobody fill it for few vCPUs as well; those that it paused do not queue, who comes then does. */
START_TEST(a_queue_of_few_when_the_session_ends)
{
    for (uint32_t seed = 0; seed < 12; seed++) {
        begin(_i ? SIM_ARM_S2 : SIM_X86_EPT, 3);
        ck_ok(xmem_domain_set_rights_range(d, 0, A, 24, XMEM_N2RWX));
        for (uint32_t v = 0; v < 3; v++)
            write_pages(v, A + 8 * v, 8);
        run();
        for (uint32_t i = 0; i < seed % 4; i++)
            ck_ok(xmem_event_next(d, &ev));
        ck_ok(seed < 4 ? 0 : xmem_domain_set_rights(d, 0, A + seed, XMEM_R));
        ck_ok(xmem_domain_close(d));
        run();
        for (uint32_t v = 0; v < 3; v++)
            ck_assert_uint_eq(done(v), 8);
        end();
    }
}
END_TEST

/* Woken by the last answers, a vCPU looks at the ring when it runs: that must be before the ring goes. */
START_TEST(a_queue_for_a_slot_when_the_session_ends)
{
    begin(_i ? SIM_ARM_S2 : SIM_X86_EPT, MANY);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, MANY, XMEM_R));
    for (uint32_t v = 0; v < MANY; v++)
        write_at(v, A + v);
    run();
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_domain_close(d));
    run();
    for (uint32_t v = 0; v < MANY; v++)
        ck_assert_uint_eq(done(v), 1);
    ck_assert_uint_eq(rights_left(), 0);
    end();
}
END_TEST

static void open_again(uint32_t restore)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .restore = restore};
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_domain_open(x, 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
}

static const enum sim_kind queues[] = {SIM_X86_EPT, SIM_ARM_S2, SIM_X86_PV};

static int no_rights(void *ctx, int op)
{
    (void)ctx;
    return op == XM_HC_ACCESS_SET || op == XM_HC_ACCESS_SET_MULTI ? -ENOMEM : 0;
}

/* Each vCPU writes its page again and again, on processors of its own, whatever the library does. */
static pthread_t processors;
static int switched_off;

static void *go_on(void *arg)
{
    while (!__atomic_load_n(&switched_off, __ATOMIC_ACQUIRE))
        if (!xmi_sim_domain_run(arg, 1000))
            sched_yield();
    return NULL;
}

static void crowd(void)
{
    for (uint32_t v = 0; v < MANY; v++) {
        struct sim_op op = {.code = SIM_OP_WRITE, .addr = (A + v) << 12};
        ck_ok(xmi_sim_vcpu_script(g, v, &op, 1, CROWD_WRITES));
    }
    run();
    switched_off = 0;
    ck_ok(pthread_create(&processors, NULL, go_on, g));
}

/* None of them stands still. */
static void all_write(void)
{
    uint64_t before[MANY], waiting = MANY;
    __atomic_store_n(&switched_off, 1, __ATOMIC_RELEASE);
    ck_ok(pthread_join(processors, NULL));
    for (uint32_t v = 0; v < MANY; v++)
        before[v] = done(v);
    for (unsigned i = 0; i < 1000 && waiting; i++) {
        xmi_sim_domain_run(g, 1000);
        waiting = 0;
        for (uint32_t v = 0; v < MANY; v++)
            waiting += done(v) == before[v];
    }
    ck_assert_uint_eq(waiting, 0);
}

/* Rights that cannot be put back: each answer is followed by the next event, and still somebody queues. */
START_TEST(a_queue_that_never_ends_when_rights_stay)
{
    begin(queues[_i], MANY);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, MANY, XMEM_R));
    crowd();
    xmi_sim_inject_by(g, no_rights, NULL);
    ck_rc(xmem_domain_disable(d), -ENOMEM);
    all_write();
    xmi_sim_inject_by(g, NULL, NULL);
    ck_ok(xmem_domain_disable(d));
    ck_assert_uint_eq(rights_left(), 0);
    end();
}
END_TEST

/* The same where the session is to leave its rights. */
START_TEST(a_queue_that_never_ends_when_rights_are_kept)
{
    begin(queues[_i], MANY);
    open_again(XMEM_RESTORE_KEEP);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, MANY, XMEM_R));
    crowd();
    ck_ok(xmem_domain_close(d));
    all_write();
    end();
}
END_TEST

static int two_unpauses(void *ctx, int op)
{
    int *left = ctx; /* calls before the two that fail */
    if (op != XM_HC_UNPAUSE || *left < -1)
        return 0;
    return (*left)-- > 0 ? 0 : -ENOMEM;
}

static int two_pauses(void *ctx, int op)
{
    int *left = ctx; /* calls before the two that fail */
    if (op != XM_HC_PAUSE || *left < -1)
        return 0;
    return (*left)-- > 0 ? 0 : -ENOMEM;
}

/* It cannot be held again after a moment of running: it is not let go once more for that. */
START_TEST(a_pause_that_is_not_made)
{
    for (int first = 0; first < 4; first++) {
        int left = first, rc = -1;
        begin(queues[_i], MANY);
        open_again(XMEM_RESTORE_KEEP);
        ck_ok(xmem_domain_set_rights_range(d, 0, A, MANY, XMEM_R));
        crowd();
        xmi_sim_inject_by(g, two_pauses, &left);
        for (int i = 0; i < 4 && rc; i++) {
            rc = xmem_domain_disable(d);
            ck_assert_uint_eq(d->led->pauses, 0);
        }
        ck_ok(rc);
        xmi_sim_inject_by(g, NULL, NULL);
        all_write();
        ck_ok(xmem_domain_close(d));
        end();
    }
}
END_TEST

/* The domain cannot be let run when who was woken should look at the ring: then at a later try, with an answer for each. */
START_TEST(a_queue_that_cannot_run_at_once)
{
    for (int first = 0; first < 3; first++) {
        int left = first, rc = -1;
        begin(queues[_i], MANY);
        open_again(XMEM_RESTORE_KEEP);
        ck_ok(xmem_domain_set_rights_range(d, 0, A, MANY, XMEM_R));
        crowd();
        xmi_sim_inject_by(g, two_unpauses, &left);
        for (int i = 0; i < 4 && rc; i++)
            rc = xmem_domain_disable(d);
        ck_ok(rc);
        all_write();
        xmi_sim_inject_by(g, NULL, NULL);
        end();
    }
}
END_TEST

static int nothing_more(void *ctx, int op)
{
    (void)ctx;
    return op == XM_HC_VM_EVENT || op == XM_HC_ACCESS_GET ? -ENOMEM : no_rights(ctx, op);
}

/* It could not be ended, nor anything be asked: events that come meanwhile are in it when it can. */
START_TEST(a_ring_that_stays_is_read)
{
    begin(queues[_i], 1);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    xmi_sim_inject_by(g, nothing_more, NULL);
    ck_rc(xmem_domain_disable(d), -ENOMEM);
    write_at(0, A);
    run();
    ck_assert_uint_eq(done(0), 0);
    xmi_sim_inject_by(g, NULL, NULL);
    ck_ok(xmem_domain_disable(d));
    run();
    ck_assert_uint_eq(done(0), 1);
    ck_assert_uint_eq(rights_left(), 0);
    end();
}
END_TEST

/* Somebody else's pause: who was woken cannot look at the ring, which stays until they can. The hypervisor says so. */
START_TEST(a_queue_that_is_paused)
{
    struct xmem *other;
    struct xmem_domain *theirs;
    begin(SIM_X86_PV, MANY);
    ck_ok(xmi_open_machine(m, &other));
    ck_ok(xmem_domain_open(other, 1, NULL, &theirs));
    ck_ok(xmem_domain_set_rights_range(d, 0, A, MANY, XMEM_R));
    for (uint32_t v = 0; v < MANY; v++)
        write_at(v, A + v);
    run();
    ck_ok(xmem_domain_pause(theirs));
    ck_rc(xmem_domain_disable(d), -EIO);
    ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "paused by somebody else"));
    ck_ok(xmem_domain_unpause(theirs));
    ck_ok(xmem_domain_disable(d));
    run();
    for (uint32_t v = 0; v < MANY; v++)
        ck_assert_uint_eq(done(v), 1);
    xmem_close(other);
    ck_assert_uint_eq(rights_left(), 0);
    end();
}
END_TEST

static uint32_t rights_of(uint64_t gfn)
{
    enum xmem_rights r;
    ck_ok(xmem_domain_get_rights(d, 0, gfn, &r));
    return r;
}

/*
 * Where a default is for all pages, it was found so on pages that nobody asked about, and one of
 * them turned under the session's own: that the last one set was the found one does not end it.
 */
START_TEST(a_default_over_all_that_was_set_as_it_was_found)
{
    begin(SIM_X86_PV, 1);
    open_again(XMEM_RESTORE_KEEP);
    ck_ok(xmem_domain_set_default(d, XMEM_RX2RW));
    open_again(XMEM_RESTORE_AUTO);
    ck_ok(xmem_domain_set_default(d, XMEM_RWX));
    ck_ok(xmem_domain_set_default(d, XMEM_RX2RW));
    write_at(0, A);
    run();
    ck_assert_uint_eq(done(0), 1);
    ck_assert_uint_eq(rights_of(A), XMEM_RW);
    open_again(XMEM_RESTORE_AUTO);
    ck_assert_uint_eq(rights_of(A), XMEM_RX2RW);
    ck_ok(xmem_domain_close(d));
    end();
}
END_TEST

/* What an access turned is not what was set: setting it again is a change. */
START_TEST(rights_that_turned_are_set_again)
{
    uint64_t nr = _i % 2 ? 2 : 1; /* one goes another way than many */
    begin(_i / 2 ? SIM_ARM_S2 : SIM_X86_EPT, 1);
    ck_ok(xmem_domain_set_rights_range(d, 0, A, nr, XMEM_RX2RW));
    write_at(0, A);
    run();
    ck_assert_uint_eq(done(0), 1);
    ck_ok(nr == 1 ? xmem_domain_set_rights(d, 0, A, XMEM_RX2RW)
                  : xmem_domain_set_rights_range(d, 0, A, nr, XMEM_RX2RW));
    ck_assert_uint_eq(rights_of(A), XMEM_RX2RW);
    ck_ok(xmem_domain_close(d));
    ck_assert_uint_eq(rights_left(), 0);
    end();
}
END_TEST

/* A page of the guest's own comes where one of the session's was: it has nothing of that. */
START_TEST(a_page_where_one_of_the_sessions_was)
{
    uint64_t gfn;
    begin(SIM_X86_EPT, 1);
    ck_ok(xmem_domain_add_page(d, &gfn));
    ck_ok(xmem_domain_set_rights(d, 0, gfn, XMEM_RX));
    ck_ok(xmem_domain_remove_page(d, gfn));
    ck_ok(xmi_sim_populate(g, gfn));
    ck_assert_uint_eq(rights_of(gfn), XMEM_RWX);
    ck_ok(xmem_domain_set_rights(d, 0, gfn, XMEM_RX));
    ck_assert_uint_eq(rights_of(gfn), XMEM_RX);
    ck_ok(xmem_domain_close(d));
    ck_assert_uint_eq(rights_left(), 0);
    end();
}
END_TEST

/* In this release a fast single step ends only where single step is monitored: without, it is not begun. */
START_TEST(no_step_without_what_ends_it)
{
    struct sim_vcpu_info info;
    begin(SIM_X86_EPT, 1);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    write_at(0, A);
    run();
    ck_ok(xmem_event_next(d, &ev));
    for (unsigned i = 0; i < 2; i++) { /* the second one finds a view that has the page open */
        xmi_sim_inject_errno(g, 1, XM_HC_MONITOR, ENOMEM);
        ck_rc(xmem_event_step_over(d, ev), -ENOMEM);
    }
    ck_ok(xmem_domain_close(d));
    run();
    ck_ok(xmi_sim_vcpu_info(g, 0, &info));
    ck_assert(!info.single_step);
    ck_assert_uint_eq(rights_left(), 0);
    end();
}
END_TEST

/* ---- an enabling that fails ---- */

static struct xmem_backend_ops lively;
static unsigned rings_stay; /* how often a ring cannot be ended */

/* The guest goes on as soon as it can. */
static int unpause_and_run(void *dom)
{
    int rc = xmi_backend_sim.unpause(dom);
    run();
    return rc;
}

static int not_enabled(void *ctx, int op)
{
    unsigned *rings = ctx;
    if (op == XM_HC_VM_EVENT && (*rings)++) /* the first one enables */
        return rings_stay && rings_stay-- ? -ENOMEM : 0;
    return op == XM_HC_ACCESS_GET ? -ENOMEM : 0;
}

/* Rights that an earlier session left are in force as soon as there is a ring. */
static void enable_in_vain(enum sim_kind kind, unsigned stays)
{
    static unsigned rings;
    rings = 0;
    begin(kind, 1);
    open_again(XMEM_RESTORE_KEEP);
    ck_ok(xmem_domain_set_rights(d, 0, A, XMEM_R));
    ck_ok(xmem_domain_close(d));
    ck_ok(xmem_domain_open(x, 1, NULL, &d));
    lively = *d->ops;
    lively.unpause = unpause_and_run;
    d->ops = &lively;
    rings_stay = stays;
    write_at(0, A);
    xmi_sim_inject_by(g, not_enabled, &rings);
    ck_rc(xmem_domain_enable(d), -ENOMEM);
}

/* No vCPU runs into a ring that is about to be ended. */
START_TEST(an_enabling_that_fails)
{
    enable_in_vain(queues[_i], 0);
    xmi_sim_inject_by(g, NULL, NULL);
    run();
    ck_assert_uint_eq(done(0), 1);
    ck_ok(xmem_domain_close(d));
    end();
}
END_TEST

/* Its ring stays, and is read before it ends: by the next call, or by the next session. */
START_TEST(an_enabling_that_leaves_its_ring)
{
    for (unsigned closes = 0; closes < 2; closes++) {
        enable_in_vain(queues[_i], closes ? 1000 : 4);
        ck_assert_ptr_nonnull(strstr(xmem_domain_last_error(d), "its ring is left"));
        run();
        ck_assert_uint_eq(done(0), 0);
        if (closes) {
            ck_rc(xmem_domain_close(d), -ENOMEM);
            xmi_sim_inject_by(g, NULL, NULL);
            ck_ok(xmem_domain_open(x, 1, NULL, &d));
        }
        xmi_sim_inject_by(g, NULL, NULL);
        ck_ok(xmem_domain_close(d));
        run();
        ck_assert_uint_eq(done(0), 1);
        end();
    }
}
END_TEST

static void fill(TCase *t)
{
    tcase_add_test(t, no_step_without_what_ends_it);
    tcase_add_test(t, a_default_over_all_that_was_set_as_it_was_found);
    tcase_add_loop_test(t, rights_that_turned_are_set_again, 0, 4);
    tcase_add_test(t, a_page_where_one_of_the_sessions_was);
    tcase_add_loop_test(t, a_queue_for_a_slot_when_the_session_ends, 0, 2);
    tcase_add_loop_test(t, a_queue_of_few_when_the_session_ends, 0, 2);
    tcase_add_loop_test(t, a_ring_that_stays_is_read, 0, 3);
    tcase_add_test(t, a_queue_that_is_paused);
    tcase_add_loop_test(t, a_queue_that_never_ends_when_rights_stay, 0, 3);
    tcase_add_loop_test(t, a_queue_that_never_ends_when_rights_are_kept, 0, 3);
    tcase_add_loop_test(t, a_queue_that_cannot_run_at_once, 0, 3);
    tcase_add_loop_test(t, a_pause_that_is_not_made, 0, 3);
    tcase_add_loop_test(t, an_enabling_that_fails, 0, 3);
    tcase_add_loop_test(t, an_enabling_that_leaves_its_ring, 0, 3);
}

int main(void)
{
    Suite *s = suite_create("close");
    TCase *t = tcase_create("close");
    fill(t);
    suite_add_tcase(s, t);
    return unit_run(s);
}
