#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The core's undefined symbols are within the environment contract.
. "$(dirname "$0")/lib.sh"
cd "$TOP_BUILDDIR"
exec sh "$TOP_SRCDIR/hypervisor/core/check-contract.sh" hypervisor/.libs/libxmcore.a
