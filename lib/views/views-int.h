/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this room keeps of a session. */
#ifndef XMEM_VIEWS_INT_H
#define XMEM_VIEWS_INT_H

#include "views/views.h"

struct view_set {
    bool unwanted;  /* views are on, for one that could not be made */
    bool back_owed; /* a switch back to this view */
    uint16_t back_to;
    uint64_t page_next;       /* where the next page is tried; 0: not known yet */
    struct arena_list pages;  /* that were added: struct added */
    struct arena_list copied; /* of copies: struct ledger_guard */
};

static inline struct added *page_at(const struct xmem_domain *d, size_t i)
{
    return list_at(&d->view_set->pages, i);
}

#endif
