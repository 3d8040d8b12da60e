/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Failures on order. The program's own malloc() and friends are in place of the C library's, for the
 * libraries that it uses as well; its clock stands still, and moves when somebody waits; where a failure
 * does not end, whenever it is looked at.
 */
#include "inject.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim-int.h"

#define OPS_MAX 4096u
#define OWN __attribute__((visibility("default")))

static struct fault fault;
static bool armed, gone;
static unsigned fired;
static int fired_op;
static uint32_t counted[3];
static uint8_t ops[OPS_MAX];
static bool running;
static long live; /* allocations of this run */

/* ---- one run ---- */

void inject_begin(const struct fault *f)
{
    fault = *f;
    armed = gone = false;
    fired = 0;
    fired_op = 0;
    memset(counted, 0, sizeof(counted));
    live = 0;
    running = true;
}

long inject_end(void)
{
    running = false;
    return live;
}

void inject_arm(void)
{
    armed = true;
}

void inject_disarm(void)
{
    armed = false;
}

void inject_stop(void)
{
    gone = true;
}

bool inject_once(void)
{
    return fault.how == FAULT_ONCE;
}

bool inject_ever(void)
{
    return fault.how == FAULT_EVER;
}

unsigned inject_fired(void)
{
    return fired;
}

int inject_op(void)
{
    return fired_op;
}

uint32_t inject_count(enum fault_kind kind)
{
    return counted[kind];
}

int inject_op_of(uint32_t i)
{
    return i >= 1 && i <= OPS_MAX ? ops[i - 1] : 0;
}

/* Is it this one's turn? */
static bool take(enum fault_kind kind, int op)
{
    if (!armed)
        return false;
    uint32_t n = ++counted[kind];
    if (kind == FAULT_HYPERCALL && n <= OPS_MAX)
        ops[n - 1] = (uint8_t)op;
    if (gone || kind != fault.kind || n < fault.at || (n > fault.at && fault.how == FAULT_ONCE))
        return false;
    if (n == fault.at)
        fired_op = op;
    else if (fault.how == FAULT_SAME && op != fired_op)
        return false;
    fired++;
    return true;
}

/* ---- hypercalls ---- */

static int hypercall(void *ctx, int op)
{
    (void)ctx;
    return take(FAULT_HYPERCALL, op) ? -fault.err : 0;
}

void inject_into(struct sim_domain *g)
{
    xmi_sim_inject_by(g, hypercall, NULL);
}

/* ---- allocations ---- */

OWN void *malloc(size_t n);
OWN void *calloc(size_t n, size_t size);
OWN void *realloc(void *p, size_t n);
OWN void *aligned_alloc(size_t align, size_t n);
OWN void free(void *p);

/* The C library's own, and those of the sanitizers where they are linked. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);
void *__interceptor_malloc(size_t n) __attribute__((weak));
void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *p, size_t n) __attribute__((weak));
void *__interceptor_aligned_alloc(size_t align, size_t n) __attribute__((weak));
void __interceptor_free(void *p) __attribute__((weak));

/* The simulated hypervisor's memory is not the library's. */
static bool refuse(void)
{
    if (!armed || xmi_sim_current || !take(FAULT_ALLOCATION, 0))
        return false;
    errno = ENOMEM;
    return true;
}

static void *count(void *p)
{
    live += running && p;
    return p;
}

void *malloc(size_t n)
{
    if (refuse())
        return NULL;
    return count(__interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    if (refuse())
        return NULL;
    return count(__interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    if (refuse())
        return NULL;
    void *q = __interceptor_realloc ? __interceptor_realloc(p, n) : __libc_realloc(p, n);
    return p ? q : count(q);
}

void *aligned_alloc(size_t align, size_t n)
{
    if (refuse())
        return NULL;
    return count(__interceptor_aligned_alloc ? __interceptor_aligned_alloc(align, n)
                                             : __libc_memalign(align, n));
}

void free(void *p)
{
    live -= running && p;
    if (__interceptor_free)
        __interceptor_free(p);
    else
        __libc_free(p);
}

/* What the sanitizers would make without asking. */

OWN char *strdup(const char *text);
OWN int vasprintf(char **out, const char *fmt, va_list args);
OWN int asprintf(char **out, const char *fmt, ...);

char *strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = malloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}

__attribute__((format(printf, 2, 0))) int vasprintf(char **out, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    *out = n < 0 ? NULL : malloc((size_t)n + 1);
    return *out ? vsnprintf(*out, (size_t)n + 1, fmt, args) : -1;
}

__attribute__((format(printf, 2, 3))) int asprintf(char **out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(out, fmt, args);
    va_end(args);
    return n;
}

/* ---- the clock ---- */

static struct timespec now = {.tv_sec = 1000};

static void pass(long ms)
{
    long ns = now.tv_nsec + ms % 1000 * 1000000;
    now.tv_sec += ms / 1000 + ns / 1000000000;
    now.tv_nsec = ns % 1000000000;
}

OWN int clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    if (inject_ever()) /* what goes round until time is over */
        pass(2);
    *t = now;
    return 0;
}

OWN int nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)left;
    pass(t->tv_sec * 1000 + t->tv_nsec / 1000000 + 1);
    return 0;
}

OWN int poll(struct pollfd *v, nfds_t n, int timeout)
{
    const struct timespec none = {0};
    int rc = ppoll(v, n, &none, NULL);
    if (!rc)
        pass(timeout < 0 ? 1000 : timeout);
    return rc;
}

/* ---- errnos ---- */

#define ERRNOS_MAX 6u

/*
 * What each hypercall can answer, beside success, on a domain that lives and is asked for what is
 * there: no memory for its buffer, not allowed, what its handler has of its own; and a code that none
 * of them has today.
 */
static const struct {
    const char *name;
    int err[ERRNOS_MAX];
} table[SIM_HC_COUNT] = {
    [XM_HC_ANY] = {"other", {ENOMEM, EPERM}},
    [XM_HC_ACCESS_SET] = {"access_set", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_ACCESS_GET] = {"access_get", {ENOMEM, EPERM, EFAULT}},
    [XM_HC_ACCESS_SET_MULTI] = {"access_set_multi", {ENOMEM, EPERM, EFAULT}},
    [XM_HC_VM_EVENT] = {"vm_event", {ENOMEM, EPERM, EBUSY, EINVAL, EOPNOTSUPP}},
    [XM_HC_MONITOR] = {"monitor", {ENOMEM, EPERM, EINVAL, EOPNOTSUPP}},
    [XM_HC_ACCESS_REQUIRED] = {"access_required", {ENOMEM, EPERM, EOPNOTSUPP}},
    [XM_HC_PAUSE] = {"pause", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_UNPAUSE] = {"unpause", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_VCPU_PAUSE] = {"vcpu_pause", {ENOMEM, EPERM, EOPNOTSUPP}},
    [XM_HC_VCPU_UNPAUSE] = {"vcpu_unpause", {ENOMEM, EPERM, EOPNOTSUPP}},
    [XM_HC_DOMCTL_OTHER] = {"domctl", {ENOMEM, EPERM, EINVAL, EBUSY}},
    [XM_HC_ALTP2M_STATE] = {"altp2m_state", {ENOMEM, EPERM, EINVAL, EOPNOTSUPP}},
    [XM_HC_ALTP2M_CREATE] = {"altp2m_create", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_ALTP2M_DESTROY] = {"altp2m_destroy", {ENOMEM, EPERM, EBUSY}},
    [XM_HC_ALTP2M_SWITCH] = {"altp2m_switch", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_ALTP2M_SET] = {"altp2m_set", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_ALTP2M_SET_MULTI] = {"altp2m_set_multi", {ENOMEM, EPERM, EFAULT}},
    [XM_HC_ALTP2M_GET] = {"altp2m_get", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_ALTP2M_CHANGE_GFN] = {"altp2m_change_gfn", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_ALTP2M_OTHER] = {"altp2m_other", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_INJECT_EVENT] = {"inject_event", {ENOMEM, EPERM, EBUSY}},
    [XM_HC_VCPU_GET] = {"vcpu_get", {ENOMEM, EPERM, EINVAL}},
    [XM_HC_VCPU_SET] = {"vcpu_set", {ENOMEM, EPERM, EINVAL}},
    [SIM_HC_MAP] = {"map", {ENOMEM, EPERM, EINVAL}},
    [SIM_HC_POPULATE] = {"populate", {ENOMEM, EPERM}},
    [SIM_HC_DEPOPULATE] = {"depopulate", {ENOMEM, EPERM, EINVAL}},
};

int errno_of(int op, unsigned i)
{
    if (i && i <= ERRNOS_MAX && table[op].err[i - 1] && (i == ERRNOS_MAX || !table[op].err[i]))
        return EXDEV;
    return i < ERRNOS_MAX ? table[op].err[i] : 0;
}

const char *op_name(int op)
{
    return table[op].name;
}
