#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The three rings: who may include what. Tools know xmem.h, the library knows nothing of
# the hypervisor but in its simulator backend, the core knows nobody.
. "$(dirname "$0")/lib.sh"

# includes PATTERN...: each file that matches and what it includes, with its <> or "", one per line
includes() {
    source_files "$@" | (cd "$TOP_SRCDIR" && LC_ALL=C awk '
        {
            while ((getline line <$0) > 0)
                if (match(line, /^[ \t]*#[ \t]*include[ \t]+[<"][^>"]+[>"]/)) {
                    line = substr(line, 1, RLENGTH)
                    sub(/^[ \t]*#[ \t]*include[ \t]+/, "", line)
                    print $0, line
                }
            close($0)
        }')
}

# base NAME: without its brackets and folders, in $base
base() {
    base=${1#[<\"]}
    base=${base%[>\"]}
    base=${base##*/}
}

# Shims of the language's own headers are nobody's.
own_headers=$(source_files 'hypervisor/*.h' | sed 's|.*/||' | grep -vxE 'std(bool|def|int)\.h' | sort -u)
lib_headers=$(source_files 'lib/*.h' | sed 's|.*/||' | sort -u)

# is_one_of HEADER LIST: the list has a name per line
is_one_of() {
    base "$1"
    case "
$2
" in
    *"
$base
"*) return 0 ;;
    esac
    return 1
}

check_library() {
    case $1 in
    lib/backend/sim/* | lib/doc/sim-*) ;;
    *)
        case $2 in
        *hypervisor/* | '<xm/'* | '"xm/'*) bad "$1 includes $2 of the hypervisor" ;;
        \"*) ! is_one_of "$2" "$own_headers" || is_one_of "$2" "$lib_headers" ||
            bad "$1 includes $2 of the hypervisor" ;;
        esac
        ;;
    esac
    case $1:$2 in
    lib/backend/xen/*) ;;
    *:*xenctrl* | *:*xenforeignmemory* | *:*xenevtchn* | *:*\<xen/*)
        bad "$1 includes $2: only lib/backend/xen knows Xen's libraries" ;;
    esac
}

# Own headers are in quotes and beside the tool; nothing of lib/ or hypervisor/.
check_tool() {
    base "$2"
    case $2 in
    '<xmem.h>') ;;
    \"*)
        [ -e "$TOP_SRCDIR/${1%/*}/$base" ] ||
            bad "$1 includes $2: of this project, tools know xmem.h only"
        ;;
    *)
        ! is_one_of "$2" "$lib_headers$(printf '\n%s' "$own_headers")" ||
            bad "$1 includes $2: of this project, tools know xmem.h only"
        ;;
    esac
}

# The core's folders, as the table of its README has them: "HEADER FOLDER" and "FOLDER uses FOLDER".
# shellcheck disable=SC2016 # backticks of the table
core_rows() { sed -n 's/^| `\([a-z0-9-]*\)\/` |/\1 |/p' "$TOP_SRCDIR/hypervisor/core/README.md" | tr -d '`'; }
core_owners=$(core_rows | awk -F'|' '{ n = split($4, h, " "); for (i = 1; i <= n; i++) print h[i] ".h", $1 }' | sed 's/ *$//')
core_uses=$(core_rows | awk -F'|' '{ sub(/ *$/, "", $1); print $1 " uses " $1
    n = split($2, f, " "); for (i = 1; i <= n; i++) { sub(/\/$/, "", f[i]); print $1 " uses " f[i] } }')

# core_folder FILE: whose it is, in $folder; a header's is the table's
core_folder() {
    folder=${1#hypervisor/core/}
    folder=${folder%/*}
    case $1 in
    hypervisor/core/include/xm/*) folder=$(printf '%s\n' "$core_owners" | sed -n "s/^${1##*/} //p") ;;
    esac
}

check_core() {
    case $2 in
    '<stdint.h>' | '<stddef.h>' | '<stdbool.h>' | '<xm_env_types.h>') return ;;
    '<xm/'* | \"*) is_one_of "$2" "$core_headers" || bad "$1 includes $2, which is not the core's" ;;
    *) bad "$1 includes $2: the core is freestanding" ;;
    esac
    core_folder "$1"
    from=$folder
    case $2 in
    \"*) core_folder "${1%/*}/${base}" ;;
    *) core_folder "hypervisor/core/include/xm/$base" ;;
    esac
    case "
$core_uses
" in
    *"
$from uses $folder
"*) ;;
    *) bad "$1 includes $2 of $folder/, which $from/ may not use" ;;
    esac
}

check_ifdefs() {
    source_files 'hypervisor/core/*.[chS]' | (cd "$TOP_SRCDIR" && xargs grep -nE \
        '^[[:space:]]*#[[:space:]]*(if|ifdef|elif)[[:space:]]+.*(__XEN__|__linux__|_WIN|CONFIG_)') || :
}

# each CHECK PATTERN...: the check with every file and what it includes
each() {
    check=$1
    shift
    list=$(includes "$@")
    while IFS=' ' read -r file header; do
        "$check" "$file" "$header"
    done <<END
$list
END
}

core_headers=$(source_files 'hypervisor/core/*.h' | sed 's|.*/||' | sort -u)
each check_library 'lib/*.[ch]'
each check_tool 'examples/*.[ch]'
each check_core 'hypervisor/core/*.[chS]'
ifdefs=$(check_ifdefs)
[ -z "$ifdefs" ] || bad "#ifdef for its surroundings: $ifdefs"
gate_end
