/* SPDX-License-Identifier: GPL-2.0-only */
/* The core includes the compiler's <stdint.h>, <stddef.h> and <stdbool.h>; Xen has its own types. This is all three. */
#ifndef XMEM_SHIM_STD_H
#define XMEM_SHIM_STD_H

#include <xen/types.h>
#include <xen/stdbool.h>

#ifndef UINT64_MAX
#define UINT64_MAX (~0ULL)
#endif
#ifndef UINT64_C
#define UINT64_C(n) n##ULL
#endif

#endif
