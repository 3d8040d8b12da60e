#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Counted instructions, the same on each run.
# count.sh arm [CASE...]: of this machine that a step by emulation on Arm takes, all of it and what the
#     hypervisor's part (the simulated one) and the instruction itself with its translation take of that.
# count.sh lib [--check] [CASE...]: of lib/ (the simulated machine's part left out) for each event, by its
#     answer, and for each gfn that is set. Beside them the recorded figures, of GCC 12 at -O2 on x86-64;
#     --check: exit status 1 where one is more than 3 % above them.
set -eu
: "${TOP_BUILDDIR:=$PWD}" "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}"
export TOP_SRCDIR
of=$1 check=0 failed=0
shift
[ "${1-}" != --check ] || { check=1 && shift; }
if ! command -v valgrind >/dev/null; then
    echo "count: skipped: valgrind is missing"
    exit 77
fi
out=$(mktemp "${TMPDIR:-/tmp}/xm-count.XXXXXX")
trap 'rm -f "$out"' EXIT INT TERM

count_arm() {
    [ $# -gt 0 ] || set -- store-off store load swap exclusive
    steps=2000
    for case; do
        timeout -k 10 120 valgrind --quiet --tool=callgrind --toggle-collect=xmi_step_by_arm \
            --callgrind-out-file="$out" "$TOP_BUILDDIR/tests/bench/bench-arm" "$case" $steps 2>/dev/null
        callgrind_annotate --inclusive=yes --threshold=100 "$out" 2>/dev/null | awk -v "what=$case" -v n=$steps '
            { gsub(",", "", $1) }
            /:xmi_step_by_arm \[/ { all = $1 }
            /:(xmi_backend_sim_[a-z_]*|page_map) \[/ && !seen[$0]++ { theirs += $1 }
            /:instruction \[/ { insn = $1 }
            END { printf "%-58s %10.0f instructions (the hypervisor %.0f, done %.0f)\n",
                  "a step by emulation on Arm: " what, all / n, theirs / n, insn / n }'
    done
}

count_lib() {
    [ $# -gt 0 ] || set -- step resume emulate one list
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
            echo "count: $case: what was counted cannot be all of it" >&2
            failed=$check
        fi
    done
}

"count_$of" "$@"
exit "$failed"
