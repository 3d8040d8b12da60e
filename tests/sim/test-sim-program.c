/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs: scripts, random accesses, traces. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/sim-test.h"

START_TEST(test_script_args)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 16);
    struct sim_op op = {.code = SIM_OP_READ};

    ck_assert_int_eq(xmi_sim_vcpu_script(NULL, 0, &op, 1, 1), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 1, &op, 1, 1), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, NULL, 1, 1), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 0, 1), -XM_EINVAL);
    op.code = 0;
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 1, 1), -XM_EINVAL);
    op.code = SIM_OP_POWEROFF + 1;
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_READ, .addr = UINT64_MAX};
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_CTRLREG, .index = 4};
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 1, 1), -XM_EINVAL);
    op = (struct sim_op){.code = SIM_OP_DESCRIPTOR, .index = 0};
    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, &op, 1, 1), -XM_EINVAL);
    ck_assert_int_eq(vcpu(d, 0).state, SIM_VCPU_IDLE);
    ck_assert(!xmi_sim_domain_runnable(d));
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_script)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 16);
    const struct sim_op ops[] = {
        {.code = SIM_OP_WRITE, .addr = 0x1008, .value = 0x1122334455667788},
        {.code = SIM_OP_READ, .addr = 0x1008},
        {.code = SIM_OP_READ, .addr = 0x100a, .len = 2},
    };
    uint64_t pc = vcpu(d, 0).pc;

    ck_assert_int_eq(xmi_sim_vcpu_script(d, 0, ops, 3, 2), 0);
    ck_assert_int_eq(vcpu(d, 0).state, SIM_VCPU_RUNNABLE);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 2), 2);
    ck_assert_uint_eq(vcpu(d, 0).result, 0x1122334455667788);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 1), 1);
    ck_assert_uint_eq(vcpu(d, 0).result, 0x5566);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 3);
    ck_assert_uint_eq(vcpu(d, 0).done, 6);
    ck_assert_uint_eq(vcpu(d, 0).pc, pc + 6);
    ck_assert_int_eq(vcpu(d, 0).state, SIM_VCPU_IDLE);
    ck_assert_uint_eq(peek64(d, 0x1008), 0x1122334455667788);
    ck_assert_uint_eq(report(d).accesses, 6);
    ck_assert_int_eq(xmi_sim_vcpu_info(d, 1, NULL), -XM_EINVAL);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_two_pages_and_holes)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 2);

    one_op(d, SIM_OP_WRITE, 0xffc, 0x1122334455667788);
    xmi_sim_domain_run(d, 10);
    ck_assert_uint_eq(peek64(d, 0x1000) & 0xffffffff, 0x11223344);
    one_op(d, SIM_OP_READ, 0xffc, 0);
    xmi_sim_domain_run(d, 10);
    ck_assert_uint_eq(vcpu(d, 0).result, 0x1122334455667788);
    /* Half of it behind the last page. */
    one_op(d, SIM_OP_READ, 0x1ffc, 0);
    xmi_sim_domain_run(d, 10);
    ck_assert_uint_eq(vcpu(d, 0).result, 0xffffffff00000000);
    one_op(d, SIM_OP_WRITE, 0x9000, 1);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 10), 1);
    ck_assert_uint_eq(report(d).forbidden, 0);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_random)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 16);
    struct sim_random_cfg c = {
        .seed = 5, .count = 1000, .gfns = 16, .read = 1, .rmw = 1, .exec = 1};

    ck_assert_int_eq(xmi_sim_vcpu_random(d, 1, &c), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_random(d, 0, NULL), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_random(d, 0, &c), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 300), 300);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 10000), 700);
    ck_assert(!xmi_sim_domain_runnable(d));
    c.count = 0, c.write = 2;
    ck_assert_int_eq(xmi_sim_vcpu_random(d, 0, &c), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 5000), 5000);
    ck_assert(xmi_sim_domain_runnable(d));
    c.gfns = 0;
    ck_assert_int_eq(xmi_sim_vcpu_random(d, 0, &c), -XM_EINVAL);
    c.gfns = UINT64_MAX;
    ck_assert_int_eq(xmi_sim_vcpu_random(d, 0, &c), -XM_EINVAL);
    c = (struct sim_random_cfg){.gfns = 1};
    ck_assert_int_eq(xmi_sim_vcpu_random(d, 0, &c), -XM_EINVAL);
    xmi_sim_machine_destroy(m);
}
END_TEST

static char path[] = "/tmp/test-sim-XXXXXX";

static const char *trace_file(const char *text)
{
    int fd;
    FILE *f;

    strcpy(path + strlen(path) - 6, "XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    f = fdopen(fd, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    return path;
}

START_TEST(test_trace)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 2, 4);
    struct sim_trace_damage damage = {9, 9, 9};
    uint64_t gfn = 99;
    int rc;

    rc = xmi_sim_vcpu_trace(d, 0,
                            trace_file("==1== Lackey\nI  04001090,3\n L 1ffeffe7e8,8\nI am output\n"
                                       " S 0400108f,4\n M 1ffeffffff,2\n"),
                            2, &damage);
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_eq(damage.lost | damage.behind | damage.line, 0);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 0, 0x4001fff, &gfn), 0);
    ck_assert_uint_eq(gfn, 0);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 0, 0x1ffeffe000, &gfn), 0);
    ck_assert_uint_eq(gfn, 1);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 0, 0x1fff000000, &gfn), 0);
    ck_assert_uint_eq(gfn, 3);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 0, 0x5000000, &gfn), -XM_ENOENT);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 1, 0x4001000, &gfn), -XM_ENOENT);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 2, 0x4001000, &gfn), -XM_EINVAL);
    /* The access over a page's end is two. */
    ck_assert_uint_eq(xmi_sim_domain_run(d, 100), 10);
    ck_assert_uint_eq(report(d).accesses, 10);
    unlink(path);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* What can be read of a damaged trace is replayed, and the rest is counted. */
static const struct {
    const char *text;
    uint64_t accesses, lost, behind, line;
} damaged_traces[] = {
    {"I  04001090,3\nI  zz,3\n", 1, 1, 0, 2},
    {" L 1000,1\n L 1000,\n L ,8\n S 1000\n", 1, 3, 0, 2},
    {" S 1000,8x\n S 1000,0\n S 1000,99999\n L 1000,1\n", 1, 3, 0, 1},
    {" S 11112222333344445,8\n M ffffffffffffffff,2\n L 1000,1\n", 1, 2, 0, 1},
    /* cut at the end of the file, and whole without a newline */
    {"I  04001000,3\n S 1ffeff00,8\n L 1ffe", 2, 1, 0, 3},
    {"I  04001000,3\n S 1ffeff00,8", 2, 0, 0, 0},
    /* output of the program: lines that look like an access, and beginnings of lines */
    {"I  04001000,3\n L hello from the program\n S 1ffeff00,8\n", 2, 1, 0, 2},
    {"I  04001000,3\nprompt>  S 1ffeff00,8\nI  04001003,5\n", 3, 0, 1, 2},
    {"x\nyI  04001000,3\n", 1, 0, 1, 2},
    /* one that was cut by the next */
    {"I  04001000,3\n L 1ffeffI  04001003,5\n S 1ffeff00,8\n", 3, 1, 1, 2},
};

START_TEST(test_damaged_trace)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 4);
    struct sim_trace_damage damage = {9, 9, 9};

    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 0, trace_file(damaged_traces[_i].text), 1, &damage), 0);
    ck_assert_uint_eq(damage.lost, damaged_traces[_i].lost);
    ck_assert_uint_eq(damage.behind, damaged_traces[_i].behind);
    ck_assert_uint_eq(damage.line, damaged_traces[_i].line);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 1000), damaged_traces[_i].accesses);
    unlink(path);
    xmi_sim_machine_destroy(m);
}
END_TEST

static const char *const no_traces[] = {"hello\n", "", " L 1ffe", " S 1000,0\n"};

START_TEST(test_no_trace)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 4);

    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 0, trace_file(no_traces[_i]), 1, NULL), -XM_EINVAL);
    ck_assert(!xmi_sim_domain_runnable(d));
    unlink(path);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_trace_errors)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 1, 2);
    const char *three = " L 1000,1\n L 2000,1\n L 3000,1\n";

    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 0, "/nowhere/at/all", 1, NULL), -ENOENT);
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 0, "/", 1, NULL), -EISDIR);
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 0, NULL, 1, NULL), -XM_EINVAL);
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 0, trace_file(three), 1, NULL), -XM_ENOSPC);
    ck_assert(!xmi_sim_domain_runnable(d));
    unlink(path);
    xmi_sim_machine_destroy(m);
}
END_TEST

/* The same file on two vCPUs is one program; another one gets pages of its own. */
START_TEST(test_trace_sharing)
{
    struct sim_machine *m = new_machine(1);
    struct sim_domain *d = new_domain(m, SIM_X86_EPT, 3, 5);
    uint64_t gfn;

    trace_file(" L 1000,1\n L 2000,1\n");
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 0, path, 1, NULL), 0);
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 1, path, 1, NULL), 0);
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 1, path, 1, NULL), 0);
    ck_assert_ptr_null(d->traces->next);
    ck_assert_uint_eq(d->traces->refs, 2);
    unlink(path);
    trace_file(" L 1000,1\n L 8000,1\n L 9000,1\n");
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 2, path, 1, NULL), 0);
    ck_assert_int_eq(xmi_sim_trace_gfn(d, 2, 0x1000, &gfn), 0);
    ck_assert_uint_eq(gfn, 2);
    /* Its place is free for its successor. */
    unlink(path);
    trace_file(" L 1000,1\n L 7000,1\n L 6000,1\n");
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 2, path, 1, NULL), 0);
    ck_assert_uint_eq(xmi_sim_domain_run(d, 1000), 7);
    one_op(d, SIM_OP_READ, 0, 0);
    ck_assert_int_eq(xmi_sim_vcpu_trace(d, 1, path, 1, NULL), 0);
    ck_assert_uint_eq(d->traces->refs, 2);
    ck_assert_ptr_null(d->traces->next);
    unlink(path);
    xmi_sim_machine_destroy(m);
}
END_TEST

START_TEST(test_trace_packing)
{
    uint64_t a = TRACE_PACK(UINT64_C(0xabcdef012345), XM_DO_R | XM_DO_W, 0xfed);

    ck_assert_uint_eq(TRACE_PAGE(a), UINT64_C(0xabcdef012345));
    ck_assert_uint_eq(TRACE_DO(a), XM_DO_R | XM_DO_W);
    ck_assert_uint_eq(TRACE_OFFSET(a), 0xfed);
}
END_TEST

static void fill(TCase *t)
{
    int n = (int)(sizeof(damaged_traces) / sizeof(damaged_traces[0]));
    int none = (int)(sizeof(no_traces) / sizeof(no_traces[0]));

    tcase_add_test(t, test_script_args);
    tcase_add_test(t, test_script);
    tcase_add_test(t, test_two_pages_and_holes);
    tcase_add_test(t, test_random);
    tcase_add_test(t, test_trace);
    tcase_add_loop_test(t, test_damaged_trace, 0, n);
    tcase_add_loop_test(t, test_no_trace, 0, none);
    tcase_add_test(t, test_trace_errors);
    tcase_add_test(t, test_trace_sharing);
    tcase_add_test(t, test_trace_packing);
}

int main(void)
{
    return run_suite("sim-program", fill);
}
