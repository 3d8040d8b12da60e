#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# doctor: by which means an access is stepped over on each kind, and what passes meanwhile.
. "$(dirname "$0")/lib.sh"

# steps KIND VCPUS XEN [VIEWS]: what the doctor says of them, a line each
steps() {
    printf '{"xen":"%s","domains":[{"name":"g","kind":"%s","vcpus":%s,"altp2m":%s,"pages":64}]}' \
        "$3" "$1" "$2" "${4:-false}" >"$WORK/one.json"
    expect 0 -c "sim:$WORK/one.json" doctor g
    sed -n 's/^\([a-z]* *step by .*\)$/\1/p' "$WORK/out" >"$WORK/steps"
}
line() {
    check "line $1 is: $2" sh -c "sed -n '$1p' '$WORK/steps' | grep -qE '$2'"
}
lines() {
    check "$1 means" [ "$(wc -l <"$WORK/steps")" -eq "$1" ]
}

steps x86-ept 2 4.20 true
lines 4
line 1 '^yes +step by view: first; nothing passes$'
check "emulation and what it lets pass" \
    grep -q '^no *step by emulation: .*; further pages of an instruction that is not known pass$' "$WORK/steps"
line 4 '^no +step by relaxing: .*: further accesses of the vCPU pass, and of others that are not held$'

# A view that the guest may enter lets it pass.
steps x86-ept 2 4.13 true
line 1 '^no +step by view: first; the guest may enter it$'

# With one vCPU nobody else is there, and a single step comes before emulation.
steps x86-ept 1 4.20
lines 3
line 1 '^yes +step by single step: first; nothing passes$'
line 2 '^no +step by emulation: where those before cannot; further pages of an instruction that is not known pass$'
line 3 ': further accesses of the vCPU pass$'

steps arm-s2 2 4.20
lines 2
line 1 '^yes +step by emulation: first; nothing passes$'
line 2 '^no +step by relaxing: where those before cannot; the page is open meanwhile'

for kind in armv8r-mpu x86-pv; do
    steps $kind 2 4.20
    lines 3
    line 1 '^yes +step by the hypervisor itself: first; nothing passes$'
    line 2 '^yes +step by emulation: where those before cannot; nothing passes$'
    line 3 '^no +step by relaxing: where those before cannot; the page is open meanwhile'
done

expect 0 -c "sim:$WORK/one.json" doctor -j g
check "x86-pv: in the JSON" python3 -c 'import json, sys
found = [f for f in json.load(open(sys.argv[1])) if f["check"].startswith("step by ")]
assert [(f["check"], f["ok"], f["needed"]) for f in found] == [
    ("step by the hypervisor itself", True, False), ("step by emulation", True, False), ("step by relaxing", False, False)]
' "$WORK/out"
finish
