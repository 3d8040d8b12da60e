#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# build.sh ARCH OUT SOURCE...: a static program for aarch64 or arm of lib/arm/ and these sources.
# Exit status 77, and why, where the cross compiler or the emulator is not there.
set -eu
arch=$1 out=$2
shift 2
case $arch in
aarch64) cc=aarch64-linux-gnu-gcc flags= ;;
arm) cc=arm-linux-gnueabihf-gcc flags=-marm ;;
esac
for tool in "$cc" "qemu-$arch"; do
    command -v "$tool" >/dev/null 2>&1 || {
        echo "$tool is not installed"
        exit 77
    }
done
echo 'int main(void) { return 0; }' | "$cc" -static -x c -o "$out" - 2>/dev/null || {
    echo "$cc cannot link: its C library is not installed"
    exit 77
}
cd "${TOP_SRCDIR:-.}"
# shellcheck disable=SC2086 # words, or none
"$cc" $flags -static -pthread -std=gnu11 -O2 -g -Wall -Wextra -Wno-psabi -D_GNU_SOURCE \
    -Ilib -Iinclude -Ilib/arm -Itests/arm -o "$out" lib/arm/*.c "$@"
