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
    r.action = XMEM_REPLY_EMULATE_NOWRITE; /* Xen would write */
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.action = XMEM_REPLY_EMULATE;
    r.flags = XMEM_REPLY_SET_INSN_DATA;
    r.data_len = 16;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP); /* it would emulate what it had before */
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
    f->vcpu_view[1] = 0;                                    /* the step is over */
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
    r.action = 6;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.action = 0;
    r.flags = 128;
    ck_rc(xmem_event_reply(d, ev, &r), -EINVAL);
    r.flags = XMEM_REPLY_STEP_STRICT; /* with STEP_OVER only */
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

static void breakpoint(void)
{
    uint64_t bp[4] = {0x10, 0, UINT64_C(6) << 32 | 1, 0};
    event(XMEM_EVENT_BREAKPOINT, RING_FLAG_VCPU_PAUSED, bp);
}

static void open_with_injection(void)
{
    teardown();
    f = fake_new();
    f->caps.replies |= 1u << XMEM_REPLY_REINJECT;
    x = fake_session(f, NULL, true, &d);
    r = (struct xmem_reply)XMEM_INIT(r);
}

/* Injected so often, by answers without flags. */
static void ck_injected(unsigned n, uint8_t vector)
{
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED);
    ck_assert_uint_eq(f->count[FAKE_INJECT], n);
    ck_assert_uint_eq(f->injected.vector, vector);
    ck_assert_uint_eq(f->injected_vcpu, 1);
    ck_assert_uint_eq(f->injected.error_code, UINT32_MAX);
}

START_TEST(the_guest_gets_what_is_its_own)
{
    uint64_t debug[4] = {0x10, 0x4000, UINT64_C(3) << 32, 0};
    open_with_injection();
    breakpoint();
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_injected(1, 3);
    ck_assert(f->injected.type == 6 && f->injected.insn_len == 1 && !f->injected.extra);
    breakpoint();
    ck_ok(xmem_event_step_over(d, ev));
    ck_injected(2, 3);
    breakpoint();
    ck_ok(xmem_event_drop(d, ev));
    ck_injected(3, 3);
    breakpoint();
    r.action = XMEM_REPLY_REINJECT;
    ck_assert_uint_eq(reply(), 0);
    ck_injected(4, 3);
    fake_put(f, 1, XMEM_EVENT_DEBUG, RING_FLAG_VCPU_PAUSED, 0, debug);
    ck_ok(xmem_event_next(d, &ev));
    ck_ok(xmem_event_step_over(d, ev));
    ck_injected(5, 1);
    ck_assert(f->injected.type == 3 && !f->injected.insn_len);
    ck_assert_uint_eq(f->injected.extra, ev->u.debug.pending_dbg);
}
END_TEST

START_TEST(what_cannot_be_injected)
{
    open_with_injection();
    breakpoint();
    fake_fail(f, FAKE_INJECT, 1, -EBUSY, false);
    ck_rc(xmem_event_reply(d, ev, NULL), -EBUSY); /* it stays open */
    fake_fail(f, FAKE_INJECT, 1, -EPERM, false);
    ck_rc(xmem_event_step_over(d, ev), -EPERM);
    r.action = XMEM_REPLY_REINJECT;
    ck_assert_uint_eq(reply(), 0);
    memory_event();
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
    event(XMEM_EVENT_DEBUG, 0, NULL); /* Xen gave it to the guest already */
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_assert_uint_eq(f->count[FAKE_INJECT], 3);
    teardown();
    open_with(XMEM_ARCH_X86, XMEM_DEFAULT_RESUME);
    breakpoint();
    r.action = XMEM_REPLY_REINJECT;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    r.action = XMEM_REPLY_RESUME;
    ck_assert_uint_eq(reply(), RING_FLAG_SET_REGISTERS); /* gone past */
    event(XMEM_EVENT_DEBUG, RING_FLAG_VCPU_PAUSED, NULL);
    ck_assert_uint_eq(reply(), 0);
}
END_TEST

/* The caller wrote it there, or steps on by itself. */
START_TEST(breakpoints_of_the_caller)
{
    static const uint8_t code[] = {0x55, 0xcc, 0x90};
    uint8_t long_code[32] = {0xcc};
    open_with_injection();
    for (uint64_t gfn = 0x10; gfn < 0x14; gfn++)
        ck_ok(fake_ops.page_add(f, gfn));
    ck_ok(xmem_domain_write(d, 0x11fff, code, 1)); /* no breakpoint */
    ck_ok(xmem_domain_write(d, 0x10000, long_code, sizeof(long_code)));
    breakpoint();
    r.flags = XMEM_REPLY_TOGGLE_STEP;
    ck_assert_uint_eq(reply(), RING_FLAG_TOGGLE_SINGLESTEP);
    breakpoint();
    ck_assert_uint_eq(reply(), RING_FLAG_TOGGLE_SINGLESTEP);
    ck_assert_uint_eq(f->count[FAKE_INJECT], 0);
    breakpoint();
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_injected(1, 3);
    ck_ok(xmem_domain_write(d, 0x12fff, code, sizeof(code))); /* in the second page */
    ck_ok(xmem_domain_write(d, 0x10fff, code + 1, 1));
    breakpoint();
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_injected(1, 3);
    breakpoint();
    ck_ok(xmem_event_step_over(d, ev));
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED | RING_FLAG_SET_REGISTERS);
    uint64_t bp[4] = {0x13, 0, UINT64_C(6) << 32 | 1, 0};
    event(XMEM_EVENT_BREAKPOINT, RING_FLAG_VCPU_PAUSED, bp);
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_injected(1, 3);
    for (uint64_t gfn = 0x10; gfn < 0x14; gfn++)
        ck_ok(fake_ops.page_remove(f, gfn));
}
END_TEST

/* What could not be written is not the caller's: the guest has its own there. */
START_TEST(a_breakpoint_that_was_not_written)
{
    static const uint8_t int3 = 0xcc;
    open_with_injection();
    ck_rc(xmem_domain_write(d, 0x10fff, &int3, 1), -ESRCH);
    breakpoint();
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_injected(1, 3);
    ck_ok(fake_ops.page_add(f, 0x10));
    ck_ok(xmem_domain_write(d, 0x10fff, &int3, 1));
    breakpoint();
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_injected(1, 3);
    ck_ok(fake_ops.page_remove(f, 0x10));
}
END_TEST

/* Another tool had put it into the guest's memory, and took it away before this answer. */
START_TEST(a_breakpoint_that_is_gone)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    open_with_injection();
    ck_ok(fake_ops.page_add(f, 0x10));
    breakpoint();
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    f->frame[0][regs.u.x86.rip % 4096] = 0x55;
    ck_assert_uint_eq(reply(), 0);
    breakpoint();
    ck_ok(xmem_event_step_over(d, ev));
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED);
    ck_assert_uint_eq(f->count[FAKE_INJECT], 0);
    breakpoint();
    r.action = XMEM_REPLY_REINJECT; /* the caller knows better */
    ck_assert_uint_eq(reply(), 0);
    ck_injected(1, 3);
    f->frame[0][regs.u.x86.rip % 4096] = 0xcc;
    breakpoint();
    ck_ok(xmem_event_reply(d, ev, NULL));
    ck_injected(2, 3);
    ck_ok(fake_ops.page_remove(f, 0x10));
}
END_TEST

START_TEST(emulation_only_where_there_is_one)
{
    uint8_t nop[16] = {0x90};
    open_with_injection();
    event(XMEM_EVENT_CPUID, RING_FLAG_VCPU_PAUSED, NULL);
    r.action = XMEM_REPLY_EMULATE;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    ck_ok(xmem_event_drop(d, ev));
    breakpoint();
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP); /* what there is, is the breakpoint */
    r.flags = XMEM_REPLY_SET_INSN_DATA;
    r.data = nop;
    r.data_len = sizeof(nop);
    r.action = XMEM_REPLY_EMULATE_NOWRITE;
    ck_rc(xmem_event_reply(d, ev, &r), -EOPNOTSUPP);
    r.action = XMEM_REPLY_EMULATE;
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_SET_EMUL_INSN_DATA);
    ck_assert_mem_eq(fake_last(f)->data, nop, sizeof(nop));
    ck_assert_uint_eq(f->count[FAKE_INJECT], 0);
}
END_TEST

static void io_event(bool in)
{
    uint32_t io[8] = {1, 0};
    uint8_t *u = (uint8_t *)io;
    u[6] = in;
    event(XMEM_EVENT_IO, RING_FLAG_VCPU_PAUSED, (uint64_t *)(void *)io);
    ck_assert_uint_eq(ev->u.io.is_in, in);
}

/* The emulator comes back to an input instruction, when the device model has answered. */
START_TEST(input_and_output)
{
    io_event(false);
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE);
    ck_assert_uint_eq(fake_last(f)->head.reason, XMEM_EVENT_DESCRIPTOR);
    io_event(true);
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_TOGGLE_SINGLESTEP);
    ck_assert_uint_eq(fake_last(f)->head.reason, XMEM_EVENT_DESCRIPTOR);
    uint32_t io[8] = {1, 0x10000};
    fake_put(f, 1, XMEM_EVENT_IO, RING_FLAG_VCPU_PAUSED, 0, (uint64_t *)(void *)io);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN); /* the same pc: nobody is told of it again */
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
    ck_assert_uint_eq(fake_last(f)->head.reason, XMEM_EVENT_DESCRIPTOR);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
    ck_assert_uint_eq(fake_last(f)->head.flags,
                      RING_FLAG_VCPU_PAUSED | RING_FLAG_TOGGLE_SINGLESTEP);
    io_event(true); /* later it is another one */
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_TOGGLE_SINGLESTEP);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

START_TEST(data_for_an_input_instruction)
{
    uint8_t byte = 0x5a;
    io_event(true);
    r.action = XMEM_REPLY_EMULATE;
    r.flags = XMEM_REPLY_SET_READ_DATA;
    r.data = &byte;
    r.data_len = 1;
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_SET_EMUL_READ_DATA);
    ck_assert_uint_eq(fake_last(f)->head.reason, XMEM_EVENT_DESCRIPTOR);
    r = (struct xmem_reply)XMEM_INIT(r);
    io_event(true);
    fake_fail(f, FAKE_MONITOR, 1, -EPERM, false);
    ck_rc(xmem_event_reply(d, ev, NULL), -EPERM); /* single step; it stays open */
    ck_assert_uint_eq(reply(), RING_FLAG_EMULATE | RING_FLAG_TOGGLE_SINGLESTEP);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

START_TEST(vmexits_do_not_wait)
{
    struct xmem_monitor m = XMEM_INIT(m);
    m.reason = XMEM_EVENT_DEBUG;
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    ck_assert(f->monitor_sync);
    m.reason = XMEM_EVENT_VMEXIT;
    ck_ok(xmem_domain_set_monitor(d, &m, 1));
    ck_assert(!f->monitor_sync);
}
END_TEST

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
                               the_guest_gets_what_is_its_own,
                               what_cannot_be_injected,
                               breakpoints_of_the_caller,
                               a_breakpoint_that_was_not_written,
                               a_breakpoint_that_is_gone,
                               emulation_only_where_there_is_one,
                               input_and_output,
                               data_for_an_input_instruction,
                               vmexits_do_not_wait,
                               defaults,
                               NULL};
    return unit_main("reply", setup, teardown, tests);
}
