/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer STEP lets one instruction do, and the regions for it. */
#include <xm/mpu.h>

/* ---- the life of an answer ---- */

void xm_mpu_step_forget(struct xm_mpu_step *s)
{
    s->n = 0;
    s->tried = false;
}

/* Its page, or the place where it belongs: the first one above, or .n. */
static unsigned index_of(const struct xm_mpu_step *s, uint64_t gfn)
{
    unsigned i = 0;

    while (i < s->n && s->page[i].gfn < gfn)
        i++;
    return i;
}

/* NULL: an instruction does not touch so many; it is begun anew. */
static struct xm_mpu_step_page *page_for(struct xm_mpu_step *s, uint64_t gfn)
{
    unsigned i = index_of(s, gfn), k;

    if (i < s->n && s->page[i].gfn == gfn)
        return &s->page[i];
    if (s->n == XM_MPU_STEP_PAGES) {
        xm_mpu_step_forget(s);
        return NULL;
    }
    for (k = s->n; k > i; k--)
        s->page[k] = s->page[k - 1];
    s->n++;
    s->page[i] = (struct xm_mpu_step_page){.gfn = gfn};
    return &s->page[i];
}

void xm_mpu_step_asked(struct xm_mpu_step *s, uint64_t pc, uint64_t gfn, unsigned what)
{
    s->asked_pc = pc;
    s->asked_gfn = gfn;
    s->asked = (uint8_t)(what & 7u);
}

void xm_mpu_step_answer(struct xm_mpu_step *s, uint64_t gfn)
{
    struct xm_mpu_step_page *p;

    if (s->asked == 0 || s->asked_gfn != gfn)
        return;
    if (s->pc != s->asked_pc)
        xm_mpu_step_forget(s);
    s->pc = s->asked_pc;
    p = page_for(s, gfn);
    if (p != NULL)
        p->told |= s->asked;
    s->tried = false;
    s->asked = 0;
}

void xm_mpu_step_fault(struct xm_mpu_step *s, uint64_t pc, uint64_t gfn, unsigned what)
{
    unsigned i = index_of(s, gfn);

    if (s->n == 0)
        return;
    if (pc != s->pc) {
        xm_mpu_step_forget(s);
        return;
    }
    if (s->tried && i < s->n && s->page[i].gfn == gfn &&
        (what & ~(unsigned)(s->page[i].told | s->page[i].free)) == 0)
        xm_mpu_step_forget(s); /* it was open for that, and nevertheless */
}

void xm_mpu_step_needs(struct xm_mpu_step *s, uint64_t gfn, unsigned what)
{
    struct xm_mpu_step_page *p = s->n != 0 ? page_for(s, gfn) : NULL;

    if (p == NULL)
        return;
    p->free |= (uint8_t)(what & 7u);
    s->tried = false;
}

/* ---- regions ---- */

static xm_mpu_reg page_first(uint64_t gfn)
{
    return (xm_mpu_reg)(gfn << XM_PAGE_SHIFT);
}

static xm_mpu_reg page_last(uint64_t gfn)
{
    return page_first(gfn) | (XM_PAGE_SIZE - 1);
}

static uint8_t allowed(const struct xm_mpu_step_page *p, const struct xm_mpu_extent *e)
{
    return (uint8_t)(xm_rights_bits((enum xm_access)e->access) | p->told | p->free);
}

/* False: it is not the domain's any more. */
static bool page_region(const struct xm_mpu_step_page *p, const struct xm_mpu_view *v,
                        struct xm_mpu_region *out)
{
    const struct xm_mpu_extent *e = xm_mpu_extents_find(&v->x, p->gfn);

    if (e == NULL || p->gfn > (uint64_t)(UINTPTR_MAX >> XM_PAGE_SHIFT))
        return false;
    *out = (struct xm_mpu_region){
        .base = page_first(p->gfn),
        .last = page_last(p->gfn),
        .ap = (allowed(p, e) & XM_DO_W) != 0 ? XM_MPU_ALL_RW : XM_MPU_ALL_RO,
        .xn = (allowed(p, e) & XM_DO_X) == 0,
        .sh = e->sh,
        .attr = e->attr,
    };
    return true;
}

/* The new regions are made in m->scratch, in order of address; room: for what is not a page. */
struct build {
    struct xm_mpu *m;
    unsigned n, room;
};

static void add(struct build *b, const struct xm_mpu_region *like, xm_mpu_reg base, xm_mpu_reg last)
{
    struct xm_mpu_region *r;

    if (b->room == 0)
        return; /* its fault will say that it is needed */
    b->room--;
    r = &b->m->scratch[b->n++];
    *r = *like;
    r->base = base;
    r->last = last;
}

/* What is left of a region that is there, around the pages. */
static void add_around(struct build *b, const struct xm_mpu_step *s, const struct xm_mpu_region *r)
{
    xm_mpu_reg from = r->base;

    for (unsigned i = 0; i < s->n; i++) {
        xm_mpu_reg first = page_first(s->page[i].gfn), last = page_last(s->page[i].gfn);

        if (last < from || first > r->last)
            continue;
        if (first > from)
            add(b, r, from, first - 1);
        if (last >= r->last)
            return;
        from = last + 1;
    }
    add(b, r, from, r->last);
}

static void insert(struct build *b, const struct xm_mpu_region *page)
{
    struct xm_mpu_region *r = b->m->scratch;
    unsigned i;

    for (i = b->n++; i > 0 && r[i - 1].base > page->base; i--)
        r[i] = r[i - 1];
    r[i] = *page;
}

int xm_mpu_step_open(struct xm_mpu_step *s, struct xm_mpu *m, const struct xm_mpu_view *v)
{
    struct build b = {.m = m, .room = xm_mpu_budget(m)};
    struct xm_mpu_region r;
    int rc;

    if (s->n == 0 || s->n > b.room)
        return -XM_ENOENT;
    b.room -= s->n;
    for (unsigned i = 0; i < m->live; i++) {
        xm_mpu_guest_region(m, i, &r);
        add_around(&b, s, &r);
    }
    for (unsigned i = 0; i < s->n; i++) {
        if (!page_region(&s->page[i], v, &r)) {
            xm_mpu_step_forget(s);
            return -XM_ENOENT;
        }
        insert(&b, &r);
    }
    rc = xm_mpu_load(m, m->scratch, b.n);
    if (rc != 0)
        return rc;
    m->view = v;
    m->version = v->version;
    s->open = s->tried = true;
    return 0;
}

void xm_mpu_step_close(struct xm_mpu_step *s, struct xm_mpu *m, const struct xm_mpu_view *v,
                       bool done)
{
    if (!s->open)
        return;
    if (m->view == v)
        m->version = v->version - 1; /* the registers hold more than the view, or less */
    s->open = false;
    if (done)
        xm_mpu_step_forget(s);
}

bool xm_mpu_step_watch(const struct xm_mpu_step *s, const struct xm_mpu_view *v, unsigned i)
{
    const struct xm_mpu_extent *e = s->open ? xm_mpu_extents_find(&v->x, s->page[i].gfn) : NULL;

    return e != NULL && (allowed(&s->page[i], e) & XM_DO_R) == 0;
}
