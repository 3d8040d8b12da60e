#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What watch tells of an event, beside the struct that it has.
. "$(dirname "$0")/lib.sh"

python3 "$TOP_SRCDIR/tests/xmemctl/event_fields.py" "$TOP_SRCDIR/include/xmem.h" \
    "$TOP_BUILDDIR/tests/xmemctl/print-event" >"$WORK/out" 2>"$WORK/err"
code=$?
check "each field of struct xmem_event is told" [ "$code" -eq 0 ]
out_has '^[0-9]{2} fields of 12 members$'
finish
