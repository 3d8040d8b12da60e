#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The ABI is the recorded one: what libxmem.so offers (libxmem.abi, compared by abidiff) and the
# numbers that callers compile in (libxmem.layout). A new baseline: make abi-record
. "$(dirname "$0")/../gates/lib.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-abi.XXXXXX")
trap 'rm -rf "$dir"' EXIT
here=$TOP_SRCDIR/tests/abi
so=$TOP_BUILDDIR/lib/.libs/libxmem.so
: "${CC:=cc}"
how='a change that older callers survive is recorded by "make abi-record"; any other needs a new SONAME'

skip() {
    echo "skipped: $*"
    exit 77
}

# layout_program: from xmem.h a C program that prints each number a caller compiles in: sizes and
# offsets of structs, values of enumerators and constants. Debug information has none of the
# constants, nor enums that no prototype names.
layout_program() {
    awk '
    function emit(name) { printf "    offset(struct %s, %s);\n", scope[depth], name }
    function fields(line, n, part, i) {
        sub(/;.*/, "", line)
        n = split(line, part, ",")
        for (i = 1; i <= n; i++) {
            gsub(/\[.*/, "", part[i])
            sub(/.*[ *]/, "", part[i])
            emit(part[i])
        }
    }
    BEGIN {
        print "#include <stdio.h>\n#include <xmem.h>"
        print "#define value(n) printf(\"%s %#llx\\n\", #n, (unsigned long long)(n))"
        print "#define offset(t, f) printf(\"%s.%s %zu\\n\", #t, #f, offsetof(t, f))"
        print "#define bytes(t) printf(\"%s %zu bytes\\n\", #t, sizeof(t))"
        print "int main(void)\n{"
    }
    { gsub(/\/\*[^*]*\*\//, "") }
    /^#define XMEM_[A-Z0-9_]+ [^ ]/ && !/XMEM_API|XMEM_VERSION/ { printf "    value(%s);\n", $2 }
    /^enum [a-z_0-9]+ \{/ { in_enum = 1; printf "    bytes(enum %s);\n", $2; next }
    in_enum && /^\}/ { in_enum = 0 }
    in_enum {
        line = $0
        while (match(line, /XMEM_[A-Z0-9_]+ =/)) {
            printf "    value(%s);\n", substr(line, RSTART, RLENGTH - 2)
            line = substr(line, RSTART + RLENGTH)
        }
    }
    /^ *struct [a-z_0-9]+ \{/ { scope[++depth] = $2; printf "    bytes(struct %s);\n", $2; next }
    /^ *union \{/ { depth++; scope[depth] = scope[depth - 1]; next }
    /^ *\} *[a-z_0-9]*;/ && depth {
        depth--
        if (depth && match($0, /[a-z_0-9]+;/)) {
            name = substr($0, RSTART, RLENGTH - 1)
            where = depth > 1 && scope[depth] == scope[depth - 1] ? "u." name : name
            printf "    offset(struct %s, %s);\n", scope[depth], where
        }
        next
    }
    depth && /;/ && !/\(/ {
        if (depth > 1 && scope[depth] == scope[depth - 1]) next # raw[] of a union
        fields($0)
    }
    END { print "    return 0;\n}" }
    ' "$TOP_SRCDIR/include/xmem.h"
}

# The baseline is of one kind of machine; the others have the same source.
case $($CC -dumpmachine) in
x86_64-*) ;;
*) skip 'the recorded ABI is of x86-64' ;;
esac

# Numbers alone; the sizes of structs may grow only where the header says so.
layout_program >"$dir/layout.c"
# shellcheck disable=SC2086 # CC may come with flags
$CC -I"$TOP_SRCDIR/include" -o "$dir/layout" "$dir/layout.c"
"$dir/layout" >"$dir/libxmem.layout"
[ "$(wc -l <"$dir/libxmem.layout")" -gt 300 ] || bad 'the layout has less than it should'

# Nothing of the machine or the compiler: no paths, no places, no other libraries' versions.
dump() {
    abidw --headers-dir "$TOP_SRCDIR/include" --drop-private-types --drop-undefined-syms \
        --no-show-locs --no-corpus-path --no-comp-dir-path --no-elf-needed --no-parameter-names \
        --type-id-style hash "$so" | sed "s| path='[^']*/\\([^/']*\\)'| path='\\1'|"
}

if [ "${1-}" = --record ]; then
    command -v abidw >/dev/null || skip 'abidw is not installed (package abigail-tools)'
    dump >"$dir/libxmem.abi"
    cp "$dir/libxmem.abi" "$dir/libxmem.layout" "$here/"
    echo "recorded: $(grep -c '<elf-symbol ' "$here/libxmem.abi") functions," \
        "$(wc -l <"$here/libxmem.layout") numbers"
    exit 0
fi

diff -u "$here/libxmem.layout" "$dir/libxmem.layout" || bad "sizes, offsets or constants changed: $how"

# A suppression without its reason is none.
awk '/^\[/ && last !~ /^# Reason: ..../ { print FILENAME ":" FNR ": " $0 " without # Reason:"; rc = 1 }
    { last = $0 } END { exit rc }' "$here/libxmem.suppr" >&2 ||
    bad 'each suppression is preceded by a line "# Reason: ..."'

[ "$findings" -eq 0 ] || gate_end
command -v abidiff >/dev/null || skip 'abidiff is not installed (package abigail-tools)'
[ -e "$so" ] || skip 'this build has no shared library (--disable-shared)'
readelf -S "$so" | grep -q '\.debug_info' || skip 'the library was built without debug information'
# Bits of the status: 1 and 2 failed, 4 changed, 8 changed incompatibly.
status=0
abidiff --headers-dir2 "$TOP_SRCDIR/include" --drop-private-types --no-show-locs \
    --suppressions "$here/libxmem.suppr" "$here/libxmem.abi" "$so" || status=$?
[ "$status" -eq 0 ] || bad "abidiff: status $status: $how"
gate_end
