# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Progress lines and the uniform exit of a laboratory: 0 pass, 1 fail, 77 skip with one reason.

# All talk goes to stderr: stdout belongs to the results that a lab brings back.
lab_say() {
    printf '%s: [%4ds] %s\n' "$LAB_NAME" "$((SECONDS - LAB_START))" "$*" >&2
}

lab_fail() {
    printf '%s: FAIL: %s\n' "$LAB_NAME" "$*" >&2
    exit 1
}

# 77 is automake's code for a skipped test.
lab_skip() {
    printf '%s: SKIP: %s\n' "$LAB_NAME" "$*" >&2
    exit 77
}

# lab_at_exit FUNCTION: called, last one first, however the laboratory ends.
LAB_AT_EXIT=()
lab_at_exit() {
    LAB_AT_EXIT=("$1" "${LAB_AT_EXIT[@]}")
    trap lab_exit_all EXIT
    trap 'exit 130' INT TERM HUP
}

lab_exit_all() {
    local call
    for call in "${LAB_AT_EXIT[@]}"; do
        "$call" || :
    done
}

# lab_need_tools TOOL...: skip, naming everything that is missing at once.
lab_need_tools() {
    local tool missing=()
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
    done
    [ ${#missing[@]} -eq 0 ] ||
        lab_skip "not installed: ${missing[*]} (the packages to install are in tests/lab/README.md)"
}

# lab_call COMMAND...: runs it in a subshell with errexit in force and leaves its code in LAB_RC.
# Needed because `if`, `||` and `!` switch errexit off in everything they call.
lab_call() {
    set +e
    (
        set -e
        "$@"
    )
    LAB_RC=$?
    set -e
}

# lab_try COUNT COMMAND...: runs the command up to COUNT times with a growing pause between.
lab_try() {
    local count=$1 i
    shift
    for ((i = 1; ; i++)); do
        if "$@"; then
            return 0
        fi
        [ "$i" -lt "$count" ] || return 1
        sleep $((i * 3))
    done
}
