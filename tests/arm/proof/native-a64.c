/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/ucontext.h>

#include "proof.h"

void native_put(void *context, const struct arm_regs *in)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    memcpy(m->regs, in->x, sizeof(in->x));
    m->sp = in->sp_el0;
    m->pc = in->pc;
    m->pstate = (m->pstate & ~(unsigned long long)NATIVE_FLAGS) | (in->cpsr & NATIVE_FLAGS);
}

void native_get(const void *context, struct arm_regs *out)
{
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
    memcpy(out->x, m->regs, sizeof(out->x));
    out->sp_el0 = m->sp;
    out->pc = m->pc;
    out->cpsr = (out->cpsr & ~(uint64_t)NATIVE_FLAGS) | (m->pstate & NATIVE_FLAGS);
}

void native_copy(void *to, const void *from)
{
    mcontext_t *t = &((ucontext_t *)to)->uc_mcontext;
    const mcontext_t *f = &((const ucontext_t *)from)->uc_mcontext;
    memcpy(t->regs, f->regs, sizeof(t->regs));
    t->sp = f->sp;
    t->pc = f->pc;
    t->pstate = f->pstate;
}

void native_skip_trap(void *context)
{
    ((ucontext_t *)context)->uc_mcontext.pc += 4;
}

__attribute__((noinline)) void native_trap(void)
{
    __asm__ volatile("brk #1" ::: "memory", "cc");
}
