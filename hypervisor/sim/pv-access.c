/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses of a PV guest by virtual address, and the hypervisor's own copies to and from it. */
#include "pv.h"

#define MAX_RETRIES 64u /* each relaxes something or makes an entry: a handful is the most */
#define XEN_FIRST UINT64_C(0x0000800000000000) /* of 48 bits: the hypervisor's L4 slots */
#define XEN_LAST UINT64_C(0x000087ffffffffff)

static uint64_t va_of(const struct part *p)
{
    return p->gfn << XM_PAGE_SHIFT | p->offset;
}

bool pv_ask(struct sim_domain *d, const struct xm_pv_req *req, struct xm_access_res *res,
            enum xm_verdict *verdict)
{
    for (unsigned i = 0; i < MAX_RETRIES; i++) {
        *verdict = xm_pv_check(&d->core, req, res);
        if (*verdict == XM_V_RETRY_NOW)
            continue;
        return *verdict != XM_V_STOPPED && *verdict != XM_V_CRASH;
    }
    xm_env_panic("an access is retried without end");
}

/* ---- through the tables ---- */

static bool walk_allows(const struct pv_walk *w, uint8_t what)
{
    return ((what & XM_DO_W) == 0 || w->write) && ((what & XM_DO_X) == 0 || w->exec);
}

/* What a TLB keeps of an entry. Without the dirty bit it cannot let writes through. */
static uint8_t walk_bits(const struct pv_walk *w)
{
    return (uint8_t)(XM_DO_R | (w->write && (w->leaf & PTE_D) != 0 ? XM_DO_W : 0) |
                     (w->exec ? XM_DO_X : 0));
}

static bool found_by_processor(struct sim_domain *d, struct sim_vcpu *v, struct part *p,
                               uint8_t what)
{
    struct xm_access_res res;
    struct pv_frame *f;
    struct pv_walk w;

    /* One that was not used yet must get its accessed bit first. */
    if (!pv_walk_hw(d, v->pv_root, va_of(p), &w) || (w.leaf & PTE_A) == 0 ||
        (what & ~walk_bits(&w)) != 0)
        return false;
    f = pv_own(d, pte_mfn(w.leaf));
    if (f == NULL)
        xm_env_panic("a page table names a frame that left the domain");
    res = (struct xm_access_res){.mfn = frame_of(f->host), .bits = walk_bits(&w)};
    p->frame = pte_mfn(w.leaf);
    sim_tlb_fill(d, v, p, &res);
    v->pv_tlb_mfn[p->gfn & (TLB_ENTRIES - 1)] = pte_mfn(w.leaf);
    if (d->core.pv.on) /* the shadow may allow more than the rights */
        sim_pv_tlb_verify(d, v, tlb_at(&v->tlb, p->gfn), what);
    p->host = f->host + p->offset;
    return true;
}

/* The access goes on: accessed bits on the way, and the dirty bit of the page. */
static void set_used(struct sim_domain *d, struct pv_walk *w, uint64_t va, bool write)
{
    for (unsigned level = PV_LEVELS; level > 0; level--) {
        struct pv_frame *f = pv_own(d, w->table[level]);
        uint64_t *e = &pv_table(f)[pv_index(va, level)];
        uint64_t used = *e | PTE_A | (level == 1 && write ? PTE_D : 0);

        if (used != *e) {
            xm_env_pte_write(e, used);
            pv_mark_dirty(d, f);
        }
        w->leaf = used;
    }
}

/* ---- page faults ---- */

struct fault {
    struct sim_domain *d;
    struct sim_vcpu *v;
    const struct sim_access *a;
    struct part *p;
    struct pv_walk w;
    struct pv_frame *f; /* of the page; NULL: nothing that the guest may reach */
    uint8_t what;
};

/*
 * A write to one of its own L1 tables, which a PV guest has mapped read-only, is done for it
 * (ptwr_do_page_fault in xen/arch/x86/pv/ro-page-fault.c).
 */
static bool is_ptwr(const struct fault *t)
{
    return t->f != NULL && (t->what & XM_DO_W) != 0 && !t->w.write && pv_is_table(t->f) &&
           t->f->type == PV_L1 && t->a->len == 8 && t->p->offset % 8 == 0;
}

static void do_ptwr(struct fault *t)
{
    unsigned index = t->p->offset / 8;
    uint64_t old = pv_table(t->f)[index];

    if (pv_write_entry(t->d, pte_mfn(t->w.leaf), index, t->a->value) != 0) {
        t->v->traps++;
        return;
    }
    if (t->a->rmw)
        sim_vcpu_set_result(t->v, old);
    t->p->host = t->f->host + t->p->offset;
    sim_check_access(t->d, t->v, t->a, false);
    t->d->accesses++;
}

/* Let through. False: an entry was made, the processor tries again. */
static bool go_on(struct fault *t, enum xm_verdict verdict, enum translation *end)
{
    bool write = (t->what & XM_DO_W) != 0;

    if (is_ptwr(t)) {
        do_ptwr(t);
        *end = TR_TRAP;
        return true;
    }
    set_used(t->d, &t->w, va_of(t->p), write);
    if (verdict == XM_V_EMULATE || verdict == XM_V_ANSWERED) {
        if (write)
            pv_mark_dirty(t->d, t->f);
        t->p->host = t->f->host + t->p->offset;
        *end = TR_OK;
        return true;
    }
    if (t->d->pv->mode == 0)
        return false;
    if (pv_shadow_fill(t->d, &t->w, va_of(t->p), write ? PV_DEMAND_WRITE : PV_DEMAND_READ) == 0)
        return false;
    xm_env_domain_crash(sim_to_env(t->d), "no memory for a shadow page table");
    *end = TR_BLOCKED;
    return true;
}

/*
 * The emulator has no such instruction: an event of its own where somebody wants it, or the access is
 * told again. False: it goes through after all.
 */
static bool not_emulated(struct fault *t, const struct xm_pv_req *req, enum xm_verdict *verdict)
{
    struct xm_access_res res;

    xm_pv_disarm_all(&t->v->core->armed);
    return xm_event_emul_unimplemented(&t->d->core, t->v->id) != XM_GO_ON ||
           !pv_ask(t->d, req, &res, verdict);
}

/* True: *end says what became of it. */
static bool page_fault(struct fault *t, enum translation *end)
{
    uint64_t va = va_of(t->p);
    enum xm_verdict verdict;
    struct xm_access_res res;
    bool there = (va < XEN_FIRST || va > XEN_LAST) && pv_walk_guest(t->d, t->v->pv_root, va, &t->w);

    t->f = there ? pv_own(t->d, pte_mfn(t->w.leaf)) : NULL;
    t->p->frame = t->f != NULL ? pte_mfn(t->w.leaf) : 0;
    const struct xm_pv_req req = {
        .access = {.vcpu = t->v->id,
                   .gfn = {t->p->frame},
                   .offset = t->p->offset,
                   .gla_valid = true,
                   .gla = va,
                   .what = t->what,
                   .kind = XM_ACC_WITH_GLA},
        .who = XM_PV_BY_GUEST,
        .guest_allows = t->f != NULL && (walk_allows(&t->w, t->what) || is_ptwr(t)),
        .ours = t->f != NULL,
    };

    bool stopped = !pv_ask(t->d, &req, &res, &verdict);

    if (!stopped && verdict == XM_V_ANSWERED && t->a->no_emul)
        stopped = not_emulated(t, &req, &verdict);
    if (stopped) {
        if (verdict == XM_V_STOPPED)
            sim_told(t->v, t->p->frame, t->what);
        *end = TR_BLOCKED;
        return true;
    }
    if (verdict != XM_V_GUEST_FAULT)
        return go_on(t, verdict, end);
    t->v->traps++;
    *end = TR_TRAP;
    return true;
}

enum translation sim_pv_translate(struct sim_domain *d, struct sim_vcpu *v,
                                  const struct sim_access *a, struct part *p)
{
    struct fault t = {.d = d, .v = v, .a = a, .p = p, .what = a->what};
    enum translation end;

    for (unsigned i = 0; i < MAX_RETRIES; i++) {
        if (found_by_processor(d, v, p, t.what))
            return TR_OK;
        if (page_fault(&t, &end))
            return end;
    }
    xm_env_panic("a page fault comes back without end");
}

/* The guest may leave translations of its own stale; not those that hide rights or a new owner. */
void sim_pv_tlb_verify(struct sim_domain *d, struct sim_vcpu *v, struct tlb_entry *e, unsigned what)
{
    uint64_t mfn = v->pv_tlb_mfn[e->gfn & (TLB_ENTRIES - 1)];
    const struct pv_frame *f = pv_own(d, mfn);
    uint8_t now = XM_DO_R | XM_DO_W | XM_DO_X;

    if (d->core.pv.on)
        now = xm_rights_bits(xm_pv_rights(&d->core.pv, mfn));
    if ((what & ~(unsigned)now) != 0 && pv_is_open(d, mfn)) {
        d->pv->through_open++;
        e->change = d->change - 1;
        return;
    }
    if (f != NULL && pv_is_table(f))
        now &= (uint8_t)~XM_DO_W;
    if (f == NULL || f->host != tlb_page(e) || (what & ~(unsigned)now) != 0) {
        d->forbidden++;
        return;
    }
    if (d->watched)
        now &= (uint8_t)sim_unwatched_bits(d, v, mfn);
    if ((e->page & 7u & ~(uintptr_t)now) == 0)
        e->change = d->change;
}

/* ---- the hypervisor's own accesses ---- */

/* 0, -XM_EFAULT, or XM_CONTINUE: the domain was crashed. */
static int own_access(struct sim_domain *d, struct sim_vcpu *v, struct part *p, struct pv_walk *w)
{
    struct xm_access_res res;
    enum xm_verdict verdict;

    if (!pv_walk_guest(d, v->pv_root, va_of(p), w) || !w->write)
        return -XM_EFAULT;
    const struct xm_pv_req req = {
        .access = {.vcpu = v->id,
                   .gfn = {pte_mfn(w->leaf)},
                   .offset = p->offset,
                   .gla_valid = true,
                   .gla = va_of(p),
                   .what = XM_DO_R | XM_DO_W,
                   .kind = XM_ACC_WITH_GLA},
        .who = XM_PV_BY_XEN,
        .guest_allows = true,
        .ours = true,
    };

    if (!pv_ask(d, &req, &res, &verdict))
        return XM_CONTINUE;
    p->host = pv_own(d, pte_mfn(w->leaf))->host + p->offset;
    return verdict == XM_V_EFAULT ? -XM_EFAULT : 0;
}

int sim_pv_buffer(struct sim_domain *d, struct sim_vcpu *v, struct part *p, unsigned n)
{
    struct pv_walk w[2];
    int rc = 0;

    for (unsigned i = 0; i < n && rc == 0; i++)
        rc = own_access(d, v, &p[i], &w[i]);
    for (unsigned i = 0; i < n && rc == 0; i++) {
        set_used(d, &w[i], va_of(&p[i]), true);
        pv_open(d, v, &w[i], va_of(&p[i]));
        pv_mark_dirty(d, pv_own(d, pte_mfn(w[i].leaf)));
    }
    return rc;
}
