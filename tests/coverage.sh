#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# coverage.sh TOP_SRCDIR TOP_BUILDDIR: line coverage of lib/ and hypervisor/core/, after
# `make check` in a tree configured with --enable-coverage. Fails below the limit. What calls
# Xen's libraries runs in the laboratories only (make check-lab) and is left out.
set -eu
src=$1 build=$2
: "${XM_COVERAGE_MIN:=90}"
out=$build/coverage
mkdir -p "$out"

lcov --quiet --capture --base-directory "$build" --directory "$build/lib" \
    --directory "$build/hypervisor" --output-file "$out/all.info"
lcov --quiet --extract "$out/all.info" "$src/lib/*" "$src/hypervisor/core/*" \
    --output-file "$out/with-xen.info"
lcov --quiet --remove "$out/with-xen.info" "$src/lib/backend/xen/*" \
    --output-file "$out/ours.info"

# Per file: lines that were run, lines that can be run.
awk -F: -v top="$src/" -v min="$XM_COVERAGE_MIN" '
    $1 == "SF" { file = $2; sub(top, "", file) }
    $1 == "LH" { hit[file] += $2; hits += $2 }
    $1 == "LF" { all[file] += $2; lines += $2 }
    END {
        for (file in all)
            printf "%6.1f %%  %4d of %4d  %s\n", all[file] ? 100 * hit[file] / all[file] : 100,
                hit[file], all[file], file | "sort -n"
        close("sort -n")
        percent = lines ? 100 * hits / lines : 0
        printf "coverage: %.1f %% of %d lines of lib/ and hypervisor/core/ (at least %d %%)\n",
            percent, lines, min
        exit percent < min
    }' "$out/ours.info"
