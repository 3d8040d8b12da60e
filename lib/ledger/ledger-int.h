/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the ledger keeps of a session. */
#ifndef XMEM_LEDGER_INT_H
#define XMEM_LEDGER_INT_H

#include "ledger/ledger.h"

struct ledger {
    struct arena arena;
    struct arena_list vcpus;                /* as in d->led */
    const struct ledger_kind *const *kinds; /* of what is undone */
    uint32_t own_pauses;                    /* the library's own, not undone */
    uint32_t lifted;                        /* of the caller's, for a moment; d->pauses has them */
    uint32_t holds;                         /* by xmi_domain_hold(), not let go */
};

#endif
