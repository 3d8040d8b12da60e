/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions of all classes that the hypervisor carries over: fetched in a page that may not be executed,
 * and writing into one that may not be written. What its emulator does not do the guest's processor does:
 * vector and FPU, what is privileged, and system calls.
 */
#include "real.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define VALUE UINT64_C(0x1122334455667788)
#define DEBUG_EXCEPTION 1
#define GENERAL_PROTECTION 13
#define TRAP_FLAG UINT64_C(0x100)
#define MOST_EVENTS 200u
#define ROUNDS 100u

/* Called with VALUE in rdi and the address of the next page in rsi; what it stores there. */
struct insn {
    const char *name;
    uint8_t code[32];
    uint64_t stores; /* 0: the release of Xen */
    unsigned instructions;
    enum xmem_kind only; /* XMEM_KIND_UNKNOWN: on any */
};

static const struct insn insns[] = {
    {"mov", {0x48, 0x89, 0x3e, 0xc3}, VALUE, 2, XMEM_KIND_UNKNOWN},
    {"SSE",
     {0x66, 0x48, 0x0f, 0x6e, 0xc7,  /* movq %rdi, %xmm0 */
      0x66, 0x0f, 0xd6, 0x06, 0xc3}, /* movq %xmm0, (%rsi); ret */
     VALUE,
     3,
     XMEM_KIND_UNKNOWN},
    {"MMX",
     {0x48, 0x0f, 0x6e, 0xc7, 0x0f, 0x7f, 0x06, 0x0f, 0x77, 0xc3},
     VALUE,
     4,
     XMEM_KIND_UNKNOWN}, /* movq; movq; emms */
    {"x87",
     {0x57, 0xdf, 0x2c, 0x24, 0xdf, 0x3e, 0x58, 0xc3},
     VALUE,
     5,
     XMEM_KIND_UNKNOWN}, /* push; fild; fistp; pop */
    {"cmpxchg16b",
     {0x53, 0x31, 0xc0, 0x31, 0xd2, 0x31, 0xc9, 0x48, 0x89,
      0xfb,                                      /* push %rbx; 0 in rax, rdx, rcx; rdi */
      0xf0, 0x48, 0x0f, 0xc7, 0x0e, 0x5b, 0xc3}, /* in rbx; lock cmpxchg16b (%rsi); pop */
     VALUE,
     8,
     XMEM_KIND_UNKNOWN},
    {"cpuid",
     {0x53, 0x31, 0xc0, 0x31, 0xc9, 0x0f, 0xa2, 0x5b, 0x48, 0x89, 0x3e, 0xc3},
     VALUE,
     7,
     XMEM_KIND_UNKNOWN},
    {"mov cr0",
     {0x0f, 0x20, 0xc0, 0x48, 0x89, 0x3e, 0xc3},
     VALUE,
     3,
     XMEM_KIND_UNKNOWN}, /* which Xen does for the guest */
    {"hypercall",
     {0xb8, 17, 0, 0, 0, 0x56, 0x31,
      0xff, /* mov $__HYPERVISOR_xen_version, %eax; push %rsi; xor %edi, %edi */
      0x0f, 0x05, 0x5e, 0x48, 0x89, 0x06, 0xc3}, /* syscall; pop %rsi; mov %rax, (%rsi); ret */
     0,
     7,
     XMEM_KIND_X86_PV},
    {"vmmcall",
     {0xb8, 17, 0, 0, 0, 0x56, 0x31, 0xff, 0x0f, 0x01, 0xd9, 0x5e, 0x48, 0x89, 0x06, 0xc3},
     0,
     7,
     XMEM_KIND_X86_NPT},
    {"lretq",
     {0x48, 0x89, 0x3e, 0x8c, 0xc8, 0x50, 0x48, 0x8d, 0x0d, 3, 0, 0,
      0,                       /* mov; mov %cs, %eax; push; lea */
      0x51, 0x48, 0xcb, 0xc3}, /* push; lretq; ret */
     VALUE,
     7,
     XMEM_KIND_X86_NPT},
};
static const struct insn flags_insn = {
    /* movq; movq to (%rsi); pushf; pop %rax; mov %rax, 8(%rsi); ret */
    "flags",
    {0x66, 0x48, 0x0f, 0x6e, 0xc7, 0x66, 0x0f, 0xd6, 0x06, 0x9c, 0x58, 0x48, 0x89, 0x46, 8, 0xc3},
    VALUE,
    6,
    XMEM_KIND_UNKNOWN};
static const struct insn own_insn = {
    /* movq; pushf; orl $TRAP_FLAG, (%rsp); popf; movq to (%rsi); ret */
    "own",
    {0x66, 0x48, 0x0f, 0x6e, 0xc7, 0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d, 0x66, 0x0f, 0xd6, 0x06,
     0xc3},
    VALUE,
    5,
    XMEM_KIND_UNKNOWN};
static const struct insn wrong_insn = {
    /* mov; push $0x7ff8, no segment's selector; push %rax; lretq */
    "wrong",
    {0x48, 0x89, 0x3e, 0x68, 0xf8, 0x7f, 0, 0, 0x50, 0x48, 0xcb},
    VALUE,
    4,
    XMEM_KIND_X86_NPT};

struct outcome {
    unsigned fetches, writes, others; /* events */
    int fault;                        /* -1: none */
    uint64_t stored[2];
};

static int answer(struct conf *c, const struct xmem_event *ev, uint64_t gfn, struct outcome *o)
{
    int rc = xmem_event_step_over(c->d, ev);
    bool access = ev->reason == XMEM_EVENT_MEM_ACCESS;
    o->fetches += access && ev->u.mem.gfn == gfn;
    o->writes += access && ev->u.mem.gfn == gfn + 1;
    o->others += !access || ev->stepped != XMEM_STEP_HYPERVISOR || ev->passes;
    return rc;
}

static int call(struct conf *c, uint64_t gfn, struct outcome *o)
{
    const struct xmem_event *ev;
    int rc = c->ops->start(c, 0, ACT_CALL, gfn, 0, VALUE);
    if (!rc)
        rc = conf_finish(c, 0, &ev);
    for (unsigned i = 0; rc == -EEXIST && i < MOST_EVENTS; i++) {
        rc = answer(c, ev, gfn, o);
        if (!rc)
            rc = conf_finish(c, 0, &ev);
    }
    return rc;
}

static int run(struct conf *c, const struct insn *insn, struct outcome *o)
{
    uint64_t gfn = conf_gfn(c, 8), zero[2] = {0};
    *o = (struct outcome){.fault = -1};
    int rc = xmem_domain_write(c->d, gfn << 12, insn->code, sizeof(insn->code));
    if (!rc)
        rc = xmem_domain_write(c->d, (gfn + 1) << 12, zero, sizeof(zero));
    if (!rc)
        rc = xmem_domain_set_rights(c->d, 0, gfn, XMEM_RW);
    if (!rc)
        rc = xmem_domain_set_rights(c->d, 0, gfn + 1, XMEM_R);
    if (!rc)
        rc = call(c, gfn, o);
    if (!rc)
        rc = xmem_domain_set_rights_range(c->d, 0, gfn, 2, XMEM_RWX);
    o->fault = c->ops->fault(c, 0);
    printf("# %-10s | fetches told %u | writes told %u | otherwise %u | exception %d\n", insn->name,
           o->fetches, o->writes, o->others, o->fault);
    return rc ? rc : xmem_domain_read(c->d, (gfn + 1) << 12, o->stored, sizeof(o->stored));
}

static bool prepare(struct conf *c)
{
    struct xmem_domain_opts o = {.size = sizeof(o), .step_means = XMEM_STEP_HYPERVISOR};
    int rc = conf_open(c, &o);
    if (rc)
        conf_fail(c, __FILE__, __LINE__, "it does not open: %d", rc);
    else if (!(c->caps.step_means & XMEM_STEP_HYPERVISOR))
        conf_skip(c, "this kind has no such means");
    return !rc && !c->skipped;
}

static void each_class(struct conf *c)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    if (!prepare(c))
        return;
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    for (size_t i = 0; i < sizeof(insns) / sizeof(*insns) && !c->failed; i++) {
        const struct insn *insn = &insns[i];
        struct outcome o;
        if (insn->only && insn->only != info.kind)
            continue;
        EXPECT_RC(c, run(c, insn, &o), 0);
        EXPECT(c, o.fault < 0 && !o.others);
        EXPECT(c, o.fetches == insn->instructions && o.writes == 1);
        EXPECT(c, insn->stores ? o.stored[0] == insn->stores : o.stored[0] >> 16 == 4);
    }
}

/* The flag of a step is not seen behind it; one of the guest's own makes its exception, once. */
static void trap_flag(struct conf *c)
{
    struct outcome o;
    if (!prepare(c))
        return;
    EXPECT_RC(c, run(c, &flags_insn, &o), 0);
    EXPECT(c, o.fault < 0 && o.stored[0] == VALUE);
    EXPECT(c, o.stored[1] && !(o.stored[1] & TRAP_FLAG));
    EXPECT_RC(c, run(c, &own_insn, &o), 0);
    EXPECT(c, o.fault == DEBUG_EXCEPTION && o.stored[0] == VALUE && o.writes == 1);
}

/* What the processor does for a step may end in an exception of the guest's. */
static void exception(struct conf *c)
{
    struct xmem_domain_info info = XMEM_INIT(info);
    struct outcome o;
    if (!prepare(c))
        return;
    EXPECT_RC(c, xmem_domain_get_info(c->d, &info), 0);
    NEED(c, info.kind == wrong_insn.only, "another kind");
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_RC(c, run(c, &wrong_insn, &o), 0);
        EXPECT(c, o.fault == GENERAL_PROTECTION && o.stored[0] == VALUE && !o.others);
        EXPECT(c, o.fetches == wrong_insn.instructions && o.writes == 1);
    }
}

/* ---- how often a second ---- */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Only its store is stopped, ROUNDS times. */
static int rate(struct conf *c, const struct insn *insn, const char *how)
{
    struct xmem_stats before = XMEM_INIT(before), after = XMEM_INIT(after);
    uint64_t gfn = conf_gfn(c, 8);
    struct outcome o = {.fault = -1};
    int rc = xmem_domain_write(c->d, gfn << 12, insn->code, sizeof(insn->code));
    if (!rc)
        rc = xmem_domain_set_rights(c->d, 0, gfn + 1, XMEM_R);
    (void)xmem_domain_get_stats(c->d, &before);
    double began = now_s();
    for (unsigned i = 0; i < ROUNDS && !rc; i++)
        rc = call(c, gfn, &o);
    double seconds = now_s() - began;
    (void)xmem_domain_get_stats(c->d, &after);
    printf("# carried | %-14s | %-4s | %u steps | %.0f a second | %.2f hypercalls each\n", how,
           insn->name, o.writes, o.writes / seconds,
           (double)(after.hypercalls - before.hypercalls) / (o.writes ? o.writes : 1));
    return rc ? rc : xmem_domain_set_rights(c->d, 0, gfn + 1, XMEM_RWX);
}

static void how_often(struct conf *c)
{
    static const struct {
        uint32_t means;
        const char *name;
    } all[] = {{XMEM_STEP_HYPERVISOR, "the hypervisor"},
               {XMEM_STEP_EMULATE | XMEM_STEP_RELAX, "emulation"},
               {XMEM_STEP_RELAX, "relaxing"}};
    for (size_t i = 0; i < 3; i++) {
        struct xmem_domain_opts o = {.size = sizeof(o), .step_means = all[i].means};
        EXPECT_RC(c, conf_open(c, &o), 0);
        NEED(c, i || (c->caps.step_means & all[i].means), "this kind has no such means");
        for (size_t k = 0; k < 2; k++)
            EXPECT_RC(c, rate(c, &insns[k], all[i].name), 0);
        EXPECT_RC(c, conf_close(c), 0);
    }
    EXPECT_RC(c, conf_open(c, NULL), 0);
}

const struct statement statements_carried[] = {
    {"carried over: vector, FPU, privileged instructions and hypercalls are done, each access told",
     each_class, true},
    {"carried over: the trap flag is the guest's own", trap_flag, true},
    {"carried over: an exception of the instruction is the guest's", exception, true},
    {"carried over: how often a second", how_often, true},
    {NULL, NULL, false},
};
