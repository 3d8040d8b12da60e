#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh SECONDS PROGRAM...: runs libFuzzer programs for some seconds each. What they find
# is left in ./fuzz-findings, the corpus they grew in ./fuzz-corpus.
set -eu
seconds=$1
shift
corpora=$(cd "$(dirname "$0")" && pwd)/corpus
failed=0
for program in "$@"; do
    name=$(basename "$program")
    mkdir -p "fuzz-corpus/$name" fuzz-findings
    set -- "fuzz-corpus/$name"
    [ ! -d "$corpora/$name" ] || set -- "$@" "$corpora/$name"
    echo "fuzz: $name for $seconds s"
    timeout -k 10 $((seconds * 3 + 60)) "./$program" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="fuzz-findings/$name-" "$@" || {
        echo "fuzz: $name failed, see fuzz-findings/" >&2
        failed=1
    }
done
exit $failed
