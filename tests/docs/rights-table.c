/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints docs/rights-by-machine.md's tables: what each kind of machine can do, as the
 * capabilities of a simulated one say. A kind that cannot be simulated has no column.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xmem.h>

#define KINDS (XMEM_KIND_ARMV8R_MPU + 1)
#define RELEASE 17 /* of 4.x, for the first table: what xmem-machine(5) takes by itself */
#define RELEASES 64

struct named_bit {
    uint64_t bit;
    const char *name;
};

#define BIT(b) \
    { \
        b, #b \
    }
#define NTH(n) \
    { \
        UINT64_C(1) << (n), #n \
    }

static const struct named_bit steps[] = {BIT(XMEM_STEP_HYPERVISOR), BIT(XMEM_STEP_VIEW),
                                         BIT(XMEM_STEP_SINGLE),     BIT(XMEM_STEP_EMULATE),
                                         BIT(XMEM_STEP_RELAX),      {0, NULL}};
static const struct named_bit replies[] = {NTH(XMEM_REPLY_RESUME),
                                           NTH(XMEM_REPLY_DENY),
                                           NTH(XMEM_REPLY_EMULATE),
                                           NTH(XMEM_REPLY_EMULATE_NOWRITE),
                                           NTH(XMEM_REPLY_STEP_OVER),
                                           NTH(XMEM_REPLY_REINJECT),
                                           {0, NULL}};
static const struct named_bit reply_flags[] = {
    BIT(XMEM_REPLY_SET_REGS),      BIT(XMEM_REPLY_SET_VIEW),
    BIT(XMEM_REPLY_SET_READ_DATA), BIT(XMEM_REPLY_SET_INSN_DATA),
    BIT(XMEM_REPLY_TOGGLE_STEP),   BIT(XMEM_REPLY_FAST_STEP),
    BIT(XMEM_REPLY_STEP_STRICT),   {0, NULL}};
static const struct named_bit flags[] = {BIT(XMEM_CAP_MEM_ACCESS),  BIT(XMEM_CAP_SET_MANY),
                                         BIT(XMEM_CAP_SUPPRESS_VE), BIT(XMEM_CAP_VISIBILITY),
                                         BIT(XMEM_CAP_SWITCH_VCPU), BIT(XMEM_CAP_DEFAULT_ALL),
                                         BIT(XMEM_CAP_ADD_PAGE),    {0, NULL}};

struct machine {
    bool there;
    struct xmem_caps caps;
};

/* The capabilities of a domain of this kind under Xen 4.minor. */
static struct machine ask(unsigned kind, int minor)
{
    struct machine m = {.there = false, .caps = XMEM_INIT(m.caps)};
    char path[64], uri[80];
    struct xmem *x = NULL;
    struct xmem_domain *d = NULL;

    snprintf(path, sizeof(path), "rights-table.%ld.json", (long)getpid());
    snprintf(uri, sizeof(uri), "sim:%s", path);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    fprintf(f, "{\"xen\": \"4.%d\", \"domains\": [{\"name\": \"g\", \"kind\": \"%s\"}]}\n", minor,
            xmem_kind_name((enum xmem_kind)kind));
    fclose(f);
    m.there = xmem_open(uri, NULL, &x) == 0 && xmem_domain_open(x, 1, NULL, &d) == 0 &&
              xmem_domain_get_caps(d, &m.caps) == 0;
    xmem_domain_close(d);
    xmem_close(x);
    unlink(path);
    return m;
}

/* ---- the table of kinds ---- */

typedef uint64_t (*field_fn)(const struct xmem_caps *c);

static uint64_t step_means(const struct xmem_caps *c)
{
    return c->step_means;
}

static uint64_t reply_actions(const struct xmem_caps *c)
{
    return c->replies;
}

static uint64_t reply_flag_bits(const struct xmem_caps *c)
{
    return c->reply_flags;
}

static uint64_t cap_flags(const struct xmem_caps *c)
{
    return c->flags;
}

static void head(const struct machine *all, const char *first)
{
    printf("| %s |", first);
    for (unsigned k = 1; k < KINDS; k++)
        if (all[k].there)
            printf(" %s |", xmem_kind_name((enum xmem_kind)k));
    printf("\n|---|");
    for (unsigned k = 1; k < KINDS; k++)
        if (all[k].there)
            printf("---|");
    printf("\n");
}

static void row_of_bits(const struct machine *all, const struct named_bit *b, field_fn field)
{
    for (; b->name != NULL; b++) {
        printf("| `%s` |", b->name);
        for (unsigned k = 1; k < KINDS; k++)
            if (all[k].there)
                printf(" %s |", field(&all[k].caps) & b->bit ? "yes" : "-");
        printf("\n");
    }
}

static void rows_of_rights(const struct machine *all)
{
    for (unsigned r = 1; r < 32; r++) {
        const char *name = xmem_rights_name((enum xmem_rights)r);
        if (name == NULL)
            continue;
        printf("| rights `%s` |", name);
        for (unsigned k = 1; k < KINDS; k++) {
            bool host = all[k].caps.rights & XMEM_RIGHTS_BIT(r);
            bool views = all[k].caps.view_rights & XMEM_RIGHTS_BIT(r);
            if (all[k].there)
                printf(" %s |", views ? "yes, in views too" : host ? "yes" : "-");
        }
        printf("\n");
    }
}

static void rows_of_monitors(const struct machine *all)
{
    for (unsigned i = 0; i < 64; i++) {
        const char *name = xmem_event_reason_name((enum xmem_event_reason)i);
        uint64_t any = 0;
        for (unsigned k = 1; k < KINDS; k++)
            any |= all[k].there ? all[k].caps.monitors >> i & 1u : 0;
        if (name == NULL || !any)
            continue;
        printf("| events `%s` |", name);
        for (unsigned k = 1; k < KINDS; k++)
            if (all[k].there)
                printf(" %s |", all[k].caps.monitors >> i & 1u ? "yes" : "-");
        printf("\n");
    }
}

static void row_of_number(const struct machine *all, const char *name, size_t offset)
{
    printf("| `%s` |", name);
    for (unsigned k = 1; k < KINDS; k++) {
        uint32_t value;
        memcpy(&value, (const char *)&all[k].caps + offset, sizeof(value));
        if (all[k].there)
            printf(" %u |", value);
    }
    printf("\n");
}

static void table_of_kinds(const struct machine *all)
{
    head(all, "");
    rows_of_rights(all);
    row_of_number(all, "max_views", offsetof(struct xmem_caps, max_views));
    row_of_bits(all, steps, step_means);
    row_of_bits(all, replies, reply_actions);
    row_of_bits(all, reply_flags, reply_flag_bits);
    rows_of_monitors(all);
    row_of_bits(all, flags, cap_flags);
    row_of_number(all, "ring_slots", offsetof(struct xmem_caps, ring_slots));
    row_of_number(all, "regions", offsetof(struct xmem_caps, regions));
    row_of_number(all, "granule", offsetof(struct xmem_caps, granule));
}

/* ---- the table of releases ---- */

static void tell(int minor, unsigned kind, const char *sign, const char *what, const char *name)
{
    printf("| 4.%d | %s | %s %s`%s` |\n", minor, xmem_kind_name((enum xmem_kind)kind), sign, what,
           name);
}

static void tell_bits(int minor, unsigned kind, const struct named_bit *b, uint64_t old,
                      uint64_t now)
{
    for (; b->name != NULL; b++)
        if ((old ^ now) & b->bit)
            tell(minor, kind, now & b->bit ? "with" : "without", "", b->name);
}

static void tell_changes(int minor, unsigned kind, const struct xmem_caps *old,
                         const struct xmem_caps *now)
{
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (i < 32 && ((old->rights ^ now->rights) & bit))
            tell(minor, kind, now->rights & bit ? "with" : "without", "rights ",
                 xmem_rights_name((enum xmem_rights)i));
        if ((old->monitors ^ now->monitors) & bit)
            tell(minor, kind, now->monitors & bit ? "with" : "without", "events ",
                 xmem_event_reason_name((enum xmem_event_reason)i));
    }
    tell_bits(minor, kind, steps, old->step_means, now->step_means);
    tell_bits(minor, kind, replies, old->replies, now->replies);
    tell_bits(minor, kind, reply_flags, old->reply_flags, now->reply_flags);
    tell_bits(minor, kind, flags, old->flags, now->flags);
}

static void table_of_releases(void)
{
    printf("| Xen | kind | difference to the release before |\n|---|---|---|\n");
    for (unsigned k = 1; k < KINDS; k++) {
        struct machine before = {.there = false}, now;
        for (int minor = 0; minor < RELEASES; minor++, before = now) {
            now = ask(k, minor);
            if (before.there && now.there)
                tell_changes(minor, k, &before.caps, &now.caps);
        }
    }
}

int main(void)
{
    struct machine all[KINDS] = {0};
    const char *tmp = getenv("TMPDIR");

    if (chdir(tmp != NULL ? tmp : "/tmp") != 0) {
        perror("TMPDIR");
        return 1;
    }
    for (unsigned k = 1; k < KINDS; k++)
        all[k] = ask(k, RELEASE);
    table_of_kinds(all);
    printf("\n");
    table_of_releases();
    return 0;
}
