#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Threads of an emulated processor (under qemu-aarch64) beside one that lib/arm/ does.
exec sh "$(dirname "$0")/race.sh" aarch64 "$@"
