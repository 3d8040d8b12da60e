/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of AArch32 kernels: long descriptors, and short ones with their domains. */
#include "walk-memory.h"

#define L1 (BASE + 0x10000) /* 16 KiB of it */
#define L2 (BASE + 0x20000)
#define L3 (BASE + 0x30000)
#define VA 0x8765a678u
#define SVC 0x13u
#define USR 0x10u
#define PAN BIT(22)

static void setup(void)
{
    memset(memory, 0, sizeof(memory));
    r = (struct arm_regs){.cpsr = SVC, .sctlr = 1, .ttbr0 = L1, .ttbr1 = L1};
}

static void check(enum arm_why want, uint64_t va, uint64_t ipa, bool user, const char *rights)
{
    struct arm_translation t;
    ck_assert_int_eq(translate(va, user, &t), want);
    ck_assert_uint_eq(t.ipa, ipa);
    ck_assert_msg(t.read == !!strchr(rights, 'r') && t.write == !!strchr(rights, 'w') &&
                      t.execute == !!strchr(rights, 'x'),
                  "%s, user %d: got %d%d%d", rights, user, t.read, t.write, t.execute);
    ck_assert(t.by_domain == (want == ARM_UNSURE));
}

START_TEST(without_mmu)
{
    r.sctlr = 0;
    check(ARM_OK, VA, VA, true, "rwx");
    ck_assert_int_eq(why(BIT(32), false), ARM_UNSURE);
    r.sctlr = 1;
    ck_assert_int_eq(why(BIT(32), false), ARM_UNSURE);
}
END_TEST

/* ---- long descriptors ---- */

#define AF BIT(10)
#define USER BIT(6)
#define RO BIT(7)
#define XN BIT(54)

/* VA's indices: 2, 0x3b, 0x5a. */
static void use_long(uint64_t tcr, uint64_t attr)
{
    r.tcr = BIT(31) | tcr;
    put64(L1 + 2 * 8, L2 | 3);
    put64(L2 + 0x3b * 8, L3 | 3);
    put64(L3 + 0x5a * 8, UINT64_C(0x8081234000) | AF | 3 | attr);
}

START_TEST(long_descriptors)
{
    use_long(0, USER);
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rwx");
    check(ARM_OK, VA, UINT64_C(0x8081234678), true, "rwx");
    use_long(0, 0);
    check(ARM_OK, VA, UINT64_C(0x8081234678), true, ""); /* execution needs reading here */
    use_long(0, USER | XN);
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rw");
    r.sctlr |= BIT(20); /* UWXN */
    use_long(0, USER);
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rw");
    use_long(0, USER | RO);
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rx");
    r.cpsr |= PAN;
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "x");
    put64(L2 + 0x3b * 8, UINT64_C(0x8081200000) | AF | 1);
    check(ARM_OK, VA, UINT64_C(0x808125a678), false, "rwx");
    put64(L1 + 2 * 8, UINT64_C(0xc0000000) | AF | 1);
    check(ARM_OK, VA, UINT64_C(0xc765a678), false, "rwx");
    put64(L1 + 2 * 8, UINT64_C(0x10000000000) | AF | 1); /* beyond 40 bits */
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    put64(L1 + 2 * 8, UINT64_C(0xc0000000) | 1);
    r.tcr |= BIT(39); /* no HA here */
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
}
END_TEST

START_TEST(long_descriptors_of_two_halves)
{
    use_long(2 | 1u << 16, USER); /* below 1 GiB; from 2 GiB on */
    r.ttbr0 = BASE;
    r.ttbr1 = L1 + 2 * 8; /* two entries */
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rwx");
    ck_assert_int_eq(why(0x3fffffff, false), ARM_FAULTS);
    put64(BASE, 0x80000000u | AF | 1);
    check(ARM_OK, 0, 0x80000000, false, "rwx");
    ck_assert_int_eq(why(0x40000000, false), ARM_FAULTS); /* between them */
    put64(BASE + 511 * 8, 0x80000000u | AF | 1);          /* the first table is in level 2 */
    check(ARM_OK, 0x3fffffff, 0x801fffff, false, "rwx");
    r.tcr |= BIT(23);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    r.tcr |= BIT(7);
    ck_assert_int_eq(why(0x3fffffff, false), ARM_FAULTS);
    r.ttbr1 = L1;
    use_long(1, USER); /* T1SZ 0: all that is not in the first half */
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rwx");
    r.ttbr0 = BASE + 0x1000;
    ck_assert_int_eq(why(VA & 0x7fffffff, false), ARM_FAULTS);
    put64(BASE + 0x1000, 0x80000000u | AF | 1);
    put64(L1, 0);
    check(ARM_OK, 5, 0x80000005, false, "rwx");
}
END_TEST

START_TEST(long_descriptors_hold_limits)
{
    use_long(0, USER);
    put64(L1 + 2 * 8, L2 | 3 | BIT(62));
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rx");
    r.tcr |= BIT(41);
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rx");
    r.tcr |= BIT(6); /* T2E: there is a TTBCR2 */
    check(ARM_OK, VA, UINT64_C(0x8081234678), false, "rwx");
}
END_TEST

/* ---- short descriptors ---- */

/* VA's indices: 0x876, 0x5a. */
#define FIRST (L1 + 0x876 * 4)
#define SECOND (L2 + 0x400 + 0x5a * 4)

static void use_pages(uint32_t second)
{
    put32(FIRST, (uint32_t)(L2 + 0x400) | 3u << 5 | 1);
    put32(SECOND, second);
}

START_TEST(sections)
{
    put32(FIRST, 0x81200000u | 3u << 10 | 2);
    check(ARM_UNSURE, VA, 0x8125a678, false, "rwx");
    check(ARM_UNSURE, VA, 0x8125a678, true, "rwx");
    put32(FIRST, 0x81200000u | 3u << 10 | 3); /* PXN */
    check(ARM_UNSURE, VA, 0x8125a678, false, "rw");
    check(ARM_UNSURE, VA, 0x8125a678, true, "rwx");
    put32(FIRST, 0x81200000u | 1u << 15 | 1u << 10 | 1u << 4 | 2);
    check(ARM_UNSURE, VA, 0x8125a678, false, "r");
    check(ARM_UNSURE, VA, 0x8125a678, true, "");
    /* A large one, of 40 bits. */
    put32(FIRST, 0x81000000u | 5u << 20 | 1u << 18 | 3u << 10 | 9u << 5 | 2);
    check(ARM_UNSURE, VA, UINT64_C(0x958165a678), false, "rwx");
    put32(FIRST, 0);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
}
END_TEST

START_TEST(small_and_large_pages)
{
    struct arm_translation t;
    use_pages(0x81234000u | 5u << 6 | 3u << 4 | 2u << 2 | 2);
    check(ARM_UNSURE, VA, 0x81234678, true, "rwx");
    ck_assert_int_eq(translate(VA, true, &t), ARM_UNSURE);
    ck_assert(t.attr_index == (5 << 2 | 2) && t.level == 2);
    use_pages(0x81234000u | 3u << 4 | 3);
    check(ARM_UNSURE, VA, 0x81234678, true, "rw");
    put32(FIRST, (uint32_t)(L2 + 0x400) | 1u << 2 | 1); /* PXN */
    put32(SECOND, 0x81234000u | 3u << 4 | 2);
    check(ARM_UNSURE, VA, 0x81234678, false, "rw");
    check(ARM_UNSURE, VA, 0x81234678, true, "rwx");
    use_pages(0x81230000u | 6u << 12 | 2u << 4 | 1u << 2 | 1);
    check(ARM_UNSURE, VA, 0x8123a678, true, "rx");
    ck_assert_int_eq(translate(VA, true, &t), ARM_UNSURE);
    ck_assert_int_eq(t.attr_index, 6 << 2 | 1);
    use_pages(0x81230000u | 1u << 15 | 2u << 4 | 1);
    check(ARM_UNSURE, VA, 0x8123a678, true, "r");
    use_pages(0x81230000u | 3u << 4);
    ck_assert_int_eq(why(VA, true), ARM_FAULTS);
    put32(FIRST, 0x1000u | 1);
    ck_assert_int_eq(why(VA, true), ARM_NO_PLACE);
}
END_TEST

START_TEST(rights_of_short_descriptors)
{
    static const struct {
        const char *kernel, *user;
    } full[] = {{"", ""}, {"rwx", ""}, {"rwx", "rx"}, {"rwx", "rwx"},
                {"", ""}, {"rx", ""},  {"rx", "rx"},  {"rx", "rx"}};
    for (uint32_t ap = 0; ap < 8; ap++) {
        use_pages(0x81234000u | (ap & 4) << 7 | (ap & 3) << 4 | 2);
        if (ap == 4) { /* reserved */
            struct arm_translation t;
            ck_assert_int_eq(translate(VA, false, &t), ARM_UNSURE);
            ck_assert(!t.by_domain && !t.ipa);
            continue;
        }
        check(ARM_UNSURE, VA, 0x81234678, false, full[ap].kernel);
        check(ARM_UNSURE, VA, 0x81234678, true, full[ap].user);
    }
    use_pages(0x81234000u | 2u << 4 | 2);
    r.cpsr |= PAN;
    check(ARM_UNSURE, VA, 0x81234678, false, "x");
    r.sctlr |= BIT(19); /* WXN */
    check(ARM_UNSURE, VA, 0x81234678, false, "");
    check(ARM_UNSURE, VA, 0x81234678, true, "rx");
    use_pages(0x81234000u | 3u << 4 | 2);
    check(ARM_UNSURE, VA, 0x81234678, true, "rw");
    r.cpsr = SVC;
    r.sctlr = 1 | BIT(20); /* UWXN */
    check(ARM_UNSURE, VA, 0x81234678, false, "rw");
    check(ARM_UNSURE, VA, 0x81234678, true, "rwx");
}
END_TEST

START_TEST(rights_with_access_flag)
{
    static const char *const kernel[] = {"rwx", "rwx", "rx", "rx"}, *const user[] = {"", "rwx", "",
                                                                                     "rx"};
    r.sctlr |= BIT(29); /* AFE */
    for (uint32_t ap = 0; ap < 4; ap++) {
        use_pages(0x81234000u | (ap & 2) << 8 | (ap & 1) << 5 | 1u << 4 | 2);
        check(ARM_UNSURE, VA, 0x81234678, false, kernel[ap]);
        check(ARM_UNSURE, VA, 0x81234678, true, user[ap]);
    }
    use_pages(0x81234000u | 1u << 5 | 2);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    r.sctlr |= BIT(17); /* the processor sets it */
    struct arm_translation t;
    ck_assert_int_eq(translate(VA, false, &t), ARM_UNSURE);
    ck_assert(!t.by_domain);
}
END_TEST

/* N 2: TTBR0's table is 4 KiB, for addresses below 1 GiB. */
START_TEST(short_descriptors_of_two_parts)
{
    r.tcr = 2;
    r.ttbr0 = (BASE + 0x1000) | 0x4a;
    r.ttbr1 = L1 | 0x4a;
    put32(BASE + 0x1000 + 0x3ff * 4, 0x81200000u | 3u << 10 | 2);
    put32(FIRST, 0x82200000u | 3u << 10 | 2);
    check(ARM_UNSURE, 0x3ff5a678, 0x8125a678, false, "rwx");
    check(ARM_UNSURE, VA, 0x8225a678, false, "rwx");
    r.tcr |= BIT(5);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    r.tcr |= BIT(4);
    ck_assert_int_eq(why(0x3ff5a678, false), ARM_FAULTS);
}
END_TEST

START_TEST(big_endian_short_descriptors)
{
    use_pages(__builtin_bswap32(0x81234000u | 3u << 4 | 2));
    put32(FIRST, __builtin_bswap32((uint32_t)(L2 + 0x400) | 1));
    ck_assert_int_ne(why(VA, true), ARM_OK);
    r.sctlr |= BIT(25);
    check(ARM_UNSURE, VA, 0x81234678, true, "rwx");
}
END_TEST

START_TEST(a_process_of_an_aarch32_kernel)
{
    put32(FIRST, 0x81200000u | 3u << 10 | 2);
    r.cpsr = USR;
    check(ARM_UNSURE, VA, 0x8125a678, true, "rwx");
    r.sp_el0 = 1; /* AArch64's */
    struct arm_translation t;
    ck_assert_int_ne(translate(VA, true, &t), ARM_OK);
    ck_assert(!t.by_domain);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {without_mmu,
                               long_descriptors,
                               long_descriptors_of_two_halves,
                               long_descriptors_hold_limits,
                               sections,
                               small_and_large_pages,
                               rights_of_short_descriptors,
                               rights_with_access_flag,
                               short_descriptors_of_two_parts,
                               big_endian_short_descriptors,
                               a_process_of_an_aarch32_kernel,
                               NULL};
    return unit_main("walk-a32", setup, NULL, tests);
}
