#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# xmem.h compiles alone, without a warning, for each language that it is read from, and
# its structs have no padding that is not written down, nor bit-fields: abidiff (2.2) does not
# see that the width of one changed.
. "$(dirname "$0")/../gates/lib.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-header.XXXXXX")
trap 'rm -rf "$dir"' EXIT
header=$TOP_SRCDIR/include/xmem.h
cat >"$dir/t.c" <<'EOF_C'
#include <xmem.h>
int main(void)
{
    struct xmem_caps caps = XMEM_INIT(caps);
    struct xmem_reply reply = XMEM_INIT(reply);
    return caps.size == sizeof(caps) && reply.size == sizeof(reply) && !reply.data ? 0 : 1;
}
EOF_C
cp "$dir/t.c" "$dir/t.cc"

compile() {
    "$@" -pedantic -Wall -Wextra -Wshadow -Werror -fsyntax-only -I"$TOP_SRCDIR/include" ||
        bad "$header does not pass: $*"
}

found=0
for cc in gcc clang; do
    command -v $cc >/dev/null || continue
    found=$((found + 1))
    compile $cc -std=c99 -Wstrict-prototypes "$dir/t.c"
    compile $cc -std=c11 -Wstrict-prototypes -Wpadded "$dir/t.c"
done
for cxx in g++ clang++; do
    command -v $cxx >/dev/null || continue
    found=$((found + 1))
    compile $cxx -std=c++11 "$dir/t.cc"
    compile $cxx -std=c++17 "$dir/t.cc"
done
fields=$(grep -nE '^[[:space:]]+[a-z_0-9 ]+[[:space:]][a-z_0-9]*[[:space:]]*:[[:space:]]*[0-9A-Za-z_]+[[:space:]]*;' "$header") || :
[ -z "$fields" ] || bad "$header has a bit-field, whose width the recorded ABI does not hold: $fields"
[ "$found" -ge 2 ] || {
    echo 'skipped: no C or no C++ compiler is installed'
    exit 77
}
gate_end
