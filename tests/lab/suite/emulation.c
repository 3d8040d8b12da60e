/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen's emulator makes of an instruction of each class, when the event of its fetch is answered
 * with EMULATE. What it has not learned it tells by an event while somebody listens for that, and makes
 * an invalid-opcode exception of otherwise; what it gives up on is that exception always.
 */
#include "real.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VALUE UINT64_C(0x1122334455667788)
#define INVALID_OPCODE 6
#define MOST_EVENTS 200u

enum class { DONE, UNIMPLEMENTED, NEVER };

/* Called with VALUE in rdi and the address of the next page in rsi; what it stores there first. */
struct insn {
    const char *name;
    enum class class;
    uint8_t code[24];
    uint64_t stores; /* 0: the release of Xen */
};

static const struct insn insns[] = {
    {"mov to memory", DONE, {0x48, 0x89, 0x3e, 0xc3}, VALUE},
    {"an SSE store",
     DONE,
     {0x66, 0x48, 0x0f, 0x6e, 0xc7, /* movq %rdi, %xmm0 */
      0x0f, 0x11, 0x06, 0xc3},      /* movups %xmm0, (%rsi); ret */
     VALUE},
    {"rep movsb",
     DONE,
     {0x57, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xe6, /* push %rdi; mov %rsi, %rdi; mov %rsp, %rsi */
      0xb9, 8, 0, 0, 0, 0xf3, 0xa4,             /* mov $8, %ecx; rep movsb */
      0x58, 0xc3},                              /* pop %rax; ret */
     VALUE},
    {"vmcall",
     UNIMPLEMENTED,
     {0xb8, 17, 0, 0, 0, 0x56,       /* mov $__HYPERVISOR_xen_version, %eax; push %rsi */
      0x31, 0xff, 0x0f, 0x01, 0xc1,  /* xor %edi, %edi; vmcall */
      0x5e, 0x48, 0x89, 0x06, 0xc3}, /* pop %rsi; mov %rax, (%rsi); ret */
     0},
    {"vmmcall",
     UNIMPLEMENTED,
     {0xb8, 17, 0, 0, 0, 0x56, 0x31, 0xff, 0x0f, 0x01, 0xd9, 0x5e, 0x48, 0x89, 0x06, 0xc3},
     0},
    {"iretq",
     NEVER,
     {0x48, 0x89, 0x3e, 0x48, 0x89, 0xe0,          /* mov %rdi, (%rsi); mov %rsp, %rax */
      0x6a, 0x10, 0x50, 0x9c, 0x6a, 0x08,          /* push $16; push %rax; pushf; push $8 */
      0x48, 0x8d, 0x0d, 3,    0,    0,    0, 0x51, /* lea behind(%rip), %rcx; push %rcx */
      0x48, 0xcf, 0xc3},                           /* iretq; behind: ret */
     VALUE},
};

struct outcome {
    bool step; /* each event is stepped over, not answered with EMULATE */
    unsigned fetches, unimplemented;
    int fault; /* -1: none */
    uint64_t stored;
};

/* An emulated instruction that was not done is done by the processor, in a page that is free then. */
static int answer(struct conf *c, const struct xmem_event *ev, uint64_t gfn, struct outcome *o)
{
    if (o->step) {
        o->fetches++;
        return xmem_event_step_over(c->d, ev);
    }
    struct xmem_reply emulate = {.size = sizeof(emulate), .action = XMEM_REPLY_EMULATE};
    if (ev->reason == XMEM_EVENT_EMUL_UNIMPLEMENTED) {
        int rc = xmem_domain_set_rights(c->d, 0, gfn, XMEM_RWX);
        o->unimplemented++;
        return rc ? rc : xmem_event_reply(c->d, ev, NULL);
    }
    o->fetches++;
    return xmem_event_reply(c->d, ev, &emulate);
}

static int run(struct conf *c, const struct insn *insn, enum xmem_rights rights, struct outcome *o)
{
    uint64_t gfn = conf_gfn(c, 8), zero = 0;
    const struct xmem_event *ev;
    *o = (struct outcome){.step = o->step, .fault = -1};
    int rc = xmem_domain_write(c->d, gfn << 12, insn->code, sizeof(insn->code));
    if (!rc)
        rc = xmem_domain_write(c->d, (gfn + 1) << 12, &zero, sizeof(zero));
    if (!rc)
        rc = xmem_domain_set_rights(c->d, 0, gfn, rights);
    if (!rc)
        rc = c->ops->start(c, 0, ACT_CALL, gfn, 0, VALUE);
    if (!rc)
        rc = conf_finish(c, 0, &ev);
    for (unsigned i = 0; rc == -EEXIST && i < MOST_EVENTS; i++) {
        rc = answer(c, ev, gfn, o);
        if (!rc)
            rc = conf_finish(c, 0, &ev);
    }
    if (!rc)
        rc = xmem_domain_set_rights(c->d, 0, gfn, XMEM_RWX);
    o->fault = c->ops->fault(c, 0);
    return rc ? rc : xmem_domain_read(c->d, (gfn + 1) << 12, &o->stored, sizeof(o->stored));
}

static bool done(const struct insn *insn, const struct outcome *o)
{
    return o->fault < 0 && (insn->stores ? o->stored == insn->stores : o->stored >> 16 == 4);
}

static void tell(const struct insn *insn, const char *how, const struct outcome *o)
{
    printf(
        "# %-13s | %-22s | fetches answered %2u | told as not implemented %u | exception %d | %s\n",
        insn->name, how, o->fetches, o->unimplemented, o->fault,
        done(insn, o) ? "done" : "not done");
}

/* Of the two hypercall instructions each kind of processor has one. */
static bool has(struct conf *c, const struct insn *insn)
{
    struct outcome o = {.step = false};
    bool can = !run(c, insn, XMEM_RWX, &o) && done(insn, &o);
    tell(insn, can ? "by the processor" : "the processor has none", &o);
    return can;
}

static void emulated(struct conf *c, enum class class, bool listen, const struct outcome *want)
{
    struct xmem_monitor m = {.size = sizeof(m), .reason = XMEM_EVENT_EMUL_UNIMPLEMENTED};
    unsigned tried = 0;
    NEED(c, c->caps.replies & 1u << XMEM_REPLY_EMULATE, "this kind has no such answer");
    NEED(c, c->caps.monitors & UINT64_C(1) << m.reason, "this kind has no such event");
    EXPECT_RC(c, xmem_domain_set_monitor(c->d, &m, listen), 0);
    for (size_t i = 0; i < sizeof(insns) / sizeof(*insns); i++) {
        struct outcome o = {.step = false};
        if (insns[i].class != class || !has(c, &insns[i]))
            continue;
        tried++;
        EXPECT_RC(c, run(c, &insns[i], XMEM_RW, &o), 0);
        tell(&insns[i], listen ? "emulated, with monitor" : "emulated", &o);
        EXPECT(c, o.fault == want->fault && o.unimplemented == want->unimplemented);
        EXPECT(c, want->fault >= 0 || done(&insns[i], &o));
    }
    EXPECT(c, tried);
}

static void is_done(struct conf *c)
{
    emulated(c, DONE, true, &(struct outcome){.fault = -1});
}

static void is_told(struct conf *c)
{
    emulated(c, UNIMPLEMENTED, true, &(struct outcome){.fault = -1, .unimplemented = 1});
}

static void is_an_exception(struct conf *c)
{
    emulated(c, UNIMPLEMENTED, false, &(struct outcome){.fault = INVALID_OPCODE});
}

static void is_never_told(struct conf *c)
{
    emulated(c, NEVER, true, &(struct outcome){.fault = INVALID_OPCODE});
}

/* Without views; by emulation where the kind has it, and what the library goes on with. */
static void stepped(struct conf *c, enum class class)
{
    struct xmem_domain_opts opts = {
        .size = sizeof(opts), .step_means = XMEM_STEP_EMULATE | XMEM_STEP_SINGLE | XMEM_STEP_RELAX};
    EXPECT_RC(c, conf_open(c, &opts), 0);
    NEED(c, c->caps.step_means & XMEM_STEP_EMULATE, "this kind has no such means");
    for (size_t i = 0; i < sizeof(insns) / sizeof(*insns); i++) {
        struct outcome o = {.step = true};
        if (insns[i].class != class || !has(c, &insns[i]))
            continue;
        EXPECT_RC(c, run(c, &insns[i], XMEM_RW, &o), 0);
        tell(&insns[i], "stepped over", &o);
        EXPECT(c, done(&insns[i], &o));
    }
}

static void done_is_stepped(struct conf *c)
{
    stepped(c, DONE);
}
static void unimplemented_is_stepped(struct conf *c)
{
    stepped(c, UNIMPLEMENTED);
}
static void never_is_stepped(struct conf *c)
{
    stepped(c, NEVER);
}

const struct statement statements_emulation[] = {
    {"Xen's emulator does moves, SSE stores and string instructions", is_done, false},
    {"what Xen's emulator has not learned is an event with that monitor", is_told, false},
    {"what Xen's emulator has not learned is an invalid opcode without it", is_an_exception, false},
    {"what Xen's emulator gives up on is an invalid opcode always", is_never_told, false},
    {"what Xen's emulator does is stepped over", done_is_stepped, true},
    {"what Xen's emulator has not learned is stepped over all the same", unimplemented_is_stepped,
     true},
    {"what Xen's emulator gives up on is stepped over by another means", never_is_stepped, true},
    {NULL, NULL, false},
};
