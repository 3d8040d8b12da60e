/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Large leaves under the gfns of views. */
#ifndef XMEM_LEAF_H
#define XMEM_LEAF_H

#include "rights/runs.h"
#include "session/domain.h"

/* Before these gfns are set or remapped in a view, so that their neighbours keep its default. */
int view_leaf_before_set(struct xmem_domain *d, const struct view *v, const struct runs *list);
/* Before a view's gfn loses its entry, so that a new one does not cover its neighbours. */
int view_leaf_before_undo(struct xmem_domain *d, uint64_t gfn);
/* These gfns were set in the host view: its leaves are small there. */
void view_leaf_note(struct xmem_domain *d, uint64_t gfn, uint64_t nr);

#endif
