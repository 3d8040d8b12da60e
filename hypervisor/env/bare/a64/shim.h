/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PMSAv8-64's registers on a processor that has none. An access to one is undefined at EL2; here it
 * is decoded and done to emulated registers, and what the regions then say of each page
 * is put into stage 1 of EL2 and into stage 2. A page that two regions share, or that one has in
 * part, is nobody's.
 */
#ifndef SHIM_H
#define SHIM_H

#include <stdbool.h>
#include <stdint.h>

#define SHIM_REGIONS 16u
/* What the selector has after reset: silicon says nothing of it. Direct registers lead nowhere so. */
#define SHIM_SELECTOR 0x75u

/* What the instruction was, if it was one of those: true, and *value of rt is in or out. */
bool shim_access(uint32_t instruction, uint64_t *value);
/* From now on the regions count. */
void shim_on(void);
/* Accesses that were emulated. */
uint64_t shim_accesses(void);

#endif
