# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Real Xen with mem_access for PV guests, under QEMU: 64-bit PV guests, whose gfns are machine frames.
# shellcheck source=tests/lab/common/x86.sh
. "$LAB_COMMON/x86.sh"

LAB_DOM=(arch/x86-pv)
LAB_DOM_LIBS='-lxenguest'
LAB_GUEST_SOURCES=(x86-pv.S x86.c x86-pv.c)
LAB_GUEST_FLAGS=(-mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fcf-protection=none
    "-Wl,-T,$LAB_DIR/guest/arch/x86-pv.lds")
# libxenguest reads ELF.
LAB_GUEST_IMAGE=elf
LAB_CLOCK=real
# With work: page-table load, and the program that it executes.
LAB_LINUX_PROGRAMS=(load image)

machine_need() {
    x86_need_qemu
}

machine_boot() {
    x86_boot_qemu qemu64
}

suite_pv_fill() {
    local folder=$1 libs='-lxenctrl -lxencall -lxenevtchn -lxenforeignmemory' check=$LAB_PLACE/check
    # These use libxenctrl themselves: built for its release.
    # shellcheck disable=SC2086 # a list of words
    {
        suite_compile "$folder/checklist" "$check"/*.c "$LAB_COMMON/guest.c" $libs
        suite_compile "$folder/calls" "$LAB_PLACE"/calls/*.c "$LAB_COMMON/guest.c" $libs
        suite_compile "$folder/ways" "$LAB_PLACE"/ways/*.c "$check/guest.c" "$LAB_COMMON/guest.c" $libs
        suite_compile "$folder/figures" "$LAB_PLACE/figures.c" "$check/guest.c" "$LAB_COMMON/guest.c" $libs
        suite_compile "$folder/balloon" "$LAB_PLACE/soak/balloon.c" "$LAB_COMMON/guest.c" $libs
    }
    suite_compile "$folder/soak" "$LAB_PLACE/soak/soak.c"
    cp "$LAB_PLACE/soak/soak-linux" "$LAB_PLACE/stock" "$folder/"
}

# What only PV guests have to prove: the checklist, and the soak of a Linux guest.
suite_extra() {
    lab_store "suite-pv-$1" "$(lab_key "$SUITE_ID ${SUITE_LIBRARY##*/} ${SUITE_WARN[*]} \
        $(declare -f suite_compile suite_pv_fill)" "$LAB_PLACE" "$LAB_DIR/guest/arch/x86-pv.h" \
        "$LAB_COMMON"/{guest.c,guest.h,mailbox.h})" suite_pv_fill
    cp -L "$LAB_PATH"/* "$2/"
}
