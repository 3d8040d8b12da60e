# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Entry point of the laboratories' shell library: source this file, then use the lab_* functions.
# Everything here runs as an ordinary user; nothing is installed on the machine.

set -euo pipefail
# A failing lab_* call inside $( ) must end the caller, with its own code (77 stays 77).
shopt -s inherit_errexit

LAB_COMMON=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_DIR=${LAB_COMMON%/*}
LAB_TOP=${LAB_DIR%/*/*}
LAB_NAME=${LAB_NAME:-lab}
LAB_START=$SECONDS
# What functions leave for their callers: a code, a stored folder, a revision.
LAB_RC=0 LAB_PATH='' LAB_VERSION=''

# ---- progress, and the uniform exit of a laboratory: 0 pass, 1 fail, 77 skip with one reason ----

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

# lab_usage FILE: what its head says of its calls, on stderr; ends with 2.
lab_usage() {
    sed -n 's/^#   //p; s/^# \(exit:\)/\1/p' "$1" | sed '1s/^/usage: /' >&2
    exit 2
}

# lab_machine NAME: what machines/NAME says.
lab_machine() {
    LAB_MACHINE=$1
    LAB_PLACE=$LAB_DIR/machines/$1
    [ -e "$LAB_PLACE/machine.sh" ] || lab_fail "no machine $1, only: $(cd "$LAB_DIR/machines" && echo *)"
    # shellcheck source=/dev/null
    . "$LAB_PLACE/machine.sh"
}

# shellcheck source=tests/lab/common/cache.sh
. "$LAB_COMMON/cache.sh"
# shellcheck source=tests/lab/common/debian.sh
. "$LAB_COMMON/debian.sh"
# shellcheck source=tests/lab/common/xen.sh
. "$LAB_COMMON/xen.sh"
# shellcheck source=tests/lab/common/build.sh
. "$LAB_COMMON/build.sh"
# shellcheck source=tests/lab/common/vm.sh
. "$LAB_COMMON/vm.sh"
