#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names that would command a terminal: escaped for readers, exact in JSON.
. "$(dirname "$0")/lib.sh"

# Newline, ESC, DEL, a C1 control, turns of direction, an end of lines, a backslash, and text.
NAME='a\nb\u001b[31m\u007f\u009b\u202e\u2066\u2028\\x0a ä'
SHOWN='a\\x0ab\\x1b\[31m\\x7f\\u009b\\u202e\\u2066\\u2028\\\\x0a ä'
MACHINE=sim:$WORK/names.machine.json
cat >"$WORK/names.machine.json" <<EOF
{"domains":[{"name":"$NAME","kind":"x86-ept","pages":64,
 "programs":[{"script":[{"op":"write","gfn":5,"value":1}]}]}]}
EOF
cat >"$WORK/names.json" <<EOF
{"version":1,"domains":["*"],"regions":{"r$NAME":"0x5"},"views":[{"name":"v$NAME"}],
 "rules":[{"name":"q$NAME","region":"r$NAME","rights":"n","on":"log"}]}
EOF

# shellcheck disable=SC2317 # called through check
# No byte or character in the output that NAME is made of, but the newlines at lines' ends.
harmless() {
    python3 -c 'import re, sys
for path in sys.argv[1:]:
    text = open(path, encoding="utf-8", newline="").read().replace("\n", "")
    if re.search("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]", text):
        print(path, ascii(text))
        sys.exit(1)' "$WORK/out" "$WORK/err"
}

# value KEY PREFIX: of the first object in stdout this key is exactly PREFIX and NAME.
value() {
    python3 -c 'import json, sys
path, key, prefix, name = sys.argv[1:]
got = json.loads(open(path, encoding="utf-8").readline())[key]
sys.exit(got != prefix + json.loads("\"%s\"" % name))' "$WORK/out" "$1" "$2" "$NAME"
}

expect 0 -c "$MACHINE" watch -i -p "$WORK/names.json" 1
out_has "domain 1 \\($SHOWN\\) .* -> log \\(q$SHOWN: r$SHOWN\\)\$"
check "watch: harmless" harmless
expect 0 -c "$MACHINE" watch -j -i -p "$WORK/names.json" 1
check "watch -j: harmless" harmless
check "watch -j: domain" value domain_name ""
check "watch -j: rule" value rule q
check "watch -j: region" value region r

expect 0 -c "$MACHINE" status
out_has "^1 +$SHOWN +x86-ept"
check "status: harmless" harmless
expect 0 -c "$MACHINE" status 1
out_has "^domain 1 \\($SHOWN\\): "
check "status of one: harmless" harmless
# By its name, as it is.
run -c "$MACHINE" status -j "$(python3 -c 'import json, sys
print(json.loads("\"%s\"" % sys.argv[1]))' "$NAME")"
check "by its name" [ "$code" -eq 0 ]
check "status -j: name" value name ""

expect 0 -c "$MACHINE" plan 1 "$WORK/names.json"
check "plan: harmless" harmless
# In messages.
sed 's/"region":"r/"region":"x/' "$WORK/names.json" >"$WORK/bad.json"
expect 3 validate "$WORK/bad.json"
err_has 'no region "xa\?b\?'
check "validate: harmless" harmless
sed 's/"\*"/"other"/' "$WORK/names.json" >"$WORK/other.json"
expect 1 -c "$MACHINE" watch -p "$WORK/other.json" 1
err_has 'a\\x0ab\\x1b'
check "not meant for it: harmless" harmless
expect 1 -c "$MACHINE" watch -g 5 "$(printf 'no\033[31m')"
err_has 'no\\x1b\[31m'
check "no such domain: harmless" harmless
finish
