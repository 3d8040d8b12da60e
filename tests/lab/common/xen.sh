# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Hypervisors built from Debian's source package, where Debian's own binary lacks an option.

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

lab_xen_fill() {
    local source=$1 arch=$2 cross=$3 options=$4 folder=$5 line
    lab_source_unpack "$source" "$folder/tree"
    options=$(lab_xen_options "$folder/tree" "$options")
    lab_xen_make "$folder/tree" "$arch" "$cross" defconfig >"$folder/log" 2>&1 ||
        lab_fail "xen defconfig: $(tail -n 1 "$folder/log")"
    printf '%s\n' "$options" >>"$folder/tree/xen/.config"
    lab_xen_make "$folder/tree" "$arch" "$cross" olddefconfig >>"$folder/log" 2>&1 ||
        lab_fail "xen olddefconfig: $(tail -n 1 "$folder/log")"
    # Kconfig drops what it does not know or what lacks a dependency: never build without noticing.
    while read -r line; do
        grep -Fxq -e "$line" "$folder/tree/xen/.config" ||
            [[ $line == *=n ]] || lab_fail "this Xen has no option $line"
    done <<<"$options"
    lab_xen_make "$folder/tree" "$arch" "$cross" -j"$LAB_JOBS" build >>"$folder/log" 2>&1 || {
        tail -n 20 "$folder/log" >&2
        lab_fail "the hypervisor does not build"
    }
    cp "$folder/tree/xen/.config" "$folder/config"
    mv "$folder/tree/xen/xen" "$folder/xen"
    [ ! -e "$folder/tree/xen/xen.gz" ] || mv "$folder/tree/xen/xen.gz" "$folder/xen.gz"
    rm -rf "$folder/tree"
}

# lab_xen SUITE ARCH CROSS OPTIONS: a hypervisor with these .config lines; LAB_PATH/xen, LAB_VERSION.
lab_xen() {
    local suite=$1 arch=$2 cross=$3 options=$4 key
    lab_need_tools make flex bison patch "${cross}gcc" "${cross}ld"
    lab_source "$suite" xen
    key=$(lab_key "$LAB_VERSION $arch $options $("${cross}gcc" -dumpfullversion)" "$LAB_COMMON/xen.sh")
    [ -e "$LAB_CACHE/store/xen-$arch-$key" ] || lab_say "building the $arch hypervisor $LAB_VERSION"
    lab_store "xen-$arch" "$key" lab_xen_fill "$LAB_PATH" "$arch" "$cross" "$options"
}
