#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What run-test makes of a test that leaves before its end: never one that passed.
. "$(dirname "$0")/lib.sh"
program=$TOP_BUILDDIR/tests/gates/leaves

# says FORK WAY WORDS...: the program's TAP has one line for each of these, and its plan.
says() {
    fork=$1 way=$2
    shift 2
    said=$(CK_FORK=$fork sh "$TOP_SRCDIR/tests/run-test" "$program" "$way" 2>/dev/null) ||
        bad "CK_FORK=$fork, $way: status $?"
    for words; do
        printf '%s\n' "$said" | grep -q "^$words" || bad "CK_FORK=$fork, $way: no '$words' in: $said"
    done
    printf '%s\n' "$said" | grep -qx "1\.\.$#" || bad "CK_FORK=$fork, $way: $# tests, in: $said"
}

for fork in yes no; do
    says $fork stays 'ok 1 ' 'ok 2 '
done
for way in exit _exit; do
    says yes $way 'not ok 1 .*left before its end' 'ok 2 '
    says no $way 'not ok 1 .*ended before its last test'
done
gate_end
