#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Six lists are the same: functions of xmem.h, lib/libxmem.map, what libxmem.so exports, what
# libxmem.a shows to a linker, the symbols file of Debian's package, and the manual pages of
# section 3. XM_LIBRARY: another libxmem.so than the one that was built here.
. "$(dirname "$0")/../gates/lib.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-symbols.XXXXXX")
trap 'rm -rf "$dir"' EXIT
: "${NM:=nm}"
so=${XM_LIBRARY:-$TOP_BUILDDIR/lib/.libs/libxmem.so}
archive=$TOP_BUILDDIR/lib/.libs/libxmem.a
man3=$TOP_SRCDIR/docs/man3
aliases=$TOP_BUILDDIR/docs/aliases

# Declarations may go over several lines: up to the first bracket after XMEM_API.
header_functions() {
    sed -e '/^#/d' -e 's|/\*.*\*/||' "$TOP_SRCDIR/include/xmem.h" | tr '\n' ' ' |
        grep -oE 'XMEM_API [^(;]*\(' | sed -E 's/.*[ *]([a-z0-9_]+)\($/\1/' | sort
}

# A map entry is a name by itself; no pattern but the final local one.
map_entries() {
    sed -e 's|/\*.*\*/||' -e 's/#.*//' "$TOP_SRCDIR/lib/libxmem.map" | tr '{};' '[\n*]' |
        sed -nE 's/^[[:space:]]*(global:)?[[:space:]]*(xmem_[a-z0-9_*]+)[[:space:]]*$/\2/p' | sort
}

# Nodes are LIBXMEM_MAJOR.MINOR, oldest first; the last is the version's own.
map_nodes() {
    sed -nE 's/^([A-Z_]+[0-9.]+) *\{.*/\1/p' "$TOP_SRCDIR/lib/libxmem.map"
}

version_part() {
    sed -n "s/^#define XMEM_VERSION_$1 //p" "$TOP_SRCDIR/include/xmem.h"
}

# The names in the NAME section of each page of the API.
manual_names() {
    for page in "$man3"/*.3; do
        name=${page##*/}
        name=${name%.3}
        name_section "$page" >"$dir/names"
        grep -qxF "$name" "$dir/names" || bad "$page: $name is not in its NAME section"
        cat "$dir/names" >>"$dir/named"
    done
}

# mdoc says .Nm, man says name, name \- text
name_section() {
    awk '/^\.S[Hh] / { on = /NAME/; next } !on { next }
        /^\.Nm / { print $2; next }
        /^\.Nd/ { exit }
        /^[^.]/ { sub(/ *\\?\\-.*/, ""); print }' "$1" | tr -s ', \\' '\n' |
        sed -n '/^[a-z0-9_]\{1,\}$/p'
}

# The pages that lead to another one, which docs/aliases.sh made.
check_aliases() {
    for alias in "$aliases"/*.3; do
        [ -e "$alias" ] || continue
        name=${alias##*/}
        grep -qxF "${name%.3}" "$dir/header" || bad "$alias: xmem.h has no ${name%.3}"
        target=$(sed -n '1s/^\.so //p' "$alias")
        [ -e "$TOP_SRCDIR/docs/$target" ] || bad "$alias: its target $target is not there"
    done
}

check_manual() {
    : >"$dir/named"
    set -- "$man3"/*.3
    [ -e "$1" ] || {
        bad "there is no manual page in $man3"
        return
    }
    manual_names
    sort -u "$dir/named" | sed -n '/^xmem_/p' >"$dir/man"
    diff -u "$dir/header" "$dir/man" || bad 'xmem.h and the NAME sections of docs/man3 differ'
    sort "$dir/named" | uniq -d | while read -r name; do
        [ "$name" = xmem ] || echo "$name"
    done >"$dir/twice"
    [ ! -s "$dir/twice" ] || bad "in two NAME sections: $(tr '\n' ' ' <"$dir/twice")"
    while read -r name; do
        [ -e "$man3/$name.3" ] || [ -e "$aliases/$name.3" ] || bad "there is no page or alias $name.3"
    done <"$dir/header"
    check_aliases
}

check_nodes() {
    last=$(map_nodes | tail -n 1)
    wanted=LIBXMEM_$(version_part MAJOR).$(version_part MINOR)
    [ "$last" = "$wanted" ] || bad "the last node of lib/libxmem.map is $last, not $wanted"
    map_nodes | sort -V | uniq >"$dir/nodes"
    map_nodes | diff - "$dir/nodes" >/dev/null || bad 'nodes of lib/libxmem.map are out of order'
    $NM -D --defined-only --with-symbol-versions "$so" | awk '$2 == "A" { print $3 }' |
        sed 's/@.*//' | grep '^LIBXMEM_' | sort -V >"$dir/so-nodes"
    diff -u "$dir/nodes" "$dir/so-nodes" || bad "nodes of the map and of $so differ"
}

header_functions >"$dir/header"
[ -s "$dir/header" ] || bad 'found no function in xmem.h'
map_entries >"$dir/map"
diff -u "$dir/header" "$dir/map" || bad 'xmem.h and lib/libxmem.map differ'
sed -nE 's/^ (xmem_[a-z0-9_]+)@LIBXMEM_.*/\1/p' "$TOP_SRCDIR/debian/libxmem0.symbols" | sort |
    diff -u "$dir/header" - || bad 'xmem.h and debian/libxmem0.symbols differ'

if [ -e "$so" ]; then
    $NM -D --defined-only "$so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
        sort >"$dir/so"
    diff -u "$dir/header" "$dir/so" || bad "xmem.h and what $so exports differ"
    check_nodes
fi
# Names of the library's own have a prefix, and those of the core below it; sanitizers add
# theirs, and with -flto there may be no symbols to be seen.
[ ! -e "$archive" ] || $NM -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort -u >"$dir/static"
if [ -e "$archive" ] && ! grep -q __gnu_lto_slim "$dir/static"; then
    LC_ALL=C comm -13 "$dir/static" "$dir/header" >"$dir/missing"
    [ ! -s "$dir/missing" ] || bad "$archive has no $(tr '\n' ' ' <"$dir/missing")"
    leaked=$(LC_ALL=C comm -23 "$dir/static" "$dir/header" | grep -vE '^(xmi_|xm_|__)' | tr '\n' ' ')
    [ -z "$leaked" ] || bad "$archive shows without a prefix, xmi_ or xm_: $leaked"
fi
[ -e "$so" ] || [ -e "$archive" ] || bad "there is no library in $TOP_BUILDDIR/lib/.libs"
check_manual
gate_end
