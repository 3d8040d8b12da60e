/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/steps.h>
#include <xm/rights.h>

static uint32_t find(const struct xm_pv_armed *a, const struct xm_pv_armed_frame *frame)
{
    uint32_t i = 0;

    while (i < a->n && (a->frame[i].mfn != frame->mfn || a->frame[i].at != frame->at))
        i++;
    return i;
}

void xm_pv_disarm_all(struct xm_pv_armed *a)
{
    a->n = 0;
    a->step = false;
}

void xm_pv_armed_begin(struct xm_pv_armed *a, uint64_t ip, uint64_t sp)
{
    if (a->ip != ip || a->sp != sp)
        xm_pv_disarm_all(a);
    a->ip = ip;
    a->sp = sp;
}

void xm_pv_arm(struct xm_pv_armed *a, uint64_t ip, uint64_t sp,
               const struct xm_pv_armed_frame *frame)
{
    uint32_t i;

    xm_pv_armed_begin(a, ip, sp);
    i = find(a, frame);
    if (i == XM_PV_ARMED) /* told again, it is armed for the last ones */
        i = a->n = 0;
    if (i == a->n) {
        a->frame[i] = *frame;
        a->n++;
    }
    if (a->frame[i].stamp != frame->stamp)
        a->frame[i].what = 0;
    a->frame[i].stamp = frame->stamp;
    a->frame[i].what |= frame->what;
    if ((frame->what & XM_DO_W) != 0)
        a->frame[i].exact = frame->exact;
}

bool xm_pv_is_armed(const struct xm_pv_armed *a, uint64_t ip, uint64_t sp,
                    const struct xm_pv_armed_frame *frame)
{
    uint32_t i = find(a, frame);
    uint8_t may;

    if (i == a->n || a->ip != ip || a->sp != sp || a->frame[i].stamp != frame->stamp)
        return false;
    may = a->frame[i].what;
    if ((may & XM_DO_W) != 0 && a->frame[i].exact == frame->exact)
        may |= XM_DO_R;
    return (frame->what & ~may) == 0;
}

void xm_pv_disarm(struct xm_pv_armed *a, const struct xm_pv_armed_frame *frame)
{
    uint32_t i = find(a, frame);

    if (i < a->n)
        a->frame[i] = a->frame[--a->n];
}
