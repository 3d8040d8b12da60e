#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The bash completion loads and completes.
. "$(dirname "$0")/lib.sh"
command -v bash >/dev/null 2>&1 || {
    echo "no bash"
    exit 77
}
make_machine
file=$TOP_SRCDIR/examples/xmemctl/xmemctl.bash

# complete WORD...: what the last word completes to, sorted, in $WORK/out.
completions() {
    bash -c '. "$1"; tool=$2; shift 2
        COMP_LINE="xmemctl"
        for word; do COMP_LINE+=" $word"; done
        COMP_POINT=${#COMP_LINE}
        compopt() { :; }
        _xmemctl "$tool" "${@: -1}" "${@: -2:1}"
        [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$file" "$XMEMCTL" "$@" 2>"$WORK/err" | sort >"$WORK/out"
}

# gives WANTED WORD...: exactly these, separated by spaces
gives() {
    wanted=$1
    shift
    completions "$@"
    check "'$*' gives '$wanted'" [ "$(tr '\n' ' ' <"$WORK/out")" = "${wanted:+$wanted }" ]
    check "no complaint" [ ! -s "$WORK/err" ]
}

gives "set status" s
gives "apply" ap
gives "--check --connect --count" watch --c
gives "--connect" -c xen: get --c
gives "--version" --v
gives "busy" -c "$MACHINE" watch b
gives "1 2 3 4 5 arm busy dies fails idle" -c "$MACHINE" get ""
gives "r r_pw rw rwx rx rx2rw" -c "$MACHINE" set busy 0x1 r
gives "n n2rwx" watch -r n
gives "$WORK/machine.json" validate "$WORK/mach"
gives "$WORK/machine.json" watch --policy "$WORK/mach"
gives "$WORK/machine.json" -c "sim:$WORK/mach"
gives "" set busy 0x1 r ""

# Every command and long option that the program knows, and the reverse.
run --help
check "eleven commands" [ "$(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$WORK/out" | wc -l)" -eq 11 ]
# shellcheck disable=SC2013 # words are meant
for command in $(sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$WORK/out"); do
    bash -c '. "$1"; [[ " $_xmemctl_commands " == *" $2 "* ]]' bash "$file" "$command"
    check "completes the command $command" [ $? -eq 0 ]
    run "$command" --help
    grep -oE '(^| )--[a-z-]+' "$WORK/out" | tr -d ' ' | sort -u >"$WORK/real"
    bash -c '. "$1"; _xmemctl_options "$2"' bash "$file" "$command" | tr ' ' '\n' | sort -u >"$WORK/known"
    check "completes the options of $command" cmp -s "$WORK/real" "$WORK/known"
done
finish
