/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views: the operations (altp2m-op.c), the tables behind them (altp2m.c), #VE (altp2m-ve.c). */
#include "fake-env.h"

#include <string.h>

#define R XM_ACCESS_R
#define RX XM_ACCESS_RX
#define RWX XM_ACCESS_RWX
#define REVERT UINT64_MAX

static struct xm_domain d;

static void start(void)
{
    fake_domain(&d, XM_KIND_X86_EPT, 17, true);
}

static void stop(void)
{
    fake_end(&d);
}

static int state(bool on)
{
    struct xm_altp2m_op op = {.u.domain_state.state = on};

    return fake_altp2m(&d, XM_ALTP2M_SET_DOMAIN_STATE, &op);
}

static int view_op(uint32_t cmd, uint16_t view)
{
    struct xm_altp2m_op op = {.u.view.view = view};

    return fake_altp2m(&d, cmd, &op);
}

static int change(uint16_t view, uint64_t gfn, uint64_t to)
{
    struct xm_altp2m_op op = {.u.change_gfn = {.view = view, .old_gfn = gfn, .new_gfn = to}};

    return fake_altp2m(&d, XM_ALTP2M_CHANGE_GFN, &op);
}

static int visible(uint16_t view, uint8_t yes)
{
    struct xm_altp2m_op op = {.u.visibility = {.altp2m_idx = view, .visible = yes}};

    return fake_altp2m(&d, XM_ALTP2M_SET_VISIBILITY, &op);
}

static int vcpu_view(uint32_t vcpu)
{
    struct xm_altp2m_op op = {.u.p2m_idx = {.vcpu_id = vcpu}};
    int rc = fake_altp2m(&d, XM_ALTP2M_GET_P2M_IDX, &op);

    return rc != 0 ? rc : op.u.p2m_idx.altp2m_idx;
}

static uint16_t create(uint8_t rights)
{
    int view = fake_view_create(&d, rights);

    ck_assert_int_gt(view, 0);
    return (uint16_t)view;
}

static uint64_t mfn_at(uint16_t view, uint64_t gfn)
{
    return xm_p2m_get(&d, view, xm_gfn(gfn)).mfn.n;
}

/* vCPU 1 reads gfn in that view. */
static enum xm_verdict touch(uint16_t view, uint64_t gfn)
{
    ck_assert(xm_vcpu_switch_view(&d, 1, view));
    return fake_access(&d, 1, gfn, XM_DO_R);
}

START_TEST(checks_come_in_xens_order)
{
    struct xm_altp2m_op op = {.version = 1, .cmd = XM_ALTP2M_GET_P2M_IDX};

    op.pad1 = 1;
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EINVAL);
    op.pad1 = 0;
    op.version = 2;
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EINVAL);
    op.version = 1;
    op.cmd = 0;
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EOPNOTSUPP);
    op.cmd = 17;
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EOPNOTSUPP);
    ck_assert_int_eq(state(false), 0);
    ck_assert_int_eq(vcpu_view(0), -XM_EOPNOTSUPP);
    ck_assert_int_eq(fake_view_create(&d, RWX), -XM_EOPNOTSUPP);
    fake_end(&d);
    fake_domain(&d, XM_KIND_X86_EPT, 17, false);
    ck_assert_int_eq(state(true), -XM_EINVAL);
    ck_assert_int_eq(fake_view_create(&d, RWX), -XM_EOPNOTSUPP);
    fake_end(&d);
    fake_domain(&d, XM_KIND_ARM_S2, 17, false);
    ck_assert_int_eq(state(true), -XM_ENOSYS);
}
END_TEST

START_TEST(state_on_and_off)
{
    struct xm_altp2m_op op = {.u.domain_state.state = 9};
    uint16_t view = create(RWX);

    ck_assert_int_eq(state(true), 0);
    ck_assert_uint_eq(xm_views_count(&d), 1);
    ck_assert_int_eq(touch(view, 3), XM_V_OK);
    ck_assert_int_eq(state(false), 0);
    ck_assert_uint_eq(xm_views_count(&d), 0);
    ck_assert_uint_eq(d.vcpu[1].view, 0);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_GET_DOMAIN_STATE, &op), 0);
    ck_assert_uint_eq(op.u.domain_state.state, 0);
    ck_assert_int_eq(state(true), 0);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_GET_DOMAIN_STATE, &op), 0);
    ck_assert_uint_eq(op.u.domain_state.state, 1);
}
END_TEST

START_TEST(as_many_views_as_there_may_be)
{
    for (unsigned i = 1; i < XM_VIEWS_DEFAULT; i++)
        ck_assert_uint_eq(create(RWX), i);
    ck_assert_int_eq(fake_view_create(&d, RWX), -XM_EINVAL);
    ck_assert_int_eq(view_op(XM_ALTP2M_DESTROY_P2M, 4), 0);
    ck_assert_uint_eq(create(RWX), 4);
}
END_TEST

START_TEST(create_refuses_rights_that_are_none)
{
    ck_assert_int_eq(fake_view_create(&d, XM_ACCESS_W), -XM_EINVAL);
    ck_assert_int_eq(fake_view_create(&d, 11), -XM_EINVAL);
    ck_assert_uint_eq(xm_views_count(&d), 0);
    fake.frames_left = 0;
    ck_assert_int_eq(fake_view_create(&d, RWX), -XM_ENOMEM);
    ck_assert_uint_eq(xm_views_count(&d), 0);
    fake.frames_left = -1;
    ck_assert_int_eq(fake_set(&d, UINT64_MAX, 0, RX), 0);
    ck_assert_int_eq(fake_view_get(&d, create(10), UINT64_MAX), RX);
}
END_TEST

START_TEST(destroy_is_busy_while_a_vcpu_is_inside)
{
    uint16_t view = create(RWX);

    ck_assert(xm_vcpu_switch_view(&d, 2, view));
    ck_assert_int_eq(view_op(XM_ALTP2M_DESTROY_P2M, view), -XM_EBUSY);
    ck_assert(xm_vcpu_switch_view(&d, 2, 0));
    ck_assert_int_eq(view_op(XM_ALTP2M_DESTROY_P2M, view), 0);
    ck_assert_int_eq(view_op(XM_ALTP2M_DESTROY_P2M, view), -XM_EBUSY);
    ck_assert_int_eq(view_op(XM_ALTP2M_DESTROY_P2M, 0), -XM_EBUSY);
    ck_assert_int_eq(view_op(XM_ALTP2M_DESTROY_P2M, 999), -XM_EBUSY);
    ck_assert_int_eq(fake_view_get(&d, view, 3), -XM_EINVAL);
    ck_assert_int_eq(fake_view_set(&d, view, 3, R), -XM_EINVAL);
}
END_TEST

START_TEST(switch_all_and_one)
{
    uint16_t view = create(RWX);

    ck_assert_int_eq(view_op(XM_ALTP2M_SWITCH_P2M, view), 0);
    ck_assert_int_eq(vcpu_view(0), view);
    ck_assert_int_eq(vcpu_view(3), view);
    ck_assert_int_eq(vcpu_view(4), -XM_EINVAL);
    ck_assert_int_eq(view_op(XM_ALTP2M_SWITCH_P2M, 7), -XM_EINVAL);
    ck_assert_int_eq(view_op(XM_ALTP2M_SWITCH_P2M, 700), -XM_EINVAL);
    ck_assert(xm_vcpu_switch_view(&d, 1, 0));
    ck_assert(!xm_vcpu_switch_view(&d, 1, 7));
    ck_assert(!xm_vcpu_switch_view(&d, 99, 0));
    ck_assert_int_eq(vcpu_view(1), 0);
    ck_assert_int_eq(vcpu_view(2), view);
}
END_TEST

START_TEST(what_is_not_visible_is_not_switched_to_by_hypercall_or_guest)
{
    struct xm_altp2m_op bad = {.u.visibility.pad = 1};
    uint16_t view = create(RWX);

    ck_assert(xm_vcpu_vmfunc(&d, 0, view));
    ck_assert_int_eq(visible(view, 0), 0);
    ck_assert(!xm_vcpu_vmfunc(&d, 1, view));
    ck_assert_int_eq(view_op(XM_ALTP2M_SWITCH_P2M, view), -XM_EINVAL);
    ck_assert(xm_vcpu_switch_view(&d, 1, view)); /* an answer may */
    ck_assert_int_eq(visible(view, 1), 0);
    ck_assert_int_eq(view_op(XM_ALTP2M_SWITCH_P2M, view), 0);
    ck_assert_int_eq(visible(7, 1), -XM_EINVAL);
    ck_assert_int_eq(visible(700, 1), -XM_EINVAL);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_SET_VISIBILITY, &bad), -XM_EINVAL);
    ck_assert(!xm_vcpu_vmfunc(&d, 0, UINT64_C(1) << 32));
    ck_assert(!xm_vcpu_vmfunc(&d, 99, 0));
}
END_TEST

START_TEST(a_copy_is_made_on_the_first_touch_with_the_hosts_rights_until_4_18)
{
    uint16_t view = create(R);

    ck_assert_int_eq(fake_set(&d, 3, 1, RX), 0);
    ck_assert_int_eq(fake_view_get(&d, view, 3), -XM_ESRCH);
    ck_assert_int_eq(touch(view, 3), XM_V_OK);
    ck_assert_int_eq(fake_view_get(&d, view, 3), RX);
    ck_assert_uint_eq(mfn_at(view, 3), FAKE_GUEST_MFN + 3);
    ck_assert_int_eq(touch(view, 99), XM_V_UNMAPPED);
    ck_assert_int_eq(fake_view_get(&d, view, UINT64_MAX), R);
}
END_TEST

START_TEST(from_4_19_a_copy_has_the_views_default)
{
    struct xm_access_res res;

    fake_end(&d);
    fake_domain(&d, XM_KIND_X86_EPT, 20, true);
    uint16_t view = create(R);
    ck_assert_int_eq(fake_set(&d, 3, 1, RX), 0);
    ck_assert(xm_vcpu_switch_view(&d, 1, view));
    ck_assert(xm_access_lookup(&d, 1, xm_gfn(3), &res) && res.access == R);
    ck_assert_int_eq(touch(view, 3), XM_V_OK);
    ck_assert_int_eq(fake_view_get(&d, view, 3), R);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_X), XM_V_STOPPED);
    ck_assert_uint_eq(fake_last(&d)->altp2m_idx, view);
}
END_TEST

START_TEST(views_have_their_own_rights)
{
    uint16_t a = create(RWX), b = create(RWX);

    ck_assert_int_eq(fake_view_set(&d, a, 3, R), 0);
    ck_assert_int_eq(fake_view_set(&d, b, 3, RX), 0);
    ck_assert_int_eq(fake_view_get(&d, a, 3), R);
    ck_assert_int_eq(fake_view_get(&d, b, 3), RX);
    ck_assert_int_eq(fake_get(&d, 3), RWX);
    ck_assert_uint_eq(fake.flushes, 2);
    ck_assert_uint_eq(fake.flushed[0], a);
    ck_assert_uint_eq(fake.flushed[1], b);
    ck_assert_int_eq(fake_view_set(&d, 0, 3, R), 0); /* the host view by its number */
    ck_assert_int_eq(fake_get(&d, 3), R);
    ck_assert_int_eq(fake_view_get(&d, 0, 3), R);
    ck_assert_int_eq(fake_view_set(&d, a, 3, 11), -XM_EINVAL);
}
END_TEST

START_TEST(a_set_where_the_host_has_nothing_is_skipped)
{
    uint16_t view = create(RWX);

    ck_assert_int_eq(fake_view_set(&d, view, 99, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, 99), -XM_ESRCH);
    ck_assert_int_eq(fake_view_set(&d, view, UINT64_MAX - 1, R), 0);
}
END_TEST

START_TEST(a_set_for_the_default_gfn_is_the_hosts_default)
{
    uint16_t view = create(RWX);

    ck_assert_int_eq(fake_view_set(&d, view, UINT64_MAX, R), 0);
    ck_assert_int_eq(fake_get(&d, UINT64_MAX), R);
    ck_assert_int_eq(fake_view_get(&d, view, UINT64_MAX), RWX);
}
END_TEST

START_TEST(a_change_on_the_host_overwrites_what_views_hold)
{
    uint16_t view = create(RWX);

    ck_assert_int_eq(fake_view_set(&d, view, 3, R), 0);
    fake.flushes = 0;
    ck_assert_int_eq(fake_set(&d, 3, 2, RX), 0);
    ck_assert_int_eq(fake_view_get(&d, view, 3), RX);
    ck_assert_int_eq(fake_view_get(&d, view, 4), -XM_ESRCH);
    ck_assert_uint_eq(fake.flushes, 1);
    ck_assert_uint_eq(fake.flushed[0], XM_VIEW_ALL);
    /* Even where the host's right stays what it was. */
    ck_assert_int_eq(fake_view_set(&d, view, 3, R), 0);
    ck_assert_int_eq(fake_set(&d, 3, 1, RX), 0);
    ck_assert_int_eq(fake_view_get(&d, view, 3), RX);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(3), xm_mfn(0x4242), 0), 0);
    ck_assert_uint_eq(mfn_at(view, 3), 0x4242);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(3), 0), 0);
    ck_assert_uint_eq(mfn_at(view, 3), XM_GFN_NONE);
}
END_TEST

START_TEST(large_pages_are_copied_whole_and_split_on_demand)
{
    uint16_t view = create(RWX);

    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(0x20000), XM_ORDER_2M), 0);
    ck_assert_int_eq(touch(view, 700), XM_V_OK);
    struct xm_p2m_entry e = xm_p2m_get(&d, view, xm_gfn(513));
    ck_assert_uint_eq(e.order, XM_ORDER_2M);
    ck_assert_uint_eq(e.mfn.n, 0x20001);
    ck_assert_int_eq(fake_view_set(&d, view, 600, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, 600), R);
    ck_assert_int_eq(fake_view_get(&d, view, 601), RWX);
    ck_assert_uint_eq(mfn_at(view, 601), 0x20000 + 601 - 512);
    ck_assert_uint_eq(xm_p2m_get(&d, 0, xm_gfn(600)).order, XM_ORDER_2M);
    /* A hole in what was split is filled alone. */
    ck_assert_int_eq(change(view, 601, REVERT), 0);
    ck_assert_int_eq(touch(view, 601), XM_V_OK);
    ck_assert_uint_eq(xm_p2m_get(&d, view, xm_gfn(601)).order, 0);
    ck_assert_int_eq(fake_view_get(&d, view, 600), R);
}
END_TEST

START_TEST(a_set_copies_the_large_page_first)
{
    uint16_t view = create(RWX);

    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(0x20000), XM_ORDER_2M), 0);
    ck_assert_int_eq(fake_view_set(&d, view, 600, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, 900), RWX);
    ck_assert_uint_eq(d.view[view].mapped, 512);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(0x30000), XM_ORDER_2M), 0);
    ck_assert_uint_eq(mfn_at(view, 600), 0x30000 + 600 - 512);
    ck_assert_int_eq(fake_view_get(&d, view, 600), RWX);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(512), XM_ORDER_2M), 0);
    ck_assert_uint_eq(d.view[view].mapped, 0);
}
END_TEST

START_TEST(remap_and_its_undo)
{
    struct xm_altp2m_op bad = {.u.change_gfn.pad1 = 1};
    uint16_t view = create(RWX);

    ck_assert_int_eq(fake_set(&d, 5, 1, RX), 0);
    ck_assert_int_eq(change(view, 3, 5), 0);
    ck_assert_uint_eq(mfn_at(view, 3), FAKE_GUEST_MFN + 5);
    ck_assert_int_eq(fake_view_get(&d, view, 3), RX);
    ck_assert_uint_eq(mfn_at(0, 3), FAKE_GUEST_MFN + 3);
    ck_assert_int_eq(touch(view, 3), XM_V_OK);
    ck_assert_int_eq(change(view, 3, REVERT), 0);
    ck_assert_int_eq(touch(view, 3), XM_V_OK);
    ck_assert_uint_eq(mfn_at(view, 3), FAKE_GUEST_MFN + 3);
    ck_assert_int_eq(change(view, 4, REVERT), 0);
    ck_assert_int_eq(change(view, 99, 5), -XM_ESRCH);
    ck_assert_int_eq(change(view, 5, 99), -XM_ESRCH);
    ck_assert_int_eq(change(7, 3, 5), -XM_EINVAL);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_CHANGE_GFN, &bad), -XM_EINVAL);
}
END_TEST

START_TEST(a_page_dropped_inside_the_remapped_range_resets_that_view)
{
    uint16_t a = create(RWX), b = create(RWX);

    ck_assert_int_eq(change(a, 3, 5), 0);
    ck_assert_int_eq(change(a, 3, 9), 0);
    ck_assert_int_eq(fake_view_set(&d, a, 2, R), 0);
    ck_assert_int_eq(fake_view_set(&d, b, 2, R), 0);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(10), 0), 0);
    ck_assert_int_eq(fake_view_get(&d, a, 2), R);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(7), 0), 0);
    ck_assert_int_eq(fake_view_get(&d, a, 2), -XM_ESRCH);
    ck_assert_uint_eq(d.view[a].mapped, 0);
    ck_assert_int_eq(fake_view_get(&d, b, 2), R);
    ck_assert_int_eq(touch(a, 3), XM_V_OK);
    ck_assert_uint_eq(mfn_at(a, 3), FAKE_GUEST_MFN + 3);
    /* The range is forgotten with it. */
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(5), 0), 0);
    ck_assert_uint_eq(mfn_at(a, 3), FAKE_GUEST_MFN + 3);
}
END_TEST

START_TEST(two_views_concerned_reset_all)
{
    uint16_t a = create(RWX), b = create(RWX), c = create(RWX);

    ck_assert_int_eq(change(a, 3, 5), 0);
    ck_assert_int_eq(change(b, 4, 5), 0);
    ck_assert_int_eq(fake_view_set(&d, c, 2, R), 0);
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(5), 0), 0);
    ck_assert_uint_eq(d.view[a].mapped + d.view[b].mapped + d.view[c].mapped, 0);
    ck_assert_uint_eq(xm_views_count(&d), 3);
}
END_TEST

START_TEST(a_view_that_cannot_follow_is_reset_and_never_stale)
{
    uint16_t view = create(RWX);

    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(512), xm_mfn(0x20000), XM_ORDER_2M), 0);
    ck_assert_int_eq(touch(view, 600), XM_V_OK);
    fake.frames_left = 1; /* for the host's split, not for the view's */
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(600), 0), -XM_ENOMEM);
    ck_assert_uint_eq(mfn_at(view, 600), XM_GFN_NONE);
    ck_assert_uint_eq(d.view[view].mapped, 0);
}
END_TEST

START_TEST(multi_sets_in_a_view_and_is_continued)
{
    uint64_t gfns[100];
    uint8_t rights[100];
    struct xm_altp2m_op op = {.u.set_multi = {.view = create(RWX), .nr = 100}};

    for (unsigned i = 0; i < 100; i++) {
        gfns[i] = i % 16;
        rights[i] = i < 64 ? R : RX;
    }
    op.u.set_multi.pfn_list = (uintptr_t)gfns;
    op.u.set_multi.access_list = (uintptr_t)rights;
    fake.preempt = true;
    fake.flushes = 0;
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_SET_MEM_ACCESS_MULTI, &op), XM_CONTINUE);
    ck_assert_uint_eq(op.u.set_multi.opaque, 64);
    ck_assert_int_eq(fake_view_get(&d, op.u.set_multi.view, 3), R);
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), 0);
    ck_assert_int_eq(fake_view_get(&d, op.u.set_multi.view, 3), RX);
    ck_assert_uint_eq(fake.flushes, 2);
    op.u.set_multi.opaque = 101;
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EINVAL);
    op.u.set_multi.opaque = 0;
    op.u.set_multi.pad = 1;
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EINVAL);
    op.u.set_multi.pad = 0;
    op.u.set_multi.view = 7;
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EINVAL);
}
END_TEST

START_TEST(get_and_set_refuse_padding_and_views_that_are_not)
{
    struct xm_altp2m_op op = {.u.mem_access = {.pad = 1}};

    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_SET_MEM_ACCESS, &op), -XM_EINVAL);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_GET_MEM_ACCESS, &op), -XM_EINVAL);
    ck_assert_int_eq(fake_view_get(&d, 7, 3), -XM_EINVAL);
    ck_assert_int_eq(fake_view_set(&d, 700, 3, R), -XM_EINVAL);
}
END_TEST

START_TEST(views_need_no_ring)
{
    uint16_t view = create(RWX);

    xm_ring_kill(&d);
    ck_assert_int_eq(fake_set(&d, 3, 1, R), -XM_ENODEV);
    ck_assert_int_eq(fake_view_set(&d, view, 3, R), 0);
    ck_assert_int_eq(fake_view_get(&d, view, 3), R);
    ck_assert_int_eq(fake_view_set(&d, 0, 3, R), 0);
}
END_TEST

static int sve(uint32_t cmd, uint16_t view, uint64_t gfn, uint8_t on)
{
    struct xm_altp2m_op op = {.u.suppress_ve = {.view = view, .gfn = gfn, .suppress_ve = on}};
    int rc = fake_altp2m(&d, cmd, &op);

    if (rc == 0 && cmd == XM_ALTP2M_GET_SUPPRESS_VE)
        return op.u.suppress_ve.suppress_ve;
    return rc;
}

START_TEST(suppress_ve_one)
{
    struct xm_altp2m_op bad = {.u.suppress_ve.pad2 = 1};
    uint16_t view = create(RWX);

    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, view, 3, 0), -XM_ESRCH);
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, view, 3, 0), 0);
    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, view, 3, 0), 0);
    ck_assert_int_eq(fake_view_set(&d, view, 3, R), 0); /* keeps it */
    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, view, 3, 0), 0);
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, view, 3, 1), 0);
    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, view, 3, 0), 1);
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, view, 99, 1), -XM_ESRCH);
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, 0, 99, 1), 0);
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, 7, 3, 1), -XM_EINVAL);
    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, 7, 3, 1), -XM_EINVAL);
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, view, UINT64_MAX, 1), -XM_EINVAL);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_SET_SUPPRESS_VE, &bad), -XM_EINVAL);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_GET_SUPPRESS_VE, &bad), -XM_EINVAL);
}
END_TEST

START_TEST(suppress_ve_range_tells_the_first_error_and_goes_on)
{
    struct xm_altp2m_op op = {
        .u.suppress_ve_multi = {.view = create(RWX), .first_gfn = 14, .last_gfn = 130}};
    uint16_t view = op.u.suppress_ve_multi.view;

    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(100), xm_mfn(1), 0), 0);
    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(129), xm_mfn(2), 0), 0);
    fake.preempt = true;
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_SET_SUPPRESS_VE_MULTI, &op), XM_CONTINUE);
    ck_assert_uint_eq(op.u.suppress_ve_multi.first_gfn, 64);
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), XM_CONTINUE);
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), 0);
    ck_assert_int_eq(op.u.suppress_ve_multi.first_error, -XM_ESRCH);
    ck_assert_uint_eq(op.u.suppress_ve_multi.first_error_gfn, 16);
    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, view, 15, 0), 0);
    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, view, 100, 0), 0);
    ck_assert_int_eq(xm_hc_altp2m(&d, &op), -XM_EINVAL); /* first is behind last now */
}
END_TEST

/* Found by the fuzzer: each gfn up to the end of all was asked. */
START_TEST(suppress_ve_range_ends_with_the_memory)
{
    struct xm_altp2m_op op = {
        .u.suppress_ve_multi = {.view = create(RWX), .first_gfn = 14, .last_gfn = UINT64_MAX}};
    uint16_t view = op.u.suppress_ve_multi.view;

    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(100), xm_mfn(1), 0), 0);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_SET_SUPPRESS_VE_MULTI, &op), 0);
    ck_assert_uint_gt(op.u.suppress_ve_multi.first_gfn, op.u.suppress_ve_multi.last_gfn);
    ck_assert_int_eq(op.u.suppress_ve_multi.first_error, -XM_ESRCH);
    ck_assert_uint_eq(op.u.suppress_ve_multi.first_error_gfn, 16);
    ck_assert_int_eq(sve(XM_ALTP2M_GET_SUPPRESS_VE, view, 100, 0), 0);
}
END_TEST

static int notify(uint32_t vcpu, uint64_t gfn)
{
    struct xm_altp2m_op op = {.u.enable_notify = {.vcpu_id = vcpu, .gfn = gfn}};

    return fake_altp2m(&d, XM_ALTP2M_VCPU_ENABLE_NOTIFY, &op);
}

static int notify_off(uint32_t vcpu)
{
    struct xm_altp2m_op op = {.u.disable_notify.vcpu_id = vcpu};

    return fake_altp2m(&d, XM_ALTP2M_VCPU_DISABLE_NOTIFY, &op);
}

START_TEST(notify_pages)
{
    struct xm_altp2m_op bad = {.u.enable_notify.pad = 1};

    ck_assert_int_eq(notify(0, 99), -XM_EINVAL);
    ck_assert_int_eq(notify(4, 3), -XM_EINVAL);
    ck_assert_int_eq(fake_altp2m(&d, XM_ALTP2M_VCPU_ENABLE_NOTIFY, &bad), -XM_EINVAL);
    ck_assert_int_eq(notify(0, 3), 0);
    ck_assert_int_eq(notify(0, 4), -XM_EEXIST);
    ck_assert_int_eq(notify_off(0), 0);
    ck_assert_int_eq(notify_off(0), 0);
    ck_assert_int_eq(notify_off(4), -XM_EINVAL);
    ck_assert_int_eq(notify(0, 4), 0);
    /* The page leaves the guest: it is written to no more. */
    ck_assert_int_eq(xm_p2m_unmap(&d, xm_gfn(4), 0), 0);
    ck_assert_uint_eq(d.vcpu[0].notify_gfn, XM_GFN_NONE);
    ck_assert_int_eq(notify(0, 3), 0);
    ck_assert_int_eq(state(false), 0);
    ck_assert_uint_eq(d.vcpu[0].notify_gfn, XM_GFN_NONE);
}
END_TEST

START_TEST(the_guest_gets_its_ve_until_it_is_busy)
{
    uint16_t view = create(RWX);
    xm_mfn_t frame = xm_env_frame_alloc(d.env);
    struct xm_ve_info *info = xm_env_frame_map(frame);

    ck_assert_int_eq(xm_p2m_map(&d, xm_gfn(20), frame, 0), 0);
    ck_assert_int_eq(fake_view_set(&d, view, 3, RX), 0);
    ck_assert(xm_vcpu_switch_view(&d, 1, view));
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, view, 3, 0), 0);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_STOPPED); /* no page yet */
    ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED), 0);
    ck_assert_int_eq(notify(1, 20), 0);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_VE);
    ck_assert_uint_eq(info->exit_reason, 48);
    ck_assert_uint_eq(info->busy, UINT32_MAX);
    ck_assert_uint_eq(info->gpa, 0x3008);
    ck_assert_uint_eq(info->gla, 0xf003);
    ck_assert_uint_eq(info->eptp_index, view);
    ck_assert_uint_eq(info->exit_qualification & 0x3f,
                      XM_DO_R | XM_DO_W | (XM_DO_R | XM_DO_X) << 3);
    ck_assert_uint_eq(d.stats.events, 1);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_STOPPED);
    ck_assert_int_eq(fake_resume(&d, 1, XM_EV_FLAG_VCPU_PAUSED), 0);
    info->busy = 0;
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_VE);
    info->busy = 0;
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, view, 3, 1), 0);
    ck_assert_int_eq(fake_access(&d, 1, 3, XM_DO_W), XM_V_STOPPED);
    xm_env_frame_unmap(info);
    xm_env_frame_free(d.env, frame);
}
END_TEST

START_TEST(no_memory_is_said_and_harms_nothing)
{
    uint16_t view = create(RWX);

    fake.frames_left = 0;
    ck_assert_int_eq(fake_view_set(&d, view, 3, R), -XM_ENOMEM);
    ck_assert_int_eq(change(view, 3, 5), -XM_ENOMEM);
    ck_assert_int_eq(sve(XM_ALTP2M_SET_SUPPRESS_VE, view, 3, 0), -XM_ENOMEM);
    fake.frames_left = -1;
    ck_assert_int_eq(fake_view_get(&d, view, 3), -XM_ESRCH);
    ck_assert_uint_gt(d.view[view].min_remapped, d.view[view].max_remapped);
}
END_TEST

static void add_tables(TCase *t)
{
    tcase_add_test(t, a_copy_is_made_on_the_first_touch_with_the_hosts_rights_until_4_18);
    tcase_add_test(t, from_4_19_a_copy_has_the_views_default);
    tcase_add_test(t, a_change_on_the_host_overwrites_what_views_hold);
    tcase_add_test(t, large_pages_are_copied_whole_and_split_on_demand);
    tcase_add_test(t, a_set_copies_the_large_page_first);
    tcase_add_test(t, remap_and_its_undo);
    tcase_add_test(t, a_page_dropped_inside_the_remapped_range_resets_that_view);
    tcase_add_test(t, two_views_concerned_reset_all);
    tcase_add_test(t, a_view_that_cannot_follow_is_reset_and_never_stale);
    tcase_add_test(t, no_memory_is_said_and_harms_nothing);
}

static void add_ops(TCase *t)
{
    tcase_add_test(t, checks_come_in_xens_order);
    tcase_add_test(t, state_on_and_off);
    tcase_add_test(t, as_many_views_as_there_may_be);
    tcase_add_test(t, create_refuses_rights_that_are_none);
    tcase_add_test(t, destroy_is_busy_while_a_vcpu_is_inside);
    tcase_add_test(t, switch_all_and_one);
    tcase_add_test(t, what_is_not_visible_is_not_switched_to_by_hypercall_or_guest);
    tcase_add_test(t, views_have_their_own_rights);
    tcase_add_test(t, a_set_where_the_host_has_nothing_is_skipped);
    tcase_add_test(t, a_set_for_the_default_gfn_is_the_hosts_default);
    tcase_add_test(t, multi_sets_in_a_view_and_is_continued);
    tcase_add_test(t, get_and_set_refuse_padding_and_views_that_are_not);
    tcase_add_test(t, views_need_no_ring);
    tcase_add_test(t, suppress_ve_one);
    tcase_add_test(t, suppress_ve_range_tells_the_first_error_and_goes_on);
    tcase_add_test(t, suppress_ve_range_ends_with_the_memory);
    tcase_add_test(t, notify_pages);
    tcase_add_test(t, the_guest_gets_its_ve_until_it_is_busy);
}

int main(void)
{
    Suite *s = suite_create("altp2m");
    TCase *ops = tcase_create("operations"), *tables = tcase_create("tables");

    tcase_add_checked_fixture(ops, start, stop);
    tcase_add_checked_fixture(tables, start, stop);
    add_ops(ops);
    add_tables(tables);
    suite_add_tcase(s, ops);
    suite_add_tcase(s, tables);
    return fake_run(s);
}
