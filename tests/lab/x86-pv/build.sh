# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Everything that a run of the x86 laboratories under QEMU is made from: x86-pv, and x86-npt, which is
# the same hypervisor and dom0 with another guest. Each part is stored by content.

LAB_PV=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_TOP=$(cd -- "$LAB_PV/../../.." && pwd)
# dom0's kernel, its libraries and the PVH guest are those of the EPT laboratory.
# shellcheck source=tests/lab/x86-ept/build.sh
. "$LAB_PV/../x86-ept/build.sh"
# libxenguest, the builder of PV domains, needs these.
EPT_RUNTIME+=(zlib1g libzstd1 liblzma5)

# With asserts, and with what Debian leaves out: shadow paging of PV guests, and our additions.
PV_XEN_OPTIONS=$'CONFIG_EXPERT=y\nCONFIG_UNSUPPORTED=y\nCONFIG_PV=y\nCONFIG_HVM=y\nCONFIG_SHADOW_PAGING=y
CONFIG_MEM_ACCESS=y\nCONFIG_DEBUG=y\nCONFIG_VERBOSE_DEBUG=y\nCONFIG_LIVEPATCH=n\nCONFIG_TBOOT=n'
PV_XEN_ADDED=$'CONFIG_XMEM_PV=y\nCONFIG_XMEM_NPT=y'
PV_APPLY=$LAB_TOP/hypervisor/xen/apply

# What hypervisor/xen/apply lays over a tree: its own files, and those of the core's that it takes.
pv_additions_key() {
    # shellcheck disable=SC2046
    lab_key '' "$LAB_TOP"/hypervisor/xen/{apply,*.hooks,npt,pv} $("$PV_APPLY" --core | sed "s|^|$LAB_TOP/|")
}

pv_xen_fill() {
    local source=$1 folder=$2 tree=$2/tree options=$PV_XEN_OPTIONS$'\n'$PV_XEN_ADDED line
    lab_source_unpack "$source" "$tree"
    options=$(lab_xen_options "$tree" "$options")
    "$PV_APPLY" "$tree" >"$folder/log" 2>&1 || lab_fail "hypervisor/xen/apply: $(tail -n 1 "$folder/log")"
    lab_xen_make "$tree" x86_64 '' defconfig >>"$folder/log" 2>&1 ||
        lab_fail "xen defconfig: $(tail -n 1 "$folder/log")"
    printf '%s\n' "$options" >>"$tree/xen/.config"
    lab_xen_make "$tree" x86_64 '' olddefconfig >>"$folder/log" 2>&1 ||
        lab_fail "xen olddefconfig: $(tail -n 1 "$folder/log")"
    while read -r line; do
        grep -Fxq -e "$line" "$tree/xen/.config" || [[ $line == *=n ]] ||
            lab_fail "this Xen has no option $line"
    done <<<"$options"
    lab_xen_make "$tree" x86_64 '' -j"$LAB_JOBS" build >>"$folder/log" 2>&1 || {
        grep -m20 'error' "$folder/log" >&2 || tail -n 20 "$folder/log" >&2
        lab_fail "the hypervisor does not build"
    }
    cp "$tree/xen/.config" "$folder/config"
    gzip -dc "$tree/xen/xen.gz" >"$folder/xen"
    rm -rf "$tree"
}

# pv_hypervisor VERSION KIND: "ours", or Debian's own ("stock"), if the user names no other one.
pv_hypervisor() {
    local key
    if [ -n "${XMEM_LAB_HYPERVISOR:-}" ]; then
        lab_own_hypervisor
        EPT_XEN=$LAB_PATH/xen EPT_XEN_VERSION=$LAB_VERSION
    elif [ "$2" = stock ]; then
        ept_hypervisor "$1"
    else
        lab_need_tools make flex bison patch gcc ld
        [ -x "$PV_APPLY" ] || lab_skip "hypervisor/xen/apply is not there"
        lab_source "$(lab_suite "$1")" xen
        EPT_XEN_VERSION=$LAB_VERSION
        key=$(lab_key "$LAB_VERSION $PV_XEN_OPTIONS $PV_XEN_ADDED $(gcc -dumpfullversion) $(pv_additions_key) \
            $(declare -f pv_xen_fill lab_xen_make lab_source_unpack)")
        [ -e "$LAB_CACHE/store/pv-xen-$1-$key" ] || lab_say "building the hypervisor $LAB_VERSION (3 to 6 minutes)"
        lab_store "pv-xen-$1" "$key" pv_xen_fill "$LAB_PATH"
        EPT_XEN=$LAB_PATH/xen
    fi
}

pv_guest_fill() {
    "$LAB_EPT_CC" "${EPT_WARN[@]}" -ffreestanding -nostdlib -static -fno-pic -mcmodel=kernel -mno-red-zone \
        -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
        -Wl,-T,"$LAB_PV/guest/guest.lds" -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
        "$LAB_PV"/guest/{entry.S,main.c,arch.c,balloon.c} -o "$1/guest.elf"
    strip -o "$1/guest.img" "$1/guest.elf"
}

pv_guest() {
    lab_need_tools "$LAB_EPT_CC" strip
    lab_store pv-guest "$(lab_key "$(ept_cc) ${EPT_WARN[*]} $(declare -f pv_guest_fill)" \
        "$LAB_PV/guest" "$LAB_COMMON/mailbox.h")" pv_guest_fill
    PV_GUEST=$LAB_PATH
}

pv_tools_fill() {
    # shellcheck disable=SC2086
    "$LAB_EPT_CC" "${EPT_WARN[@]}" -D_GNU_SOURCE $EPT_CPPFLAGS "$LAB_PV"/dom/*.c "$LAB_COMMON/guest.c" \
        $EPT_LDFLAGS -lxenctrl -lxenguest -lxenevtchn -lxenforeignmemory -o "$1/labdom"
}

# pv_tools VERSION: labdom, linked against this Xen's libraries.
pv_tools() {
    local key
    ept_runtime "$1"
    ept_flags
    key=$(lab_key "$(ept_cc) ${EPT_ROOT##*/} ${EPT_WARN[*]} $(declare -f ept_flags pv_tools_fill)" \
        "$LAB_PV/dom" "$LAB_PV"/guest/{layout,ops}.h "$LAB_COMMON"/{guest.c,guest.h,mailbox.h})
    lab_store "pv-tools-$1" "$key" pv_tools_fill
    PV_TOOLS=$LAB_PATH
}

# The skeleton of a dom0, without guest and labdom.
pv_dom0_skeleton() {
    local dir=$1 busybox
    mkdir -p "$dir"/{bin,sbin,dev,proc,sys,tmp,lab/modules,payload,results}
    for busybox in "$EPT_ROOT"/{usr/,}bin/busybox; do
        [ ! -f "$busybox" ] || cp "$busybox" "$dir/bin/busybox"
    done
    ln -s busybox "$dir/bin/sh" # for programs that start others
    install -m 755 "$LAB_PV/dom0/init" "$dir/init"
    cp "$EPT_KERNEL"/modules/xen-{evtchn,privcmd}.ko* "$dir/lab/modules/"
    ept_dom0_libraries "$dir"
}

pv_dom0_fill() {
    local folder=$1 dir=$1/root
    pv_dom0_skeleton "$dir"
    cp "$PV_TOOLS/labdom" "$dir/bin/"
    install -m 755 "$LAB_PV/dom0/selftest" "$dir/bin/lab-selftest"
    install -m 755 "$LAB_PV/dom0/lab-linux" "$dir/bin/lab-linux"
    cp "$PV_GUEST/guest.img" "$dir/lab/"
    lab_elf_closure "$EPT_ROOT" "$dir" "$LAB_LIBDIR" "$dir/bin/labdom"
    lab_cpio "$dir" "$folder/dom0.cpio"
    rm -rf "$dir"
}

# pv_dom0 VERSION: dom0's initial RAM disk without a payload.
pv_dom0() {
    local key
    pv_tools "$1"
    pv_guest
    ept_kernel
    key=$(lab_key "${PV_TOOLS##*/} ${PV_GUEST##*/} ${EPT_KERNEL##*/} ${EPT_ROOT##*/} \
        $(declare -f ept_dom0_libraries pv_dom0_skeleton pv_dom0_fill)" "$LAB_PV/dom0" "$LAB_COMMON/initrd.sh")
    lab_store "pv-dom0-$1" "$key" pv_dom0_fill
    EPT_DOM0=$LAB_PATH/dom0.cpio
}

pv_linux_fill() {
    local folder=$1 guest=$1/guest file
    mkdir -p "$guest"/{bin,sbin,dev,proc,sys,tmp} "$folder/root/lab/linux"
    for file in "$EPT_ROOT"/{usr/,}bin/busybox; do
        [ ! -f "$file" ] || cp "$file" "$guest/bin/busybox"
    done
    install -m 755 "$LAB_PV/linux/init" "$guest/init"
    for file in work load image; do
        "$LAB_EPT_CC" "${EPT_WARN[@]}" "$LAB_PV/linux/$file.c" -static -pthread -o "$guest/bin/$file"
        strip "$guest/bin/$file"
    done
    lab_cpio "$guest" "$folder/root/lab/linux/initrd"
    # Not packed: the builder in dom0 would unpack it on an emulated processor.
    cp "$EPT_KERNEL/vmlinux" "$folder/root/lab/linux/"
    lab_cpio "$folder/root" "$folder/linux.cpio"
    rm -rf "$guest" "$folder/root"
}

# Debian's Linux as a PV guest: a second archive for dom0. To be called after pv_dom0.
pv_linux() {
    lab_store pv-linux "$(lab_key "$(ept_cc) ${EPT_KERNEL##*/} ${EPT_ROOT##*/} ${EPT_WARN[*]} \
        $(declare -f pv_linux_fill)" "$LAB_PV/linux" "$LAB_COMMON/initrd.sh")" pv_linux_fill
    PV_LINUX=$LAB_PATH/linux.cpio
}
