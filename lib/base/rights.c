/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of the public enums that the library itself knows. */
#include "base/base.h"

#include <errno.h>
#include <string.h>

static const char *const rights_names[] = {
    [XMEM_DEFAULT] = "default",
    [XMEM_N] = "n",
    [XMEM_R] = "r",
    [XMEM_W] = "w",
    [XMEM_RW] = "rw",
    [XMEM_X] = "x",
    [XMEM_RX] = "rx",
    [XMEM_WX] = "wx",
    [XMEM_RWX] = "rwx",
    [XMEM_RX2RW] = "rx2rw",
    [XMEM_N2RWX] = "n2rwx",
    [XMEM_R_PW] = "r_pw",
};
#define RIGHTS_NAMES (sizeof(rights_names) / sizeof(rights_names[0]))

static const char *const reason_names[] = {
    [XMEM_EVENT_UNKNOWN] = "unknown",
    [XMEM_EVENT_MEM_ACCESS] = "mem_access",
    [XMEM_EVENT_MEM_SHARING] = "mem_sharing",
    [XMEM_EVENT_MEM_PAGING] = "mem_paging",
    [XMEM_EVENT_CTRLREG] = "ctrlreg",
    [XMEM_EVENT_MSR] = "msr",
    [XMEM_EVENT_BREAKPOINT] = "breakpoint",
    [XMEM_EVENT_SINGLESTEP] = "singlestep",
    [XMEM_EVENT_GUEST_REQUEST] = "guest_request",
    [XMEM_EVENT_DEBUG] = "debug",
    [XMEM_EVENT_CPUID] = "cpuid",
    [XMEM_EVENT_PRIVILEGED_CALL] = "privileged_call",
    [XMEM_EVENT_INTERRUPT] = "interrupt",
    [XMEM_EVENT_DESCRIPTOR] = "descriptor",
    [XMEM_EVENT_EMUL_UNIMPLEMENTED] = "emul_unimplemented",
    [XMEM_EVENT_VMEXIT] = "vmexit",
    [XMEM_EVENT_IO] = "io",
    [XMEM_EVENT_DOMAIN_DIED] = "domain_died",
};
#define REASON_NAMES (sizeof(reason_names) / sizeof(reason_names[0]))

const char *xmem_rights_name(enum xmem_rights rights)
{
    return (size_t)rights < RIGHTS_NAMES ? rights_names[(size_t)rights] : NULL;
}

int xmem_rights_parse(const char *name, enum xmem_rights *out)
{
    if (!name || !out)
        return -EINVAL;
    for (size_t i = 0; i < RIGHTS_NAMES; i++) {
        if (rights_names[i] && !strcmp(rights_names[i], name)) {
            *out = (enum xmem_rights)i;
            return 0;
        }
    }
    return -EINVAL;
}

const char *xmem_event_reason_name(enum xmem_event_reason reason)
{
    return (size_t)reason < REASON_NAMES ? reason_names[(size_t)reason] : NULL;
}

const char *xmem_kind_name(enum xmem_kind kind)
{
    switch (kind) {
    case XMEM_KIND_X86_EPT: return "x86-ept";
    case XMEM_KIND_X86_NPT: return "x86-npt";
    case XMEM_KIND_X86_PV: return "x86-pv";
    case XMEM_KIND_ARM_S2: return "arm-s2";
    case XMEM_KIND_ARMV8R_MPU: return "armv8r-mpu";
    case XMEM_KIND_UNKNOWN: break;
    }
    return "unknown";
}
