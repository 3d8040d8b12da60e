#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# W^X on a guest that MPUs confine: the same policy as on the kinds with tables, the same events.
. "$(dirname "$0")/lib.sh"

# machine FILE KIND MORE: text in gfns 0x80000 to 0x8000f, data behind; a write to the text, a fetch
# from the data, and much that is allowed.
machine() {
    cat >"$1" <<EOF
{ "seed": 3, "domains": [
    { "name": "guest", "kind": "$2", "vcpus": 2, "pages": 64, "first_gfn": "0x80000", $3
      "programs": [
        { "script": [
            { "op": "exec", "gfn": "0x80002" }, { "op": "read", "gfn": "0x80003" },
            { "op": "write", "gfn": "0x80012", "value": 1 }, { "op": "read", "gfn": "0x80013" },
            { "op": "write", "gfn": "0x80004", "offset": 64, "value": "0xbad" },
            { "op": "exec", "gfn": "0x80020", "offset": 128 },
            { "op": "rmw", "gfn": "0x80021", "value": 2 } ], "repeat": 4 },
        { "vcpu": 1, "random": { "count": 2000, "first_gfn": "0x80010", "gfns": 48, "read": 1, "write": 1 } } ] } ] }
EOF
}

cat >"$WORK/wx.json" <<'EOF'
{ "version": 1, "domains": [ "guest" ],
  "regions": { "text": [ "0x80000-0x8000f" ], "data": [ "0x80010-0x8003f" ] },
  "rules": [
    { "name": "text-is-not-written", "region": "text", "rights": "rx", "on": "log" },
    { "name": "data-is-not-executed", "region": "data", "rights": "rw", "on": "log" } ] }
EOF

# What was told, without times and numbers.
told() {
    grep ' mem_access ' "$WORK/out" | grep -oE 'gfn 0x[0-9a-f]+ offset 0x[0-9a-f]+ [rwx-]+' | sort
}

for kind in arm-s2 armv8r-mpu; do
    machine "$WORK/$kind.json" "$kind" ""
    expect 0 -c "sim:$WORK/$kind.json" watch --check --until-idle --policy "$WORK/wx.json" guest
    out_has "gfn 0x80004 offset 0x040 -w- .*-> log \(text-is-not-written: text\)"
    out_has "gfn 0x80020 offset 0x080 --x .*-> log \(data-is-not-executed: data\)"
    check "$kind: eight violations, no other" [ "$(grep -c ' mem_access ' "$WORK/out")" -eq 8 ]
    out_has "^machine check: nothing left behind:.* forbidden 0"
    told >"$WORK/$kind.told"
done
check "the same was told of both" cmp -s "$WORK/arm-s2.told" "$WORK/armv8r-mpu.told"

# The write that is denied is not done, and the guest goes on.
sed 's/"on": "log"/"on": "deny"/' "$WORK/wx.json" >"$WORK/deny.json"
expect 0 -c "sim:$WORK/armv8r-mpu.json" watch --check --until-idle --policy "$WORK/deny.json" guest
check "eight denied" [ "$(grep -c -e '-> deny' "$WORK/out")" -eq 8 ]
out_has "^machine check: nothing left behind:.* forbidden 0"

# Every second page: more ranges than the MPU has regions. They are loaded when they are needed; a
# machine that is told to refuse does so, and has changed nothing.
cat >"$WORK/many.json" <<'EOF'
{ "version": 1, "domains": [ "guest" ],
  "regions": { "odd": [ "0x80011", "0x80013", "0x80015", "0x80017", "0x80019", "0x8001b", "0x8001d" ] },
  "rules": [ { "name": "odd-ones", "region": "odd", "rights": "r", "on": "allow-once" } ] }
EOF
expect 0 -c "sim:$WORK/armv8r-mpu.json" watch --check --until-idle --policy "$WORK/many.json" guest
out_has "^summary: [1-9][0-9]* events"
out_has "^machine check: nothing left behind:.* forbidden 0"
machine "$WORK/whole.json" armv8r-mpu '"mpu": { "regions": 8, "whole": true, "codes": "qemu" },'
run -c "sim:$WORK/whole.json" watch --check --until-idle --policy "$WORK/many.json" guest
check "not enough regions is an error: $code" [ "$code" -ne 0 ]
err_has "No space left|ENOSPC"
expect 0 -c "sim:$WORK/whole.json" watch --check --until-idle --policy "$WORK/wx.json" guest
check "two rules need two regions" [ "$(grep -c ' mem_access ' "$WORK/out")" -eq 8 ]

expect 0 -c "sim:$WORK/whole.json" status guest
out_has "armv8r-mpu"
finish
