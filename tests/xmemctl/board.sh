#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The policy that stops a guest on the emulated board (tests/lab/board/wx.json): the board's table,
# wx.def, has the rights that xmemctl plans, and xmemctl stops the simulated guest by it where the
# board stops its own.
. "$(dirname "$0")/lib.sh"

lab=$TOP_SRCDIR/tests/lab/board
cat >"$WORK/machine.json" <<'EOF'
{ "domains": [
    { "name": "guest", "kind": "armv8r-mpu", "vcpus": 4, "pages": 67, "first_gfn": "0x2010d",
      "mpu": { "regions": 16, "whole": true, "codes": "qemu" },
      "programs": [
        { "script": [ { "op": "read", "gfn": "0x20110" }, { "op": "exec", "gfn": "0x20117" },
                      { "op": "write", "gfn": "0x20117", "value": 1 } ] },
        { "vcpu": 1, "script": [ { "op": "read", "gfn": "0x20118" },
                      { "op": "write", "gfn": "0x2014f", "value": 1 }, { "op": "exec", "gfn": "0x2014f" } ] },
        { "vcpu": 2, "script": [ { "op": "write", "gfn": "0x20110", "value": 1 } ] },
        { "vcpu": 3, "script": [ { "op": "exec", "gfn": "0x20118" } ] } ] } ] }
EOF

# RULE(first, gfns, rights) for each rule that plan names; the region's first gfn is the policy's.
table() {
    sed -n 's/^rule .*: view "host": \([a-z]*\) for \([0-9]*\) gfns in 1 range of "\(.*\)"$/\1 \2 \3/p' "$WORK/out" |
        while read -r rights gfns region; do
            first=$(sed -n "s/^ *\"$region\": \"\(0x[0-9a-f]*\)-.*/\1/p" "$lab/wx.json")
            echo "RULE($first, $gfns, $(echo "$rights" | tr '[:lower:]' '[:upper:]'))"
        done
}

expect 0 -c "sim:$WORK/machine.json" plan guest "$lab/wx.json"
table >"$WORK/table"
check "two rules" [ "$(wc -l <"$WORK/table")" -eq 2 ]
grep '^RULE' "$lab/wx.def" >"$WORK/board"
check "the board's table is what xmemctl plans" diff "$WORK/board" "$WORK/table"

# The first violation stops the guest.
expect 0 -c "sim:$WORK/machine.json" watch --check --until-idle --policy "$lab/wx.json" guest
check "one violation stops it" [ "$(grep -c ' mem_access .*-> pause (.*: \(code\|data\))$' "$WORK/out")" -eq 1 ]
out_has "^machine check: nothing left behind:.* forbidden 0"

# All that it would stop, each told and let go on.
sed 's/"on": "pause"/"on": "log"/' "$lab/wx.json" >"$WORK/log.json"
expect 0 -c "sim:$WORK/machine.json" watch --check --until-idle --policy "$WORK/log.json" guest
for violation in "0x20117 offset 0x000 -w-" "0x20110 offset 0x000 -w-" "0x2014f offset 0x000 --x" \
    "0x20118 offset 0x000 --x"; do
    out_has "gfn $violation .*-> log"
done
check "four violations, no other" [ "$(grep -c ' mem_access ' "$WORK/out")" -eq 4 ]
out_has "^machine check: nothing left behind:.* forbidden 0"
finish
