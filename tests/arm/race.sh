#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# race.sh ARCH [ARG...]: tests/arm/race/ for it, under qemu-ARCH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
arch=$1
shift
program=$(mktemp "${TMPDIR:-/tmp}/xm-race.XXXXXX")
trap 'rm -f "$program"' EXIT INT TERM
why=$("$here/proof/build.sh" "$arch" "$program" "$here"/race/*.c) || {
    [ $? -eq 77 ] || exit 1
    echo "1..0 # SKIP $why"
    exit 0
}
"qemu-$arch" -cpu max "$program" "$@"
