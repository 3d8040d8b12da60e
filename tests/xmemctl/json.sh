#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# --json: every command's output is JSON.
. "$(dirname "$0")/lib.sh"
make_machine
make_policy "$WORK/log.json" 0x0-0x3f r log
printf '{ "version": 1, "b\\u00e4d \\"key\\"": 5 }' >"$WORK/bad.json"

# json CODE ARG...
json() {
    expect "$@"
    check "JSON: $*" is_json
}

json 0 -c "$MACHINE" --json status
json 0 -c "$MACHINE" status --json busy
json 0 -c "$MACHINE" -j status arm
json 0 -c "$MACHINE" views -j busy
json 0 -c "$MACHINE" get -j idle 0-0x41
json 0 -c "$MACHINE" set -j busy 0-3 r
json 0 -c "$MACHINE" doctor -j busy
json 0 -c "$MACHINE" recover -j busy
json 0 -c "$MACHINE" plan -j busy "$WORK/log.json"
json 0 -c "$MACHINE" apply -j busy "$WORK/log.json"
json 0 validate -j "$WORK/log.json"
json 3 validate -j "$WORK/log.json" "$WORK/bad.json"
check "messages are in the JSON alone" [ ! -s "$WORK/err" ]

expect 0 -c "$MACHINE" watch -j --check --count 10 --policy "$WORK/log.json" busy
check "lines of JSON" is_json_lines
check "ten events" [ "$(grep -c '"type":"event"' "$WORK/out")" -eq 10 ]
check "summary: events" [ "$(field summary events)" -eq 10 ]
check "machine: clean" [ "$(field machine clean)" = True ]
check "rule" grep -q '"action":"log","rule":"rule","region":"memory"' "$WORK/out"
finish
