#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each folder of the core needs only what README.md there lets it use, and the environment contract.
. "$(dirname "$0")/lib.sh"
exec sh "$TOP_SRCDIR/hypervisor/core/check-contract.sh" "$TOP_BUILDDIR/hypervisor/core"
