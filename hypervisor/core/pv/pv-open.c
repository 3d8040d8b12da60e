/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/pv-open.h>

void xm_pv_open_next(struct xm_pv_open *o, uint64_t mfn)
{
    o->pass = true;
    o->mfn = mfn;
}

static void oldest_goes(struct xm_pv_open *o, struct xm_env_dom *d, xm_pv_take_fn *take)
{
    take(d, o->entry[0].place, o->entry[0].mfn);
    o->n--;
    for (uint32_t i = 0; i < o->n; i++)
        o->entry[i] = o->entry[i + 1];
}

static bool kept(const struct xm_pv_open *o, uint64_t mfn, uint64_t place)
{
    uint32_t i = 0;

    while (i < o->n && (o->entry[i].place != place || o->entry[i].mfn != mfn))
        i++;
    return i < o->n;
}

void xm_pv_open_made(struct xm_pv_open *o, uint64_t mfn, uint64_t place, struct xm_env_dom *d,
                     xm_pv_take_fn *take)
{
    o->pass = false;
    if (kept(o, mfn, place))
        return;
    if (o->n == XM_PV_OPEN_MOST)
        oldest_goes(o, d, take);
    o->entry[o->n++] = (struct xm_pv_open_entry){.mfn = mfn, .place = place};
}

bool xm_pv_open_close(struct xm_pv_open *o, struct xm_env_dom *d, xm_pv_take_fn *take)
{
    bool flush = o->n != 0;

    for (uint32_t i = 0; i < o->n; i++)
        take(d, o->entry[i].place, o->entry[i].mfn);
    o->pass = false;
    o->n = 0;
    return flush;
}
