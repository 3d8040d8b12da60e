#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# watch: events, limits, the summary, and that nothing is left behind.
. "$(dirname "$0")/lib.sh"
make_machine
make_policy "$WORK/log.json" 0x0-0x3f r log
make_policy "$WORK/once.json" 0x0-0x3f r allow-once
make_policy "$WORK/pause.json" 0x0-0x3f n pause
make_policy "$WORK/relax.json" 0x0-0x3f n relax

clean() {
    out_has "^machine check: nothing left behind:"
}

expect 0 -c "$MACHINE" watch --check --count 20 --policy "$WORK/log.json" busy
clean
check "as many lines as events" [ "$(grep -c ' mem_access gfn 0x.* -> log (rule: memory)$' "$WORK/out")" -eq 20 ]
out_has "^summary: 20 events \(20 accesses\) in .* ended: count reached"
out_has "^hottest gfns: 0x[0-9a-f]+ \([0-9]+\)"
out_has "^slowest answer: [0-9.]+ us \(event #[0-9]+\)"

expect 0 -c "$MACHINE" watch --check --count 20 --gfn 0x1 --rights rx --gfn 0x2-0x3 busy
clean
check "no event but on these pages" [ "$(grep -c ' gfn 0x[123] ' "$WORK/out")" -eq 20 ]
check "the rights of the second range let reads pass" \
    sh -c "! grep -qE ' gfn 0x[23] offset 0x[0-9a-f]+ r--' '$WORK/out'"

expect 0 -c "$MACHINE" watch --check --count 5 --quiet --policy "$WORK/log.json" busy
check "--quiet: no event" sh -c "! grep -q mem_access '$WORK/out'"
out_has "^summary: 5 events"

expect 0 -c "$MACHINE" watch --check --count 30 --policy "$WORK/once.json" busy
check "allow-once is not told" sh -c "! grep -q mem_access '$WORK/out'"
out_has "^summary: 30 events"
clean

expect 0 -c "$MACHINE" watch --check --duration 0.3 --policy "$WORK/log.json" --quiet busy
out_has "ended: time is over"
clean

# Resumed on a page that stays closed, a vCPU gets nowhere: that is told, once.
make_policy "$WORK/resume.json" 0x0-0x3f n resume
expect 0 -c "$MACHINE" watch --check --count 3000 --policy "$WORK/resume.json" busy
out_has "\\[no progress\\]"
check "told once" [ "$(grep -c 'makes no progress' "$WORK/err")" -eq 1 ]
clean

# A paused domain: nothing goes on, and the end undoes it.
expect 0 -c "$MACHINE" watch --check --until-idle --policy "$WORK/pause.json" busy
out_has "-> pause"
out_has "ended: idle"
clean

# On Arm the summary says what the library did itself, and of which class the others were.
printf '{"domains":[{"name":"g","kind":"arm-s2","vcpus":1,"pages":64,"programs":[{"script":[
    {"op":"write","gfn":16,"value":7},{"op":"read","gfn":16},{"op":"exec","gfn":16}]}]}]}' >"$WORK/arm.json"
sed 's/0x0-0x3f/0x10/; s/"rights": "r"/"rights": "n"/' "$WORK/log.json" >"$WORK/none.json"
expect 0 -c "sim:$WORK/arm.json" watch --check --until-idle --policy "$WORK/none.json" g
out_has "^stepped over: 3, 2 instructions done by the library; left to the vCPU: 1 fetches that only the vCPU can do$"
expect 0 -c "sim:$WORK/arm.json" -j watch --quiet --until-idle --policy "$WORK/none.json" g
out_has '"steps":3,"emulated":2,"not_emulated":\{"not_fetch":1\}'

# A strict policy opens no page where others would get through, and says why it stands: at what the
# emulator does not know, and on Arm at a write of 3 bytes, for which there is no instruction. A
# hypervisor that carries an instruction over does so with these, too.
for kind in x86-ept x86-pv armv8r-mpu arm-s2; do
    printf '{"domains":[{"name":"g","kind":"%s","altp2m":%s,"vcpus":2,"pages":64,"programs":[
        {"script":[{"op":"write","gfn":16,"value":7,"length":3,"emulate":false}]}]}]}' $kind \
        "$([ $kind != x86-ept ] && echo false || echo true)" >"$WORK/strict-machine.json"
    sed 's/"version": 1,/"version": 1, "step": "strict",/; s/0x0-0x3f/0x10/' "$WORK/log.json" \
        >"$WORK/strict.json"
    expect 0 -c "sim:$WORK/strict-machine.json" watch --check --until-idle \
        --policy "$WORK/strict.json" g
    out_has "^machine check: nothing left behind:"
    if [ $kind != arm-s2 ]; then
        out_has ' -> log \(rule: memory\)$'
        check "not a word" [ ! -s "$WORK/err" ]
        continue
    fi
    out_has ' -> pause \(rule: memory\) \[strict\]$'
    err_has 'gfn 0x10 strictly: it could be by relaxing, but .*; the policy is strict'
    expect 0 -c "sim:$WORK/strict-machine.json" watch --json --until-idle \
        --policy "$WORK/strict.json" g
    out_has '"strict": *true'
done

# Each page once; the session's end sets them back.
expect 0 -c "$MACHINE" watch --check --duration 1 --policy "$WORK/relax.json" busy
check "relax: an event for each page, or two when both vCPUs were at it" \
    sh -c "n=\$(grep -c -e '-> relax' '$WORK/out'); [ \$n -ge 64 ] && [ \$n -le 128 ]"
clean

# Each event once, whatever it is of, and the guest goes on to its end.
cat >"$WORK/reasons.json" <<'EOF'
{ "xen": "4.20",
  "domains": [
    { "name": "guest", "kind": "x86-ept", "pages": 64, "altp2m": true,
      "programs": [ { "repeat": 2, "script": [
        { "op": "read", "gfn": "0x7" }, { "op": "vmexit", "index": 10, "value": 3 },
        { "op": "io", "index": "0x3f8", "value": 0 }, { "op": "io", "index": "0x3f8", "value": 1 },
        { "op": "breakpoint", "gfn": "0x20" }, { "op": "debug", "gfn": "0x20", "value": 1 },
        { "op": "cpuid", "index": 1 }, { "op": "descriptor", "index": 2, "value": 1 },
        { "op": "read", "gfn": "0x8" } ] } ] } ] }
EOF
for reason in vmexit io breakpoint debug cpuid descriptor; do
    for action in '"log"' '"resume"' '{ "action": "switch", "view": "v" }'; do
        case $reason$action in vmexit*switch*) continue ;; esac
        printf '{ "version": 1, "domains": ["*"], "views": [{ "name": "v" }],
            "monitors": [{ "reason": "%s", "action": %s }] }\n' "$reason" "$action" >"$WORK/reason.json"
        expect 0 -c "sim:$WORK/reasons.json" watch --check --until-idle --policy "$WORK/reason.json" guest
        events=2
        [ "$reason" != io ] || events=4
        out_has "^summary: $events events .* ended: idle"
        out_has "^machine check: nothing left behind: accesses 4 "
    done
done

# A control register's value that does not change is never told, an MSR's unless asked for changes.
cat >"$WORK/same.json" <<'EOF'
{ "domains": [ { "name": "guest", "kind": "x86-ept", "pages": 64, "programs": [ { "repeat": 3, "script": [
  { "op": "ctrlreg", "index": 1, "value": "0x5000" }, { "op": "msr", "index": "0xc0000080", "value": 1 } ] } ] } ] }
EOF
for on_change in false true; do
    printf '{ "version": 1, "domains": ["*"], "monitors": [
        { "reason": "ctrlreg", "register": "cr3", "on_change": %s, "action": "log" },
        { "reason": "msr", "index": "0xc0000080", "on_change": %s, "action": "log" } ] }\n' \
        $on_change $on_change >"$WORK/change.json"
    expect 0 -c "sim:$WORK/same.json" watch --check --until-idle --policy "$WORK/change.json" guest
    clean
    check "ctrlreg: once" [ "$(grep -c ' ctrlreg cr3 .* -> 0x5000 -> log' "$WORK/out")" -eq 1 ]
    msr=3
    [ $on_change = false ] || msr=1
    check "msr: $msr" [ "$(grep -c ' msr msr ' "$WORK/out")" -eq $msr ]
done

# A policy that leads to no event says so, one that does says nothing.
echo '{ "version": 1, "domains": ["*"], "default_action": "log" }' >"$WORK/empty.json"
expect 0 -c "$MACHINE" watch --duration 0.1 --policy "$WORK/empty.json" busy
err_has "^xmemctl: note: the policy restricts no page and monitors no event: there is nothing to watch"
expect 0 -c "sim:$WORK/same.json" watch --until-idle --policy "$WORK/change.json" guest
check "a monitor is something" [ ! -s "$WORK/err" ]

# Nobody runs.
expect 0 -c "$MACHINE" watch --check --until-idle --gfn 4-0xff idle
out_has "^summary: 0 events .* ended: idle"
clean

expect 0 -c "$MACHINE" watch --check --count 10 --gfn 0-0xf --until-idle arm
out_has "^summary: 0 events"

expect 0 -c "$MACHINE" watch --progress --until-idle --policy "$WORK/log.json" busy --count 1
err_has "applying \["

# A domain that goes away is no failure of the watch.
expect 0 -c "$MACHINE" watch --gfn 0-0xf dies
out_has "ended: the domain is gone"

# A guest that changes its own code beside a hidden breakpoint, and over it: told once for a place.
printf '{"domains":[{"name":"g","kind":"x86-ept","altp2m":true,"pages":512,"programs":[{"repeat":3,"script":[
    {"op":"exec","gfn":256},{"op":"write","gfn":256,"offset":128,"value":144},
    {"op":"write","gfn":256,"offset":16,"value":144},{"op":"exec","gfn":256}]}]}]}' >"$WORK/self.json"
sed 's/"glob": "guest-\*"/"glob": "g"/' "$TOP_SRCDIR/examples/policies/hidden-breakpoint.json" >"$WORK/hidden.json"
expect 0 -c "sim:$WORK/self.json" watch --check --until-idle --policy "$WORK/hidden.json" g
check "that it wrote over the breakpoint is told once" \
    [ "$(grep -c 'wrote where a copy is patched, at 0x100010 (1 so far)' "$WORK/err")" -eq 1 ]
clean

# The smallest program.
if [ -x "$TOP_BUILDDIR/examples/watch-page" ]; then
    timeout 60 "$TOP_BUILDDIR/examples/watch-page" "$MACHINE" 1 0x3 >"$WORK/out" 2>"$WORK/err"
    check "watch-page ends well" [ $? -eq 0 ]
    check "watch-page tells ten writes" [ "$(grep -c 'wrote to 0x3' "$WORK/out")" -eq 10 ]
fi
finish
