/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between Xen's releases, as one table. */
#ifndef XMEM_XEN_RELEASE_H
#define XMEM_XEN_RELEASE_H

#include <stdint.h>

struct xen_release {
    uint32_t minor;             /* from this 4.minor on */
    uint32_t interface_version; /* of vm_event */
    int access_default;         /* number of XENMEM_access_default */
    int access_r_pw;            /* of XENMEM_access_r_pw, -1: none */
    uint32_t max_views;         /* including the host view; the most that a domain can have */
    uint32_t quirks;            /* QUIRK_* of backend.h */
    uint32_t domctl_version;    /* XEN_DOMCTL_INTERFACE_VERSION */
};

/* The line for 4.minor; NULL before 4.11. Later releases than known behave as the last. */
const struct xen_release *xmi_xen_release_find(uint32_t major, uint32_t minor);
/* enum xmem_rights to the release's number, -1: it has none; and back, 0: unknown number. */
int xmi_xen_access_number(const struct xen_release *r, uint8_t rights);
uint8_t xmi_xen_access_rights(const struct xen_release *r, int number);

#endif
