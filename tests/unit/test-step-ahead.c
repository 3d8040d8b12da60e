/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By Xen's emulator: further pages of the instruction are told first, and the usual step costs no call. */
#include "fake-backend.h"
#include "events/events-int.h"
#include "events/step.h"
#include "x86/x86.h"
#include "unit.h"

#include <time.h>

#define CODE 0x10100u
#define CS_AT 280u /* of the attributes, above 20 bits of limit; interfaces 5 and 6 */
#define FLAT_32 0xc9bu
#define DATA 0x55u
#define CROSSES 0x55ffeu
#define FLAGS (XMEM_ACCESS_GLA_VALID | XMEM_ACCESS_WITH_GLA)
#define RW (XMEM_ACCESS_R | XMEM_ACCESS_W)

static struct fake *f;
static struct xmem *x;
static struct xmem_domain *d;
static const struct xmem_event *ev;
static int64_t now_ns = 1000000000;

/* In place of the C library's: time goes by where a test says so. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    t->tv_sec = (time_t)(now_ns / 1000000000);
    t->tv_nsec = (long)(now_ns % 1000000000);
    return 0;
}

/* A vCPU with flat segments of 32 bits, and no paging. */
static void open_with(uint32_t means)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = means};
    f = fake_new();
    f->version = 5;
    x = fake_session(f, &o, true, &d);
    for (uint64_t i = 0; i < 4; i++) {
        ck_ok(fake_ops.page_add(f, 0x10 + i));
        memset(f->frame[i], 0x90, 4096);
    }
    fake_fail(f, FAKE_HOLD, 1, -EOPNOTSUPP, true); /* else a single step would come first */
    ck_ok(xmem_domain_set_rights_range(d, 0, 0x50, 16, XMEM_R));
}

static void setup(void)
{
    now_ns = 1000000000;
}

static void teardown(void)
{
    fake_fail(f, FAKE_HOLD, 0, 0, false);
    ck_ok(xmem_domain_close(d));
    xmem_close(x);
    for (uint64_t gfn = 0x10; gfn < 0x14; gfn++)
        ck_ok(fake_ops.page_remove(f, gfn));
    fake_free(f);
}

static void code(const char *bytes, size_t n)
{
    memcpy(f->frame[0] + CODE % 4096, bytes, n);
}
#define CODE_IS(text) code(text, sizeof(text) - 1)

static void put_with(const struct xmem_regs_x86 *r, uint64_t gla, uint32_t attributes)
{
    const uint64_t u[] = {gla >> 12, gla & 0xfff, gla, FLAGS | RW};
    struct xmem_regs regs = XMEM_INIT(regs);
    uint8_t *slot = f->page + 64 + (f->req_prod & 7) * xmi_ring_event_size(f->version);
    uint32_t cs = attributes << 20;
    fake_put(f, 1, XMEM_EVENT_MEM_ACCESS, RING_FLAG_VCPU_PAUSED, 0, u);
    regs.arch = XMEM_ARCH_X86;
    regs.u.x86 = *r;
    xmi_ring_regs_encode(ring_of(d), &regs, slot + RING_DATA_OFFSET);
    memset(slot + RING_DATA_OFFSET + CS_AT - 32, 0, 16); /* bases */
    memcpy(slot + RING_DATA_OFFSET + CS_AT, &cs, sizeof(cs));
    memcpy(slot + RING_DATA_OFFSET + CS_AT + 4, &cs, sizeof(cs));
    ck_ok(xmem_event_next(d, &ev));
}

/* A write at gla, whose address is in edi. */
static void put(uint64_t gla)
{
    put_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = CODE, .rdi = gla, .rsi = 0x58ffe}, gla,
             FLAT_32);
}

static void emulated(uint32_t passes)
{
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_EMULATE);
    ck_assert_uint_eq(ev->passes, passes);
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED | RING_FLAG_EMULATE);
}

/* Of a table of 32 bits. */
static void entry(unsigned frame, uint64_t index, uint64_t value)
{
    memcpy(f->frame[frame] + 4 * index, &value, 4);
}

/* The event is stepped over, and one of a further page comes of it. */
static void further(uint64_t gfn, uint32_t access)
{
    unsigned answers = f->answers;
    ck_ok(xmem_event_step_over(d, ev));
    ck_ok(xmem_event_next(d, &ev));
    ck_assert_uint_eq(ev->reason, XMEM_EVENT_MEM_ACCESS);
    ck_assert_uint_eq(ev->vcpu, 1);
    ck_assert_uint_eq(ev->u.mem.gfn, gfn);
    ck_assert_uint_eq(ev->u.mem.access, access | FLAGS);
    ck_assert_uint_eq(f->answers, answers); /* the vCPU waits */
}

START_TEST(second_page)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07"); /* mov %eax,(%edi) */
    put(CROSSES);
    further(DATA + 1, RW);
    ck_assert_uint_eq(ev->u.mem.gla, CROSSES + 2);
    ck_assert_uint_eq(ev->u.mem.offset, 0);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    ck_assert_uint_eq(fake_last(f)->head.u.word[0], DATA); /* the hypervisor's own event */
}
END_TEST

START_TEST(four_pages)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\xa5"); /* movsl */
    ck_ok(xmem_domain_set_rights_range(d, 0, 0x50, 16, XMEM_N));
    put_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = CODE, .rdi = CROSSES, .rsi = 0x58ffe},
             0x58ffe, FLAT_32);
    further(0x59, XMEM_ACCESS_R);
    further(DATA, RW);
    further(DATA + 1, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

START_TEST(code_over_a_boundary)
{
    open_with(XMEM_STEP_EMULATE);
    ck_ok(xmem_domain_set_rights(d, 0, 0x11, XMEM_RW));
    f->frame[0][0xfff] = 0x89;
    f->frame[1][0] = 0x07;
    put_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = 0x10fff, .rdi = 0x55800}, 0x55800, FLAT_32);
    further(0x11, XMEM_ACCESS_X);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

START_TEST(denied)
{
    struct xmem_reply r = {.size = sizeof(r), .flags = XMEM_REPLY_SET_REGS};
    struct xmem_regs regs = XMEM_INIT(regs);
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07");
    put(CROSSES);
    further(DATA + 1, RW);
    ck_ok(xmem_event_get_regs(d, ev, &regs));
    ck_assert_uint_eq(regs.u.x86.rip, CODE);
    regs.u.x86.rip += 2;
    r.regs = &regs;
    ck_ok(xmem_event_reply(d, ev, &r));
    ck_ok(xmem_event_flush(d));
    ck_assert_uint_eq(fake_last(f)->head.flags, RING_FLAG_VCPU_PAUSED | RING_FLAG_SET_REGISTERS);
    put(CROSSES); /* what was answered for was another step's */
    further(DATA + 1, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

START_TEST(allowed)
{
    open_with(XMEM_STEP_EMULATE |
              XMEM_STEP_SINGLE); /* at the page's end as well, since it is known */
    ck_ok(xmem_domain_set_rights(d, 0, DATA + 1, XMEM_RW));
    CODE_IS("\x89\x07");
    put(CROSSES);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

static void not_known(void)
{
    put(0x55800);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(XMEM_PASSES_PAGES);
}

START_TEST(what_is_not_known)
{
    open_with(XMEM_STEP_EMULATE | XMEM_STEP_SINGLE);
    CODE_IS("\x0f\xae\x27"); /* xsave (%edi) */
    not_known();
    CODE_IS("\x89\x06"); /* mov %eax,(%esi), which makes no such event */
    ck_ok(xmem_domain_set_rights_range(d, 0, 0x58, 2, XMEM_RW));
    not_known();
    CODE_IS("\x89\x07");
    put_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = CODE, .rdi = 0x55800}, 0x55800, 0);
    ck_ok(xmem_event_step_over(d, ev)); /* which code this is */
    emulated(XMEM_PASSES_PAGES);
    put_with(
        &(struct xmem_regs_x86){.cr0 = 0x80000001, .rip = CODE, .rdi = 0x55800, .cr3 = 0x30000},
        0x55800, FLAT_32);
    ck_ok(xmem_event_step_over(d, ev)); /* tables that cannot be read */
    emulated(XMEM_PASSES_PAGES);
    CODE_IS("\x0f\xae\x27");
    put(CROSSES); /* near the page's end another means is better */
    ck_ok(xmem_event_step_over(d, ev));
    ck_assert_uint_eq(ev->stepped, XMEM_STEP_SINGLE);
    fake_put(f, 1, XMEM_EVENT_SINGLESTEP, RING_FLAG_VCPU_PAUSED, 0, NULL);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

START_TEST(code_that_changed)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07");
    put(0x55800);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    CODE_IS("\xa5");
    put(0x55800);
    ck_ok(xmem_domain_set_rights(d, 0, 0x59, XMEM_N));
    further(0x59, XMEM_ACCESS_R);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

/* The same place again: no hypercall. Of what was not set it is asked again after a while. */
START_TEST(costs_no_call)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07");
    for (unsigned i = 0; i < 6; i++) {
        put(0x55800);
        ck_ok(xmem_event_step_over(d, ev));
        emulated(0);
        if (!i)
            f->count[FAKE_MAP] = f->count[FAKE_GET] = f->count[FAKE_SET] = f->count[FAKE_INFO] = 0;
        now_ns += 1000000;
    }
    ck_assert_uint_eq(f->count[FAKE_MAP] + f->count[FAKE_GET] + f->count[FAKE_SET], 0);
    ck_assert_uint_eq(f->count[FAKE_INFO], 0);
    now_ns += 20000000;
    put(0x55800);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    ck_assert_uint_eq(f->count[FAKE_MAP], 1);
    ck_assert_uint_eq(f->count[FAKE_GET], 1);
}
END_TEST

/* Found out by asking, kept, and not held on to when they are changed. */
START_TEST(rights_that_change)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07");
    for (unsigned i = 0; i < 2; i++) {
        put(0x4fffe); /* 0x4f is not the session's, 0x50 is */
        further(0x50, RW);
        ck_ok(xmem_event_step_over(d, ev));
        emulated(0);
    }
    ck_ok(xmem_domain_set_rights(d, 0, 0x50, XMEM_RW));
    put(0x4fffe);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    ck_ok(xmem_domain_set_rights(d, 0, 0x10, XMEM_RW)); /* the code's */
    put(0x4fffe);
    further(0x10, XMEM_ACCESS_X);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

START_TEST(a_failure)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07");
    put(CROSSES);
    fake_fail(f, FAKE_MAP, 2, -ENOMEM, false); /* behind the look at what is never emulated */
    ck_rc(xmem_event_step_over(d, ev), -ENOMEM);
    fake_fail(f, FAKE_GET, 1, -ENOMEM, false); /* of the code's page */
    ck_rc(xmem_event_step_over(d, ev), -ENOMEM);
    further(DATA + 1, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

/* A write turns it, as the hardware's would; not before it is done. */
START_TEST(turned_by_a_write)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\xa5"); /* movsl */
    ck_ok(xmem_domain_set_rights(d, 0, 0x51, XMEM_RX2RW));
    ck_ok(xmem_domain_set_rights(d, 0, DATA, XMEM_N));
    put_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = CODE, .rdi = 0x50ffe, .rsi = 0x55000},
             0x50ffe, FLAT_32);
    further(DATA, XMEM_ACCESS_R);
    ck_assert_uint_eq(f->rights[0][0x51], XMEM_RX2RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    ck_assert_uint_eq(f->rights[0][0x51], XMEM_RW);
    CODE_IS("\x89\x07");
    put_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = CODE, .rdi = 0x50ffe}, 0x50ffe, FLAT_32);
    f->count[FAKE_SET] = 0;
    ck_ok(xmem_event_step_over(d, ev)); /* once */
    emulated(0);
    ck_assert_uint_eq(f->count[FAKE_SET], 0);
}
END_TEST

/* A read turns nothing; and where it cannot be turned nothing is written. */
START_TEST(not_turned)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\xa5");
    ck_ok(xmem_domain_set_rights(d, 0, 0x59, XMEM_RX2RW));
    put(0x55800);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    ck_assert_uint_eq(f->rights[0][0x59], XMEM_RX2RW);
    CODE_IS("\x89\x07");
    put(0x58ffe);
    fake_fail(f, FAKE_SET, 1, -ENOMEM, false);
    ck_rc(xmem_event_step_over(d, ev), -ENOMEM);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    ck_assert_uint_eq(f->rights[0][0x59], XMEM_RW);
}
END_TEST

/* The emulator does what is there by then, so it is told, and that more may pass. */
START_TEST(told_though_not_sure)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x06"); /* mov %eax,(%esi), which makes no such event */
    put(0x55800);
    further(0x58, RW);
    further(0x59, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(XMEM_PASSES_PAGES);
}
END_TEST

/* Tables that lead somewhere for these pages; the one of page 0x58 is not there. */
static void tables(void)
{
    memset(f->frame[2], 0, 4096);
    memset(f->frame[3], 0, 4096);
    const uint64_t here[] = {0x10, 0x50, 0x55, 0x56, 0x59, 0x5a};
    for (unsigned i = 0; i < sizeof(here) / sizeof(here[0]); i++)
        entry(3, here[i], here[i] << 12 | 7);
    entry(2, 0, 0x13007);
    entry(2, 1, 0x30007); /* this table cannot be read */
}

START_TEST(behind_what_cannot_be_read)
{
    open_with(XMEM_STEP_EMULATE);
    tables();
    CODE_IS("\xa5"); /* movsl, from 0x400000 on */
    put_with(
        &(struct xmem_regs_x86){
            .cr0 = 0x80000001, .cr3 = 0x12000, .rip = CODE, .rdi = CROSSES, .rsi = 0x400000},
        CROSSES, FLAT_32);
    further(DATA + 1, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(XMEM_PASSES_PAGES);
}
END_TEST

/* It is told once, since the access opens it, whatever the answer. */
START_TEST(turned_by_being_told)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07");
    ck_ok(xmem_domain_set_rights(d, 0, DATA + 1, XMEM_N2RWX));
    put(CROSSES);
    fake_fail(f, FAKE_SET, 1, -ENOMEM, false);
    ck_rc(xmem_event_step_over(d, ev), -ENOMEM);
    further(DATA + 1, RW);
    ck_assert_uint_eq(f->rights[0][DATA + 1], XMEM_RWX);
    ck_ok(xmem_event_reply(d, ev, NULL)); /* resumed */
    put(CROSSES);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

/* At the end of a session an event that nobody took may have to wait: it is not there to be taken. */
START_TEST(waits_untaken)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\x89\x07");
    put(CROSSES);
    ck_ok(xmem_event_step_over(d, ev));
    struct event *own = events_of(d)->pool;
    while (own->state != EVENT_OWN)
        own++;
    ck_assert(xmi_step_pages_add(&vcpu_of(d, own)->step.pages, DATA + 1, RW));
    ck_ok(xmi_step_defer(d, own));
    ck_assert_uint_eq(own->state, EVENT_LATER);
    ck_assert_uint_eq(events_of(d)->own_n, 0);
    ck_ok(xmi_step_resume(d));
    ck_assert_uint_eq(own->state, EVENT_ANSWERED);
    ck_rc(xmem_event_next(d, &ev), -EAGAIN);
}
END_TEST

/* movsl from rsi to rdi, with the tables; the event is of what it reads. */
static void moves(uint64_t from, uint64_t to, uint32_t cr0, uint32_t attributes)
{
    CODE_IS("\xa5");
    put_with(
        &(struct xmem_regs_x86){
            .cr0 = 0x80000001 | cr0, .cr3 = 0x12000, .rip = CODE, .rcx = 2, .rdi = to, .rsi = from},
        from, attributes);
}

static void nothing_told(void)
{
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}

/* What the guest's tables do not have, or forbid, ends the instruction: nothing behind is touched. */
START_TEST(faults_in_the_guest)
{
    open_with(XMEM_STEP_EMULATE);
    tables();
    moves(0x55000, 0x58ffe, 0, FLAT_32);
    nothing_told();
    entry(3, 0x59, 0x59003); /* not the user's */
    moves(0x55000, 0x59000, 0, FLAT_32 | 0x60);
    nothing_told();
    moves(0x55000, 0x59000, 0, FLAT_32);
    further(0x59, RW);
    entry(3, 0x59, 0x59005); /* not to be written */
    ck_ok(xmem_event_reply(d, ev, NULL));
    moves(0x55000, 0x59000, 0, FLAT_32 | 0x60);
    nothing_told();
    moves(0x55000, 0x59000, X86_CR0_WP, FLAT_32);
    nothing_told();
    moves(0x55000, 0x59000, 0, FLAT_32);
    further(0x59, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

/* The repetitions before the fault are done. */
START_TEST(faults_later)
{
    open_with(XMEM_STEP_EMULATE);
    tables();
    moves(0x56ffc, 0x59000, 0, FLAT_32);
    CODE_IS("\xf3\xa5");
    further(0x59, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

static void faults_first(uint64_t from, uint64_t to, uint64_t rflags)
{
    CODE_IS("\xf3\xa5");
    put_with(&(struct xmem_regs_x86){.cr0 = 0x80000001,
                                     .cr3 = 0x12000,
                                     .rip = CODE,
                                     .rflags = rflags,
                                     .rcx = 2,
                                     .rdi = to,
                                     .rsi = from},
             to, FLAT_32);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(XMEM_PASSES_PAGES); /* what made the event then is not known */
}

/* Of the first one nothing is done, upwards and downwards. */
START_TEST(faults_at_once)
{
    open_with(XMEM_STEP_EMULATE);
    tables();
    faults_first(0x57ffc, 0x59ffe, 0);
    faults_first(0x57000, 0x5a002, 0x400);
}
END_TEST

/* The table's gfn gets another frame, which nobody is told: the event's own address shows it. */
START_TEST(tables_that_moved)
{
    open_with(XMEM_STEP_EMULATE);
    tables();
    moves(0x55000, 0x59000, 0, FLAT_32);
    further(0x59, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
    uint8_t *was = f->frame[3];
    f->frame[3] = f->frame[1];
    f->frame[1] = was;
    memset(f->frame[3], 0, 4096);
    entry(3, 0x10, 0x10007);
    entry(3, 0x57, 0x57007);
    entry(3, 0x59, 0x5a007);
    moves(0x57000, 0x59000, 0, FLAT_32);
    further(0x5a, RW);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

/* Nothing that is read leads to the event's page from its address. */
START_TEST(tables_that_do_not_fit)
{
    open_with(XMEM_STEP_EMULATE);
    tables();
    entry(3, 0x5a, 0x58007);
    ck_ok(xmem_domain_set_rights(d, 0, 0x59, XMEM_RW));
    CODE_IS("\xa5");
    put_with(
        &(struct xmem_regs_x86){
            .cr0 = 0x80000001, .cr3 = 0x12000, .rip = CODE, .rdi = 0x59000, .rsi = 0x5a000},
        0x58000, FLAT_32);
    ck_ok(xmem_event_step_over(d, ev));
    emulated(XMEM_PASSES_PAGES);
}
END_TEST

/* By another vCPU's write, a moment ago. */
START_TEST(rights_that_turned)
{
    open_with(XMEM_STEP_EMULATE);
    CODE_IS("\xa5");
    f->rights[0][0x60] = XMEM_N2RWX; /* not the session's */
    put_with(&(struct xmem_regs_x86){.cr0 = 1, .rip = CODE, .rdi = 0x55000, .rsi = 0x60000},
             0x55000, FLAT_32);
    fake_fail(f, FAKE_SET, 1, -ENOMEM, false);
    ck_rc(xmem_event_step_over(d, ev), -ENOMEM);
    f->rights[0][0x60] = XMEM_RWX;
    ck_ok(xmem_event_step_over(d, ev));
    emulated(0);
}
END_TEST

int main(void)
{
    const unit_test tests[] = {second_page,
                               four_pages,
                               code_over_a_boundary,
                               denied,
                               allowed,
                               what_is_not_known,
                               code_that_changed,
                               costs_no_call,
                               rights_that_change,
                               a_failure,
                               turned_by_a_write,
                               not_turned,
                               turned_by_being_told,
                               told_though_not_sure,
                               tables_that_moved,
                               tables_that_do_not_fit,
                               rights_that_turned,
                               faults_in_the_guest,
                               faults_later,
                               faults_at_once,
                               waits_untaken,
                               behind_what_cannot_be_read,
                               NULL};
    return unit_main("step-ahead", setup, teardown, tests);
}
