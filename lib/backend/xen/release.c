/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/xen/backend-xen.h"

#include "backend/backend.h"

#include <stddef.h>

/* Of all releases; of those before 4.19, before 4.20, and from 4.19 to 4.21. */
#define VIEW_QUIRKS \
    (QUIRK_HOST_SET_OVERWRITES_VIEWS | QUIRK_VIEW_SET_SKIPS_UNMAPPED | QUIRK_VIEW_SET_COVERS_LEAF)
#define COPY_QUIRKS (VIEW_QUIRKS | QUIRK_FAST_STEP_NEEDS_MONITOR | QUIRK_VIEW_COPIES_HOST_RIGHTS)
#define LEAF_QUIRKS (VIEW_QUIRKS | QUIRK_LEAF_TAKES_HOST_RIGHTS)

/*
 * Sources: VM_EVENT_INTERFACE_VERSION in each release's public/vm_event.h; enum
 * xenmem_access_t in public/memory.h (r_pw came before default in 4.20); MAX_ALTP2M, from
 * 4.21 on MAX_NR_ALTP2M, since a domain has as many as it was created with and no call tells;
 * vm_event_domctl() for RESUME before 4.13; p2m_altp2m_propagate_change() for the host's
 * changes; p2m_altp2m_get_or_propagate() for whose rights a view's copy gets;
 * altp2m_get_effective_entry() for the leaf that is copied around a gfn, whose rights are the
 * view's default from 4.22 on; hvm_monitor_debug() for fast single step, which asks for the
 * monitor first up to 4.19.
 */
static const struct xen_release table[] = {
    {11, 3, 10, -1, 10, COPY_QUIRKS | QUIRK_RESUME_EINVAL, 0x10},
    {12, 4, 10, -1, 10, COPY_QUIRKS | QUIRK_RESUME_EINVAL, 0x11},
    {13, 5, 10, -1, 10, COPY_QUIRKS, 0x12},
    {14, 6, 10, -1, 10, COPY_QUIRKS, 0x12},
    {15, 7, 10, -1, 10, COPY_QUIRKS, 0x13},
    {16, 7, 10, -1, 10, COPY_QUIRKS, 0x14},
    {17, 7, 10, -1, 10, COPY_QUIRKS, 0x15},
    {18, 7, 10, -1, 10, COPY_QUIRKS, 0x16},
    {19, 7, 10, -1, 10, LEAF_QUIRKS | QUIRK_FAST_STEP_NEEDS_MONITOR, 0x17},
    {20, 7, 11, 10, 10, LEAF_QUIRKS, 0x17},
    {21, 7, 11, 10, 512, LEAF_QUIRKS, 0x17},
    {22, 7, 11, 10, 512, VIEW_QUIRKS, 0x18},
};

const struct xen_release *xmi_xen_release_find(uint32_t major, uint32_t minor)
{
    const struct xen_release *found = NULL;
    if (major > 4)
        return &table[sizeof(table) / sizeof(*table) - 1];
    for (size_t i = 0; major == 4 && i < sizeof(table) / sizeof(*table); i++)
        if (table[i].minor <= minor)
            found = &table[i];
    return found;
}

int xmi_xen_access_number(const struct xen_release *r, uint8_t rights)
{
    switch (rights) {
    case XMEM_DEFAULT: return r->access_default;
    case XMEM_R_PW: return r->access_r_pw;
    case XMEM_RX2RW: return 8;
    case XMEM_N2RWX: return 9;
    default: return rights >= XMEM_N && rights <= XMEM_RWX ? rights - XMEM_N : -1;
    }
}

uint8_t xmi_xen_access_rights(const struct xen_release *r, int number)
{
    if (number >= 0 && number <= 7)
        return (uint8_t)(XMEM_N + number);
    if (number == 8)
        return XMEM_RX2RW;
    if (number == 9)
        return XMEM_N2RWX;
    if (number == r->access_r_pw)
        return XMEM_R_PW;
    return number == r->access_default ? XMEM_DEFAULT : 0;
}
