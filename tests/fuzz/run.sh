#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# run.sh SECONDS PROGRAM...: runs libFuzzer programs for some seconds each. What they find
# is left in ./fuzz-findings and printed, the corpus they grew in ./fuzz-corpus.
# XMEM_FUZZ_SEED: a number makes runs repeat as far as their time goes; without it each explores anew.
set -eu
seconds=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
failed=0
# For who has only this run's output.
show_findings() {
    for finding in fuzz-findings/"$1"-*; do
        [ -f "$finding" ] || continue
        echo "fuzz: $finding in base64:"
        head -c 65536 "$finding" | base64
    done >&2
}

for program in "$@"; do
    name=$(basename "$program")
    mkdir -p "fuzz-corpus/$name" fuzz-findings
    sh "$here/corpus.sh" "$name" "fuzz-corpus/$name.begin"
    set -- "fuzz-corpus/$name" "fuzz-corpus/$name.begin"
    echo "fuzz: $name for $seconds s"
    timeout -k 10 $((seconds * 3 + 60)) "./$program" -max_total_time="$seconds" -timeout=60 \
        -seed="${XMEM_FUZZ_SEED:-0}" \
        -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="fuzz-findings/$name-" "$@" || {
        echo "fuzz: $name failed, see fuzz-findings/" >&2
        show_findings "$name"
        failed=1
    }
done
exit $failed
