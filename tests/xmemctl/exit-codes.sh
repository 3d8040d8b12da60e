#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each exit code, and that a failure changes nothing.
. "$(dirname "$0")/lib.sh"
make_machine
make_policy "$WORK/good.json" 0x0-0x3f rx2rw log
printf '{ "version": 1, "domains": [ "*" ], "rights": 5, "rules": 7 }' >"$WORK/bad.json"
make_policy "$WORK/far.json" 0x100000-0x100010 rx log
make_policy "$WORK/wx.json" 0x0-0x3f wx log
sed 's/"\*"/"other*"/' "$WORK/good.json" >"$WORK/other.json"
: >"$WORK/empty.json"

# 0
expect 0 validate "$WORK/good.json"
out_has "good.json: ok"
expect 0 -c "$MACHINE" plan busy "$WORK/good.json"
out_has "."
expect 0 -c "$MACHINE" apply busy "$WORK/good.json"
err_has "note: a simulated machine ends with this command"
expect 0 -c "$MACHINE" status
out_has "busy +x86-ept"
expect 0 -c "$MACHINE" status busy
expect 0 -c "$MACHINE" status 1
out_has "^domain 1 \(busy\)"
expect 0 -c "$MACHINE" views busy
out_has "^view 0 \(host\): vcpus 0 1$"
expect 0 -c "$MACHINE" doctor
expect 0 -c "$MACHINE" doctor busy
out_has "^yes +rights of pages"
out_has "^yes +airtight steps: by view$"
out_has "^yes +listening"
echo '{"domains":[{"name":"board","kind":"arm-s2","vcpus":2}]}' >"$WORK/arm.json"
expect 0 -c "sim:$WORK/arm.json" doctor board
out_has "^(no +airtight steps: only by relaxing: the page is open meanwhile:|yes +airtight steps: by emulation$)"
expect 0 -c "$MACHINE" recover busy
out_has "^domain 1:"

# 1
expect 1 validate "$WORK/not-there.json"
err_has "not-there.json"
expect 1 validate "$WORK"
expect 1 -c "$MACHINE" status nobody
err_has "no domain 'nobody'"
expect 1 -c "$MACHINE" status 77
expect 1 -c "$MACHINE" watch --policy "$WORK/other.json" busy
err_has "not meant for domain"
expect 1 -c "sim:$WORK/not-there.json" status
err_has "not-there.json"
expect 1 -c nonsense: status
expect 1 -c "$MACHINE" get busy 0xffffffff
err_has "0xffffffff"

# 3, before any machine is opened
for command in "validate" "plan busy" "apply busy"; do
    # shellcheck disable=SC2086 # words
    expect 3 -c sim:/nonexistent $command "$WORK/bad.json"
    err_has "^$WORK/bad.json:1:[0-9]+: \[XM-[0-9]+\] /"
done
expect 3 -c "$MACHINE" watch --policy "$WORK/bad.json" busy
expect 3 validate "$WORK/empty.json"
expect 3 validate "$WORK/good.json" "$WORK/bad.json" "$WORK/not-there.json"
out_has "good.json: ok"
check "all messages, not the first alone" [ "$(grep -c "bad.json:.*XM-" "$WORK/err")" -ge 2 ]

# 4
expect 4 -c "$MACHINE" plan busy "$WORK/wx.json"
err_has "wx"
expect 4 -c "$MACHINE" apply busy "$WORK/wx.json"
expect 4 -c "$MACHINE" watch --check --policy "$WORK/wx.json" busy
out_has "machine check: nothing left behind"
expect 4 -c "$MACHINE" plan busy "$WORK/far.json"
expect 4 -c "$MACHINE" apply busy "$WORK/far.json"
err_has "cannot be applied here"
expect 4 -c "$MACHINE" set busy 1 wx
expect 4 -c "$MACHINE" views arm
err_has "no views"
if [ ! -e /dev/xen/privcmd ]; then
    expect 4 status
    err_has "xen:"
    expect 4 doctor
    out_has "^NO +connection"
    out_has "-> .*sim:"
fi

# 5
expect 5 -c "$MACHINE" set busy 0-0xffff r
err_has "nothing is set"
expect 5 -c "$MACHINE" watch --check --gfn 0x10 --gfn 0x50000 busy
out_has "machine check: nothing left behind"
out_has "leftover_rights 0"
expect 5 -c "$MACHINE" watch --check --gfn 1 --gfn 5 --gfn 9 fails
err_has "0x5"
out_has "machine check: nothing left behind"
out_has "leftover_rights 0"
make_policy "$WORK/log.json" 0x0-0xf r log
sed 's/"0x0-0xf"/"0x1", "0x5", "0x9"/' "$WORK/log.json" >"$WORK/three.json"
expect 5 -c "$MACHINE" apply fails "$WORK/three.json"
err_has "what was changed is put back"
expect 5 -c "$MACHINE" watch --check --policy "$WORK/three.json" fails
out_has "machine check: nothing left behind:.* leftover_rights 0"
finish
