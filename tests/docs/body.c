/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands around an example that is the body of a function; see xmem(3). */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmem.h>

static int example(struct xmem *x, struct xmem_domain *d)
{
    return EXAMPLE;
}

/* An example leaves the domain as it was found. */
static int clean(struct xmem *x)
{
    struct xmem_machine_report r = XMEM_INIT(r);

    if (xmem_machine_check(x, &r) != 0)
        return 0;
    return !r.unanswered && !r.double_answers && !r.leaked_slots && !r.leftover_rights &&
           !r.leftover_views && !r.leftover_pauses && !r.leftover_monitors && !r.forbidden;
}

int main(void)
{
    struct xmem *x = NULL;
    struct xmem_domain *d = NULL;
    int rc = xmem_open("sim:", NULL, &x), bad = 0;

    if (rc == 0)
        rc = xmem_domain_open(x, 1, NULL, &d);
    if (rc == 0)
        rc = xmem_domain_enable(d);
    if (rc != 0)
        return 99;
    if (example(x, d) != 0) {
        fprintf(stderr, "the example failed: %s; %s\n", xmem_domain_last_error(d),
                xmem_last_error(x));
        bad = 1;
    }
    if (xmem_domain_close(d) != 0 || !clean(x)) {
        fprintf(stderr, "something is left behind: %s\n", xmem_last_error(x));
        bad = 1;
    }
    xmem_close(x);
    return bad;
}
