#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# mutants.sh [NAME...]: each mutant of the table breaks one line of the sources; the test that it
# names must fail then.
set -u
mutants=$TOP_SRCDIR/tests/mutants/mutants.table
. "${mutants%/*}/lib.sh"

objects_of() {
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

found() {
    env -u CK_TAP_LOG_FILE_NAME CK_DEFAULT_TIMEOUT=20 timeout 120 "$dir/$1" >"$dir/$1.ck" 2>&1 && return 1
    cat "$dir/$1.ck"
    [ -n "$(failed_line "$1")" ]
}

said() { failed_line "$1" | cut -d: -f5,7-; }

mutants_run "$@"
