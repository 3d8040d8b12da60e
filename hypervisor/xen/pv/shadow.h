/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included at the end of arch/x86/mm/shadow/common.c, of which it uses static functions. The caller
 * holds the paging lock.
 */
#include <xen/xmem-release.h>

#if XMEM_XEN_MINOR < 20
typedef hash_domain_callback_t xmem_callback_t;
#define xmem_hash_foreach hash_domain_foreach
#else
typedef hash_callback_t xmem_callback_t;
#define xmem_hash_foreach hash_foreach
#endif

int xmem_shadow_mode(struct domain *d, bool on)
{
    return on ? shadow_one_bit_enable(d, PG_XMEM) : shadow_one_bit_disable(d, PG_XMEM);
}

/*
 * As sh_remove_all_mappings(), for frames that a PV guest's own tables refer to: nothing is expected
 * of the reference counts, and the flush is the caller's.
 */
void xmem_shadow_drop(struct domain *d, mfn_t mfn)
{
    static const xmem_callback_t callbacks[SH_type_unused] = {
        [SH_type_l1_64_shadow] = SHADOW_INTERNAL_NAME(sh_rm_mappings_from_l1, 4),
        [SH_type_fl1_64_shadow] = SHADOW_INTERNAL_NAME(sh_rm_mappings_from_l1, 4),
    };

    if (shadow_mode_enabled(d))
        xmem_hash_foreach(d, SHF_L1_64 | SHF_FL1_64, callbacks, mfn);
}

static int cf_check xmem_sweep_l1(struct domain *d, mfn_t sl1mfn, mfn_t unused)
{
    uint64_t *entry = map_domain_page(sl1mfn);
    unsigned int i;

    for (i = 0; i < L1_PAGETABLE_ENTRIES; i++) {
        mfn_t mfn = _mfn((entry[i] & PADDR_MASK) >> PAGE_SHIFT);
        uint32_t flags = get_pte_flags(entry[i]);

        /* The entries with a meaning of their own ("magic") name no frame that there is. */
        if ((flags & _PAGE_PRESENT) && mfn_valid(mfn) &&
            xmem_pv_restrict(d, mfn, flags, false) != flags)
            ACCESS_ONCE(entry[i]) = 0;
    }
    unmap_domain_page(entry);
    return 0;
}

/* One walk for any number of frames: entries that carry more than the rights go. */
void xmem_shadow_sweep(struct domain *d)
{
    static const xmem_callback_t callbacks[SH_type_unused] = {
        [SH_type_l1_64_shadow] = xmem_sweep_l1,
    };

    if (shadow_mode_enabled(d))
        xmem_hash_foreach(d, SHF_L1_64, callbacks, INVALID_MFN);
}

/* Flushes as well. */
void xmem_shadow_blow(struct domain *d)
{
    if (shadow_mode_enabled(d))
        shadow_blow_tables(d);
}
