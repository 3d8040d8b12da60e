/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/ucontext.h>

#include "proof.h"

void native_put(void *context, const struct arm_regs *in)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    unsigned long *r = &m->arm_r0;
    for (unsigned i = 0; i < NATIVE_REGS; i++)
        r[i] = (unsigned long)in->x[i];
    m->arm_pc = (unsigned long)in->pc;
    m->arm_cpsr = (m->arm_cpsr & ~(unsigned long)NATIVE_FLAGS) | (in->cpsr & NATIVE_FLAGS);
}

void native_get(const void *context, struct arm_regs *out)
{
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
    const unsigned long *r = &m->arm_r0;
    for (unsigned i = 0; i < NATIVE_REGS; i++)
        out->x[i] = r[i];
    out->pc = m->arm_pc;
    out->cpsr = (out->cpsr & ~(uint64_t)NATIVE_FLAGS) | (m->arm_cpsr & NATIVE_FLAGS);
}

void native_copy(void *to, const void *from)
{
    memcpy(&((ucontext_t *)to)->uc_mcontext, &((const ucontext_t *)from)->uc_mcontext,
           sizeof(mcontext_t));
}

void native_skip_trap(void *context)
{
    ((ucontext_t *)context)->uc_mcontext.arm_pc += 4;
}

/* Not every emulator's return from a signal clears the monitor, as the processor's does. */
__attribute__((noinline)) void native_trap(void)
{
    __asm__ volatile(".arch armv7-a\n clrex\n bkpt #0" ::: "memory", "cc");
}
