/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What policies call beyond <xmem.h>. */
#include "api/api.h"

#include "events/events.h"
#include "views/views.h"

#include <errno.h>

_Static_assert(SESSION_THERE_MAX == PAGES_THERE_MAX, "the same");

uint64_t xmi_session_number(const struct xmem_domain *d)
{
    return d->number;
}

int xmi_session_pages_there(struct xmem_domain *d, uint64_t gfn, uint32_t nr, bool *there)
{
    return xmi_pages_there(d, gfn, nr, there);
}

int xmi_session_check_event(struct xmem_domain *d, const struct xmem_event *ev)
{
    return xmi_event_check(d, ev);
}

int xmi_session_drop(struct xmem_domain *d, const struct xmem_event *ev, bool strict)
{
    return xmi_event_drop(d, ev, strict);
}

int xmi_session_denied(struct xmem_domain *d, const struct xmem_event *ev, uint32_t *past)
{
    return xmi_event_denied(d, ev, past);
}

int xmi_session_length_on_arm(struct xmem_domain *d, const struct xmem_event *ev, uint32_t *bytes)
{
    return xmi_event_length_on_arm(d, ev, bytes);
}

int xmi_session_deny_fetch(struct xmem_domain *d, const struct xmem_event *ev)
{
    return xmi_event_deny_fetch(d, ev);
}

int xmi_session_say(struct xmem_domain *d, int code, const char *text)
{
    return xmi_domain_refuse(d, code, "%s", text);
}

int xmi_session_out_of_memory(struct xmem_domain *d)
{
    return xmi_domain_refuse(d, -ENOMEM, "out of memory");
}

int xmi_session_discard_page(struct xmem_domain *d, uint64_t gfn)
{
    return xmi_page_discard(d, gfn);
}

int xmi_session_keep_copy(struct xmem_domain *d, const struct session_copy *c)
{
    struct new_copy copy = {c->view, c->gfn, c->page, c->original, c->contents, c->patched};
    return xmi_copies_keep(d, &copy);
}

uint64_t xmi_session_patch_hits(const struct xmem_domain *d)
{
    return d->stats.patch_hits;
}
