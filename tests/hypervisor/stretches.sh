#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# stretches.sh: instructions of each stretch of the core that nothing preempts, one in each function stretch_*() of the
# program: none may have more than MOST.
set -eu
: "${TOP_BUILDDIR:=$PWD}"
most=100000
if ! command -v valgrind >/dev/null; then
    echo "stretches: skipped: valgrind is missing"
    exit 77
fi
out=$(mktemp "${TMPDIR:-/tmp}/xm-stretch.XXXXXX")
trap 'rm -f "$out"' EXIT INT TERM
timeout -k 10 240 valgrind --quiet --tool=callgrind --callgrind-out-file="$out" \
    "$TOP_BUILDDIR/tests/hypervisor/stretches" 2>/dev/null
callgrind_annotate --inclusive=yes --auto=no --threshold=100 "$out" 2>/dev/null | awk -v most=$most '
    match($0, /:stretch_[a-z0-9_]*/) {
        what = substr($0, RSTART + 9, RLENGTH - 9)
        gsub(",", "", $1)
        if ($1 + 0 < 10 || seen[what]++)
            next # inlined parts of it
        n++
        much = ($1 + 0 > most + 0)
        printf "%-20s %10d instructions%s\n", what, $1, (much ? ": too many" : "")
        bad += much
    }
    END {
        if (n < 29)
            print "stretches: " n " were counted, which cannot be all"
        exit (bad > 0 || n < 29)
    }'
