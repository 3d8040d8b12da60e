#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The main job from end to end, with recorded programs and without.
. "$(dirname "$0")/lib.sh"
LIMIT=240
TMPDIR=$WORK
export TMPDIR

expect 0 demo --guest
out_has "^55$"

expect 0 demo --scripted
out_has "mem_access"
out_has "^demo: 12 violations of W\^X, as expected"
out_has "^machine check: nothing left behind:.* forbidden 0"
expect 0 demo --scripted --json
check "lines of JSON" is_json_lines
check "machine: clean" [ "$(field machine clean)" = True ]

mkdir "$WORK/bin"
for tool in sh ls sed cat expr basename dirname uname; do # what libtool's wrapper of xmemctl needs
    ln -s "$(command -v $tool)" "$WORK/bin/$tool"
done
PATH="$WORK/bin" "$XMEMCTL" demo >"$WORK/out" 2>"$WORK/err"
check "without valgrind: exit 0" [ $? -eq 0 ]
err_has "valgrind is not there"
out_has "^machine check: nothing left behind:"

if ! command -v valgrind >/dev/null 2>&1; then
    [ "$failures" -eq 0 ] || finish
    echo "the scripted part passed; valgrind is not there, so nothing was recorded"
    exit 77
fi

begin=$(date +%s)
expect 0 demo
end=$(date +%s)
check "in less than 60 s: $((end - begin))" [ $((end - begin)) -lt 60 ]
if grep -q '^a scripted guest takes the place' "$WORK/out"; then
    [ "$failures" -eq 0 ] || finish
    echo "the scripted part passed; valgrind cannot run this build of xmemctl"
    exit 77
fi
out_has "gfn 0x[0-9a-f]+ offset 0x[0-9a-f]+ --x .*-> log \(wxorx: memory\)"
out_has "^jit: 20 violations of W\^X, as expected"
out_has "^ls: 0 violations of W\^X, as expected"
out_has "^machine check: nothing left behind:.* leftover_rights 0 .* forbidden 0"
check "the folder is gone" sh -c "! ls -d '$WORK'/xmemctl-demo.* 2>/dev/null"

expect 0 demo --json
check "lines of JSON" is_json_lines
check "every event is told" [ "$(grep -c '"type":"event"' "$WORK/out")" -eq 20 ]

expect 0 demo --keep true
out_has "^guest: 0 violations"
folder=$(ls -d "$WORK"/xmemctl-demo.*)
check "kept: trace, machine and policy" [ -s "$folder/guest.trace" ]
expect 0 -c "sim:$folder/machine.json" watch -i -k -p "$folder/wxorx.json" guest
out_has "^summary: 0 events"
rm -rf "$folder"

expect 1 demo /nonexistent/program
err_has "no recording"
expect 1 demo --timeout 0.2 ls -lR /usr
err_has "longer than --timeout"
expect 1 demo --pages 3 true
check "the folder is gone" sh -c "! ls -d '$WORK'/xmemctl-demo.* 2>/dev/null"
finish
