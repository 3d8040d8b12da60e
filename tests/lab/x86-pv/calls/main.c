/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hypervisor/xen adds to Xen, call by call, on a real one. Prints TAP; exit: 0 all good, 1 not. */
#include <stdio.h>
#include <string.h>

#include "pv.h"

static const struct {
    const char *name;
    void (*run)(struct pv *p);
} groups[] = {
    {"control", check_control}, {"rights", check_rights},   {"transitions", check_transitions},
    {"tables", check_tables},   {"own", check_own},         {"answers", check_answers},
    {"domains", check_domains},
};

/* All groups on one domain, or those that are named; "control" must be the first. */
int main(int argc, char **argv)
{
    struct pv p;
    unsigned int i;
    int j;

    if (pv_create(&p, 1)) {
        fprintf(stderr, "no domain\n");
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "control") && pv_start(&p, 0))
        check(false, "mem_access starts");
    for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        for (j = 1; j < argc && strcmp(argv[j], groups[i].name); j++)
            continue;
        if (argc > 1 && j == argc)
            continue;
        printf("# %s\n", groups[i].name);
        groups[i].run(&p);
    }
    pv_destroy(&p);
    printf("# %u checks, %u failed\n1..%u\n", checks, failures, checks);
    return failures != 0;
}
