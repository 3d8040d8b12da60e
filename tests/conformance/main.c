/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the conformance statements on one machine and prints TAP.
 *   conformance [--list] [--only TEXT] [--group NAME,...] [--not-group NAME,...] [MACHINE ...]
 * MACHINE: sim/x86-ept, sim/x86-ept-4.18 and other releases, sim/arm-s2, sim/x86-pv,
 * sim/x86-pv-pcpus (vCPUs take turns on three pCPUs), sim/armv8r-mpu, sim/x86-npt, sim/x86-npt-4.20, xen/DOMID; without one, every simulated kind.
 */
#include "conf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATEMENT_SECONDS 240u

static const struct {
    const char *name;
    const struct statement *statements;
} groups[] = {
    {"session", statements_session}, {"rights", statements_rights}, {"batch", statements_batch},
    {"events", statements_events},   {"reply", statements_reply},   {"views", statements_views},
    {"policy", statements_policy},   {"errors", statements_errors}, {"death", statements_death},
    {"pages", statements_pages},     {"unseen", statements_unseen}, {"steps", statements_steps},
    {"finish", statements_finish},
};

/* What is wanted; NULL: all of it. */
static const char *only, *group, *not_group;
static const struct guest_ops *const guests[] = {
    &guest_sim,
#ifdef CONF_WITH_XEN
    &guest_xen,
#endif
};
static const char *const every_machine[] = {
    "sim/x86-ept",      "sim/x86-ept-4.18", "sim/x86-ept-4.19", "sim/x86-ept-4.20",
    "sim/x86-ept-4.21", "sim/x86-ept-4.22", "sim/arm-s2",       "sim/x86-pv",
    "sim/x86-pv-pcpus", "sim/armv8r-mpu",   "sim/x86-npt",      "sim/x86-npt-4.20"};

static unsigned total, passed, failed, skipped;

void conf_fail(struct conf *c, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("# %s:%d: ", file, line);
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    c->failed = 1;
}

void conf_skip(struct conf *c, const char *why)
{
    c->skipped = why;
}

/* After a statement the machine itself must have nothing to complain of. */
static void check_machine(struct conf *c)
{
    struct xmem_machine_report r = XMEM_INIT(r);
    if (!c->x || xmem_machine_check(c->x, &r))
        return;
    if (c->listener_died)
        r.double_answers = r.leaked_slots = 0;
    if (c->relaxes)
        r.forbidden = 0;
    if (r.forbidden || r.double_answers || r.leaked_slots || r.leftover_rights ||
        r.leftover_views || r.leftover_pauses || r.leftover_monitors)
        conf_fail(c, __FILE__, __LINE__,
                  "left behind: forbidden %ju double %ju leaked %ju rights %ju views %ju "
                  "pauses %ju monitors %ju",
                  (uintmax_t)r.forbidden, (uintmax_t)r.double_answers, (uintmax_t)r.leaked_slots,
                  (uintmax_t)r.leftover_rights, (uintmax_t)r.leftover_views,
                  (uintmax_t)r.leftover_pauses, (uintmax_t)r.leftover_monitors);
}

static void run_prepared(struct conf *c, const struct statement *s)
{
    int rc = s->closed ? 0 : conf_open(c, NULL);
    if (rc)
        conf_fail(c, __FILE__, __LINE__, "open: %d %s", rc, xmem_last_error(c->x));
    else
        s->fn(c);
    rc = conf_close(c);
    if (rc && !c->failed)
        conf_fail(c, __FILE__, __LINE__, "close: %d %s", rc, xmem_last_error(c->x));
    check_machine(c);
}

static void run_one(const struct guest_ops *ops, const char *arg, const struct statement *s)
{
    struct conf c = {.ops = ops, .arg = arg, .statement = s->text};
    alarm(STATEMENT_SECONDS);
    int rc = ops->setup(&c);
    if (rc)
        conf_fail(&c, __FILE__, __LINE__, "setup answered %d: %s", rc, xmem_last_error(NULL));
    else
        run_prepared(&c, s);
    ops->teardown(&c);
    alarm(0);

    total++;
    if (c.failed)
        failed++;
    else if (c.skipped)
        skipped++;
    else
        passed++;
    printf("%sok %u - %s/%s: %s%s%s\n", c.failed ? "not " : "", total, ops->name, arg, s->text,
           c.skipped && !c.failed ? " # SKIP " : "", c.skipped && !c.failed ? c.skipped : "");
    fflush(stdout);
}

/* Is a name one of those in a list with commas between them? */
static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (; list; list = strchr(list, ','), list += list != NULL)
        if (!strncmp(list, name, length) && (!list[length] || list[length] == ','))
            return true;
    return false;
}

static bool wanted(size_t g, const struct statement *s)
{
    return (!only || strstr(s->text, only)) && (!group || listed(group, groups[g].name)) &&
           !listed(not_group, groups[g].name);
}

static int run_machine(const char *name)
{
    const char *slash = strchr(name, '/');
    for (size_t i = 0; slash && i < sizeof(guests) / sizeof(*guests); i++) {
        if (strlen(guests[i]->name) != (size_t)(slash - name) ||
            strncmp(guests[i]->name, name, (size_t)(slash - name)) != 0)
            continue;
        for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); g++)
            for (const struct statement *s = groups[g].statements; s->text; s++)
                if (wanted(g, s))
                    run_one(guests[i], slash + 1, s);
        return 0;
    }
    fprintf(stderr, "conformance: no machine %s\n", name);
    return 2;
}

static void list(void)
{
    for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); g++)
        for (const struct statement *s = groups[g].statements; s->text; s++)
            if (wanted(g, s))
                printf("%s\n", s->text);
}

/* The option's value goes into what it names; NULL: no such option. */
static const char **option(const char *name)
{
    static const struct {
        const char *name, **value;
    } options[] = {{"--only", &only}, {"--group", &group}, {"--not-group", &not_group}};
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        if (!strcmp(name, options[i].name))
            return options[i].value;
    return NULL;
}

int main(int argc, char **argv)
{
    bool listing = false;
    int i = 1, rc = 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char **value = option(argv[i]);
        if (value && i + 1 < argc) {
            *value = argv[++i];
        } else if (!strcmp(argv[i], "--list")) {
            listing = true;
        } else {
            fprintf(stderr, "usage: conformance [--list] [--only TEXT] [--group NAME,...] "
                            "[--not-group NAME,...] [MACHINE ...]\n");
            return 2;
        }
    }
    if (listing) {
        list();
        return 0;
    }
    if (i == argc)
        for (size_t k = 0; k < sizeof(every_machine) / sizeof(*every_machine); k++)
            rc |= run_machine(every_machine[k]);
    for (; i < argc; i++)
        rc |= run_machine(argv[i]);
    printf("1..%u\n# passed %u failed %u skipped %u\n", total, passed, failed, skipped);
    return rc ? rc : (failed || !passed);
}
