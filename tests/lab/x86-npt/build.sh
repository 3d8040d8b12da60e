# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# The EPT laboratory's PVH guest and domain builder, on AMD's nested paging.

LAB_NPT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/x86-pv/build.sh
. "$LAB_NPT/../x86-pv/build.sh"

# Hypercalls are another instruction on AMD's processors.
npt_guest_fill() {
    ept_guest_fill "$1"
}

npt_guest() {
    lab_need_tools "$LAB_EPT_CC" objcopy readelf
    EPT_WARN+=(-DLAB_HYPERCALL='"vmmcall"')
    lab_store npt-guest "$(lab_key "$(ept_cc) ${EPT_WARN[*]} $(declare -f ept_guest_fill npt_guest_fill)" \
        "$LAB_EPT/guest" "$LAB_COMMON/mailbox.h")" npt_guest_fill
    NPT_GUEST=$LAB_PATH
}

npt_tools_fill() {
    # shellcheck disable=SC2086
    "$LAB_EPT_CC" "${EPT_WARN[@]}" $EPT_CPPFLAGS "$LAB_EPT"/dom/*.c \
        $EPT_LDFLAGS -lxenctrl -lxenforeignmemory -o "$1/labdom"
}

npt_tools() {
    local key
    ept_runtime "$1"
    ept_flags
    key=$(lab_key "$(ept_cc) ${EPT_ROOT##*/} ${EPT_WARN[*]} $(declare -f ept_flags npt_tools_fill)" \
        "$LAB_EPT/dom" "$LAB_EPT/guest/layout.h")
    lab_store "npt-tools-$1" "$key" npt_tools_fill
    NPT_TOOLS=$LAB_PATH
}

npt_dom0_fill() {
    local version=$1 folder=$2 dir=$2/root
    pv_dom0_skeleton "$dir"
    cp "$NPT_TOOLS/labdom" "$dir/bin/labdom.ept"
    install -m 755 "$LAB_NPT/dom0/labdom" "$dir/bin/labdom"
    install -m 755 "$LAB_NPT/dom0/selftest" "$dir/bin/lab-selftest"
    ept_xen_access "$version" "$dir/bin"
    cp "$NPT_GUEST/guest.img" "$dir/lab/"
    lab_elf_closure "$EPT_ROOT" "$dir" "$LAB_LIBDIR" "$dir"/bin/*
    lab_cpio "$dir" "$folder/dom0.cpio"
    rm -rf "$dir"
}

# npt_dom0 VERSION: dom0's initial RAM disk without a payload.
npt_dom0() {
    local key
    npt_tools "$1"
    npt_guest
    ept_kernel
    key=$(lab_key "${NPT_TOOLS##*/} ${NPT_GUEST##*/} ${EPT_KERNEL##*/} ${EPT_ROOT##*/} \
        $(declare -f ept_dom0_libraries ept_xen_access pv_dom0_skeleton npt_dom0_fill)" \
        "$LAB_NPT/dom0" "$LAB_PV/dom0/init" "$LAB_COMMON/initrd.sh")
    lab_store "npt-dom0-$1" "$key" npt_dom0_fill "$1"
    EPT_DOM0=$LAB_PATH/dom0.cpio
}
