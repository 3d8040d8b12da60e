/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine (xmem-machine(5)) and the policy (xmem-policy(5)) of the demonstration. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "demo.h"

int demo_write_machine(const struct demo_dir *dir, const struct demo_guest *guests, size_t n,
                       uint64_t pages)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    if (f == NULL) {
        return -errno;
    }
    fputs("{\n  \"seed\": 1,\n  \"xen\": \"4.17\",\n  \"domains\": [\n", f);
    for (size_t i = 0; i < n; i++) {
        fprintf(f,
                "    { \"name\": \"%s\", \"kind\": \"x86-ept\", \"vcpus\": 1, \"pages\": %" PRIu64
                ",\n      \"programs\": [ { \"vcpu\": 0, \"trace\": \"%s.trace\" } ] }%s\n",
                guests[i].name, pages, guests[i].name, i + 1 < n ? "," : "");
    }
    fputs("  ]\n}\n", f);
    int rc = fclose(f) != 0 ? -errno : demo_dir_write(dir, "machine.json", text);
    free(text);
    return rc;
}

/*
 * rx2rw is W^X in one word: a page may be read and executed until its first write; from then on
 * it may be read and written, and executing it is a violation.
 */
char *demo_policy(uint64_t first, uint64_t last)
{
    char *text = NULL;
    int n = asprintf(&text,
                     "{\n"
                     "  \"version\": 1,\n"
                     "  \"description\": \"W^X: what was written is not executed\",\n"
                     "  \"domains\": [ \"*\" ],\n"
                     "  \"regions\": { \"memory\": [ \"0x%" PRIx64 "-0x%" PRIx64 "\" ] },\n"
                     "  \"rules\": [\n"
                     "    { \"name\": \"wxorx\", \"region\": \"memory\", \"rights\": \"rx2rw\", "
                     "\"on\": \"log\" }\n"
                     "  ]\n"
                     "}\n",
                     first, last);

    return n < 0 ? NULL : text;
}
