#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# files.sh [WHAT [FILE...]]: what every file of the project is held to, all of it or one of file_length,
# format, shellcheck (of these files) and spdx. TAP.
. "$(dirname "$0")/lib.sh"

# No file above 700 lines: a longer one holds more than one object. No function of ours
# above 60: a longer one does more than one thing.
file_length() {
    # A function's brace opens at the end of a line that is not indented, or on a line of its own.
    long=$(source_files '*.c' '*.h' '*.S' '*.py' '*.sh' '*.am' '*.ac' '.ci/run' |
        (cd "$TOP_SRCDIR" && LC_ALL=C awk -v files=700 -v functions=60 '
        {
            ours = $0 ~ /^(lib|hypervisor|examples)\/.*\.c$/
            lines = start = 0
            while ((getline line <$0) > 0) {
                lines++
                if (line ~ /^[^ \t#}].*\) *\{$/ || line ~ /^\{$/)
                    start = lines
                if (line ~ /^}$/ && start) {
                    if (ours && lines - start > functions)
                        printf "%s:%d: a function of more than %d lines: part it\n", $0, start, functions
                    start = 0
                }
            }
            close($0)
            if (lines > files)
                printf "%s has %d lines, %d are allowed: part it\n", $0, lines, files
        }'))
    while IFS= read -r finding; do
        [ -z "$finding" ] || bad "$finding"
    done <<END
$long
END
}

# Every C file is as .clang-format has it. Another release of the tool formats otherwise.
format() {
    tool=${CLANG_FORMAT:-clang-format}
    case $($tool --version 2>/dev/null) in
    *' version 14.'*) ;;
    *)
        skip="clang-format 14 is not installed (package clang-format)"
        return
        ;;
    esac
    # shellcheck disable=SC2046 # a list of files
    said=$(cd "$TOP_SRCDIR" && $tool --dry-run $(source_files '*.c' '*.h') 2>&1) || bad "$tool fails: $said"
    for place in $(printf '%s\n' "$said" | sed -n 's/: warning: .*//p'); do
        bad "$place: not as .clang-format has it: clang-format -i ${place%%:*}"
    done
}

# Over these scripts of the tree, or over every one, with or without a suffix: shellcheck.
scripts() {
    command -v shellcheck >/dev/null || {
        skip='shellcheck is not installed'
        return
    }

    scripts=$(if [ $# -gt 1 ]; then shift && printf '%s\n' "$@"; else source_files '*'; fi | while IFS= read -r file; do
        case $file in
        *.sh | *.bash) printf '%s\n' "$file" ;;
        *.*) [ "$file" != .ci/run ] || printf '%s\n' "$file" ;;
        *) ! head -n 1 "$TOP_SRCDIR/$file" | grep -qE '^#!.*[ /](ba|da|a)?sh( |$)' ||
            printf '%s\n' "$file" ;;
        esac
    done)
    # SC2187: what busybox runs may well be checked as dash.
    printf '%s\n' "$scripts" | (cd "$TOP_SRCDIR" && xargs -n 6 -P "$(nproc)" \
        shellcheck -x -S warning -e SC2187 --source-path=SCRIPTDIR) || bad "scripts: see above"
}

# Each source file, scripts without a suffix too, names its licence: GPL-2.0-only inside Xen, else
# LGPL-2.1-or-later.
spdx() {
    # By one process for all files: some thousand of them would take most of a minute.
    unnamed=$(source_files '*' | (cd "$TOP_SRCDIR" && LC_ALL=C awk '
        function is_source(name, first) {
            return name ~ /\.([chS]|py|sh|bash|awk|am|ac|mk)$/ || name == "lib/libxmem.map" || first ~ /^#!/
        }
        {
            licence = $0 ~ /^hypervisor\/xen\// ? "GPL-2.0-only" : "LGPL-2.1-or-later"
            named = 0
            first = ""
            for (i = 0; i < 3 && (getline line <$0) > 0; i++) {
                if (i == 0)
                    first = line
                if (line ~ "SPDX-License-Identifier: " licence "( [*]/)?$")
                    named = 1
            }
            close($0)
            if (!named && is_source($0, first))
                printf "%s\t%s\n", $0, licence
        }'))
    tab=$(printf '\t')
    while IFS=$tab read -r file licence; do
        [ -z "$file" ] || bad "$file: no line 'SPDX-License-Identifier: $licence' at the top"
    done <<END
$unnamed
END
}

# judge WHAT FUNCTION [ARG...]
judge() {
    what=$1 before=$findings skip=
    shift
    "$@"
    n=$((n + 1))
    if [ -n "$skip" ] && [ "$alone" ]; then
        echo "1..0 # SKIP $skip"
        exit 0
    elif [ -n "$skip" ]; then
        echo "ok $n - $what # SKIP $skip"
    elif [ "$findings" -eq "$before" ]; then
        echo "ok $n - $what"
    else
        echo "not ok $n - $what"
    fi
}

n=0 alone=${1-}
case ${1-all} in
all)
    judge file_length file_length
    judge format format
    judge shellcheck scripts
    judge spdx spdx
    ;;
shellcheck) judge "$1" scripts "$@" ;;
*) judge "$1" "$1" ;;
esac
echo "1..$n"
gate_end
