/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Second-stage tables of EPT, NPT and Arm: 4 levels, entries of 8 bytes, leaves of 4 KiB, 2 MiB and
 * 1 GiB. Rights sit in the entry. 512 entries a frame: 8 bytes and a 512th per gfn in a dense guest.
 */
#ifndef XM_SECOND_STAGE_H
#define XM_SECOND_STAGE_H

#include <xm/base.h>

extern const struct xm_table_ops xm_second_stage;

#endif
