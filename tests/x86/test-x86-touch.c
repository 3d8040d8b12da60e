/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an instruction touches, by hand; check-native.sh has more of 64-bit code. */
#include "unit/unit.h"

#include "x86/x86.h"

#define R X86_READ
#define W X86_WRITE
#define RW (X86_READ | X86_WRITE)
#define DOWN 0x400u

static uint64_t reg[16];
static struct x86_state s;
static struct x86_insn in;
static struct x86_touch t[X86_TOUCHES];

/* rax is 0x1100, rcx 0x2100, and so on; of 64 bits 0x7 at the top of each. */
static void state(unsigned code)
{
    for (unsigned i = 0; i < 16; i++)
        reg[i] = 0x1000u * (i + 1) + 0x100u;
    s = (struct x86_state){.reg = reg,
                           .rip = 0x800,
                           .code = (uint8_t)code,
                           .stack = (uint8_t)code,
                           .base = {[X86_ES] = 0x10000,
                                    [X86_CS] = 0x20000,
                                    [X86_SS] = 0x30000,
                                    [X86_DS] = 0x40000,
                                    [X86_FS] = 0x50000,
                                    [X86_GS] = 0x60000}};
}

static unsigned of(const char *bytes, size_t n)
{
    ck_assert(xmi_x86_decode((const uint8_t *)bytes, n, s.code, &in));
    ck_assert_uint_eq(in.length, n);
    unsigned found = xmi_x86_touches(&in, &s, t);
    ck_assert_uint_eq(t[0].access, X86_FETCH);
    ck_assert_uint_eq(t[0].bytes, n);
    ck_assert_uint_eq(t[0].at, s.code == 64 ? s.rip : 0x20000 + s.rip);
    return found;
}
#define OF(text) of(text, sizeof(text) - 1)

static void is(unsigned which, uint64_t at, uint32_t bytes, unsigned access)
{
    ck_assert_uint_eq(t[which].at, at);
    ck_assert_uint_eq(t[which].bytes, bytes);
    ck_assert_uint_eq(t[which].access, access);
}

START_TEST(long_mode)
{
    state(64);
    ck_assert_uint_eq(OF("\x48\x89\x07"), 2); /* mov %rax,(%rdi) */
    is(1, 0x8100, 8, W);
    ck_assert_uint_eq(OF("\x64\x48\x8b\x04\x25\x10\x00\x00\x00"), 2); /* mov %fs:0x10,%rax */
    is(1, 0x50010, 8, R);
    ck_assert_uint_eq(OF("\x48\x8b\x05\x00\x01\x00\x00"), 2); /* mov 0x100(%rip),%rax */
    is(1, 0x907, 8, R);
    ck_assert_uint_eq(OF("\x67\x8b\x44\x8f\xfc"), 2); /* mov -4(%edi,%ecx,4),%eax */
    is(1, 0x8100 - 4 + 4 * 0x2100, 4, R);
    reg[7] = UINT64_C(0xffffffff00008100);
    ck_assert_uint_eq(OF("\x67\x8b\x07"), 2); /* mov (%edi),%eax */
    is(1, 0x8100, 4, R);
    ck_assert_uint_eq(OF("\x8b\x07"), 2);
    is(1, UINT64_C(0xffffffff00008100), 4, R);
    ck_assert_uint_eq(OF("\x48\xa1\x88\x77\x66\x55\x44\x33\x22\x11"), 2);
    is(1, UINT64_C(0x1122334455667788), 8, R);
    ck_assert_uint_eq(OF("\x67\xa1\x88\x77\x66\xf5"), 2);
    is(1, 0xf5667788, 4, R);
    ck_assert_uint_eq(OF("\xff\x55\x08"), 3); /* call *8(%rbp) */
    is(1, 0x6108, 8, R);
    is(2, 0x5100 - 8, 8, W);
    ck_assert_uint_eq(OF("\x4d\x8f\x44\x24\x08"), 3); /* pop 8(%r12) */
    is(1, 0x5100, 8, R);
    is(2, 0xd108, 8, W);
    ck_assert_uint_eq(OF("\x36\x8b\x07"), 2);     /* no segment but fs and gs */
    ck_assert_uint_eq(OF("\x48\x0f\xc7\x0f"), 2); /* cmpxchg16b (%rdi) */
    is(1, reg[7], 16, RW);
}
END_TEST

START_TEST(protected_mode)
{
    state(32);
    ck_assert_uint_eq(OF("\x89\x07"), 2); /* mov %eax,(%edi) */
    is(1, 0x48100, 4, W);
    ck_assert_uint_eq(OF("\x89\x45\x08"), 2); /* mov %eax,8(%ebp) */
    is(1, 0x36108, 4, W);
    ck_assert_uint_eq(OF("\x65\x66\x89\x04\x24"), 2); /* mov %ax,%gs:(%esp) */
    is(1, 0x65100, 2, W);
    ck_assert_uint_eq(OF("\x67\x8b\x40\xff"), 2); /* mov -1(%bx,%si),%eax */
    is(1, 0x40000 + 0x4100 + 0x7100 - 1, 4, R);
    ck_assert_uint_eq(OF("\x60"), 2); /* pusha */
    is(1, 0x35100 - 32, 32, W);
    ck_assert_uint_eq(OF("\x66\x61"), 2); /* popaw */
    is(1, 0x35100, 16, R);
    ck_assert_uint_eq(OF("\x1e"), 2); /* push %ds */
    is(1, 0x35100 - 4, 4, W);
    ck_assert_uint_eq(OF("\x40"), 1);     /* inc %eax, and no prefix */
    ck_assert_uint_eq(OF("\x63\x07"), 2); /* arpl */
    is(1, 0x48100, 2, RW);
    reg[7] = 0xffffffff; /* what is over the end goes on at the begin */
    ck_assert_uint_eq(OF("\x89\x47\x02"), 2);
    is(1, 0x40001, 4, W);
    s.base[X86_DS] = 0xffff0000;
    reg[7] = 0x12345;
    ck_assert_uint_eq(OF("\x89\x07"), 2);
    is(1, 0x2345, 4, W);
}
END_TEST

START_TEST(sixteen_bits)
{
    state(16);
    ck_assert_uint_eq(OF("\x89\x07"), 2); /* mov %ax,(%bx) */
    is(1, 0x44100, 2, W);
    ck_assert_uint_eq(OF("\x66\x89\x06\x34\x12"), 2); /* mov %eax,0x1234 */
    is(1, 0x41234, 4, W);
    ck_assert_uint_eq(OF("\x88\x46\x00"), 2); /* mov %al,(%bp) */
    is(1, 0x36100, 1, W);
    reg[3] = 0xffff;
    ck_assert_uint_eq(OF("\x88\x47\x02"), 2); /* offsets have 16 bits */
    is(1, 0x40001, 1, W);
    reg[4] = 0x10000 | 1;
    ck_assert_uint_eq(OF("\x50"), 2);
    is(1, 0x3ffff, 2, W);
    ck_assert_uint_eq(OF("\xc8\x00\x00\x00"), 2); /* enter */
    ck_assert_uint_eq(OF("\x67\x88\x07"), 2);     /* mov %al,(%edi) */
    is(1, 0x48100, 1, W);
}
END_TEST

START_TEST(strings)
{
    state(32);
    ck_assert_uint_eq(OF("\xa5"), 3);
    is(1, 0x47100, 4, R);
    is(2, 0x18100, 4, W);
    reg[1] = 3;
    ck_assert_uint_eq(OF("\x64\xf3\xa4"), 3); /* the destination's segment stays */
    is(1, 0x57100, 3, R);
    is(2, 0x18100, 3, W);
    s.rflags = DOWN;
    ck_assert_uint_eq(OF("\xf3\x66\xab"), 2);
    is(1, 0x18100 - 4, 6, W);
    s.rflags = 0;
    reg[1] = 1000000; /* as many as Xen's emulator does at once */
    ck_assert_uint_eq(OF("\xf3\xab"), 2);
    is(1, 0x18100, 4 * 4096, W);
    ck_assert_uint_eq(OF("\xf3\xa7"), 3); /* where this ends is not known before: one at a time */
    is(1, 0x47100, 4, R);
    is(2, 0x18100, 4, R);
    ck_assert_uint_eq(OF("\xf2\xae"), 2);
    is(1, 0x18100, 1, R);
    reg[1] = 0;
    ck_assert_uint_eq(OF("\xf3\xab"), 1);
    reg[1] = 0x10000;
    ck_assert_uint_eq(OF("\x67\xf3\xab"), 1); /* cx */
}
END_TEST

START_TEST(bits)
{
    static const struct {
        uint64_t bit;
        int64_t away;
    } all[] = {{0, 0},
               {63, 0},
               {64, 8},
               {1000, 120},
               {(uint64_t)-1, -8},
               {(uint64_t)-64, -8},
               {(uint64_t)-65, -16},
               {UINT64_C(1) << 63, -(INT64_C(1) << 60)}};
    state(64);
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        reg[0] = all[i].bit;
        ck_assert_uint_eq(OF("\x48\x0f\xab\x07"), 2); /* bts %rax,(%rdi) */
        is(1, 0x8100 + (uint64_t)all[i].away, 8, RW);
    }
    reg[0] = 0xffff;
    ck_assert_uint_eq(OF("\x66\x0f\xa3\x07"), 2); /* bt %ax,(%rdi) */
    is(1, 0x8100 - 2, 2, R);
    ck_assert_uint_eq(OF("\x0f\xa3\xc7"), 1);
}
END_TEST

START_TEST(nothing_but_the_code)
{
    state(64);
    ck_assert_uint_eq(OF("\x48\x8d\x07"), 1);     /* lea */
    ck_assert_uint_eq(OF("\x0f\x1f\x40\x00"), 1); /* nop */
    ck_assert_uint_eq(OF("\x0f\x0d\x0f"), 1);     /* prefetchw */
    ck_assert_uint_eq(OF("\x0f\x01\x3f"), 1);     /* invlpg */
    ck_assert_uint_eq(OF("\x48\x01\xc8"), 1);
    ck_assert_uint_eq(OF("\xeb\x00"), 1);
    ck_assert_uint_eq(OF("\x0f\x84\x00\x00\x00\x00"), 1);
    ck_assert_uint_eq(OF("\xf3\x0f\x1e\xfa"), 1); /* endbr64 */
    ck_assert_uint_eq(OF("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08"), 1);
}
END_TEST

static bool known(unsigned code, const char *bytes, size_t n)
{
    return xmi_x86_decode((const uint8_t *)bytes, n, code, &in);
}
#define KNOWN(code, text) known(code, text, sizeof(text) - 1)

START_TEST(refused)
{
    ck_assert(!KNOWN(64, "\xcc")); /* int3: the interrupt table */
    ck_assert(!KNOWN(64, "\xcd\x80"));
    ck_assert(!KNOWN(64, "\x48\xcf"));
    ck_assert(!KNOWN(64, "\x8e\xd8")); /* a descriptor */
    ck_assert(!KNOWN(32, "\x1f"));
    ck_assert(!KNOWN(64, "\x0f\x05"));
    ck_assert(!KNOWN(64, "\xec")); /* the I/O bitmap */
    ck_assert(!KNOWN(64, "\x6c"));
    ck_assert(!KNOWN(64, "\x66\xe8\x00\x00\x00\x00")); /* of two makers two things */
    ck_assert(!KNOWN(64, "\x64\x3e\x8b\x07"));
    ck_assert(!KNOWN(64, "\x60"));
    ck_assert(!KNOWN(64, "\x62\xf1\x7c\x48\x10\x00")); /* EVEX */
    ck_assert(!KNOWN(64, "\x8f\xe8\x78\xa2\xc0\x00")); /* XOP */
    ck_assert(!KNOWN(64, "\x66\xc5\xf8\x10\x06"));
    ck_assert(!KNOWN(64, "\xc4\xe2\x7d\x90\x04\x00")); /* a gather */
    ck_assert(!KNOWN(64, "\x66\x0f\xf7\xc1"));         /* maskmovdqu */
    ck_assert(!KNOWN(64, "\x0f\xae\x20"));             /* xsave */
    ck_assert(!KNOWN(64, "\x0f\x0b"));
    ck_assert(!KNOWN(64, "\x48\x8b")); /* the rest is not there */
    ck_assert(!KNOWN(64, "\x48\x8b\x84\x24\x00\x00\x00"));
    ck_assert(!KNOWN(64, ""));
    ck_assert(!KNOWN(64, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x89\x07"));
    ck_assert(KNOWN(64, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x89\x07"));
}
END_TEST

int main(void)
{
    const unit_test tests[] = {long_mode, protected_mode,       sixteen_bits, strings,
                               bits,      nothing_but_the_code, refused,      NULL};
    return unit_main("x86-touch", NULL, NULL, tests);
}
