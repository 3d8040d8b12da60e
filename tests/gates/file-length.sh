#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# No file above 700 lines: a longer one holds more than one object. No function of ours
# above 60: a longer one does more than one thing.
. "$(dirname "$0")/lib.sh"
file_limit=700
function_limit=60

for file in $(source_files '*.c' '*.h' '*.S' '*.py' '*.sh' '*.am' '*.ac' '.ci/run'); do
    lines=$(wc -l <"$TOP_SRCDIR/$file")
    [ "$lines" -le $file_limit ] || bad "$file has $lines lines, $file_limit are allowed: part it"
done

# A function's brace opens at the end of a line that is not indented, or on a line of its own.
for file in $(source_files 'lib/*.c' 'hypervisor/*.c' 'examples/*.c'); do
    long=$(awk -v limit=$function_limit '
        /^[^ \t#}].*\) *\{$/ || /^\{$/ { start = NR }
        /^}$/ && start { if (NR - start > limit) print start; start = 0 }' "$TOP_SRCDIR/$file")
    for line in $long; do
        bad "$file:$line: a function of more than $function_limit lines: part it"
    done
done
gate_end
