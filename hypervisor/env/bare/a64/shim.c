/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim.h"

#include <stddef.h>

#define ENTRIES 512u
#define PAGE 4096u
#define BLOCK ((uint64_t)ENTRIES * PAGE) /* what a level 3 table covers: 2 MB */
#define BLOCKS 5u                        /* four of RAM, one with the UART */
#define RAM UINT64_C(0x40000000)
#define UART UINT64_C(0x09000000)
#define TABLE 3u
#define LEAF (3u | 1u << 10 | 3u << 8) /* page, accessed, inner shareable */

static uint64_t bar[SHIM_REGIONS], lar[SHIM_REGIONS], accesses;
static uint64_t selector = SHIM_SELECTOR;
static bool is_on;
static struct {
    uint64_t level1[ENTRIES], low[ENTRIES], ram[ENTRIES], page[BLOCKS][ENTRIES];
} stage1 __attribute__((aligned(4096))), stage2 __attribute__((aligned(4096)));

/* ---- regions into pages ---- */

static uint64_t first(unsigned i)
{
    return bar[i] & ~UINT64_C(63);
}

static uint64_t last(unsigned i)
{
    return lar[i] | 63;
}

/* The region that has all of the page, if no other has any of it. */
static int owner(uint64_t page)
{
    int found = -1;

    for (unsigned i = 0; i < SHIM_REGIONS; i++) {
        if ((lar[i] & 1) == 0 || first(i) > page + PAGE - 1 || last(i) < page)
            continue;
        if (found >= 0 || first(i) > page || last(i) < page + PAGE - 1)
            return -1;
        found = (int)i;
    }
    return found;
}

static void put(uint64_t page, uint64_t *one, uint64_t *two)
{
    int i = owner(page);
    unsigned ap, xn, attr;

    *one = *two = 0;
    if (i < 0)
        return;
    ap = (unsigned)(bar[i] >> 2) & 3u;
    xn = (unsigned)(bar[i] >> 1) & 1u;
    attr = (unsigned)(lar[i] >> 1) & 7u;
    *one = page | LEAF | (uint64_t)attr << 2 | 1u << 6 | (uint64_t)(ap >> 1) << 7 |
           (uint64_t)xn << 54;
    if ((ap & 1) != 0) /* EL1, too */
        *two = page | LEAF | (attr == 0 ? 0xfu : 1u) << 2 | ((ap & 2) != 0 ? 1u : 3u) << 6 |
               (uint64_t)xn << 54;
}

static uint64_t block_base(unsigned b)
{
    return b < BLOCKS - 1 ? RAM + b * BLOCK : UART;
}

/* Pages of a range anew. */
static void project(uint64_t from, uint64_t to)
{
    unsigned b, i;

    for (b = 0; b < BLOCKS; b++) {
        uint64_t base = block_base(b);

        if (from > base + BLOCK - 1 || to < base)
            continue;
        for (i = 0; i < ENTRIES; i++) {
            uint64_t page = base + (uint64_t)i * PAGE;

            if (from <= page + PAGE - 1 && page <= to)
                put(page, &stage1.page[b][i], &stage2.page[b][i]);
        }
    }
}

static void flush(void)
{
    __asm__ volatile("dsb sy\n tlbi alle2\n tlbi alle1\n dsb sy\n isb" : : : "memory");
}

static void change(unsigned i, uint64_t base, uint64_t limit)
{
    uint64_t was_first = first(i), was_last = last(i);
    bool was = (lar[i] & 1) != 0;

    bar[i] = base;
    lar[i] = limit;
    if (!is_on)
        return;
    if (was && was_first <= was_last)
        project(was_first, was_last);
    if ((limit & 1) != 0 && first(i) <= last(i))
        project(first(i), last(i));
}

/* ---- registers ---- */

static uint64_t enable_read(void)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < SHIM_REGIONS; i++)
        v |= (lar[i] & 1) << i;
    return v;
}

static void enable_write(uint64_t v)
{
    /* Those that go, then those that come: the hardware does it at once. */
    for (unsigned i = 0; i < SHIM_REGIONS; i++) {
        if ((v >> i & 1) == 0 && (lar[i] & 1) != 0)
            change(i, bar[i], lar[i] & ~UINT64_C(1));
    }
    for (unsigned i = 0; i < SHIM_REGIONS; i++) {
        if ((v >> i & 1) != 0 && (lar[i] & 1) == 0)
            change(i, bar[i], lar[i] | 1);
    }
}

/* CRn 6, CRm from 8 on: which region, of the selector and the encoding. */
static bool region_access(unsigned crm, unsigned op2, bool read, uint64_t *value)
{
    unsigned n = (crm & 7u) << 1 | op2 >> 2, i = (unsigned)selector;
    bool limit = (op2 & 1) != 0;

    if (n != 0)
        i = ((unsigned)selector & 0xf0u) | n;
    if ((op2 & 2) != 0 || i >= SHIM_REGIONS)
        return false;
    if (read)
        *value = limit ? lar[i] : bar[i];
    else if (limit)
        change(i, bar[i], *value);
    else
        change(i, *value, lar[i]);
    return true;
}

static bool access(unsigned crn, unsigned crm, unsigned op2, bool read, uint64_t *value)
{
    if (crn == 0 && crm == 0 && op2 == 4 && read) { /* MPUIR_EL2 */
        *value = SHIM_REGIONS;
        return true;
    }
    if (crn != 6)
        return false;
    if (crm >= 8)
        return region_access(crm, op2, read, value);
    if (crm == 2 && op2 == 1) { /* PRSELR_EL2 */
        *(read ? value : &selector) = read ? selector : *value & 0xff;
        return true;
    }
    if (crm != 1 || op2 != 1) /* PRENR_EL2 */
        return false;
    if (read)
        *value = enable_read();
    else
        enable_write(*value);
    return true;
}

/* MRS and MSR (register): op0 3, op1 4. */
bool shim_access(uint32_t instruction, uint64_t *value)
{
    bool read = (instruction >> 21 & 1) != 0;

    if ((instruction & 0xffdf0000u) != 0xd51c0000u)
        return false;
    if (!access(instruction >> 12 & 15, instruction >> 8 & 15, instruction >> 5 & 7, read, value))
        return false;
    if (!read && is_on)
        flush();
    accesses++;
    return true;
}

uint64_t shim_accesses(void)
{
    return accesses;
}

/* ---- tables: 39 bits, so level 1 first ---- */

#define WRITE(name, v) __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(v)) : "memory")
#define REGIME (25u | 1u << 8 | 1u << 10 | 3u << 12 | 2u << 16 | 1u << 31)

void shim_on(void)
{
    for (unsigned b = 0; b < BLOCKS - 1; b++) {
        stage1.ram[b] = (uintptr_t)stage1.page[b] | TABLE;
        stage2.ram[b] = (uintptr_t)stage2.page[b] | TABLE;
    }
    stage1.low[UART / BLOCK] = (uintptr_t)stage1.page[BLOCKS - 1] | TABLE;
    stage2.low[UART / BLOCK] = (uintptr_t)stage2.page[BLOCKS - 1] | TABLE;
    stage1.level1[0] = (uintptr_t)stage1.low | TABLE;
    stage2.level1[0] = (uintptr_t)stage2.low | TABLE;
    stage1.level1[1] = (uintptr_t)stage1.ram | TABLE;
    stage2.level1[1] = (uintptr_t)stage2.ram | TABLE;
    project(0, UINT64_MAX);
    if (is_on) {
        flush();
        return;
    }
    is_on = true;
    WRITE("mair_el2", 0x04ff);
    WRITE("tcr_el2", REGIME | 1u << 23);
    WRITE("S3_4_C2_C0_0", (uintptr_t)stage1.level1); /* TTBR0_EL2; on Armv8-R that is VSCTLR_EL2 */
    WRITE("vtcr_el2", REGIME | 1u << 6);
    WRITE("S3_4_C2_C1_0", (uintptr_t)stage2.level1); /* VTTBR_EL2 */
    flush();
    WRITE("sctlr_el2", 0x30c50830u | 1u | 1u << 2 | 1u << 12);
    __asm__ volatile("isb" : : : "memory");
}
