#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Descriptions of machines: validated, and what is said of one that works all the same.
. "$(dirname "$0")/lib.sh"
make_machine

# value KEY...: of the JSON in stdout, keys and places in turn
value() {
    python3 -c 'import json, sys
v = json.load(open(sys.argv[1], encoding="utf-8"))
for key in sys.argv[2:]:
    v = v[int(key) if isinstance(v, list) else key]
print(v)' "$WORK/out" "$@"
}

expect 0 validate --machine "$WORK/machine.json"
out_has '/machine.json: ok$'
check "not a word" [ ! -s "$WORK/err" ]
# Everything that is wrong, where using it tells the first.
printf '{"domains":[{"name":"g","kind":"x86","pages":0},{"name":"g","kind":"arm-s2","altp2m":true}]}\n' \
    >"$WORK/bad.json"
expect 3 validate -m "$WORK/bad.json"
out_empty
check "all of it" [ "$(grep -c '^.*/bad.json:1:[0-9]*: \[XM-[0-9]*\] /domains/[01]' "$WORK/err")" -eq 4 ]
expect 1 -c "sim:$WORK/bad.json" status
err_has '\[XM-126\] /domains/0/kind: .* \(and 3 more\)$'
expect 3 validate -j -m "$WORK/machine.json" "$WORK/bad.json"
check "messages are in the JSON alone" [ ! -s "$WORK/err" ]
check "the first is valid" [ "$(value 0 valid)" = True ]
check "the second is not" [ "$(value 1 valid)" = False ]
check "four messages" [ "$(value 1 messages 3 path)" = /domains/1/altp2m ]
# A policy is no machine, and the reverse; neither is what is not there.
make_policy "$WORK/log.json" 0x0-0x3f r log
expect 3 validate -m "$WORK/log.json"
expect 3 validate "$WORK/machine.json"
expect 1 validate -m "$WORK/none.json"
err_has 'none.json: .*No such file'
expect 1 validate -m ''

# A trace that was damaged is replayed as far as it can be, and that is told.
printf 'I  04001000,3\n L hello from the program\nprompt>  S 1ffeff00,8\n L 1ffeffI  04001003,5\n S 1ffeff08,8\n L 1ffe' \
    >"$WORK/damaged.txt"
printf '{"domains":[{"name":"g","kind":"x86-ept","pages":64,"programs":[{"trace":"damaged.txt"}]}]}\n' \
    >"$WORK/trace.json"
warning='\[XM-521\] /domains/0/programs/0/trace: warning: "damaged.txt", from line 2 on: 3 lines .* 2 accesses '
expect 0 -c "sim:$WORK/trace.json" watch -i -k -g 0-0x3f g
err_has "$warning"
check "told once" [ "$(grep -c XM-521 "$WORK/err")" -eq 1 ]
out_has '^machine check: nothing left behind: accesses 4 '
expect 0 validate -m "$WORK/trace.json"
err_has "$warning"
out_has ': ok$'
expect 0 validate -j -m "$WORK/trace.json"
check "it is a warning" [ "$(value 0 messages 0 warning)" = True ]
check "it is in the JSON alone" [ ! -s "$WORK/err" ]
printf 'I am no trace\n' >"$WORK/damaged.txt"
expect 3 validate -m "$WORK/trace.json"
err_has '"damaged.txt" has no accesses'

# Recovery, practised.
dead() {
    printf '{"domains":[{"name":"g","kind":"x86-ept","vcpus":2,"pages":64,"programs":[
        {"random":{"count":0}},{"vcpu":1,"random":{"count":0}}],"faults":[{"dead_listener":{%s}}]}]}\n' "$1"
}
dead '' >"$WORK/dead.json"
expect 0 validate -m "$WORK/dead.json"
expect 5 -c "sim:$WORK/dead.json" watch -g 5 g
err_has "if it died, 'xmemctl recover DOMAIN'"
expect 0 -c "sim:$WORK/dead.json" recover g
out_has "^domain 1: took a dead listener's ring over; 2 vcpus released, 64 pages set back to rwx, 0 views destroyed\$"
dead '"view":true,"single_step":true' >"$WORK/dead.json"
expect 0 -c "sim:$WORK/dead.json" recover -j g
check "views" [ "$(value views_destroyed)" -eq 1 ]
dead '' | sed 's/x86-ept/arm-s2/; s/{}/{"view":true}/' >"$WORK/dead.json"
expect 3 validate -m "$WORK/dead.json"
err_has '\[XM-409\] /domains/0/faults/0/dead_listener: .* has no views'
finish
