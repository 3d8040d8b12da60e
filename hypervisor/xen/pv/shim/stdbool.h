/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdint.h>
#include <xen/stdbool.h>
