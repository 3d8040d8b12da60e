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

# ---- a guest that leaves its start view ----

# escape XEN: a machine of that release
escape() {
    cat <<EOF
{"xen":"$1","domains":[{"name":"guest","kind":"x86-ept","pages":64,"programs":[{"script":[
 {"op":"write","gfn":"0x6","value":1},
 {"op":"vmfunc","value":0},
 {"op":"write","gfn":"0x6","value":7}],"repeat":5}]}]}
EOF
}
# jail VISIBLE
jail() {
    cat <<EOF
{"version":1,"domains":["*"],"regions":{"b":"0x6"},
 "views":[{"name":"jail","visible":$1}],"start_view":"jail",
 "rules":[{"name":"deny-b","region":"b","view":"jail","rights":"rx","on":"deny"}]}
EOF
}
jail false >"$WORK/hidden.json"
jail true >"$WORK/visible.json"
expect 0 validate "$WORK/hidden.json"
check "no warning" [ ! -s "$WORK/err" ]
for release in 4.14 4.17 4.20 4.22; do
    escape "$release" >"$WORK/escape.json"
    expect 0 -c "sim:$WORK/escape.json" watch -i -k -p "$WORK/hidden.json" guest
    check "$release: ten writes, ten denials" [ "$(grep -c -- '-> deny' "$WORK/out")" -eq 10 ]
    out_has 'machine check: nothing left behind'
done
expect 0 -c "sim:$WORK/escape.json" plan guest "$WORK/hidden.json"
out_has '^view "host": hidden from the guest, as the start view is$'
check "no warning" [ ! -s "$WORK/err" ]
escape 4.13 >"$WORK/escape.json"
expect 4 -c "sim:$WORK/escape.json" plan guest "$WORK/hidden.json"
err_has 'XM-302\] /views/0/visible: views cannot be hidden here'
expect 4 -c "sim:$WORK/escape.json" watch -i -p "$WORK/hidden.json" guest
err_has 'XM-302\] /views/0/visible: views cannot be hidden here'
expect 0 validate "$WORK/visible.json"
err_has 'XM-502\] /rules/0: warning: the guest can go to view "host" by itself'
expect 0 -c "sim:$WORK/escape.json" plan guest "$WORK/visible.json"
out_has '^reach: the guest can go to view "host" by itself, 0 rules there$'
check "told once" [ "$(grep -c 'XM-502' "$WORK/err")" -eq 1 ]
expect 0 -c "sim:$WORK/escape.json" plan -j guest "$WORK/visible.json"
check "number" [ "$(value messages 0 number)" -eq 502 ]
check "it is a warning" [ "$(value messages 0 warning)" = True ]

# ---- a breakpoint that the policy patched in ----

cat >"$WORK/int3.machine.json" <<'EOF'
{"domains":[{"name":"guest","kind":"x86-ept","pages":64,"programs":[{"script":[
 {"op":"exec","gfn":"0x10","offset":"0x20"},{"op":"exec","gfn":"0x10","offset":"0x10"},
 {"op":"read","gfn":"0x10"}],"repeat":3}]}]}
EOF
# int3 ACTION: what the breakpoint does
int3() {
    cat <<EOF
{"version":1,"domains":["*"],"regions":{"f":"0x10"},"start_view":"trap",
 "views":[{"name":"trap","visible":false,
           "remaps":[{"gfn":"0x10","to":"copy","patches":[{"offset":"0x20","bytes":"cc"}]}]}],
 "rules":[{"name":"in-trap","region":"f","view":"trap","rights":"x","on":{"action":"switch","view":"host"}},
          {"name":"in-host","region":"f","rights":"rw","on":{"action":"switch","view":"trap"}}],
 "monitors":[{"reason":"breakpoint","action":$1}]}
EOF
}
int3 '"log"' >"$WORK/int3.json"
expect 0 -c "sim:$WORK/int3.machine.json" watch -i -k -p "$WORK/int3.json" guest
check "three breakpoints" [ "$(grep -c ' breakpoint gfn 0x10 type 6 length 1 .* -> log' "$WORK/out")" -eq 3 ]
out_has '^machine check: nothing left behind: accesses 9 '
int3 '"allow-once"' >"$WORK/int3.json"
expect 0 -c "sim:$WORK/int3.machine.json" watch -i -k -p "$WORK/int3.json" guest
check "not told" [ "$(grep -c ' breakpoint ' "$WORK/out")" -eq 0 ]
out_has '^summary: 8 events \(5 accesses\)'
out_has '^machine check: nothing left behind: accesses 9 '

# ---- what Xen does for the guest passes the rights ----

for kind in x86-ept arm-s2 x86-pv armv8r-mpu; do
    printf '{"domains":[{"name":"guest","kind":"%s","pages":64,"programs":[{"script":[
        {"op":"hypercall_buf","gfn":16},{"op":"write","gfn":16,"value":1}]}]}]}' $kind >"$WORK/own.json"
    policy '"log"' >"$WORK/step.json"
    expect 0 -c "sim:$WORK/own.json" watch -i -k -p "$WORK/step.json" guest
    check "$kind: the write alone" [ "$(grep -c mem_access "$WORK/out")" -eq 1 ]
    out_has 'machine check: nothing left behind:.* forbidden 0'
done

# ---- strict stepping, where nothing steps over an access so ----

policy '"log"' | sed 's/"version":1,/"version":1,"step":"strict",/' >"$WORK/step.json"
expect 0 validate "$WORK/step.json"
check "validate knows no domain" [ ! -s "$WORK/err" ]
expect 0 -c "sim:$WORK/kinds.json" plan x86-pv "$WORK/step.json"
out_has '^ *(- )?step: strict: by the hypervisor, by emulation, and what nothing steps over so pauses the domain'
expect 0 -c "sim:$WORK/kinds.json" plan x86-ept "$WORK/step.json"
out_has 'step: strict: .*by emulation, and what nothing steps over so pauses the domain'
check "no warning where there is a means" [ ! -s "$WORK/err" ]
expect 0 -c "sim:$WORK/kinds.json" plan armv8r-mpu "$WORK/step.json"
out_has 'step: strict: by the hypervisor, '
check "nor for an MPU's" [ ! -s "$WORK/err" ]

finish
