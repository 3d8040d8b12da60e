#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What failed half-way is put back, and that is said when it is so.
. "$(dirname "$0")/lib.sh"

timeout -k 5 240 python3 "$TOP_SRCDIR/tests/xmemctl/undo.py" "$XMEMCTL" "$WORK" apply \
    >"$WORK/out" 2>"$WORK/err"
code=$?
check "each call of applying fails once" [ "$code" -eq 0 ]
out_has '^[0-9]+ calls, [0-9]+ of them put back$'
timeout -k 5 240 python3 "$TOP_SRCDIR/tests/xmemctl/undo.py" "$XMEMCTL" "$WORK" both \
    >"$WORK/out" 2>"$WORK/err"
code=$?
check "two of the calls fail" [ "$code" -eq 0 ]

# What fails while it ends is tried again: once by the call itself, then by another one.
machine() { # FAULTS FILE
    printf '{"domains":[{"name":"guest","kind":"x86-ept","pages":64,"vcpus":2,"programs":[
        {"script":[{"op":"write","gfn":5,"value":1}],"repeat":3}],"faults":[%s]}]}' "$1" >"$WORK/$2"
}
unpause() { printf '{"hypercall":%d,"op":"unpause","errno":"ENOMEM"}' "$1"; }
machine "$(unpause 2)" once.json
expect 0 -c "sim:$WORK/once.json" watch -i -k -g 5 guest
out_has '^machine check: nothing left behind:'
machine "$(unpause 2),$(unpause 3)" twice.json
expect 0 -c "sim:$WORK/twice.json" watch -i -k -g 5 guest
out_has '^machine check: nothing left behind:'
err_has '^xmemctl: not everything could be restored at once: domain 1 cannot be unpaused: '
err_has '^xmemctl: it was tried again, and the domain is restored$'
finish
