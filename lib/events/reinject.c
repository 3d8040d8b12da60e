/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exceptions that an event took from the guest, given back. */
#include "events/events-int.h"
#include "base/base.h"
#include "rights/rights.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define VECTOR_DEBUG 1u
#define VECTOR_BREAKPOINT 3u
#define VECTOR_UNDEFINED 6u
#define TYPE_HARDWARE_EXCEPTION 3u
#define TYPE_SOFTWARE_EXCEPTION 6u
#define NO_ERROR_CODE UINT32_MAX
#define INT3 0xccu
#define PATCH_BYTES 16u /* what is longer is no breakpoint */

int xmi_event_inject(struct xmem_domain *d, const struct event *ev)
{
    const struct xmem_event_debug *e = &ev->pub.u.debug;
    bool debug = ev->pub.reason == XMEM_EVENT_DEBUG;
    const struct backend_exception x = {
        .vector = debug ? VECTOR_DEBUG : VECTOR_BREAKPOINT,
        .type = debug ? (uint8_t)e->type : TYPE_SOFTWARE_EXCEPTION,
        .insn_len = (uint8_t)e->insn_length,
        .error_code = NO_ERROR_CODE,
        .extra = debug ? e->pending_dbg : 0,
    };
    int rc = d->ops->vcpu_inject ? d->ops->vcpu_inject(d->dom, ev->pub.vcpu, &x) : -EOPNOTSUPP;
    if (!rc)
        return 0;
    return xmi_domain_fail(d, rc, MAY_BUSY,
                           "vCPU %" PRIu32 ": vector %u cannot be given to the guest%s",
                           ev->pub.vcpu, x.vector, rc == -EBUSY ? ": another one is pending" : "");
}

/* What the guest has without the monitor (hvm_emulate_one_vm_event()). */
int xmi_event_inject_undefined(struct xmem_domain *d, const struct event *ev)
{
    const struct backend_exception x = {
        .vector = VECTOR_UNDEFINED, .type = TYPE_HARDWARE_EXCEPTION, .error_code = NO_ERROR_CODE};
    int rc = d->ops->vcpu_inject ? d->ops->vcpu_inject(d->dom, ev->pub.vcpu, &x) : -EOPNOTSUPP;
    if (!rc)
        return 0;
    return xmi_domain_fail(d, rc, MAY_BUSY,
                           "vCPU %" PRIu32 ": its instruction cannot be emulated, and "
                           "the exception for that cannot be given to the guest",
                           ev->pub.vcpu);
}

/* The first patched gfn that is not below gfn. */
static size_t patch_at(const struct events *e, uint64_t gfn)
{
    size_t lo = 0, hi = e->patched_n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (e->patched[mid] < gfn)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool patched(const struct xmem_domain *d, uint64_t gfn)
{
    const struct events *e = events_of(d);
    size_t i = patch_at(e, gfn);
    return i < e->patched_n && e->patched[i] == gfn;
}

/* A breakpoint among so few bytes, or NULL. */
static const uint8_t *int3_in(const uint8_t *bytes, size_t n)
{
    return n && n <= PATCH_BYTES ? memchr(bytes, INT3, n) : NULL;
}

int xmi_event_prepare_write(struct xmem_domain *d, const uint8_t *bytes, size_t n)
{
    struct events *e = events_of(d);
    if (!int3_in(bytes, n) ||
        !xmi_array_room((void **)&e->patched, e->patched_n, &e->patched_cap, sizeof(*e->patched)))
        return 0;
    return xmi_domain_refuse(d, -ENOMEM, "out of memory");
}

void xmi_event_note_write(struct xmem_domain *d, uint64_t gpa, const uint8_t *bytes, size_t n)
{
    struct events *e = events_of(d);
    const uint8_t *at = int3_in(bytes, n);
    uint64_t gfn = at ? (gpa + (uint64_t)(at - bytes)) / PAGE_BYTES : 0;
    size_t i = patch_at(e, gfn);
    if (!at || (i < e->patched_n && e->patched[i] == gfn))
        return;
    memmove(&e->patched[i + 1], &e->patched[i], (e->patched_n - i) * sizeof(*e->patched));
    e->patched[i] = gfn;
    e->patched_n++;
}

bool xmi_event_is_guests(const struct xmem_domain *d, const struct event *ev, uint16_t view)
{
    const struct view *v = domain_view(d, view);
    uint64_t gfn = ev->pub.u.debug.gfn;
    return !patched(d, gfn) && !(v && xmi_view_remapped(v, gfn));
}

bool xmi_event_still_there(struct xmem_domain *d, struct event *ev)
{
    struct xmem_regs regs = XMEM_INIT(regs);
    void *page;
    if ((d->quirks & QUIRK_CODE_ELSEWHERE) || ev->pub.u.debug.insn_length != 1 ||
        !d->ops->page_map || d->ops->page_map(d->dom, ev->pub.u.debug.gfn, &page))
        return true;
    xmi_ring_regs_decode(ring_of(d), xmi_event_data(d, ev), &regs);
    uint8_t byte = ((const uint8_t *)page)[regs.u.x86.rip % PAGE_BYTES];
    d->ops->page_unmap(d->dom, page);
    return byte == INT3;
}

/* Nothing is asked of the view: below a breakpoint of the session's there may be the guest's. */
int xmi_event_reinject(struct xmem_domain *d, struct event *ev)
{
    if (!xmi_event_still_there(d, ev)) { /* somebody took it away */
        xmi_event_answer(d, ev, 0);
        return 0;
    }
    if (!(d->caps.replies & (1u << XMEM_REPLY_REINJECT)) || patched(d, ev->pub.u.debug.gfn)) {
        xmi_event_skip(d, ev, ev->pub.u.debug.insn_length);
        return 0;
    }
    int rc = xmi_event_inject(d, ev);
    if (!rc)
        xmi_event_answer(d, ev, 0);
    return rc;
}
