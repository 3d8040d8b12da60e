/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's physical CPUs, where it has been given some: vCPUs of PV guests take turns on them, and run
 * on L4 shadows where the core says that they need them (<xm/l4.h>).
 *
 * A pCPU keeps what it has loaded when its vCPU stops, until it is somebody else's turn, as Xen's idle does. Its TLB
 * keeps nothing when something else is loaded: what a vCPU's has is what its pCPU's has.
 *
 * The lock here is taken inside a domain's. A vCPU that runs has its domain's lock: no two of a domain run at the
 * same instant, so that a pCPU handles an interrupt before the writer goes on, as if it had waited for it.
 */
#include <stdlib.h>
#include <string.h>

#include "pv.h"

#define XEN_SLOT_SELF 258u /* of an L4: the table itself */
#define STAY 3u            /* times in four a vCPU comes back to its pCPU, if it can */

struct sim_pcpu {
    struct xm_l4_cpu l4;
    char *frames;
    struct sim_vcpu *vcpu; /* whose tables are loaded; NULL: none, the hypervisor's own are */
    uint64_t key;          /* the L4 that is loaded, or of which a shadow is */
    uint64_t cr3;          /* the frame that is loaded */
    bool busy;             /* its vCPU runs at this instant */
    bool stale;            /* what is loaded is no table any more */
};

struct sim_pcpus {
    pthread_mutex_t lock;
    pthread_cond_t left; /* one is not busy any more */
    struct xm_l4_host host;
    struct sim_pcpu *cpu;
    uint32_t n;
    struct sim_l4_counts counts;
};

/* What Xen keeps in an L4, as the guest's tables here have it: nothing; the shadow's own entry is made all the same. */
static const struct xm_l4_layout layout = {
    .first = 256, .end = 272, .self = XEN_SLOT_SELF, .own = {256, 259, 260}, .own_n = 3};

/* ---- making and freeing ---- */

static int pcpu_init(struct sim_pcpu *c, uint32_t frames)
{
    uint64_t *shadow[XM_L4_FRAMES] = {NULL};
    xm_mfn_t frame[XM_L4_FRAMES];

    c->key = c->cr3 = XM_GFN_NONE;
    c->frames = aligned_alloc(XM_PAGE_SIZE, frames * XM_PAGE_SIZE);
    if (c->frames == NULL)
        return -XM_ENOMEM;
    for (uint32_t i = 0; i < frames && i < XM_L4_FRAMES; i++) {
        shadow[i] = (uint64_t *)(void *)(c->frames + i * XM_PAGE_SIZE);
        frame[i] = xm_mfn(PV_XEN_FIRST + frame_of((char *)shadow[i]).n);
    }
    return xm_l4_cpu_init(&c->l4, frames, frame, shadow);
}

int xmi_sim_pcpus_init(struct sim_machine *m)
{
    uint32_t frames = m->cfg.l4_frames != 0 ? m->cfg.l4_frames : 2;
    struct sim_pcpus *p;
    int rc = 0;

    if (m->cfg.pcpus == 0)
        return 0;
    if (m->cfg.pcpus > SIM_MAX_PCPUS || frames < 2 || frames > XM_L4_FRAMES)
        return -XM_EINVAL;
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -XM_ENOMEM;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->left, NULL);
    xm_l4_host_init(&p->host, &layout);
    m->pcpus = p;
    p->cpu = calloc(m->cfg.pcpus, sizeof(*p->cpu));
    if (p->cpu == NULL)
        return -XM_ENOMEM;
    p->n = m->cfg.pcpus;
    for (uint32_t i = 0; i < p->n && rc == 0; i++)
        rc = pcpu_init(&p->cpu[i], frames);
    return rc;
}

void xmi_sim_pcpus_destroy(struct sim_machine *m)
{
    struct sim_pcpus *p = m->pcpus;

    if (p == NULL)
        return;
    for (uint32_t i = 0; i < p->n; i++)
        free(p->cpu[i].frames);
    free(p->cpu);
    xm_l4_host_free(&p->host);
    pthread_cond_destroy(&p->left);
    pthread_mutex_destroy(&p->lock);
    free(p);
    m->pcpus = NULL;
}

/* ---- the L4 that a vCPU is to run on ---- */

/* In shadow mode the hypervisor's own shadow of the root: that is what would be loaded. */
#define KEY_SHADOW (UINT64_C(1) << 50)

uint64_t xmi_pcpu_shadow_key(uint64_t gmfn)
{
    return gmfn | KEY_SHADOW;
}

/* The domain's lock is held. NULL: no memory for it. */
static const uint64_t *table_of(struct sim_domain *d, uint64_t root)
{
    const struct pv_shadow *s;

    if (d->pv->mode == 0)
        return pv_table(xmi_pv_own(d, root));
    s = xmi_pv_shadow_root(d, root);
    return s != NULL ? s->e : NULL;
}

static uint64_t key_of(const struct sim_domain *d, uint64_t root)
{
    return d->pv->mode == 0 ? root : xmi_pcpu_shadow_key(root);
}

static bool needed(const struct sim_vcpu *v)
{
    return xm_l4_needed(!v->dom->dying, true, false, true, v->dom->cfg.vcpus);
}

/* ---- is it as it has to be? The lock is held, and the domain's. ---- */

/* The processor sets accessed bits in the frame that it walks. */
static bool differs(const struct sim_pcpu *c, const uint64_t *table)
{
    const uint64_t *shadow = c->l4.loaded->shadow;

    for (unsigned i = 0; i < PV_ENTRIES; i++)
        if (xm_l4_is_guests(&layout, i) && ((shadow[i] ^ table[i]) & ~PTE_A) != 0)
            return true;
    return pte_mfn(shadow[XEN_SLOT_SELF]) != c->cr3;
}

static bool shared(const struct sim_pcpus *p, const struct sim_pcpu *c)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (&p->cpu[i] != c && p->cpu[i].cr3 == c->cr3 && c->cr3 != XM_GFN_NONE)
            return true;
    return false;
}

static void check(struct sim_pcpus *p, const struct sim_pcpu *c, const uint64_t *table)
{
    p->counts.shared += shared(p, c);
    if (c->l4.loaded != NULL)
        p->counts.wrong += differs(c, table);
}

/* ---- taking turns ---- */

/* Xen's own tables are loaded: what an interrupt asks for that wants the vCPU's state. */
static void drop(struct sim_pcpu *c)
{
    if (c->vcpu != NULL)
        c->vcpu->pcpu = NULL;
    c->vcpu = NULL;
    c->key = c->cr3 = XM_GFN_NONE;
    c->stale = false;
    xm_l4_loaded(&c->l4, NULL);
}

static void load_shadow(struct sim_pcpus *p, struct sim_pcpu *c, uint64_t key,
                        const uint64_t *table)
{
    struct xm_l4_switch w;

    if (!xm_l4_prepare(&p->host, &c->l4, key, table, &w))
        xm_env_panic("a vCPU's root is no L4");
    xm_l4_enter(&p->host, &c->l4, table, &w);
    xm_l4_loaded(&c->l4, w.f);
    c->cr3 = w.f->frame.n;
}

/* False: no memory for it. */
static bool load(struct sim_pcpus *p, struct sim_pcpu *c, struct sim_vcpu *v)
{
    uint64_t key = key_of(v->dom, v->pv_root);
    const uint64_t *table;

    if (c->vcpu == v && c->key == key && !c->stale)
        return true;
    table = table_of(v->dom, v->pv_root);
    if (table == NULL)
        return false;
    if (v->pcpu != c) {
        if (v->pcpu != NULL)
            drop(v->pcpu);
        if (c->vcpu != NULL)
            c->vcpu->pcpu = NULL;
        c->vcpu = v;
        v->pcpu = c;
    }
    if (needed(v)) {
        load_shadow(p, c, key, table);
    } else {
        xm_l4_loaded(&c->l4, NULL);
        c->cr3 = v->pv_root;
    }
    c->key = key;
    c->stale = false;
    pv_tlb_forget(v);
    p->counts.loads++;
    check(p, c, table);
    return true;
}

/* The lock is held. The one it had is the likeliest. */
static struct sim_pcpu *choose(struct sim_pcpus *p, struct sim_domain *d, struct sim_vcpu *v)
{
    struct sim_pcpu *c = v->pcpu;
    uint32_t first;

    if (d->schedule != NULL)
        first = v->id % p->n;
    else if (c != NULL && !c->busy && rng_below(&d->rng, STAY + 1) < STAY)
        return c;
    else
        first = (uint32_t)rng_below(&d->rng, p->n);
    for (;;) {
        for (uint32_t i = 0; i < p->n; i++)
            if (!p->cpu[(first + i) % p->n].busy)
                return &p->cpu[(first + i) % p->n];
        /* Others run on all of them; they end their turns without us. */
        pthread_cond_wait(&p->left, &p->lock);
    }
}

bool xmi_pcpu_enter(struct sim_domain *d, struct sim_vcpu *v)
{
    struct sim_pcpus *p = d->machine->pcpus;
    struct sim_pcpu *c;
    bool good;

    if (p == NULL || d->pv == NULL)
        return true;
    pthread_mutex_lock(&p->lock);
    c = choose(p, d, v);
    good = load(p, c, v);
    c->busy = good;
    pthread_mutex_unlock(&p->lock);
    if (!good)
        xm_env_domain_crash(sim_to_env(d), "no memory for a shadow page table");
    return good;
}

void xmi_pcpu_leave(struct sim_domain *d, struct sim_vcpu *v)
{
    struct sim_pcpus *p = d->machine->pcpus;

    if (p == NULL || d->pv == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    if (v->pcpu != NULL)
        v->pcpu->busy = false;
    pthread_cond_broadcast(&p->left);
    pthread_mutex_unlock(&p->lock);
}

void xmi_pcpu_reload(struct sim_domain *d, struct sim_vcpu *v)
{
    (void)xmi_pcpu_table(d, v);
}

uint64_t *xmi_pcpu_table(struct sim_domain *d, struct sim_vcpu *v)
{
    struct sim_pcpus *p = d->machine->pcpus;
    uint64_t *found = NULL;
    bool good = true;

    if (p == NULL)
        return NULL;
    pthread_mutex_lock(&p->lock);
    if (v->pcpu != NULL && v->pcpu->busy) {
        good = load(p, v->pcpu, v);
        if (good && v->pcpu->l4.loaded != NULL)
            found = v->pcpu->l4.loaded->shadow;
    }
    pthread_mutex_unlock(&p->lock);
    if (!good)
        xm_env_domain_crash(sim_to_env(d), "no memory for a shadow page table");
    return found;
}

void xmi_pcpus_forget(struct sim_domain *d)
{
    struct sim_pcpus *p = d->machine->pcpus;

    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    for (uint32_t i = 0; i < p->n; i++)
        if (p->cpu[i].vcpu != NULL && p->cpu[i].vcpu->dom == d)
            drop(&p->cpu[i]);
    pthread_mutex_unlock(&p->lock);
}

/* ---- L4s and writes to them ---- */

int xmi_pcpu_l4_began(struct sim_domain *d, uint64_t key, const uint64_t *table)
{
    struct sim_pcpus *p = d->machine->pcpus;

    return p != NULL ? xm_l4_validated(&p->host, key, table) : 0;
}

void xmi_pcpu_l4_ended(struct sim_domain *d, uint64_t key)
{
    struct sim_pcpus *p = d->machine->pcpus;

    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->cpu[i].key == key && p->cpu[i].busy)
            p->cpu[i].stale = true; /* loads anew before it goes on */
        else if (p->cpu[i].key == key)
            drop(&p->cpu[i]);
    }
    (void)xm_l4_ended(&p->host, key);
    pthread_mutex_unlock(&p->lock);
}

/* What a flush of the domain's pCPUs asks of this one: it brings its frame up to date before it flushes. */
static void tell(struct sim_pcpus *p, struct sim_pcpu *c, const struct sim_domain *d, uint64_t key,
                 const uint64_t *table)
{
    if (c->vcpu == NULL || c->vcpu->dom != d) {
        p->counts.domain_miss++;
    } else if (c->stale || !xm_l4_is_live(&c->l4, key)) {
        p->counts.cache_miss++;
    } else {
        p->counts.writes++;
        p->counts.in_vain += c->key != key;
        xm_l4_handle(&p->host, &c->l4, table);
        if (c->key == key)
            check(p, c, table);
    }
}

void xmi_pcpu_l4_written(struct sim_domain *d, uint64_t key, const uint64_t *table, unsigned slot)
{
    struct sim_pcpus *p = d->machine->pcpus;
    struct xm_l4 *l4;

    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    l4 = xm_l4_find(&p->host, key);
    if (l4 != NULL && xm_l4_note(&p->host, l4, slot, (table[slot] & XM_PTE_P) != 0) == 0) {
        xm_env_barrier_rw();
        for (uint32_t i = 0; i < p->n; i++)
            tell(p, &p->cpu[i], d, key, table);
    }
    pthread_mutex_unlock(&p->lock);
    if (l4 != NULL)
        xmi_sim_tlb_flush(d, 0);
}

/* ---- looking ---- */

void xmi_sim_l4_counts(struct sim_machine *m, struct sim_l4_counts *out)
{
    struct sim_pcpus *p = m->pcpus;

    memset(out, 0, sizeof(*out));
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    *out = p->counts;
    for (uint32_t i = 0; i < p->n; i++) {
        const struct xm_l4_counts *n = &p->cpu[i].l4.counts;

        out->none += n->none;
        out->slots += n->slots;
        out->full += n->full;
        out->words += n->words;
    }
    pthread_mutex_unlock(&p->lock);
}
