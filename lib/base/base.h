/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of this room, for the others. */
#ifndef XMEM_BASE_H
#define XMEM_BASE_H

#include "base/error.h"
#include "base/rights.h"
#include "base/sized.h"
#include "base/utf8.h"
#include "base/util.h"

#endif
