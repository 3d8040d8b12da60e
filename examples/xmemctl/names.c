/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of bits, in words. */
#include <stdio.h>

#include "ctl.h"

const struct ctl_bit ctl_step_means[] = {
    {XMEM_STEP_HYPERVISOR, "hypervisor"}, {XMEM_STEP_VIEW, "view"},
    {XMEM_STEP_SINGLE, "single-step"},    {XMEM_STEP_EMULATE, "emulate"},
    {XMEM_STEP_RELAX, "relax"},           {0, NULL},
};

const struct ctl_bit ctl_cap_flags[] = {
    {XMEM_CAP_MEM_ACCESS, "mem-access"},   {XMEM_CAP_SET_MANY, "set-many"},
    {XMEM_CAP_SUPPRESS_VE, "suppress-ve"}, {XMEM_CAP_VISIBILITY, "visibility"},
    {XMEM_CAP_SWITCH_VCPU, "switch-vcpu"}, {XMEM_CAP_DEFAULT_ALL, "default-all"},
    {XMEM_CAP_ADD_PAGE, "add-page"},       {0, NULL},
};

static void put_name(const char *name, bool json)
{
    if (json) {
        js_str(NULL, name);
    } else {
        printf(" %s", name);
    }
}

static void begin(const char *key, bool json)
{
    if (json) {
        js_begin(key, '[');
    }
}

static void end(bool any, bool json)
{
    if (json) {
        js_end(']');
    } else {
        fputs(any ? "\n" : " none\n", stdout);
    }
}

void ctl_put_bits(const char *key, const struct ctl_bit *table, uint64_t bits, bool json)
{
    bool any = false;

    begin(key, json);
    for (; table->name != NULL; table++) {
        if ((bits & table->bit) != 0) {
            put_name(table->name, json);
            any = true;
        }
    }
    end(any, json);
}

void ctl_put_rights(const char *key, uint32_t rights, bool json)
{
    begin(key, json);
    for (unsigned i = 0; i < 32; i++) {
        const char *name = xmem_rights_name((enum xmem_rights)i);
        if ((rights & XMEM_RIGHTS_BIT(i)) != 0 && name != NULL) {
            put_name(name, json);
        }
    }
    end(rights != 0, json);
}

void ctl_put_monitors(const char *key, uint64_t monitors, bool json)
{
    begin(key, json);
    for (unsigned i = 0; i < 64; i++) {
        const char *name = xmem_event_reason_name((enum xmem_event_reason)i);
        if ((monitors >> i & 1u) != 0 && name != NULL) {
            put_name(name, json);
        }
    }
    end(monitors != 0, json);
}

const char *ctl_rights(enum xmem_rights rights)
{
    const char *name = xmem_rights_name(rights);

    return name != NULL ? name : "?";
}
