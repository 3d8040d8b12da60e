#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What policies decide, and what validate and plan warn of.
. "$(dirname "$0")/lib.sh"

# value KEY...: of the JSON in stdout, keys and places in turn
value() {
    python3 -c 'import json, sys
v = json.load(open(sys.argv[1], encoding="utf-8"))
for key in sys.argv[2:]:
    v = v[int(key) if isinstance(v, list) else key]
print(v)' "$WORK/out" "$@"
}

# ---- the strictest decides, on each kind ----

machine() {
    echo '{"domains":['
    comma=
    for kind in x86-ept arm-s2 x86-pv armv8r-mpu; do
        echo "$comma{\"name\":\"$kind\",\"kind\":\"$kind\",\"pages\":64,\"programs\":[{\"script\":["
        echo '{"op":"write","gfn":16,"value":"0x4142434445464748"}]}]}'
        comma=,
    done
    echo ']}'
}
machine >"$WORK/kinds.json"
policy() {
    cat <<EOF
{"version":1,"domains":["*"],"regions":{"p":16},
 "rules":[{"region":"p","rights":"n","on":[$1]}]}
EOF
}
policy '{"action":"log","access":"r"},{"action":"deny","access":"w"}' >"$WORK/rw.json"
policy '{"action":"deny","access":"r"},{"action":"log","access":"w"}' >"$WORK/wr.json"
# What cannot be denied holds the domain.
denial() {
    if [ "$1" = x86-pv ]; then echo pause; else echo deny; fi
}
for kind in x86-ept arm-s2 x86-pv armv8r-mpu; do
    for list in rw wr; do
        expect 0 -c "sim:$WORK/kinds.json" watch -i -k -p "$WORK/$list.json" "$kind"
        out_has "-> $(denial "$kind")"
        check "$kind, $list: one event" [ "$(grep -c ' -> ' "$WORK/out")" -eq 1 ]
    done
done

# ---- an action that never decides ----

expect 0 validate "$WORK/rw.json"
check "no warning" [ ! -s "$WORK/err" ]
expect 0 validate "$WORK/wr.json"
err_has '^.*/wr.json:2:75: \[XM-501\] /rules/0/on/1: warning: never decides: .* "deny" in line 2'
out_has '/wr.json: ok$'
expect 0 validate -j "$WORK/wr.json"
check "warnings are in the JSON alone" [ ! -s "$WORK/err" ]
check "it is valid" [ "$(value 0 valid)" = True ]
check "number" [ "$(value 0 messages 0 number)" -eq 501 ]
check "it is a warning" [ "$(value 0 messages 0 warning)" = True ]
expect 0 -c "sim:$WORK/kinds.json" plan arm-s2 "$WORK/wr.json"
check "told once" [ "$(grep -c 'XM-501' "$WORK/err")" -eq 1 ]
expect 0 -c "sim:$WORK/kinds.json" plan -j arm-s2 "$WORK/wr.json"
check "warnings are in the JSON alone" [ ! -s "$WORK/err" ]
check "it is possible" [ "$(value possible)" = True ]
check "number" [ "$(value messages 0 number)" -eq 501 ]
expect 0 -c "sim:$WORK/kinds.json" apply arm-s2 "$WORK/wr.json"
check "told once" [ "$(grep -c 'XM-501' "$WORK/err")" -eq 1 ]
finish
