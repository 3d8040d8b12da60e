# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh disable=SC2034 # variables for who reads this
# For the tests of xmemctl: each prints what it checks and fails if one check failed.
set -u
TOP_SRCDIR=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
TOP_BUILDDIR=${TOP_BUILDDIR:-$PWD}
XMEMCTL=${XMEMCTL:-$TOP_BUILDDIR/examples/xmemctl/xmemctl}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/xmemctl-test.XXXXXX") || exit 99
trap 'rm -rf "$WORK"' EXIT
trap 'exit 99' INT TERM
failures=0
checks=0

# check WHAT COMMAND...: the command must succeed.
check() {
    what=$1
    shift
    checks=$((checks + 1))
    if "$@"; then
        echo "ok: $what"
    else
        echo "FAILED: $what"
        sed 's/^/    stdout: /' "$WORK/out" 2>/dev/null | head -n 20
        sed 's/^/    stderr: /' "$WORK/err" 2>/dev/null | head -n 20
        failures=$((failures + 1))
    fi
}

# run ARG...: runs xmemctl; output in $WORK/out and $WORK/err, exit code in $code.
run() {
    timeout -k 5 "${LIMIT:-180}" "$XMEMCTL" "$@" >"$WORK/out" 2>"$WORK/err"
    code=$?
}

# expect CODE ARG...: runs it and checks the exit code.
expect() {
    want=$1
    shift
    run "$@"
    check "exit $want, not $code: xmemctl $*" [ "$code" -eq "$want" ]
}

out_has() {
    check "stdout has: $1" grep -qE -e "$1" "$WORK/out"
}

err_has() {
    check "stderr has: $1" grep -qE -e "$1" "$WORK/err"
}

out_empty() {
    check "stdout is empty" [ ! -s "$WORK/out" ]
}

is_json() {
    python3 -m json.tool "$WORK/out" >/dev/null
}

is_json_lines() {
    python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"): json.loads(line)' "$WORK/out"
}

# A field of the line of JSON whose type is $1.
field() {
    python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    o = json.loads(line)
    if o.get("type") == sys.argv[2]:
        print(o[sys.argv[3]])' "$WORK/out" "$1" "$2"
}

# "busy" touches its 64 pages at random and never ends; "idle" does nothing; "dies" does so after
# five events; the second change of rights of "fails" fails.
make_machine() {
    cat >"$WORK/machine.json" <<'EOF'
{ "seed": 7, "xen": "4.17",
  "domains": [
    { "name": "busy", "kind": "x86-ept", "vcpus": 2, "pages": 64, "altp2m": true,
      "programs": [
        { "vcpu": 0, "random": { "count": 0, "first_gfn": 0, "gfns": 64, "read": 2, "write": 1, "exec": 1 } },
        { "vcpu": 1, "random": { "count": 0, "first_gfn": 0, "gfns": 64, "read": 2, "write": 1, "exec": 1 } } ] },
    { "name": "idle", "kind": "x86-ept", "vcpus": 1, "pages": 300000, "first_gfn": 4 },
    { "name": "arm", "kind": "arm-s2", "vcpus": 1, "pages": 16 },
    { "name": "dies", "kind": "x86-ept", "vcpus": 1, "pages": 16,
      "programs": [ { "vcpu": 0, "random": { "count": 0, "first_gfn": 0, "gfns": 16, "read": 1 } } ],
      "faults": [ { "death_after_events": 5 } ] },
    { "name": "fails", "kind": "arm-s2", "vcpus": 1, "pages": 16,
      "faults": [ { "hypercall": 2, "op": "access_set", "errno": "ENOMEM" } ] } ] }
EOF
    MACHINE=sim:$WORK/machine.json
}

# make_policy FILE RANGE RIGHTS ACTION
make_policy() {
    cat >"$1" <<EOF
{ "version": 1, "domains": [ "*" ],
  "regions": { "memory": [ "$2" ] },
  "rules": [ { "name": "rule", "region": "memory", "rights": "$3", "on": "$4" } ] }
EOF
}

finish() {
    echo "$checks checks, $failures failed"
    [ "$failures" -eq 0 ] && [ "$checks" -gt 0 ]
    exit
}
