#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# mutants.sh [NAME...]: each mutant of the table breaks one line of the sources; explore-step, or of
# pv-* and l4-* explore-pv and explore-l4, with its options, must find a violation in what comes of it.
set -u
unset XMEM_EXPLORE_RUNS # a sample need not have the run that finds one
mutants=$TOP_SRCDIR/tests/explore/mutants.table
. "$TOP_SRCDIR/tests/mutants/lib.sh"

# A part of the program itself is linked in the place of the right one.
without() {
    part=$(has "$1" file)
    for object in $2; do
        [ "${object%.*}" = "${part%.c}" ] || echo "$object"
    done
}

objects_of() {
    case $1 in
    pv-*) without "$1" "$OBJECTS_OF_PV" && echo "$LIBRARIES_OF_PV" ;;
    l4-*) without "$1" "$OBJECTS_OF_L4" && echo "$LIBRARIES_OF_L4" ;;
    *) echo "$OBJECTS_OF_EXPLORE $LIBRARIES_OF_EXPLORE" ;;
    esac
}

found() { # exit status 3
    # shellcheck disable=SC2046 # a list of options
    timeout 240 "$dir/$1" -q -p 0 $(has "$1" by)
    [ $? -eq 3 ]
}

said() { sed -n '/^# [a-z].*: /{s/^# [^:]*: //;p;q;}' "$dir/$1.out"; }

mutants_run "$@"
