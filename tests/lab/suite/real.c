/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What needs processes that die and a hypervisor that lives on: statements of the conformance
 * suite's kind, about the laboratory's guest. Prints TAP.
 *   real MACHINE [TEXT]      MACHINE as for conformance; TEXT: only statements that contain it
 */
#include "real.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc < 2 || strncmp(argv[1], "xen/", 4)) {
        fprintf(stderr, "usage: real xen/NAME [TEXT]\n");
        return 2;
    }
    statements_run(argv[1], statements_listeners, argc > 2 ? argv[2] : NULL);
    statements_run(argv[1], statements_signals, argc > 2 ? argv[2] : NULL);
    statements_run(argv[1], statements_emulation, argc > 2 ? argv[2] : NULL);
    statements_run(argv[1], statements_carried, argc > 2 ? argv[2] : NULL);
    if (argc > 2) /* a part of its own */
        statements_run(argv[1], statements_kill, argv[2]);
    return statements_end();
}
