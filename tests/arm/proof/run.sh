#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh ARCH [COUNT [SEED]]: see README.md. With COUNT, so many encodings of each instruction set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
arch=$1
shift
case $arch in aarch64) of=a64 ;; *) of=arm ;; esac
program=$(mktemp "${TMPDIR:-/tmp}/xm-proof.XXXXXX")
trap 'rm -f "$program"' EXIT INT TERM
why=$("$here/build.sh" "$arch" "$program" "$here/proof.c" "$here/area.c" "$here/state.c" \
    "$here/native.c" "$here/native-$of.c" "$here/rows-$of.c") || {
    [ $? -eq 77 ] || exit 1
    echo "1..0 # SKIP $why"
    exit 0
}
"qemu-$arch" -cpu max "$program" "$@"
