#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# mutants.sh [NAME...]: each file of mutants/ breaks one line of the library; explore-step must
# find a violation in what comes of it. One that changes nothing, does not compile or is not found
# is a failure. Its lines behind the licence are: the source file, explore-step's options, what breaks.
set -u
here=$TOP_SRCDIR/tests/explore
# shellcheck source=/dev/null # CC, CFLAGS and so on, as make has them
. "$TOP_BUILDDIR/tests/explore/flags.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-mutants.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT INT TERM

head_line() { sed -n "$(($2 + 1))s/^# //p" "$here/mutants/$1.sed"; }

# The library's file, broken, linked before the library.
build() {
    source=$(head_line "$1" 1)
    sed -f "$here/mutants/$1.sed" "$TOP_SRCDIR/$source" >"$dir/$1.c" || return 1
    if cmp -s "$dir/$1.c" "$TOP_SRCDIR/$source"; then
        echo "it changes nothing in $source"
        return 1
    fi
    # shellcheck disable=SC2086 # lists of options and files
    (cd "$TOP_BUILDDIR" && $CC $CPPFLAGS_OF_LIB $CFLAGS -O0 -g0 -w -I"$TOP_SRCDIR/$(dirname "$source")" \
        -c -o "$dir/$1.o" "$dir/$1.c" &&
        ./libtool --silent --tag=CC --mode=link $CC $CFLAGS $LDFLAGS \
        -o "$dir/$1" $OBJECTS "$dir/$1.o" $LIBRARIES)
}

# Exit status 3: found.
try() {
    build "$1" >"$dir/$1.out" 2>&1 || { echo "not built" >"$dir/$1.result"; return; }
    # shellcheck disable=SC2046 # a list of options
    timeout 60 "$dir/$1" -q -p 0 $(head_line "$1" 2) >>"$dir/$1.out" 2>&1
    echo $? >"$dir/$1.result"
}

report() {
    n=$((n + 1))
    if [ "$(cat "$dir/$1.result")" = 3 ]; then
        echo "ok $n - $1: $(sed -n '/^# [a-z].*: /{s/^# [^:]*: //;p;q;}' "$dir/$1.out")"
        return
    fi
    sed 's/^/#   /' "$dir/$1.out"
    echo "not ok $n - $1: $(head_line "$1" 3) ($(cat "$dir/$1.result"))"
    failed=1
}

# shellcheck disable=SC2046 # a list of names
[ $# -gt 0 ] || set -- $(cd "$here/mutants" && ls | sed 's/\.sed$//')
n=0 failed=0 odd=
for name; do # two at a time
    if [ -z "$odd" ]; then
        try "$name" &
        odd=$name
    else
        try "$name"
        wait
        odd=
    fi
done
wait
for name; do report "$name"; done
echo "1..$n"
exit $failed
