/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views, and the pages that the session added. */
#ifndef XMEM_VIEWS_H
#define XMEM_VIEWS_H

#include "ledger/ledger.h"

/* A session has a ledger, and caps: its views, and the host's among them. -ENOMEM. */
int views_init(struct xmem_domain *d);
void views_free(struct xmem_domain *d);
/* 0, or -EOPNOTSUPP where there are none; a text. */
int views_usable(struct xmem_domain *d);
/* The caller's view; view 0 is one. -ENOENT; a text. */
int view_find(struct xmem_domain *d, uint16_t id, struct view **out);
int view_check_vcpu(struct xmem_domain *d, uint32_t vcpu);
int view_add(struct xmem_domain *d, uint16_t id, struct view **out);
void view_forget(struct xmem_domain *d, struct view *v);
int views_ensure_on(struct xmem_domain *d);
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
int view_make(struct xmem_domain *d, uint8_t rights, enum view_use use, views_room_fn *make_room,
              struct view **out);
/* visible.c: can views be hidden here? The others return what the hypervisor answers. */
bool views_can_hide(const struct xmem_domain *d);
int view_set_shown(struct xmem_domain *d, struct view *v, bool visible);
/*
 * All vCPUs. Xen switches them to visible views only (p2m_switch_domain_altp2m_by_id()): one
 * that is hidden, by whomever, is shown for that moment.
 */
int view_switch_all(struct xmem_domain *d, uint16_t id);
/* A switch back to a view that failed is tried again by later calls, or need not be any more. */
void view_owe_switch(struct xmem_domain *d, uint16_t id, bool owed);
/* Views that were there before; the first failure, with its text. */
int views_show_again(struct xmem_domain *d);
/* So that gfn shows the host's frame of to (rights/remap.h), noted and with a text; the gfn's rights in the view are new ones then. */
int view_show(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);

/* ---- pages.c ---- */

/* The i-th page that was added is none any more. */
void page_forget(struct xmem_domain *d, size_t i);
/* Pages that the session added have no rights at their own gfns in this view; the host's while monitoring. */
int view_shut_pages(struct xmem_domain *d, struct view *v);

/* ---- what this room gives the ledger ---- */

/* Pages that the session added; copies, which go first; views. */
extern const struct ledger_kind views_pages, views_copies, views_all;

#endif
