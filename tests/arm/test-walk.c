/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AArch64's tables: each form, each right, each refusal. */
#include "walk-memory.h"

#define T0 (BASE + 0x10000) /* tables, a granule of any size apart */
#define T1 (BASE + 0x20000)
#define T2 (BASE + 0x30000)
#define T3 (BASE + 0x40000)
#define TABLE 3u
#define PAGE (3u | AF)
#define BLOCK (1u | AF)
#define AF BIT(10)
#define USER BIT(6)
#define RO BIT(7)
#define PXN BIT(53)
#define UXN BIT(54)
#define DBM BIT(51)

#define EL0 0x0u
#define EL1H 0x5u
#define PAN BIT(22)
#define TCR_4K_48 (16u | 16u << 16 | 2u << 30 | BIT(32) * 5) /* both halves, 48 bits in and out */
#define VA UINT64_C(0x0000123456789abc)
#define HIGH UINT64_C(0xffff000000000000)

/* VA's indices with 4 KiB: 0x24, 0xd1, 0xb3, 0x189. */
static uint64_t page_entry;

static void use_4k(uint64_t tcr)
{
    r.tcr = tcr;
    r.ttbr0 = T0 | BIT(48) * 0x77 | 1; /* ASID, CnP */
    r.ttbr1 = T0;
    put64(T0 + 0x24 * 8, T1 | TABLE);
    put64(T1 + 0xd1 * 8, T2 | TABLE);
    put64(T2 + 0xb3 * 8, T3 | TABLE);
    page_entry = T3 + 0x189 * 8;
    put64(page_entry, 0x81234000 | PAGE | USER | 4u << 2);
}

static void setup(void)
{
    memset(memory, 0, sizeof(memory));
    r = (struct arm_regs){.cpsr = EL1H, .sctlr = 1};
    use_4k(TCR_4K_48);
}

static void maps_to(uint64_t va, uint64_t ipa, unsigned level)
{
    struct arm_translation t;
    ck_assert_int_eq(translate(va, false, &t), ARM_OK);
    ck_assert_uint_eq(t.ipa, ipa);
    ck_assert_uint_eq(t.level, level);
    ck_assert(!t.by_domain);
}

START_TEST(without_mmu_addresses_are_as_they_are)
{
    struct arm_translation t;
    r.sctlr = 0;
    ck_assert_int_eq(translate(0x40001234, true, &t), ARM_OK);
    ck_assert(t.ipa == 0x40001234 && t.read && t.write && t.execute);
    ck_assert_int_eq(why(BIT(48), false), ARM_UNSURE);
    ck_assert_int_eq(translate(BIT(63) | 8, false, &t), ARM_UNSURE);
    ck_assert(!t.ipa && !t.read && !t.write && !t.execute);
}
END_TEST

START_TEST(pages_of_4_kib)
{
    struct arm_translation t;
    maps_to(VA, 0x81234abc, 3);
    maps_to(HIGH | VA, 0x81234abc, 3);
    ck_assert_int_eq(translate(VA, false, &t), ARM_OK);
    ck_assert_uint_eq(t.attr_index, 4);
    put64(T2 + 0xb3 * 8, UINT64_C(0x8765400000) | BLOCK);
    maps_to(VA, UINT64_C(0x8765400000) | (VA & 0x1fffff), 2);
    put64(T1 + 0xd1 * 8, UINT64_C(0x87c0000000) | BLOCK | BIT(16) | BIT(52));
    maps_to(VA, UINT64_C(0x87c0000000) | (VA & 0x3fffffff), 1);
    put64(T0 + 0x24 * 8, UINT64_C(0x8000000000) | BLOCK);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
}
END_TEST

/* The first table is in level 1, of two entries, with 31 bits; in level 2 with 25 (T0SZ 39). */
START_TEST(small_spaces)
{
    r.tcr = TCR_4K_48 + 17;
    r.ttbr0 = T1 + 0xd0 * 8;
    maps_to(VA & 0x7fffffff, 0x81234abc, 3);
    ck_assert_int_eq(why((VA & 0x7fffffff) | BIT(31), false), ARM_FAULTS);
    r.ttbr0 = T1 + 0xd1 * 8;
    ck_assert_int_eq(why(VA & 0x7fffffff, false), ARM_UNSURE);
    r.tcr = TCR_4K_48 + 23;
    r.ttbr0 = T2 + 0xb0 * 8; /* of 16 entries, of which 3 is VA's */
    maps_to(VA & 0x1ffffff, 0x81234abc, 3);
    r.tcr++;
    ck_assert_int_eq(why(VA & 0xffffff, false), ARM_UNSURE); /* 24 bits */
}
END_TEST

START_TEST(pages_of_16_kib)
{
    r.tcr = (TCR_4K_48 | 2u << 14) ^ 3u << 30;
    put64(T0, T1 | TABLE);
    uint64_t l1 = VA >> 36 & 0x7ff, l2 = VA >> 25 & 0x7ff, l3 = VA >> 14 & 0x7ff;
    put64(T1 + l1 * 8, T2 | TABLE);
    put64(T2 + l2 * 8, T3 | TABLE);
    put64(T3 + l3 * 8, 0x8123c000 | PAGE);
    maps_to(VA, 0x8123c000 | (VA & 0x3fff), 3);
    maps_to(HIGH | VA, 0x8123c000 | (VA & 0x3fff), 3);
    put64(T3 + l3 * 8, 0x8123d000 | PAGE);
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    put64(T2 + l2 * 8, 0x82000000 | BLOCK);
    maps_to(VA, 0x82000000 | (VA & 0x1ffffff), 2);
    put64(T1 + l1 * 8, UINT64_C(0x1000000000) | BLOCK);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
}
END_TEST

START_TEST(pages_of_64_kib)
{
    uint64_t l1 = VA >> 42 & 0x3f, l2 = VA >> 29 & 0x1fff, l3 = VA >> 16 & 0x1fff;
    r.tcr = TCR_4K_48 | 1u << 14 | 3u << 30;
    memset(memory, 0, sizeof(memory));
    put64(T0 + l1 * 8, T1 | TABLE);
    put64(T1 + l2 * 8, T3 | TABLE);
    put64(T3 + l3 * 8, 0x81230000 | PAGE);
    maps_to(VA, 0x81230000 | (VA & 0xffff), 3);
    maps_to(HIGH | VA, 0x81230000 | (VA & 0xffff), 3);
    put64(T3 + l3 * 8, 0x81230000 | PAGE | BIT(12));
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    put64(T1 + l2 * 8, 0xa0000000 | BLOCK);
    maps_to(VA, 0xa0000000 | (VA & 0x1fffffff), 2);
    put64(T0 + l1 * 8, UINT64_C(0x40000000000) | BLOCK);
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    put64(T0 + l1 * 8, T1 | TABLE);
    maps_to(VA, 0xa0000000 | (VA & 0x1fffffff), 2);
    r.tcr += BIT(32); /* 52 bits out */
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
}
END_TEST

START_TEST(what_is_not_mapped)
{
    put64(page_entry, 0x81234000 | AF | 1u); /* reserved */
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    put64(page_entry, 0x81234000 | AF | 2u);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    put64(T1 + 0xd1 * 8, 0);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    put64(T1 + 0xd1 * 8, (BASE - 0x1000) | TABLE);
    ck_assert_int_eq(why(VA, false), ARM_NO_PLACE);
    r.ttbr0 = 0x1000;
    ck_assert_int_eq(why(VA, false), ARM_NO_PLACE);
}
END_TEST

START_TEST(addresses_have_their_half)
{
    ck_assert_int_eq(why(BIT(48) | VA, false), ARM_FAULTS);
    ck_assert_int_eq(why((HIGH ^ BIT(50)) | VA, false), ARM_FAULTS);
    r.tcr |= BIT(7);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    maps_to(HIGH | VA, 0x81234abc, 3);
    r.tcr ^= BIT(7) | BIT(23);
    maps_to(VA, 0x81234abc, 3);
    ck_assert_int_eq(why(HIGH | VA, false), ARM_FAULTS);
}
END_TEST

START_TEST(tags_are_ignored_where_told)
{
    uint64_t tagged = BIT(56) * 0xa5 | VA, high = (HIGH | VA) ^ BIT(56) * 0x5a;
    ck_assert_int_eq(why(tagged, false), ARM_FAULTS);
    ck_assert_int_eq(why(high, false), ARM_FAULTS);
    r.tcr |= BIT(37);
    maps_to(tagged, 0x81234abc, 3);
    ck_assert_int_eq(why(high, false), ARM_FAULTS);
    ck_assert_int_eq(why(tagged | BIT(49), false), ARM_FAULTS);
    r.tcr ^= BIT(37) | BIT(38);
    ck_assert_int_eq(why(tagged, false), ARM_FAULTS);
    maps_to(high, 0x81234abc, 3);
}
END_TEST

/* ---- rights ---- */

struct allowed {
    const char *kernel, *user; /* of "rwx" */
};

static void check_rights(const char *want, bool user)
{
    struct arm_translation t;
    ck_assert_int_eq(translate(VA, user, &t), ARM_OK);
    ck_assert_msg(t.read == !!strchr(want, 'r') && t.write == !!strchr(want, 'w') &&
                      t.execute == !!strchr(want, 'x'),
                  "%s, user %d: got %d%d%d", want, user, t.read, t.write, t.execute);
}

static void check(uint64_t attr, struct allowed want)
{
    put64(page_entry, 0x81234000 | PAGE | attr);
    check_rights(want.kernel, false);
    check_rights(want.user, true);
}

START_TEST(rights_of_pages)
{
    check(0, (struct allowed){"rwx", "x"});
    check(USER, (struct allowed){"rw", "rwx"});
    check(RO, (struct allowed){"rx", "x"});
    check(RO | USER, (struct allowed){"rx", "rx"});
    check(UXN, (struct allowed){"rwx", ""});
    check(PXN | UXN | USER, (struct allowed){"rw", "rw"});
    check(PXN | RO | USER, (struct allowed){"r", "rx"});
    check(UXN | RO, (struct allowed){"rx", ""});
}
END_TEST

START_TEST(rights_under_wxn)
{
    r.sctlr |= BIT(19);
    check(UXN, (struct allowed){"rw", ""});
    check(USER, (struct allowed){"rw", "rw"});
    check(RO | USER, (struct allowed){"rx", "rx"});
    check(0, (struct allowed){"rw", "x"});
}
END_TEST

START_TEST(rights_under_pan)
{
    r.cpsr |= PAN;
    check(USER, (struct allowed){"", "rwx"});
    check(USER | RO, (struct allowed){"x", "rx"});
    check(UXN, (struct allowed){"rwx", ""});
    check(0, (struct allowed){"rwx", "x"});
    r.sctlr |= BIT(57); /* EPAN */
    check(UXN, (struct allowed){"rwx", ""});
    put64(page_entry, 0x81234000 | PAGE);
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    ck_assert_int_eq(why(VA, true), ARM_OK);
}
END_TEST

START_TEST(rights_of_tables)
{
    struct arm_translation t;
    put64(T1 + 0xd1 * 8, T2 | TABLE | BIT(61));
    check(USER, (struct allowed){"rwx", "x"});
    put64(T1 + 0xd1 * 8, T2 | TABLE | BIT(62));
    check(USER, (struct allowed){"rx", "rx"});
    put64(T1 + 0xd1 * 8, T2 | TABLE | BIT(60));
    check(USER | RO, (struct allowed){"rx", "r"});
    put64(T0 + 0x24 * 8, T1 | TABLE | BIT(59));
    check(USER | RO, (struct allowed){"r", "r"});
    r.tcr |= BIT(41); /* HPD0 */
    check(USER | RO, (struct allowed){"rx", "rx"});
    r.tcr ^= BIT(41) | BIT(42);
    check(USER | RO, (struct allowed){"r", "r"});
    ck_assert_int_eq(translate(HIGH | VA, false, &t), ARM_OK);
    ck_assert(t.execute);
    put64(T0 + 0x24 * 8, T1 | TABLE);
    put64(T1 + 0xd1 * 8, T2 | TABLE);
    check(USER | RO | BIT(59) * 15, (struct allowed){"rx", "rx"}); /* not rights of a page */
}
END_TEST

START_TEST(flags_that_the_processor_may_set)
{
    put64(page_entry, 0x81234000 | 3u | USER);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    r.tcr |= BIT(39); /* HA */
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    check(USER | RO | DBM, (struct allowed){"rx", "rx"});
    r.tcr |= BIT(40); /* HD: writable, but to be marked as dirty */
    check(USER | RO | DBM, (struct allowed){"rx", "rx"});
    check(USER | DBM, (struct allowed){"rw", "rwx"});
}
END_TEST

/* ---- what is left to the processor ---- */

static void unsure_with(uint64_t tcr)
{
    r.tcr = tcr;
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    r.tcr = TCR_4K_48;
}

START_TEST(forms_that_are_not_known)
{
    unsure_with(TCR_4K_48 - 1);           /* T0SZ 15 */
    unsure_with(TCR_4K_48 + 24);          /* 40 */
    unsure_with(TCR_4K_48 | 3u << 14);    /* granule */
    unsure_with(TCR_4K_48 | BIT(59));     /* DS */
    unsure_with(TCR_4K_48 | BIT(32) * 7); /* IPS */
    r.tcr &= ~(BIT(30) * 3);
    ck_assert_int_eq(why(HIGH | VA, false), ARM_UNSURE);
    r.tcr = TCR_4K_48 | BIT(55); /* E0PD0 */
    ck_assert_int_eq(why(VA, true), ARM_UNSURE);
    maps_to(VA, 0x81234abc, 3);
    r.tcr = TCR_4K_48 + BIT(32); /* IPS 6, which is 48 bits with 4 KiB */
    maps_to(VA, 0x81234abc, 3);
    r.ttbr0 |= 2;
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    r.ttbr0 = T0;
    put64(page_entry, 0x81234000 | PAGE | BIT(48));
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    put64(T2 + 0xb3 * 8, T3 | TABLE | BIT(49));
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
    put64(T2 + 0xb3 * 8, 0x80000000 | BLOCK | BIT(13));
    ck_assert_int_eq(why(VA, false), ARM_UNSURE);
}
END_TEST

START_TEST(addresses_that_are_too_large)
{
    r.tcr = TCR_4K_48 - BIT(32) * 5; /* 32 bits out */
    maps_to(VA, 0x81234abc, 3);
    put64(page_entry, BIT(32) | PAGE);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    r.tcr += BIT(32);
    maps_to(VA, BIT(32) | 0xabc, 3);
    put64(T0 + 0x24 * 8, BIT(36) | TABLE);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
    r.ttbr0 = BIT(36);
    ck_assert_int_eq(why(VA, false), ARM_FAULTS);
}
END_TEST

START_TEST(big_endian_tables)
{
    for (unsigned i = 0; i < sizeof(memory); i += 8) {
        uint64_t v;
        memcpy(&v, memory + i, 8);
        v = __builtin_bswap64(v);
        memcpy(memory + i, &v, 8);
    }
    ck_assert_int_ne(why(VA, false), ARM_OK);
    r.sctlr |= BIT(25);
    maps_to(VA, 0x81234abc, 3);
}
END_TEST

/* The kernel's stack tells that it is AArch64's. */
START_TEST(a_32_bit_process_has_its_kernels_tables)
{
    put64(T0, T1 | TABLE);
    put64(T1, T2 | TABLE);
    put64(T2 + 3 * 8, T3 | TABLE);
    put64(T3 + 4 * 8, 0x81234000 | PAGE | USER);
    r.cpsr = 0x10;
    r.sp_el1 = HIGH | 0x8000;
    maps_to(0x604567, 0x81234567, 3);
    r.sp_el1 = 0;
    ck_assert_int_ne(why(0x604567, false), ARM_OK);
    r.elr_el1 = 0x1000;
    maps_to(0x604567, 0x81234567, 3);
    r.cpsr = 0x13; /* SVC */
    ck_assert_int_ne(why(0x604567, false), ARM_OK);
}
END_TEST

/* ---- whatever the guest has there ---- */

#define ROUNDS 300000u

/* Mostly entries that lead on: random ones alone end at once. */
static uint64_t some_entry(void)
{
    uint64_t v = random64(), t = BASE + (random64() % PAGES << 12);
    switch (v & 7) {
    case 0: return v;
    case 1: return (v & ~(BIT(48) - BIT(12)) & ~(BIT(48) * 3)) | t;
    default: return (v & BIT(59) * 15) | t | 3u | (random64() & 0xfff);
    }
}

static uint64_t some_tcr(void)
{
    uint64_t v = random64();
    if (v >> 62 == 0)
        return v;
    return 16 + v % 24 + ((16 + (v >> 8) % 24) << 16) +
           (v & (BIT(23) | 0xcc000000u | BIT(37) * 63)) + BIT(32) * 5;
}

static void some_registers(void)
{
    static const uint32_t modes[] = {EL0, EL1H, 0x10, 0x13};
    r.cpsr = modes[random64() & 3] | (random64() & PAN);
    r.sctlr = (random64() & (random64() & 3 ? ~BIT(25) : ~UINT64_C(0))) | 1;
    r.tcr = some_tcr();
    r.ttbr0 = BASE + (random64() % PAGES << 12) + (random64() & 7 ? 0 : random64());
    r.ttbr1 = BASE + (random64() % PAGES << 12);
    r.sp_el1 = random64() & 1;
}

static uint64_t some_va(void)
{
    uint64_t v = random64() >> (24 + random64() % 40);
    return random64() & 1 ? v : ~v;
}

START_TEST(random_tables_and_registers)
{
    unsigned count[16] = {0};
    for (unsigned i = 0; i < sizeof(memory); i += 8)
        put64(BASE + i, some_entry());
    for (unsigned n = 0; n < ROUNDS; n++) {
        struct arm_translation t;
        some_registers();
        put64(BASE + (random64() % sizeof(memory) & ~UINT64_C(7)), some_entry());
        enum arm_why w = translate(some_va(), random64() & 1, &t);
        bool some = t.ipa || t.read || t.write || t.execute || t.by_domain;
        if (w > ARM_ODD || t.ipa >> 48 || t.level > 3 ||
            (some && w != ARM_OK && !(w == ARM_UNSURE && t.by_domain)))
            ck_abort_msg("round %u: %d", n, w);
        count[w]++;
    }
    ck_assert(count[ARM_OK] > ROUNDS / 200 && count[ARM_FAULTS] && count[ARM_UNSURE] &&
              count[ARM_NO_PLACE]);
    ck_assert_uint_eq(count[ARM_OK] + count[ARM_FAULTS] + count[ARM_UNSURE] + count[ARM_NO_PLACE],
                      ROUNDS);
}
END_TEST

/* ---- the same in short ---- */

static enum arm_why again(struct arm_walked *k, uint64_t va, bool user, struct arm_translation *t)
{
    memset(t, 0xee, sizeof(*t));
    pages_asked = 0;
    return xmi_arm_translate_again(&the_walk, &r, va, user, k, t);
}

START_TEST(again_each_entry_is_read)
{
    struct arm_walked k = {0};
    struct arm_translation t;
    pages_most = 8;
    ck_assert_int_eq(again(&k, VA, false, &t), ARM_OK);
    ck_assert_uint_eq(t.ipa, 0x81234abc);
    ck_assert_uint_eq(k.trail.n, 4);
    ck_assert_int_eq(again(&k, VA + 1, false, &t), ARM_OK);
    ck_assert_uint_eq(t.ipa, 0x81234abd);
    ck_assert_uint_eq(pages_asked, 4);
    put64(page_entry, 0x85678000 | PAGE);
    ck_assert_int_eq(again(&k, VA, false, &t), ARM_OK);
    ck_assert_uint_eq(t.ipa, 0x85678abc);
    put64(T0 + 0x24 * 8, 0);
    ck_assert_int_eq(again(&k, VA, false, &t), ARM_FAULTS);
    ck_assert(!t.ipa && !k.used);
}
END_TEST

/* Of an entry that a walk came from, a bit. */
static void change_entry(const struct arm_walked *k)
{
    uint64_t v, at = k->trail.n ? k->trail.ipa[random64() % k->trail.n] : BASE;
    if (at - BASE > sizeof(memory) - 8)
        return;
    memcpy(&v, memory + (at - BASE), 8);
    put64(at, random64() & 1 ? some_entry() : v ^ BIT(random64() % 64));
}

static void change_register(void)
{
    static const unsigned tcr[] = {7, 23, 37, 38, 39, 41, 42, 55, 59}, sctlr[] = {19, 25, 57};
    switch (random64() % 6) {
    case 0: r.cpsr ^= PAN; break;
    case 1: r.tcr ^= BIT(tcr[random64() % 9]); break;
    case 2: r.sctlr ^= BIT(sctlr[random64() % 3]); break;
    case 3: r.ttbr0 ^= BIT(12 + random64() % 4); break;
    case 4: r.ttbr1 ^= BIT(12 + random64() % 4); break;
    default: r.sp_el1 ^= 1;
    }
}

static void some_changes(struct arm_walked *k, uint64_t *va, bool *user)
{
    uint64_t what = random64() % 8;
    if (what == 0)
        some_registers();
    else if (what == 1)
        change_entry(k);
    else if (what == 2)
        *user = random64() & 1;
    else if (what == 3 || !k->used)
        *va = some_va();
    else if (what == 4)
        change_register();
    *va ^= random64() & 0xfff;
}

START_TEST(again_is_as_anew)
{
    struct arm_walked k = {0};
    unsigned kept = 0, good = 0;
    uint64_t va = 0;
    bool user = false;
    pages_most = 8;
    for (unsigned i = 0; i < sizeof(memory); i += 8)
        put64(BASE + i, some_entry());
    for (unsigned n = 0; n < ROUNDS; n++) {
        struct arm_translation one, two;
        some_changes(&k, &va, &user);
        kept += k.used;
        enum arm_why w = again(&k, va, user, &two);
        if (w != translate(va, user, &one) || memcmp(&one, &two, sizeof(one)))
            ck_abort_msg("round %u: %d", n, w);
        good += w == ARM_OK;
    }
    ck_assert_msg(kept > ROUNDS / 20 && good > ROUNDS / 20, "kept %u, good %u", kept, good);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {without_mmu_addresses_are_as_they_are,
                               pages_of_4_kib,
                               small_spaces,
                               pages_of_16_kib,
                               pages_of_64_kib,
                               what_is_not_mapped,
                               addresses_have_their_half,
                               tags_are_ignored_where_told,
                               rights_of_pages,
                               rights_under_wxn,
                               rights_under_pan,
                               rights_of_tables,
                               flags_that_the_processor_may_set,
                               forms_that_are_not_known,
                               addresses_that_are_too_large,
                               big_endian_tables,
                               a_32_bit_process_has_its_kernels_tables,
                               random_tables_and_registers,
                               again_each_entry_is_read,
                               again_is_as_anew,
                               NULL};
    return unit_main("walk", setup, NULL, tests);
}
