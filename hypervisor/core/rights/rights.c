/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/rights.h>

/* Numbers of public/memory.h; the core's own r_pw (11) lies where 4.20 put default. */
#define WIRE_FIRST_SPECIAL 10u
#define MINOR_WITH_R_PW 20u

uint8_t xm_rights_bits(enum xm_access a)
{
    static const uint8_t bits[XM_ACCESS_COUNT] = {
        [XM_ACCESS_R] = XM_DO_R,
        [XM_ACCESS_W] = XM_DO_W,
        [XM_ACCESS_RW] = XM_DO_R | XM_DO_W,
        [XM_ACCESS_X] = XM_DO_X,
        [XM_ACCESS_RX] = XM_DO_R | XM_DO_X,
        [XM_ACCESS_WX] = XM_DO_W | XM_DO_X,
        [XM_ACCESS_RWX] = XM_DO_R | XM_DO_W | XM_DO_X,
        [XM_ACCESS_RX2RW] = XM_DO_R | XM_DO_X,
        [XM_ACCESS_R_PW] = XM_DO_R,
    };

    return (unsigned)a < XM_ACCESS_COUNT ? bits[a] : 0;
}

bool xm_rights_violated(enum xm_access a, unsigned what, bool page_walk)
{
    unsigned allowed = xm_rights_bits(a);

    if (a == XM_ACCESS_R_PW && page_walk)
        allowed |= XM_DO_W;
    return (what & ~allowed) != 0;
}

bool xm_rights_from_wire(uint32_t xen_minor, uint32_t wire, enum xm_access *a)
{
    if (wire < WIRE_FIRST_SPECIAL) {
        *a = (enum xm_access)wire;
        return true;
    }
    if (xen_minor < MINOR_WITH_R_PW) {
        if (wire != WIRE_FIRST_SPECIAL)
            return false;
        *a = XM_ACCESS_DEFAULT;
        return true;
    }
    if (wire > WIRE_FIRST_SPECIAL + 1)
        return false;
    *a = wire == WIRE_FIRST_SPECIAL ? XM_ACCESS_R_PW : XM_ACCESS_DEFAULT;
    return true;
}

int xm_rights_to_wire(uint32_t xen_minor, enum xm_access a, uint8_t *wire)
{
    if ((unsigned)a < WIRE_FIRST_SPECIAL) {
        *wire = (uint8_t)a;
        return 0;
    }
    if (a != XM_ACCESS_R_PW || xen_minor < MINOR_WITH_R_PW)
        return -XM_ERANGE;
    *wire = WIRE_FIRST_SPECIAL;
    return 0;
}
