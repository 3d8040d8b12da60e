# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Two Cortex-R52 with 16 EL2 regions: QEMU's board mps3-an536. It came with QEMU 9.0 and Debian 12 has 7.2, so
# Debian 13's QEMU is unpacked with its own loader and libraries and run by them.

BOARD_CROSS=${XMEM_LAB_CROSS_ARM:-arm-linux-gnueabihf-}
BOARD_PACKAGE=gcc-arm-linux-gnueabihf
BOARD_ARCH_CFLAGS=(-mcpu=cortex-r52 -marm -mfloat-abi=hard -mgeneral-regs-only)
BOARD_ARCH_LDFLAGS=(-mcpu=cortex-r52 -marm)
R52_MACHINE=mps3-an536
R52_SUITE=trixie
R52_LIBDIR=lib/x86_64-linux-gnu

# The library packages that a package depends on (first alternatives), in lines; they are fetched.
r52_depends() {
    local item=$1
    apt-cache show "${item%%=*}:amd64=${item#*=}" | sed -n 's/^\(Pre-\)\?Depends: //p' | tr , '\n' |
        sed 's/^ *//; s/[ |(:].*//' | grep -E '^(lib|zlib)' | sort -u || :
}

r52_qemu_fill() {
    local item=$1 folder=$2 root=$2/root todo=() seen=' ' name
    mkdir "$root"
    todo=("$item")
    lab_say "unpacking Debian 13's QEMU with its libraries (one minute)"
    LAB_APT_SAID=yes
    while [ ${#todo[@]} -gt 0 ]; do
        item=${todo[0]}
        todo=("${todo[@]:1}")
        lab_deb_unpack "$root" amd64 "$item"
        for name in $(r52_depends "$item"); do
            case $seen in *" $name "*) continue ;; esac
            seen+="$name "
            todo+=("$(lab_deb_pick "$R52_SUITE" amd64 "$name")")
        done
    done
    cp "$root/usr/bin/qemu-system-arm" "$folder/"
    lab_elf_closure "$root" "$folder" "$R52_LIBDIR" "$folder/qemu-system-arm"
    cp -L "$(lab_find_library "$root" "$R52_LIBDIR" ld-linux-x86-64.so.2)" "$folder/ld.so"
    # Beside such a folder QEMU looks for all its files in there (util/cutils.c, get_relocated_path()):
    # not for the modules and settings of a QEMU that is installed here, which are of another build.
    mkdir "$folder/qemu-bundle"
    rm -rf "$root"
}

r52_has_board() {
    "$@" -machine help 2>/dev/null | grep -q "^$R52_MACHINE "
}

# The command is left in R52_QEMU. The machine's own emulator is taken when it is new enough.
machine_emulator() {
    local own=${XMEM_LAB_QEMU_ARM:-qemu-system-arm} item
    if command -v "$own" >/dev/null 2>&1 && r52_has_board "$own"; then
        R52_QEMU=("$own")
        return
    fi
    [ -z "${XMEM_LAB_QEMU_ARM:-}" ] || lab_skip "$own has no machine $R52_MACHINE (QEMU 9 or later has)"
    [ "$(uname -m)" = x86_64 ] || lab_skip "no QEMU with machine $R52_MACHINE, and none to unpack for $(uname -m)"
    lab_need_tools readelf
    lab_apt_init
    item=$(lab_deb_pick "$R52_SUITE" amd64 qemu-system-arm)
    lab_store r52-qemu "$(lab_key "$item $(declare -f r52_depends r52_qemu_fill)")" r52_qemu_fill "$item"
    R52_QEMU=(env -u QEMU_MODULE_DIR "$LAB_PATH/ld.so" --library-path "$LAB_PATH/$R52_LIBDIR" "$LAB_PATH/qemu-system-arm")
    r52_has_board "${R52_QEMU[@]}" || lab_skip "Debian 13's QEMU (${item#*=}) has no machine $R52_MACHINE or does not run here"
}

# machine_command IMAGE: what runs it, in MACHINE_COMMAND.
machine_command() {
    # shellcheck disable=SC2206,SC2054 # words are wanted; the commas are QEMU's
    MACHINE_COMMAND=("${R52_QEMU[@]}" -machine "$R52_MACHINE" -smp 2 -display none -monitor none -serial stdio
        -semihosting-config enable=on,target=native -device "loader,file=$1,cpu-num=0"
        -device loader,addr=0x20000000,cpu-num=1 ${XMEM_LAB_QEMU_ARGS:-})
}
