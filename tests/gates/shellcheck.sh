#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs shellcheck over every shell script, with or without a suffix.
. "$(dirname "$0")/lib.sh"
command -v shellcheck >/dev/null || {
    echo 'skipped: shellcheck is not installed'
    exit 77
}

scripts=$(source_files '*' | while IFS= read -r file; do
    case $file in
    *.sh | *.bash) printf '%s\n' "$file" ;;
    *.*) [ "$file" != .ci/run ] || printf '%s\n' "$file" ;;
    *) ! head -n 1 "$TOP_SRCDIR/$file" | grep -qE '^#!.*[ /](ba|da|a)?sh( |$)' ||
        printf '%s\n' "$file" ;;
    esac
done)
cd "$TOP_SRCDIR"
# SC2187: what busybox runs may well be checked as dash.
for script in $scripts; do
    shellcheck -x -S warning -e SC2187 --source-path=SCRIPTDIR "$script" || bad "$script: see above"
done
gate_end
