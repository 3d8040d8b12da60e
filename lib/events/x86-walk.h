/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables of an x86 guest, read as its processor would read them. No session is known here. */
#ifndef XMEM_X86_WALK_H
#define XMEM_X86_WALK_H

#include "x86/x86.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xmem.h>

struct x86_memory {
    /* n bytes at gpa, which lie in one page. 0, or a negative errno: nothing is there. */
    int (*read)(void *arg, uint64_t gpa, void *buf, size_t n);
    void *arg;
};

#define X86_CR0_PE 1u
#define X86_CR0_WP 0x10000u
#define X86_CR0_PG UINT64_C(0x80000000)
#define X86_CR4_PSE 0x10u
#define X86_CR4_PAE 0x20u
#define X86_CR4_LA57 0x1000u
#define X86_CR4_SMEP 0x100000u
#define X86_CR4_SMAP 0x200000u
#define X86_EFER_LMA 0x400u
#define X86_EFER_NXE 0x800u
#define X86_FLAG_AC 0x40000u

/* Where a linear address leads, and what all levels on the way allow. */
struct x86_place {
    uint64_t gpa;
    bool writable, user, nx;
};

/*
 * Where the tables in cr3 lead for a linear address, whatever the rights on the way. -EFAULT
 * nothing is mapped there, or it is no address; what read() answers.
 */
int xmi_x86_translate(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                      struct x86_place *out);
/*
 * May the guest do this there, X86_READ, X86_WRITE and X86_FETCH, at user level or above, by
 * cr0, cr4, rflags and msr_efer? Protection keys and shadow stacks are not known.
 */
bool xmi_x86_may(const struct xmem_regs_x86 *r, const struct x86_place *p, uint32_t access,
                 bool user);
/* n bytes from a linear address on, over page boundaries. The number read before a failure. */
size_t xmi_x86_read(const struct x86_memory *m, const struct xmem_regs_x86 *r, uint64_t linear,
                    void *buf, size_t n);

#endif
