/* SPDX-License-Identifier: LGPL-2.1-or-later */
    .section .vectors, "ax"
    .global _start
_start:
    mrs x0, mpidr_el1
    and x0, x0, #0xff
    cbz x0, 1f
0:  wfe
    b 0b
1:  ldr x0, =bare_stacks_end
    mov sp, x0
    ldr x0, =vectors
    msr vbar_el2, x0
    ldr x0, =bare_bss
    ldr x1, =bare_bss_end
2:  cmp x0, x1
    b.hs 3f
    stp xzr, xzr, [x0], #16
    b 2b
3:  isb
    bl arch_start
    mov x0, #0
    b bare_exit

    .text
    .macro entry kind
    .balign 128
    sub sp, sp, #288
    stp x0, x1, [sp, #32]
    mov x0, #\kind
    b common
    .endm
    .macro none
    .balign 128
    b .
    .endm
common:
    stp x2, x3, [sp, #48]
    stp x4, x5, [sp, #64]
    stp x6, x7, [sp, #80]
    stp x8, x9, [sp, #96]
    stp x10, x11, [sp, #112]
    stp x12, x13, [sp, #128]
    stp x14, x15, [sp, #144]
    stp x16, x17, [sp, #160]
    stp x18, x19, [sp, #176]
    stp x20, x21, [sp, #192]
    stp x22, x23, [sp, #208]
    stp x24, x25, [sp, #224]
    stp x26, x27, [sp, #240]
    stp x28, x29, [sp, #256]
    str x30, [sp, #272]
    mrs x1, elr_el2
    mrs x2, spsr_el2
    stp x1, x2, [sp]
    mrs x1, sp_el1
    stp x1, x0, [sp, #16]
    mov x0, sp
    bl arch_exception
    mov x0, sp
    add sp, sp, #288
restore:                            // of x0; nothing can come in between: interrupts are off
    ldp x1, x2, [x0]
    msr elr_el2, x1
    msr spsr_el2, x2
    ldr x1, [x0, #16]
    msr sp_el1, x1
    ldp x2, x3, [x0, #48]
    ldp x4, x5, [x0, #64]
    ldp x6, x7, [x0, #80]
    ldp x8, x9, [x0, #96]
    ldp x10, x11, [x0, #112]
    ldp x12, x13, [x0, #128]
    ldp x14, x15, [x0, #144]
    ldp x16, x17, [x0, #160]
    ldp x18, x19, [x0, #176]
    ldp x20, x21, [x0, #192]
    ldp x22, x23, [x0, #208]
    ldp x24, x25, [x0, #224]
    ldp x26, x27, [x0, #240]
    ldp x28, x29, [x0, #256]
    ldr x30, [x0, #272]
    ldp x0, x1, [x0, #32]
    eret

    .balign 2048
vectors:
    none
    none
    none
    none
    entry 0                         // EL2, its own stack pointer: synchronous
    none
    none
    none
    entry 1                         // EL1: synchronous
    entry 2                         // EL1: IRQ
    none
    none
    none
    none
    none
    none
    .balign 128

    .macro save
    stp x19, x20, [sp, #-96]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    mrs x9, tpidr_el2
    mov x10, sp
    str x10, [x9]
    .endm
    .macro unsave
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #96
    .endm

    .global bare_enter
bare_enter:
    save
    b restore

    .global bare_call
bare_call:
    save
    mov x9, x0
    mov x0, x1
    blr x9
    mov x0, #0
    unsave
    ret

    .global bare_leave
bare_leave:
    mrs x9, tpidr_el2
    ldr x10, [x9]
    mov sp, x10
    mov x0, #1
    unsave
    ret

    .global bare_exit
bare_exit:                          // semihosting SYS_EXIT
    ldr x1, =exit_block
    str x0, [x1, #8]
    mov w0, #0x18
    hlt #0xf000
    b .

    .data
    .balign 16
exit_block:
    .quad 0x20026, 0

    // ---- the guests' page ----
    .section .guest, "ax"
    .global guest_image, guest_begin
    .balign 2048
guest_image:
    .rept 4
    b .
    .balign 128
    .endr
    // EL1, its own stack pointer: synchronous; EL2 is told
    mrs x0, esr_el1
    mrs x1, elr_el1
    hvc #3
    b .
    .balign 128
    // EL1, its own stack pointer: IRQ
    sub sp, sp, #192
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x29, [sp, #144]
    str x30, [sp, #160]
    bl guest_upcall
    b guest_back
    .balign 128
guest_back:
    ldp x0, x1, [sp]
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x18, x29, [sp, #144]
    ldr x30, [sp, #160]
    add sp, sp, #192
    eret
guest_begin:
    b guest_main
