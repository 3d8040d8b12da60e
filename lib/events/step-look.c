/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen tells by an event what its emulator has not learned, but not what it gives up on
 * (hvm_emulate_one_vm_event(): X86EMUL_UNHANDLEABLE becomes an invalid opcode in the guest), nor what
 * it does otherwise than the processor. In protected mode, by reading x86_emulate() of 4.17 and 4.20:
 *  - IRET is given up on (fail_if(!in_realmode()));
 *  - far calls, jumps and returns through a gate, or to another level of privilege, end as a general
 *    protection fault (protmode_load_seg()); whether one goes there the descriptor says, so all of
 *    them are left to another means.
 */
#include "base/base.h"
#include "events/step.h"

#include "x86/x86.h"

#include <stdlib.h>
#include <string.h>

#define FLAG_VM 0x20000u
#define KEPT 64u /* instructions that were looked at, 1 << (64 - 58) */

/* ---- the instruction ---- */

static bool is_prefix(uint8_t b, bool is_long)
{
    static const uint8_t legacy[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                     0x66, 0x67, 0xf0, 0xf2, 0xf3};
    return (is_long && (b & 0xf0) == 0x40) || memchr(legacy, b, sizeof(legacy));
}

bool xmi_step_look_never(const uint8_t *code, size_t n, bool is_long)
{
    static const uint8_t never[] = {
        0xcf,       /* iret */
        0xca, 0xcb, /* ret, far */
        0x9a, 0xea, /* call and jmp to a pointer in the instruction; not in 64-bit code */
    };
    size_t i = 0;
    while (i < n && is_prefix(code[i], is_long))
        i++;
    if (i == n)
        return false;
    if (memchr(never, code[i], sizeof(never)))
        return true;
    if (code[i] != 0xff || i + 1 == n)
        return false;
    unsigned which = code[i + 1] >> 3 & 7; /* call and jmp to a pointer in memory */
    return which == 3 || which == 5;
}

/* ---- where it is ---- */

static int read_page(void *arg, uint64_t gpa, void *buf, size_t n)
{
    struct xmem_domain *d = arg;
    void *page;
    int rc = d->ops->page_map(d->dom, gpa / PAGE_BYTES, &page);
    if (rc)
        return rc;
    memcpy(buf, (uint8_t *)page + gpa % PAGE_BYTES, n);
    d->ops->page_unmap(d->dom, page);
    return 0;
}

/*
 * Code segments are taken to begin at 0: in long mode they do, elsewhere nearly always. In real mode
 * and in virtual-8086 mode, where they do not, Xen's emulator does them all; *keep: it is neither.
 */
static bool look(struct xmem_domain *d, struct event *ev, bool *keep)
{
    const struct x86_memory memory = {.read = read_page, .arg = d};
    struct xmem_regs regs = XMEM_INIT(regs);
    const struct xmem_regs_x86 *r = &regs.u.x86;
    uint8_t code[X86_INSN_MAX];
    xmi_ring_regs_decode(ring_of(d), xmi_event_data(d, ev), &regs);
    *keep = (r->cr0 & X86_CR0_PE) && !(r->rflags & FLAG_VM);
    if (!*keep)
        return false;
    size_t n = xmi_x86_read(&memory, r, r->rip, code, sizeof(code));
    return xmi_step_look_never(code, n, r->msr_efer & X86_EFER_LMA);
}

static struct looked *place_of(struct xmem_domain *d, uint64_t rip, uint64_t cr3)
{
    uint64_t hash = (rip ^ cr3) * UINT64_C(0x9e3779b97f4a7c15);
    if (!steps_of(d)->looked)
        steps_of(d)->looked = calloc(KEPT, sizeof(*steps_of(d)->looked));
    return steps_of(d)->looked ? &steps_of(d)->looked[hash >> 58] : NULL;
}

/* Seen before at this place in this address space: that costs neither a hypercall nor a second look. */
bool xmi_step_not_for_xen(struct xmem_domain *d, struct event *ev)
{
    uint64_t rip, cr3;
    if (ring_of(d)->arch != XMEM_ARCH_X86 || (d->quirks & QUIRK_CODE_ELSEWHERE) ||
        !d->ops->page_map)
        return false;
    xmi_ring_regs_where(ring_of(d), xmi_event_data(d, ev), &rip, &cr3);
    struct looked *l = place_of(d, rip, cr3);
    if (l && l->known && l->rip == rip && l->cr3 == cr3)
        return l->never;
    bool keep, never = look(d, ev, &keep);
    if (l && keep)
        *l = (struct looked){.rip = rip, .cr3 = cr3, .known = true, .never = never};
    return never;
}

/* ---- what it refused ---- */

/* Its place in the table; *is: it is there. NULL: no memory, or not on this kind. */
static struct looked *find_looked(struct xmem_domain *d, struct event *ev, uint64_t *rip,
                                  uint64_t *cr3, bool *is)
{
    if (ring_of(d)->arch != XMEM_ARCH_X86)
        return NULL;
    xmi_ring_regs_where(ring_of(d), xmi_event_data(d, ev), rip, cr3);
    struct looked *l = place_of(d, *rip, *cr3);
    *is = l && l->known && l->rip == *rip && l->cr3 == *cr3;
    return l;
}

void xmi_step_note_refusal(struct xmem_domain *d, struct event *ev)
{
    uint64_t rip, cr3;
    bool is;
    struct looked *l = find_looked(d, ev, &rip, &cr3, &is);
    if (l)
        *l = (struct looked){.rip = rip, .cr3 = cr3, .known = true, .never = true};
}

bool xmi_step_was_refused(struct xmem_domain *d, struct event *ev)
{
    uint64_t rip, cr3;
    bool is = false;
    const struct looked *l = steps_of(d)->looked ? find_looked(d, ev, &rip, &cr3, &is) : NULL;
    return l && is && l->never;
}
