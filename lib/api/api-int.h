/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this room keeps of a session; the end of monitoring and of sessions. */
#ifndef XMEM_API_INT_H
#define XMEM_API_INT_H

#include "api/api.h"
#include "session/session.h"

/* What monitoring needs of a session. */
struct monitoring {
    bool unfinished; /* disabling, which failed */
    bool ring_stays; /* not enabled, and the ring that could not be ended is on */
    bool held;       /* paused for the end of monitoring, but for moments */
    bool not_held;   /* such a moment did not come, or did not end */
    uint64_t hypercalls_before;
};

/*
 * As found. Both do all they can, and return the first failure with its text; what is left
 * is in the ledger, and the same call goes on with it.
 */
int xmi_domain_stop(struct xmem_domain *d); /* off, and all restored but pages and pauses */
int xmi_domain_end(struct xmem_domain *d);  /* everything */

/* What a closed session left undone, by another try: 0, or it stays left and err says why. */
int xmi_domain_settle(struct xmem *x, uint32_t domid, struct xmem_error *err);
void xmi_domain_settle_all(struct xmem *x);
/* The domain was brought back by other means: nothing of it is left. */
void xmi_domain_forget_left(struct xmem *x, uint32_t domid);

#endif
