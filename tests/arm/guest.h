/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated Arm guest whose MMU is on: its tables, which map each page of the domain, and vCPU 0's code, at
 * their own addresses.
 */
#ifndef ARM_GUEST_H
#define ARM_GUEST_H

#include <sim.h>
#include <string.h>

#define GUEST_TABLES 48u /* gfn of the first table; the domain's pages are those below, and these */
#define GUEST_TABLE_N 7u
#define GUEST_VALID UINT64_C(0x3)       /* a table, or a page */
#define GUEST_LEAF UINT64_C(0x703)      /* read and written by the kernel; accessed */
#define GUEST_TCR UINT64_C(0x500100010) /* both halves 48 bits, granules of 4 KiB, 48 bits out */

/* The n-th table. */
static inline uint64_t *guest_table(struct sim_domain *g, unsigned n)
{
    void *page = NULL;
    (void)xmi_sim_map_gfn(g, GUEST_TABLES + n, &page);
    return page;
}

static inline void guest_link(struct sim_domain *g, unsigned from, unsigned index, unsigned to)
{
    guest_table(g, from)[index] = (uint64_t)(GUEST_TABLES + to) << 12 | GUEST_VALID;
}

/* Of the page at its own address; 0: not mapped. */
static inline uint64_t *guest_entry(struct sim_domain *g, uint64_t gfn)
{
    return &guest_table(g, gfn >= SIM_CODE_GFN ? 6 : 3)[gfn & 0x1ffu];
}

static inline void guest_write_tables(struct sim_domain *g)
{
    uint64_t code = SIM_CODE_GFN;
    guest_link(g, 0, 0, 1);
    guest_link(g, 1, 0, 2);
    guest_link(g, 2, 0, 3);
    guest_link(g, 0, code >> 27 & 0x1ff, 4);
    guest_link(g, 4, code >> 18 & 0x1ff, 5);
    guest_link(g, 5, code >> 9 & 0x1ff, 6);
    for (uint64_t gfn = 0; gfn < GUEST_TABLES + GUEST_TABLE_N; gfn++)
        *guest_entry(g, gfn) = gfn << 12 | GUEST_LEAF;
    *guest_entry(g, code) = code << 12 | GUEST_LEAF;
}

static inline int guest_mmu_on(struct sim_machine *m, struct sim_domain *g, uint32_t domid)
{
    struct sim_arm_context c;
    int rc = xmi_sim_hc_vcpu_get(m, domid, 0, &c);
    if (rc)
        return rc;
    guest_write_tables(g);
    c.sctlr |= 1;
    c.tcr = GUEST_TCR;
    c.ttbr0 = (uint64_t)GUEST_TABLES << 12;
    return xmi_sim_hc_vcpu_set(m, domid, 0, &c);
}

#endif
