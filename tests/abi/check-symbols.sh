#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Three lists are the same: functions of xmem.h, lib/libxmem.map, what libxmem.so exports.
. "$(dirname "$0")/../gates/lib.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-symbols.XXXXXX")
trap 'rm -rf "$dir"' EXIT
so=$TOP_BUILDDIR/lib/.libs/libxmem.so

# Declarations may go over several lines: up to the first bracket after XMEM_API.
sed -e '/^#/d' -e 's|/\*.*\*/||' "$TOP_SRCDIR/include/xmem.h" | tr '\n' ' ' |
    grep -oE 'XMEM_API [^(;]*\(' | sed -E 's/.*[ *]([a-z0-9_]+)\($/\1/' | sort >"$dir/header"
# A map entry is a name by itself; no pattern but the final local one.
sed -e 's|/\*.*\*/||' -e 's/#.*//' "$TOP_SRCDIR/lib/libxmem.map" | tr '{};' '[\n*]' |
    sed -nE 's/^[[:space:]]*(global:)?[[:space:]]*(xmem_[a-z0-9_*]+)[[:space:]]*$/\2/p' |
    sort >"$dir/map"
nm -D --defined-only "$so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
    sort >"$dir/so"

[ -s "$dir/header" ] || bad 'found no function in xmem.h'
diff -u "$dir/header" "$dir/map" || bad 'xmem.h and lib/libxmem.map differ'
diff -u "$dir/header" "$dir/so" || bad "xmem.h and what $so exports differ"
gate_end
