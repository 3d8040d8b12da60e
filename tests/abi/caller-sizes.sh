#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Structs grow by their size: a caller of an older and one of a newer version, each compiled with
# that version's header and started with this library.
. "$(dirname "$0")/../gates/lib.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-callers.XXXXXX")
trap 'rm -rf "$dir"' EXIT
here=$TOP_SRCDIR/tests/abi
: "${CC:=cc}"
[ -e "$TOP_BUILDDIR/lib/.libs/libxmem.so" ] || {
    echo 'skipped: this build has no shared library (--disable-shared)'
    exit 77
}

# aged_header older|newer: xmem.h as a caller of another version has it. older: the last field of
# each struct that starts with its size was not there yet. newer: each has got two more.
aged_header() {
    awk -v age="$1" '
    function end_struct(    last) {
        if (age == "newer")
            body[++n] = "    uint64_t xm_later[2];"
        else if (n > 2 && body[n] !~ /^    \} /) { # not the registers: their union is the struct
            last = n
            if (body[last] ~ / reserved[;[]/) last-- # padding goes with what it pads
            if (last > 2) n = last - 1
        }
        for (i = 1; i <= n; i++) print body[i]
        sized = n = 0
    }
    /^struct [a-z_]+ \{/ { open = $0; getline; print open
        if ($0 ~ /^    size_t size;/) sized = 1
        else { print; next } }
    sized && /^\};/ { end_struct() }
    sized { if ($0 ~ /;/ || $0 !~ /^ *(\/?\*|$)/) body[++n] = $0; next }
    { print }
    ' "$TOP_SRCDIR/include/xmem.h"
}

# build_and_run AGE FLAG...: its sizes go to AGE.sizes
build_and_run() {
    age=$1
    shift
    mkdir "$dir/$age"
    if [ "$age" = same ]; then
        cp "$TOP_SRCDIR/include/xmem.h" "$dir/same/"
    else
        aged_header "$age" >"$dir/$age/xmem.h"
    fi
    # shellcheck disable=SC2086 # CC may come with flags
    $CC -std=c11 -Wall -Wextra -Werror "$@" -I"$dir/$age" -o "$dir/$age/caller" "$here/caller.c" \
        -L"$TOP_BUILDDIR/lib/.libs" -lxmem || {
        bad "a caller of the $age version does not compile"
        return
    }
    echo "caller of the $age version:"
    LD_LIBRARY_PATH="$TOP_BUILDDIR/lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
        timeout 60 "$dir/$age/caller" >"$dir/$age.sizes" || bad "a caller of the $age version fails"
}

build_and_run same
build_and_run older -DXM_OLDER
build_and_run newer -DXM_NEWER
[ "$findings" -eq 0 ] || gate_end

# The callers differ in what they claim to; the last two structs have nothing to leave out,
# and what the capabilities got last stands where padding was.
paste "$dir/older.sizes" "$dir/same.sizes" "$dir/newer.sizes" >"$dir/sizes"
shorter=$(awk '$2 < $4 { n++ } END { print n + 0 }' "$dir/sizes")
longer=$(awk '$6 > $4 { n++ } END { print n + 0 }' "$dir/sizes")
structs=$(wc -l <"$dir/sizes")
[ "$structs" -eq "$(grep -c '^    size_t size;' "$TOP_SRCDIR/include/xmem.h")" ] ||
    bad "caller.c knows $structs sized structs, xmem.h has others: add them"
[ "$shorter" -eq $((structs - 3)) ] || bad "only $shorter of $structs structs were shorter"
[ "$longer" -eq "$structs" ] || bad "only $longer of $structs structs were longer"
echo "$shorter structs shorter, $longer longer"
gate_end
