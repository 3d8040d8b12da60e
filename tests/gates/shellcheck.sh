#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Over these scripts of the tree, or over every one, with or without a suffix: shellcheck.
. "$(dirname "$0")/lib.sh"
command -v shellcheck >/dev/null || {
    echo 'skipped: shellcheck is not installed'
    exit 77
}

scripts=$(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else source_files '*'; fi | while IFS= read -r file; do
    case $file in
    *.sh | *.bash) printf '%s\n' "$file" ;;
    *.*) [ "$file" != .ci/run ] || printf '%s\n' "$file" ;;
    *) ! head -n 1 "$TOP_SRCDIR/$file" | grep -qE '^#!.*[ /](ba|da|a)?sh( |$)' ||
        printf '%s\n' "$file" ;;
    esac
done)
cd "$TOP_SRCDIR"
# SC2187: what busybox runs may well be checked as dash.
printf '%s\n' "$scripts" | xargs -n 6 -P "$(nproc)" \
    shellcheck -x -S warning -e SC2187 --source-path=SCRIPTDIR || bad "scripts: see above"
gate_end
