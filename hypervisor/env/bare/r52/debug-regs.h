/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Coprocessor registers as debug.c reaches them; on the host a test has its own. */
#ifndef BARE_DEBUG_REGS_H
#define BARE_DEBUG_REGS_H

#define READ(cp, op1, crn, crm, op2) \
    __extension__({ \
        uint32_t v_; \
        __asm__ volatile("mrc " #cp ", " #op1 ", %0, c" #crn ", c" #crm ", " #op2 : "=r"(v_)); \
        v_; \
    })
#define WRITE(cp, op1, crn, crm, op2, v) \
    __asm__ volatile("mcr " #cp ", " #op1 ", %0, c" #crn ", c" #crm ", " #op2 \
                     : \
                     : "r"((uint32_t)(v)) \
                     : "memory")
#define SYNC() __asm__ volatile("isb" : : : "memory")
/* SPSR and LR of Abort mode. */
#define WRITE_ABORT(flags, link) \
    __asm__ volatile("msr SPSR_abt, %0\n msr LR_abt, %1" : : "r"(flags), "r"(link))

#endif
