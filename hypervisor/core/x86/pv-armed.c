/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/pv-armed.h>
#include <xm/rights.h>

#define ALL (XM_DO_R | XM_DO_W | XM_DO_X)

static uint32_t find(const struct xm_pv_armed *a, uint64_t mfn)
{
    uint32_t i = 0;

    while (i < a->n && a->frame[i].mfn != mfn)
        i++;
    return i;
}

void xm_pv_disarm_all(struct xm_pv_armed *a)
{
    a->n = 0;
}

void xm_pv_arm(struct xm_pv_armed *a, uint64_t ip, uint64_t sp, uint64_t mfn, uint8_t what)
{
    uint32_t i;

    if (a->ip != ip || a->sp != sp)
        a->n = 0;
    a->ip = ip;
    a->sp = sp;
    i = find(a, mfn);
    if (i == XM_PV_ARMED) /* told again, it is armed for the last ones */
        i = a->n = 0;
    if (i == a->n) {
        a->frame[i].mfn = mfn;
        a->frame[i].what = 0;
        a->n++;
    }
    a->frame[i].what |= what == 0 ? ALL : what;
    if ((a->frame[i].what & XM_DO_W) != 0)
        a->frame[i].what |= XM_DO_R;
}

bool xm_pv_is_armed(const struct xm_pv_armed *a, uint64_t ip, uint64_t sp, uint64_t mfn,
                    uint8_t what)
{
    uint32_t i = find(a, mfn);

    return i < a->n && a->ip == ip && a->sp == sp && (what & ~a->frame[i].what) == 0;
}

void xm_pv_disarm(struct xm_pv_armed *a, uint64_t mfn)
{
    uint32_t i = find(a, mfn);

    if (i < a->n)
        a->frame[i] = a->frame[--a->n];
}
