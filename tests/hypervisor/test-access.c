/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights, as a guest's access meets them, and as the listener sets them. */
#include <string.h>

#include "fake-env.h"

static struct xm_domain d;

static void start(void)
{
    fake_domain(&d, XM_KIND_X86_EPT, 17, true);
}

static void stop(void)
{
    fake_end(&d);
}

/* What vCPU 0 has there. */
static int access_of(uint64_t gfn)
{
    struct xm_access_res res;

    ck_assert(xm_access_lookup(&d, 0, xm_gfn(gfn), &res));
    return res.access;
}

static int host_access_of(uint64_t gfn)
{
    return xm_p2m_get(&d, 0, xm_gfn(gfn)).access;
}

static void ring_off(void)
{
    struct xm_domctl_vm_event_op op = {.op = XM_VM_EVENT_DISABLE, .mode = XM_VM_EVENT_MODE_MONITOR};

    ck_assert_int_eq(xm_hc_vm_event(&d, &op), 0);
}

START_TEST(what_is_allowed_goes_through_with_its_bits)
{
    struct xm_access_req req = {.gfn = xm_gfn(3), .what = XM_DO_W};
    struct xm_access_res res;

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RW), 0);
    ck_assert_int_eq(xm_access_check(&d, &req, &res), XM_V_OK);
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 3);
    ck_assert_uint_eq(res.bits, XM_DO_R | XM_DO_W);
    ck_assert_uint_eq(res.access, XM_ACCESS_RW);
    ck_assert_uint_eq(res.view, 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_R | XM_DO_W), XM_V_OK);
    ck_assert_int_eq(fake_access(&d, 0, 99, XM_DO_R), XM_V_UNMAPPED);
    ck_assert_int_eq(fake_access(&d, 77, 3, XM_DO_R), XM_V_UNMAPPED);
}
END_TEST

START_TEST(a_violation_stops_the_vcpu_and_is_told)
{
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RW), 0);
    fake.regs[2].x86.rip = 0x1234;
    ck_assert_int_eq(fake_access(&d, 2, 3, XM_DO_X), XM_V_STOPPED);
    const struct xm_ev *ev = fake_last(&d);
    ck_assert_uint_eq(ev->version, 7);
    ck_assert_uint_eq(ev->reason, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(ev->vcpu_id, 2);
    ck_assert_uint_eq(ev->flags, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_ALTERNATE_P2M);
    ck_assert_uint_eq(ev->u.mem_access.gfn, 3);
    ck_assert_uint_eq(ev->u.mem_access.offset, 8);
    ck_assert_uint_eq(ev->u.mem_access.gla, 0xf003);
    ck_assert_uint_eq(ev->u.mem_access.flags,
                      XM_DO_X | XM_EV_ACCESS_GLA_VALID | XM_EV_ACCESS_WITH_GLA);
    ck_assert_uint_eq(ev->data.x86.rip, 0x1234);
    ck_assert_int_eq(fake.pauses[2], 1);
    ck_assert_uint_eq(fake.notifies, 1);
    ck_assert_uint_eq(d.vcpu[2].pending_reason, XM_EV_REASON_MEM_ACCESS);
}
END_TEST

START_TEST(a_write_on_x86_reports_a_read_too_and_on_arm_not)
{
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.flags & 7, XM_DO_R | XM_DO_W);
    fake_end(&d);
    fake_domain(&d, XM_KIND_ARM_S2, 17, false);
    fake.regs[0].arm.pc = 0x5678;
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.flags & 7, XM_DO_W);
    ck_assert_uint_eq(fake_last(&d)->data.arm.pc, 0x5678);
    ck_assert_uint_eq(fake_last(&d)->flags, XM_EV_FLAG_VCPU_PAUSED);
}
END_TEST

/* All rights times all accesses: stopped exactly where the rights say so. */
START_TEST(every_right_and_every_access)
{
    for (uint8_t a = 0; a < XM_ACCESS_RX2RW; a++) {
        if (!xm_rights_expressible(XM_KIND_X86_EPT, (enum xm_access)a))
            continue;
        ck_assert_int_eq(fake_set(&d, 3, 1, a), 0);
        for (unsigned what = 1; what < 8; what <<= 1) {
            unsigned needs = what == XM_DO_W ? XM_DO_R | XM_DO_W : what;
            bool stops = (needs & ~(unsigned)xm_rights_bits((enum xm_access)a)) != 0;

            ck_assert_int_eq(fake_access(&d, 1, 3, what), stops ? XM_V_STOPPED : XM_V_OK);
            if (stops)
                ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED), 0);
            ck_assert_int_eq(fake.pauses[1], 0);
        }
    }
}
END_TEST

START_TEST(rx2rw_turns_silently)
{
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RX2RW), 0);
    fake.flushes = 0;
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_X), XM_V_OK);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_RETRY_NOW);
    ck_assert_int_eq(access_of(3), XM_ACCESS_RW);
    ck_assert_int_eq(host_access_of(3), XM_ACCESS_RX2RW); /* views are on: only the copy turns */
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_OK);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_uint_eq(d.stats.events, 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_X), XM_V_STOPPED);
}
END_TEST

START_TEST(n2rwx_tells_and_goes_on)
{
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_N2RWX), 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_R), XM_V_RETRY_NOW);
    ck_assert_uint_eq(fake_last(&d)->flags & XM_EV_FLAG_VCPU_PAUSED, 0);
    ck_assert_int_eq(access_of(3), XM_ACCESS_RWX);
    ck_assert_int_eq(fake.pauses[0], 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_OK);
}
END_TEST

START_TEST(n2rwx_without_a_slot_leaves_no_trace)
{
    d.vcpus = 1; /* seven free slots are enough for one: nobody is blocked */
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_int_eq(fake_set(&d, i, 1, XM_ACCESS_N2RWX), 0);
        ck_assert_int_eq(fake_access(&d, 0, i, XM_DO_R), i < 7 ? XM_V_RETRY_NOW : XM_V_STOPPED);
    }
    d.vcpus = 4;
    ck_assert_int_eq(fake_set(&d, 8, 1, XM_ACCESS_N2RWX), 0);
    ck_assert_int_eq(fake_access(&d, 1, 8, XM_DO_R), XM_V_STOPPED);
    ck_assert(fake.waits[1]);
    ck_assert_int_eq(access_of(8), XM_ACCESS_N2RWX);
    ck_assert_int_eq(fake_resume(&d, 0, 0), 0);
    ck_assert(!fake.waits[1]);
    ck_assert_int_eq(fake_access(&d, 1, 8, XM_DO_R), XM_V_STOPPED); /* sent, then blocked */
    ck_assert_int_eq(access_of(8), XM_ACCESS_RWX);
    ck_assert_int_eq(fake.pauses[1], 1);
}
END_TEST

START_TEST(without_a_listener_rights_are_lifted)
{
    ck_assert_int_eq(fake_set(&d, 3, 2, XM_ACCESS_R), 0);
    ring_off();
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_RETRY_NOW);
    ck_assert_int_eq(access_of(3), XM_ACCESS_RWX);
    ck_assert_int_eq(access_of(4), XM_ACCESS_R);
    ck_assert_ptr_null(fake.crash);
}
END_TEST

START_TEST(a_required_listener_that_is_not_there_kills)
{
    struct xm_domctl op = {.cmd = XM_DOMCTL_SET_ACCESS_REQUIRED,
                           .interface_version = 0x15,
                           .u.access_required.access_required = 1};

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(xm_hc_domctl(&d, &op), 0);
    ring_off();
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_W), XM_V_CRASH);
    ck_assert_ptr_nonnull(fake.crash);
    ck_assert_int_eq(access_of(3), XM_ACCESS_R);
}
END_TEST

START_TEST(page_walks_can_be_kept_out)
{
    struct xm_access_req req = {
        .gfn = xm_gfn(3), .what = XM_DO_W, .kind = XM_ACC_IN_GPT, .offset = 0x1018};
    struct xm_access_res res;

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(xm_access_check(&d, &req, &res), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.flags, XM_DO_R | XM_DO_W | XM_EV_ACCESS_IN_GPT);
    ck_assert_uint_eq(fake_last(&d)->u.mem_access.offset, 0x18);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_INGUEST_PAGEFAULT), 0);
    ck_assert_int_eq(xm_access_check(&d, &req, &res), XM_V_EMULATE);
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 3);
}
END_TEST

START_TEST(looking_changes_nothing)
{
    struct xm_access_res res;
    int view = fake_view_create(&d, XM_ACCESS_RWX);

    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_N2RWX), 0);
    ck_assert(xm_access_lookup(&d, 0, xm_gfn(3), &res));
    ck_assert_uint_eq(res.bits, 0);
    ck_assert_uint_eq(res.access, XM_ACCESS_N2RWX);
    ck_assert_int_eq(access_of(3), XM_ACCESS_N2RWX);
    ck_assert(!xm_access_lookup(&d, 0, xm_gfn(99), &res));
    ck_assert(!xm_access_lookup(&d, 99, xm_gfn(3), &res));
    ck_assert(xm_vcpu_switch_view(&d, 1, (unsigned)view));
    ck_assert(xm_access_lookup(&d, 1, xm_gfn(4), &res));
    ck_assert_uint_eq(res.mfn.n, FAKE_GUEST_MFN + 4);
    ck_assert_uint_eq(res.view, (unsigned)view);
    ck_assert_uint_eq(d.view[view].mapped, 0);
    ck_assert(!xm_access_lookup(&d, 1, xm_gfn(99), &res));
    ck_assert_uint_eq(d.stats.events, 0);
}
END_TEST

START_TEST(no_memory_to_relax_or_to_copy_kills_cleanly)
{
    int view = fake_view_create(&d, XM_ACCESS_RWX);

    ck_assert_int_eq(fake_set(&d, UINT64_MAX, 0, XM_ACCESS_RX2RW), 0);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(512), XM_ORDER_2M), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(fake_access(&d, 0, 512, XM_DO_W), XM_V_CRASH);
    ck_assert_ptr_nonnull(fake.crash);
    fake.crash = NULL;
    ck_assert(xm_vcpu_switch_view(&d, 1, (unsigned)view));
    ck_assert_int_eq(fake_access(&d, 1, 512, XM_DO_R), XM_V_CRASH);
    ck_assert_ptr_nonnull(fake.crash);
}
END_TEST

/* ---- XENMEM_access_op ---- */

#define N 0
#define R 1
#define RX 5
#define RWX 7
#define DEFAULT 10
#define DEFAULT_420 11
#define ALL UINT64_MAX

static void start_op(void)
{
    fake_domain(&d, XM_KIND_X86_EPT, 17, false);
}

static int multi(const uint64_t *gfns, const uint8_t *rights, uint32_t nr, uint32_t *start_op)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET_MULTI,
                                  .nr = nr,
                                  .pfn_list = (uintptr_t)gfns,
                                  .access_list = (uintptr_t)rights};

    return xm_hc_mem_access(&d, &op, start_op);
}

START_TEST(set_and_get)
{
    ck_assert_int_eq(fake_get(&d, 3), RWX);
    ck_assert_int_eq(fake_set(&d, 3, 2, RX), 0);
    ck_assert_int_eq(fake_get(&d, 2), RWX);
    ck_assert_int_eq(fake_get(&d, 3), RX);
    ck_assert_int_eq(fake_get(&d, 4), RX);
    ck_assert_int_eq(fake_get(&d, 5), RWX);
}
END_TEST

START_TEST(every_right_that_ept_has_is_kept_and_the_others_refused)
{
    for (uint8_t n = 0; n < 10; n++) {
        bool bad = n == XM_ACCESS_W || n == XM_ACCESS_WX;

        ck_assert_int_eq(fake_set(&d, 1, 1, n), bad ? -XM_EINVAL : 0);
        ck_assert_int_eq(fake_get(&d, 1) == n, !bad);
    }
    ck_assert_int_eq(fake_set(&d, 1, 1, 11), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 1, 1, 255), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, 1), XM_ACCESS_N2RWX);
}
END_TEST

START_TEST(without_a_ring_nothing_answers)
{
    struct xm_mem_access_op bad = {.op = 99};
    uint32_t at = 0;

    ck_assert_int_eq(xm_hc_mem_access(&d, &bad, &at), -XM_ENOSYS);
    xm_ring_kill(&d);
    ck_assert_int_eq(fake_set(&d, 1, 1, R), -XM_ENODEV);
    ck_assert_int_eq(fake_get(&d, 1), -XM_ENODEV);
    ck_assert_int_eq(fake_get(&d, 999), -XM_ENODEV);
    ck_assert_int_eq(xm_hc_mem_access(&d, &bad, &at), -XM_ENODEV);
}
END_TEST

START_TEST(ranges_outside_the_guest_are_refused)
{
    ck_assert_int_eq(fake_set(&d, 16, 1, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 15, 2, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, ALL - 1, 4, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 0, 0, R), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, 5, 0, R), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, 16), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, 15), RWX);
}
END_TEST

START_TEST(a_hole_cannot_be_asked_and_takes_a_set_without_a_word)
{
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(7), 0), 0);
    ck_assert_int_eq(fake_get(&d, 7), -XM_ESRCH);
    ck_assert_int_eq(fake_set(&d, 6, 3, R), 0);
    ck_assert_int_eq(fake_get(&d, 7), -XM_ESRCH);
    ck_assert_int_eq(fake_get(&d, 8), R);
}
END_TEST

START_TEST(default_is_for_what_comes_later)
{
    ck_assert_int_eq(fake_get(&d, ALL), RWX);
    ck_assert_int_eq(fake_set(&d, ALL, 0, RX), 0);
    ck_assert_int_eq(fake_get(&d, ALL), RX);
    ck_assert_int_eq(fake_get(&d, 3), RWX);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(20), xm_mfn(1), 0), 0);
    ck_assert_int_eq(fake_get(&d, 20), RX);
    ck_assert_int_eq(fake_set(&d, 3, 1, DEFAULT), 0);
    ck_assert_int_eq(fake_get(&d, 3), RX);
    ck_assert_int_eq(fake_set(&d, ALL, 0, RWX), 0);
    ck_assert_int_eq(fake_get(&d, 3), RX);
    ck_assert_int_eq(fake_set(&d, ALL, 0, XM_ACCESS_W), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, ALL), RWX);
}
END_TEST

START_TEST(from_4_20_ten_is_r_pw)
{
    fake_end(&d);
    fake_domain(&d, XM_KIND_X86_EPT, 20, false);
    ck_assert_int_eq(fake_set(&d, ALL, 0, RX), 0);
    ck_assert_int_eq(fake_set(&d, 1, 1, 10), 0);
    ck_assert_int_eq(fake_set(&d, 2, 1, DEFAULT_420), 0);
    ck_assert_int_eq(fake_get(&d, 1), 10);
    ck_assert_int_eq(fake_get(&d, 2), RX);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(1)).access, XM_ACCESS_R_PW);
    ck_assert_int_eq(fake_set(&d, 1, 1, 12), -XM_EINVAL);
}
END_TEST

START_TEST(a_range_is_one_flush_and_none_when_nothing_changes)
{
    ck_assert_int_eq(fake_set(&d, 0, 16, R), 0);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_int_eq(fake_set(&d, 0, 16, R), 0);
    ck_assert_uint_eq(fake.flushes, 1);
}
END_TEST

START_TEST(a_long_range_is_continued_every_64_with_one_flush_each)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_SET, .access = R, .nr = 200};
    uint32_t at = 0;

    for (uint64_t i = 16; i < 200; i++)
        ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(i), xm_mfn(i), 0), 0);
    fake.flushes = 0;
    fake.preempt = true;
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), XM_CONTINUE);
    ck_assert_uint_eq(at, 64);
    ck_assert_int_eq(fake_get(&d, 63), R);
    ck_assert_int_eq(fake_get(&d, 64), RWX);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), XM_CONTINUE);
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), XM_CONTINUE);
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), 0);
    ck_assert_int_eq(fake_get(&d, 199), R);
    ck_assert_uint_eq(fake.flushes, 4);
    at = 201;
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), -XM_EINVAL);
}
END_TEST

START_TEST(get_has_no_continuation)
{
    struct xm_mem_access_op op = {.op = XM_MEM_ACCESS_GET};
    uint32_t at = 64;

    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &at), -XM_ENOSYS);
}
END_TEST

START_TEST(multi_sets_each_its_own)
{
    const uint64_t gfns[] = {9, 2, 2, 5000, ALL};
    const uint8_t rights[] = {R, RX, N, R, R};
    uint32_t at = 0;

    ck_assert_int_eq(multi(gfns, rights, 5, &at), 0);
    ck_assert_int_eq(fake_get(&d, 9), R);
    ck_assert_int_eq(fake_get(&d, 2), N);
    ck_assert_int_eq(fake_get(&d, ALL), RWX);
    ck_assert_uint_eq(fake.flushes, 1);
    at = 0;
    ck_assert_int_eq(multi(gfns, rights, 0, &at), 0);
}
END_TEST

START_TEST(multi_stops_at_the_first_bad_one)
{
    const uint64_t gfns[] = {1, 2, 3};
    const uint8_t rights[] = {R, 77, R};
    uint32_t at = 0;

    ck_assert_int_eq(multi(gfns, rights, 3, &at), -XM_EINVAL);
    ck_assert_uint_eq(at, 1);
    ck_assert_int_eq(fake_get(&d, 1), R);
    ck_assert_int_eq(fake_get(&d, 3), RWX);
    at = 0;
    ck_assert_int_eq(multi(NULL, rights, 3, &at), -XM_EFAULT);
    ck_assert_int_eq(multi(gfns, NULL, 3, &at), -XM_EFAULT);
    ck_assert_uint_eq(at, 0);
}
END_TEST

START_TEST(multi_is_continued_every_64)
{
    uint64_t gfns[130];
    uint8_t rights[130];
    uint32_t at = 0, n = 0;

    memset(rights, R, sizeof(rights));
    for (n = 0; n < 130; n++)
        gfns[n] = n % 16;
    fake.preempt = true;
    for (n = 0; multi(gfns, rights, 130, &at) == XM_CONTINUE; n++)
        ck_assert_uint_eq(at, 64 * (n + 1));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(at, 130);
}
END_TEST

START_TEST(no_memory_for_a_split_is_said)
{
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(512), XM_ORDER_2M), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(fake_set(&d, 600, 1, R), -XM_ENOMEM);
    ck_assert_int_eq(fake_get(&d, 600), RWX);
    fake.frames_left = -1;
    ck_assert_int_eq(fake_set(&d, 600, 1, R), 0);
    ck_assert_int_eq(fake_get(&d, 600), R);
    ck_assert_int_eq(fake_get(&d, 601), RWX);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(600)).mfn.n, 600);
}
END_TEST

START_TEST(arm_has_all_ten_rights_and_no_multi)
{
    uint64_t gfn = 1;
    uint8_t n = R;
    uint32_t at = 0;

    fake_end(&d);
    fake_domain(&d, XM_KIND_ARM_S2, 17, false);
    /* Nothing was ever set: rwx, even for a hole (p2m->mem_access_enabled). */
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(7), 0), 0);
    ck_assert_int_eq(fake_get(&d, 7), RWX);
    ck_assert_int_eq(multi(&gfn, &n, 1, &at), -XM_EOPNOTSUPP);
    for (n = 0; n < 10; n++) {
        ck_assert_int_eq(fake_set(&d, 1, 1, n), 0);
        ck_assert_int_eq(fake_get(&d, 1), n);
    }
    ck_assert_int_eq(fake_get(&d, 7), -XM_ESRCH);
    ck_assert_int_eq(fake_set(&d, 16, 1, R), -XM_EINVAL);
}
END_TEST

static void add_access_op(Suite *s)
{
    TCase *t = tcase_create("access-op");

    tcase_add_checked_fixture(t, start_op, stop);
    tcase_add_test(t, set_and_get);
    tcase_add_test(t, every_right_that_ept_has_is_kept_and_the_others_refused);
    tcase_add_test(t, without_a_ring_nothing_answers);
    tcase_add_test(t, ranges_outside_the_guest_are_refused);
    tcase_add_test(t, a_hole_cannot_be_asked_and_takes_a_set_without_a_word);
    tcase_add_test(t, default_is_for_what_comes_later);
    tcase_add_test(t, from_4_20_ten_is_r_pw);
    tcase_add_test(t, a_range_is_one_flush_and_none_when_nothing_changes);
    tcase_add_test(t, a_long_range_is_continued_every_64_with_one_flush_each);
    tcase_add_test(t, get_has_no_continuation);
    tcase_add_test(t, multi_sets_each_its_own);
    tcase_add_test(t, multi_stops_at_the_first_bad_one);
    tcase_add_test(t, multi_is_continued_every_64);
    tcase_add_test(t, no_memory_for_a_split_is_said);
    tcase_add_test(t, arm_has_all_ten_rights_and_no_multi);
    suite_add_tcase(s, t);
}

int main(void)
{
    Suite *s = suite_create("access");
    TCase *t = tcase_create("access-check");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, what_is_allowed_goes_through_with_its_bits);
    tcase_add_test(t, a_violation_stops_the_vcpu_and_is_told);
    tcase_add_test(t, a_write_on_x86_reports_a_read_too_and_on_arm_not);
    tcase_add_test(t, every_right_and_every_access);
    tcase_add_test(t, rx2rw_turns_silently);
    tcase_add_test(t, n2rwx_tells_and_goes_on);
    tcase_add_test(t, n2rwx_without_a_slot_leaves_no_trace);
    tcase_add_test(t, without_a_listener_rights_are_lifted);
    tcase_add_test(t, a_required_listener_that_is_not_there_kills);
    tcase_add_test(t, page_walks_can_be_kept_out);
    tcase_add_test(t, looking_changes_nothing);
    tcase_add_test(t, no_memory_to_relax_or_to_copy_kills_cleanly);
    suite_add_tcase(s, t);
    add_access_op(s);
    return fake_run(s);
}
