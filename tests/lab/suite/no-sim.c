/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In dom0 there is no simulated machine to be commanded: its insides are not in libxmem.so. */
#include <conf.h>
#include <errno.h>

static int no_setup(struct conf *c)
{
    (void)c;
    return -EOPNOTSUPP;
}

static void no_teardown(struct conf *c)
{
    (void)c;
}

const struct guest_ops guest_sim = {.name = "sim", .setup = no_setup, .teardown = no_teardown};
