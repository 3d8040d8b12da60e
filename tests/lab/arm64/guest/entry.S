/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First instructions of every vCPU, and the exception vectors. EL1, MMU off. */
#include "layout.h"

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
