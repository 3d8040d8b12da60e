#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Output that nobody reads, or several write: the guest goes on, signals end it, lines stay whole.
. "$(dirname "$0")/lib.sh"

for case in pipe restored dropped lines writers killed terminal suspend background; do
    timeout -k 5 240 python3 "$TOP_SRCDIR/tests/xmemctl/stuck.py" "$XMEMCTL" "$WORK" "$case" \
        >"$WORK/out" 2>"$WORK/err"
    code=$?
    check "$case" [ "$code" -eq 0 ]
done
finish
