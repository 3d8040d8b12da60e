#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Optimised at link time, as distributions build it, the library that is installed exports what
# it does otherwise: symbol versions given in assembler can be lost there, without a message.
. "$(dirname "$0")/../gates/lib.sh"
: "${CC:=cc}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-lto.XXXXXX")
trap 'rm -rf "$dir"' EXIT
flags='-O2 -flto=auto -ffat-lto-objects'

skip() {
    echo "skipped: $*"
    exit 77
}

echo 'int main(void) { return 0; }' >"$dir/main.c"
# shellcheck disable=SC2086 # CC and the flags are several words
$CC $flags -o "$dir/main" "$dir/main.c" 2>/dev/null || skip "$CC does not know $flags"

mkdir "$dir/build" && cd "$dir/build"
{
    "$TOP_SRCDIR/configure" -q --disable-static --prefix=/usr CC="$CC" CFLAGS="$flags" LDFLAGS="$flags" &&
        make -s -j2 lib/libxmem.la && make -s install-libLTLIBRARIES DESTDIR="$dir/root"
} >"$dir/log" 2>&1 || {
    tail -n 20 "$dir/log" >&2
    bad "the library is not built with $flags"
    gate_end
}
XM_LIBRARY=$dir/root/usr/lib/libxmem.so.0 sh "$TOP_SRCDIR/tests/abi/check-symbols.sh" ||
    bad "built with $flags it exports something else"
gate_end
