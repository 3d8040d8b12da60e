/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated machine's check of itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"

struct field {
    const char *name;
    uint64_t value;
};

bool ctl_machine_clean(const struct xmem_machine_report *r)
{
    return (r->unanswered | r->double_answers | r->leaked_slots | r->leftover_rights |
            r->leftover_views | r->leftover_pauses | r->leftover_monitors | r->forbidden) == 0;
}

static void print_json(const struct field *f, size_t n, bool clean)
{
    js_begin(NULL, '{');
    js_str("type", "machine");
    js_bool("clean", clean);
    for (size_t i = 0; i < n; i++) {
        js_u64(f[i].name, f[i].value);
    }
    js_end('}');
    js_newline();
}

static void print_text(const struct field *f, size_t n, bool clean)
{
    printf("machine check: %s:", clean ? "nothing left behind" : "FAILED");
    for (size_t i = 0; i < n; i++) {
        printf(" %s %" PRIu64, f[i].name, f[i].value);
    }
    putchar('\n');
}

static int print_report(const struct xmem_machine_report *r, bool json)
{
    bool clean = ctl_machine_clean(r);
    const struct field f[] = {
        {"accesses", r->accesses},
        {"events", r->events},
        {"hypercalls", r->hypercalls},
        {"tlb_flushes", r->tlb_flushes},
        {"unanswered", r->unanswered},
        {"double_answers", r->double_answers},
        {"leaked_slots", r->leaked_slots},
        {"leftover_rights", r->leftover_rights},
        {"leftover_views", r->leftover_views},
        {"leftover_pauses", r->leftover_pauses},
        {"leftover_monitors", r->leftover_monitors},
        {"forbidden", r->forbidden},
        {"unseen", r->unseen},
    };

    (json ? print_json : print_text)(f, sizeof(f) / sizeof(f[0]), clean);
    return clean ? CTL_OK : CTL_OTHER;
}

int ctl_print_check(struct ctl *ctl)
{
    struct xmem_machine_report r = XMEM_INIT(r);
    int rc = xmem_machine_check(ctl->x, &r);

    if (rc != 0) {
        ctl_complain(rc, xmem_last_error(ctl->x), "no machine check");
        return ctl_exit_of(rc);
    }
    return print_report(&r, ctl->json);
}
