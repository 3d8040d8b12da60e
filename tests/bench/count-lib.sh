#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# count-lib.sh [--check] [CASE...]: instructions of lib/ (the simulated machine's part left out) for each event, by
# its answer, and for each gfn that is set. The same on each run. Beside them the recorded figures, of GCC 12 at
# -O2 on x86-64; --check: exit status 1 where one is more than 3 % above them.
set -eu
: "${TOP_BUILDDIR:=$PWD}" "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}"
export TOP_SRCDIR
check=0 failed=0
[ "${1-}" != --check ] || { check=1 && shift; }
[ $# -gt 0 ] || set -- step resume emulate one list
if ! command -v valgrind >/dev/null; then
    echo "count-lib: skipped: valgrind is missing"
    exit 77
fi
out=$(mktemp "${TMPDIR:-/tmp}/xm-count.XXXXXX")
trap 'rm -f "$out"' EXIT INT TERM
for case; do
    n=2000 what=count_events
    case $case in one | list) what=count_sets ;; esac
    timeout -k 10 120 valgrind --quiet --tool=callgrind --toggle-collect=$what \
        --callgrind-out-file="$out" "$TOP_BUILDDIR/tests/bench/bench-count" "$case" $n 2>/dev/null
    count=$(callgrind_annotate --auto=no --threshold=100 "$out" 2>/dev/null | awk -v n=$n '
        /\/lib\/[a-z0-9]+\/[a-z0-9-]*\.[ch]:/ && !/\/lib\/(arm|backend\/sim)\/|\/hypervisor\// { gsub(",", "", $1); all += $1 }
        END { printf "%.0f", all / n }')
    recorded=$(awk -v c="$case" '$1 == c { print $2 }' "$TOP_SRCDIR/tests/bench/counts")
    printf '%-58s %10s instructions of lib/ (recorded: %s)\n' "counted: $case" "$count" "$recorded"
    if [ $((count * 100)) -gt $((recorded * 103)) ]; then
        failed=$check
    fi
    # Far below is no progress: nothing was counted, or the files are elsewhere.
    if [ $((count * 2)) -lt "$recorded" ]; then
        echo "count-lib: $case: what was counted cannot be all of it" >&2
        failed=$check
    fi
done
exit "$failed"
