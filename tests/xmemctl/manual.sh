#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# xmemctl(1) is well-formed and speaks of every command and option.
. "$(dirname "$0")/lib.sh"
page=$TOP_SRCDIR/docs/man1/xmemctl.1

run --help
check "eleven commands" [ "$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$WORK/out" | wc -l)" -eq 11 ]
# shellcheck disable=SC2013 # words are meant
for command in $(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$WORK/out"); do
    check "the manual has the command $command" grep -qE "^\.It Cm $command( |\$)" "$page"
    run "$command" --help
    # shellcheck disable=SC2013 # words are meant
    for option in $(grep -oE '(^| )--[a-z-]+' "$WORK/out" | sed 's/^ *--//' | sort -u); do
        check "the manual has the option --$option" grep -qE -e "-$option( |\$)" "$page"
    done
done
if command -v mandoc >/dev/null 2>&1; then
    # Whether the pages it refers to are installed is not the page's matter.
    mandoc -Tlint "$page" | grep -vE 'referenced manual not found|outdated mandoc.db' >"$WORK/out"
    check "mandoc finds nothing" [ ! -s "$WORK/out" ]
else
    echo "not checked: mandoc is not there"
fi
finish
