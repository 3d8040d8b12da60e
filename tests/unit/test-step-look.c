/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions that Xen's emulator never does are not given to it. */
#include "fake-backend.h"
#include "events/step.h"
#include "unit.h"

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;

struct code {
    size_t n;
    bool never, never_long; /* outside of long mode, and in it */
    uint8_t byte[8];
};

START_TEST(classes)
{
    static const struct code all[] = {
        {1, true, true, {0xcf}},        /* iret */
        {2, false, true, {0x48, 0xcf}}, /* iretq; dec %eax; iret */
        {3, true, true, {0x66, 0x2e, 0xcf}},
        {1, true, true, {0xcb}},
        {3, true, true, {0xca, 8, 0}},
        {7, true, true, {0xea, 0, 0, 0, 0, 8, 0}},
        {7, true, true, {0x9a, 0, 0, 0, 0, 8, 0}},
        {2, true, true, {0xff, 0x18}}, /* lcall *(%rax) */
        {2, true, true, {0xff, 0x2f}}, /* ljmp *(%rdi) */
        {3, false, true, {0x48, 0xff, 0x28}},
        {2, false, false, {0xff, 0x10}}, /* call *(%rax) */
        {2, false, false, {0xff, 0x20}}, /* jmp *(%rax) */
        {2, false, false, {0xff, 0x30}}, /* push (%rax) */
        {2, false, false, {0xff, 0x00}}, /* inc (%rax) */
        {1, false, false, {0xff}},       /* the rest cannot be read */
        {1, false, false, {0xc3}},
        {2, false, false, {0x0f, 0xcf}}, /* bswap %edi */
        {2, false, false, {0x0f, 0xca}},
        {2, false, false, {0x89, 0xcf}},
        {3, false, false, {0x66, 0x48, 0x66}}, /* prefixes alone */
        {0, false, false, {0xcf}},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        ck_assert_msg(xmi_step_look_never(all[i].byte, all[i].n, false) == all[i].never, "%zu", i);
        ck_assert_msg(xmi_step_look_never(all[i].byte, all[i].n, true) == all[i].never_long, "%zu",
                      i);
    }
}
END_TEST

static void open_with(uint32_t means)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    f = fake_new();
    x = fake_session(f, &o, true, &d);
    for (uint64_t i = 0; i < 4; i++) {
        ck_ok(fake_ops.page_add(f, 0x10 + i));
        memset(f->frame[i], 0x90, 4096);
    }
    ck_ok(xmem_domain_set_rights_range(d, 0, 0x50, 16, XMEM_R));
}

static void teardown(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    for (uint64_t gfn = 0x10; gfn < 0x14; gfn++)
        ck_ok(fake_ops.page_remove(f, gfn));
    fake_free(f);
}

/* Of a vCPU without paging at this address. */
static void access_with(const struct xmem_regs_x86 *r)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    uint8_t *slot = f->page + 64 + (f->req_prod & 7) * xmi_ring_event_size(f->version);
    fake_access(f, 1, 0x55, XMEM_ACCESS_W, 0);
    regs.arch = XMEM_ARCH_X86;
    regs.u.x86 = *r;
    memset(slot + RING_DATA_OFFSET, 0,
           xmi_ring_data_size(f->version)); /* no segments: step-ahead.c leaves it */
    xmi_ring_regs_encode(ring_of(d), &regs, slot + RING_DATA_OFFSET);
    ck_ok(xmem_event_next(d, &ev));
}

static void access_at(uint64_t rip)
{
    access_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = rip});
}

static void emulated(void)
{
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
}

START_TEST(left_to_another_means)
{
    open_with(XMEM_STEP_EMULATE | XMEM_STEP_SINGLE | XMEM_STEP_RELAX);
    fake_fail(f, FAKE_HOLD, 1, -EOPNOTSUPP, true); /* else a single step would come first */
    access_at(0x10100);
    ck_ok(xmem_event_step_over(d, ev));
    emulated();
    f->frame[0][0x200] = 0xcf;
    access_at(0x10200);
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_SINGLE);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    fake_fail(f, FAKE_HOLD, 0, 0, false);
}
END_TEST

/* No exception is made where it could only be emulated. */
START_TEST(refused_where_there_is_no_other)
{
    open_with(XMEM_STEP_EMULATE);
    f->frame[0][0x200] = 0xcf;
    access_at(0x10200);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

/* The bytes go on in the next page, or end where nothing is mapped. */
START_TEST(over_a_boundary)
{
    open_with(XMEM_STEP_EMULATE);
    f->frame[0][0xfff] = 0x66;
    f->frame[1][0] = 0xcf;
    access_at(0x10fff);
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
    f->frame[3][0xfff] = 0xff; /* what follows is not there: as if nothing were known */
    access_at(0x13fff);
    ck_ok(xmem_event_step_over(d, ev));
    emulated();
    access_at(0x20000);
    ck_ok(xmem_event_step_over(d, ev));
    emulated();
}
END_TEST

/* Xen's emulator does it in real mode and in virtual-8086 mode. */
START_TEST(real_mode)
{
    open_with(XMEM_STEP_EMULATE);
    f->frame[0][0x200] = 0xcf;
    access_with(&(struct xmem_regs_x86){.cr0 = 0, .rip = 0x10200});
    ck_ok(xmem_event_step_over(d, ev));
    emulated();
    access_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = 0x10200, .rflags = 1u << 17});
    ck_ok(xmem_event_step_over(d, ev));
    emulated();
    access_at(0x10200); /* and no other: that is not taken from there */
    ck_rc(xmem_event_step_over(d, ev), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

/* The same instruction again costs no hypercall; one of another address space is another one. */
START_TEST(looked_at_once)
{
    open_with(XMEM_STEP_EMULATE);
    for (unsigned i = 0; i < 4; i++) {
        access_at(0x10100);
        ck_ok(xmem_event_step_over(d, ev));
        emulated();
        if (!i)
            f->count[FAKE_MAP] = 0;
    }
    ck_assert_uint_eq(f->count[FAKE_MAP], 0);
    access_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = 0x10100, .cr3 = 0x1000});
    ck_ok(xmem_event_step_over(d, ev));
    emulated();
    ck_assert_uint_eq(f->count[FAKE_MAP], 1);
}
END_TEST

START_TEST(code_that_is_elsewhere)
{
    open_with(XMEM_STEP_EMULATE);
    d->quirks |= QUIRK_CODE_ELSEWHERE;
    f->frame[0][0x200] = 0xcf;
    access_at(0x10200);
    ck_ok(xmem_event_step_over(d, ev));
    emulated();
}
END_TEST

int main(void)
{
    const unit_test tests[] = {left_to_another_means,
                               refused_where_there_is_no_other,
                               over_a_boundary,
                               real_mode,
                               looked_at_once,
                               code_that_is_elsewhere,
                               NULL};
    Suite *s = suite_create("step-look");
    TCase *bytes = tcase_create("bytes"), *c = tcase_create("steps");
    tcase_add_test(bytes, classes);
    suite_add_tcase(s, bytes);
    tcase_add_checked_fixture(c, NULL, teardown);
    for (unsigned i = 0; tests[i]; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return unit_run(s);
}
