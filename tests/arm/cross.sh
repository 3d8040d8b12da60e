#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cross.sh WHAT-ARCH[.cross] [ARG...]: tests/arm/WHAT/ as a static program of aarch64 or arm, under qemu-ARCH.
#   proof-ARCH [COUNT [SEED]]   each class of encodings natively and by emulation; with COUNT, so many of
#                               each instruction set
#   race-ARCH [ARG...]          threads of an emulated processor beside one that lib/arm/ does
# Skipped, and says why, where the cross compiler or the emulator is not there.
set -eu
name=${1##*/}
name=${name%.cross}
shift
what=${name%-*} arch=${name##*-}
case $arch in
aarch64) of=a64 cc=aarch64-linux-gnu-gcc flags= ;;
arm) of=arm cc=arm-linux-gnueabihf-gcc flags=-marm ;;
*) exit 2 ;;
esac
cd "${TOP_SRCDIR:-.}"
here=tests/arm/$what
case $what in
proof) sources="$here/proof.c $here/area.c $here/state.c $here/proof-$of.c" ;;
race) sources="$here/*.c" ;;
*) exit 2 ;;
esac

skip() {
    echo "1..0 # SKIP $*"
    exit 0
}

for tool in "$cc" "qemu-$arch"; do
    command -v "$tool" >/dev/null 2>&1 || skip "$tool is not installed"
done
program=$(mktemp "${TMPDIR:-/tmp}/xm-$what.XXXXXX")
trap 'rm -f "$program"' EXIT INT TERM
echo 'int main(void) { return 0; }' | "$cc" -static -x c -o "$program" - 2>/dev/null ||
    skip "$cc cannot link: its C library is not installed"
# shellcheck disable=SC2086 # words, or none
"$cc" $flags -static -pthread -std=gnu11 -O2 -g -Wall -Wextra -Wno-psabi -D_GNU_SOURCE \
    -Ilib -Iinclude -Ilib/arm -Itests/arm -o "$program" lib/arm/*.c $sources
"qemu-$arch" -cpu max "$program" "$@"
