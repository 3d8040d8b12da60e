#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals: what is watched or held is restored, what is half applied is put back.
. "$(dirname "$0")/lib.sh"
make_machine
make_policy "$WORK/log.json" 0x0-0x3f r log
make_policy "$WORK/idle.json" 0x4-0x493e3 r log # more than one step of the library takes

# start ARG...: runs xmemctl beside us, with the dispositions of an interactive shell (a
# background job of a script ignores SIGINT).
start() {
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$XMEMCTL" "$@" >"$WORK/out" 2>"$WORK/err" &
    pid=$!
}

# shellcheck disable=SC2317 # called through check
# Waits until the file has the pattern, a minute at the most.
wait_for() {
    n=0
    while ! grep -qE -e "$2" "$1" 2>/dev/null; do
        n=$((n + 1))
        [ "$n" -lt 600 ] || return 1
        sleep 0.1
    done
}

# end_with SIGNAL: sends it; exit code in $code; killed after a minute.
end_with() {
    kill -s "$1" "$pid"
    n=0
    while kill -0 "$pid" 2>/dev/null && [ "$n" -lt 600 ]; do
        n=$((n + 1))
        sleep 0.1
    done
    kill -s KILL "$pid" 2>/dev/null
    wait "$pid"
    code=$?
}

for signal in INT TERM HUP; do
    start -c "$MACHINE" watch --check --policy "$WORK/log.json" busy
    check "$signal: events come" wait_for "$WORK/out" mem_access
    end_with "$signal"
    check "$signal: exit 0, not $code" [ "$code" -eq 0 ]
    out_has "ended: stopped by a signal"
    out_has "^machine check: nothing left behind:.* leftover_rights 0"

    start -c "$MACHINE" watch --check --progress --policy "$WORK/idle.json" idle
    check "$signal: applied" wait_for "$WORK/err" 100%
    end_with "$signal"
    check "$signal, nothing happens: exit 0, not $code" [ "$code" -eq 0 ]
    out_has "^machine check: nothing left behind:"
done

start -c "$MACHINE" apply --hold busy "$WORK/log.json"
check "--hold: applied" wait_for "$WORK/out" applied
end_with TERM
check "--hold: exit 0, not $code" [ "$code" -eq 0 ]

# While applying: the signal is pending before it begins.
python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.kill(os.getpid(), signal.SIGINT)
os.execvp(sys.argv[1], sys.argv[1:])' "$XMEMCTL" -c "$MACHINE" watch --check \
    --policy "$WORK/log.json" busy >"$WORK/out" 2>"$WORK/err"
code=$?
check "stopped while applying: exit 5, not $code" [ "$code" -eq 5 ]
err_has "^xmemctl: stopped while applying"
err_has "^xmemctl: what was changed is put back"
out_has "^machine check: nothing left behind:.* leftover_rights 0"

# After the first portion of pages.
python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.kill(os.getpid(), signal.SIGTERM)
os.execvp(sys.argv[1], sys.argv[1:])' "$XMEMCTL" -c "$MACHINE" set idle 4-300003 r \
    >"$WORK/out" 2>"$WORK/err"
code=$?
check "stopped while setting: exit 5, not $code" [ "$code" -eq 5 ]
err_has "^xmemctl: stopped"
err_has "^xmemctl: what was changed is put back"
out_empty
finish
