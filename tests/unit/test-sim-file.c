/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines from files do what their files say; what files may say is the corpus' matter. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sim.h>
#include <xm/abi.h>
#include <xm/base.h>

#include "doc/doc.h"
#include "doc/sim-file.h"

static char folder[] = "/tmp/test-sim-file.XXXXXX";
static char path[64];
static struct sim_machine *machine;
static struct xmem_error error;

static void setup(void)
{
    machine = NULL;
    strcpy(folder, "/tmp/test-sim-file.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/m.json", folder);
}

static void teardown(void)
{
    char trace[64];

    xmi_sim_machine_destroy(machine);
    snprintf(trace, sizeof(trace), "%s/trace", folder);
    unlink(trace);
    unlink(path);
    rmdir(folder);
}

static void write_to(const char *name, const char *text)
{
    char full[64];
    FILE *f;

    snprintf(full, sizeof(full), "%s/%s", folder, name);
    f = fopen(full, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static struct sim_domain *load(const char *text, const struct xmem_open_opts *opts)
{
    write_to("m.json", text);
    ck_assert_msg(xmi_sim_file_load(path, opts, &machine, &error) == 0, "%s", error.text);
    return xmi_sim_domain_at(machine, 0);
}

START_TEST(domains)
{
    struct sim_domain_info info;

    load("{\"xen\":\"4.20\",\"max_views\":5,\"domains\":[{\"name\":\"a\",\"kind\":\"x86-ept\","
         "\"domid\":9,\"vcpus\":4,\"pages\":64,\"first_gfn\":16,\"altp2m\":false},"
         "{\"name\":\"b\",\"kind\":\"arm-s2\"}]}",
         NULL);
    ck_assert_ptr_nonnull(xmi_sim_domain_find(machine, 9));
    xmi_sim_domain_info(xmi_sim_domain_find(machine, 9), &info);
    ck_assert_str_eq(info.name, "a");
    ck_assert_uint_eq(info.vcpus, 4);
    ck_assert_uint_eq(info.pages, 64);
    ck_assert_uint_eq(info.highest_gfn, 79);
    ck_assert_uint_eq(info.xen_minor, 20);
    ck_assert(!info.altp2m);
    xmi_sim_domain_info(xmi_sim_domain_at(machine, 1), &info);
    ck_assert_str_eq(info.name, "b");
    ck_assert_int_eq(info.kind, SIM_ARM_S2);
    ck_assert_uint_eq(info.pages, 1024);
    ck_assert_ptr_null(xmi_sim_domain_at(machine, 2));
}
END_TEST

START_TEST(scripts)
{
    struct sim_domain *d = load(
        "{\"domains\":[{\"name\":\"a\",\"kind\":\"x86-ept\",\"programs\":[{\"script\":["
        "{\"op\":\"write\",\"gfn\":\"0x10\",\"offset\":8,\"value\":\"0xfedcba9876543210\"},"
        "{\"op\":\"read\",\"gfn\":16,\"offset\":8}],\"repeat\":3}]}]}",
        NULL);
    struct sim_vcpu_info v;

    while (xmi_sim_domain_run(d, 1000))
        ;
    ck_assert_int_eq(xmi_sim_vcpu_info(d, 0, &v), 0);
    ck_assert_uint_eq(v.done, 6);
    ck_assert_uint_eq(v.result, UINT64_C(0xfedcba9876543210));
}
END_TEST

START_TEST(random_accesses)
{
    struct sim_domain *d = load("{\"seed\":5,\"domains\":[{\"name\":\"a\",\"kind\":\"x86-ept\","
                                "\"programs\":[{\"random\":{\"count\":1000}}]}]}",
                                NULL);
    struct sim_report r;

    while (xmi_sim_domain_run(d, 1000))
        ;
    xmi_sim_report(machine, d, &r);
    ck_assert_uint_ge(r.accesses, 1000);
}
END_TEST

/* The same seed from the file or from the caller makes the same machine, another one another. */
static uint64_t run_seed(const char *seed, const struct xmem_open_opts *opts)
{
    char text[256];
    struct sim_domain *d;
    struct sim_vcpu_info v;

    snprintf(text, sizeof(text),
             "{%s\"domains\":[{\"name\":\"a\",\"kind\":\"x86-ept\",\"programs\":[{\"random\":"
             "{\"count\":500,\"write\":1,\"read\":1}}]}]}",
             seed);
    xmi_sim_machine_destroy(machine);
    d = load(text, opts);
    while (xmi_sim_domain_run(d, 1000))
        ;
    ck_assert_int_eq(xmi_sim_vcpu_info(d, 0, &v), 0);
    return v.result;
}

START_TEST(seeds)
{
    struct xmem_open_opts opts = XMEM_INIT(opts);
    uint64_t seven = run_seed("\"seed\":7,", NULL);

    ck_assert_uint_eq(run_seed("\"seed\":7,", NULL), seven);
    opts.seed = 7;
    ck_assert_uint_eq(run_seed("", &opts), seven);
    opts.seed = 8; /* the file's counts */
    ck_assert_uint_eq(run_seed("\"seed\":\"0x7\",", &opts), seven);
}
END_TEST

START_TEST(traces)
{
    struct sim_domain *d;
    uint64_t gfn;

    write_to("trace", "==1== x\nI  04001000,3\n L 1ffeffe7e0,8\n S 04001008,8\n");
    d = load("{\"domains\":[{\"name\":\"a\",\"kind\":\"x86-ept\",\"first_gfn\":100,"
             "\"programs\":[{\"trace\":\"trace\"}]}]}",
             NULL);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 0, 0x4001fff, &gfn), 0);
    ck_assert_uint_eq(gfn, 100);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 0, 0x1ffeffe000, &gfn), 0);
    ck_assert_uint_eq(gfn, 101);
}
END_TEST

START_TEST(faults)
{
    struct sim_domain *d = load(
        "{\"domains\":[{\"name\":\"a\",\"kind\":\"x86-ept\",\"faults\":[{\"hypercall\":2,"
        "\"errno\":\"EACCES\",\"op\":\"pause\"}]}]}",
        NULL);
    struct sim_domain_info info;
    struct xm_domctl op = {.cmd = XM_DOMCTL_PAUSE, .interface_version = xm_domctl_version(17)};

    xmi_sim_domain_info(d, &info);
    op.domain = (uint16_t)info.domid;
    ck_assert_int_eq(xmi_sim_hc_domctl(machine, &op), 0);
    ck_assert_int_eq(xmi_sim_hc_domctl(machine, &op), -EACCES);
    ck_assert_int_eq(xmi_sim_hc_domctl(machine, &op), 0);
}
END_TEST

static const struct {
    const char *kind, *options;
    bool in_ring; /* the ring is in the guest's memory map: its requests are answered there */
} dead[] = {
    {"x86-ept", "", false},
    {"x86-ept", "\"rights\":\"x\",\"first_gfn\":2,\"gfns\":3", false},
    {"x86-ept", "\"view\":true", false},
    {"x86-ept", "\"single_step\":true", false},
    {"x86-ept", "\"single_step\":true,\"view\":true", false},
    {"arm-s2", "", false},
    {"x86-pv", "", true},
    {"armv8r-mpu", "", true},
};

/* A domain that cannot be enabled, and whose vCPUs all wait; recover brings it back. */
START_TEST(dead_listener)
{
    struct xmem_recovery rec = XMEM_INIT(rec);
    struct xmem_domain *session;
    struct sim_vcpu_info info;
    struct sim_domain *d;
    struct sim_report r;
    struct xmem *x;
    char text[512];

    snprintf(text, sizeof(text),
             "{\"domains\":[{\"name\":\"a\",\"kind\":\"%s\",\"vcpus\":2,\"pages\":8,\"programs\":["
             "{\"random\":{\"read\":1}},{\"vcpu\":1,\"random\":{\"read\":1}}],"
             "\"faults\":[{\"dead_listener\":{%s}}]}]}",
             dead[_i].kind, dead[_i].options);
    d = load(text, NULL);
    ck_assert_int_eq(xmi_open_machine(machine, &x), 0);
    xmi_sim_report(machine, d, &r);
    ck_assert(r.leftover_rights && r.leftover_monitors && r.unanswered == 2);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 1000), 0);
    ck_assert_int_eq(xmem_domain_open(x, 1, NULL, &session), 0);
    ck_assert_int_eq(xmem_domain_enable(session), -EBUSY);
    ck_assert_int_eq(xmem_domain_close(session), 0);
    ck_assert_int_eq(xmem_domain_recover(x, 1, &rec), 0);
    ck_assert_uint_eq(rec.ring_was_active, 1);
    ck_assert_uint_eq(rec.vcpus_released, dead[_i].in_ring ? 0 : 2);
    xmi_sim_report(machine, d, &r);
    ck_assert_uint_eq(r.leftover_rights, 0);
    ck_assert_uint_eq(r.leftover_views, 0);
    ck_assert_uint_eq(r.leftover_monitors, 0);
    for (uint32_t v = 0; v < 2; v++) {
        ck_assert_int_eq(xmi_sim_vcpu_info(d, v, &info), 0);
        ck_assert_int_eq(info.state, SIM_VCPU_RUNNABLE);
        ck_assert(!info.single_step);
    }
    ck_assert_uint_eq(xmi_sim_domain_run(d, 1000), 1000);
    xmem_close(x);
}
END_TEST

/* It had one vCPU step, and died before it saw the end of that. */
START_TEST(dead_listener_that_stepped)
{
    struct sim_domain *d = load(
        "{\"domains\":[{\"name\":\"a\",\"kind\":\"x86-ept\",\"pages\":8,\"programs\":["
        "{\"random\":{\"read\":1}}],\"faults\":[{\"dead_listener\":{\"single_step\":true}}]}]}",
        NULL);
    struct sim_vcpu_info info;
    struct sim_report r;

    ck_assert_int_eq(xmi_sim_vcpu_info(d, 0, &info), 0);
    ck_assert(info.single_step);
    ck_assert_int_eq(info.state, SIM_VCPU_PAUSED);
    xmi_sim_report(machine, d, &r);
    ck_assert_uint_eq(r.unanswered, 1);
    ck_assert_uint_eq(r.accesses, 1);
    ck_assert_uint_eq(r.leftover_rights, 7);
}
END_TEST

/* Machine and error as they were, or as the header says. */
static int fails(const char *file)
{
    struct sim_machine *const untouched = (struct sim_machine *)&error;
    struct sim_machine *m = untouched;
    int err;

    error.text[0] = '\0';
    err = xmi_sim_file_load(file, NULL, &m, &error);
    ck_assert_ptr_eq(m, untouched);
    ck_assert_uint_gt(strlen(error.text), 0);
    return err;
}

START_TEST(files_that_cannot_be_read)
{
    ck_assert_int_eq(fails("/nowhere/m.json"), -ENOENT);
    ck_assert_str_eq(error.text,
                     "/nowhere/m.json: [XM-105] /: cannot be read: No such file or directory");
    ck_assert_int_eq(fails("/tmp"), -EINVAL);
    ck_assert_int_eq(fails("/dev/zero"), -EINVAL);
    write_to("m.json", "{\"domains\":[{}]}");
    ck_assert_int_eq(fails(path), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error.text, "(and 1 more)"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim-file");
    TCase *tc = tcase_create("file");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, domains);
    tcase_add_test(tc, scripts);
    tcase_add_test(tc, random_accesses);
    tcase_add_test(tc, seeds);
    tcase_add_test(tc, traces);
    tcase_add_test(tc, faults);
    tcase_add_loop_test(tc, dead_listener, 0, (int)(sizeof(dead) / sizeof(dead[0])));
    tcase_add_test(tc, dead_listener_that_stepped);
    tcase_add_test(tc, files_that_cannot_be_read);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
