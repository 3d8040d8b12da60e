/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's memory as a waiting vCPU reaches it: its tables, the rights in force, mappings. */
#include "events/step.h"

#include "base/base.h"

#include <errno.h>
#include <string.h>

static uint64_t in_page(uint64_t va)
{
    return va & (PAGE_BYTES - 1);
}

static const uint8_t *table(void *ctx, uint64_t gfn)
{
    struct arm_reach *w = ctx;
    uint8_t *page;
    struct xmem_domain *d = w->d;
    return page_cache_get(&steps_of(d)->arm->pages, d->ops, d->dom, gfn, PAGE_RECENT, &page) ? NULL
                                                                                             : page;
}

/* Stage 1 let the vCPU there: to the instruction, and to what the event is about. */
static bool passed_natively(const struct arm_reach *w, uint64_t va)
{
    const struct xmem_event_mem *m = &w->ev->pub.u.mem;
    return va / PAGE_BYTES == w->v->read.u.arm.pc / PAGE_BYTES ||
           ((m->access & XMEM_ACCESS_GLA_VALID) && va / PAGE_BYTES == m->gla / PAGE_BYTES);
}

/* In one step a walk for each page: the registers that it depends on are not changed here. */
static enum arm_why translate(struct arm_reach *w, const struct arm_regs *r, uint64_t va,
                              enum arm_walked_kind kind, bool user, struct arm_translation *out)
{
    const struct arm_walk walk = {.ctx = w, .page = table};
    struct step_arm *a = steps_of(w->d)->arm;
    uint64_t page = va / PAGE_BYTES;
    struct arm_page *p = &a->walked[kind][page % ARM_WALKED];
    const struct arm_walked *k = &p->walked;
    if (k->used && p->step == a->pages.step && k->page == page && k->user == user) {
        *out = k->out;
        out->ipa |= in_page(va);
        return (enum arm_why)k->why;
    }
    p->step = a->pages.step;
    return xmi_arm_translate_again(&walk, r, va, user, &p->walked, out);
}

enum arm_why xmi_arm_reach_gfn(struct arm_reach *w, const struct arm_regs *r, uint64_t va,
                               enum arm_walked_kind kind, bool user, struct arm_translation *out)
{
    enum arm_why why = translate(w, r, va, kind, user, out);
    if (why == ARM_UNSURE && out->by_domain && passed_natively(w, va))
        return ARM_OK;
    return why;
}

/* ---- rights ---- */

static const struct step *step_of(const struct arm_reach *w)
{
    return &vcpu_of(w->d, w->ev)->step;
}

/* Looked up once a step, since it may be a hypercall. */
static int rights_of(struct arm_reach *w, enum arm_walked_kind kind, uint64_t gfn, uint8_t *out)
{
    struct view *v = domain_view(w->d, w->ev->home);
    if (!w->last[kind].used || w->last[kind].gfn != gfn) {
        int rc = v ? xmi_step_rights_of(w->d, v, gfn, &w->last[kind].rights) : -ESRCH;
        w->last[kind].used = !rc;
        w->last[kind].gfn = gfn;
        if (rc)
            return rc;
    }
    *out = w->last[kind].rights;
    return 0;
}

/* XMEM_ACCESS_* out of need that are forbidden, and that nobody answered for. */
static enum arm_why forbidden(struct arm_reach *w, uint64_t gfn, uint32_t need, uint32_t *missing)
{
    uint8_t rights;
    if (xmi_step_pages_have(&step_of(w)->pages, gfn, need)) {
        *missing = 0;
        return ARM_OK;
    }
    bool code = need & XMEM_ACCESS_X;
    int rc = rights_of(w, code ? ARM_WALKED_CODE : ARM_WALKED_DATA, gfn, &rights);
    if (rc) {
        w->rc = rc == -ESRCH ? 0 : rc; /* nothing is there: natively */
        return ARM_NO_PLACE;
    }
    *missing = need & ~rights_allow(rights);
    for (uint32_t bit = XMEM_ACCESS_R; bit <= XMEM_ACCESS_X; bit <<= 1)
        if ((*missing & bit) && xmi_step_pages_have(&step_of(w)->pages, gfn, bit))
            *missing &= ~bit;
    return ARM_OK;
}

/* Told of, before anything is done there. */
static enum arm_why check_rights(struct arm_reach *w, uint64_t gfn, uint64_t gla, uint32_t need)
{
    uint32_t missing;
    enum arm_why why = forbidden(w, gfn, need, &missing);
    if (why || !missing)
        return why;
    w->ask = true;
    w->ask_gfn = gfn;
    w->ask_gla = gla;
    w->ask_access = missing;
    return ARM_NO_PLACE;
}

/*
 * A mapping that was kept is of the page still where its rights are its own: a page that came later
 * has the default's, and would have made no event.
 */
static enum page_use use_of(const struct arm_reach *w, uint64_t gfn)
{
    const struct xmem_domain *d = w->d;
    uint8_t set = known_set_of(xmi_known_get(&d->views[0]->known, gfn));
    bool own = set != KNOWN_NOTHING && d->led->default_now == XMEM_RWX && set != XMEM_RWX;
    return own ? PAGE_KNOWN : PAGE_AFRESH;
}

/* ---- data ---- */

static enum arm_why piece(struct arm_reach *w, const struct arm_regs *r,
                          const struct arm_touch *touch, uint64_t va, uint8_t **p)
{
    struct arm_translation t;
    struct xmem_domain *d = w->d;
    uint8_t *page;
    enum arm_why why = xmi_arm_reach_gfn(w, r, va, ARM_WALKED_DATA, touch->user, &t);
    if (why)
        return why;
    if (((touch->access & ARM_READS) && !t.read) || ((touch->access & ARM_WRITES) && !t.write))
        return ARM_FAULTS;
    uint64_t gfn = t.ipa / PAGE_BYTES;
    why = check_rights(w, gfn, va, touch->access);
    if (why)
        return why;
    if (page_cache_get(&steps_of(d)->arm->pages, d->ops, d->dom, gfn, use_of(w, gfn), &page))
        return ARM_NO_PLACE; /* device memory, or nothing */
    *p = page + in_page(t.ipa);
    return ARM_OK;
}

enum arm_why xmi_arm_reach_place(void *ctx, const struct arm_regs *r, const struct arm_touch *touch,
                                 struct arm_place *out)
{
    uint32_t room = PAGE_BYTES - (uint32_t)in_page(touch->va);
    out->first = touch->bytes < room ? touch->bytes : room;
    out->p[1] = NULL;
    enum arm_why why = piece(ctx, r, touch, touch->va, &out->p[0]);
    if (!why && out->first < touch->bytes)
        why = piece(ctx, r, touch, touch->va + room, &out->p[1]);
    return why;
}

/* ---- code ---- */

/* Each half of the word is read once. */
static enum arm_why read_code(struct arm_reach *w, const struct arm_regs *r, uint64_t pc,
                              uint32_t bytes, uint32_t *out)
{
    struct arm_translation t;
    struct xmem_domain *d = w->d;
    bool user = (r->cpsr & 0xf) == 0; /* EL0t, and AArch32's user mode */
    uint8_t *page;
    enum arm_why why = xmi_arm_reach_gfn(w, r, pc, ARM_WALKED_CODE, user, &t);
    if (!why && !t.execute)
        why = ARM_FAULTS;
    if (why)
        return why;
    uint64_t gfn = t.ipa / PAGE_BYTES;
    if (w->v->gone || !w->v->fetched)
        why = check_rights(w, gfn, pc, XMEM_ACCESS_X);
    if (why)
        return why;
    if (page_cache_get(&steps_of(d)->arm->pages, d->ops, d->dom, gfn, PAGE_RECENT, &page))
        return ARM_NO_PLACE;
    const uint8_t *at = page + in_page(t.ipa);
    *out = bytes == ARM_WORD
               ? __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_RELAXED)
               : __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_RELAXED);
    return ARM_OK;
}

static enum arm_why fetch_t32(struct arm_reach *w, const struct arm_regs *r, uint32_t *word)
{
    uint32_t half, next = 0;
    enum arm_why why = read_code(w, r, r->pc, 2, &half);
    if (!why && half >= ARM_T32_WIDE)
        why = read_code(w, r, r->pc + 2, 2, &next);
    *word = half << HALFWORD_BITS | next;
    return why;
}

enum arm_why xmi_arm_reach_fetch(void *ctx, const struct arm_regs *r, uint32_t *word)
{
    bool t32 = arm_set_of(r) == ARM_T32;
    if (r->pc & (t32 ? 1 : ARM_WORD - 1))
        return ARM_FAULTS;
    return t32 ? fetch_t32(ctx, r, word) : read_code(ctx, r, r->pc, ARM_WORD, word);
}

/*
 * What was answered for was done, and is told again when the loop comes back to it. But to write was
 * answered for the one store-exclusive that does, which ends the loop: one that failed wrote nothing.
 */
void xmi_arm_reach_past(void *ctx)
{
    struct arm_reach *w = ctx;
    struct step_pages *p = &vcpu_of(w->d, w->ev)->step.pages;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->n; i++)
        if (p->v[i].need & XMEM_ACCESS_W) {
            p->v[kept] = p->v[i];
            p->v[kept++].need = XMEM_ACCESS_W;
        }
    p->n = kept;
    w->v->gone++;
    w->v->since = w->kind == ARM_LOAD_EX ? 0 : w->v->since + 1;
    w->kind = ARM_NOTHING;
}
