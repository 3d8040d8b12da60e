/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In by a trap whose handler puts the registers in place, out by a trap whose handler takes them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ucontext.h>

#include "proof.h"

static const struct arm_regs *give;
static struct arm_regs *take;
static ucontext_t back;
static bool inside;
static int came;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)info;
    if (!inside && number != SIGTRAP) {
        fprintf(stderr, "signal %d outside of an instruction\n", number);
        _Exit(1);
    }
    inside = !inside;
    if (inside) {
        native_copy(&back, context);
        native_put(context, give);
        return;
    }
    native_get(context, take);
    came = number;
    native_copy(context, &back);
    native_skip_trap(context);
}

void native_start(void)
{
    static const int caught[] = {SIGTRAP, SIGSEGV, SIGILL, SIGBUS, SIGFPE};
    struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = 1u << 18};
    stack.ss_sp = malloc(stack.ss_size);
    if (!stack.ss_sp || sigaltstack(&stack, NULL))
        abort();
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        if (sigaction(caught[i], &act, NULL))
            abort();
}

int native_run(const struct arm_regs *in, struct arm_regs *out)
{
    *out = *in;
    give = in;
    take = out;
    native_trap();
    return came == SIGTRAP ? 0 : came;
}
