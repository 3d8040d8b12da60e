/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rights in force, of one gfn or of all that nobody set; and batches when sessions end. */
#ifndef XMEM_ACCESS_H
#define XMEM_ACCESS_H

#include "session/domain.h"

/* By a hypercall; a text on failure. */
int domain_ask_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t *rights);
/* Rights of one gfn, past batches and elision; known is not touched. */
int domain_force_rights(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* The same for a step: not narrowed where the gfn is guarded. */
int domain_force_open(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* The same, and what the host view's overwrote in other views stays so. */
int domain_force_alone(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* Its failure rc, with a text. */
int domain_not_forced(struct xmem_domain *d, const struct view *v, uint64_t gfn, uint8_t rights, int rc);
/* What known keeps of a page that was asked for these rights just now, for the first time. */
uint8_t domain_found_byte(const struct xmem_domain *d, const struct view *v, uint8_t rights);
/* Rights of one gfn that are set and known already or not; learnt first. Past elision, of this view alone. */
int domain_set_one(struct xmem_domain *d, struct view *v, uint64_t gfn, uint8_t rights);
/* Sets the default and keeps in mind what that means for the pages. The hypervisor's answer. */
int domain_send_default(struct xmem_domain *d, uint8_t rights);
/* Rights in force were changed. */
static inline void rights_changed(struct xmem_domain *d, uint16_t view, uint64_t gfn, uint64_t nr)
{
    if (d->watched)
        d->watch->rights_changed(d, view, gfn, nr);
}

/* A session has a ledger. -ENOMEM. */
int rights_init(struct xmem_domain *d);
/* It goes; batches that are still there must not touch it. */
void rights_free(struct xmem_domain *d);
/* batch.c: likewise, and the rest is still needed. */
void domain_orphan_batches(struct xmem_domain *d);
/* Monitoring ended: what batches had applied in part is restored, and they begin anew. */
void domain_rewind_batches(struct xmem_domain *d);

#endif
