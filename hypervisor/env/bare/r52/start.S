/* SPDX-License-Identifier: LGPL-2.1-or-later */
    .arch armv8-r
    .syntax unified
    .arm

    .section .vectors, "ax"
    .global _start
    .balign 32
vectors:
    b _start
    b from_undef
    b from_call
    b from_fetch
    b from_data
    b from_guest
    b from_irq
    b .

_start:
    mrc p15, 0, r4, c0, c0, 5       @ MPIDR
    and r4, r4, #0xff
    ldr r0, =vectors
    mcr p15, 4, r0, c12, c0, 0      @ HVBAR
    ldr sp, =bare_stacks_end
    sub sp, sp, r4, lsl #13
    cmp r4, #0
    bne 2f
    ldr r0, =bare_bss
    ldr r1, =bare_bss_end
    mov r2, #0
    mov r3, #0
1:  cmp r0, r1
    stmlo r0!, {r2, r3}
    blo 1b
    ldr r0, =bare_ready
    mov r1, #1
    dsb sy
    str r1, [r0]
    b 3f
2:  ldr r0, =bare_ready
    ldr r1, [r0]
    cmp r1, #0
    beq 2b
3:  dsb sy
    isb
    mov r0, r4
    bl arch_start
    mov r0, #0
    b bare_exit

    .text
    .macro entry name, kind
\name:
    push {r0-r12, lr}
    mrs r0, ELR_hyp
    mrs r1, SPSR
    mrs r2, SP_usr
    mov r3, #\kind
    push {r0-r3}
    b common
    .endm
    entry from_undef, 0
    entry from_call, 1
    entry from_fetch, 2
    entry from_data, 3
    entry from_guest, 4
    entry from_irq, 5
common:
    mov r0, sp
    bl arch_exception
    mov r0, sp
    add sp, sp, #72
    @ Read from below the stack pointer: interrupts are off, so nothing can write there before.
restore:
    ldm r0!, {r1-r4}
    msr ELR_hyp, r1
    msr SPSR_cxsf, r2
    msr SP_usr, r3
    ldm r0, {r0-r12, lr}
    eret

    @ void bare_enter(struct bare_regs *)
    .global bare_enter
bare_enter:
    push {r4-r12, lr}
    mrc p15, 4, r1, c13, c0, 2      @ HTPIDR
    str sp, [r1]
    b restore

    @ int bare_call(void (*fn)(void *), void *arg)
    .global bare_call
bare_call:
    push {r4-r12, lr}
    mrc p15, 4, r2, c13, c0, 2
    str sp, [r2]
    mov r2, r0
    mov r0, r1
    blx r2
    mov r0, #0
    pop {r4-r12, pc}

    .global bare_leave
bare_leave:
    mrc p15, 4, r1, c13, c0, 2
    ldr sp, [r1]
    mov r0, #1
    pop {r4-r12, pc}

    @ void bare_exit(int): semihosting SYS_EXIT_EXTENDED
    .global bare_exit
bare_exit:
    ldr r1, =exit_block
    str r0, [r1, #4]
    mov r0, #0x20
    .inst 0xe10f0070                @ HLT #0xf000
    b .

    .data
    .balign 8
exit_block:
    .word 0x20026, 0                @ ADP_Stopped_ApplicationExit, the code
    .global bare_ready
bare_ready:
    .word 0

    @ ---- the guests' page ----
    .section .guest, "ax"
    .global guest_image, guest_begin
guest_image:
    b .
    b guest_undefined
    b .
    b guest_fetch
    b guest_data
    b .
    b guest_irq
    b .
    @ EL2 is told: what, and where
guest_undefined:
    mov r0, #4
    sub r1, lr, #4
    hvc #3
guest_fetch:
    mrc p15, 0, r0, c5, c0, 1       @ IFSR
    sub r1, lr, #4
    hvc #3
guest_data:
    mrc p15, 0, r0, c5, c0, 0       @ DFSR
    sub r1, lr, #8
    hvc #3
guest_irq:                          @ on the stack of System mode, so that nothing banked stays behind
    sub lr, lr, #4
    srsfd sp!, #0x1f
    cps #0x1f
    push {r0-r3, r12, lr}
    bl guest_upcall
    pop {r0-r3, r12, lr}
    rfefd sp!
guest_begin:
    b guest_main
