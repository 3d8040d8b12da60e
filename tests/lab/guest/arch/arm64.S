/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First instructions of every vCPU, and the exception vectors. EL1, MMU off. */
#include "arm64.h"

    .section .head, "ax"
    .globl _start
_start:
    mov     x20, #0
    b       go

/* PSCI starts a secondary here with its number (the context id) in x0. */
    .globl secondary_entry
secondary_entry:
    mov     x20, x0
go:
    adrp    x1, stacks
    add     x1, x1, :lo12:stacks
    add     x2, x20, #1
    mov     x3, #LAB_STACK_SIZE
    madd    x1, x2, x3, x1
    mov     sp, x1
    msr     tpidr_el1, x1           /* the fault path restarts on a clean stack */
    adr     x2, vectors
    msr     vbar_el1, x2
    isb
    mov     x0, x20
    b       guest_main

    .text
/* A synchronous exception ends the command; the loop is entered anew. */
fault:
    mrs     x0, tpidr_el1
    mov     sp, x0
    mrs     x0, mpidr_el1
    and     x1, x0, #0xf            /* Xen: Aff0 is vCPU modulo 16, Aff1 vCPU div 16 */
    ubfx    x0, x0, #8, #8
    add     x0, x1, x0, lsl #4
    mrs     x1, esr_el1
    mrs     x2, far_el1
    mrs     x3, elr_el1
    b       guest_fault

    .balign 2048
vectors:
    .rept   16
    .balign 128
    b       fault
    .endr

    .bss
    .balign 4096
stacks:
    .space  LAB_STACK_SIZE * 32     /* LAB_MAILBOX_MAX_VCPUS */

/*
 * context_access(addr, dump): a value of its own in every register, x5 loaded from addr, x6 stored
 * behind it, and what all registers hold then in *dump: x0 to x30, nzcv, sp, sp before, q0 to q31.
 */
    .arch armv8-a+simd
    .text

    .equ    FRAME, 112              /* x0, x1, x19 to x30 */
    .equ    DUMP_NZCV, 248
    .equ    DUMP_SP, 256
    .equ    DUMP_BEFORE, 264
    .equ    DUMP_Q, 272
    .equ    DUMP_SIZE, 784

    .globl context_access
context_access:
    sub     sp, sp, #FRAME
    stp     x0, x1, [sp]
    .irp    n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    str     x\n, [sp, #(16 + (\n - 19) * 8)]
    .endr
    sub     sp, sp, #DUMP_SIZE

    mov     x1, sp
    str     x1, [sp, #DUMP_BEFORE]
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    mov     x1, #(0x2000 + \n)
    movk    x1, #0xcafe, lsl #48
    ins     v\n\().d[0], x1
    mov     x1, #(0x3000 + \n)
    movk    x1, #0xf00d, lsl #48
    ins     v\n\().d[1], x1
    .endr
    mov     x1, #0xa0000000
    msr     nzcv, x1
    .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    mov     x\n, #(0x1000 + \n)
    movk    x\n, #0xbeef, lsl #48
    .endr

    ldr     x5, [x0]
    str     x6, [x0, #8]

    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    str     x\n, [sp, #(8 * \n)]
    .endr
    mrs     x1, nzcv
    str     x1, [sp, #DUMP_NZCV]
    mov     x1, sp
    str     x1, [sp, #DUMP_SP]
    add     x1, sp, #DUMP_Q
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    str     q\n, [x1, #(16 * \n)]
    .endr

    ldr     x1, [sp, #(DUMP_SIZE + 8)]
    mov     x2, sp
    add     sp, sp, #DUMP_SIZE
1:  ldr     x3, [x2], #8            /* below sp: nothing interrupts this guest */
    str     x3, [x1], #8
    cmp     sp, x2
    b.ne    1b
    .irp    n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    ldr     x\n, [sp, #(16 + (\n - 19) * 8)]
    .endr
    add     sp, sp, #FRAME
    ret
