/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shadows of the guest's page tables, made on demand. Rights come in at the last level
 * (_sh_propagate in xen/arch/x86/mm/shadow/multi.c).
 */
#include <stdlib.h>
#include <string.h>

#include "pv.h"

#define PREFETCH 3u
#define PARTS 8u /* of a sweep */

static bool shadows_on(const struct sim_domain *d)
{
    return d->pv->mode != 0;
}

void xmi_pv_mark_dirty(struct sim_domain *d, struct pv_frame *f)
{
    if ((d->pv->mode & XM_PV_MODE_LOG_DIRTY) != 0)
        f->dirty = true;
}

/* ---- making and freeing ---- */

static struct pv_shadow *shadow_get(struct sim_domain *d, uint64_t gmfn, unsigned level)
{
    struct pv_frame *f = xmi_pv_own(d, gmfn);
    struct pv_shadow *s = f->shadow;

    if (s != NULL)
        return s;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->e = calloc(PV_ENTRIES, sizeof(*s->e));
    if (s->e == NULL) {
        free(s);
        return NULL;
    }
    if (level == PV_L4 && xmi_pcpu_l4_began(d, xmi_pcpu_shadow_key(gmfn), s->e) != 0) {
        free(s->e);
        free(s);
        return NULL;
    }
    s->gmfn = gmfn;
    s->level = (uint8_t)level;
    s->next = d->pv->shadows;
    s->at = &d->pv->shadows;
    if (s->next != NULL)
        s->next->at = &s->next;
    d->pv->shadows = s;
    d->pv->shadow_count++;
    f->shadow = s;
    return s;
}

struct pv_shadow *xmi_pv_shadow_root(struct sim_domain *d, uint64_t gmfn)
{
    return shadow_get(d, gmfn, PV_L4);
}

static bool opens(const struct sim_domain *d, uint64_t mfn)
{
    return d->pv->opening != NULL && xm_pv_open_passes(d->pv->opening, mfn);
}

/* True: it was present, so that TLBs may hold it. */
static bool entry_write(struct sim_domain *d, struct pv_shadow *s, unsigned index, uint64_t value)
{
    uint64_t old = s->e[index];

    if (old == value)
        return false;
    if (s->level == 1 && (old & XM_PTE_P) != 0)
        xmi_pv_own(d, pte_mfn(old))->smaps--;
    if (s->level == 1 && (value & XM_PTE_P) != 0)
        xmi_pv_own(d, pte_mfn(value))->smaps++;
    xm_env_pte_write(&s->e[index], value);
    if (s->level == PV_L4)
        xmi_pcpu_l4_written(d, xmi_pcpu_shadow_key(s->gmfn), s->e, index);
    return (old & XM_PTE_P) != 0;
}

static bool entry_set(struct sim_domain *d, struct pv_shadow *s, unsigned index, uint64_t value)
{
    struct sim_pv *pv = d->pv;
    uint64_t old = s->e[index], place = xm_pv_place(s->gmfn, index);

    if (s->level == 1 && (old & XM_PTE_P) != 0 && pte_mfn(old) != pte_mfn(value))
        xm_pv_where_gone(&pv->where, pte_mfn(old), place);
    if (s->level == 1 && (value & XM_PTE_P) != 0) {
        xm_pv_where_note(&pv->where, pte_mfn(value), place);
        if (opens(d, pte_mfn(value)))
            xm_pv_open_made(pv->opening, pte_mfn(value), place, sim_to_env(d),
                            xmi_sim_pv_where_hooks.take);
    }
    return entry_write(d, s, index, value);
}

/* Where its entries were need not be forgotten: a place is one of the guest's table. */
static bool shadow_free(struct sim_domain *d, struct pv_shadow *s)
{
    bool held = false;

    if (s->level == PV_L4)
        xmi_pcpu_l4_ended(d, xmi_pcpu_shadow_key(s->gmfn));
    for (unsigned i = 0; i < PV_ENTRIES; i++)
        held |= entry_write(d, s, i, 0);
    *s->at = s->next;
    if (s->next != NULL)
        s->next->at = s->at;
    xmi_pv_own(d, s->gmfn)->shadow = NULL;
    d->pv->shadow_count--;
    free(s->e);
    free(s);
    return held;
}

void xmi_pv_shadow_forget(struct sim_domain *d, struct pv_frame *f)
{
    if (f->shadow != NULL && shadow_free(d, f->shadow))
        xmi_sim_tlb_flush(d, 0);
}

void xmi_pv_shadow_free_all(struct sim_domain *d)
{
    while (d->pv->shadows != NULL)
        (void)shadow_free(d, d->pv->shadows);
}

/* ---- walking ---- */

/*
 * shadow: through the copies, which may be missing; else through the guest's own entries. top: in
 * place of the root, if not NULL.
 */
static bool walk(struct sim_domain *d, uint64_t root, const uint64_t *top, uint64_t va, bool shadow,
                 struct pv_walk *w)
{
    uint64_t mfn = root, e = 0;

    memset(w, 0, sizeof(*w));
    w->write = w->exec = true;
    for (unsigned level = PV_LEVELS; level > 0; level--) {
        struct pv_frame *f = xmi_pv_own(d, mfn);

        if (f == NULL || (shadow && f->shadow == NULL))
            return false;
        w->table[level] = mfn;
        if (level < PV_LEVELS || top == NULL)
            top = shadow ? f->shadow->e : pv_table(f);
        e = xm_env_pte_read(top + pv_index(va, level));
        if ((e & XM_PTE_P) == 0)
            return false;
        w->write = w->write && (e & XM_PTE_RW) != 0;
        w->exec = w->exec && (e & XM_PTE_NX) == 0;
        mfn = pte_mfn(e);
    }
    w->leaf = e;
    return true;
}

bool xmi_pv_walk_guest(struct sim_domain *d, uint64_t root, uint64_t va, struct pv_walk *w)
{
    return walk(d, root, NULL, va, false, w);
}

bool xmi_pv_walk_hw(struct sim_domain *d, uint64_t root, uint64_t va, struct pv_walk *w)
{
    return walk(d, root, NULL, va, shadows_on(d), w);
}

bool xmi_pv_walk_cpu(struct sim_domain *d, struct sim_vcpu *v, uint64_t va, struct pv_walk *w)
{
    return walk(d, v->pv_root, xmi_pcpu_table(d, v), va, shadows_on(d), w);
}

/* ---- entries ---- */

static unsigned limits_of(struct sim_domain *d, struct pv_frame *f, uint64_t e, enum pv_how how)
{
    unsigned limits = 0;

    if ((e & PTE_D) == 0)
        limits |= XM_PV_LIMIT_READ_ONLY; /* the first write sets the guest's dirty bit */
    if (pv_is_table(f))
        limits |= XM_PV_LIMIT_PAGE_TABLE;
    if ((d->pv->mode & XM_PV_MODE_LOG_DIRTY) != 0 && !f->dirty) {
        if (how == PV_DEMAND_WRITE)
            xmi_pv_mark_dirty(d, f);
        else
            limits |= XM_PV_LIMIT_LOG_DIRTY;
    }
    return limits;
}

/* The guest's L1 entry as the processor may see it now. */
static uint64_t propagate(struct sim_domain *d, uint32_t vcpu, uint64_t e, enum pv_how how)
{
    struct pv_frame *f = xmi_pv_own(d, pte_mfn(e));
    unsigned limits;
    uint64_t flags;

    /* One that the guest did not use yet must set its accessed bit first. */
    if ((e & XM_PTE_P) == 0 || (e & PTE_A) == 0 || f == NULL)
        return 0;
    limits = limits_of(d, f, e, how);
    if (how != PV_PREFETCH && opens(d, pte_mfn(e)))
        return limits != 0 ? e & ~XM_PTE_RW : e;
    flags = e & ~PTE_ADDR;
    if (how == PV_PREFETCH)
        flags = xm_pv_entry_flags(xm_pv_of(&d->core), pte_mfn(e), flags, limits);
    else
        flags = xm_pv_step_flags(xm_pv_of(&d->core), vcpu, pte_mfn(e), flags, limits);
    return (flags & XM_PTE_P) != 0 ? pte_make(pte_mfn(e), flags) : 0;
}

static void prefetch(struct sim_domain *d, struct pv_shadow *s, const uint64_t *guest,
                     unsigned index)
{
    for (unsigned i = index + 1; i < PV_ENTRIES && i <= index + PREFETCH; i++) {
        uint64_t value = s->e[i] == 0 ? propagate(d, 0, guest[i], PV_PREFETCH) : 0;

        if (value != 0) {
            (void)entry_set(d, s, i, value);
            d->pv->prefetched++;
        }
    }
}

int xmi_pv_shadow_fill(struct sim_domain *d, uint32_t vcpu, const struct pv_walk *w, uint64_t va,
                       enum pv_how how)
{
    for (unsigned level = PV_LEVELS; level > 0; level--) {
        const uint64_t *guest = pv_table(xmi_pv_own(d, w->table[level]));
        struct pv_shadow *s = shadow_get(d, w->table[level], level);
        unsigned index = pv_index(va, level);

        if (s == NULL)
            return -XM_ENOMEM;
        if (level > 1) {
            (void)entry_set(d, s, index, guest[index]);
            continue;
        }
        (void)entry_set(d, s, index, propagate(d, vcpu, guest[index], how));
        prefetch(d, s, guest, index);
    }
    return 0;
}

void xmi_pv_shadow_written(struct sim_domain *d, uint64_t table, unsigned index)
{
    struct pv_frame *f = xmi_pv_own(d, table);
    uint64_t value = 0;

    if (f->shadow == NULL)
        return;
    if (f->shadow->level == 1)
        value = propagate(d, 0, pv_table(f)[index], PV_PREFETCH);
    /* Above, the next fault copies it. */
    if (entry_set(d, f->shadow, index, value))
        xmi_sim_tlb_flush(d, 0);
}

/* ---- for the core ---- */

static bool hook_owned(struct xm_env_dom *env, xm_mfn_t mfn)
{
    return xmi_pv_own(sim_from_env(env), mfn.n) != NULL;
}

/* Of level 1, and present; NULL: there is none at this place that names the frame. */
static struct pv_shadow *shadow_at(struct sim_domain *d, uint64_t place, uint64_t mfn)
{
    const struct pv_frame *f = xmi_pv_own(d, place / PV_ENTRIES);
    struct pv_shadow *s = f != NULL ? f->shadow : NULL;
    uint64_t e = s != NULL && s->level == 1 ? s->e[place % PV_ENTRIES] : 0;

    d->pv->looked++;
    return (e & XM_PTE_P) != 0 && pte_mfn(e) == mfn ? s : NULL;
}

static bool where_holds(struct xm_env_dom *env, uint64_t place, uint64_t mfn)
{
    return shadow_at(sim_from_env(env), place, mfn) != NULL;
}

static void where_take(struct xm_env_dom *env, uint64_t place, uint64_t mfn)
{
    struct sim_domain *d = sim_from_env(env);
    struct pv_shadow *s = shadow_at(d, place, mfn);

    if (s != NULL)
        (void)entry_write(d, s, place % PV_ENTRIES, 0);
}

static void sweep_shadow(struct sim_domain *d, struct pv_shadow *s)
{
    for (unsigned i = 0; i < PV_ENTRIES; i++) {
        uint64_t e = s->e[i], flags = e & ~PTE_ADDR;

        d->pv->looked++;
        if ((e & XM_PTE_P) == 0)
            continue;
        if (xm_pv_entry_flags(xm_pv_of(&d->core), pte_mfn(e), flags, 0) != flags)
            (void)entry_write(d, s, i, 0);
        else
            xm_pv_where_note(&d->pv->where, pte_mfn(e), xm_pv_place(s->gmfn, i));
    }
}

static uint32_t where_parts(struct xm_env_dom *env)
{
    (void)env;
    return PARTS;
}

static void where_sweep(struct xm_env_dom *env, uint32_t part, uint32_t parts)
{
    struct sim_domain *d = sim_from_env(env);

    for (struct pv_shadow *s = d->pv->shadows; s != NULL; s = s->next) {
        if (s->level == 1 && s->gmfn % parts == part)
            sweep_shadow(d, s);
    }
}

const struct xm_pv_where_hooks xmi_sim_pv_where_hooks = {
    .parts = where_parts,
    .holds = where_holds,
    .take = where_take,
    .sweep = where_sweep,
};

static bool hook_drop(struct xm_env_dom *env, xm_mfn_t mfn)
{
    struct sim_domain *d = sim_from_env(env);
    const struct pv_frame *f = xmi_pv_own(d, mfn.n);

    if (f == NULL || f->smaps == 0)
        return false;
    xm_pv_where_drop(&d->pv->where, mfn.n);
    if (f->smaps != 0 && d->pv->where.left == 0)
        xm_env_panic("an entry of a frame was not found");
    return true;
}

static int hook_settle(struct xm_env_dom *env, bool may_preempt, bool *flush)
{
    return xm_pv_where_settle(&sim_from_env(env)->pv->where, may_preempt, flush);
}

static uint64_t hook_looks(struct xm_env_dom *env)
{
    return sim_from_env(env)->pv->where.looks;
}

static void hook_blow(struct xm_env_dom *env)
{
    struct sim_domain *d = sim_from_env(env);

    xmi_pv_shadow_free_all(d);
    if (!xm_pv_of(&d->core)->on)
        (void)xm_pv_where_free(&d->pv->where, false);
}

const struct xm_pv_hooks xmi_sim_pv_hooks = {
    .owned = hook_owned,
    .drop = hook_drop,
    .blow = hook_blow,
    .settle = hook_settle,
    .looks = hook_looks,
};
