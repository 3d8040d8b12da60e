/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks the guest's own page tables as a processor does. A PV guest has no superpages, and its tables are
 * its own frames. The shadow code's cached translations are not used: a PV guest's TLB flushes do not
 * reach them.
 */
#include "priv.h"

/* References the table until the walk ends, so that its frame cannot be given to another owner meanwhile. */
static bool step(struct domain *d, struct xmem_walk *w, unsigned int index)
{
    struct xmem_level *l = &w->level[w->levels];
    const uint64_t *t;

    l->table = get_page_from_mfn(_mfn(w->mfn), d);
    if (!l->table)
        return false;
    w->levels++;
    l->index = index;
    l->dirty = false;
    t = map_domain_page(page_to_mfn(l->table));
    l->entry = ACCESS_ONCE(t[index]);
    unmap_domain_page(t);
    return l->entry & _PAGE_PRESENT;
}

static bool permits(uint32_t error_code, uint32_t all, uint32_t any)
{
    return (!(error_code & PFEC_write_access) || (all & _PAGE_RW)) &&
           (!(error_code & PFEC_user_mode) || (all & _PAGE_USER)) &&
           (!(error_code & PFEC_insn_fetch) || !(any & _PAGE_NX_BIT));
}

/* Sets no accessed or dirty bit yet: the access may still be stopped. */
void xmem_walk_hold(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w)
{
    pagetable_t root = v->arch.flags & TF_kernel_mode ? v->arch.guest_table
                                                      : v->arch.guest_table_user;
    uint32_t all = ~0U, any = 0;
    unsigned int shift;
    bool there = true;

    w->levels = 0;
    w->l1mfn = mfn_x(INVALID_MFN);
    w->mfn = mfn_x(pagetable_get_mfn(root));
    for (shift = L4_PAGETABLE_SHIFT; there && shift >= PAGE_SHIFT; shift -= PAGETABLE_ORDER) {
        if (shift == PAGE_SHIFT)
            w->l1mfn = w->mfn;
        there = step(v->domain, w, (va >> shift) & (L1_PAGETABLE_ENTRIES - 1));
        if (there) {
            all &= get_pte_flags(w->level[w->levels - 1].entry);
            any |= get_pte_flags(w->level[w->levels - 1].entry);
            w->mfn = (w->level[w->levels - 1].entry & PADDR_MASK) >> PAGE_SHIFT;
        }
    }
    if (!there)
        w->mfn = mfn_x(INVALID_MFN);
    w->allowed = there && permits(error_code, all, any);
    w->fault = (error_code & ~PFEC_page_present) | (there ? PFEC_page_present : 0);
}

void xmem_walk_put(struct vcpu *v, struct xmem_walk *w)
{
    while (w->levels > 0) {
        struct xmem_level *l = &w->level[--w->levels];

        if (l->dirty)
            paging_mark_dirty(v->domain, page_to_mfn(l->table));
        put_page(l->table);
    }
}

/* The code that makes the shadow entry detects a race with a change of the tables. */
void xmem_walk(struct vcpu *v, unsigned long va, uint32_t error_code, struct xmem_walk *w)
{
    xmem_walk_hold(v, va, error_code, w);
    xmem_walk_put(v, w);
}

/* Sets bits in one entry, unless the entry has changed. */
static bool mark(struct xmem_level *l, uint64_t bits)
{
    uint64_t *t = map_domain_page(page_to_mfn(l->table)), *e = &t[l->index];
    uint64_t want = l->entry | bits;
    bool same;

    if (want == l->entry)
        same = ACCESS_ONCE(*e) == want;
    else
        same = l->dirty = cmpxchg(e, l->entry, want) == l->entry;
    unmap_domain_page(t);
    if (same)
        l->entry = want;
    return same;
}

/*
 * Sets the accessed and dirty bits. False: the tables have changed. Interrupts are off until the access is
 * done: a pCPU that changes an entry and flushes waits for this one's acknowledgement, as it would wait for
 * a processor in the middle of an instruction.
 */
bool xmem_walk_use(struct xmem_walk *w, bool write)
{
    unsigned int i;

    ASSERT(!local_irq_is_enabled());
    for (i = 0; i < w->levels; i++)
        if (!mark(&w->level[i], _PAGE_ACCESSED | (write && i == w->levels - 1 ? _PAGE_DIRTY : 0)))
            return false;
    return true;
}
