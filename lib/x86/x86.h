/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What memory an x86 instruction touches, by its bytes and its vCPU's registers; no session is known
 * here. "Intel 64 and IA-32 Architectures SDM", volume 2. An instruction that is not in the tables, or
 * that touches what they cannot say (descriptors, the interrupt table, the I/O bitmap), is refused.
 * Walks of page tables are not counted.
 *
 *   decode.c        prefixes, the opcode's row, ModRM and what follows
 *   rows.c          opcodes of one byte; rows-0f.c: those behind 0f, and of VEX
 *   touch.c         addresses, by the registers
 *   walk.c          where the guest's page tables lead
 */
#ifndef XMEM_X86_H
#define XMEM_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xmem.h>

#define X86_INSN_MAX 15u
#define X86_TOUCHES 4u /* its code, two operands, and the stack */
#define X86_REPS 4096u /* repetitions of MOVS and STOS that Xen's emulator does at most at once */

enum { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_SEGMENTS };
#define X86_READ 1u
#define X86_WRITE 2u
#define X86_FETCH 4u

/* How an instruction touches memory beside its ModRM operand. */
enum x86_op {
    X86_NOTHING = 0,
    X86_PUSH,
    X86_POP,
    X86_POP_MODRM, /* whose address is that behind the pop */
    X86_PUSHA,
    X86_POPA,
    X86_ENTER,
    X86_LEAVE,
    X86_AT, /* an address in the instruction */
    X86_XLAT,
    X86_BITS, /* a register says how far from the ModRM operand */
    X86_MOVS,
    X86_CMPS,
    X86_STOS,
    X86_SCAS,
    X86_LODS
};

#define X86_NO_REG 0xffu
#define X86_NO_SEG 0xffu

/* It depends on the bytes and the size of code alone. */
struct x86_insn {
    uint8_t length;
    uint8_t code;               /* bits: 16, 32, 64 */
    uint8_t op;                 /* enum x86_op */
    uint8_t operand;            /* bytes of an operand: 2, 4, 8 */
    uint8_t address;            /* bytes of an address */
    uint8_t access;             /* X86_READ, X86_WRITE of the operand in memory */
    uint8_t segment;            /* that a prefix says, or X86_NO_SEG */
    uint8_t base, index, scale; /* registers, or X86_NO_REG; a shift */
    uint8_t reg;                /* of BITS */
    bool memory;                /* has a ModRM operand in memory, at an address that counts */
    bool relative;              /* to rip */
    bool rep;
    uint16_t bytes; /* of the operand in memory */
    uint16_t level; /* of ENTER */
    int64_t disp;   /* or the address of X86_AT */
};

/* A vCPU's registers, as far as addresses depend on them. */
struct x86_state {
    const uint64_t *reg; /* rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15 */
    uint64_t rip, rflags;
    uint64_t base[X86_SEGMENTS]; /* long mode: fs and gs count alone */
    uint8_t code, stack;         /* bits: 16, 32, 64 */
};

struct x86_touch {
    uint64_t at; /* linear; one that goes over the end of the address space goes on at 0 */
    uint32_t bytes;
    uint8_t access;
};

/* code: bits, 16, 32 or 64. False: it is not known what it touches, or more than n bytes are needed. */
bool xmi_x86_decode(const uint8_t *bytes, size_t n, unsigned code, struct x86_insn *out);
/* In the order in which a processor meets them; the first is the code. How many there are. */
unsigned xmi_x86_touches(const struct x86_insn *in, const struct x86_state *s,
                         struct x86_touch out[X86_TOUCHES]);

/* ---- walk.c: page tables of a guest, read as its processor would read them ---- */

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
