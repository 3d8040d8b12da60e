/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mem_access on nested page tables (p2m-pt.c). Bits 59 to 62 of an entry hold the page's rights. The
 * processor ignores them (AMD64 APM vol. 2, 5.3.3), and the p2m type uses bits 52 to 58 only. They are
 * stored exclusive-or rwx, so that an entry written without them means rwx.
 *
 * Only 4 KiB entries carry rights. A page without the right to read cannot be mapped: its entry is not
 * present, but keeps type, frame and rights ("hidden").
 */
#ifndef XMEM_NPT_H
#define XMEM_NPT_H

#ifdef CONFIG_XMEM_NPT

#define XMEM_NPT_SHIFT 19 /* PTE bit 59, as l1e_get_flags() has it */
#define XMEM_NPT_MASK 0xfUL

static inline bool xmem_npt_usable(const struct domain *d)
{
    return is_hvm_domain(d) && cpu_has_svm && hap_enabled(d);
}

/* Nested page tables cannot grant a write or a fetch without a read. */
static inline bool xmem_npt_expressible(const struct domain *d, p2m_access_t a)
{
    if (!xmem_npt_usable(d))
        return true;

    switch (a) {
    case p2m_access_n:
    case p2m_access_r:
    case p2m_access_rw:
    case p2m_access_rx:
    case p2m_access_rwx:
    case p2m_access_rx2rw:
    case p2m_access_n2rwx: return true;
    default: return false;
    }
}

static inline unsigned int xmem_npt_order(const struct domain *d, unsigned int order,
                                          p2m_access_t a)
{
    return a != p2m_access_rwx && xmem_npt_usable(d) ? PAGE_ORDER_4K : order;
}

static inline p2m_access_t xmem_npt_access(unsigned int flags)
{
    return ((flags >> XMEM_NPT_SHIFT) & XMEM_NPT_MASK) ^ p2m_access_rwx;
}

/* Replaces the constant p2m_access_rwx at its places in p2m-pt.c. */
static inline void xmem_npt_read(unsigned int flags, p2m_access_t *a)
{
    *a = xmem_npt_access(flags);
}

/* Does the entry hold a page, mapped or hidden? */
static inline bool xmem_npt_mapped(unsigned int flags)
{
    return (flags & _PAGE_PRESENT) || xmem_npt_access(flags) != p2m_access_rwx;
}

#define XMEM_NPT_R 1
#define XMEM_NPT_W 2
#define XMEM_NPT_X 4

/* Bits that the entry being written gets in addition to its rights, for a step (step.c). */
DECLARE_PER_CPU(uint8_t, xmem_npt_more);

static inline unsigned int xmem_npt_bits(p2m_access_t a)
{
    switch (a) {
    case p2m_access_rwx: return XMEM_NPT_R | XMEM_NPT_W | XMEM_NPT_X;
    case p2m_access_rw: return XMEM_NPT_R | XMEM_NPT_W;
    case p2m_access_r: return XMEM_NPT_R;
    case p2m_access_rx:
    case p2m_access_rx2rw: return XMEM_NPT_R | XMEM_NPT_X;
    default: return 0;
    }
}

/* Removes what the rights forbid from the type's flags. An entry without a page has no rights. */
static inline unsigned long xmem_npt_flags(unsigned long flags, p2m_access_t a)
{
    unsigned int bits = xmem_npt_bits(a) | this_cpu(xmem_npt_more);

    if (!(flags & _PAGE_PRESENT))
        return flags;

    flags |= (unsigned long)(a ^ p2m_access_rwx) << XMEM_NPT_SHIFT;

    if (!bits)
        flags &= ~_PAGE_PRESENT;
    if (!(bits & XMEM_NPT_W))
        flags &= ~_PAGE_RW;
    if (!(bits & XMEM_NPT_X))
        flags |= _PAGE_NX_BIT;

    return flags;
}

#else

#define xmem_npt_usable(d) false
#define xmem_npt_expressible(d, a) true
#define xmem_npt_order(d, order, a) (order)
#define xmem_npt_access(flags) p2m_access_rwx
#define xmem_npt_read(flags, a) ((void)0)
#define xmem_npt_mapped(flags) ((flags)&_PAGE_PRESENT)
#define xmem_npt_flags(flags, a) (flags)

#endif

#endif
