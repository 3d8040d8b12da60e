#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Options and operands: help, version, strict numbers, exit code 2.
. "$(dirname "$0")/lib.sh"

for command in validate plan apply watch get set views status doctor recover demo; do
    expect 0 "$command" --help
    out_has "^usage: xmemctl $command"
    out_has "--json"
    expect 2 "$command" --no-such-option
    err_has "no-such-option"
    out_empty
done
expect 0 --help
out_has "^exit codes"
expect 0 --version
out_has "^xmemctl [0-9]+\.[0-9]+\.[0-9]+, libxmem [0-9]"
expect 2
err_has "^usage"
expect 2 frobnicate
err_has "unknown command 'frobnicate'"
expect 2 --frobnicate

# operands
expect 2 validate
expect 2 plan 1
expect 2 apply 1
expect 2 watch
expect 2 watch 1 2
expect 2 get 1
expect 2 set 1 2
expect 2 views
expect 2 status 1 2
expect 2 recover
err_has "missing operands"

# numbers
for bad in '' ' 1' '+1' '-1' 1.5 1e3 0x '0x 1' 1- -1 2-1 1-2-3 0x1g 18446744073709551616 0x10000000000000 12abc; do
    expect 2 -c sim: get 1 -- "$bad"
    out_empty
done
err_has "^xmemctl: gfn: '12abc'"
expect 2 -c sim: get --view 65536 1 1
err_has "too large"
expect 2 -c sim: get --view x 1 1
expect 2 -c sim: set 1 1 rxw
err_has "rights: 'rxw' is none of"
expect 2 -c sim: watch --count -1 1
expect 2 -c sim: watch --count 18446744073709551616 1
for bad in '' -1 1. .5 1e3 nan inf 0x10 99999999999 1.2345; do
    expect 2 -c sim: watch --duration "$bad" 1
done
err_has "not a time in seconds"
expect 2 -c sim: watch --rights q 1
expect 2 -c sim: watch --gfn 1- 1
for option in '--count 0' '--duration 0' '--duration 0.000'; do
    # shellcheck disable=SC2086 # words
    expect 2 -c sim: watch $option --gfn 1 1
    err_has "^xmemctl: ${option% *}: 0 would watch nothing; "
    out_empty
done
expect 2 -c sim: watch 1
err_has '^xmemctl: nothing to watch: give pages with --gfn, or a policy with --policy$'
expect 2 -c sim: watch --until-idle --rights r 1
err_has "nothing to watch"
expect 2 -c sim: watch --policy /dev/null --gfn 1 1
err_has "do not go together"
expect 2 demo --pages 0
expect 2 demo --pages 99999999999
finish
