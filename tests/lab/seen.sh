#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the arm64 laboratory reads out of xmemctl's lines about a page (machines/arm64/log/seen.awk), of lines that
# xmemctl writes today: each round is one read, one write and the mark.
. "$(dirname "$0")/../xmemctl/lib.sh"

# round MARK [ACCESS]
round() {
    printf '%s' "{\"op\":\"read\",\"gfn\":2,\"offset\":16}, ${2:-{\"op\":\"write\",\"gfn\":2,\"offset\":24\},}
        {\"op\":\"write\",\"gfn\":2,\"offset\":$((4032 + $1))}, {\"op\":\"read\",\"gfn\":3,\"offset\":$((4032 + $1))}"
}

# seen OPS: what is counted in a guest that does them.
seen() {
    cat >"$WORK/machine.json" <<END
{ "seed": 1, "xen": "4.17", "domains": [ { "name": "a guest", "kind": "arm-s2", "vcpus": 1, "pages": 16,
  "programs": [ { "vcpu": 0, "script": [ $1, {"op": "poweroff"} ] } ] } ] }
END
    timeout 60 "$XMEMCTL" -c "sim:$WORK/machine.json" watch -g 0-15 --rights n "a guest" >"$WORK/lines" 2>"$WORK/err"
    awk -v gfn=0x2 -v each=3 -f "$TOP_SRCDIR/tests/lab/machines/arm64/log/seen.awk" "$WORK/lines" >"$WORK/out"
    code=$?
}

seen "$(round 62), $(round 63), $(round 0), $(round 1)"
check 'the guest was watched' grep -q ' mem_access gfn 0x2 ' "$WORK/lines"
check 'all that lies between the first mark and the last was seen' [ "$code" -eq 0 ]
out_has '^3 rounds, 9 accesses, 9 seen$'
seen "$(round 1), $(round 2 ' '), $(round 3)"
check 'an access that is missing is missed' [ "$code" -eq 1 ]
out_has '^2 rounds, 6 accesses, 5 seen$'
seen "$(round 1)"
check 'no round is no proof' [ "$code" -eq 1 ]
finish
