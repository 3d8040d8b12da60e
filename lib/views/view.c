/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alternate views. */
#include "rights/rights.h"
#include "views/views.h"
#include "ledger/ledger.h"
#include "base/base.h"
#include "views/views-int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* ---- the session's list ---- */

int xmi_view_add(struct xmem_domain *d, uint16_t id, struct view **out)
{
    struct view *v = calloc(1, sizeof(*v));
    if (!v)
        return -ENOMEM;
    v->id = id;
    v->def = KNOWN_NOTHING;
    if (xmi_ledger_view_add(d, v)) {
        free(v);
        return -ENOMEM;
    }
    d->views[id] = v;
    if (d->view_end <= id)
        d->view_end = id + 1u;
    *out = v;
    return 0;
}

void xmi_view_forget(struct xmem_domain *d, struct view *v)
{
    d->views[v->id] = NULL;
    d->watch->view_gone(d, v);
    xmi_ledger_view_gone(v);
    free(v);
}

int xmi_views_init(struct xmem_domain *d)
{
    struct view *host;
    d->views = calloc(d->caps.max_views, sizeof(struct view *));
    d->view_set = calloc(1, sizeof(*d->view_set));
    if (!d->views || !d->view_set)
        return -ENOMEM;
    xmi_list_init(&d->view_set->pages, xmi_ledger_arena(d), &d->led->added);
    xmi_list_init(&d->view_set->copied, xmi_ledger_arena(d), &d->led->guards);
    return xmi_view_add(d, 0, &host);
}

void xmi_views_free(struct xmem_domain *d)
{
    for (uint32_t i = 0; d->views && i < d->caps.max_views; i++)
        if (d->views[i])
            xmi_view_forget(d, d->views[i]);
    xmi_copies_free(d);
    if (d->view_set) {
        xmi_list_end(&d->view_set->pages);
        xmi_list_end(&d->view_set->copied);
    }
    free(d->view_set);
    free(d->views);
    d->view_set = NULL;
    d->views = NULL;
}

int xmi_views_usable(struct xmem_domain *d)
{
    int rc = domain_usable(d);
    if (rc || d->caps.max_views > 1)
        return rc;
    return xmi_domain_refuse(d, -EOPNOTSUPP,
                             "domain %" PRIu32 " has no alternate views: its kind has "
                             "none, or they were not allowed when it was created",
                             d->domid);
}

/* The caller's view: 0 and -ENOENT are told apart by the callers. */
int xmi_view_find(struct xmem_domain *d, uint16_t id, struct view **out)
{
    int rc = xmi_views_usable(d);
    if (rc)
        return rc;
    struct view *v = domain_view(d, id);
    if (!v || v->step || v->unwanted)
        return xmi_domain_refuse(d, -ENOENT, "view %u does not exist", id);
    *out = v;
    return 0;
}

/* The same, and an operation of the backend that may be missing. */
static int find_for(struct xmem_domain *d, uint16_t id, struct view **out, bool there,
                    const char *what)
{
    int rc = xmi_view_find(d, id, out);
    if (rc || there)
        return rc;
    return xmi_domain_refuse(d, -EOPNOTSUPP, "view %u: this hypervisor has no %s", id, what);
}

/* ---- making and unmaking ---- */

/* They may be on all the same: what came with it failed, and turning them off again. */
static void note_views_state(struct xmem_domain *d)
{
    bool on = false;
    if (!xmi_domain_is_dead(d) && d->ops->views_get_state && d->ops->views_get_state(d->dom, &on))
        on = true;
    d->led->views_on = d->view_set->unwanted = on;
    d->owed = d->owed || on;
}

int xmi_views_ensure_on(struct xmem_domain *d)
{
    if (d->led->views_on && !d->view_set->unwanted)
        return 0;
    ledger_begin(d, LEDGER_VIEWS, 0, 0, 0);
    int rc = d->ops->views_set_state(d->dom, true);
    d->view_set->unwanted = false;
    if (rc)
        note_views_state(d);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "domain %" PRIu32 ": alternate views cannot be turned on",
                               d->domid);
    d->led->views_on = true;
    return 0;
}

static int fill_part(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte)
{
    uint8_t rights = known_set_of(byte);
    if (rights != KNOWN_NOTHING && rights != XMEM_RWX)
        xmi_feed_add(arg, gfn, nr, XMEM_RWX);
    return 0;
}

/*
 * Where a view copies the host's rights, its own are said for every gfn: of rwx for those that
 * are restricted in the host view, of anything else for all.
 */
static int fill(struct xmem_domain *d, struct view *v)
{
    struct feed f;
    xmi_feed_begin(&f, d, v);
    if (v->def == XMEM_RWX)
        xmi_known_each(&d->views[0]->known, fill_part, &f);
    else
        xmi_feed_add(&f, 0, d->caps.highest_gfn + 1, v->def);
    return xmi_feed_end(&f);
}

static unsigned view_count(const struct xmem_domain *d)
{
    unsigned n = 0;
    for (uint32_t id = 0; id < d->view_end; id++)
        n += d->views[id] != NULL;
    return n;
}

static int create(struct xmem_domain *d, uint8_t rights, views_room_fn *make_room, uint16_t *id)
{
    ledger_begin(d, LEDGER_CREATE, 0, 0, 0);
    int rc = d->ops->view_create(d->dom, rights, id);
    if ((rc == -ENOSPC || rc == -EINVAL) && make_room && make_room(d)) {
        ledger_begin(d, LEDGER_CREATE, 0, 0, 0);
        rc = d->ops->view_create(d->dom, rights, id);
    }
    if (rc == -EINVAL) /* Xen's "none left" (p2m_init_next_altp2m); the arguments are right */
        rc = -ENOSPC;
    if (rc)
        return xmi_domain_fail(d, rc, MAY_NOSPC,
                               "domain %" PRIu32 ": no view can be created beside the %u "
                               "that there are, with the host view",
                               d->domid, view_count(d));
    return 0;
}

/* The guest does not get into the library's own views, where the release can hide them. */
static int hide(struct xmem_domain *d, const struct view *v)
{
    if (!v->step || !d->ops->view_set_visible || !(d->caps.flags & XMEM_CAP_VISIBILITY))
        return 0;
    int rc = d->ops->view_set_visible(d->dom, v->id, false);
    return rc ? xmi_domain_fail(d, rc, 0, "view %u, for stepping, cannot be hidden", v->id) : 0;
}

/* As before: no view, and views off if they were; what cannot be undone is at the session's end. */
static int undo_make(struct xmem_domain *d, struct view *v, bool were_on, int rc)
{
    struct xmem_error why = d->error;
    if (v)
        v->unwanted = true;
    d->view_set->unwanted = !were_on && d->led->views_on;
    xmi_ledger_pay(d);
    d->error = why;
    return rc;
}

int xmi_view_make(struct xmem_domain *d, uint8_t rights, enum view_use use,
                  views_room_fn *make_room, struct view **out)
{
    uint16_t id;
    struct view *v = NULL;
    bool were_on = d->led->views_on;
    int rc = xmi_views_ensure_on(d);
    if (!rc)
        rc = create(d, rights, make_room, &id);
    if (!rc && (id >= d->caps.max_views || d->views[id] || xmi_view_add(d, id, &v)))
        rc = xmi_domain_refuse(d, -ENOMEM, "view %u: out of memory, or two of one number%s", id,
                               d->ops->view_destroy(d->dom, id) ? "; it is left" : "");
    if (rc)
        return undo_make(d, NULL, were_on, rc);
    v->own = true;
    v->step = use != VIEW_CALLER;
    v->led->own = true;
    v->led->step = v->step;
    v->follow = use == VIEW_FOLLOW;
    v->def = rights;
    rc = hide(d, v);
    if (!rc && (d->quirks & QUIRK_VIEW_COPIES_HOST_RIGHTS) && !v->follow)
        rc = fill(d, v);
    if (!rc)
        rc = xmi_view_shut_pages(d, v);
    if (!rc && !v->step)
        rc = xmi_copies_guard_view(d, v);
    if (rc)
        return undo_make(d, v, were_on, rc);
    *out = v;
    return 0;
}

int xmem_view_list(struct xmem_domain *d, uint16_t *views, size_t *n)
{
    size_t all = 0;
    int rc = domain_usable(d);
    if (rc)
        return rc;
    if (!n || (*n && !views))
        return xmi_domain_refuse(d, -EINVAL, "xmem_view_list: nowhere to put the list");
    for (uint32_t id = 0; id < d->view_end; id++) {
        if (!d->views[id] || d->views[id]->step || d->views[id]->unwanted)
            continue;
        if (all < *n)
            views[all] = (uint16_t)id;
        all++;
    }
    size_t room = *n;
    *n = all;
    if (all <= room)
        return 0;
    return xmi_domain_refuse(d, -ENOSPC, "there are %zu views, room is for %zu", all, room);
}

/* ---- switching ---- */

int xmi_view_check_vcpu(struct xmem_domain *d, uint32_t vcpu)
{
    if (vcpu < d->vcpu_n)
        return 0;
    return xmi_domain_refuse(d, -EINVAL, "vCPU %" PRIu32 ": domain %" PRIu32 " has %" PRIu32, vcpu,
                             d->domid, d->vcpu_n);
}

int xmem_view_switch_vcpu(struct xmem_domain *d, uint32_t vcpu, uint16_t view)
{
    struct view *v;
    int rc = find_for(d, view, &v, d && d->ops->view_switch_vcpu,
                      "call for one vCPU; use "
                      "XMEM_REPLY_SET_VIEW in the reply to an event of that vCPU");
    if (!rc)
        rc = xmi_view_check_vcpu(d, vcpu);
    if (rc)
        return rc;
    ledger_begin(d, LEDGER_SWITCH, view, vcpu, vcpu);
    rc = d->ops->view_switch_vcpu(d->dom, vcpu, view);
    if (rc)
        return xmi_domain_fail(d, rc, 0, "vCPU %" PRIu32 " cannot be switched to view %u", vcpu,
                               view);
    d->led->views_switched = true;
    return 0;
}

/* ---- remapping ---- */

/* Room for a new one was made. */
static void note_remap(struct view *v, uint64_t gfn, uint64_t to_gfn)
{
    size_t i = xmi_remap_index(v, gfn);
    if (to_gfn != XMEM_GFN_UNDO && i == v->remaps.n)
        xmi_list_push(&v->remaps, &(struct remap){gfn, to_gfn});
    else if (to_gfn != XMEM_GFN_UNDO)
        remap_at(v, i)->to_gfn = to_gfn;
    else if (i < v->remaps.n)
        xmi_list_drop(&v->remaps, (uint32_t)i);
}

/* What it shows; XMEM_GFN_UNDO: no frame of its own. */
static uint64_t remap_of(const struct view *v, uint64_t gfn)
{
    size_t i = xmi_remap_index(v, gfn);
    return i < v->remaps.n ? remap_at(v, i)->to_gfn : XMEM_GFN_UNDO;
}

/* Does to, remapped itself and so on, end at gfn? */
static bool is_circle(const struct view *v, uint64_t gfn, uint64_t to)
{
    size_t i;
    while (to != gfn && to != XMEM_GFN_UNDO && (i = xmi_remap_index(v, to)) < v->remaps.n)
        to = remap_at(v, i)->to_gfn;
    return to == gfn;
}

/* What the gfn's new entry would cover, or the hole that it leaves; and of what stands in between. */
static int prepare_remap(struct xmem_domain *d, const struct view *v, uint64_t gfn, uint64_t to)
{
    struct run one = {gfn, UINT64_C(1) << 8};
    if (to == XMEM_GFN_UNDO)
        return xmi_view_leaf_before_undo(d, gfn);
    int rc = xmi_view_leaf_before_set(d, v, &(struct runs){&one, 1, 1});
    for (size_t i; !rc && (i = xmi_remap_index(v, to)) < v->remaps.n; to = remap_at(v, i)->to_gfn)
        rc = xmi_view_leaf_before_undo(d, to);
    return rc;
}

static int remap_and_note(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to)
{
    uint64_t before = remap_of(v, gfn);
    if (before == XMEM_GFN_UNDO) /* an entry before its change, which leaves after its undoing */
        note_remap(v, gfn, to);
    int rc = xmi_view_remap(d, v, gfn, to);
    note_remap(v, gfn, rc ? before : to);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_SRCH, "view %u: gfn 0x%" PRIx64 " cannot be remapped",
                               v->id, gfn);
    return 0;
}

/* The new entry could not get its rights: as before or, where that fails as well, known to be different. */
static int remap_back(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t before, int rc)
{
    struct xmem_error why = d->error;
    int rc2 = remap_and_note(d, v, gfn, before);
    if (!rc2)
        rc2 = xmi_view_rights_again(d, v, gfn);
    if (rc2) {
        view_unsure(v, true);
        if (!v->own)
            (void)xmi_known_put(&v->known, gfn, 1, KNOWN_SET, KNOWN_UNSURE);
        xmi_error_add(&why, "; and putting it back failed: %s", d->error.text);
    } else {
        xmi_domain_as_before(d, &why);
    }
    d->error = why;
    return rc;
}

/* With the rights that the gfn is to have in the view; while it has the other's, nothing runs. */
static int remap_with_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to)
{
    uint8_t rights;
    int rc = prepare_remap(d, v, gfn, to);
    if (!rc && xmi_view_meant(v, gfn) == KNOWN_NOTHING) { /* not the other's, which may be none */
        rc = xmi_domain_ask_rights(d, v, gfn, &rights);
        if (!rc && xmi_known_put(&v->known, gfn, 1, 0xff, xmi_domain_found_byte(d, v, rights)))
            rc = xmi_domain_refuse(d, -ENOMEM, "out of memory");
    }
    if (rc)
        return rc;
    uint64_t before = remap_of(v, gfn);
    rc = remap_and_note(d, v, gfn, to);
    if (!rc)
        rc = xmi_view_rights_again(d, v, gfn);
    return rc ? remap_back(d, v, gfn, before, rc) : 0;
}

int xmi_view_show(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to)
{
    if (to != XMEM_GFN_UNDO && xmi_list_room(&v->remaps))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    int rc = prepare_remap(d, v, gfn, to);
    return rc ? rc : remap_and_note(d, v, gfn, to);
}

int xmem_view_change_gfn(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t to_gfn)
{
    struct view *v;
    int rc = find_for(d, view, &v, d && d->ops->view_change_gfn, "remapping");
    if (rc)
        return rc;
    if (!view)
        return xmi_domain_refuse(d, -EINVAL,
                                 "view 0 is the host view: gfns are not remapped in it");
    rc = xmi_domain_check_gfns(d, gfn, 1);
    if (!rc && to_gfn != XMEM_GFN_UNDO)
        rc = xmi_domain_check_gfns(d, to_gfn, 1);
    if (rc)
        return rc;
    if (to_gfn == gfn)
        to_gfn = XMEM_GFN_UNDO;
    if (is_circle(v, gfn, to_gfn))
        return xmi_domain_refuse(d, -EINVAL,
                                 "view %u: gfn 0x%" PRIx64 " cannot show gfn 0x%" PRIx64
                                 ": that one leads back to it",
                                 view, gfn, to_gfn);
    if (xmi_list_room(&v->remaps))
        return xmi_domain_refuse(d, -ENOMEM, "out of memory");
    rights_changed(d, view, gfn, 1);
    bool open = xmi_view_meant(v, gfn) == XMEM_RWX ||
                xmi_view_meant(v, gfn) == KNOWN_NOTHING; /* cannot be opened */
    rc = open ? 0 : xmi_domain_hold(d);
    if (rc)
        return rc;
    rc = remap_with_rights(d, v, gfn, to_gfn);
    if (!open)
        rc = xmi_domain_let_go(d, rc);
    return !rc && d->guarded ? xmi_copies_note_remap(d, view, gfn, to_gfn) : rc;
}

/* ---- visibility, #VE ---- */

int xmem_view_set_visible(struct xmem_domain *d, uint16_t view, int visible)
{
    struct view *v;
    int rc = find_for(d, view, &v, d && xmi_views_can_hide(d), "visibility of views");
    if (!rc)
        rc = xmi_views_ensure_on(d);
    if (rc)
        return rc;
    rc = xmi_view_set_shown(d, v, visible != 0);
    return rc ? xmi_domain_fail(d, rc, 0, "view %u: its visibility cannot be set", view) : 0;
}

/* What is there before, of a view that stays; where it cannot be asked for, as Xen makes entries: on. */
static int learn_ve(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t nr)
{
    int rc = xmi_known_prepare(&v->ve, gfn, nr);
    for (uint64_t i = 0; i < nr && !rc; i++) {
        bool on = true;
        if (xmi_known_get(&v->ve, gfn + i))
            continue;
        rc = d->ops->view_get_suppress_ve
                 ? d->ops->view_get_suppress_ve(d->dom, v->id, gfn + i, &on)
                 : 0;
        if (rc == -ESRCH) { /* nothing there: nothing to restore */
            rc = 0;
            continue;
        }
        if (rc)
            return xmi_domain_fail(d, rc, 0,
                                   "view %u: suppress-#VE of gfn 0x%" PRIx64 " cannot be asked for",
                                   v->id, gfn + i);
        uint8_t code = known_code(on ? VE_ON : VE_OFF);
        rc = xmi_known_put(&v->ve, gfn + i, 1, 0xff, (uint8_t)(code << 4 | code));
    }
    return rc ? xmi_domain_refuse(d, rc, "out of memory") : 0;
}

int xmem_view_set_suppress_ve(struct xmem_domain *d, uint16_t view, uint64_t first_gfn,
                              uint64_t count, int suppress)
{
    struct view *v;
    bool there = d && d->ops->view_set_suppress_ve && (d->caps.flags & XMEM_CAP_SUPPRESS_VE);
    int rc = find_for(d, view, &v, there, "#VE");
    if (!rc)
        rc = xmi_domain_check_gfns(d, first_gfn, count);
    if (!rc)
        rc = xmi_views_ensure_on(d);
    /* An entry that the call itself makes takes the host's rights (p2m_set_suppress_ve_multi()). */
    if (!rc)
        rc = xmi_changes_make_entries(d, v, first_gfn, count);
    if (!rc && !v->own)
        rc = learn_ve(d, v, first_gfn, count);
    if (rc)
        return rc;
    uint8_t code = known_code(suppress ? VE_ON : VE_OFF);
    if (!v->own) /* room for the run was made; until it is answered it may be either */
        (void)xmi_known_put(&v->ve, first_gfn, count, KNOWN_SET, KNOWN_UNSURE);
    rc = d->ops->view_set_suppress_ve(d->dom, view, first_gfn, count, suppress != 0);
    if (!rc && !v->own)
        (void)xmi_known_put(&v->ve, first_gfn, count, KNOWN_SET, code);
    if (!rc)
        return 0;
    return xmi_domain_fail(d, rc, MAY_SRCH,
                           "view %u: suppress-#VE cannot be set from gfn 0x%" PRIx64 " on", view,
                           first_gfn);
}

int xmem_view_get_suppress_ve(struct xmem_domain *d, uint16_t view, uint64_t gfn, int *suppress)
{
    struct view *v;
    bool set, there = d && d->ops->view_get_suppress_ve && (d->caps.flags & XMEM_CAP_SUPPRESS_VE);
    int rc = find_for(d, view, &v, there, "#VE");
    if (!rc && !suppress)
        rc = xmi_domain_refuse(d, -EINVAL, "xmem_view_get_suppress_ve: nowhere to put the answer");
    if (!rc)
        rc = xmi_domain_check_gfns(d, gfn, 1);
    if (rc)
        return rc;
    rc = d->ops->view_get_suppress_ve(d->dom, view, gfn, &set);
    if (rc)
        return xmi_domain_fail(d, rc, MAY_SRCH,
                               "view %u: suppress-#VE of gfn 0x%" PRIx64 " cannot be asked for",
                               view, gfn);
    *suppress = set;
    return 0;
}

/* Xen takes a second page only when the first one is given up (altp2m_vcpu_enable_ve()). */
static int set_notify(struct xmem_domain *d, uint32_t vcpu, uint64_t gfn)
{
    struct ledger_vcpu *v = xmi_ledger_vcpu(d, vcpu);
    ledger_begin(d, LEDGER_NOTIFY, 0, vcpu, vcpu);
    int rc = v->notify_set ? d->ops->view_set_notify(d->dom, vcpu, XMEM_GFN_UNDO) : 0;
    if (rc)
        return rc;
    bool before = v->notify_set;
    v->notify_set = false;
    if (gfn != XMEM_GFN_UNDO || !before)
        rc = d->ops->view_set_notify(d->dom, vcpu, gfn);
    if (!rc && gfn != XMEM_GFN_UNDO)
        v->notify_gfn = gfn;
    if (!rc)
        v->notify_set = gfn != XMEM_GFN_UNDO;
    else if (before)
        v->notify_set = !d->ops->view_set_notify(d->dom, vcpu, v->notify_gfn);
    return rc;
}

int xmem_view_set_notify_page(struct xmem_domain *d, uint32_t vcpu, uint64_t gfn)
{
    struct view *v;
    bool there = d && d->ops->view_set_notify && (d->caps.flags & XMEM_CAP_SUPPRESS_VE);
    int rc = find_for(d, 0, &v, there, "#VE");
    if (!rc)
        rc = xmi_view_check_vcpu(d, vcpu);
    if (!rc && gfn != XMEM_GFN_UNDO)
        rc = xmi_domain_check_gfns(d, gfn, 1);
    if (!rc)
        rc = xmi_views_ensure_on(d);
    if (rc)
        return rc;
    if (xmi_ledger_vcpu(d, vcpu)->notify_set && xmi_ledger_vcpu(d, vcpu)->notify_gfn == gfn)
        return 0;
    rc = set_notify(d, vcpu, gfn);
    if (rc == -EINVAL && gfn != XMEM_GFN_UNDO)
        return xmi_domain_refuse(
            d, -ESRCH, "vCPU %" PRIu32 ": nothing is mapped at gfn 0x%" PRIx64 " for its #VE page",
            vcpu, gfn);
    return rc ? xmi_domain_fail(d, rc, MAY_SRCH, "vCPU %" PRIu32 ": its #VE page cannot be set%s",
                                vcpu, rc == -EEXIST ? ", another tool has set one" : "")
              : 0;
}
