/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For the rooms above: what policies must know of a session beyond <xmem.h>. An address is no name
 * for a session: the next one may lie where a closed one lay.
 */
#ifndef XMEM_API_H
#define XMEM_API_H

#include <stdbool.h>
#include <stdint.h>
#include <xmem.h>

/* Never 0, and never given again. */
uint64_t xmi_session_number(const struct xmem_domain *d);
/*
 * there[i]: the guest has a page at gfn + i. nr is at most SESSION_THERE_MAX. Needs no monitoring.
 * -EIO and so on, with a text.
 */
#define SESSION_THERE_MAX 1024u
int xmi_session_pages_there(struct xmem_domain *d, uint64_t gfn, uint32_t nr, bool *there);
/*
 * Does the event wait for its answer in this session? 0, or what answering it would say:
 * -EINVAL none of its events, -EALREADY, -ESHUTDOWN.
 */
int xmi_session_check_event(struct xmem_domain *d, const struct xmem_event *ev);
/* xmem_event_drop(); strict: where that steps over the access, as XMEM_REPLY_STEP_STRICT has it. */
int xmi_session_drop(struct xmem_domain *d, const struct xmem_event *ev, bool strict);
/* Of an access that is to be denied by emulation: *past as xmi_event_denied() has it. */
int xmi_session_denied(struct xmem_domain *d, const struct xmem_event *ev, uint32_t *past);
/* As xmi_event_length_on_arm(). */
int xmi_session_length_on_arm(struct xmem_domain *d, const struct xmem_event *ev, uint32_t *bytes);
/* The guest gets an undefined-instruction exception for it (x86, where one can be given to it). */
int xmi_session_deny_fetch(struct xmem_domain *d, const struct xmem_event *ev);

/* code, with this text as the session's. */
int xmi_session_say(struct xmem_domain *d, int code, const char *text);
/* -ENOMEM, with a text where a report may have had no room for one. */
int xmi_session_out_of_memory(struct xmem_domain *d);
/* Made for something that failed: it goes, at once or as soon as that can be. */
int xmi_session_switch_back(struct xmem_domain *d, uint16_t view);
int xmi_session_discard_view(struct xmem_domain *d, uint16_t view);
int xmi_session_discard_page(struct xmem_domain *d, uint64_t gfn);
/*
 * A page that the session added, which the view shows as a patched copy of gfn: from now on it
 * follows what the guest writes into gfn (views/copies.c). Pages of 4096 bytes, copied; patched: 0xff where
 * contents is not the original's, else 0. Monitoring is on. On failure nothing is kept; a text.
 */
struct session_copy {
    uint16_t view;
    uint64_t gfn, page;
    const void *original, *contents, *patched;
};
int xmi_session_keep_copy(struct xmem_domain *d, const struct session_copy *copy);
/* How often the guest wrote where one is patched. */
uint64_t xmi_session_patch_hits(const struct xmem_domain *d);

#endif
