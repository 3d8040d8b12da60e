/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print-event [-j]: prints each struct xmem_event that comes on stdin as `xmemctl watch` would. */
#include <stdio.h>
#include <string.h>

#include "watch.h"

int main(int argc, char **argv)
{
    struct watch w = {.json = argc > 1 && strcmp(argv[1], "-j") == 0,
                      .info = {.domid = 7, .name = "a \"name\""}};
    struct xmem_decision dec = XMEM_INIT(dec);
    struct xmem_event ev;

    while (fread(&ev, sizeof(ev), 1, stdin) == 1) {
        w.start_ns = clock_ns();
        watch_print_event(&w, &ev, &dec);
    }
    return !feof(stdin) || ferror(stdin) || fflush(stdout) != 0;
}
