/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Intel 64 and IA-32 Architectures SDM", volume 3, chapter 5: paging. */
#include "base/base.h"
#include "x86/x86.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define PRESENT 1u
#define WRITABLE 2u
#define USER 4u
#define LARGE 0x80u
#define NX (UINT64_C(1) << 63)
#define FRAME UINT64_C(0x000ffffffffff000)
#define PSE36 UINT64_C(0x1fe000) /* bits 20 to 13 are 39 to 32 of the address */

/* A table's entry is so many bytes, and chooses so many bits of the address, from `shift` on. */
static int entry(const struct x86_memory *m, uint64_t table, uint64_t linear, unsigned shift,
                 unsigned bits, unsigned bytes, uint64_t *out)
{
    uint64_t value = 0;
    uint64_t index = linear >> shift & ((UINT64_C(1) << bits) - 1);
    int rc = m->read(m->arg, table + index * bytes, &value, bytes);
    if (rc)
        return rc;
    *out = value;
    return value & PRESENT ? 0 : -EFAULT;
}

static uint64_t frame_at(uint64_t frame, uint64_t linear, unsigned shift)
{
    uint64_t in = (UINT64_C(1) << shift) - 1;
    return (frame & FRAME & ~in) | (linear & in);
}

/* A level allows no more than those above it. */
static void narrow(struct x86_place *p, uint64_t e)
{
    p->writable = p->writable && (e & WRITABLE);
    p->user = p->user && (e & USER);
    p->nx = p->nx || (e & NX);
}

/* Two levels of 1024 entries, and pages of 4 MiB. */
static int legacy(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                  struct x86_place *p)
{
    uint64_t e = 0;
    int rc = entry(m, r->cr3 & 0xfffff000u, linear, 22, 10, 4, &e);
    if (rc)
        return rc;
    narrow(p, e);
    if ((e & LARGE) && (r->cr4 & X86_CR4_PSE)) {
        p->gpa = (e & 0xffc00000u) | (e & PSE36) << 19 | (linear & 0x3fffffu);
        return 0;
    }
    rc = entry(m, e & 0xfffff000u, linear, 12, 10, 4, &e);
    narrow(p, e);
    p->gpa = frame_at(e, linear, 12);
    return rc;
}

/* Levels of 512 entries from `shift` on downwards, and pages of 2 MiB and 1 GiB. */
static int wide(const struct x86_memory *m, uint64_t table, uint64_t linear, unsigned shift,
                bool large_1g, struct x86_place *p)
{
    for (;; shift -= 9) {
        uint64_t e = 0;
        int rc = entry(m, table, linear, shift, 9, 8, &e);
        if (rc)
            return rc;
        narrow(p, e);
        if (shift == 12 || ((e & LARGE) && (shift == 21 || (shift == 30 && large_1g)))) {
            p->gpa = frame_at(e, linear, shift);
            return 0;
        }
        table = e & FRAME;
    }
}

/* The four entries at the top are not on a page boundary, and allow all. */
static int pae(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
               struct x86_place *p)
{
    uint64_t e = 0;
    int rc = entry(m, r->cr3 & 0xffffffe0u, linear, 30, 2, 8, &e);
    return rc ? rc : wide(m, e & FRAME, linear, 21, false, p);
}

static bool canonical(uint64_t linear, unsigned bits)
{
    uint64_t above = linear >> (bits - 1);
    return !above || above == UINT64_MAX >> (bits - 1);
}

static int walk(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                struct x86_place *p)
{
    bool la57 = r->cr4 & X86_CR4_LA57;
    if (!(r->cr4 & X86_CR4_PAE))
        return legacy(m, r, linear, p);
    if (!(r->msr_efer & X86_EFER_LMA))
        return pae(m, r, linear, p);
    if (!canonical(linear, la57 ? 57 : 48))
        return -EFAULT;
    return wide(m, r->cr3 & FRAME, linear, la57 ? 48 : 39, true, p);
}

int xmi_x86_translate(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                      struct x86_place *out)
{
    struct x86_place p = {.writable = true, .user = true};
    if (!(r->msr_efer & X86_EFER_LMA))
        linear &= UINT32_MAX;
    p.gpa = linear;
    int rc = r->cr0 & X86_CR0_PG ? walk(m, r, linear, &p) : 0;
    if (!rc)
        *out = p;
    return rc;
}

/* A page of the user's, above it. */
static bool may_reach_user(const struct xmem_regs_x86 *r, uint32_t access)
{
    if (access & X86_FETCH)
        return !(r->cr4 & X86_CR4_SMEP);
    return !(r->cr4 & X86_CR4_SMAP) || (r->rflags & X86_FLAG_AC);
}

bool xmi_x86_may(const struct xmem_regs_x86 *r, const struct x86_place *p, uint32_t access,
                 bool user)
{
    if (!(r->cr0 & X86_CR0_PG))
        return true;
    if (p->nx &&
        (!(r->msr_efer & X86_EFER_NXE) || (access & X86_FETCH))) /* a reserved bit, or NX */
        return false;
    if ((access & X86_WRITE) && !p->writable && (user || (r->cr0 & X86_CR0_WP)))
        return false;
    return user ? p->user : !p->user || may_reach_user(r, access);
}

size_t xmi_x86_read(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                    void *buf, size_t n)
{
    size_t done = 0;
    while (done < n) {
        struct x86_place p = {0};
        size_t part = PAGE_BYTES - (size_t)((linear + done) % PAGE_BYTES);
        if (part > n - done)
            part = n - done;
        if (xmi_x86_translate(m, r, linear + done, &p) ||
            m->read(m->arg, p.gpa, (uint8_t *)buf + done, part))
            break;
        done += part;
    }
    return done;
}
