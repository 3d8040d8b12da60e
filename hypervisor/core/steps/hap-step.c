/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <xm/steps.h>
#include <xm/rights.h>

/* A frame's rights stand for its stamp: an answer ends where they are others. */
static struct xm_pv_armed_frame frame_of(uint64_t gfn, unsigned what, enum xm_access now)
{
    return (struct xm_pv_armed_frame){.mfn = gfn, .stamp = (uint32_t)now, .what = (uint8_t)what};
}

void xm_hap_answer(struct xm_hap_step *s, enum xm_hap_says says, uint64_t gfn, unsigned what,
                   enum xm_access now)
{
    bool further = s->stopped && says == XM_HAP_SAYS_RESUME;

    s->fresh = says == XM_HAP_SAYS_STEP;
    s->due = s->fresh || further;
    s->stopped = s->trap = false;
    if (s->fresh)
        s->next = frame_of(gfn, what & (XM_DO_R | XM_DO_W | XM_DO_X), now);
    if (!s->due)
        xm_pv_disarm_all(&s->armed);
}

bool xm_hap_begin(struct xm_hap_step *s, uint64_t ip, uint64_t sp)
{
    if (!s->due)
        return false;
    if (s->fresh)
        xm_pv_arm(&s->armed, ip, sp, &s->next);
    else
        xm_pv_armed_begin(&s->armed, ip, sp);
    s->due = s->fresh = s->stopped = false;
    return s->armed.n != 0;
}

bool xm_hap_still(const struct xm_hap_step *s, enum xm_access now)
{
    return xm_rights_violated(now, s->what, false);
}

void xm_hap_again(struct xm_hap_step *s)
{
    s->due = s->armed.n != 0;
}

void xm_hap_ended(struct xm_hap_step *s)
{
    s->due = s->fresh = s->stopped = s->trap = false;
    xm_pv_disarm_all(&s->armed);
}

/* ---- which instructions ---- */

/*
 * IRET is done in real mode only, and far calls, jumps and returns through a gate or to another level of privilege
 * end as a general protection fault; whether they go there the descriptor says. Ports are the
 * device model's, which answers later, and HLT sleeps.
 */
bool xm_hap_not_for_emulator(const uint8_t *code, uint32_t n, bool is_long)
{
    uint32_t i = xm_insn_opcode(code, n, is_long);

    if (i == n)
        return true;
    switch (code[i]) {
    case 0x9a:
    case 0xea: /* call and jmp to a pointer in the instruction */
    case 0xca:
    case 0xcb: /* ret, far */
    case 0xcf: /* iret */
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x6f: /* ins, outs */
    case 0xe4:
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xec:
    case 0xed:
    case 0xee:
    case 0xef: /* in, out */
    case 0xf4: /* hlt */ return true;
    case 0xff: /* call and jmp to a pointer in memory */
        return i + 1 == n || (code[i + 1] >> 3 & 7) == 3 || (code[i + 1] >> 3 & 7) == 5;
    default: return false;
    }
}

/* ---- its accesses ---- */

/* In turn: what turns by itself does so, whatever was answered for another access. */
bool xm_hap_piece(struct xm_hap_step *s, uint64_t gfn, unsigned what, enum xm_access now)
{
    const struct xm_pv_armed_frame frame = frame_of(gfn, what, now);

    if (!xm_rights_violated(now, what, false) ||
        xm_pv_is_armed(&s->armed, s->armed.ip, s->armed.sp, &frame))
        return true;
    s->stopped = true;
    s->gfn = gfn;
    s->what = (uint8_t)what;
    return false;
}

enum xm_hap_next xm_hap_emulated(struct xm_hap_step *s, enum xm_hap_result result)
{
    if (result == XM_HAP_RETRY)
        return s->stopped ? XM_HAP_VIOLATION : XM_HAP_GO_ON;
    s->stopped = false;
    s->trap = result == XM_HAP_CANNOT;
    if (!s->trap)
        xm_pv_disarm_all(&s->armed);
    return result == XM_HAP_NEVER ? XM_HAP_UNIMPLEMENTED : XM_HAP_GO_ON;
}
