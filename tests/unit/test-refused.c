/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A gfn that the hypervisor refuses while a session is undone: it is told, and the others are put back. */
#include "fake-backend.h"
#include "unit.h"

#include <stdio.h>

#define GFNS 6u

static uint64_t gfn_of(unsigned i)
{
    return 0x20 + 2 * (uint64_t)i;
}

/* The first, one between and the last gfn; by a list and one by one. */
START_TEST(a_gfn_that_is_refused_does_not_keep_the_others)
{
    struct fake *f = fake_new();
    struct xmem_domain *d;
    struct xmem *x;
    unsigned refused = _i % 3 == 0 ? 0 : _i % 3 == 1 ? 2 : GFNS - 1;
    char name[16];
    f->no_many = _i >= 3;
    x = fake_session(f, NULL, true, &d);
    for (unsigned i = 0; i < GFNS; i++)
        ck_ok(xmem_domain_set_rights(d, 0, gfn_of(i), i % 2 ? XMEM_R : XMEM_RX));
    f->refused_gfn = gfn_of(refused);
    f->refused_rc = -EPERM;
    ck_rc(xmem_domain_disable(d), -EPERM);
    snprintf(name, sizeof(name), "gfn 0x%x", (unsigned)gfn_of(refused));
    ck_assert_msg(strstr(xmem_domain_last_error(d), name) != NULL, "%s", xmem_domain_last_error(d));
    for (unsigned i = 0; i < GFNS; i++)
        ck_assert_int_eq(f->rights[0][gfn_of(i)] == XMEM_RWX, i != refused);
    f->refused_rc = 0;
    (void)xmem_domain_close(d);
    xmem_close(x);
    fake_free(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("refused");
    TCase *t = tcase_create("refused");
    tcase_add_loop_test(t, a_gfn_that_is_refused_does_not_keep_the_others, 0, 6);
    suite_add_tcase(s, t);
    return unit_run(s);
}
