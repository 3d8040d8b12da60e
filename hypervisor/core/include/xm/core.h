/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of the core, for an environment that drives it. */
#ifndef XM_CORE_H
#define XM_CORE_H

#include <xm/types.h>
#include <xm/abi.h>
#include <xm/env.h>
#include <xm/rights.h>
#include <xm/base.h>
#include <xm/kinds.h>
#include <xm/altp2m.h>
#include <xm/mpu-domain.h>
#include <xm/pv-domain.h>
#include <xm/hap-domain.h>
#include <xm/steps.h>

#endif
