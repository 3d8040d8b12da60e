/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * First instructions of every vCPU, the exception entries, and the notes that tell Xen's domain
 * builder what this is (public/elfnote.h). Xen starts vCPU 0 with the start-info page in rsi; the
 * others come with their number in rdi and their stack set (VCPUOP_initialise).
 */
#include "x86-pv.h"

    .section .head, "ax"
    .globl _start
_start:
    cld
    xorl    %edi, %edi
    leaq    stacks + LAB_STACK_SIZE - 16(%rip), %rsp
    call    guest_main

    .globl secondary_entry
secondary_entry:
    call    guest_main

/*
 * An exception ends the command, whatever it was. Xen has pushed rcx, r11, an error code where the
 * exception has one, rip and the rest; nothing of it is returned to.
 */
    .text
    .balign 16
    .globl exception_entries
exception_entries:
    .irp    vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
                    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    .balign 16
    movl    $\vector, %esi
    .ifeq   \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21
    jmp     without_error
    .else
    jmp     with_error
    .endif
    .endr

with_error:
    movq    16(%rsp), %rdx
    movq    24(%rsp), %rcx
    jmp     1f
without_error:
    xorl    %edx, %edx
    movq    16(%rsp), %rcx
1:  movq    %rsp, %rdi
    subq    $stacks, %rdi
    shrq    $12, %rdi                   /* the vCPU's number: LAB_STACK_SIZE is 4096 */
    leaq    1(%rdi), %rax
    shlq    $12, %rax
    leaq    stacks - 16(%rax), %rsp
    call    guest_fault

    .section .bss
    .balign 4096
    .globl stacks
stacks:
    .space  LAB_STACK_SIZE * 32         /* LAB_MAILBOX_MAX_VCPUS */

/* As far as the image goes the domain builder maps memory: the mailbox and the tests' pages. */
    .section .pages, "aw", @nobits
    .space  (LAB_PV_SCRATCH_PFN + LAB_PV_SCRATCH_PFNS - LAB_PV_MAILBOX_PFN) * 4096

    .section .note.Xen, "a", @note
    .macro  note type, bytes:vararg
    .long   4, 2f - 1f, \type
    .asciz  "Xen"
1:  \bytes
2:  .balign 4
    .endm
    note    1, .quad _start             /* ENTRY */
    note    3, .quad LAB_PV_BASE        /* VIRT_BASE */
    note    5, .asciz "xen-3.0"         /* XEN_VERSION */
    note    6, .asciz "libxmem-lab"     /* GUEST_OS */
    note    8, .asciz "generic"         /* LOADER */
    note    9, .asciz "yes"             /* PAE_MODE */
    note    10, .asciz "!writable_page_tables|pae_pgdir_above_4gb" /* FEATURES */
