/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV mem_access on this core's domain: on and off, the hypercall, verdicts and events. */
#include "fake-env.h"

#define END 1000u
#define FOREIGN 999u

static unsigned drops, blows;

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    return mfn.n != FOREIGN;
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    (void)mfn;
    return drops++ % 2 == 0;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
    blows++;
}

static const struct xm_pv_hooks hooks = {.owned = owned, .drop = drop, .blow = blow};

static int ring(struct xm_domain *d, uint32_t what)
{
    struct xm_domctl_vm_event_op op = {.op = what, .mode = XM_VM_EVENT_MODE_MONITOR};

    return xm_hc_vm_event(d, &op);
}

static void start(struct xm_domain *d)
{
    const struct xm_domain_cfg cfg = {
        .kind = XM_KIND_X86_PV, .vcpus = 4, .pv_hooks = &hooks, .pv_end = END};

    drops = blows = 0;
    fake_start(d, &cfg);
}

static void start_listening(struct xm_domain *d)
{
    start(d);
    ck_assert_int_eq(xm_pv_enable(d), 0);
    ck_assert_int_eq(ring(d, XM_VM_EVENT_ENABLE), 0);
    fake.flushes = 0;
}

#define VA(mfn) ((mfn) << 12 | 8)

/* Where the vCPU is now. */
static struct xm_pv_ask ask_of(uint32_t vcpu, uint64_t mfn, uint8_t what, uint8_t who)
{
    return (struct xm_pv_ask){.mfn = mfn,
                              .va = VA(mfn),
                              .va_valid = who != XM_PV_BY_HYPERCALL,
                              .offset = 8,
                              .what = what,
                              .who = who,
                              .ip = fake.regs[vcpu].x86.rip,
                              .sp = fake.regs[vcpu].x86.rsp,
                              .guest_allows = true,
                              .ours = mfn != FOREIGN};
}

static enum xm_pv_next touch(struct xm_domain *d, uint32_t vcpu, uint64_t mfn, uint8_t what,
                             uint8_t who)
{
    const struct xm_pv_ask ask = ask_of(vcpu, mfn, what, who);
    struct xm_pv_todo todo;

    return xm_pv_access(xm_pv_of(d), xm_pv_vcpu_of(&d->vcpu[vcpu]), &ask, &todo);
}

START_TEST(test_cfg)
{
    struct xm_domain d;
    struct xm_domain_cfg cfg = {.kind = XM_KIND_X86_PV, .vcpus = 1};

    start(&d);
    fake_end(&d);
    ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_EINVAL); /* no hooks */
    cfg.pv_hooks = &hooks;
    cfg.views_allowed = true;
    ck_assert_int_eq(xm_domain_init(&d, &cfg), -XM_EINVAL);
}
END_TEST

START_TEST(test_on_and_off)
{
    struct xm_domain d, ept;

    fake_domain(&ept, XM_KIND_X86_EPT, 17, false);
    ck_assert_int_eq(xm_pv_enable(&ept), -XM_EOPNOTSUPP);
    ck_assert_int_eq(xm_pv_disable(&ept, true), -XM_EOPNOTSUPP);
    fake_end(&ept);
    start(&d);
    ck_assert_int_eq(ring(&d, XM_VM_EVENT_ENABLE), -XM_ENODEV); /* no ring before */
    ck_assert_int_eq(xm_pv_disable(&d, false), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(xm_pv_enable(&d), -XM_ENOMEM);
    ck_assert(!xm_pv_of(&d)->on);
    fake.frames_left = -1;
    ck_assert_int_eq(xm_pv_enable(&d), 0);
    ck_assert_int_eq(xm_pv_enable(&d), 0);
    ck_assert_ptr_nonnull(xm_ring_page(&d));
    ck_assert_int_eq(ring(&d, XM_VM_EVENT_ENABLE), 0);
    ck_assert_int_eq(ring(&d, XM_VM_EVENT_ENABLE), -XM_EBUSY);
    ck_assert_int_eq(xm_pv_disable(&d, true), -XM_EBUSY); /* somebody listens */
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    ck_assert_int_eq(ring(&d, XM_VM_EVENT_DISABLE), 0);
    ck_assert_int_eq(xm_pv_disable(&d, false), -XM_EBUSY); /* rights are in force */
    fake.flushes = 0;
    ck_assert_int_eq(xm_pv_disable(&d, true), 0);
    ck_assert_uint_eq(blows, 1);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert(!xm_pv_of(&d)->on);
    fake_end(&d);
}
END_TEST

START_TEST(test_hypercall)
{
    struct xm_mem_access_op op = {.op = 9};
    struct xm_altp2m_op alt = {.u.domain_state.state = 1};
    uint64_t gfns[2] = {5, FOREIGN};
    uint8_t rights[2] = {XM_ACCESS_R, XM_ACCESS_R};
    struct xm_domain d;
    uint32_t from = 0;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, 3, 2, XM_ACCESS_R), 0);
    ck_assert_uint_eq(fake.flushes, 1); /* once for both */
    ck_assert_int_eq(fake_get(&d, 4), XM_ACCESS_R);
    ck_assert_int_eq(fake_get(&d, 5), XM_ACCESS_RWX);
    ck_assert_int_eq(fake_get(&d, END), -XM_EINVAL);
    ck_assert_int_eq(fake_get(&d, FOREIGN), -XM_ESRCH);
    ck_assert_int_eq(fake_set(&d, FOREIGN - 1, 2, XM_ACCESS_R), -XM_ESRCH);
    ck_assert_int_eq(fake_get(&d, FOREIGN - 1), XM_ACCESS_RWX);
    ck_assert_int_eq(fake_set(&d, 3, 1, 11), -XM_EINVAL);
    ck_assert_int_eq(fake_set(&d, XM_GFN_NONE, 0, XM_ACCESS_RX), 0);
    ck_assert_int_eq(fake_get(&d, XM_GFN_NONE), XM_ACCESS_RX);
    ck_assert_int_eq(fake_get(&d, 4), XM_ACCESS_RX);
    ck_assert_int_eq(fake_set(&d, XM_GFN_NONE, 77, XM_ACCESS_DEFAULT), 0);
    ck_assert_int_eq(fake_get(&d, XM_GFN_NONE), XM_ACCESS_RX);
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &from), -XM_ENOSYS);
    op = (struct xm_mem_access_op){.op = XM_MEM_ACCESS_SET_MULTI,
                                   .nr = 2,
                                   .pfn_list = (uintptr_t)gfns,
                                   .access_list = (uintptr_t)rights};
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &from), -XM_ESRCH);
    ck_assert_int_eq(fake_get(&d, 5), XM_ACCESS_RX);
    op.nr = 1;
    from = 0;
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &from), 0);
    ck_assert_int_eq(fake_get(&d, 5), XM_ACCESS_R);
    op = (struct xm_mem_access_op){.op = XM_MEM_ACCESS_GET, .pfn = 5};
    from = 64;
    ck_assert_int_eq(xm_hc_mem_access(&d, &op, &from), -XM_ENOSYS);
    /* What PV has not. */
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_SET_DOMAIN_STATE, &alt), -XM_EOPNOTSUPP);
    ck_assert_uint_eq(xm_monitor_caps(&d),
                      1u << XM_MONITOR_EMUL_UNIMPLEMENTED | XM_MONITOR_CAP_STEP);
    ck_assert_int_eq(fake_monitor(&d, XM_MONITOR_ENABLE, XM_MONITOR_GUEST_REQUEST), -XM_EOPNOTSUPP);
    xm_pv_of(&d)->on = false;
    ck_assert_int_eq(fake_get(&d, 4), -XM_EOPNOTSUPP);
    xm_pv_of(&d)->on = true;
    fake_end(&d);
}
END_TEST

START_TEST(test_violation)
{
    struct xm_domain d;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_R), 0);
    fake.regs[1].x86.rip = 0x1234;
    ck_assert_int_eq(touch(&d, 1, 3, XM_DO_R, XM_PV_BY_GUEST), XM_PV_GO_ON);
    ck_assert_int_eq(touch(&d, 1, 3, XM_DO_W, XM_PV_BY_GUEST), XM_PV_STOPPED);
    struct xm_ev *ev = fake_last(&d);
    ck_assert_uint_eq(ev->reason, XM_EV_REASON_MEM_ACCESS);
    ck_assert_uint_eq(ev->vcpu_id, 1);
    ck_assert_uint_eq(ev->flags, XM_EV_FLAG_VCPU_PAUSED);
    ck_assert_uint_eq(ev->u.mem_access.gfn, 3);
    ck_assert_uint_eq(ev->u.mem_access.offset, 8);
    ck_assert_uint_eq(ev->u.mem_access.gla, VA(3));
    ck_assert_uint_eq(ev->u.mem_access.flags,
                      XM_DO_W | XM_EV_ACCESS_GLA_VALID | XM_EV_ACCESS_WITH_GLA);
    ck_assert_uint_eq(ev->data.x86.rip, 0x1234);
    ck_assert_int_eq(fake.pauses[1], 1);
    ev->data.x86.rip = 0x1238;
    ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED | XM_EV_FLAG_SET_REGISTERS), 0);
    ck_assert(!d.vcpu[1].has_reply);
    ck_assert_uint_eq(fake.regs[1].x86.rip, 0x1238);
    ck_assert_int_eq(fake.pauses[1], 0);
    ck_assert_int_eq(touch(&d, 0, FOREIGN, XM_DO_W, XM_PV_BY_GUEST), XM_PV_GO_ON);
    fake_end(&d);
}
END_TEST

START_TEST(test_transitions)
{
    struct xm_domain d;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, 3, 1, XM_ACCESS_RX2RW), 0);
    ck_assert_int_eq(touch(&d, 0, 3, XM_DO_W, XM_PV_BY_GUEST), XM_PV_GO_ON);
    ck_assert_int_eq(fake_get(&d, 3), XM_ACCESS_RW);
    ck_assert_uint_eq(d.stats.events, 0);
    ck_assert_int_eq(fake_set(&d, 4, 1, XM_ACCESS_N2RWX), 0);
    ck_assert_int_eq(touch(&d, 0, 4, XM_DO_X, XM_PV_BY_GUEST), XM_PV_GO_ON);
    ck_assert_uint_eq(d.stats.events, 1);
    ck_assert_uint_eq(fake_last(&d)->flags, 0);
    ck_assert_int_eq(fake_get(&d, 4), XM_ACCESS_RWX);
    ck_assert_int_eq(fake_set(&d, 5, 1, XM_ACCESS_X), 0);
    ck_assert_int_eq(touch(&d, 0, 5, XM_DO_X, XM_PV_BY_GUEST), XM_PV_EMULATE);
    fake_end(&d);
}
END_TEST

/* A vCPU that finds no slot sleeps, and the page is as it was. */
START_TEST(test_full_ring)
{
    struct xm_domain d;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, 0, 20, XM_ACCESS_N2RWX), 0);
    for (uint64_t m = 0; m < 8; m++) {
        enum xm_pv_next next = touch(&d, 0, m, XM_DO_R, XM_PV_BY_GUEST);

        /* From the fifth on fewer slots are left than vCPUs: the vCPU is paused behind it. */
        ck_assert_int_eq(next, m < 4 ? XM_PV_GO_ON : XM_PV_STOPPED);
        ck_assert_int_eq(fake_get(&d, m), XM_ACCESS_RWX);
    }
    ck_assert_int_eq(touch(&d, 1, 9, XM_DO_R, XM_PV_BY_GUEST), XM_PV_STOPPED);
    ck_assert(fake.waits[1]);
    ck_assert_int_eq(fake_get(&d, 9), XM_ACCESS_N2RWX);
    /* In a hypercall nobody sleeps: it is continued until there is a slot. */
    ck_assert_int_eq(touch(&d, 2, 9, XM_DO_R, XM_PV_BY_HYPERCALL), XM_PV_STOPPED);
    ck_assert(!fake.waits[2] && !xm_pv_vcpu_of(&d.vcpu[2])->told);
    ck_assert_int_eq(fake_get(&d, 9), XM_ACCESS_N2RWX);
    fake_end(&d);
}
END_TEST

START_TEST(test_own_accesses)
{
    struct xm_domain d;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, 0, 20, XM_ACCESS_N), 0);
    ck_assert_int_eq(touch(&d, 0, 1, XM_DO_W, XM_PV_BY_XEN), XM_PV_OPEN);
    ck_assert_int_eq(touch(&d, 0, 50, XM_DO_W, XM_PV_BY_XEN), XM_PV_GO_ON);
    ck_assert_uint_eq(d.stats.events, 0);
    xm_pv_of(&d)->policy = XM_PV_OWN_DENY;
    ck_assert_int_eq(touch(&d, 0, 1, XM_DO_W, XM_PV_BY_XEN), XM_PV_FAIL);
    ck_assert_uint_eq(d.stats.events, 0);
    xm_pv_of(&d)->policy = XM_PV_OWN_NOTIFY;
    for (unsigned i = 0; i < 12; i++)
        ck_assert_int_eq(touch(&d, 0, 1, XM_DO_W, XM_PV_BY_XEN), XM_PV_OPEN);
    ck_assert_uint_eq(d.stats.events, 8);
    ck_assert_uint_eq(d.stats.lost, 4);
    ck_assert_int_eq(fake.pauses[0], 0); /* whatever state the ring is in */
    ck_assert(!fake.waits[0] && !d.vcpu[0].blocked);
    ck_assert_int_eq(fake_get(&d, 1), XM_ACCESS_N);
    ck_assert_int_eq(fake_set(&d, 2, 1, XM_ACCESS_N2RWX), 0);
    ck_assert_int_eq(touch(&d, 0, 2, XM_DO_W, XM_PV_BY_XEN), XM_PV_GO_ON);
    ck_assert_int_eq(fake_get(&d, 2), XM_ACCESS_RWX);
    fake_end(&d);
}
END_TEST

/* Of a failure in writing its exception frame the guest could not be told. */
START_TEST(test_own_access_that_must_not_fail)
{
    struct xm_pv_todo todo;
    struct xm_domain d;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, 1, 1, XM_ACCESS_N), 0);
    xm_pv_of(&d)->policy = XM_PV_OWN_DENY;
    struct xm_pv_ask ask = ask_of(0, 1, XM_DO_W, XM_PV_BY_XEN);
    ask.unfailing = true;
    ck_assert_int_eq(xm_pv_access(xm_pv_of(&d), xm_pv_vcpu_of(&d.vcpu[0]), &ask, &todo),
                     XM_PV_OPEN);
    fake_end(&d);
}
END_TEST

START_TEST(test_nobody_listens)
{
    struct xm_domain d;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, 0, 20, XM_ACCESS_N), 0);
    ck_assert_int_eq(ring(&d, XM_VM_EVENT_DISABLE), 0);
    ck_assert_int_eq(touch(&d, 0, 1, XM_DO_W, XM_PV_BY_GUEST), XM_PV_GO_ON);
    ck_assert_ptr_null(fake.crash);
    d.access_required = true;
    ck_assert_int_eq(touch(&d, 0, 2, XM_DO_W, XM_PV_BY_GUEST), XM_PV_DIED);
    ck_assert_ptr_nonnull(fake.crash);
    fake_end(&d);
}
END_TEST

START_TEST(test_no_memory_to_relax)
{
    struct xm_domain d;

    start_listening(&d);
    ck_assert_int_eq(fake_set(&d, XM_GFN_NONE, 0, XM_ACCESS_N2RWX), 0);
    fake.alloc_left = 0;
    ck_assert_int_eq(touch(&d, 0, 1, XM_DO_W, XM_PV_BY_GUEST), XM_PV_DIED);
    xm_pv_of(&d)->policy = XM_PV_OWN_NOTIFY;
    ck_assert_int_eq(touch(&d, 0, 1, XM_DO_W, XM_PV_BY_XEN), XM_PV_DIED);
    ck_assert_ptr_nonnull(fake.crash);
    fake_end(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-domain");
    TCase *c = tcase_create("pv-domain");

    tcase_add_test(c, test_cfg);
    tcase_add_test(c, test_on_and_off);
    tcase_add_test(c, test_hypercall);
    tcase_add_test(c, test_violation);
    tcase_add_test(c, test_transitions);
    tcase_add_test(c, test_full_ring);
    tcase_add_test(c, test_own_accesses);
    tcase_add_test(c, test_own_access_that_must_not_fail);
    tcase_add_test(c, test_nobody_listens);
    tcase_add_test(c, test_no_memory_to_relax);
    suite_add_tcase(s, c);
    return fake_run(s);
}
