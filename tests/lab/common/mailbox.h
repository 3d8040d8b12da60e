/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page through which a laboratory guest is commanded from dom0: one block per vCPU at
 * block number = vCPU number. Freestanding; shared by the guests and by the programs in dom0.
 *
 * dom0 fills in the command, then stores a new, non-zero `seq` last. The vCPU carries the command
 * out and stores the same number in `done` last. A vCPU that is stopped by a memory event simply
 * has not stored it yet.
 */
#ifndef LAB_MAILBOX_H
#define LAB_MAILBOX_H

#include <stdint.h>

#define LAB_MAILBOX_MAX_VCPUS 32

enum lab_op {
    LAB_OP_NOP = 0,
    LAB_OP_WRITE, /* `count` stores of `value`, value + 1, ... at addr, addr + stride, ... */
    LAB_OP_READ,  /* the same loads; result: their sum */
    LAB_OP_RMW,   /* load, add `value`, store */
    LAB_OP_EXEC,  /* call each address with `value` and `extra` (the caller has put code there) */
    LAB_OP_ALTERNATE,     /* `count` stores that alternate between addr and addr + stride */
    LAB_OP_STREAM,        /* stores until a later `seq` appears; `progress` counts them */
    LAB_OP_CPU_ON,        /* start vCPU `value`; result: the platform's code */
    LAB_OP_GUEST_REQUEST, /* HVMOP_guest_request_vm_event; result: hypercall's */
    LAB_OP_XEN_VERSION,   /* XENVER sub-operation `value` with its buffer at addr */
    LAB_OP_PRIV_CALL,     /* SMC on Arm; a software breakpoint elsewhere */
    /* One instruction, four bytes on each side of the boundary behind addr's page. What these four
     * are part of may be wider: on Arm it is a pair of registers, zero beside them. */
    LAB_OP_WRITE_CROSSING, /* the lower half of `value`, and the upper */
    LAB_OP_READ_CROSSING,  /* result: the same */
    LAB_OP_COUNT
};

enum lab_status {
    LAB_STATUS_OK = 0,
    LAB_STATUS_FAULT = 1, /* the command ended in a guest exception: see the fault_ fields */
    LAB_STATUS_BAD = 2,   /* unknown operation or access size */
};

struct lab_mailbox {
    /* written by dom0 */
    volatile uint64_t seq;
    volatile uint64_t op;
    volatile uint64_t addr;
    volatile uint64_t stride;
    volatile uint64_t count;
    volatile uint64_t value;
    volatile uint64_t size;  /* 1, 2, 4 or 8 bytes an access; 0 means 8 */
    volatile uint64_t extra; /* counted accesses: turns of an empty loop behind each */
    /* written by the guest */
    volatile uint64_t done;
    volatile uint64_t status;
    volatile uint64_t result;
    volatile uint64_t alive; /* LAB_ALIVE + vCPU number once the vCPU takes commands */
    volatile uint64_t progress;
    volatile uint64_t fault_kind;
    volatile uint64_t fault_addr;
    volatile uint64_t fault_pc;
};

#define LAB_ALIVE 0x1000u

#endif
