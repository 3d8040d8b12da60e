#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# try.sh TABLE [NAME...]: breaks the sources, and wants that to be found. A mutant is a part of a table: a line
# "=== NAME", what it has by "file:", "by:" and "breaks:", and a sed script. One that changes nothing, does
# not compile or is not found is a failure. TAP.
#   tests/mutants/mutants.table   the test that it names, "by: PROGRAM FUNCTION", must fail
#   tests/explore/mutants.table   explore-step, or of pv-* and l4-* explore-pv and explore-l4, must find a
#                                 violation with the options "by: OPTION..."
set -u
unset XMEM_EXPLORE_RUNS # a sample need not have the run that finds one
mutants=$1
shift
[ -e "$mutants" ] || mutants=$TOP_SRCDIR/$mutants
case $mutants in
*/explore/*) kind=explored ;;
*) kind=tested ;;
esac
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
        ./libtool --silent --tag=CC --mode=link $CC $CFLAGS $LDFLAGS -o "$dir/$1" "$dir/$1.o" $("objects_of_$kind" "$1"))
}

try() {
    echo 'not built' >"$dir/$1.result"
    build "$1" >"$dir/$1.out" 2>&1 || return
    if "found_$kind" "$1" >>"$dir/$1.out" 2>&1; then echo found; else echo 'not found'; fi >"$dir/$1.result"
}

report() {
    n=$((n + 1))
    if [ "$(cat "$dir/$1.result")" = found ]; then
        echo "ok $n - $1: $("said_$kind" "$1")"
        return
    fi
    sed 's/^/#   /' "$dir/$1.out"
    echo "not ok $n - $1: $(has "$1" breaks) ($(cat "$dir/$1.result"))"
    failed=1
}

# ---- by a test ----

objects_of_tested() {
    set -- "$(has "$1" by)"
    program=tests/${1%% *}
    case $program in
    tests/hypervisor/*) echo "$program.o $LIBRARIES_OF_CORE" ;;
    *) grep -q '"fake-backend.h"' "$TOP_SRCDIR/$program.c" && echo "$program.o tests/unit/fake-backend.o $LIBRARIES" ||
        echo "$program.o $LIBRARIES" ;;
    esac
}

# Check's line of a test that failed: FILE:LINE:F:CASE:TEST:N: TEXT, of one that was ended with E.
failed_line() {
    test=$(has "$1" by)
    grep -E "^[^:]*:[0-9]+:[FE]:[^:]*:${test#* }:" "$dir/$1.ck" | head -n 1
}

found_tested() {
    env -u CK_TAP_LOG_FILE_NAME CK_DEFAULT_TIMEOUT=20 timeout 120 "$dir/$1" >"$dir/$1.ck" 2>&1 && return 1
    cat "$dir/$1.ck"
    [ -n "$(failed_line "$1")" ]
}

said_tested() { failed_line "$1" | cut -d: -f5,7-; }

# ---- by exploring ----

# A part of the program itself is linked in the place of the right one.
without() {
    part=$(has "$1" file)
    for object in $2; do
        [ "${object%.*}" = "${part%.c}" ] || echo "$object"
    done
}

objects_of_explored() {
    case $1 in
    pv-*) without "$1" "$OBJECTS_OF_PV" && echo "$LIBRARIES_OF_PV" ;;
    l4-*) without "$1" "$OBJECTS_OF_L4" && echo "$LIBRARIES_OF_L4" ;;
    *) echo "$OBJECTS_OF_EXPLORE $LIBRARIES_OF_EXPLORE" ;;
    esac
}

found_explored() { # exit status 3
    # shellcheck disable=SC2046 # a list of options
    timeout 240 "$dir/$1" -q -p 0 $(has "$1" by)
    [ $? -eq 3 ]
}

said_explored() { sed -n '/^# [a-z].*: /{s/^# [^:]*: //;p;q;}' "$dir/$1.out"; }

# ---- all of them ----

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

mutants_run "$@"
