#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each class of encodings natively (under qemu-arm) and by emulation.
exec sh "$(dirname "$0")/proof/run.sh" arm "$@"
