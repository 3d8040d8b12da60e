/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses of a PV guest by virtual address, and the hypervisor's own copies to and from it. */
#include "pv.h"

#define MAX_RETRIES 64u /* each relaxes something or makes an entry: a handful is the most */
#define XEN_FIRST UINT64_C(0x0000800000000000) /* of 48 bits: the hypervisor's L4 slots */
#define XEN_LAST UINT64_C(0x000087ffffffffff)

/* ---- decide, act ---- */

struct xm_pv_ask xmi_pv_ask_make(struct sim_vcpu *v, uint64_t mfn, uint32_t offset, uint8_t what,
                                 enum xm_pv_who who)
{
    struct xm_ev_regs_x86 regs;

    xmi_sim_vcpu_regs_read(v, &regs, sizeof(regs));
    return (struct xm_pv_ask){.mfn = mfn,
                              .ip = regs.rip,
                              .sp = regs.rsp,
                              .offset = offset,
                              .what = what,
                              .who = (uint8_t)who,
                              .guest_allows = true};
}

/* Verdicts that change something or tell: the world may change before it is done. */
static bool takes_time(const struct sim_vcpu *v)
{
    enum xm_pv_verdict verdict = v->pv_todo.verdict;

    return v->pv_todo.ask.who != XM_PV_BY_XEN &&
           (verdict == XM_PV_RELAX || verdict == XM_PV_EVENT || verdict == XM_PV_EVENT_RELAX);
}

static enum xm_pv_next act(struct sim_domain *d, struct sim_vcpu *v)
{
    const struct xm_pv_ask *ask = &v->pv_todo.ask;
    enum xm_pv_next next = xm_pv_todo_act(xm_pv_of(&d->core), v->pv, &v->pv_todo);

    if (v->pv->told)
        xmi_sim_told(v, ask->mfn, ask->what);
    return next;
}

enum xm_pv_next xmi_pv_access(struct sim_domain *d, struct sim_vcpu *v, const struct xm_pv_ask *ask)
{
    struct xm_pv *pv = xm_pv_of(&d->core);
    enum xm_pv_next next = XM_PV_AGAIN;

    if (ask->who != XM_PV_BY_XEN)
        xm_pv_armed_begin(&v->pv->armed, ask->ip, ask->sp);
    for (unsigned i = 0; i < MAX_RETRIES && next == XM_PV_AGAIN; i++) {
        pv->calls->lock(pv->self);
        xm_pv_todo_decide(pv, v->pv, ask, &v->pv_todo);
        pv->calls->unlock(pv->self, false);
        if (takes_time(v) && xmi_sim_others_come(d)) {
            v->pv_due = PV_DUE_ACT;
            return XM_PV_STOPPED;
        }
        next = act(d, v);
    }
    if (next == XM_PV_AGAIN)
        xm_env_panic("an access is retried without end");
    return next;
}

bool xmi_pv_may(struct sim_domain *d, struct sim_vcpu *v, const struct xm_pv_ask *asks, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (xmi_pv_access(d, v, &asks[i]) != XM_PV_GO_ON)
            return false;
    }
    xm_pv_items_done(v->pv, asks, n);
    return true;
}

bool xmi_sim_pv_due(struct sim_domain *d, struct sim_vcpu *v, const struct sim_op *op,
                    enum op_end *end)
{
    enum pv_due due = v->pv_due;

    v->pv_due = PV_DUE_NOTHING;
    if (due == PV_DUE_NOTHING)
        return false;
    *end = OP_BLOCKED;
    if (due == PV_DUE_EMULATE)
        *end = xmi_sim_pv_emulate(d, v, op);
    else
        (void)act(d, v);
    return true;
}

/* ---- through the tables ---- */

bool xmi_pv_walk_allows(const struct pv_walk *w, uint8_t what)
{
    return ((what & XM_DO_W) == 0 || w->write) && ((what & XM_DO_X) == 0 || w->exec);
}

/* What a TLB keeps of an entry. Without the dirty bit it cannot let writes through. */
static uint8_t walk_bits(const struct pv_walk *w)
{
    return (uint8_t)(XM_DO_R | (w->write && (w->leaf & PTE_D) != 0 ? XM_DO_W : 0) |
                     (w->exec ? XM_DO_X : 0));
}

bool xmi_pv_walk_user(struct sim_domain *d, struct sim_vcpu *v, uint64_t va, struct pv_walk *w)
{
    return (va < XEN_FIRST || va > XEN_LAST) && xmi_pv_walk_guest(d, v->pv_root, va, w);
}

static bool found_by_processor(struct sim_domain *d, struct sim_vcpu *v, struct part *p,
                               uint8_t what)
{
    struct pv_walk w;

    /* One that was not used yet must get its accessed bit first. */
    if (!xmi_pv_walk_cpu(d, v, pv_va(p), &w) || (w.leaf & PTE_A) == 0 ||
        (what & ~walk_bits(&w)) != 0)
        return false;
    struct pv_frame *f = xmi_pv_own(d, pte_mfn(w.leaf));
    if (f == NULL)
        xm_env_panic("a page table names a frame that left the domain");
    struct xm_access_res res = (struct xm_access_res){.mfn = frame_of(f->host),
                                                      .bits = walk_bits(&w)};
    p->frame = pte_mfn(w.leaf);
    xmi_sim_tlb_fill(d, v, p, &res);
    v->pv_tlb_mfn[p->gfn & (TLB_ENTRIES - 1)] = pte_mfn(w.leaf);
    if (xm_pv_of(&d->core)->on) /* the shadow may allow more than the rights */
        xmi_sim_pv_tlb_verify(d, v, tlb_at(&v->tlb, p->gfn), what);
    p->host = f->host + p->offset;
    return true;
}

void xmi_pv_set_used(struct sim_vcpu *v, struct pv_walk *w, uint64_t va, bool write)
{
    struct sim_domain *d = v->dom;
    /* The processor sets the bit where it walks: the guest's own L4 does not get it. */
    uint64_t *top = d->pv->mode == 0 ? xmi_pcpu_table(d, v) : NULL;

    for (unsigned level = PV_LEVELS; level > 0; level--) {
        struct pv_frame *f = xmi_pv_own(d, w->table[level]);
        uint64_t *table = level == PV_LEVELS && top != NULL ? top : pv_table(f);
        uint64_t *e = &table[pv_index(va, level)];
        uint64_t used = *e | PTE_A | (level == 1 && write ? PTE_D : 0);

        if (used != *e) {
            xm_env_pte_write(e, used);
            xmi_pv_mark_dirty(d, f);
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

    if (xmi_pv_write_entry(t->d, pte_mfn(t->w.leaf), index, t->a->value) != 0) {
        t->v->traps++;
        return;
    }
    if (t->a->rmw)
        xmi_sim_vcpu_set_result(t->v, old);
    t->p->host = t->f->host + t->p->offset;
    xmi_sim_check_access(t->d, t->v, t->a, false);
    t->d->accesses++;
}

/* Let through. False: an entry was made, the processor tries again. */
static bool go_on(struct fault *t, enum translation *end)
{
    bool write = (t->what & XM_DO_W) != 0;

    if (is_ptwr(t)) {
        do_ptwr(t);
        *end = TR_TRAP;
        return true;
    }
    xmi_pv_set_used(t->v, &t->w, pv_va(t->p), write);
    if (t->d->pv->mode == 0)
        return false;
    if (xmi_pv_shadow_fill(t->d, t->v->id, &t->w, pv_va(t->p),
                           write ? PV_DEMAND_WRITE : PV_DEMAND_READ) == 0)
        return false;
    xm_env_domain_crash(sim_to_env(t->d), "no memory for a shadow page table");
    *end = TR_BLOCKED;
    return true;
}

static struct xm_pv_ask ask_of(const struct fault *t)
{
    struct xm_pv_ask ask = xmi_pv_ask_make(t->v, t->p->frame, t->p->offset, t->what,
                                           XM_PV_BY_GUEST);

    if (is_ptwr(t))
        ask.who = XM_PV_BY_PTWR;
    ask.va_valid = true;
    ask.va = pv_va(t->p);
    ask.guest_allows = t->f != NULL && (xmi_pv_walk_allows(&t->w, t->what) || is_ptwr(t));
    return ask;
}

static enum translation emulation(struct fault *t)
{
    if (!xmi_sim_others_come(t->d))
        return TR_EMULATE;
    t->v->pv_due = PV_DUE_EMULATE;
    return TR_BLOCKED;
}

/* True: *end says what became of it. */
static bool page_fault(struct fault *t, enum translation *end)
{
    bool there = xmi_pv_walk_user(t->d, t->v, pv_va(t->p), &t->w);
    struct xm_pv_ask ask;

    t->f = there ? xmi_pv_own(t->d, pte_mfn(t->w.leaf)) : NULL;
    t->p->frame = t->f != NULL ? pte_mfn(t->w.leaf) : 0;
    ask = ask_of(t);
    switch (xmi_pv_access(t->d, t->v, &ask)) {
    case XM_PV_GO_ON:
        if (is_ptwr(t))
            xm_pv_items_done(t->v->pv, &ask, 1);
        return go_on(t, end);
    case XM_PV_EMULATE: *end = emulation(t); return true;
    case XM_PV_NOT_OURS:
        t->v->traps++;
        *end = TR_TRAP;
        return true;
    default: *end = TR_BLOCKED; return true;
    }
}

enum translation xmi_sim_pv_translate(struct sim_domain *d, struct sim_vcpu *v,
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
void xmi_sim_pv_tlb_verify(struct sim_domain *d, struct sim_vcpu *v, struct tlb_entry *e,
                           unsigned what)
{
    uint64_t mfn = v->pv_tlb_mfn[e->gfn & (TLB_ENTRIES - 1)];
    const struct pv_frame *f = xmi_pv_own(d, mfn);
    uint8_t now = XM_DO_R | XM_DO_W | XM_DO_X;

    if (xm_pv_of(&d->core)->on && !xm_pv_stepping(xm_pv_of(&d->core), v->pv))
        now = xm_rights_bits(xm_pv_rights(xm_pv_of(&d->core), mfn));
    if ((what & ~(unsigned)now) != 0 && xmi_pv_is_open(d, mfn)) {
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
        now &= (uint8_t)xmi_sim_unwatched_bits(d, v, mfn);
    if ((e->page & 7u & ~(uintptr_t)now) == 0)
        e->change = d->change;
}

/* ---- the hypervisor's own accesses ---- */

/* 0, -XM_EFAULT, or XM_CONTINUE: the domain was crashed. */
static int own_access(struct sim_domain *d, struct sim_vcpu *v, struct part *p, struct pv_walk *w)
{
    if (!xmi_pv_walk_guest(d, v->pv_root, pv_va(p), w) || !w->write)
        return -XM_EFAULT;
    struct xm_pv_ask ask = xmi_pv_ask_make(v, pte_mfn(w->leaf), p->offset, XM_DO_R | XM_DO_W,
                                           XM_PV_BY_XEN);
    ask.va_valid = true;
    ask.va = pv_va(p);
    p->host = xmi_pv_own(d, pte_mfn(w->leaf))->host + p->offset;
    switch (xmi_pv_access(d, v, &ask)) {
    case XM_PV_DIED: return XM_CONTINUE;
    case XM_PV_FAIL: return -XM_EFAULT;
    default: return 0;
    }
}

int xmi_sim_pv_buffer(struct sim_domain *d, struct sim_vcpu *v, struct part *p, unsigned n)
{
    struct pv_walk w[2];
    int rc = 0;

    for (unsigned i = 0; i < n && rc == 0; i++)
        rc = own_access(d, v, &p[i], &w[i]);
    for (unsigned i = 0; i < n && rc == 0; i++) {
        xmi_pv_set_used(v, &w[i], pv_va(&p[i]), true);
        xmi_pv_open(d, v, &w[i], pv_va(&p[i]));
        xmi_pv_mark_dirty(d, xmi_pv_own(d, pte_mfn(w[i].leaf)));
    }
    return rc;
}

/*
 * ---- entries that are there for them ----
 * Here they need none, copies go past the tables; they are made all the same, because others can use
 * them while they are there.
 */

void xmi_pv_open(struct sim_domain *d, struct sim_vcpu *v, const struct pv_walk *w, uint64_t va)
{
    uint64_t mfn = pte_mfn(w->leaf);
    const uint8_t bits = xm_pv_entry_bits(xm_pv_rights(xm_pv_of(&d->core), mfn));

    if (!xm_pv_of(&d->core)->on || (~bits & (XM_DO_R | XM_DO_W)) == 0)
        return;
    xm_pv_open_next(&v->open, mfn);
    d->pv->opening = &v->open;
    if (xmi_pv_shadow_fill(d, v->id, w, va, PV_DEMAND_WRITE) != 0)
        xm_env_domain_crash(sim_to_env(d), "no memory for a shadow page table");
    d->pv->opening = NULL;
}

void xmi_sim_pv_close(struct sim_domain *d, struct sim_vcpu *v)
{
    if (xm_pv_open_close(&v->open, sim_to_env(d), xmi_sim_pv_where_hooks.take))
        xmi_sim_tlb_flush(d, 0);
}

bool xmi_sim_pv_lingers(const struct sim_domain *d)
{
    return d->pv->lingers;
}

bool xmi_pv_is_open(const struct sim_domain *d, uint64_t mfn)
{
    for (uint32_t i = 0; i < d->cfg.vcpus; i++) {
        const struct xm_pv_open *o = &d->vcpu[i].open;

        for (uint32_t k = 0; k < o->n; k++) {
            if (o->entry[k].mfn == mfn)
                return true;
        }
    }
    return false;
}
