#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# count-arm.sh [CASE...]: instructions of this machine that a step by emulation on Arm takes, all of it and what the
# hypervisor's part (the simulated one) and the instruction itself with its translation take of that.
set -eu
: "${TOP_BUILDDIR:=$PWD}"
[ $# -gt 0 ] || set -- store-off store load swap exclusive
if ! command -v valgrind >/dev/null; then
    echo "count-arm: skipped: valgrind is missing"
    exit 0
fi
out=$(mktemp "${TMPDIR:-/tmp}/xm-count.XXXXXX")
trap 'rm -f "$out"' EXIT INT TERM
steps=2000
for case; do
    timeout -k 10 120 valgrind --quiet --tool=callgrind --toggle-collect=step_by_arm \
        --callgrind-out-file="$out" "$TOP_BUILDDIR/tests/bench/bench-arm" "$case" $steps 2>/dev/null
    callgrind_annotate --inclusive=yes --threshold=100 "$out" 2>/dev/null | awk -v "what=$case" -v n=$steps '
        { gsub(",", "", $1) }
        /:step_by_arm \[/ { all = $1 }
        /:(backend_sim_[a-z_]*|page_map) \[/ && !seen[$0]++ { theirs += $1 }
        /:instruction \[/ { insn = $1 }
        END { printf "%-58s %10.0f instructions (the hypervisor %.0f, done %.0f)\n",
              "a step by emulation on Arm: " what, all / n, theirs / n, insn / n }'
done
