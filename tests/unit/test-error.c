/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <base/base.h>

START_TEST(set_add_clear)
{
    struct xmem_error e = {{0}};
    ck_rc(xmi_error_set(&e, -EINVAL, "gfn %d", 7), -EINVAL);
    ck_assert_str_eq(e.text, "gfn 7");
    xmi_error_add(&e, ": %s", "why");
    ck_assert_str_eq(e.text, "gfn 7: why");
    xmi_error_clear(&e);
    ck_assert_str_eq(e.text, "");
    ck_rc(xmi_error_set(NULL, -EIO, "nobody listens"), -EIO);
}
END_TEST

START_TEST(long_text_is_cut)
{
    struct xmem_error e = {{0}};
    char line[700];
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    xmi_error_set(&e, 0, "%s", line);
    ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
    xmi_error_add(&e, "more");
    ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
}
END_TEST

START_TEST(names)
{
    enum xmem_rights r = XMEM_N;
    for (int i = 0; i <= 20; i++) {
        const char *name = xmem_rights_name((enum xmem_rights)i);
        ck_assert_int_eq(name != NULL, i == 0 || (i >= 8 && i <= 18));
        ck_assert_int_eq(rights_valid((uint32_t)i), name != NULL);
        if (!name)
            continue;
        ck_ok(xmem_rights_parse(name, &r));
        ck_assert_int_eq((int)r, i);
    }
    ck_rc(xmem_rights_parse("rwxx", &r), -EINVAL);
    ck_rc(xmem_rights_parse(NULL, &r), -EINVAL);
    ck_rc(xmem_rights_parse("r", NULL), -EINVAL);
    ck_assert_str_eq(xmem_rights_name(XMEM_RX2RW), "rx2rw");
    ck_assert_str_eq(xmem_event_reason_name(XMEM_EVENT_MEM_ACCESS), "mem_access");
    ck_assert_str_eq(xmem_event_reason_name(XMEM_EVENT_DOMAIN_DIED), "domain_died");
    ck_assert_ptr_null(xmem_event_reason_name((enum xmem_event_reason)17));
    ck_assert_ptr_null(xmem_event_reason_name((enum xmem_event_reason)65));
    ck_assert_str_eq(xmem_kind_name(XMEM_KIND_X86_EPT), "x86-ept");
    ck_assert_str_eq(xmem_kind_name(XMEM_KIND_X86_NPT), "x86-npt");
    ck_assert_str_eq(xmem_kind_name(XMEM_KIND_X86_PV), "x86-pv");
    ck_assert_str_eq(xmem_kind_name(XMEM_KIND_ARM_S2), "arm-s2");
    ck_assert_str_eq(xmem_kind_name(XMEM_KIND_ARMV8R_MPU), "armv8r-mpu");
    ck_assert_str_eq(xmem_kind_name((enum xmem_kind)99), "unknown");
}
END_TEST

START_TEST(what_rights_allow)
{
    ck_assert_uint_eq(rights_allow(XMEM_N), 0);
    ck_assert_uint_eq(rights_allow(XMEM_RX), XMEM_ACCESS_R | XMEM_ACCESS_X);
    ck_assert_uint_eq(rights_allow(XMEM_RX2RW), 7);
    ck_assert_uint_eq(rights_allow(XMEM_N2RWX), 0);
    ck_assert_uint_eq(rights_allow(XMEM_R_PW), XMEM_ACCESS_R);
    ck_assert(rights_turn(XMEM_RX2RW) && rights_turn(XMEM_N2RWX) && !rights_turn(XMEM_RW));
}
END_TEST

START_TEST(version)
{
    ck_assert_str_eq(xmem_version(), "0.1.0");
}
END_TEST

struct v1 {
    size_t size;
    uint32_t a, b;
};
struct v2 {
    size_t size;
    uint32_t a, b;
    uint64_t c;
};

START_TEST(structs_in)
{
    struct v1 old = {.size = sizeof(old), .a = 1, .b = 2};
    struct v2 new = {.size = sizeof(new), .a = 3, .c = 0}, own = {.a = 77};
    struct v1 own1;
    ck_ok(xmi_sized_in(&own, sizeof(own), &old)); /* an older caller */
    ck_assert(own.size == sizeof(own) && own.a == 1 && own.b == 2 && own.c == 0);
    ck_ok(xmi_sized_in(&own1, sizeof(own1), &new)); /* a newer one that asks for nothing new */
    ck_assert(own1.size == sizeof(own1) && own1.a == 3);
    new.c = 1;
    own1.a = 55;
    ck_rc(xmi_sized_in(&own1, sizeof(own1), &new), -E2BIG);
    ck_assert_uint_eq(own1.a, 55);
    old.size = 0;
    ck_rc(xmi_sized_in(&own, sizeof(own), &old), -EINVAL);
    old.size = 1u << 30;
    ck_rc(xmi_sized_in(&own, sizeof(own), &old), -EINVAL);
    ck_rc(xmi_sized_in(&own, sizeof(own), NULL), -EINVAL);
}
END_TEST

START_TEST(structs_out)
{
    struct v1 old = {.size = sizeof(old)};
    struct v2 new = {.size = sizeof(new), .c = 9}, own = {sizeof(own), 1, 2, 3};
    xmi_sized_out(&old, &own, sizeof(own));
    ck_assert(old.size == sizeof(old) && old.a == 1 && old.b == 2);
    struct v1 own1 = {sizeof(own1), 5, 6};
    xmi_sized_out(&new, &own1, sizeof(own1));
    ck_assert(new.size == sizeof(new) && new.a == 5 && new.b == 6 && new.c == 0);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {set_add_clear, long_text_is_cut, names,       what_rights_allow,
                               version,       structs_in,       structs_out, NULL};
    return unit_main("error", NULL, NULL, tests);
}
