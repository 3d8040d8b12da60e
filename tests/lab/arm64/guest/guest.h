/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the guest share. */
#ifndef LAB_ARM64_GUEST_H
#define LAB_ARM64_GUEST_H

#include <stdint.h>

#include "../../common/mailbox.h"
#include "layout.h"
#include "ops.h"

#define TIMER_PPI 27u

/* step.c: one counted access; *guess is kept from one to the next, 0 at first. */
uint64_t step_access(uint64_t op, uint64_t addr, uint64_t size, uint64_t value, uint64_t *guess);

/* translate.c */
void translate(uint64_t on);

/* context.c */
uint64_t context_rounds(struct lab_mailbox *box);
uint64_t timer_rounds(struct lab_mailbox *box);

#endif
