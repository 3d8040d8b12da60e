/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights: what they allow, what they turn into, and how each release numbers them. */
#ifndef XM_RIGHTS_H
#define XM_RIGHTS_H

#include <xm/types.h>

enum xm_kind {
    XM_KIND_X86_EPT = 1, XM_KIND_ARM_S2 = 2, XM_KIND_X86_PV = 3, XM_KIND_ARM_MPU = 4,
    XM_KIND_X86_NPT = 5
};

static inline bool xm_kind_is_arm(enum xm_kind kind)
{
    return kind == XM_KIND_ARM_S2 || kind == XM_KIND_ARM_MPU;
}

static inline bool xm_kind_is_hvm(enum xm_kind kind)
{
    return kind == XM_KIND_X86_EPT || kind == XM_KIND_X86_NPT;
}

/* XM_DO_* bits that go through without an event: rx2rw reads and fetches, n2rwx nothing. */
uint8_t xm_rights_bits(enum xm_access a);
/* Does doing `what` (XM_DO_*) violate a? r_pw lets a page walk's write through. */
bool xm_rights_violated(enum xm_access a, unsigned what, bool page_walk);
/* Stored under that kind of table? EPT cannot express w and wx, AMD's tables neither
 * these nor x and r_pw; never default itself. */
bool xm_rights_expressible(enum xm_kind kind, enum xm_access a);

/*
 * A release's number -> ours, and back. From 4.20 r_pw is 10 and default 11, before that default is
 * 10 and 11 is nothing. False or -XM_ERANGE: no such number, no such rights there.
 */
bool xm_rights_from_wire(uint32_t xen_minor, uint32_t wire, enum xm_access *a);
int xm_rights_to_wire(uint32_t xen_minor, enum xm_access a, uint8_t *wire);

#endif
