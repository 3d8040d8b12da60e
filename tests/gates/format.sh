#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every C file is as .clang-format has it. Another release of the tool formats otherwise.
. "$(dirname "$0")/lib.sh"
tool=${CLANG_FORMAT:-clang-format}
case $($tool --version 2>/dev/null) in
*' version 14.'*) ;;
*)
    echo "1..0 # SKIP clang-format 14 is not installed (package clang-format)"
    exit 0
    ;;
esac
# shellcheck disable=SC2046 # a list of files
said=$(cd "$TOP_SRCDIR" && $tool --dry-run $(source_files '*.c' '*.h') 2>&1) || bad "$tool fails: $said"
for place in $(printf '%s\n' "$said" | sed -n 's/: warning: .*//p'); do
    bad "$place: not as .clang-format has it: clang-format -i ${place%%:*}"
done
gate_end
