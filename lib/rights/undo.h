/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this room gives the ledger. */
#ifndef XMEM_RIGHTS_UNDO_H
#define XMEM_RIGHTS_UNDO_H

#include "ledger/ledger.h"

/* The default; rights of the host view; access_required. The first ends what is restored before it. */
extern const struct ledger_kind rights_default, rights_host, rights_required;

/* A view's rights as they were found. */
void rights_undo(struct xmem_domain *d, struct view *v, struct outcome *o);
/* Is something else in force than was found, or may it be? */
bool rights_changed_in(const struct view *v, uint8_t byte);
/* The same for known_each(); arg is the view. */
int rights_stop_at_changed(void *arg, uint64_t gfn, uint64_t nr, uint8_t byte);

#endif
