# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Hypervisors: built from Debian's source package where Debian's own binary lacks an option, or the user's.

LAB_JOBS=${XMEM_LAB_JOBS:-$(nproc)}

# lab_suite VERSION: the Debian release that carries this Xen.
lab_suite() {
    case $1 in
    4.17) echo bookworm ;;
    4.20) echo trixie ;;
    *) lab_fail "Xen $1 is not one of this laboratory's: 4.17, 4.20" ;;
    esac
}

# lab_xen_libraries VERSION ARCH: PACKAGE=VERSION of the libraries that go with this hypervisor.
lab_xen_libraries() {
    lab_deb_pick "$(lab_suite "$1")" "$2" "libxenmisc$1" libxencall1 libxendevicemodel1 \
        libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxentoolcore1 libxentoollog1 \
        libxenhypfs1 libxenstore4 libxen-dev
}

# The only build options in which the hosts differ: Xen names its architectures x86_64 and arm64.
lab_xen_make() {
    local tree=$1 arch=$2 cross=$3
    shift 3
    # The suite exports the compiler's options for programs in dom0: they are not the hypervisor's.
    timeout 1500 env -u CC -u AR -u RANLIB -u CFLAGS -u CPPFLAGS -u LDFLAGS XEN_TARGET_ARCH="$arch" CROSS_COMPILE="$cross" make -s -C "$tree/xen" "$@"
}

# lab_xen_options TREE OPTIONS: the same with the name that this tree's configuration has for memory events.
lab_xen_options() {
    if grep -qx 'config VM_EVENT' "$1/xen/common/Kconfig"; then
        printf '%s\n' "${2//CONFIG_MEM_ACCESS=/CONFIG_VM_EVENT=}"
    else
        printf '%s\n' "$2"
    fi
}

# lab_xen_configure TREE ARCH CROSS OPTIONS
lab_xen_configure() {
    local tree=$1 options line
    options=$(lab_xen_options "$tree" "$4")
    lab_xen_make "$tree" "$2" "$3" defconfig &&
        printf '%s\n' "$options" >>"$tree/xen/.config" &&
        lab_xen_make "$tree" "$2" "$3" olddefconfig || return 1
    # Kconfig drops what it does not know or what lacks a dependency: never build without noticing.
    while read -r line; do
        grep -Fxq -e "$line" "$tree/xen/.config" || [[ $line == *=n ]] || {
            echo "this Xen has no option $line"
            return 1
        }
    done <<<"$options"
}

lab_xen_fill() {
    local source=$1 arch=$2 cross=$3 options=$4 apply=$5 folder=$6 tree=$6/tree
    lab_source_unpack "$source" "$tree"
    [ -z "$apply" ] || "$apply" "$tree" >"$folder/log" 2>&1 ||
        lab_fail "hypervisor/xen/apply: $(tail -n 1 "$folder/log")"
    lab_xen_configure "$tree" "$arch" "$cross" "$options" >>"$folder/log" 2>&1 ||
        lab_fail "Xen's configuration: $(tail -n 1 "$folder/log")"
    lab_xen_make "$tree" "$arch" "$cross" -j"$LAB_JOBS" build >>"$folder/log" 2>&1 || {
        grep -m20 'error' "$folder/log" >&2 || tail -n 20 "$folder/log" >&2
        lab_fail "the hypervisor does not build"
    }
    cp "$tree/xen/.config" "$folder/config"
    # On x86 the file without .gz still has its symbols.
    if [ -e "$tree/xen/xen.gz" ]; then
        gzip -dc "$tree/xen/xen.gz" >"$folder/xen"
    else
        mv "$tree/xen/xen" "$folder/xen"
    fi
    # What a debugger reads.
    cp "$tree/xen/xen-syms" "$folder/"
    rm -rf "$tree"
}

# lab_xen VERSION ARCH CROSS OPTIONS [APPLY KEY]: a hypervisor with these .config lines, of a tree that the program
# APPLY has changed, which KEY stands for; LAB_PATH/xen, LAB_PATH/xen-syms, LAB_VERSION.
lab_xen() {
    local version=$1 arch=$2 cross=$3 options=$4 apply=${5:-} key
    lab_need_tools make flex bison patch "${cross}gcc" "${cross}ld"
    lab_source "$(lab_suite "$version")" xen
    key=$(lab_key "$LAB_VERSION $arch $options $("${cross}gcc" -dumpfullversion) ${6:-} \
        $(declare -f lab_xen_fill lab_xen_configure lab_xen_options lab_xen_make lab_source_unpack)")
    [ -e "$LAB_CACHE/store/xen-$arch-$version-$key" ] ||
        lab_say "building the $arch hypervisor $LAB_VERSION (1 to 6 minutes)"
    lab_store "xen-$arch-$version" "$key" lab_xen_fill "$LAB_PATH" "$arch" "$cross" "$options" "$apply"
}

# ---- a hypervisor and libraries that the user names, in place of Debian's: --hypervisor FILE and --libs DIR,
# or their variables, which reach the programs that a laboratory starts ----

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
