/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulates one instruction of a PV guest: for EMULATE answers, and for rights that no shadow entry can
 * express (w, x, wx). No shadow entry is made for it, so no other vCPU can use one. Operands are found
 * by walking the guest's page tables and are checked against them, and against the rights of all frames
 * that no answer covers. Not supported: FPU, SSE and AVX, privileged instructions, other domains' frames.
 */
#include "priv.h"

#include <asm/msr.h>
#include <asm/x86_emulate.h>
#include "../../pv/emulate.h"

#if XMEM_XEN_MINOR < 20
#define HW_EXCEPTION X86_EVENTTYPE_HW_EXCEPTION
#define PAGE_FAULT TRAP_page_fault
#define inject_single_step() pv_inject_hw_exception(TRAP_debug, X86_EVENT_NO_EC)
#else
#define HW_EXCEPTION X86_ET_HW_EXC
#define PAGE_FAULT X86_EXC_PF
#define inject_single_step() pv_inject_DB(X86_DR6_BS)
#endif

struct emulation {
    struct vcpu *v;
    const struct cpu_user_regs *regs;
    bool stops; /* a frame's rights forbid an access, in *stop: */
    struct xm_pv_todo *stop;
};

/* The part of an access that lies in one frame. */
struct piece {
    struct xmem_walk walk;
    struct page_info *page;
    void *p;
    unsigned int bytes;
    bool write;
};

static void piece_put(struct piece *p)
{
    unmap_domain_page(p->p);
    if (p->write) {
        paging_mark_dirty(current->domain, page_to_mfn(p->page));
        put_page_type(p->page);
    }
    put_page(p->page);
    xmem_walk_put(current, &p->walk);
}

static bool violates(struct emulation *e, unsigned long mfn, unsigned long va, uint8_t what)
{
    const struct xm_pv_ask ask = {
        .mfn = mfn,
        .va = va,
        .va_valid = true,
        .ip = e->regs->rip,
        .sp = e->regs->rsp,
        .offset = va & ~PAGE_MASK,
        .what = what,
        .who = XM_PV_BY_GUEST,
        .guest_allows = true,
    };

    e->stops = !xm_pv_piece(&e->v->domain->arch.pv.xmem->pv, &xmem_vcpu(e->v)->pv, &ask, e->stop);
    return e->stops;
}

/* Takes a reference on the frame, and a writable type if it is to be written. */
static bool frame_get(struct domain *d, struct piece *p)
{
    p->page = get_page_from_mfn(_mfn(p->walk.mfn), d);
    if (!p->page)
        return false;
    if (!p->write || get_page_type(p->page, PGT_writable_page))
        return true;
    put_page(p->page);
    return false;
}

static int piece_find(struct emulation *e, unsigned long va, uint8_t what, struct piece *p,
                      struct x86_emulate_ctxt *ctxt)
{
    xmem_walk_hold(e->v, va,
                   PFEC_user_mode | (what == XM_DO_W ? PFEC_write_access : 0) |
                       (what == XM_DO_X ? PFEC_insn_fetch : 0),
                   &p->walk);
    if (!p->walk.allowed) {
        x86_emul_pagefault(p->walk.fault, va, ctxt);
        return X86EMUL_EXCEPTION;
    }
    if (violates(e, p->walk.mfn, va, what))
        return X86EMUL_RETRY;
    return frame_get(e->v->domain, p) ? X86EMUL_OKAY : X86EMUL_UNHANDLEABLE;
}

static int piece_get(struct emulation *e, unsigned long va, unsigned int bytes, uint8_t what,
                     struct piece *p, struct x86_emulate_ctxt *ctxt)
{
    int rc;

    /* The guest's root table maps Xen's own area as well. */
    if (!__addr_ok(va))
        return X86EMUL_UNHANDLEABLE;
    p->write = what == XM_DO_W;
    p->bytes = bytes;
    rc = piece_find(e, va, what, p, ctxt);
    if (rc == X86EMUL_OKAY)
        p->p = (char *)map_domain_page(page_to_mfn(p->page)) + (va & ~PAGE_MASK);
    else
        xmem_walk_put(e->v, &p->walk);
    return rc;
}

/* A naturally aligned operand is read and written in one access, as a processor does it. */
static void move(void *to, const void *from, unsigned int bytes)
{
    bool natural = !(((unsigned long)to | (unsigned long)from) & (bytes - 1));

    if (bytes == 8 && natural)
        ACCESS_ONCE(*(uint64_t *)to) = ACCESS_ONCE(*(const uint64_t *)from);
    else if (bytes == 4 && natural)
        ACCESS_ONCE(*(uint32_t *)to) = ACCESS_ONCE(*(const uint32_t *)from);
    else if (bytes == 2 && natural)
        ACCESS_ONCE(*(uint16_t *)to) = ACCESS_ONCE(*(const uint16_t *)from);
    else
        memcpy(to, from, bytes);
}

/* Transfers all, or nothing if the guest has changed its page tables meanwhile. */
static int transfer(struct piece *p, unsigned int n, char *data, bool write)
{
    unsigned int i;
    int rc = X86EMUL_OKAY;

    local_irq_disable();
    for (i = 0; i < n && rc == X86EMUL_OKAY; i++)
        if (!xmem_walk_use(&p[i].walk, write))
            rc = X86EMUL_RETRY;
    for (i = 0; i < n && rc == X86EMUL_OKAY; data += p[i++].bytes) {
        if (write)
            move(p[i].p, data, p[i].bytes);
        else
            move(data, p[i].p, p[i].bytes);
    }
    local_irq_enable();
    return rc;
}

/* Finds both frames of an access before it touches either. */
static int copy(struct emulation *e, unsigned long va, char *data, unsigned int bytes, uint8_t what,
                struct x86_emulate_ctxt *ctxt)
{
    unsigned int room = PAGE_SIZE - (va & ~PAGE_MASK), n = 0;
    struct piece p[2];
    int rc;

    if (bytes == 0 || bytes > PAGE_SIZE)
        return X86EMUL_UNHANDLEABLE;
    rc = piece_get(e, va, min(bytes, room), what, &p[n], ctxt);
    if (rc == X86EMUL_OKAY)
        n++;
    if (rc == X86EMUL_OKAY && bytes > room) {
        rc = piece_get(e, va + room, bytes - room, what, &p[n], ctxt);
        n += rc == X86EMUL_OKAY;
    }
    if (rc == X86EMUL_OKAY)
        rc = transfer(p, n, data, what == XM_DO_W);
    while (n > 0)
        piece_put(&p[--n]);
    return rc;
}

/* The emulator leaves segment bases to its callbacks; in 64-bit mode only FS and GS have one. */
static unsigned long linear(enum x86_segment seg, unsigned long offset)
{
    return offset + (seg == x86_seg_fs ? read_fs_base() : seg == x86_seg_gs ? read_gs_base() : 0);
}

static int cf_check do_read(enum x86_segment seg, unsigned long offset, void *data,
                            unsigned int bytes, struct x86_emulate_ctxt *ctxt)
{
    if (!is_x86_user_segment(seg))
        return X86EMUL_UNHANDLEABLE;
    return copy(ctxt->data, linear(seg, offset), data, bytes, XM_DO_R, ctxt);
}

static int cf_check do_fetch(unsigned long offset, void *data, unsigned int bytes,
                             struct x86_emulate_ctxt *ctxt)
{
    /* A jump fetches no bytes of its target; the next fetch checks it. */
    return bytes == 0 ? X86EMUL_OKAY : copy(ctxt->data, offset, data, bytes, XM_DO_X, ctxt);
}

static int cf_check do_write(enum x86_segment seg, unsigned long offset, void *data,
                             unsigned int bytes, struct x86_emulate_ctxt *ctxt)
{
    if (!is_x86_user_segment(seg))
        return X86EMUL_UNHANDLEABLE;
    return copy(ctxt->data, linear(seg, offset), data, bytes, XM_DO_W, ctxt);
}

#define CMPXCHG(type, p, old, new) \
    ({ \
        type o = *(type *)(old), n = *(type *)(new); \
        type was = cmpxchg((type *)(p), o, n); \
        bool same = was == o; \
        *(type *)(old) = was; \
        same; \
    })

static bool exchange(void *p, void *old, void *new, unsigned int bytes)
{
    switch (bytes) {
    case 1: return CMPXCHG(uint8_t, p, old, new);
    case 2: return CMPXCHG(uint16_t, p, old, new);
    case 4: return CMPXCHG(uint32_t, p, old, new);
    default: return CMPXCHG(uint64_t, p, old, new);
    }
}

static int cf_check do_cmpxchg(enum x86_segment seg, unsigned long offset, void *old, void *new,
                               unsigned int bytes, bool lock, struct x86_emulate_ctxt *ctxt)
{
    unsigned long va = linear(seg, offset);
    struct piece p;
    int rc;

    /* An unaligned operand, which may cross into another frame, is not supported. */
    if (!is_x86_user_segment(seg) || bytes == 0 || bytes > 8 || (bytes & (bytes - 1)) ||
        (va & (bytes - 1)))
        return X86EMUL_UNHANDLEABLE;
    rc = piece_get(ctxt->data, va, bytes, XM_DO_W, &p, ctxt);
    if (rc != X86EMUL_OKAY)
        return rc;
    local_irq_disable();
    if (!xmem_walk_use(&p.walk, true))
        rc = X86EMUL_RETRY;
    else if (!exchange(p.p, old, new, bytes))
        rc = X86EMUL_CMPXCHG_FAILED;
    local_irq_enable();
    piece_put(&p);
    return rc;
}

/* In 64-bit mode all bases but those of FS and GS are 0. */
static int cf_check do_segment(enum x86_segment seg, struct segment_register *reg,
                               struct x86_emulate_ctxt *ctxt)
{
    if (!is_x86_user_segment(seg))
        return X86EMUL_UNHANDLEABLE;
    *reg = (struct segment_register){
        .base = seg == x86_seg_fs   ? read_fs_base()
                : seg == x86_seg_gs ? read_gs_base()
                                    : 0,
        .limit = ~0U,
        .type = seg == x86_seg_cs ? 0xb : 0x3,
        .l = seg == x86_seg_cs,
        .db = seg != x86_seg_cs,
        .s = 1,
        .dpl = 3,
        .p = 1,
        .g = 1,
    };
    return X86EMUL_OKAY;
}

/* The emulator calls get_fpu first, and put_fpu even if that was refused. */
static int cf_check no_fpu(enum x86_emulate_fpu_type type, struct x86_emulate_ctxt *ctxt)
{
    return X86EMUL_UNHANDLEABLE;
}

static void cf_check no_fpu_end(struct x86_emulate_ctxt *ctxt, enum x86_emulate_fpu_type backout,
                                const struct x86_emul_fpu_aux *aux)
{
}

static const struct x86_emulate_ops ops = {
    .read = do_read,
    .insn_fetch = do_fetch,
    .write = do_write,
    .cmpxchg = do_cmpxchg,
    .read_segment = do_segment,
    .get_fpu = no_fpu,
    .put_fpu = no_fpu_end,
};

/* Segment limits are not checked here, so a 32-bit process of a 64-bit guest is not emulated. */
static bool in_64_bit(const struct vcpu *v, const struct cpu_user_regs *regs)
{
    unsigned long base, limit;
    unsigned int ar;

    return pv_emul_read_descriptor(regs->cs, v, &base, &limit, &ar, 1) && (ar & _SEGMENT_L);
}

enum xmem_emulation xmem_emulate(struct vcpu *v, struct cpu_user_regs *regs,
                                 struct xm_pv_todo *stop)
{
    struct emulation e = {.v = v, .regs = regs, .stop = stop};
    struct x86_emulate_ctxt ctxt = {
        .regs = regs,
        .addr_size = 64,
        .sp_size = 64,
        .lma = true,
        .data = &e,
    };
    int rc;

    if (!in_64_bit(v, regs))
        return XMEM_CANNOT;
    ctxt.cpu_policy = v->domain->arch.cpu_policy;
    rc = x86_emulate(&ctxt, &ops);
    if (e.stops)
        return XMEM_STOPS;
    if (rc == X86EMUL_EXCEPTION) {
        /* Xen itself carries out a PV guest's privileged instructions: no exception for those. */
        if (ctxt.event.type != HW_EXCEPTION || ctxt.event.vector != PAGE_FAULT)
            return XMEM_CANNOT;
        pv_inject_event(&ctxt.event);
        return XMEM_DONE;
    }
    if (rc == X86EMUL_OKAY && ctxt.retire.singlestep)
        inject_single_step();
    return rc == X86EMUL_OKAY ? XMEM_DONE : rc == X86EMUL_RETRY ? XMEM_RETRY : XMEM_CANNOT;
}
