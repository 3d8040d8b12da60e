/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-env.h"

static struct xm_domain d;

static void start(void)
{
    struct xm_domain_cfg cfg = {.kind = XM_KIND_X86_EPT, .vcpus = 4};

    fake_start(&d, &cfg);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(3), xm_mfn(FAKE_GUEST_MFN), 0), 0);
}

static void stop(void)
{
    fake_end(&d);
}

static int op(uint32_t what)
{
    struct xm_domctl_vm_event_op v = {.op = what, .mode = XM_VM_EVENT_MODE_MONITOR};

    return xm_hc_vm_event(&d, &v);
}

START_TEST(on_and_off)
{
    ck_assert_int_eq(op(XM_VM_EVENT_DISABLE), -XM_EINVAL);
    ck_assert_int_eq(op(XM_VM_EVENT_RESUME), -XM_ENODEV);
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), -XM_EBUSY);
    ck_assert_int_eq(op(XM_VM_EVENT_RESUME), 0);
    ck_assert_int_eq(op(XM_VM_EVENT_DISABLE), 0);
    ck_assert_int_eq(op(XM_VM_EVENT_DISABLE), -XM_EINVAL);
    ck_assert_int_eq(op(9), -XM_ENOSYS);
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
}
END_TEST

START_TEST(version_is_asked_before_all_else_and_other_rings_are_not_built_in)
{
    struct xm_domctl_vm_event_op v = {.op = XM_VM_EVENT_GET_VERSION, .mode = 77};

    ck_assert_int_eq(xm_hc_vm_event(&d, &v), 0);
    ck_assert_uint_eq(v.u.version, 7);
    v.op = XM_VM_EVENT_ENABLE;
    ck_assert_int_eq(xm_hc_vm_event(&d, &v), -XM_ENOSYS);
    v.mode = XM_VM_EVENT_MODE_PAGING;
    ck_assert_int_eq(xm_hc_vm_event(&d, &v), -XM_ENOSYS);
    v.mode = XM_VM_EVENT_MODE_SHARING;
    ck_assert_int_eq(xm_hc_vm_event(&d, &v), -XM_ENOSYS);
}
END_TEST

START_TEST(the_page_is_fresh_each_time_and_the_same)
{
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
    struct xm_ring_page *page = xm_ring_page(&d);
    ck_assert_uint_eq(page->req_event, 1);
    ck_assert_uint_eq(page->rsp_event, 1);
    page->rsp_prod = 5;
    page->slot[0].reason = 99;
    ck_assert_int_eq(op(XM_VM_EVENT_DISABLE), 0);
    ck_assert_uint_eq(page->rsp_prod, 5); /* still there to look at */
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
    ck_assert_ptr_eq(xm_ring_page(&d), page);
    ck_assert_uint_eq(page->rsp_prod, 0);
    ck_assert_uint_eq(page->slot[0].reason, 0);
}
END_TEST

START_TEST(disable_forgets_monitors_and_keeps_pauses_and_rights)
{
    struct xm_ev rsp = {.version = 7, .flags = XM_EV_FLAG_VCPU_PAUSED};

    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_CPUID), 0);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(fake_access(&d, 0, 3, XM_DO_X), XM_V_STOPPED);
    ck_assert_int_eq(op(XM_VM_EVENT_DISABLE), 0);
    ck_assert_int_eq(fake.pauses[0], 1);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(3)).access, XM_ACCESS_R);
    ck_assert_uint_eq(d.monitor.enabled, 0);
    /* What gets such a vCPU going again: enable, and a made-up answer. */
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
    ck_assert_int_eq(fake_answer(&d, &rsp), 0);
    ck_assert_int_eq(fake.pauses[0], 0);
    ck_assert_uint_eq(d.stats.double_answers, 0);
}
END_TEST

START_TEST(disable_waits_for_sleepers)
{
    struct xm_ev ev = {.reason = XM_EV_REASON_GUEST_REQUEST};

    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
    d.vcpu[0].blocked = false;
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(xm_event_send(&d, &d.vcpu[0], true, &ev), 1);
    ck_assert_int_eq(xm_event_send(&d, &d.vcpu[1], true, &ev), -XM_EAGAIN);
    ck_assert_int_eq(op(XM_VM_EVENT_DISABLE), -XM_EBUSY);
    ck_assert(fake.waits[1]);
    ck_assert_int_eq(fake_resume(&d, 0, XM_EV_FLAG_VCPU_PAUSED), 0);
    ck_assert_int_eq(op(XM_VM_EVENT_DISABLE), 0);
}
END_TEST

START_TEST(no_memory_at_any_step_leaves_it_off)
{
    fake.alloc_left = 0;
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), -XM_ENOMEM);
    fake.alloc_left = -1;
    fake.frames_left = 0;
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), -XM_ENOMEM);
    ck_assert_int_eq(op(XM_VM_EVENT_RESUME), -XM_ENODEV);
    fake.frames_left = -1;
    ck_assert_int_eq(op(XM_VM_EVENT_ENABLE), 0);
}
END_TEST

START_TEST(domctls_of_another_release_are_refused)
{
    struct xm_domctl c = {.cmd = XM_DOMCTL_VM_EVENT_OP, .interface_version = 0x17};

    c.u.vm_event_op.mode = XM_VM_EVENT_MODE_MONITOR;
    ck_assert_int_eq(xm_hc_domctl(&d, &c), -XM_EACCES);
    c.interface_version = 0x15;
    ck_assert_int_eq(xm_hc_domctl(&d, &c), 0);
    c.cmd = XM_DOMCTL_MONITOR_OP;
    c.u.monitor_op.op = XM_MONITOR_GET_CAPABILITIES;
    ck_assert_int_eq(xm_hc_domctl(&d, &c), 0);
    ck_assert_uint_eq(c.u.monitor_op.event, xm_monitor_caps(&d));
    c.cmd = XM_DOMCTL_SET_ACCESS_REQUIRED;
    c.u.access_required.access_required = 1;
    ck_assert_int_eq(xm_hc_domctl(&d, &c), 0);
    ck_assert(d.access_required);
    c.cmd = XM_DOMCTL_PAUSE;
    ck_assert_int_eq(xm_hc_domctl(&d, &c), -XM_ENOSYS);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vm-event");
    TCase *t = tcase_create("vm-event");

    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, on_and_off);
    tcase_add_test(t, version_is_asked_before_all_else_and_other_rings_are_not_built_in);
    tcase_add_test(t, the_page_is_fresh_each_time_and_the_same);
    tcase_add_test(t, disable_forgets_monitors_and_keeps_pauses_and_rights);
    tcase_add_test(t, disable_waits_for_sleepers);
    tcase_add_test(t, no_memory_at_any_step_leaves_it_off);
    tcase_add_test(t, domctls_of_another_release_are_refused);
    suite_add_tcase(s, t);
    return fake_run(s);
}
