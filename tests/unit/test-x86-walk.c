/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables of x86 guests in each mode of paging, over a memory of a few pages. */
#include "unit.h"
#include "x86/x86.h"

#define PAGES 16u
#define P UINT64_C(1) /* present */
#define PS UINT64_C(0x80)

static _Alignas(8) uint8_t memory[PAGES][4096];
static unsigned reads;
static struct xmem_regs_x86 r;

static int from_memory(void *arg, uint64_t gpa, void *buf, size_t n)
{
    (void)arg;
    reads++;
    ck_assert_uint_le(gpa % 4096 + n, 4096);
    if (gpa / 4096 >= PAGES)
        return -ESRCH;
    memcpy(buf, memory[gpa / 4096] + gpa % 4096, n);
    return 0;
}
static const struct x86_memory m = {.read = from_memory};

static void put(uint64_t gpa, uint64_t value, size_t n)
{
    memcpy(memory[gpa / 4096] + gpa % 4096, &value, n);
}

static void setup(void)
{
    memset(memory, 0, sizeof(memory));
    r = (struct xmem_regs_x86){.cr0 = X86_CR0_PE | X86_CR0_PG};
    reads = 0;
}

static void leads(uint64_t linear, uint64_t want)
{
    struct x86_place p;
    ck_ok(xmi_x86_translate(&m, &r, linear, &p));
    ck_assert_uint_eq(p.gpa, want);
}

static void fails(uint64_t linear, int rc)
{
    struct x86_place p = {.gpa = 77};
    ck_rc(xmi_x86_translate(&m, &r, linear, &p), rc);
    ck_assert_uint_eq(p.gpa, 77);
}

START_TEST(without_paging)
{
    r.cr0 = X86_CR0_PE;
    leads(UINT64_C(0x1fffff123), 0xfffff123);
    ck_assert_uint_eq(reads, 0);
}
END_TEST

START_TEST(two_levels)
{
    r.cr3 = 0x1fff; /* low bits mean nothing */
    put(0x1000 + 4 * 3, 0x2000 | P, 4);
    put(0x2000 + 4 * 5, 0xfffff000u | P, 4);
    leads(3u << 22 | 5u << 12 | 0x678, 0xfffff678u);
    leads(UINT64_C(1) << 32 | 3u << 22 | 5u << 12, 0xfffff000u);
    fails(3u << 22 | 6u << 12, -EFAULT);
    fails(4u << 22, -EFAULT);
    put(0x1000, 0x3000 | PS | P, 4); /* no large page without CR4.PSE */
    put(0x3000, 0x7000 | P, 4);
    leads(0x12, 0x7012);
}
END_TEST

START_TEST(four_megabytes)
{
    r.cr3 = 0x1000;
    r.cr4 = X86_CR4_PSE;
    put(0x1000, 0x00c00000u | 5u << 13 | PS | P, 4); /* bits 32 and 34 of the address */
    leads(0x3abcde, UINT64_C(0x500fabcde));
}
END_TEST

START_TEST(three_levels)
{
    r.cr4 = X86_CR4_PAE;
    r.cr3 = 0x1020; /* on a boundary of 32 bytes */
    put(0x1020 + 8 * 3, 0x2000 | P, 8);
    put(0x2000 + 8 * 511, 0x3000 | P, 8);
    put(0x3000 + 8 * 1, UINT64_C(0x8000000f12345000) | P, 8); /* NX is no address */
    leads(3u << 30 | 511u << 21 | 1u << 12 | 0xfff, UINT64_C(0xf12345fff));
    put(0x2000, UINT64_C(0x200000000) | PS | P | 0x1000, 8); /* bit 12: PAT of a large page */
    leads(3u << 30 | 0x1abcde, UINT64_C(0x2001abcde));
    fails(0, -EFAULT);
    put(0x1020, PS | P | 0x4000, 8); /* no page of 1 GiB here */
    fails(0, -EFAULT);
}
END_TEST

/* The same tables below one level more. */
static void long_mode(unsigned levels)
{
    const uint64_t top = levels == 5 ? UINT64_C(7) << 48 : 0;
    r.msr_efer = X86_EFER_LMA;
    r.cr4 = X86_CR4_PAE | (levels == 5 ? X86_CR4_LA57 : 0);
    r.cr3 = levels == 5 ? 0x5000 : 0x1000;
    put(0x5000 + 8 * 7, 0x1000 | P, 8);
    put(0x1000 + 8 * 256, 0x2000 | P, 8);
    put(0x2000 + 8 * 1, 0x3000 | P, 8);
    put(0x3000 + 8 * 2, 0x4000 | P, 8);
    put(0x4000 + 8 * 3, 0x9000 | P | UINT64_C(1) << 63, 8);
    put(0x3000 + 8 * 9, 0xe00000 | PS | P, 8);
    put(0x2000 + 8 * 9, UINT64_C(0x140000000) | PS | P, 8);
    uint64_t base = top | UINT64_C(256) << 39 | (levels == 5 ? 0 : UINT64_C(0xffff) << 48);
    leads(base | 1u << 30 | 2u << 21 | 3u << 12 | 0xabc, 0x9abc);
    ck_assert_uint_eq(reads, levels);
    leads(base | 1u << 30 | 9u << 21 | 0x1fffff, 0xffffff);
    leads(base | UINT64_C(9) << 30 | 0x3fffffff, UINT64_C(0x17fffffff));
    fails(base | 2u << 30, -EFAULT);
    fails((base | 1u << 30 | 2u << 21 | 3u << 12) ^ UINT64_C(1) << 63, -EFAULT); /* not canonical */
    fails((base | 1u << 30 | 2u << 21 | 3u << 12) ^ UINT64_C(1) << 57, -EFAULT);
    put(0x1000, 0x100000 | P, 8); /* a table that is not there */
    fails(top, -ESRCH);
}

START_TEST(four_levels)
{
    long_mode(4);
}
END_TEST

START_TEST(five_levels)
{
    long_mode(5);
}
END_TEST

/* Two pages that are neighbours for the guest alone, and then none. */
START_TEST(over_a_boundary)
{
    uint8_t buf[64] = {0};
    r.cr3 = 0x1000;
    put(0x1000, 0x2000 | P, 4);
    put(0x2000 + 4 * 4, 0x9000 | P, 4);
    put(0x2000 + 4 * 5, 0x3000 | P, 4);
    put(0x9ffc, 0x04030201, 4);
    put(0x3000, 0x08070605, 4);
    ck_assert_uint_eq(xmi_x86_read(&m, &r, 0x4ffc, buf, 8), 8);
    ck_assert_int_eq(memcmp(buf, "\1\2\3\4\5\6\7\10", 8), 0);
    ck_assert_uint_eq(xmi_x86_read(&m, &r, 0x5ffc, buf, 8), 4);
    ck_assert_uint_eq(xmi_x86_read(&m, &r, 0x6000, buf, 8), 0);
}
END_TEST

static struct x86_place place_with(uint64_t upper, uint64_t lower)
{
    struct x86_place p;
    put(0x1000, 0x2000 | P | upper, 8);
    put(0x2000, 0x3000 | P | 7, 8);
    put(0x3000, 0x4000 | P | lower, 8);
    put(0x4000, 0x9000 | P | 7, 8);
    ck_ok(xmi_x86_translate(&m, &r, 0, &p));
    return p;
}

/* Each level takes something away. */
START_TEST(rights_of_all_levels)
{
    const uint64_t nx = UINT64_C(1) << 63;
    r.msr_efer = X86_EFER_LMA;
    r.cr4 = X86_CR4_PAE;
    r.cr3 = 0x1000;
    struct x86_place p = place_with(6, 6);
    ck_assert(p.writable && p.user && !p.nx);
    p = place_with(4, 6);
    ck_assert(!p.writable && p.user && !p.nx);
    p = place_with(6, 2 | nx);
    ck_assert(p.writable && !p.user && p.nx);
    put(0x3000, 0xe00000 | PS | P | 2, 8); /* a large one */
    ck_ok(xmi_x86_translate(&m, &r, 0, &p));
    ck_assert(p.writable && !p.user && !p.nx);
    r = (struct xmem_regs_x86){.cr0 = X86_CR0_PG, .cr3 = 0x1000};
    put(0x1000, 0x2000 | P | 2, 4);
    put(0x2000, 0x9000 | P | 6, 4);
    ck_ok(xmi_x86_translate(&m, &r, 0, &p));
    ck_assert(p.writable && !p.user && !p.nx);
    r.cr4 = X86_CR4_PAE; /* the top level has no such rights */
    put(0x1000, 0x2000 | P, 8);
    put(0x2000, 0x3000 | P | 6, 8);
    put(0x3000, 0x9000 | P | 4, 8);
    ck_ok(xmi_x86_translate(&m, &r, 0, &p));
    ck_assert(!p.writable && p.user && !p.nx);
}
END_TEST

static bool may(struct x86_place p, uint32_t access, bool user)
{
    return xmi_x86_may(&r, &p, access, user);
}

START_TEST(what_the_guest_may)
{
    const struct x86_place system = {.writable = true}, own = {.writable = true, .user = true};
    const struct x86_place fixed = {.user = true},
                           data = {.writable = true, .user = true, .nx = true};
    r.msr_efer = X86_EFER_NXE;
    ck_assert(!may(system, X86_READ, true) && may(system, X86_READ | X86_WRITE, false));
    ck_assert(may(own, X86_READ | X86_WRITE, true) && may(own, X86_FETCH, true));
    ck_assert(may(fixed, X86_READ, true) && !may(fixed, X86_WRITE, true));
    ck_assert(may(fixed, X86_WRITE, false)); /* CR0.WP is off */
    r.cr0 |= X86_CR0_WP;
    ck_assert(!may(fixed, X86_WRITE, false) && may(fixed, X86_READ, false));
    ck_assert(may(data, X86_WRITE, true) && !may(data, X86_FETCH, true));
    ck_assert(!may(data, X86_FETCH, false));
    r.msr_efer = 0; /* the bit is reserved then */
    ck_assert(!may(data, X86_READ, false));
    ck_assert(may(own, X86_FETCH, false) && may(own, X86_READ, false));
    r.cr4 = X86_CR4_SMEP;
    ck_assert(!may(own, X86_FETCH, false) && may(own, X86_READ, false));
    r.cr4 = X86_CR4_SMAP;
    ck_assert(may(own, X86_FETCH, false) && !may(own, X86_READ, false));
    ck_assert(may(own, X86_READ, true));
    r.rflags = X86_FLAG_AC;
    ck_assert(may(own, X86_READ, false));
    r.cr0 = X86_CR0_PE; /* no paging */
    ck_assert(may(fixed, X86_WRITE, true) && may(system, X86_READ, true));
}
END_TEST

int main(void)
{
    const unit_test tests[] = {
        without_paging, two_levels,      four_megabytes,       three_levels,       four_levels,
        five_levels,    over_a_boundary, rights_of_all_levels, what_the_guest_may, NULL};
    return unit_main("x86-walk", setup, NULL, tests);
}
