/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
