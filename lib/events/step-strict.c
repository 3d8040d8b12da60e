/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strict steps: by no means that lets accesses through which nobody answered for. Where there is
 * no other the event stays open, and with it the vCPU where it is.
 */
#include "events/step.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define TOO_WIDE (XMEM_PASSES_OTHERS | XMEM_PASSES_AGAIN)

bool xmi_step_barred(struct xmem_domain *d, const struct step *s, uint32_t means)
{
    return (s->failed & means) || (s->strict && (xmi_step_passes(d, means) & TOO_WIDE));
}

static const char *passes_text(uint32_t passes)
{
    switch (passes & TOO_WIDE) {
    case TOO_WIDE: return "accesses of other vCPUs and further ones of this vCPU";
    case XMEM_PASSES_AGAIN: return "further accesses of this vCPU";
    default: return "accesses of other vCPUs";
    }
}

/* The first that is there is the one that would have been taken. */
static uint32_t too_wide(struct xmem_domain *d, uint32_t means, const char **name)
{
    static const struct {
        uint32_t means;
        const char *name;
    } all[] = {
        {XMEM_STEP_VIEW, "in a view"},
        {XMEM_STEP_EMULATE, "by emulation"},
        {XMEM_STEP_SINGLE, "by single step"},
        {XMEM_STEP_RELAX, "by relaxing"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        *name = all[i].name;
        if ((means & all[i].means) && (xmi_step_passes(d, all[i].means) & TOO_WIDE))
            return all[i].means;
    }
    return 0;
}

int xmi_step_refuse(struct xmem_domain *d, const struct event *ev, uint32_t means)
{
    const struct step *s = &vcpu_of(d, ev)->step;
    const char *name = NULL;
    uint32_t wide = s->strict ? too_wide(d, means & ~s->failed, &name) : 0;
    if (!wide)
        return xmi_domain_refuse(d, -EOPNOTSUPP,
                                 "vCPU %" PRIu32 " cannot be stepped over gfn 0x%" PRIx64
                                 ": none of the means allowed can do it",
                                 ev->pub.vcpu, ev->pub.u.mem.gfn);
    return xmi_domain_refuse(d, -EOPNOTSUPP,
                             "vCPU %" PRIu32 " cannot be stepped over gfn 0x%" PRIx64
                             " strictly: it could be %s, but %s to the page would pass meanwhile",
                             ev->pub.vcpu, ev->pub.u.mem.gfn, name,
                             passes_text(xmi_step_passes(d, wide)));
}

int xmi_step_tell_again(struct xmem_domain *d, struct event *ev)
{
    const struct step_pages *p = &vcpu_of(d, ev)->step.pages;
    const struct step_page *page = &p->v[p->n - 1];
    ev->pub.reason = XMEM_EVENT_MEM_ACCESS;
    ev->pub.view = ev->home;
    ev->pub.u.mem = (struct xmem_event_mem){.gfn = page->gfn, .access = page->need};
    vcpu_of(d, ev)->attention = true; /* any answer but stepping over it ends the step */
    return 0;
}
