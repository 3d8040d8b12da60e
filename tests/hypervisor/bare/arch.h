/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of an architecture as a file of env/bare needs to be tested on the host. */
#ifndef BARE_ARCH_H
#define BARE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

struct bare_regs {
    uintptr_t pc;
};
struct arch_debug {
    uintptr_t pc;
};
struct bare_cpu;

struct bare_cpu *arch_cpu(void);
void arch_virq(bool pending);
void arch_call_core(unsigned core);

#endif
