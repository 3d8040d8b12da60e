/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies of pages that views show in the place of the originals, patched. As long as there are any,
 * a write of the guest to the original's gfn is an event in every view, also where the rights that
 * are wanted allow it: those that are in force are narrower (guards.h), and known has the
 * wanted ones. Such an event is the library's own. The instruction is stepped over, writes into the
 * original wherever it runs, and ends with an event; what changed is then in the copies before the
 * vCPU goes on, but for the patches.
 */
#ifndef XMEM_COPIES_H
#define XMEM_COPIES_H

#include "rights/guards.h"
#include "session/domain.h"

/* ---- what changes around them; 0, or a failure with its text ---- */

/* A new view. */
int copies_guard_view(struct xmem_domain *d, struct view *v);
int copies_view_gone(struct xmem_domain *d, uint16_t view);
int copies_page_gone(struct xmem_domain *d, uint64_t page);
/* gfn shows to in the view now. */
int copies_remapped(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t to);
/* The tool wrote: into a copy, that is a patch; into an original, it is carried over. */
int copies_tool_wrote(struct xmem_domain *d, uint64_t gpa, const void *bytes, size_t len);
/* The session's views go. What could not be undone stays, for the next try. */
int copies_end(struct xmem_domain *d);
void copies_free(struct xmem_domain *d);

/* ---- for steps (events/step-copies.c); only where there are copies ---- */

#define COPIES_ALL UINT64_MAX

/* At all copies of the gfn, or of all: what was written is carried over. The first failure. */
int copies_look(struct xmem_domain *d, uint64_t gfn);
/* What is written in the view may land in the copies that it shows at gfn. */
void copies_note_open(struct xmem_domain *d, uint16_t view, uint64_t gfn);
/* In force is what there is to be in the view, guarded or not. */
int copies_put_in_force(struct xmem_domain *d, struct view *v, uint64_t gfn);
/* Does the page show the original in a step view, instead of what origin shows? */
bool copies_unhook(const struct xmem_domain *d, uint16_t origin, uint64_t gfn, uint32_t need);

#endif
