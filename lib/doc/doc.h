/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the others use of this room. */
#ifndef XMEM_DOC_H
#define XMEM_DOC_H

#include "doc/json-doc.h"
#include "doc/report.h"
#include "doc/sim-open.h"
#include "doc/symbols.h"

#endif
