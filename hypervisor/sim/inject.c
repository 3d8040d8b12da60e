/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Failures on order. */
#include <string.h>

#include "sim-int.h"

void xmi_sim_inject_errno(struct sim_domain *d, uint64_t nth, int op, int err)
{
    struct sim_injection in = {.nth = nth, .op = op, .err = err < 0 ? -err : err};
    size_t i = 0;

    xmi_sim_enter(d);
    if (nth == 0 || err == 0) {
        memset(d->injection, 0, sizeof(d->injection));
    } else {
        while (i < SIM_INJECTIONS - 1 && d->injection[i].nth != 0)
            i++;
        d->injection[i] = in;
    }
    xmi_sim_leave(d);
}

void xmi_sim_inject_by(struct sim_domain *d, sim_inject_fn fn, void *ctx)
{
    xmi_sim_enter(d);
    d->inject = fn;
    d->inject_ctx = ctx;
    xmi_sim_leave(d);
}

void xmi_sim_watch_by(struct sim_domain *d, sim_watch_fn fn, void *ctx)
{
    xmi_sim_enter(d);
    d->watch = NULL;
    xmi_sim_leave(d);
    d->watch_ctx = ctx;
    d->watch = fn;
}

int xmi_sim_inject_take(struct sim_domain *d, int op)
{
    int rc = sim_inject_ask(d, op);

    for (size_t i = 0; i < SIM_INJECTIONS; i++) {
        struct sim_injection *in = &d->injection[i];

        if (in->nth == 0 || (in->op != XM_HC_ANY && in->op != op))
            continue;
        if (--in->nth == 0 && rc == 0)
            rc = -in->err;
    }
    return rc;
}

void xmi_sim_inject_death(struct sim_domain *d, uint64_t events)
{
    xmi_sim_enter(d);
    d->death_at = events != 0 ? d->core.stats.events + events : 0;
    xmi_sim_leave(d);
}

void xmi_sim_break_tlb_flush(struct sim_domain *d, bool broken)
{
    xmi_sim_enter(d);
    d->tlb_broken = broken;
    xmi_sim_leave(d);
}
