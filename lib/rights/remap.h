/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What views show at gfns, as hypercalls; views/view.c says what they are to show. */
#ifndef XMEM_REMAP_H
#define XMEM_REMAP_H

#include "session/domain.h"

/* Of the gfn in v->remaps, or remaps.n. */
size_t remap_index(const struct view *v, uint64_t gfn);
/* Has the view a frame of its own for this gfn? */
bool view_remapped(const struct view *v, uint64_t gfn);
/* The rights that were set or, of what was not, the view's default. */
uint8_t view_meant(const struct view *v, uint64_t gfn);
/* The entry is a new one: what was meant for it is gone, and set again. */
int view_rights_again(struct xmem_domain *d, struct view *v, uint64_t gfn);
/* By hypercalls, so that gfn shows the host's frame of to; XMEM_GFN_UNDO. No text, not noted. */
int view_remap(struct xmem_domain *d, struct view *v, uint64_t gfn, uint64_t to);

#endif
