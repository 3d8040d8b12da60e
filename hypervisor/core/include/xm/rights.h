/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights: what they allow, what they turn into, and how each release numbers them. */
#ifndef XM_RIGHTS_H
#define XM_RIGHTS_H

#include <xm/types.h>

/* XM_DO_* bits that go through without an event: rx2rw reads and fetches, n2rwx nothing. */
uint8_t xm_rights_bits(enum xm_access a);
/* Does doing `what` (XM_DO_*) violate a? r_pw lets a page walk's write through. */
bool xm_rights_violated(enum xm_access a, unsigned what, bool page_walk);

/*
 * A release's number -> ours, and back. From 4.20 r_pw is 10 and default 11, before that default is
 * 10 and 11 is nothing. False or -XM_ERANGE: no such number, no such rights there.
 */
bool xm_rights_from_wire(uint32_t xen_minor, uint32_t wire, enum xm_access *a);
int xm_rights_to_wire(uint32_t xen_minor, enum xm_access a, uint8_t *wire);

#endif
