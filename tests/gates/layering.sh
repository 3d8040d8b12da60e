#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The three rings: who may include what. Tools know xmem.h, the library knows nothing of
# the hypervisor but in its simulator backend, the core knows nobody.
. "$(dirname "$0")/lib.sh"

# includes FILE: what it includes, with its <> or "".
includes() {
    sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]+([<"][^>"]+[>"]).*/\1/p' \
        "$TOP_SRCDIR/$1"
}

# base NAME: without its brackets and folders
base() {
    name=${1#[<\"]}
    name=${name%[>\"]}
    printf '%s\n' "${name##*/}"
}

# Shims of the language's own headers are nobody's.
own_headers=$(source_files 'hypervisor/*.h' | sed 's|.*/||' | grep -vxE 'std(bool|def|int)\.h' | sort -u)
lib_headers=$(source_files 'lib/*.h' | sed 's|.*/||' | sort -u)

is_one_of() {
    printf '%s\n' "$2" | grep -qxF "$(base "$1")"
}

check_library() {
    for file in $(source_files 'lib/*.[ch]'); do
        for header in $(includes "$file"); do
            case $file in
            lib/backend-sim*.[ch] | lib/sim-file*.[ch]) ;;
            *)
                case $header in
                *hypervisor/* | '<xm/'* | '"xm/'*) bad "$file includes $header of the hypervisor" ;;
                \"*) ! is_one_of "$header" "$own_headers" || is_one_of "$header" "$lib_headers" ||
                    bad "$file includes $header of the hypervisor" ;;
                esac
                ;;
            esac
            case $file:$header in
            lib/backend-xen*) ;;
            *:*xenctrl* | *:*xenforeignmemory* | *:*xenevtchn* | *:*\<xen/*)
                bad "$file includes $header: only backend-xen.c knows Xen's libraries" ;;
            esac
        done
    done
}

# Own headers are in quotes and beside the tool; nothing of lib/ or hypervisor/.
check_tools() {
    for file in $(source_files 'examples/*.[ch]'); do
        for header in $(includes "$file"); do
            case $header in
            '<xmem.h>') ;;
            \"*)
                [ -e "$TOP_SRCDIR/$(dirname "$file")/$(base "$header")" ] ||
                    bad "$file includes $header: of this project, tools know xmem.h only"
                ;;
            *)
                ! is_one_of "$header" "$lib_headers$(printf '\n%s' "$own_headers")" ||
                    bad "$file includes $header: of this project, tools know xmem.h only"
                ;;
            esac
        done
    done
}

check_core() {
    core_headers=$(source_files 'hypervisor/core/*.h' | sed 's|.*/||' | sort -u)
    for file in $(source_files 'hypervisor/core/*.[chS]'); do
        for header in $(includes "$file"); do
            case $header in
            '<stdint.h>' | '<stddef.h>' | '<stdbool.h>' | '<xm_env_types.h>') ;;
            '<xm/'* | \"*) is_one_of "$header" "$core_headers" ||
                bad "$file includes $header, which is not the core's" ;;
            *) bad "$file includes $header: the core is freestanding" ;;
            esac
        done
        ! grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|elif)[[:space:]]+.*(__XEN__|__linux__|_WIN|CONFIG_)' \
            "$TOP_SRCDIR/$file" || bad "$file: #ifdef for its surroundings"
    done
}

check_library
check_tools
check_core
gate_end
