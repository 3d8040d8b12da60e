/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What policies must know of a session beyond <xmem.h>. An address is no name for a session:
 * the next one may lie where a closed one lay.
 */
#ifndef XMEM_SESSION_H
#define XMEM_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <xmem.h>

/* Never 0, and never given again. */
uint64_t session_number(const struct xmem_domain *d);
/*
 * there[i]: the guest has a page at gfn + i. nr is at most SESSION_THERE_MAX. Needs no monitoring.
 * -EIO and so on, with a text.
 */
#define SESSION_THERE_MAX 1024u
int session_pages_there(struct xmem_domain *d, uint64_t gfn, uint32_t nr, bool *there);
/*
 * Does the event wait for its answer in this session? 0, or what answering it would say:
 * -EINVAL none of its events, -EALREADY, -ESHUTDOWN.
 */
int session_check_event(struct xmem_domain *d, const struct xmem_event *ev);
/* xmem_event_drop(); strict: where that steps over the access, as XMEM_REPLY_STEP_STRICT has it. */
int session_drop(struct xmem_domain *d, const struct xmem_event *ev, bool strict);

#endif
