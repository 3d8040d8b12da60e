# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# One bounded run of an emulator with a serial log, and results taken from that log.
#
# Inside the machine the payload's output stands between two marker lines, each on its own line:
#     XMEM-LAB-BEGIN
#     ... the payload's output ...
#     XMEM-LAB-END EXITCODE
# The boot scripts print them; whatever the hypervisor or kernel says outside is not a result.

# lab_vm_run LOG SECONDS COMMAND...: the emulator's own exit code is left in LAB_RC (124: timed out).
# A machine that has failed ends the wait early.
lab_vm_run() {
    local log=$1 limit=$2 pid began=$SECONDS
    shift 2
    [ -n "${LAB_VM_PID+set}" ] || lab_at_exit lab_vm_kill
    "$@" </dev/null >"$log" 2>&1 &
    pid=$!
    LAB_VM_PID=$pid
    LAB_RC=124
    while [ $((SECONDS - began)) -lt "$limit" ]; do
        if ! kill -0 "$pid" 2>/dev/null; then
            LAB_RC=0
            wait "$pid" || LAB_RC=$?
            break
        fi
        if grep -aq -e 'Panic on CPU' -e 'Kernel panic - not syncing' "$log"; then
            sleep 1
            LAB_RC=125
            break
        fi
        sleep 0.2
    done
    lab_vm_kill
    LAB_VM_SECONDS=$((SECONDS - began))
}

# The machine goes with us, whatever ends us.
lab_vm_kill() {
    [ -n "$LAB_VM_PID" ] || return 0
    kill -9 "$LAB_VM_PID" 2>/dev/null || :
    wait "$LAB_VM_PID" 2>/dev/null || :
    LAB_VM_PID=''
}

# lab_vm_log NAME: a fresh serial log's path; those of last week are removed.
lab_vm_log() {
    mkdir -p "$LAB_CACHE/logs"
    find "$LAB_CACHE/logs" -type f -mtime +7 -delete
    mktemp "$LAB_CACHE/logs/$1.XXXXXX"
}

# lab_vm_output LOG: what stands between the markers, without the hypervisor's own lines and the one
# empty line that the boot scripts put before the end marker.
lab_vm_output() {
    tr -d '\r' <"$1" | awk '
        /^\(XEN\) /            { next }
        /^XMEM-LAB-END [0-9]+/ { on = 0; if (held != "") print held }
        on && any              { print held }
        on                     { held = $0; any = 1 }
        /^XMEM-LAB-BEGIN/      { on = 1; any = 0; held = "" }'
}

# lab_vm_files LOG FOLDER: unpacks the files that the payload handed back.
lab_vm_files() {
    mkdir -p "$2"
    tr -d '\r' <"$1" | sed -n '/^XMEM-LAB-FILES-BEGIN/,/^XMEM-LAB-FILES-END/p' |
        grep -v -e '^XMEM-LAB' -e '^(XEN) ' | base64 -d 2>/dev/null | tar -xz -C "$2" 2>/dev/null ||
        lab_say "the payload left no result files"
}

# lab_vm_code LOG: the payload's exit code, or nothing when it never came to its end.
lab_vm_code() {
    tr -d '\r' <"$1" | sed -n 's/.*XMEM-LAB-END \([0-9]\{1,3\}\).*/\1/p' | tail -n 1
}

# lab_vm_broke CODE OUTPUT ERRORS: true when the emulator itself has ended: by a signal, or before the
# machine said anything. It is no result of the tests, and told as what it is ("Bail out!" is TAP's word).
lab_vm_broke() {
    local code=$1 how
    [ "$code" -ge 128 ] || { [ "$code" -ne 0 ] && [ "$code" -lt 124 ] && ! [ -s "$2" ]; } || return 1
    how="code $code"
    [ "$code" -lt 128 ] || how="signal $(kill -l "$((code - 128))" 2>/dev/null || echo "$((code - 128))")"
    printf 'Bail out! the emulator ended by itself (%s): %s\n' "$how" \
        "$(tail -n 3 "$3" | tr -d '\r' | tr '\n' ' ' | cut -c1-300)"
}

# lab_vm_finish LOG: prints the output, explains a missing end, and ends the lab uniformly.
lab_vm_finish() {
    local log=$1 code
    lab_vm_output "$log"
    code=$(lab_vm_code "$log")
    case $code in
    0) lab_say "pass" && exit 0 ;;
    77) lab_skip "the payload skipped itself" ;;
    '')
        lab_say "the payload did not reach its end (emulator code $LAB_RC); last lines of $log:"
        tail -n 25 "$log" >&2
        ! lab_vm_broke "$LAB_RC" "$log" "$log" || exit 1
        lab_fail "no result from the machine"
        ;;
    *) lab_fail "payload exit code $code (serial log: $log)" ;;
    esac
}
