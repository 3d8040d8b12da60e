#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# get and set. A simulated machine lives as long as a command, so each is seen alone.
. "$(dirname "$0")/lib.sh"
make_machine

expect 0 -c "$MACHINE" get busy 0x0-0x3f
check "one line for pages alike" [ "$(cat "$WORK/out")" = "0x0-0x3f rwx" ]
expect 0 -c "$MACHINE" get busy 63
check "decimal, one page" [ "$(cat "$WORK/out")" = "0x3f rwx" ]
expect 0 -c "$MACHINE" get idle 0x2-0x5
out_has "^0x2-0x3 unmapped$"
out_has "^0x4-0x5 rwx$"
expect 1 -c "$MACHINE" get 1 0x3e-0x41
out_has "^0x3e-0x3f rwx$"
err_has "cannot tell the rights of 0x40"
expect 0 -c "$MACHINE" set busy 0-0x3f rx
out_has "^64 pages: 64 set, 0 had these rights already"
expect 0 -c "$MACHINE" set --progress idle 4-300003 r
err_has "setting \[#+\] 100% 300000/300000"
out_has "^300000 pages: 300000 set"
finish
