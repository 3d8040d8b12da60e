/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exceptions into an HVM guest, by the device model's call: libxendevicemodel's interface is
 * stable. inject_event() in xen/arch/x86/hvm/dm.c keeps one for each vCPU; hvm_do_resume() gives
 * it to the guest behind the answer to an event.
 */
#include "backend/xen/backend-xen.h"

bool xmi_xen_can_inject(struct xen_dom *d)
{
    if (!d->api->dm_open || !d->api->dm_close || !d->api->dm_inject)
        return false;
    if (!d->dmod)
        d->dmod = d->api->dm_open(xmi_xen_quiet(), 0);
    return d->dmod;
}

void xmi_xen_inject_close(struct xen_dom *d)
{
    if (d->dmod)
        d->api->dm_close(d->dmod);
    d->dmod = NULL;
}

int xmi_xen_vcpu_inject(void *dom, uint32_t vcpu, const struct backend_exception *e)
{
    struct xen_dom *d = dom;
    if (!xmi_xen_can_inject(d))
        return -EOPNOTSUPP;
    return xen_rc(d, d->api->dm_inject(d->dmod, (uint16_t)d->domid, (int)vcpu, e->vector, e->type,
                                       e->error_code, e->insn_len, e->extra));
}
