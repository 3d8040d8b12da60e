/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim-int.h"

/* Checks between two chunks of a long hypercall, as an interrupt would: by count, not by time. */
#define PREEMPT_EVERY 16u

bool xm_env_preempt(void)
{
    return xmi_sim_current != NULL && ++xmi_sim_current->preempt_checks % PREEMPT_EVERY == 0;
}

/* A thread is a tool of its own. */
uint64_t xm_env_caller(void)
{
    static _Thread_local char me;

    return (uintptr_t)&me;
}

void xm_env_barrier_rw(void)
{
    /* Not a fence: ThreadSanitizer does not know them. */
    static _Thread_local uint32_t word;

    (void)__atomic_exchange_n(&word, 0, __ATOMIC_SEQ_CST);
}

/* Quiet unless asked: what uses the simulator may be a library that never prints. */
void xm_env_log(const char *fmt, ...)
{
    static int loud = -1;
    int on = __atomic_load_n(&loud, __ATOMIC_RELAXED);
    va_list ap;

    if (on < 0) {
        on = getenv("XMEM_SIM_LOG") != NULL;
        __atomic_store_n(&loud, on, __ATOMIC_RELAXED);
    }
    if (!on)
        return;
    va_start(ap, fmt);
    fputs("sim: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

void xm_env_panic(const char *why)
{
    fprintf(stderr, "sim: panic: %s\n", why);
    abort();
}
