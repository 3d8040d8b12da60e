/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included at the end of arch/x86/mm/shadow/common.c, whose static functions it uses. The caller holds
 * the paging lock.
 */
#include <xen/xmem-release.h>

#if XMEM_XEN_MINOR < 18
#define xmem_pool shadow.total_pages
#else
#define xmem_pool total_pages
#endif

#define XMEM_L1S_AT_ONCE 1

int xmem_shadow_mode(struct domain *d, bool on)
{
    return on ? shadow_one_bit_enable(d, PG_XMEM) : shadow_one_bit_disable(d, PG_XMEM);
}

/*
 * Does the shadow entry for this place in the guest's tables map the frame? take: clears it if so. A PV
 * guest's shadow entries hold no references; the caller flushes.
 */
bool xmem_shadow_entry(struct domain *d, uint64_t place, unsigned long mfn, bool take)
{
    mfn_t sl1mfn = INVALID_MFN;
    uint64_t *entry;
    bool found;

    if (shadow_mode_enabled(d) && d->arch.paging.shadow.hash_table)
        sl1mfn = shadow_hash_lookup(d, place / L1_PAGETABLE_ENTRIES, SH_type_l1_64_shadow);
    if (mfn_eq(sl1mfn, INVALID_MFN))
        return false;
    entry = map_domain_page(sl1mfn);
    entry += place % L1_PAGETABLE_ENTRIES;
    found = (*entry & _PAGE_PRESENT) && (*entry & PADDR_MASK) >> PAGE_SHIFT == mfn;
    if (found && take)
        ACCESS_ONCE(*entry) = 0;
    unmap_domain_page(entry);
    return found;
}

static void xmem_sweep_l1(struct domain *d, mfn_t sl1mfn, unsigned long l1mfn)
{
    uint64_t *entry = map_domain_page(sl1mfn);
    unsigned int i;

    for (i = 0; i < L1_PAGETABLE_ENTRIES; i++)
        if ((entry[i] & _PAGE_PRESENT) && !xmem_pv_entry_stays(d, l1mfn, i, entry[i]))
            ACCESS_ONCE(entry[i]) = 0;
    unmap_domain_page(entry);
}

/* A bucket with many shadows is divided among several parts, by the guest table's frame number. */
static unsigned int xmem_shares(unsigned int parts)
{
    return parts / SHADOW_HASH_BUCKETS;
}

unsigned int xmem_shadow_parts(const struct domain *d)
{
    unsigned int at_once = SHADOW_HASH_BUCKETS * XMEM_L1S_AT_ONCE;

    return SHADOW_HASH_BUCKETS * (d->arch.paging.xmem_pool / at_once + 1);
}

/* Clears entries that grant more than the rights do, and notes the place of the others. */
void xmem_shadow_sweep(struct domain *d, unsigned int part, unsigned int parts)
{
    unsigned int bucket = part / xmem_shares(parts), share = part % xmem_shares(parts);
    struct page_info *sp;

    if (!shadow_mode_enabled(d) || !d->arch.paging.shadow.hash_table)
        return;
    for (sp = d->arch.paging.shadow.hash_table[bucket]; sp; sp = next_shadow(sp)) {
        if (sp->u.sh.type == SH_type_l1_64_shadow &&
            mfn_x(backpointer(sp)) % xmem_shares(parts) == share)
            xmem_sweep_l1(d, page_to_mfn(sp), mfn_x(backpointer(sp)));
    }
}

/* Also flushes. */
void xmem_shadow_blow(struct domain *d)
{
    if (shadow_mode_enabled(d))
        shadow_blow_tables(d);
}
