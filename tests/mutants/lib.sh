# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh disable=SC2154
# For scripts that break the sources and want that to be found. A mutant is a part of a table: a line
# "=== NAME", what it has by "file:", "by:" and "breaks:", and a sed script. Sourced by a script that
# sets $mutants, the table, and has two functions:
#   objects_of NAME   the objects and libraries of the program that looks, as the linker takes them
#   found NAME        runs the program $dir/NAME, and is true when it found what breaks
# One that changes nothing, does not compile or is not found is a failure.
# shellcheck source=/dev/null # CC, CFLAGS and so on, as make has them
. "$TOP_BUILDDIR/tests/mutants/flags.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-mutants.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT INT TERM

names() { sed -n 's/^=== //p' "$mutants"; }

# part_of NAME: its lines; has NAME KEY: what stands behind "KEY: "
part_of() { awk -v head="=== $1" '/^=== / { on = $0 == head; next } on' "$mutants"; }
has() { part_of "$1" | sed -n "s/^$2: //p"; }

# The file, broken, linked before the library.
build() {
    source=$(has "$1" file)
    [ -f "$TOP_SRCDIR/$source" ] || {
        echo "its file is not there: $source"
        return 1
    }
    part_of "$1" | sed '/^[a-z]*: /d' >"$dir/$1.sed"
    sed -f "$dir/$1.sed" "$TOP_SRCDIR/$source" >"$dir/$1.c" || return 1
    if cmp -s "$dir/$1.c" "$TOP_SRCDIR/$source"; then
        echo "it changes nothing in $source"
        return 1
    fi
    # shellcheck disable=SC2046,SC2086 # lists of options and files
    (cd "$TOP_BUILDDIR" && $CC $CPPFLAGS_OF_LIB -I"$TOP_SRCDIR/${source%/*}" $CFLAGS -O0 -g0 -w \
        -c -o "$dir/$1.o" "$dir/$1.c" &&
        ./libtool --silent --tag=CC --mode=link $CC $CFLAGS $LDFLAGS -o "$dir/$1" "$dir/$1.o" $(objects_of "$1"))
}

try() {
    echo 'not built' >"$dir/$1.result"
    build "$1" >"$dir/$1.out" 2>&1 || return
    if found "$1" >>"$dir/$1.out" 2>&1; then echo found; else echo 'not found'; fi >"$dir/$1.result"
}

report() {
    n=$((n + 1))
    if [ "$(cat "$dir/$1.result")" = found ]; then
        echo "ok $n - $1: $(said "$1")"
        return
    fi
    sed 's/^/#   /' "$dir/$1.out"
    echo "not ok $n - $1: $(has "$1" breaks) ($(cat "$dir/$1.result"))"
    failed=1
}

# mutants_run [NAME...]: these or all, two at a time. TAP on stdout, 1 for a failure.
mutants_run() {
    names | LC_ALL=C sort -uc || {
        echo "Bail out! $mutants: names are not sorted, or not once each"
        return 1
    }
    # shellcheck disable=SC2046 # a list of names
    [ $# -gt 0 ] || set -- $(names)
    n=0 failed=0 odd=
    for name; do
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
    return $failed
}
