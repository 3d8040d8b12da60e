/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tool that dies while busy vCPUs are stepped over a page, by each means on each kind: before or after
 * any of its calls of the hypervisor. Recovering answers 0, nothing is left, and each vCPU goes on.
 */
#include <errno.h>
#include <setjmp.h>
#include <sim.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "doc/doc.h"
#include "session/session.h"
#include "unit.h"

#define VCPUS 8u /* as many as there are slots */
#define PAGE 16u
#define ACCESSES 40u
#define LAST_KILL 250u

static struct sim_machine *m;
static struct sim_domain *g;
static struct xmem *dead[2]; /* kept reachable for the leak checker */
static struct xmem_domain *d;
static struct xmem_backend_ops ops;
static const struct xmem_backend_ops *real;
static jmp_buf died;
static unsigned calls_left;

static void live(void)
{
    if (calls_left && !--calls_left)
        longjmp(died, 1);
}

/* Each of them a moment before the call, and one after it. */
#define CALL(name, params, args) \
    static int name params \
    { \
        live(); \
        int rc = real->name args; \
        live(); \
        return rc; \
    }

CALL(event_notify, (void *dom), (dom))
CALL(event_idle, (void *dom), (dom))
CALL(vcpu_peek, (void *dom, uint32_t vcpu, uint64_t *pc), (dom, vcpu, pc))
CALL(rights_set,
     (void *dom, uint16_t view, uint64_t gfn, uint64_t nr, uint8_t rights, uint64_t *done),
     (dom, view, gfn, nr, rights, done))
CALL(monitor_set, (void *dom, const struct backend_monitor *mon), (dom, mon))
CALL(views_set_state, (void *dom, bool on), (dom, on))
CALL(view_create, (void *dom, uint8_t rights, uint16_t *view), (dom, rights, view))
CALL(view_set_visible, (void *dom, uint16_t view, bool visible), (dom, view, visible))

static void mortal(void)
{
    real = d->ops;
    ops = *real;
    ops.event_notify = event_notify;
    ops.event_idle = event_idle;
    ops.vcpu_peek = vcpu_peek;
    ops.rights_set = rights_set;
    ops.monitor_set = monitor_set;
    ops.views_set_state = views_set_state;
    ops.view_create = view_create;
    ops.view_set_visible = view_set_visible;
    d->ops = &ops;
}

static void begin(enum sim_kind kind, uint32_t minor, uint32_t means, unsigned nth)
{
    struct sim_machine_cfg cfg = {.seed = nth, .xen_minor = minor};
    struct sim_domain_cfg dom = {.kind = kind, .vcpus = VCPUS, .pages = 64, .name = "g"};
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    dom.altp2m = kind == SIM_X86_EPT;
    ck_ok(xmi_sim_machine_create(&cfg, &m));
    ck_ok(xmi_sim_domain_create(m, &dom, &g));
    ck_ok(xmi_open_machine(m, &dead[0]));
    ck_ok(xmem_domain_open(dead[0], 1, &o, &d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights(d, 0, PAGE, XMEM_RX));
    for (uint32_t v = 0; v < VCPUS; v++) {
        struct sim_op op = {.code = SIM_OP_RMW, .addr = (PAGE << 12) + 64 * v, .value = v};
        ck_ok(xmi_sim_vcpu_script(g, v, &op, 1, ACCESSES));
    }
}

/* Of the leak sanitizer, where there is one: what a tool held when it died is lost with it. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

/* Steps over all that comes until it dies. False: the guest was done before. */
static bool lives_until(unsigned nth)
{
    const struct xmem_event *ev;
    mortal();
    calls_left = nth;
    if (setjmp(died))
        return true;
    while (!xmem_event_next(d, &ev))
        ck_ok(xmem_event_step_over(d, ev));
    calls_left = 0;
    return false;
}

static uint64_t leftovers(struct xmem *x)
{
    struct xmem_machine_report r = {.size = sizeof(r)};
    ck_ok(xmem_machine_check(x, &r));
    return r.leftover_rights + r.leftover_views + r.leftover_pauses + r.leftover_monitors +
           r.unanswered;
}

static unsigned going_on(void)
{
    struct sim_vcpu_info i;
    unsigned n = 0;
    while (xmi_sim_domain_run(g, 1000))
        ;
    for (uint32_t v = 0; v < VCPUS; v++) {
        ck_ok(xmi_sim_vcpu_info(g, v, &i));
        n += i.done == ACCESSES && !i.single_step;
    }
    return n;
}

static void begin_mortal(enum sim_kind kind, uint32_t minor, uint32_t means, unsigned nth)
{
    if (__lsan_disable)
        __lsan_disable();
    begin(kind, minor, means, nth);
}

/* False: there was nothing left to die in. */
static bool killed(enum sim_kind kind, uint32_t minor, uint32_t means, unsigned nth)
{
    struct xmem_recovery rec = XMEM_INIT(rec);
    begin_mortal(kind, minor, means, nth);
    bool dies = lives_until(nth);
    if (__lsan_enable)
        __lsan_enable();
    xmi_sim_listener_abandon(g);
    ck_ok(xmi_open_machine(m, &dead[1]));
    ck_assert_msg(!xmem_domain_recover(dead[1], 1, &rec), "killed at %u: %s", nth,
                  xmem_last_error(dead[1]));
    ck_assert_msg(!leftovers(dead[1]), "killed at %u: something is left", nth);
    ck_assert_msg(going_on() == VCPUS, "killed at %u: a vCPU does not go on", nth);
    xmem_close(dead[1]);
    xmi_sim_machine_destroy(m);
    return dies;
}

static void by(enum sim_kind kind, uint32_t minor, uint32_t means)
{
    unsigned n = 1, every = means == XMEM_STEP_SINGLE ? 1 : 5;
    while (n < LAST_KILL && killed(kind, minor, means, n))
        n += every;
    ck_assert_uint_gt(n, 20); /* the guest is done before where most passes unseen */
}

/* ---- an answer that does not arrive ---- */

#define HURRY_MS 200u

static bool hurries;
static uint64_t hurried_ms;

/* This program's clock, of which each look may cost some time: what is waited for long is waited for here, too. */
int clock_gettime(clockid_t clock, struct timespec *t)
{
    long rc = syscall(SYS_clock_gettime, clock, t);
    hurried_ms += hurries ? HURRY_MS : 0;
    t->tv_sec += (time_t)(hurried_ms / 1000);
    return (int)rc;
}

static int unheard(void *dom)
{
    (void)dom;
    return 0;
}

static const enum sim_kind kinds[] = {SIM_X86_EPT, SIM_X86_PV, SIM_ARM_S2, SIM_ARMV8R_MPU};

/* Who still waits does not sleep: it was not seen to go on. */
START_TEST(who_waits_is_not_idle)
{
    struct sim_vcpu_info i;
    begin_mortal(kinds[_i], 20, 0, 1);
    if (__lsan_enable)
        __lsan_enable();
    while (xmi_sim_domain_run(g, 1000))
        ;
    xmi_sim_listener_abandon(g);
    ck_ok(xmi_open_machine(m, &dead[1]));
    ops = *dead[1]->ops;
    real = dead[1]->ops;
    ops.event_notify = unheard;
    dead[1]->ops = &ops;
    hurries = true;
    ck_rc(xmem_domain_recover(dead[1], 1, NULL), -EIO);
    hurries = false;
    ck_assert_ptr_nonnull(strstr(xmem_last_error(dead[1]), "was not seen to go on"));
    ck_ok(xmi_sim_vcpu_info(g, 0, &i));
    ck_assert_int_eq(i.state, SIM_VCPU_PAUSED);
    dead[1]->ops = real;
    ck_ok(xmem_domain_recover(dead[1], 1, NULL));
    ck_assert(!leftovers(dead[1]) && going_on() == VCPUS);
    xmem_close(dead[1]);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(by_view)
{
    by(SIM_X86_EPT, 17, XMEM_STEP_VIEW);
    by(SIM_X86_EPT, 20, XMEM_STEP_VIEW);
}
END_TEST

START_TEST(by_single_step)
{
    by(SIM_X86_EPT, 17, XMEM_STEP_SINGLE);
    by(SIM_X86_EPT, 20, XMEM_STEP_SINGLE);
}
END_TEST

START_TEST(by_emulation)
{
    by(SIM_X86_EPT, 20, XMEM_STEP_EMULATE);
    by(SIM_X86_PV, 20, XMEM_STEP_EMULATE);
    by(SIM_ARM_S2, 20, XMEM_STEP_EMULATE);
    by(SIM_ARMV8R_MPU, 20, XMEM_STEP_EMULATE);
}
END_TEST

START_TEST(by_relaxing)
{
    by(SIM_X86_EPT, 20, XMEM_STEP_RELAX);
    by(SIM_X86_PV, 20, XMEM_STEP_RELAX);
    by(SIM_ARM_S2, 20, XMEM_STEP_RELAX);
    by(SIM_ARMV8R_MPU, 20, XMEM_STEP_RELAX);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("recover-load");
    TCase *t = tcase_create("recover-load");
    tcase_set_timeout(t, 60); /* recovering sleeps now and then */
    tcase_add_loop_test(t, who_waits_is_not_idle, 0, 4);
    tcase_add_test(t, by_view);
    tcase_add_test(t, by_single_step);
    tcase_add_test(t, by_emulation);
    tcase_add_test(t, by_relaxing);
    suite_add_tcase(s, t);
    return unit_run(s);
}
