/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * First instructions of every vCPU, and the exception entries. labdom starts vCPU 0 in flat 32-bit
 * mode at _start; the others are started in 64-bit mode at secondary_entry (VCPUOP_initialise).
 */
#include "x86-pvh.h"

    .section .head, "ax"
    .code32
    .globl _start
_start:
    cli
    movl    $page_dirs + 7, %eax        /* present, writable, user */
    movl    $pdpt, %edi
    movl    $4, %ecx
1:  movl    %eax, (%edi)                /* four page directories: 4 GiB */
    addl    $4096, %eax
    addl    $8, %edi
    loop    1b
    movl    $0x87, %eax                 /* present, writable, user, 2 MiB */
    movl    $page_dirs, %edi
    movl    $2048, %ecx
2:  movl    %eax, (%edi)
    addl    $0x200000, %eax
    addl    $8, %edi
    loop    2b
    movl    $pdpt + 7, pml4
    movl    $pml4, %eax
    movl    %eax, %cr3
    movl    %cr4, %eax
    orl     $0x620, %eax                /* PAE, OSFXSR, OSXMMEXCPT */
    movl    %eax, %cr4
    movl    $0xc0000080, %ecx           /* EFER.LME */
    rdmsr
    orl     $0x100, %eax
    wrmsr
    movl    %cr0, %eax
    orl     $0x80010001, %eax           /* PG, WP, PE */
    movl    %eax, %cr0
    lgdt    gdt_pointer
    ljmp    $8, $3f

    .code64
3:  xorl    %edi, %edi
    leaq    stacks + LAB_STACK_SIZE(%rip), %rsp
    jmp     go

/* The vCPU's number is in rdi. */
    .globl secondary_entry
secondary_entry:
    lgdt    gdt_pointer
    pushq   $8
    leaq    go(%rip), %rax
    pushq   %rax
    lretq

go:
    movl    $16, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    call    set_stack
    call    guest_main

/* rsp = the top of the stack of vCPU rdi; changes rax and r10. */
set_stack:
    popq    %r10
    leaq    1(%rdi), %rax
    imulq   $LAB_STACK_SIZE, %rax
    leaq    stacks(%rax), %rsp
    pushq   $0                          /* keeps calls aligned to 16 bytes */
    pushq   $0
    jmp     *%r10

/* An exception ends the command, unless it is #VE (20), which returns to where it came from. */
    .text
    .balign 16
    .globl exception_entries
exception_entries:
    .irp    vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
                    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    .balign 16
    .ifeq   \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21
    pushq   $0                          /* no error code comes with this one */
    .endif
    pushq   $\vector
    jmp     exception
    .endr

exception:
    cmpq    $20, (%rsp)
    je      virtualization_exception
    popq    %rsi
    popq    %rdx                        /* error code, or for page faults: */
    movq    (%rsp), %rcx                /* rip */
    cmpq    $14, %rsi
    jne     1f
    movq    %cr2, %rdx
1:
    movq    %rsp, %rdi
    subq    $stacks, %rdi
    shrq    $12, %rdi                   /* the vCPU's number: LAB_STACK_SIZE is 4096 */
    call    set_stack
    call    guest_fault

virtualization_exception:
    addq    $16, %rsp
    .irp    reg, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
    pushq   %\reg
    .endr
    movq    %rsp, %rdi
    subq    $stacks, %rdi
    shrq    $12, %rdi
    call    guest_ve
    .irp    reg, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    popq    %\reg
    .endr
    iretq

/* Sleeps until the timer's interrupt, however early that comes. */
    .globl wait_interrupt
wait_interrupt:
    sti
halt:
    hlt
awake:
    cli
    ret

/*
 * The timer's interrupt is only there to end the halt above. QEMU forgets at VMRUN that STI holds
 * interrupts back for one instruction: one that comes in front of the halt would be slept through.
 */
    .globl timer_entry
timer_entry:
    pushq   %rax
    pushq   %rcx
    pushq   %rdx
    leaq    halt(%rip), %rax
    cmpq    %rax, 24(%rsp)              /* rip */
    jne     1f
    leaq    awake(%rip), %rax
    movq    %rax, 24(%rsp)
1:
    movl    $0x80b, %ecx                /* x2APIC end of interrupt */
    xorl    %eax, %eax
    xorl    %edx, %edx
    wrmsr
    popq    %rdx
    popq    %rcx
    popq    %rax
    iretq

    .section .data
    .balign 16
gdt:
    .quad   0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .word   23
    .quad   gdt

    .section .bss
    .balign 4096
pml4:
    .space  4096
pdpt:
    .space  4096
page_dirs:
    .space  4096 * 4
stacks:
    .space  LAB_STACK_SIZE * 32         /* LAB_MAILBOX_MAX_VCPUS */
