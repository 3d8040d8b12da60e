/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shadow entries under all rights, and the verdict on every kind of access. */
#include "fake-env.h"

#define MFN 42u

static bool owned(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    return mfn.n < 1000;
}

static bool drop(struct xm_env_dom *d, xm_mfn_t mfn)
{
    (void)d;
    (void)mfn;
    return true;
}

static void blow(struct xm_env_dom *d)
{
    (void)d;
}

static const struct xm_pv_hooks hooks = {.owned = owned, .drop = drop, .blow = blow};
static struct xm_pv pv;

static void start(enum xm_access a)
{
    uint32_t from = 0;
    bool flush = false;

    memset(&fake, 0, sizeof(fake));
    fake.alloc_left = -1;
    xm_pv_init(&pv, NULL, &hooks, 1000);
    xm_pv_on(&pv);
    ck_assert_int_eq(xm_pv_set(&pv, MFN, 1, &from, a, &flush), 0);
}

static void end(void)
{
    xm_pv_off(&pv);
    ck_assert_int_eq(xm_pv_reap(&pv), 0);
    ck_assert_uint_eq(fake.bytes, 0);
}

static const enum xm_access all[] = {
    XM_ACCESS_N,  XM_ACCESS_R,   XM_ACCESS_W,     XM_ACCESS_RW,    XM_ACCESS_X,    XM_ACCESS_RX,
    XM_ACCESS_WX, XM_ACCESS_RWX, XM_ACCESS_RX2RW, XM_ACCESS_N2RWX, XM_ACCESS_R_PW,
};
#define ALL (sizeof(all) / sizeof(all[0]))

/* Never more than the guest's entry, than the rights, or than each other reason allows. */
START_TEST(test_entries)
{
    static const uint64_t guest[] = {0,
                                     XM_PTE_P,
                                     XM_PTE_P | XM_PTE_RW,
                                     XM_PTE_P | XM_PTE_NX,
                                     XM_PTE_P | XM_PTE_RW | XM_PTE_NX | 0x64,
                                     XM_PTE_RW};

    for (unsigned i = 0; i < ALL; i++) {
        unsigned bits = xm_rights_bits(all[i]);

        start(all[i]);
        for (unsigned k = 0; k < 6 * 8; k++) {
            uint64_t g = guest[k % 6], e = xm_pv_entry_flags(&pv, MFN, g, k / 6);

            ck_assert_uint_eq(e & ~(XM_PTE_P | XM_PTE_RW | XM_PTE_NX),
                              g & ~(XM_PTE_P | XM_PTE_RW | XM_PTE_NX));
            if ((e & XM_PTE_P) == 0) /* only where reading is forbidden, or it was not there */
                ck_assert((g & XM_PTE_P) == 0 || (bits & XM_DO_R) == 0);
            else
                ck_assert((g & XM_PTE_P) != 0 && (bits & XM_DO_R) != 0);
            if ((e & XM_PTE_P) == 0)
                continue;
            ck_assert_int_eq((e & XM_PTE_RW) != 0,
                             (g & XM_PTE_RW) != 0 && (bits & XM_DO_W) != 0 && k / 6 == 0);
            ck_assert_int_eq((e & XM_PTE_NX) == 0, (g & XM_PTE_NX) == 0 && (bits & XM_DO_X) != 0);
        }
        end();
    }
}
END_TEST

START_TEST(test_entries_while_off)
{
    start(XM_ACCESS_N);
    pv.on = false;
    ck_assert_uint_eq(xm_pv_entry_flags(&pv, MFN, XM_PTE_P | XM_PTE_RW, 0), XM_PTE_P | XM_PTE_RW);
    ck_assert_uint_eq(xm_pv_entry_flags(&pv, MFN, XM_PTE_P | XM_PTE_RW, XM_PV_LIMIT_LOG_DIRTY),
                      XM_PTE_P);
    end();
}
END_TEST

START_TEST(test_error_codes)
{
    ck_assert_uint_eq(xm_pv_what(0), XM_DO_R);
    ck_assert_uint_eq(xm_pv_what(5), XM_DO_R);
    ck_assert_uint_eq(xm_pv_what(7), XM_DO_W);
    ck_assert_uint_eq(xm_pv_what(16 | 5), XM_DO_X);
}
END_TEST

static enum xm_pv_verdict ask(uint8_t what, uint8_t who, bool listener, bool required,
                              enum xm_access *to)
{
    struct xm_pv_ask a = {.mfn = MFN,
                          .what = what,
                          .who = who,
                          .guest_allows = true,
                          .ours = true,
                          .listener = listener,
                          .required = required};

    *to = XM_ACCESS_COUNT;
    return xm_pv_decide(&pv, &a, to);
}

static enum xm_pv_verdict expect_guest(enum xm_access a, uint8_t what)
{
    uint8_t bits = xm_rights_bits(a);

    if (a == XM_ACCESS_N2RWX)
        return XM_PV_EVENT_RELAX;
    if (a == XM_ACCESS_RX2RW && what == XM_DO_W)
        return XM_PV_RELAX;
    if ((bits & what) == 0)
        return XM_PV_EVENT;
    return (bits & XM_DO_R) != 0 ? XM_PV_PASS : XM_PV_PASS_ONCE;
}

START_TEST(test_guest_with_listener)
{
    static const uint8_t doing[] = {XM_DO_R, XM_DO_W, XM_DO_X};
    enum xm_access to;

    for (unsigned i = 0; i < ALL * 3; i++) {
        enum xm_access a = all[i / 3];
        uint8_t what = doing[i % 3];
        enum xm_pv_verdict want = expect_guest(a, what);

        start(a);
        ck_assert_int_eq(ask(what, XM_PV_BY_GUEST, true, true, &to), want);
        if (want == XM_PV_RELAX)
            ck_assert_int_eq(to, XM_ACCESS_RW);
        if (want == XM_PV_EVENT_RELAX)
            ck_assert_int_eq(to, XM_ACCESS_RWX);
        /* A page-table write by hypercall is the guest's. */
        ck_assert_int_eq(ask(what, XM_PV_BY_HYPERCALL, true, true, &to), want);
        ck_assert_int_eq(xm_pv_rights(&pv, MFN), a); /* deciding changes nothing */
        end();
    }
}
END_TEST

START_TEST(test_guest_without_listener)
{
    enum xm_access to;

    start(XM_ACCESS_R);
    ck_assert_int_eq(ask(XM_DO_W, XM_PV_BY_GUEST, false, false, &to), XM_PV_RELAX);
    ck_assert_int_eq(to, XM_ACCESS_RWX);
    ck_assert_int_eq(ask(XM_DO_W, XM_PV_BY_GUEST, false, true, &to), XM_PV_CRASH);
    ck_assert_int_eq(ask(XM_DO_R, XM_PV_BY_GUEST, false, true, &to), XM_PV_PASS);
    end();
    start(XM_ACCESS_RX2RW); /* needs nobody who listens */
    ck_assert_int_eq(ask(XM_DO_W, XM_PV_BY_GUEST, false, true, &to), XM_PV_RELAX);
    ck_assert_int_eq(to, XM_ACCESS_RW);
    end();
}
END_TEST

START_TEST(test_not_our_business)
{
    struct xm_pv_ask a = {.mfn = MFN, .what = XM_DO_W, .ours = true, .listener = true};
    enum xm_access to = XM_ACCESS_COUNT;

    start(XM_ACCESS_N);
    ck_assert_int_eq(xm_pv_decide(&pv, &a, &to), XM_PV_GUEST_FAULT); /* and no event */
    a.guest_allows = true;
    ck_assert_int_eq(xm_pv_decide(&pv, &a, &to), XM_PV_EVENT);
    a.ours = false;
    ck_assert_int_eq(xm_pv_decide(&pv, &a, &to), XM_PV_PASS);
    a.ours = true;
    pv.on = false;
    ck_assert_int_eq(xm_pv_decide(&pv, &a, &to), XM_PV_PASS);
    end();
}
END_TEST

START_TEST(test_own_accesses)
{
    static const struct {
        enum xm_pv_policy policy;
        enum xm_access a;
        bool listener, required;
        enum xm_pv_verdict want;
    } table[] = {
        {XM_PV_OWN_IGNORE, XM_ACCESS_N, true, true, XM_PV_PASS},
        {XM_PV_OWN_IGNORE, XM_ACCESS_N, false, true, XM_PV_PASS},
        {XM_PV_OWN_NOTIFY, XM_ACCESS_N, true, false, XM_PV_NOTIFY},
        {XM_PV_OWN_NOTIFY, XM_ACCESS_N2RWX, true, false, XM_PV_NOTIFY},
        {XM_PV_OWN_NOTIFY, XM_ACCESS_RWX, true, false, XM_PV_PASS},
        {XM_PV_OWN_NOTIFY, XM_ACCESS_N, false, false, XM_PV_RELAX},
        {XM_PV_OWN_NOTIFY, XM_ACCESS_N, false, true, XM_PV_CRASH},
        {XM_PV_OWN_DENY, XM_ACCESS_R, true, false, XM_PV_EFAULT},
        {XM_PV_OWN_DENY, XM_ACCESS_N2RWX, true, false, XM_PV_NOTIFY},
        {XM_PV_OWN_DENY, XM_ACCESS_RX2RW, true, false, XM_PV_RELAX},
        {XM_PV_OWN_DENY, XM_ACCESS_N, false, false, XM_PV_RELAX},
        {XM_PV_OWN_DENY, XM_ACCESS_N, false, true, XM_PV_EFAULT},
        {XM_PV_OWN_DENY, XM_ACCESS_W, true, false, XM_PV_PASS_ONCE},
    };
    enum xm_access to;

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        start(table[i].a);
        pv.policy = (uint8_t)table[i].policy;
        ck_assert_msg(ask(XM_DO_W, XM_PV_BY_XEN, table[i].listener, table[i].required, &to) ==
                          table[i].want,
                      "row %u", i);
        if (table[i].want == XM_PV_NOTIFY)
            ck_assert_int_eq(to, table[i].a == XM_ACCESS_N2RWX ? XM_ACCESS_RWX : table[i].a);
        end();
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pv-decide");
    TCase *c = tcase_create("pv-decide");

    tcase_add_test(c, test_entries);
    tcase_add_test(c, test_entries_while_off);
    tcase_add_test(c, test_error_codes);
    tcase_add_test(c, test_guest_with_listener);
    tcase_add_test(c, test_guest_without_listener);
    tcase_add_test(c, test_not_our_business);
    tcase_add_test(c, test_own_accesses);
    suite_add_tcase(s, c);
    return fake_run(s);
}
