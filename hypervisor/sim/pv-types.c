/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A frame is mapped writable or is a page table, never both: counted by type, and a table is
 * validated before its first use as one (get_page_type in xen/arch/x86/mm.c).
 */
#include "pv.h"

#define XEN_SLOT_FIRST 256u /* of an L4: the hypervisor's part of the address space */
#define XEN_SLOT_LAST 271u

static bool xen_slot(unsigned level, unsigned index)
{
    return level == PV_L4 && index >= XEN_SLOT_FIRST && index <= XEN_SLOT_LAST;
}

/* A reference for each thing that the entry of a table at this level names. */
static int get_entry(struct sim_domain *d, unsigned level, uint64_t e)
{
    uint64_t mfn = pte_mfn(e);
    struct pv_frame *f;
    int rc;

    if ((e & XM_PTE_P) == 0)
        return 0;
    f = xmi_pv_own(d, mfn);
    if (f == NULL)
        return xmi_pv_refusal(d, mfn);
    if (level != PV_L1)
        return (e & PTE_PSE) != 0 ? -XM_EINVAL : xmi_pv_get_type(d, mfn, (enum pv_type)(level - 1));
    rc = (e & XM_PTE_RW) != 0 ? xmi_pv_get_type(d, mfn, PV_WRITABLE) : 0;
    if (rc == 0)
        f->refs++;
    return rc;
}

static void put_entry(struct sim_domain *d, unsigned level, uint64_t e)
{
    struct pv_frame *f;

    if ((e & XM_PTE_P) == 0)
        return;
    f = xmi_pv_own(d, pte_mfn(e));
    if (f == NULL)
        xm_env_panic("a page table names a frame that left the domain");
    if (level == PV_L1)
        f->refs--;
    if (level != PV_L1 || (e & XM_PTE_RW) != 0)
        xmi_pv_put_type(d, pte_mfn(e));
}

static void devalidate(struct sim_domain *d, const struct pv_frame *f, unsigned level, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put_entry(d, level, pv_table(f)[i]);
}

static int validate(struct sim_domain *d, const struct pv_frame *f, unsigned level)
{
    for (unsigned i = 0; i < PV_ENTRIES; i++) {
        uint64_t e = pv_table(f)[i];
        int rc = xen_slot(level, i) && e != 0 ? -XM_EPERM : get_entry(d, level, e);

        if (rc != 0) {
            devalidate(d, f, level, i);
            return rc;
        }
    }
    return 0;
}

int xmi_pv_get_type(struct sim_domain *d, uint64_t mfn, enum pv_type type)
{
    struct pv_frame *f = xmi_pv_own(d, mfn);
    uint8_t was;
    int rc;

    if (f == NULL)
        return xmi_pv_refusal(d, mfn);
    if (f->types != 0 && f->type != type)
        return -XM_EINVAL;
    if (f->types++ != 0)
        return 0;
    was = f->type;
    f->type = (uint8_t)type;
    if (type == PV_WRITABLE)
        return 0;
    /* Translations from the time when it was writable would let the guest write the table. */
    if (was == PV_WRITABLE)
        xmi_sim_tlb_flush(d, 0);
    rc = validate(d, f, type);
    if (rc == 0 && type == PV_L4) {
        rc = xmi_pcpu_l4_began(d, mfn, pv_table(f));
        if (rc != 0)
            devalidate(d, f, type, PV_ENTRIES);
    }
    if (rc != 0) {
        f->types = 0;
        f->type = was;
    }
    return rc;
}

void xmi_pv_put_type(struct sim_domain *d, uint64_t mfn)
{
    struct pv_frame *f = xmi_pv_own(d, mfn);

    if (f == NULL || f->types == 0)
        xm_env_panic("a type is let go of that nobody holds");
    if (f->types == 1 && f->type != PV_WRITABLE) {
        xmi_pv_shadow_forget(d, f);
        if (f->type == PV_L4)
            xmi_pcpu_l4_ended(d, mfn);
        devalidate(d, f, f->type, PV_ENTRIES);
    }
    f->types--;
}

int xmi_pv_write_entry(struct sim_domain *d, uint64_t table, unsigned index, uint64_t value)
{
    struct pv_frame *f = xmi_pv_own(d, table);
    uint64_t old;
    int rc;

    if (f == NULL || !pv_is_table(f) || index >= PV_ENTRIES)
        return -XM_EINVAL;
    if (xen_slot(f->type, index))
        return -XM_EPERM;
    rc = get_entry(d, f->type, value);
    if (rc != 0)
        return rc;
    old = pv_table(f)[index];
    xm_env_pte_write(&pv_table(f)[index], value);
    xmi_pv_mark_dirty(d, f);
    if (f->type == PV_L4)
        xmi_pcpu_l4_written(d, table, pv_table(f), index);
    xmi_pv_shadow_written(d, table, index);
    put_entry(d, f->type, old);
    return 0;
}
