#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Output that cannot be written is a failure, and a session is restored all the same.
. "$(dirname "$0")/lib.sh"
make_machine
make_policy "$WORK/log.json" 0x0-0x3f r log

if [ -w /dev/full ]; then
    for args in "--help" "--version" "status" "status busy" "get busy 0-3" "watch --count 3 -g 0-0x3f busy" \
        "-j watch --count 3 -g 0-0x3f busy" "views busy" "doctor busy"; do
        # shellcheck disable=SC2086 # words
        timeout 60 "$XMEMCTL" -c "$MACHINE" $args >/dev/full 2>"$WORK/err"
        code=$?
        check "full disk: exit 1, not $code: $args" [ "$code" -eq 1 ]
        err_has "cannot write to standard output"
    done
fi

# A reader that goes away ends the watch; nobody is killed by SIGPIPE.
{
    timeout 60 "$XMEMCTL" -c "$MACHINE" watch --policy "$WORK/log.json" busy 2>"$WORK/err"
    echo $? >"$WORK/code"
} | head -n 2 >"$WORK/out"
check "closed pipe: exit 1, not $(cat "$WORK/code")" [ "$(cat "$WORK/code")" -eq 1 ]
err_has "cannot write to standard output"
check "no failure to restore" sh -c "! grep -q restored '$WORK/err'"

# Standard output closed from the beginning.
timeout 60 "$XMEMCTL" -c "$MACHINE" status >&- 2>"$WORK/err"
check "closed: exit 1" [ $? -eq 1 ]
finish
