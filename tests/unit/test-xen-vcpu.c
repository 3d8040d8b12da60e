/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers of a vCPU through the Xen backend, against a made-up library. */
#include "unit.h"

#include <backend/xen/backend-xen.h>
#include <sys/resource.h>
#include <time.h>

#define MOST 512u
#define X(n) (8u + 8u * (n)) /* offsets of public/arch-arm.h */
#define PC 256u
#define CPSR 264u

/* What the hypervisor has of vCPU 3, and how long the library says that it is. */
static struct {
    uint8_t context[MOST];
    size_t bytes;
    int get_error, set_error;
    unsigned gets, sets;
} xen;
static struct xen_api api;
static struct xen_conn conn;
static struct xen_dom dom;

static int answer(int error)
{
    errno = error;
    return error ? -1 : 0;
}

static int fake_get(void *xch, uint32_t domid, uint32_t vcpu, void *context)
{
    (void)xch;
    ck_assert(domid == 7 && vcpu == 3);
    xen.gets++;
    if (xen.get_error)
        return answer(xen.get_error);
    memcpy(context, xen.context, xen.bytes);
    return 0;
}

static int fake_set(void *xch, uint32_t domid, uint32_t vcpu, void *context)
{
    (void)xch;
    ck_assert(domid == 7 && vcpu == 3);
    xen.sets++;
    if (xen.set_error)
        return answer(xen.set_error);
    memcpy(xen.context, context, xen.bytes);
    return 0;
}

static void runs_on(uint32_t minor, bool arm)
{
    memset(&xen, 0, sizeof(xen));
    xen.bytes = minor < 16 ? 344 : 352;
    for (size_t i = 8; i < xen.bytes; i++)
        xen.context[i] = (uint8_t)(i * 37 + 11);
    if (minor < 14)
        memset(xen.context + 316, 0, 4); /* padding behind sctlr */
    xen.context[0] = 1;
    conn.arm = arm;
    conn.release = dom.release = xmi_xen_release_find(4, minor);
}

static void setup(void)
{
    api = (struct xen_api){.vcpu_getcontext = fake_get, .vcpu_setcontext = fake_set};
    conn = (struct xen_conn){0};
    dom = (struct xen_dom){.conn = &conn, .api = &api, .domid = 7, .port = -1};
}

static uint64_t bits(unsigned offset, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = bytes; i--;)
        v = v << 8 | xen.context[offset + i];
    return v;
}

static void check_head(const struct arm_regs *r)
{
    for (unsigned i = 0; i < 31; i++)
        ck_assert_uint_eq(r->x[i], bits(X(i), 8));
    ck_assert_uint_eq(r->pc, bits(PC, 8));
    ck_assert_uint_eq(r->online, 1);
}

/* from: of sp_el0 */
static void check_tail(const struct arm_regs *r, unsigned from)
{
    ck_assert_uint_eq(r->sp_el0, bits(from, 8));
    ck_assert_uint_eq(r->sp_el1, bits(from + 8, 8));
    ck_assert_uint_eq(r->elr_el1, bits(from + 16, 8));
    ck_assert_uint_eq(r->sctlr, bits(from + 24, 8));
    ck_assert_uint_eq(r->tcr, bits(from + 32, 8));
    ck_assert_uint_eq(r->ttbr0, bits(from + 40, 8));
    ck_assert_uint_eq(r->ttbr1, bits(from + 48, 8));
}

START_TEST(each_field_is_where_the_release_has_it)
{
    const uint32_t minors[] = {11, 13, 14, 15, 16, 17, 20, 22};
    for (unsigned i = 0; i < sizeof(minors) / sizeof(*minors); i++) {
        unsigned width = minors[i] < 16 ? 4 : 8, spsr = CPSR + 2 * width;
        struct backend_vcpu v;
        runs_on(minors[i], true);
        ck_ok(xmi_xen_vcpu_get(&dom, 3, &v));
        ck_assert_uint_eq(v.arch, XMEM_ARCH_ARM);
        check_head(&v.u.arm);
        ck_assert_uint_eq(v.u.arm.cpsr, bits(CPSR, width));
        ck_assert_uint_eq(v.u.arm.spsr_el1, bits(CPSR + width, width));
        ck_assert_uint_eq(v.u.arm.spsr_fiq, bits(spsr, 4));
        ck_assert_uint_eq(v.u.arm.spsr_irq, bits(spsr + 4, 4));
        ck_assert_uint_eq(v.u.arm.spsr_und, bits(spsr + 8, 4));
        ck_assert_uint_eq(v.u.arm.spsr_abt, bits(spsr + 12, 4));
        check_tail(&v.u.arm, spsr + 16);
    }
}
END_TEST

START_TEST(what_was_read_is_given_back_to_the_bit)
{
    for (uint32_t minor = 11; minor <= 22; minor++)
        for (unsigned online = 0; online < 2; online++) {
            uint8_t before[MOST];
            struct backend_vcpu v;
            runs_on(minor, true);
            xen.context[0] = (uint8_t)online;
            memcpy(before, xen.context, sizeof(before));
            ck_ok(xmi_xen_vcpu_get(&dom, 3, &v));
            memset(xen.context, 0xff, xen.bytes);
            ck_ok(xmi_xen_vcpu_set(&dom, 3, &v));
            ck_assert_mem_eq(before, xen.context, MOST);
            ck_assert(xen.gets == 1 && xen.sets == 1);
        }
    ck_assert_uint_eq(dom.hypercalls, 48);
}
END_TEST

START_TEST(refusals_pass_and_leave_the_callers_registers)
{
    struct backend_vcpu v = {.arch = 77};
    runs_on(17, true);
    xen.get_error = ENODATA;
    ck_rc(xmi_xen_vcpu_get(&dom, 3, &v), -ENODATA);
    xen.get_error = EINVAL;
    ck_rc(xmi_xen_vcpu_get(&dom, 3, &v), -EINVAL);
    ck_assert_uint_eq(v.arch, 77);
    xen.get_error = 0;
    ck_ok(xmi_xen_vcpu_get(&dom, 3, &v));
    xen.set_error = EINVAL;
    ck_rc(xmi_xen_vcpu_set(&dom, 3, &v), -EINVAL);
    v.arch = XMEM_ARCH_X86;
    xen.set_error = 0;
    ck_rc(xmi_xen_vcpu_set(&dom, 3, &v), -EINVAL);
    ck_assert_uint_eq(xen.sets, 1);
}
END_TEST

/* A later release may have more in it; what was not understood is not written. */
START_TEST(a_longer_context_is_not_read_by_guess)
{
    struct backend_vcpu v = {.arch = 77};
    runs_on(22, true);
    xen.bytes += 8;
    ck_rc(xmi_xen_vcpu_get(&dom, 3, &v), -EOPNOTSUPP);
    runs_on(15, true);
    xen.bytes += 8;
    ck_rc(xmi_xen_vcpu_get(&dom, 3, &v), -EOPNOTSUPP);
    ck_assert_uint_eq(v.arch, 77);
}
END_TEST

START_TEST(on_x86_there_is_none_yet)
{
    struct backend_vcpu v = {.arch = XMEM_ARCH_ARM};
    runs_on(20, false);
    ck_rc(xmi_xen_vcpu_get(&dom, 3, &v), -EOPNOTSUPP);
    ck_rc(xmi_xen_vcpu_set(&dom, 3, &v), -EOPNOTSUPP);
    ck_assert(!xen.gets && !xen.sets);
}
END_TEST

START_TEST(the_program_counter_alone)
{
    uint64_t pc = 0;
    runs_on(15, true);
    ck_ok(xmi_xen_vcpu_peek(&dom, 3, &pc));
    ck_assert_uint_eq(pc, bits(PC, 8));
    runs_on(20, true);
    ck_ok(xmi_xen_vcpu_peek(&dom, 3, &pc));
    ck_assert_uint_eq(pc, bits(PC, 8));
}
END_TEST

static void look(unsigned times)
{
    uint64_t pc;
    while (times--)
        ck_ok(xmi_xen_vcpu_peek(&dom, 3, &pc));
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* How often this process gave the processor away. */
static long gave_way(void)
{
    struct rusage u;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_nvcsw;
}

/* A short sleep would cost the processor for the guest's whole slice. */
START_TEST(a_look_spins_or_sleeps_long_enough)
{
    runs_on(20, true);
    int64_t begin = now_ns();
    long before = gave_way();
    look(8);
    ck_assert_int_ge(now_ns() - begin, 8 * 20000);
    ck_assert_int_eq(gave_way(), before);
    begin = now_ns();
    look(1);
    ck_assert_int_ge(now_ns() - begin, 1050000);
    ck_assert_int_gt(gave_way(), before);
}
END_TEST

START_TEST(spinning_that_sees_nothing_is_not_repeated_soon)
{
    runs_on(20, true);
    look(3);
    xmi_xen_event_notify(&dom);
    ck_assert(!dom.looks && !dom.sleep_only);
    look(9);
    for (unsigned left = 15; left; left--) {
        xmi_xen_event_notify(&dom);
        ck_assert_uint_eq(dom.sleep_only, left);
        xmi_xen_event_notify(&dom); /* without a look between them */
        look(1);
    }
    xmi_xen_event_notify(&dom);
    ck_assert_uint_eq(dom.sleep_only, 0);
    look(8);
    xmi_xen_event_notify(&dom);
    ck_assert_uint_eq(dom.sleep_only, 0);
}
END_TEST

static int fake_list(void *xch, uint32_t first, unsigned max, void *info)
{
    struct xen_domain_info *i = info;
    (void)xch, (void)max;
    i->domid = (uint16_t)first;
    return 1;
}

static int fake_highest(void *xch, uint32_t domid, xen_gfn_arg *gpfn)
{
    (void)xch, (void)domid;
    *gpfn = 0x80000;
    return 0;
}

static int fake_access(void *xch, uint32_t domid, uint64_t gfn, int *access)
{
    (void)xch, (void)domid, (void)gfn;
    *access = 7;
    return 0;
}

static int fake_monitors(void *xch, uint32_t domid, uint32_t *bits)
{
    (void)xch, (void)domid;
    *bits = 0;
    return 0;
}

/* By the library: the hypervisor has no emulator to be asked there. */
START_TEST(on_arm_accesses_are_emulated)
{
    struct xmem_caps caps = XMEM_INIT(caps);
    runs_on(17, true);
    dom.kind = XMEM_KIND_ARM_S2;
    dom.no_calls = true;
    api.getinfolist = fake_list;
    api.maximum_gpfn = fake_highest;
    api.get_access = fake_access;
    api.monitor_capabilities = fake_monitors;
    conn.api = api;
    ck_ok(xmi_xen_domain_caps(&dom, &caps));
    ck_assert_uint_eq(caps.step_means, XMEM_STEP_EMULATE | XMEM_STEP_RELAX);
    ck_assert(!(caps.replies & 1u << XMEM_REPLY_EMULATE));
    ck_assert(caps.replies & 1u << XMEM_REPLY_STEP_OVER);
    ck_assert(xmi_backend_xen.vcpu_get && xmi_backend_xen.vcpu_set);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {each_field_is_where_the_release_has_it,
                               what_was_read_is_given_back_to_the_bit,
                               refusals_pass_and_leave_the_callers_registers,
                               a_longer_context_is_not_read_by_guess,
                               on_x86_there_is_none_yet,
                               the_program_counter_alone,
                               a_look_spins_or_sleeps_long_enough,
                               spinning_that_sees_nothing_is_not_repeated_soon,
                               on_arm_accesses_are_emulated,
                               NULL};
    return unit_main("xen-vcpu", setup, NULL, tests);
}
