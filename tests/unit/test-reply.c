/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replies: what they become in the ring, and which are refused. */
#include "fake-backend.h"
#include "unit.h"

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;
static struct xmem_reply r;

static void open_with(uint32_t arch, uint32_t default_reply)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .default_reply = default_reply};
    f = fake_new();
    f->arch = arch;
    x = fake_session(f, &o, true, &d);
    r = (struct xmem_reply)XMEM_INIT(r);
}

static void setup(void)
{
    open_with(XMEM_ARCH_X86, XMEM_DEFAULT_RESUME);
}

static void teardown(void)
{
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    fake_free(f);
}

static void event(uint32_t reason, uint32_t flags, const uint64_t *u)
{
    fake_put(f, 1, reason, flags, 0, u);
    ck_ok(xmem_event_next(d, &ev));
}

static void memory_event(void)
{
    fake_access(f, 1, 0x55, XMEM_ACCESS_W, 0);
    ck_ok(xmem_event_next(d, &ev));
}

/* Replies with r; the flags of the answer beside VCPU_PAUSED. */
static uint32_t reply(void)
{
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_ok(xmem_event_flush(d));
    ck_assert(fake_last(f)->head.flags & RING_FLAG_VCPU_PAUSED);
    return fake_last(f)->head.flags & ~RING_FLAG_VCPU_PAUSED;
}

START_TEST(actions)
{
    uint64_t cr[4] = {XMEM_CTRLREG_CR3, 2, 1, 0};
    memory_event();
    ck_assert_uint_eq(reply(), 0);
    memory_event();
    r.action = XMEM_REPLY_EMULATE;
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE);
    ck_assert_uint_eq(fake_last(f)->head.u.word[0], 0x55); /* Xen checks gfn and access again */
    memory_event();
    r.action = XMEM_REPLY_EMULATE_NOWRITE;
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_EMULATE_NOWRITE);
    event(XMEM_EVENT_CTRLREG, RING_FLAG_VCPU_PAUSED, cr);
    r.action = XMEM_REPLY_DENY;
    ck_assert_uint_eq(reply(), RING_FLAG_DENY);
    ck_assert_uint_eq(fake_last(f)->head.u.word[0], XMEM_CTRLREG_CR3); /* the union is echoed */
}
END_TEST

START_TEST(deny_only_what_can_be)
{
    uint64_t msr[4] = {1, 2, 3, 0};
    memory_event();
    r.action = XMEM_REPLY_DENY;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_ok(xmem_event_drop(d, ev)); /* it stayed open */
    event(XMEM_EVENT_MSR, 0, msr); /* does not wait */
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    r.action = XMEM_REPLY_EMULATE;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

START_TEST(registers)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    memory_event();
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    uint64_t before = regs.u.x86.rbx;
    regs.u.x86.rip = 0x1000;
    r.flags = XMEM_REPLY_SET_REGS;
    r.regs = &regs;
    ck_assert_uint_eq(reply(), RING_FLAG_SET_REGISTERS);
    ck_assert_mem_eq(fake_last(f)->data + 152, &regs.u.x86.rip, 8);
    ck_assert_mem_eq(fake_last(f)->data + 24, &before, 8);
    memory_event();
    regs.arch = XMEM_ARCH_ARM;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    regs.size = 2;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.regs = NULL;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
}
END_TEST

START_TEST(data)
{
    uint8_t bytes[400];
    memset(bytes, 0x90, sizeof(bytes));
    memory_event();
    r.action = XMEM_REPLY_EMULATE;
    r.flags = XMEM_REPLY_SET_READ_DATA;
    r.data = bytes;
    r.data_len = 12;
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_SET_EMUL_READ_DATA);
    ck_assert_mem_eq(fake_last(f)->data, &r.data_len, 4);
    ck_assert_mem_eq(fake_last(f)->data + 4, bytes, 12);
    memory_event();
    r.flags = XMEM_REPLY_SET_INSN_DATA;
    r.data_len = 16;
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_SET_EMUL_INSN_DATA);
    ck_assert_mem_eq(fake_last(f)->data, bytes, 16);
    memory_event();
    r.data_len = 15;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.flags = XMEM_REPLY_SET_READ_DATA;
    r.data_len = 341;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.data_len = 0;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.flags |= XMEM_REPLY_SET_INSN_DATA;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.flags = XMEM_REPLY_SET_READ_DATA;
    r.data_len = 8;
    r.action = XMEM_REPLY_RESUME; /* nobody takes it */
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.data = NULL;
    r.action = XMEM_REPLY_EMULATE;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
}
END_TEST

START_TEST(views)
{
    uint16_t v;
    ck_ok(xmem_view_create(d, NULL, &v));
    memory_event();
    r.flags = XMEM_REPLY_SET_VIEW;
    r.view = 4;
    ck_rc(xmem_event_reply(d, ev, &r), -ENOENT);
    r.view = v;
    ck_assert_uint_eq(reply(), RING_FLAG_ALTERNATE_P2M);
    ck_assert_uint_eq(fake_last(f)->head.view, v);
    memory_event();
    r.flags = XMEM_REPLY_FAST_STEP; /* needs SET_VIEW */
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.flags |= XMEM_REPLY_SET_VIEW;
    r.step_view = 3;
    ck_rc(xmem_event_reply(d, ev, &r), -ENOENT);
    r.step_view = 0;
    fake_fail(f, FAKE_MONITOR, 1, -EPERM, false);
    ck_rc(xmem_event_reply(d, ev, &r), -EPERM);
    ck_assert_uint_eq(reply(), RING_FLAG_ALTERNATE_P2M | RING_FLAG_FAST_SINGLESTEP);
    ck_assert_uint_eq(fake_last(f)->head.u.quarter[0], 0);
    ck_assert(f->monitors & (1u << XMEM_EVENT_SINGLESTEP)); /* the quirk */
    f->vcpu_view[1] = 0; /* the step is over */
}
END_TEST

START_TEST(toggle_step)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_SINGLESTEP};
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    memory_event();
    r.flags = XMEM_REPLY_TOGGLE_STEP;
    ck_assert_uint_eq(reply(), RING_FLAG_TOGGLE_SINGLESTEP);
    event(XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, NULL); /* the caller's own */
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_SINGLESTEP);
    ck_assert_uint_eq(reply(), RING_FLAG_TOGGLE_SINGLESTEP);
}
END_TEST

START_TEST(unknown_values)
{
    memory_event();
    r.action = 5;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.action = 0;
    r.flags = 64;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.flags = XMEM_REPLY_SET_VIEW;
    r.action = XMEM_REPLY_STEP_OVER;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.size = 1;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
}
END_TEST

START_TEST(what_the_kind_cannot)
{
    teardown();
    f = fake_new();
    f->caps.replies = 1u << XMEM_REPLY_RESUME;
    f->caps.reply_flags = 0;
    x = fake_session(f, NULL, true, &d);
    r = (struct xmem_reply)XMEM_INIT(r);
    memory_event();
    r.action = XMEM_REPLY_EMULATE;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    r.action = 0;
    r.flags = XMEM_REPLY_TOGGLE_STEP;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
}
END_TEST

START_TEST(going_on_skips_what_would_come_again)
{
    uint32_t cpuid[8] = {2, 1, 0, 0};
    uint64_t rip;
    struct xmem_regs regs = XMEM_INIT(regs);
    event(XMEM_EVENT_CPUID, RING_FLAG_VCPU_PAUSED, (uint64_t *)(void *)cpuid);
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    ck_assert_uint_eq(reply(), RING_FLAG_SET_REGISTERS);
    memcpy(&rip, fake_last(f)->data + 152, 8);
    ck_assert_uint_eq(rip, regs.u.x86.rip + 2);
    event(XMEM_EVENT_DESCRIPTOR, RING_FLAG_VCPU_PAUSED, NULL);
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
    event(XMEM_EVENT_BREAKPOINT, RING_FLAG_VCPU_PAUSED, NULL);
    ck_assert_uint_eq(reply(), 0); /* whoever put it there takes it away */
    event(XMEM_EVENT_PRIVILEGED_CALL, RING_FLAG_VCPU_PAUSED, NULL);
    ck_assert_uint_eq(reply(), 0);
    teardown();
    open_with(XMEM_ARCH_ARM, XMEM_DEFAULT_RESUME);
    event(XMEM_EVENT_PRIVILEGED_CALL, RING_FLAG_VCPU_PAUSED, NULL);
    regs = (struct xmem_regs)XMEM_INIT(regs);
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    ck_assert_uint_eq(reply(), RING_FLAG_SET_REGISTERS);
    memcpy(&rip, fake_last(f)->data + 24, 8);
    ck_assert_uint_eq(rip, regs.u.arm.pc + 4);
}
END_TEST

static uint32_t drop(void)
{
    ck_ok(xmem_event_drop(d, ev));
    ck_ok(xmem_event_flush(d));
    return fake_last(f)->head.flags;
}

START_TEST(defaults)
{
    uint64_t msr[4] = {1, 2, 3, 0}, bp[4] = {0, 0, 1, 0};
    struct xmem_stats s = XMEM_INIT(s);
    memory_event();
    ck_assert_uint_eq(drop(), RING_FLAG_VCPU_PAUSED);
    event(XMEM_EVENT_BREAKPOINT, RING_FLAG_VCPU_PAUSED, bp);
    ck_assert_uint_eq(drop(), RING_FLAG_VCPU_PAUSED | RING_FLAG_SET_REGISTERS);
    ck_ok(xmem_domain_get_stats(d, &s));
    ck_assert_uint_eq(s.defaulted, 2);
    teardown();
    open_with(XMEM_ARCH_X86, XMEM_DEFAULT_DENY);
    event(XMEM_EVENT_MSR, RING_FLAG_VCPU_PAUSED, msr);
    ck_assert_uint_eq(drop(), RING_FLAG_VCPU_PAUSED | RING_FLAG_DENY);
    event(XMEM_EVENT_GUEST_REQUEST, RING_FLAG_VCPU_PAUSED, NULL);
    ck_assert_uint_eq(drop(), RING_FLAG_VCPU_PAUSED);
    teardown();
    open_with(XMEM_ARCH_X86, XMEM_DEFAULT_RELAX);
    ck_ok(xmem_domain_set_rights(d, 0, 0x55, XMEM_R));
    memory_event();
    ck_assert_uint_eq(drop(), RING_FLAG_VCPU_PAUSED);
    ck_assert_uint_eq(f->rights[0][0x55], XMEM_RWX);
    ck_ok(xmem_domain_set_rights(d, 0, 0x55, XMEM_R));
    memory_event();
    fake_fail(f, FAKE_SET, 1, -EPERM, false);
    ck_rc(xmem_event_drop(d, ev), -EPERM); /* it stays open */
    ck_assert_uint_eq(drop(), RING_FLAG_VCPU_PAUSED);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {actions,
                               deny_only_what_can_be,
                               registers,
                               data,
                               views,
                               toggle_step,
                               unknown_values,
                               what_the_kind_cannot,
                               going_on_skips_what_would_come_again,
                               defaults,
                               NULL};
    return unit_main("reply", setup, teardown, tests);
}
