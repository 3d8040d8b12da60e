/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events other than accesses, for the library's own use. */
#ifndef XMEM_MONITOR_H
#define XMEM_MONITOR_H

#include "session/session.h"

/* Single step; what the hypervisor cannot emulate. */
int xmi_monitor_single_step(struct xmem_domain *d);
int xmi_monitor_emul_unimplemented(struct xmem_domain *d);

#endif
