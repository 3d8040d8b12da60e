# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# For the gates: sourced. A gate calls bad for each finding and ends with gate_end.
set -eu
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${TOP_BUILDDIR:=$PWD}"
findings=0

bad() {
    echo "$0: $*" >&2
    findings=$((findings + 1))
}

gate_end() {
    [ "$findings" -eq 0 ] || {
        echo "$0: $findings findings" >&2
        exit 1
    }
    exit 0
}

# source_files [PATTERN...]: the project's files whose path matches one of the case patterns.
source_files() {
    (cd "$TOP_SRCDIR" && sh tests/source-files.sh) | while IFS= read -r file; do
        for pattern in "$@"; do
            # shellcheck disable=SC2254 # a pattern on purpose
            case $file in
            $pattern)
                printf '%s\n' "$file"
                break
                ;;
            esac
        done
    done
}
