/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that tries to get around a restriction with everything that PV guests have for page tables:
 * each hypercall, plain writes to table pages, tables of its own. Caught each time, with nothing written.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#define BUFFER 20u     /* test pages: arguments, */
#define TABLE 24u      /* and what becomes a table */
#define TARGET 10u     /* what is restricted */
#define SLOT 11u       /* at whose address the guest maps things */
#define PRESERVE_AD 2u /* MMU_PT_UPDATE_PRESERVE_AD */

enum {
    MMUEXT_PIN_L1 = 0,
    MMUEXT_PIN_L4 = 3,
    MMUEXT_UNPIN = 4,
    MMUEXT_NEW_BASE = 5,
    MMUEXT_CLEAR = 16,
    MMUEXT_COPY = 17
};

/* ---- ways to change an entry ---- */

struct place {
    uint64_t va, pte; /* what the entry maps, and its machine address */
};

typedef int (*start_fn)(struct check *c, const struct place *at, uint64_t entry);

static uint64_t buffer_with(struct check *c, const uint64_t *words, unsigned int n)
{
    uint64_t machine = check_page(c, BUFFER), va = check_virtual(c, machine);
    unsigned int i;

    for (i = 0; i < n; i++)
        if (check_poke(c, machine + 8u * i, words[i]))
            return 0;
    return va;
}

static int by_update_va(struct check *c, const struct place *at, uint64_t entry)
{
    return check_start_hypercall(c, HC_UPDATE_VA, (uint64_t[4]){at->va, entry, INVLPG, 0});
}

static int by_update_va_other(struct check *c, const struct place *at, uint64_t entry)
{
    return check_start_hypercall(c, HC_UPDATE_VA_OTHER, (uint64_t[4]){at->va, entry, INVLPG, SELF});
}

static int mmu_update(struct check *c, uint64_t pte, uint64_t entry)
{
    uint64_t va = buffer_with(c, (uint64_t[]){pte, entry}, 2);

    return check_start_hypercall(c, HC_MMU_UPDATE, (uint64_t[4]){va, 1, 0, SELF});
}

static int by_mmu_update(struct check *c, const struct place *at, uint64_t entry)
{
    return mmu_update(c, at->pte, entry);
}

static int by_mmu_update_keeping(struct check *c, const struct place *at, uint64_t entry)
{
    return mmu_update(c, at->pte | PRESERVE_AD, entry);
}

static int by_multicall(struct check *c, const struct place *at, uint64_t entry)
{
    uint64_t va = buffer_with(c, (uint64_t[]){HC_UPDATE_VA, 0, at->va, entry, INVLPG, 0, 0, 0}, 8);

    return check_start_hypercall(c, HC_MULTICALL, (uint64_t[4]){va, 1, 0, 0});
}

static int by_multicall_batch(struct check *c, const struct place *at, uint64_t entry)
{
    uint64_t args = buffer_with(c, (uint64_t[]){0, 0, 0, 0, 0, 0, 0, 0, at->pte, entry}, 10);

    buffer_with(c, (uint64_t[]){HC_MMU_UPDATE, 0, args + 64, 1, 0, SELF, 0, 0}, 8);
    return check_start_hypercall(c, HC_MULTICALL, (uint64_t[4]){args, 1, 0, 0});
}

static int by_plain_write(struct check *c, const struct place *at, uint64_t entry)
{
    return check_start(c, 0, LAB_OP_WRITE, check_virtual(c, at->pte), entry);
}

/* One instruction that reads and writes; from what is there to what is wanted. */
static int by_plain_add(struct check *c, const struct place *at, uint64_t entry)
{
    return check_start(c, 0, LAB_OP_RMW, check_virtual(c, at->pte), entry - check_peek(c, at->pte));
}

static const struct {
    const char *name;
    start_fn start;
} ways[] = {
    {"update_va_mapping", by_update_va},
    {"update_va_mapping_otherdomain", by_update_va_other},
    {"mmu_update", by_mmu_update},
    {"mmu_update that keeps A and D", by_mmu_update_keeping},
    {"multicall of update_va_mapping", by_multicall},
    {"multicall of mmu_update", by_multicall_batch},
    {"plain write to the table", by_plain_write},
    {"add to the table", by_plain_add},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static struct place slot_of(struct check *c)
{
    struct place at = {.va = check_virtual(c, check_page(c, SLOT))};

    at.pte = check_pte(c, at.va);
    return at;
}

/* ---- a restricted page is mapped writable, and written ---- */

static int try_page(struct check *c, unsigned int way, const struct place *at)
{
    uint64_t page = check_page(c, TARGET), gfn = c->first + TARGET;
    int rc = check_set(c, gfn, 1, XENMEM_access_r);

    if (!rc && check_poke(c, page, 0x1111))
        rc = -1;
    if (!rc)
        rc = ways[way].start(c, at, page | PTE_RW);
    if (!rc && (!check_done(c, 0, LAB_PATIENCE_MS) || !check_entry_is(c, at->pte, page | PTE_RW)))
        rc = -2; /* the guest is free to do that */
    if (!rc)
        rc = check_caught(c, 0, LAB_OP_WRITE, at->va, gfn, MEM_ACCESS_W);
    if (!rc && check_peek(c, page) != 0xabcd)
        rc = -3;
    if (!rc && check_update_va(c, at->va, check_page(c, SLOT) | PTE_RO))
        rc = -4;
    return rc;
}

static void escape_page(struct check *c)
{
    struct place at;
    unsigned int i;

    IS(c, check_listen(c, 0), 0);
    at = slot_of(c);
    OK(c, at.va && at.pte);
    for (i = 0; i < WAYS; i++) {
        int rc = try_page(c, i, &at);

        if (rc)
            check_fail(c, __FILE__, __LINE__, ways[i].name, rc);
    }
}

/* ---- the table itself is restricted, and written ---- */

static int try_table(struct check *c, unsigned int way, const struct place *at)
{
    uint64_t gfn = at->pte / PAGE, entry = check_page(c, way % 2 ? SLOT : TARGET) | PTE_RW;
    uint64_t was = check_peek(c, at->pte);
    vm_event_request_t event;
    int rc = check_set(c, gfn, 1, XENMEM_access_r);

    if (!rc)
        rc = ways[way].start(c, at, entry);
    if (!rc && check_event(c, LAB_PATIENCE_MS, &event))
        rc = -1;
    if (!rc &&
        (event.u.mem_access.gfn != gfn || check_done(c, 0, 0) || !check_entry_is(c, at->pte, was)))
        rc = -2;
    if (rc)
        return rc;
    check_reply(c, &event, 0); /* as it is: caught again */
    rc = check_stopped(c, 0, gfn, MEM_ACCESS_W);
    return rc ? rc : check_entry_is(c, at->pte, entry) ? 0 : -3;
}

static void escape_table(struct check *c)
{
    struct place at;
    unsigned int i;

    IS(c, check_listen(c, 0), 0);
    at = slot_of(c);
    OK(c, at.va && at.pte);
    for (i = 0; i < WAYS; i++) {
        int rc = try_table(c, i, &at);

        if (rc)
            check_fail(c, __FILE__, __LINE__, ways[i].name, rc);
    }
    OK(c, check_quiet(c));
}

/* A batch stops at the entry that is restricted, and goes on there. */
static void escape_batch(struct check *c)
{
    uint64_t other = check_page(c, 1024), va, words[6];
    struct place a, b;

    IS(c, check_listen(c, 0), 0);
    a = slot_of(c);
    b = (struct place){.va = check_virtual(c, other), .pte = check_pte(c, other)};
    OK(c, a.pte && b.pte && a.pte / PAGE != b.pte / PAGE);
    memcpy(words,
           (uint64_t[]){a.pte, check_page(c, TARGET) | PTE_RW, b.pte,
                        check_page(c, TARGET) | PTE_RO, a.pte, check_page(c, SLOT) | PTE_RO},
           sizeof(words));
    va = buffer_with(c, words, 6);
    IS(c, check_set(c, b.pte / PAGE, 1, XENMEM_access_r), 0);
    IS(c, check_start_hypercall(c, HC_MMU_UPDATE, (uint64_t[4]){va, 3, 0, SELF}), 0);
    IS(c, check_stopped(c, 0, b.pte / PAGE, MEM_ACCESS_W), 0);
    IS(c, lab_guest_box(c->guest, 0)->result, 0);
    OK(c, check_entry_is(c, a.pte, words[5]) && check_entry_is(c, b.pte, words[3]));
}

/* ---- Xen is asked to write ---- */

static int mmuext(struct check *c, uint64_t op, uint64_t arg1, uint64_t arg2)
{
    uint64_t va = buffer_with(c, (uint64_t[]){op, arg1, arg2}, 3);

    return check_start_hypercall(c, HC_MMUEXT, (uint64_t[4]){va, 1, 0, SELF});
}

static int64_t do_mmuext(struct check *c, uint64_t op, uint64_t arg1, uint64_t arg2)
{
    if (mmuext(c, op, arg1, arg2) || !check_done(c, 0, LAB_PATIENCE_MS))
        return INT64_MIN;
    return (int64_t)lab_guest_box(c->guest, 0)->result;
}

static void escape_copy(struct check *c)
{
    uint64_t page = check_page(c, TARGET), gfn = c->first + TARGET, source = c->first + 12;

    IS(c, check_listen(c, 0), 0);
    IS(c, check_poke(c, page, 0x1111), 0);
    IS(c, check_poke(c, source * PAGE, 0x2222), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, mmuext(c, MMUEXT_CLEAR, gfn, 0), 0);
    IS(c, check_stopped(c, 0, gfn, MEM_ACCESS_W), 0);
    OK(c, check_peek(c, page) == 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, mmuext(c, MMUEXT_COPY, gfn, source), 0);
    IS(c, check_stopped(c, 0, gfn, MEM_ACCESS_W), 0);
    OK(c, check_peek(c, page) == 0x2222);
    IS(c, check_set(c, source, 1, XENMEM_access_n), 0);
    IS(c, mmuext(c, MMUEXT_COPY, gfn, source), 0);
    IS(c, check_stopped(c, 0, source, MEM_ACCESS_R), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, mmu_update(c, page, 0x3333), 0); /* a data page by its machine address */
    IS(c, check_stopped(c, 0, gfn, MEM_ACCESS_W), 0);
    OK(c, check_peek(c, page) == 0x3333);
}

/* ---- tables of its own ---- */

/* A copy of a table in a test page that the guest then has read-only, as tables must be. */
static int copy_table(struct check *c, uint64_t from)
{
    uint64_t to = check_page(c, TABLE);
    unsigned int i;

    for (i = 0; i < 512; i++)
        if (check_poke(c, to + 8 * i, check_peek(c, from + 8 * i)))
            return -1;
    return (int)check_update_va(c, check_virtual(c, to), to | PTE_RO);
}

static void escape_new_l1(struct check *c)
{
    uint64_t page = check_page(c, TARGET), gfn = c->first + TARGET, table = check_page(c, TABLE);
    uint64_t l2e, was;
    struct place at;

    IS(c, check_listen(c, 0), 0);
    at = slot_of(c);
    l2e = check_entry(c, at.va, 2);
    was = check_peek(c, l2e);
    OK(c, l2e && was & 1);
    /* Read-only first, so that the copy has itself read-only. */
    IS(c, check_update_va(c, check_virtual(c, table), table | PTE_RO), 0);
    IS(c, copy_table(c, at.pte & ~(uint64_t)(PAGE - 1)), 0);
    IS(c, check_poke(c, table + at.pte % PAGE, page | PTE_RW), 0);
    IS(c, do_mmuext(c, MMUEXT_PIN_L1, c->first + TABLE, 0), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, mmu_update(c, l2e, table | PTE_RW), 0);
    OK(c, check_done(c, 0, LAB_PATIENCE_MS));
    IS(c, lab_guest_box(c->guest, 0)->result, 0);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, at.va, gfn, MEM_ACCESS_W), 0);
    /* Its new table is restricted like any page. */
    IS(c, check_set(c, table / PAGE, 1, XENMEM_access_r), 0);
    IS(c, by_update_va(c, &at, page | PTE_RO), 0);
    IS(c, check_stopped(c, 0, table / PAGE, MEM_ACCESS_W), 0);
    IS(c, mmu_update(c, l2e, was), 0);
    OK(c, check_done(c, 0, LAB_PATIENCE_MS));
}

static void escape_new_l4(struct check *c)
{
    uint64_t page = check_page(c, TARGET), gfn = c->first + TARGET, table = check_page(c, TABLE);
    uint64_t old;

    IS(c, check_listen(c, 0), 0);
    old = check_entry(c, 0, 4);
    OK(c, old != 0);
    IS(c, check_update_va(c, check_virtual(c, table), table | PTE_RO), 0);
    IS(c, copy_table(c, old), 0);
    IS(c, do_mmuext(c, MMUEXT_PIN_L4, c->first + TABLE, 0), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, do_mmuext(c, MMUEXT_NEW_BASE, c->first + TABLE, 0), 0);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page, gfn, MEM_ACCESS_W), 0);
    IS(c, check_set(c, gfn, 1, XENMEM_access_r), 0);
    IS(c, do_mmuext(c, MMUEXT_NEW_BASE, old / PAGE, 0), 0);
    IS(c, check_caught(c, 0, LAB_OP_WRITE, page, gfn, MEM_ACCESS_W), 0);
    IS(c, do_mmuext(c, MMUEXT_UNPIN, c->first + TABLE, 0), 0);
}

const struct check_line check_escapes[] = {
    {"escape: a second mapping, made in eight ways", escape_page},
    {"escape: writing a restricted table, in eight ways", escape_table},
    {"escape: a batch of mmu_update with a restricted table in the middle", escape_batch},
    {"escape: Xen clears, copies and writes pages for the guest", escape_copy},
    {"escape: an L1 table of its own", escape_new_l1},
    {"escape: an L4 table of its own", escape_new_l4},
    {NULL, NULL},
};
