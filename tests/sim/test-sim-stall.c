/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host that stands still: whenever the library looks at the clock, a minute has passed. What ends by
 * itself when it is looked at often enough must end all the same.
 */
#include <doc/doc.h>
#include <sim.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

#define PAGES 64u
#define FIRST_GFN 16u
#define VCPUS 4u
#define STEPS 64u

static bool stalls;

/* In place of the C library's, for the whole program. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    static time_t seconds;
    if (!stalls)
        return (int)syscall(SYS_clock_gettime, id, t);
    *t = (struct timespec){.tv_sec = seconds += 60};
    return 0;
}

static struct sim_machine *machine;
static struct sim_domain *guest;
static struct xmem *x;
static struct xmem_domain *d;

static void start(enum sim_kind kind, uint32_t means)
{
    const struct sim_machine_cfg mc = {.seed = 1};
    const struct sim_domain_cfg dc = {.kind = kind,
                                      .vcpus = VCPUS,
                                      .pages = PAGES,
                                      .first_gfn = FIRST_GFN,
                                      .altp2m = kind == SIM_X86_EPT};
    const struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    struct sim_domain_info info;
    ck_ok(xmi_sim_machine_create(&mc, &machine));
    ck_ok(xmi_open_machine(machine, &x));
    ck_ok(xmi_sim_domain_create(machine, &dc, &guest));
    xmi_sim_domain_info(guest, &info);
    ck_ok(xmem_domain_open(x, info.domid, &o, &d));
    ck_ok(xmem_domain_enable(d));
    ck_ok(xmem_domain_set_rights_range(d, 0, FIRST_GFN, 8, XMEM_RX));
    for (uint32_t v = 0; v < VCPUS; v++) {
        const struct sim_op op = {.code = SIM_OP_WRITE, .addr = (uint64_t)(FIRST_GFN + v) << 12};
        ck_ok(xmi_sim_vcpu_script(guest, v, &op, 1, 0));
    }
}

/* After each number of steps once: some vCPU is in the middle of one. */
static void close_in_a_step(enum sim_kind kind, uint32_t means)
{
    for (unsigned n = 1; n <= STEPS; n++) {
        const struct xmem_event *ev;
        struct sim_report report;
        start(kind, means);
        for (unsigned i = 0; i < n; i++) {
            ck_ok(xmem_event_next(d, &ev));
            ck_ok(xmem_event_step_over(d, ev));
        }
        stalls = true;
        int rc = xmem_domain_close(d);
        stalls = false;
        ck_ok(rc);
        xmi_sim_report(machine, guest, &report);
        ck_assert(!report.unanswered && !report.leftover_rights && !report.leftover_pauses);
        xmem_close(x);
        xmi_sim_machine_destroy(machine);
    }
}

START_TEST(by_view)
{
    close_in_a_step(SIM_X86_EPT, XMEM_STEP_VIEW);
}
END_TEST

START_TEST(by_single_step)
{
    close_in_a_step(SIM_X86_EPT, XMEM_STEP_SINGLE);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {by_view, by_single_step, NULL};
    return unit_main("stall", NULL, NULL, tests);
}
