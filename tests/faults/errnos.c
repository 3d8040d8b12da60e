/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each hypercall can answer, beside success, on a domain that lives and is asked for what is
 * there: no memory for its buffer, not allowed, what its handler has of its own; and a code that none
 * of them has today.
 */
#include <errno.h>
#include <stddef.h>

#include "inject.h"
#include "sim.h"

#define ERRNOS_MAX 6u

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
