/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "views/views.h"

#include "views/views-int.h"

#include "rights/rights.h"
#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (PAGE_BYTES / sizeof(uint64_t))

struct copy {
    struct guard at; /* first */
    uint64_t page;
    uint16_t view;
    bool open;             /* steps may have written into the page itself, or do so now */
    uint64_t seen[WORDS];  /* the original when it was looked at last, */
    uint64_t shown[WORDS]; /* what the copy is to be, */
    uint64_t patch[WORDS]; /* and all ones where that is not the original's */
};

/* The i-th one, by gfn. */
static struct copy *copy_at(const struct xmem_domain *d, size_t i)
{
    return (struct copy *)xmi_guards_at(d, i);
}

/* ---- rights ---- */

/* The rights that the gfn is to have; known knows them afterwards. */
static int find_wanted(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights)
{
    uint8_t byte = xmi_known_get(&v->known, gfn);
    int rc = 0;
    *rights = known_set_of(byte);
    if ((byte & KNOWN_SET) && *rights == KNOWN_NOTHING) /* not known to what */
        *rights = known_found_of(byte);
    if (*rights != KNOWN_NOTHING)
        return 0;
    *rights = view_default(v);
    if (*rights == KNOWN_NOTHING)
        rc = xmi_domain_ask_rights(d, v, gfn, rights);
    uint8_t mask = byte & KNOWN_FOUND ? KNOWN_SET : 0xff;
    if (!rc && xmi_known_put(&v->known, gfn, 1, mask, xmi_domain_found_byte(d, v, *rights)))
        rc = xmi_domain_refuse(d, -ENOMEM, "out of memory");
    return rc;
}

/* In force is what there is to be, guarded or not. */
int xmi_copies_put_in_force(struct xmem_domain *d, struct view *v, uint64_t gfn)
{
    uint8_t rights;
    int rc = find_wanted(d, v, gfn, &rights);
    if (!rc)
        rc = xmi_domain_set_one(d, v, gfn, rights);
    return !rc && !v->id ? xmi_changes_reapply_one(d, gfn) : rc;
}

static int guard_views(struct xmem_domain *d, uint64_t gfn)
{
    int rc = 0;
    for (uint32_t id = 0; id < d->view_end && !rc; id++)
        if (d->views[id] && !d->views[id]->step)
            rc = xmi_copies_put_in_force(d, d->views[id], gfn);
    return rc;
}

int xmi_copies_guard_view(struct xmem_domain *d, struct view *v)
{
    int rc = 0;
    for (size_t i = 0; i < xmi_guards_n(d) && !rc; i++)
        rc = xmi_copies_put_in_force(d, v, xmi_guards_at(d, i)->gfn);
    return rc;
}

/* ---- following ---- */

static int map_page(struct xmem_domain *d, uint64_t gfn, void **page)
{
    int rc = d->ops->page_map(d->dom, gfn, page);
    return rc ? xmi_domain_fail(d, rc, MAY_SRCH,
                                "gfn 0x%" PRIx64 ", which a view shows a copy of: its "
                                "page cannot be mapped",
                                gfn)
              : 0;
}

/* What was written into the copy is the original's, where that was not written as well. */
static uint64_t take_over(const struct copy *c, size_t i, uint64_t now, uint64_t copied)
{
    uint64_t taken = now;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint64_t byte = UINT64_C(0xff) << shift;
        if (((copied ^ c->shown[i]) & byte) && !((now ^ c->seen[i]) & byte))
            taken = (taken & ~byte) | (copied & byte);
    }
    return taken;
}

static void count_hit(struct xmem_domain *d, const struct copy *c, size_t i, uint64_t bytes)
{
    d->stats.patch_hits++;
    d->stats.patch_hit = c->at.gfn * PAGE_BYTES + i * sizeof(uint64_t) +
                         (unsigned)__builtin_ctzll(bytes) / 8;
}

/* Word by word, so that other vCPUs see all of a change that was made at once. */
static void carry_over(struct xmem_domain *d, struct copy *c, volatile uint64_t *original,
                       volatile uint64_t *copy)
{
    bool any = false;
    for (size_t i = 0; i < WORDS; i++) {
        uint64_t now = original[i], copied = copy[i];
        if (now == c->seen[i] && (!c->open || copied == c->shown[i]))
            continue;
        uint64_t taken = c->open ? take_over(c, i, now, copied) : now;
        uint64_t under = (taken ^ c->seen[i]) & c->patch[i];
        uint64_t shown = (taken & ~c->patch[i]) | (c->shown[i] & c->patch[i]);
        if (taken != now)
            original[i] = taken;
        if (shown != copied)
            copy[i] = shown;
        if (under)
            count_hit(d, c, i, under);
        c->seen[i] = taken;
        c->shown[i] = shown;
        any = true;
    }
    d->stats.carried += any;
}

/* One that left the guest has nothing to follow. */
static int follow(struct xmem_domain *d, struct copy *c)
{
    void *original, *copy;
    int rc = map_page(d, c->at.gfn, &original);
    if (rc)
        return rc == -ESRCH ? 0 : rc;
    if (c->open || memcmp(original, c->seen, PAGE_BYTES)) {
        rc = map_page(d, c->page, &copy);
        if (!rc) {
            carry_over(d, c, original, copy);
            d->ops->page_unmap(d->dom, copy);
        }
    }
    d->ops->page_unmap(d->dom, original);
    return rc == -ESRCH ? 0 : rc;
}

/* All copies of a gfn; the first failure. */
int xmi_copies_look(struct xmem_domain *d, uint64_t gfn)
{
    int first = 0;
    for (size_t i = gfn == COPIES_ALL ? 0 : xmi_guards_from(d, gfn);
         i < xmi_guards_n(d) && (gfn == COPIES_ALL || xmi_guards_at(d, i)->gfn == gfn); i++) {
        int rc = xmi_guards_at(d, i)->gone ? 0 : follow(d, copy_at(d, i));
        first = first ? first : rc;
    }
    return first;
}

int xmi_copies_follow_tool(struct xmem_domain *d, uint64_t gpa, const void *bytes, size_t len)
{
    int first = 0;
    for (size_t i = 0; i < xmi_guards_n(d); i++) {
        struct copy *c = copy_at(d, i);
        uint64_t start = c->page * PAGE_BYTES > gpa ? c->page * PAGE_BYTES : gpa;
        uint64_t end = (c->page + 1) * PAGE_BYTES < gpa + len ? (c->page + 1) * PAGE_BYTES
                                                              : gpa + len;
        if (start < end) {
            memcpy((uint8_t *)c->shown + start % PAGE_BYTES, (const uint8_t *)bytes + (start - gpa),
                   end - start);
            memset((uint8_t *)c->patch + start % PAGE_BYTES, 0xff, end - start);
        }
        if (c->at.gone || c->at.gfn < gpa / PAGE_BYTES || c->at.gfn > (gpa + len - 1) / PAGE_BYTES)
            continue;
        int rc = follow(d, c);
        first = first ? first : rc;
    }
    return first;
}

/* ---- coming and going ---- */

static void unguard(struct xmem_domain *d, const struct copy *c)
{
    for (uint32_t i = d->view_set->copied.n; i--;) {
        const struct ledger_guard *g = list_at(&d->view_set->copied, i);
        if (g->gfn == c->at.gfn && g->page == c->page) {
            xmi_list_drop(&d->view_set->copied, i);
            return;
        }
    }
}

static void remove_at(struct xmem_domain *d, size_t i)
{
    struct copy *c = copy_at(d, i);
    unguard(d, c);
    xmi_guards_take(d, i);
    free(c);
}

void xmi_copies_free(struct xmem_domain *d)
{
    for (size_t i = xmi_guards_n(d); i--;) {
        struct copy *c = copy_at(d, i);
        xmi_guards_take(d, i);
        free(c);
    }
    if (d->guarded)
        xmi_list_cut(&d->view_set->copied, 0);
    xmi_guards_trim(d);
}

/* Views of the session's own go as a whole, at its end. */
static int lift_guard(struct xmem_domain *d, uint64_t gfn, bool at_end)
{
    int first = 0;
    for (uint32_t id = 0; id < d->view_end && !xmi_guards_any(d, gfn); id++) {
        struct view *v = d->views[id];
        if (!v || v->step || (at_end && v->own))
            continue;
        int rc = xmi_copies_put_in_force(d, v, gfn);
        if (rc != -ESRCH) /* it left the guest */
            first = first ? first : rc;
    }
    return first;
}

/* Those that are gone are forgotten, once their gfns have the rights that they are to have. */
static int lift_gone(struct xmem_domain *d, bool at_end)
{
    int first = 0;
    for (size_t i = 0; i < xmi_guards_n(d);) {
        int rc = xmi_guards_at(d, i)->gone ? lift_guard(d, xmi_guards_at(d, i)->gfn, at_end) : 0;
        if (xmi_guards_at(d, i)->gone && !rc)
            remove_at(d, i);
        else
            i++;
        first = first ? first : rc;
    }
    xmi_guards_trim(d);
    return first;
}

int xmi_copies_forget_view(struct xmem_domain *d, uint16_t view)
{
    for (size_t i = 0; i < xmi_guards_n(d); i++)
        if (copy_at(d, i)->view == view)
            xmi_guards_at(d, i)->gone = true;
    return lift_gone(d, false);
}

int xmi_copies_forget_page(struct xmem_domain *d, uint64_t page)
{
    for (size_t i = 0; i < xmi_guards_n(d); i++)
        if (copy_at(d, i)->page == page)
            xmi_guards_at(d, i)->gone = true;
    return lift_gone(d, false);
}

int xmi_copies_note_remap(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t to)
{
    for (size_t i = xmi_guards_from(d, gfn); i < xmi_guards_n(d) && xmi_guards_at(d, i)->gfn == gfn;
         i++)
        if (copy_at(d, i)->view == view && copy_at(d, i)->page != to)
            xmi_guards_at(d, i)->gone = true;
    return lift_gone(d, false);
}

int xmi_copies_end(struct xmem_domain *d)
{
    int first = 0;
    for (size_t i = 0; i < xmi_guards_n(d); i++) {
        struct copy *c = copy_at(d, i);
        int rc = c->open && !c->at.gone ? follow(d, c) : 0;
        c->at.gone = true;
        first = first ? first : rc;
    }
    int rc = lift_gone(d, d->opts.restore != XMEM_RESTORE_KEEP);
    return first ? first : rc;
}

static struct copy *insert(struct xmem_domain *d, const struct new_copy *in)
{
    struct copy *c = calloc(1, sizeof(*c));
    if (!c || xmi_list_room(&d->view_set->copied) || xmi_guards_room(d)) {
        free(c);
        return NULL;
    }
    c->at.gfn = in->gfn;
    c->page = in->page;
    c->view = in->view;
    memcpy(c->seen, in->original, PAGE_BYTES);
    memcpy(c->shown, in->contents, PAGE_BYTES);
    memcpy(c->patch, in->patched, PAGE_BYTES);
    xmi_guards_put(d, &c->at);
    xmi_list_push(&d->view_set->copied, &(struct ledger_guard){in->gfn, in->page});
    return c;
}

int xmi_copies_keep(struct xmem_domain *d, const struct new_copy *in)
{
    bool guarded = xmi_guards_any(d, in->gfn);
    struct copy *c = insert(d, in);
    if (!c)
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    int rc = guarded ? 0 : guard_views(d, in->gfn);
    if (!rc)
        rc = follow(d, c); /* what was written before it was guarded */
    if (rc) {
        struct xmem_error why = d->error;
        c->at.gone = true;
        (void)lift_gone(d, false);
        d->error = why;
    }
    return rc;
}

/* ---- steps and events ---- */

bool xmi_copies_unhook(const struct xmem_domain *d, uint16_t origin, uint64_t gfn, uint32_t need)
{
    for (size_t i = xmi_guards_from(d, gfn);
         (need & XMEM_ACCESS_W) && i < xmi_guards_n(d) && xmi_guards_at(d, i)->gfn == gfn; i++)
        if (copy_at(d, i)->view == origin && !xmi_guards_at(d, i)->gone)
            return true;
    return false;
}

/* What is written in the view may land in the copies that it shows. */
void xmi_copies_note_open(struct xmem_domain *d, uint16_t view, uint64_t gfn)
{
    for (size_t i = xmi_guards_from(d, gfn); i < xmi_guards_n(d) && xmi_guards_at(d, i)->gfn == gfn;
         i++)
        if (copy_at(d, i)->view == view)
            copy_at(d, i)->open = true;
}
