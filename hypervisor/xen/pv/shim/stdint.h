/* SPDX-License-Identifier: GPL-2.0-only */
/* The core includes the compiler's headers; Xen has its own types. */
#ifndef XMEM_SHIM_STDINT_H
#define XMEM_SHIM_STDINT_H

#include <xen/types.h>

#ifndef UINT64_MAX
#define UINT64_MAX (~0ULL)
#endif
#ifndef UINT64_C
#define UINT64_C(n) n##ULL
#endif

#endif
