/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this room gives the ledger. */
#ifndef XMEM_EVENTS_UNDO_H
#define XMEM_EVENTS_UNDO_H

#include "ledger/ledger.h"

extern const struct ledger_kind events_steps, events_monitors;

#endif
