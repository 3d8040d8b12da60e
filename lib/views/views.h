/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef XMEM_VIEWS_H
#define XMEM_VIEWS_H

#include "ledger/ledger.h"
#include "session/session.h"

/* Views, and the pages that the session added. */

/* A session has a ledger, and caps: its views, and the host's among them. -ENOMEM. */
int xmi_views_init(struct xmem_domain *d);
void xmi_views_free(struct xmem_domain *d);
/* 0, or -EOPNOTSUPP where there are none; a text. */
int xmi_views_usable(struct xmem_domain *d);
/* The caller's view; view 0 is one. -ENOENT; a text. */
int xmi_view_find(struct xmem_domain *d, uint16_t id, struct view **out);
int xmi_view_check_vcpu(struct xmem_domain *d, uint32_t vcpu);
int xmi_view_add(struct xmem_domain *d, uint16_t id, struct view **out);
void xmi_view_forget(struct xmem_domain *d, struct view *v);
int xmi_views_ensure_on(struct xmem_domain *d);
/* What a view is made for. */
enum view_use {
    VIEW_CALLER, /* the caller's */
    VIEW_STEP,   /* stepping over, with all rights said */
    VIEW_FOLLOW, /* stepping over, following the host view where nothing is said */
};
/* Gives up a view, so that there is room for another. False: there is none to be given up. */
typedef bool views_room_fn(struct xmem_domain *d);
/*
 * Makes a view with these default rights; the library's own are hidden from the guest. make_room may
 * be NULL.
 */
int xmi_view_make(struct xmem_domain *d, uint8_t rights, enum view_use use,
                  views_room_fn *make_room, struct view **out);
/* visible.c: can views be hidden here? The others return what the hypervisor answers. */
bool xmi_views_can_hide(const struct xmem_domain *d);
int xmi_view_set_shown(struct xmem_domain *d, struct view *v, bool visible);
/*
 * All vCPUs. Xen switches them to visible views only (p2m_switch_domain_altp2m_by_id()): one
 * that is hidden, by whomever, is shown for that moment.
 */
int xmi_view_switch_all(struct xmem_domain *d, uint16_t id);
/* A switch back to a view that failed is tried again by later calls, or need not be any more. */
void xmi_view_owe_switch(struct xmem_domain *d, uint16_t id, bool owed);
/* Views that were there before; the first failure, with its text. */
int xmi_views_show_again(struct xmem_domain *d);
/* So that gfn shows the host's frame of to (rights/remap.c), noted and with a text; the gfn's rights in the view are new ones then. */
int xmi_view_show(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);

/* ---- pages.c ---- */

/* there[i]: the guest has a page at gfn + i. nr is at most PAGES_THERE_MAX. Needs no monitoring. A text. */
#define PAGES_THERE_MAX 1024u
int xmi_pages_there(struct xmem_domain *d, uint64_t gfn, uint32_t nr, bool *there);
/* The page goes, at once or as soon as that can be. */
int xmi_page_discard(struct xmem_domain *d, uint64_t gfn);
/* The i-th page that was added is none any more. */
void xmi_page_forget(struct xmem_domain *d, size_t i);
/* Pages that the session added have no rights at their own gfns in this view; the host's while monitoring. */
int xmi_view_shut_pages(struct xmem_domain *d, struct view *v);

/* ---- what this room gives the ledger ---- */

/* Pages that the session added; copies, which go first; views. */
extern const struct ledger_kind xmi_views_pages, xmi_views_copies, xmi_views_all;

/*
 * Copies of pages that views show in the place of the originals, patched. As long as there are any,
 * a write of the guest to the original's gfn is an event in every view, also where the rights that
 * are wanted allow it: those that are in force are narrower (rights/guards.c), and known has the
 * wanted ones. Such an event is the library's own. The instruction is stepped over, writes into the
 * original wherever it runs, and ends with an event; what changed is then in the copies before the
 * vCPU goes on, but for the patches.
 */

/* ---- what changes around them; 0, or a failure with its text ---- */

/*
 * A page that the session added, which the view shows as a patched copy of gfn. Pages of 4096 bytes,
 * copied; patched: 0xff where contents is not the original's. On failure nothing is kept; a text.
 */
struct new_copy {
    uint16_t view;
    uint64_t gfn, page;
    const void *original, *contents, *patched;
};
int xmi_copies_keep(struct xmem_domain *d, const struct new_copy *copy);
/* A new view. */
int xmi_copies_guard_view(struct xmem_domain *d, struct view *v);
int xmi_copies_forget_view(struct xmem_domain *d, uint16_t view);
int xmi_copies_forget_page(struct xmem_domain *d, uint64_t page);
/* gfn shows to in the view now. */
int xmi_copies_note_remap(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t to);
/* The tool wrote: into a copy, that is a patch; into an original, it is carried over. */
int xmi_copies_follow_tool(struct xmem_domain *d, uint64_t gpa, const void *bytes, size_t len);
/* The session's views go. What could not be undone stays, for the next try. */
int xmi_copies_end(struct xmem_domain *d);
void xmi_copies_free(struct xmem_domain *d);

/* ---- for steps (events/step-copies.c); only where there are copies ---- */

#define COPIES_ALL UINT64_MAX

/* At all copies of the gfn, or of all: what was written is carried over. The first failure. */
int xmi_copies_look(struct xmem_domain *d, uint64_t gfn);
/* What is written in the view may land in the copies that it shows at gfn. */
void xmi_copies_note_open(struct xmem_domain *d, uint16_t view, uint64_t gfn);
/* In force is what there is to be in the view, guarded or not. */
int xmi_copies_put_in_force(struct xmem_domain *d, struct view *v, uint64_t gfn);
/* Does the page show the original in a step view, instead of what origin shows? */
bool xmi_copies_unhook(const struct xmem_domain *d, uint16_t origin, uint64_t gfn, uint32_t need);

#endif
