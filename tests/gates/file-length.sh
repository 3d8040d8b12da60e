#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# No file above 700 lines: a longer one holds more than one object. No function of ours
# above 60: a longer one does more than one thing.
. "$(dirname "$0")/lib.sh"

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
gate_end
