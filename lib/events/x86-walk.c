/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Intel 64 and IA-32 Architectures SDM", volume 3, chapter 5: paging. */
#include "base/base.h"
#include "events/x86-walk.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define PRESENT 1u
#define LARGE 0x80u
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

static uint64_t place(uint64_t frame, uint64_t linear, unsigned shift)
{
    uint64_t in = (UINT64_C(1) << shift) - 1;
    return (frame & FRAME & ~in) | (linear & in);
}

/* Two levels of 1024 entries, and pages of 4 MiB. */
static int legacy(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                  uint64_t *gpa)
{
    uint64_t e = 0;
    int rc = entry(m, r->cr3 & 0xfffff000u, linear, 22, 10, 4, &e);
    if (rc)
        return rc;
    if ((e & LARGE) && (r->cr4 & X86_CR4_PSE)) {
        *gpa = (e & 0xffc00000u) | (e & PSE36) << 19 | (linear & 0x3fffffu);
        return 0;
    }
    rc = entry(m, e & 0xfffff000u, linear, 12, 10, 4, &e);
    if (!rc)
        *gpa = place(e, linear, 12);
    return rc;
}

/* Levels of 512 entries from `shift` on downwards, and pages of 2 MiB and 1 GiB. */
static int wide(const struct x86_memory *m, uint64_t table, uint64_t linear, unsigned shift,
                bool large_1g, uint64_t *gpa)
{
    for (;; shift -= 9) {
        uint64_t e = 0;
        int rc = entry(m, table, linear, shift, 9, 8, &e);
        if (rc)
            return rc;
        if (shift == 12 || ((e & LARGE) && (shift == 21 || (shift == 30 && large_1g)))) {
            *gpa = place(e, linear, shift);
            return 0;
        }
        table = e & FRAME;
    }
}

/* The four entries at the top are not on a page boundary. */
static int pae(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
               uint64_t *gpa)
{
    uint64_t e = 0;
    int rc = entry(m, r->cr3 & 0xffffffe0u, linear, 30, 2, 8, &e);
    return rc ? rc : wide(m, e & FRAME, linear, 21, false, gpa);
}

int xmi_x86_translate(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                      uint64_t *gpa)
{
    bool is_long = r->msr_efer & X86_EFER_LMA;
    if (!is_long)
        linear &= UINT32_MAX;
    if (!(r->cr0 & X86_CR0_PG)) {
        *gpa = linear;
        return 0;
    }
    if (!(r->cr4 & X86_CR4_PAE))
        return legacy(m, r, linear, gpa);
    if (!is_long)
        return pae(m, r, linear, gpa);
    return wide(m, r->cr3 & FRAME, linear, r->cr4 & X86_CR4_LA57 ? 48 : 39, true, gpa);
}

size_t xmi_x86_read(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                    void *buf, size_t n)
{
    size_t done = 0;
    while (done < n) {
        uint64_t gpa = 0;
        size_t part = PAGE_BYTES - (size_t)((linear + done) % PAGE_BYTES);
        if (part > n - done)
            part = n - done;
        if (xmi_x86_translate(m, r, linear + done, &gpa) ||
            m->read(m->arg, gpa, (uint8_t *)buf + done, part))
            break;
        done += part;
    }
    return done;
}
