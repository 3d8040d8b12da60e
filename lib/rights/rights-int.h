/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this room keeps of a session. */
#ifndef XMEM_RIGHTS_INT_H
#define XMEM_RIGHTS_INT_H

#include "rights/access.h"

#define SEND_FEW 64u

struct rights {
    struct xmem_batch *batches;
    uint64_t *buf_gfns; /* buffers of one hypercall, kept; */
    uint8_t *buf_rights;
    uint32_t buf_cap;
    uint64_t few_gfns[SEND_FEW]; /* these, where there is no memory for larger ones */
    uint8_t few_rights[SEND_FEW];
    struct known split; /* by gfn >> 9: parts of the host view that have no large leaf */
    bool puts_back;     /* rights are being put back: feed.h */
    bool splitting;     /* a large leaf of the host view is being split */
    bool as_said;       /* they are set as a step needs them: domain_force_open() */
};

#endif
