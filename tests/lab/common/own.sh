# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# A hypervisor and libraries that the user names, in place of Debian's: --hypervisor FILE and --libs DIR,
# or their variables, which reach the programs that a laboratory starts.

# lab_own_option NAME VALUE: takes one of the two options; false: it is none of them.
lab_own_option() {
    case $1 in
    --hypervisor)
        [ -f "$2" ] || lab_fail "no hypervisor $2"
        export XMEM_LAB_HYPERVISOR=$2
        ;;
    --libs)
        [ -d "$2" ] || lab_fail "no folder $2"
        export XMEM_LAB_LIBS=$2
        ;;
    *) return 1 ;;
    esac
}

lab_own_hypervisor_fill() {
    if gzip -t "$1" 2>/dev/null; then
        gzip -dc "$1" >"$2/xen"
    else
        cp "$1" "$2/xen"
    fi
}

# lab_own_hypervisor: the user's, as it is or unpacked, in LAB_PATH/xen and LAB_VERSION.
lab_own_hypervisor() {
    [ -f "$XMEM_LAB_HYPERVISOR" ] || lab_fail "no hypervisor $XMEM_LAB_HYPERVISOR"
    lab_store own-xen "$(lab_key '' "$XMEM_LAB_HYPERVISOR")" lab_own_hypervisor_fill "$XMEM_LAB_HYPERVISOR"
    LAB_VERSION="from ${XMEM_LAB_HYPERVISOR##*/}"
}

lab_own_files() {
    find "$XMEM_LAB_LIBS/" -name 'libxen*.so*' ! -type d | LC_ALL=C sort
}

# Nothing of Debian's Xen stays: a library of another release would be found first, or at all.
lab_own_root_fill() {
    local base=$1 libdir=$2 folder=$3 header
    header=$(find "$XMEM_LAB_LIBS/" -name xenctrl.h | LC_ALL=C sort | head -n 1)
    [ -n "$header" ] || lab_fail "no xenctrl.h in $XMEM_LAB_LIBS: its headers are needed, too"
    cp -a "$base/." "$folder/"
    find "$folder" -name 'libxen*' ! -type d -delete
    rm -rf "$folder"/usr/include/xen* "$folder"/usr/lib/xen-*
    mkdir -p "$folder/usr/include" "$folder/usr/$libdir"
    cp -R "${header%/*}"/xen* "$folder/usr/include/"
    lab_own_files | xargs -d '\n' cp -P -t "$folder/usr/$libdir/"
}

# lab_own_root NAME LIBDIR: the unpacked packages in LAB_PATH with the user's Xen libraries and headers
# instead of theirs; the same LAB_PATH where the user names none.
lab_own_root() {
    local base=$LAB_PATH files
    [ -n "${XMEM_LAB_LIBS:-}" ] || return 0
    [ -d "$XMEM_LAB_LIBS" ] || lab_fail "no folder $XMEM_LAB_LIBS"
    files=$(lab_own_files)
    [ -n "$files" ] || lab_fail "no libxen*.so in $XMEM_LAB_LIBS"
    lab_store "own-$1" "$(lab_key "${base##*/} $files $(xargs -d '\n' sha256sum <<<"$files") \
        $(declare -f lab_own_root_fill)")" lab_own_root_fill "$base" "$2"
}

# lab_xen_options TREE OPTIONS: the same with the name that this tree's configuration has for memory events.
lab_xen_options() {
    if grep -qx 'config VM_EVENT' "$1/xen/common/Kconfig"; then
        printf '%s\n' "${2//CONFIG_MEM_ACCESS=/CONFIG_VM_EVENT=}"
    else
        printf '%s\n' "$2"
    fi
}
