# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Everything that a run on a machine with Xen is made from: libraries, kernel, guest, tools, dom0's RAM disk, and the
# Linux guest's. Each part is stored by content. machines/NAME/machine.sh says what differs; the names it sets:
#
#   LAB_DEB_ARCH LAB_LIBDIR LAB_LOADER       Debian's name of the architecture, where its libraries are
#   LAB_GCC LAB_OBJCOPY LAB_READELF          the compiler and its tools
#   LAB_RUNTIME LAB_LIBC_SUITE               the library packages of dom0; their release, if it is not that of the Xen
#   LAB_KERNEL_PACKAGE                       of the kernel that dom0 and the Linux guest have
#   LAB_DOM LAB_DOM_LIBS                     labdom's files beyond main, command and console, and its libraries
#   LAB_GUEST_SOURCES _FLAGS _HEADER _IMAGE  the small guest: files of guest/arch, options, the header with its
#                                            addresses (unless it has a linker script of its own), elf or binary
#   LAB_PROBE                                files of the laboratory's own proof by plain libxenctrl
#   LAB_LINUX_ARGS LAB_LINUX_PROGRAMS        the Linux guest's command line, its programs beyond work
#   LAB_CLOCK                                counted or real, where the user does not say
#
# and functions: machine_need, lab_sysroot VERSION (sets LAB_SYSROOT, LAB_CC, LAB_LDFLAGS), machine_hypervisor VERSION
# (LAB_XEN, LAB_XEN_VERSION), machine_kernel_image PACKED IMAGE, machine_boot; and if it has more to add:
# machine_emulator, machine_runtime VERSION (packages), machine_dom0 VERSION FOLDER, machine_env (lines for dom0's
# shell), machine_linux FOLDER. machine_boot uses the names that run sets: work, log, limit, smp, cpu, kind,
# clock_args, serial_args.

LAB_WARN=(-O2 -g -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror)

LAB_ROOT_OF=

# lab_recipe NAME...: functions as they are written, of which a machine need not have each; for keys.
lab_recipe() {
    declare -f "$@" || :
}

lab_gcc() {
    "$LAB_GCC" -dumpfullversion -dumpversion
}

# lab_have FUNCTION ARGS...: calls it, if the machine has it.
lab_have() {
    ! declare -F "$1" >/dev/null || "$@"
}

# lab_runtime VERSION: the libraries that dom0 has, in LAB_ROOT.
lab_runtime() {
    local items suite
    [ "$LAB_ROOT_OF" != "$1 ${XMEM_LAB_LIBS:-}" ] || return 0
    suite=$(lab_suite "$1")
    items=$(lab_deb_each "${LAB_LIBC_SUITE:-$suite}" "$LAB_DEB_ARCH" "${LAB_RUNTIME[@]}")
    items+=" $(lab_deb_each "$suite" "$LAB_DEB_ARCH" busybox-static) $(lab_have machine_runtime "$1")"
    items+=" $(lab_xen_libraries "$1" "$LAB_DEB_ARCH")"
    # shellcheck disable=SC2086
    lab_deb_tree "$LAB_DEB_ARCH-runtime-$1" "$LAB_DEB_ARCH" $items
    lab_own_root "$LAB_DEB_ARCH-runtime-$1" "$LAB_LIBDIR"
    LAB_ROOT=$LAB_PATH
    LAB_ROOT_OF="$1 ${XMEM_LAB_LIBS:-}"
}

lab_kernel_fill() {
    local item=$1 folder=$2
    mkdir "$folder/deb" "$folder/modules"
    lab_deb_unpack "$folder/deb" "$LAB_DEB_ARCH" "$item" './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/xen/*'
    machine_kernel_image "$(echo "$folder"/deb/boot/vmlinuz-*)" "$folder/kernel"
    find "$folder/deb/lib/modules" -name 'xen-*.ko*' -exec cp {} "$folder/modules/" \;
    rm -rf "$folder/deb"
}

# One kernel serves dom0 on every hypervisor, and the Linux guest.
lab_kernel() {
    local item
    item=$(lab_deb_kernel bookworm "$LAB_DEB_ARCH" "$LAB_KERNEL_PACKAGE")
    lab_store "$LAB_DEB_ARCH-kernel" "$(lab_key "$item $(lab_recipe lab_kernel_fill machine_kernel_image x86_vmlinux)")" \
        lab_kernel_fill "$item"
    LAB_KERNEL=$LAB_PATH
}

# lab_address NAME: what the guest's header has for LAB_..._NAME.
lab_address() {
    sed -n "s/^#define LAB_[A-Z0-9]*_$1 *\(0x[0-9a-f]*\).*/\1/p" "$LAB_GUEST_HEADER"
}

lab_guest_fill() {
    local folder=$1 flags=("${LAB_GUEST_FLAGS[@]}") name
    if [ -n "${LAB_GUEST_HEADER:-}" ]; then
        flags+=("-Wl,-T,$LAB_DIR/guest/flat.lds")
        for name in IMAGE_BASE MAILBOX_BASE; do
            flags+=("-Wl,--defsym=LAB_$name=$(lab_address "$name")")
        done
    fi
    "$LAB_GCC" "${LAB_WARN[@]}" -ffreestanding -nostdlib -static -fno-pic -fno-stack-protector "${flags[@]}" \
        -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
        "${LAB_GUEST_SOURCES[@]/#/$LAB_DIR/guest/arch/}" "$LAB_DIR/guest/main.c" -o "$folder/guest.elf"
    case $LAB_GUEST_IMAGE in
    binary) "$LAB_OBJCOPY" -O binary "$folder/guest.elf" "$folder/guest.img" ;;
    elf) "$LAB_OBJCOPY" --strip-all "$folder/guest.elf" "$folder/guest.img" ;;
    esac
}

lab_guest() {
    lab_store "$LAB_MACHINE-guest" "$(lab_key "$(lab_gcc) ${LAB_WARN[*]} ${LAB_GUEST_FLAGS[*]} ${LAB_GUEST_SOURCES[*]} \
        $LAB_GUEST_IMAGE ${LAB_GUEST_HEADER:+${LAB_GUEST_HEADER##*/}} $(lab_recipe lab_guest_fill lab_address)" "$LAB_DIR/guest" "$LAB_COMMON/mailbox.h")" lab_guest_fill
    LAB_GUEST=$LAB_PATH
}

lab_tools_fill() {
    local folder=$1 file files=()
    for file in main command console "${LAB_DOM[@]}"; do
        files+=("$LAB_DIR/dom/$file.c")
    done
    # shellcheck disable=SC2086 # lists of words
    $LAB_CC "${LAB_WARN[@]}" "${files[@]}" "$LAB_COMMON/guest.c" $LAB_LDFLAGS $LAB_DOM_LIBS \
        -lxenctrl -lxencall -lxenevtchn -lxenforeignmemory -o "$folder/labdom"
    # shellcheck disable=SC2086
    [ -z "${LAB_PROBE:-}" ] || $LAB_CC "${LAB_WARN[@]}" "${LAB_PROBE[@]}" "$LAB_COMMON/guest.c" $LAB_LDFLAGS \
        -lxenctrl -lxenevtchn -lxenforeignmemory -o "$folder/probe"
}

# lab_tools VERSION: labdom and probe, linked against this Xen's libxenctrl.
lab_tools() {
    lab_sysroot "$1"
    lab_store "$LAB_MACHINE-tools-$1" "$(lab_key "$(lab_gcc) $LAB_CC $LAB_LDFLAGS ${LAB_WARN[*]} ${LAB_DOM[*]} $LAB_DOM_LIBS \
        $(lab_recipe lab_tools_fill)" "$LAB_DIR"/{dom,guest/arch} ${LAB_PROBE:+"$LAB_PLACE/probe"} \
        "$LAB_COMMON"/{guest.c,guest.h,mailbox.h})" lab_tools_fill
    LAB_TOOLS=$LAB_PATH
}

lab_soname() {
    LC_ALL=C "${LAB_READELF:-readelf}" -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'
}

# The Xen libraries that a program may open at run time, beyond those that its ELF header names.
lab_dom0_libraries() {
    local dir=$1 name file
    mkdir -p "$dir/$LAB_LIBDIR" "$dir/${LAB_LOADER%/*}"
    for name in ctrl call evtchn foreignmemory devicemodel gnttab store toolcore toollog; do
        for file in "$LAB_ROOT/usr/$LAB_LIBDIR/libxen$name".so.*; do
            # A user's own libraries need not be all of them.
            [ ! -e "$file" ] || [ "$(lab_soname "$file")" != "${file##*/}" ] ||
                cp -L "$file" "$dir/$LAB_LIBDIR/"
        done
    done
    lab_elf_closure "$LAB_ROOT" "$dir" "$LAB_LIBDIR" "$dir/$LAB_LIBDIR"/*.so.*
    cp -L "$(lab_find_library "$LAB_ROOT" "$LAB_LIBDIR" "${LAB_LOADER##*/}")" "$dir/$LAB_LOADER"
}

lab_busybox() {
    local file
    for file in "$LAB_ROOT"/{usr/,}bin/busybox; do
        [ ! -f "$file" ] || break
    done
    cp "$file" "$1"
}

lab_dom0_fill() {
    local version=$1 folder=$2 dir=$2/root
    mkdir -p "$dir"/{bin,sbin,dev,proc,sys,tmp,lab/modules,payload,results}
    lab_busybox "$dir/bin/busybox"
    ln -s busybox "$dir/bin/sh" # for programs that start others
    install -m 755 "$LAB_DIR/dom0/init" "$dir/init"
    install -m 755 "$LAB_PLACE/selftest" "$dir/bin/lab-selftest"
    cp "$LAB_TOOLS"/* "$dir/bin/"
    lab_have machine_dom0 "$version" "$dir"
    cp "$LAB_GUEST/guest.img" "$dir/lab/"
    cp "$LAB_KERNEL"/modules/xen-{evtchn,privcmd}.ko* "$dir/lab/modules/"
    lab_dom0_libraries "$dir"
    lab_elf_closure "$LAB_ROOT" "$dir" "$LAB_LIBDIR" "$dir"/bin/*
    lab_cpio "$dir" "$folder/dom0.cpio"
    rm -rf "$dir"
}

# lab_dom0 VERSION: dom0's initial RAM disk without a payload.
lab_dom0() {
    lab_need_tools "$LAB_GCC" "$LAB_OBJCOPY"
    lab_tools "$1"
    lab_guest
    lab_kernel
    lab_runtime "$1"
    lab_store "$LAB_MACHINE-dom0-$1" "$(lab_key "${LAB_TOOLS##*/} ${LAB_GUEST##*/} ${LAB_KERNEL##*/} ${LAB_ROOT##*/} \
        $(lab_recipe lab_soname lab_dom0_libraries lab_dom0_fill lab_cpio lab_busybox machine_dom0 lab_elf_needs \
            lab_elf_closure lab_find_library)" "$LAB_DIR/dom0" "$LAB_PLACE/selftest")" \
        lab_dom0_fill "$1"
    LAB_DOM0=$LAB_PATH/dom0.cpio
}

lab_linux_fill() {
    local folder=$1 guest=$1/guest file
    mkdir -p "$guest"/{bin,sbin,dev,proc,sys,tmp} "$folder/root/lab/linux"
    lab_busybox "$guest/bin/busybox"
    install -m 755 "$LAB_DIR/linux/init" "$guest/init"
    for file in work "${LAB_LINUX_PROGRAMS[@]}"; do
        # shellcheck disable=SC2086
        $LAB_CC "${LAB_WARN[@]}" "$LAB_DIR/linux/$file.c" $LAB_LDFLAGS -static -s -pthread -o "$guest/bin/$file"
    done
    lab_have machine_linux "$guest/bin"
    lab_cpio "$guest" "$folder/root/lab/linux/initrd"
    # Not packed: the builder in dom0 would unpack it on an emulated processor.
    cp "$LAB_KERNEL/kernel" "$folder/root/lab/linux/"
    lab_cpio "$folder/root" "$folder/linux.cpio"
    rm -rf "$guest" "$folder/root"
}

# The Debian Linux guest: a second archive for dom0, with the guest's kernel and RAM disk. To be
# called after lab_dom0.
lab_linux() {
    lab_store "$LAB_DEB_ARCH-linux" "$(lab_key "$(lab_gcc) $(lab_have machine_linux_id) ${LAB_KERNEL##*/} ${LAB_ROOT##*/} \
        $LAB_CC $LAB_LDFLAGS ${ARM64_CC32[*]:-} ${LAB_WARN[*]} ${LAB_LINUX_PROGRAMS[*]} \
        $(lab_recipe lab_linux_fill lab_cpio lab_busybox machine_linux)" "$LAB_DIR/linux")" lab_linux_fill
    LAB_LINUX=$LAB_PATH/linux.cpio
}

# ---- initial RAM disks: programs with exactly the shared objects they need ----

# lab_elf_needs FILE: the shared objects that an ELF file names.
lab_elf_needs() {
    { LC_ALL=C "${LAB_READELF:-readelf}" -d "$1" 2>/dev/null || :; } |
        sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# lab_elf_closure ROOT DEST LIBDIR FILE...: copies to DEST/LIBDIR what FILE... need, from the unpacked
# packages in ROOT, except what the list file LAB_ELF_OWN names (LIBDIR is "lib/TRIPLET"; Debian 13 has moved it below /usr).
lab_elf_closure() {
    local root=$1 dest=$2 libdir=$3 file lib found
    shift 3
    mkdir -p "$dest/$libdir"
    for file in "$@"; do
        for lib in $(lab_elf_needs "$file"); do
            [ ! -e "$dest/$libdir/$lib" ] || continue
            ! grep -Fxqs -e "$lib" "${LAB_ELF_OWN:-/dev/null}" || continue
            found=$(lab_find_library "$root" "$libdir" "$lib")
            [ -n "$found" ] || lab_fail "no $lib (needed by ${file##*/}) in the unpacked packages"
            cp -L "$found" "$dest/$libdir/$lib"
            lab_elf_closure "$root" "$dest" "$libdir" "$dest/$libdir/$lib"
        done
    done
}

lab_find_library() {
    local dir
    for dir in "$1/$2" "$1/usr/$2"; do
        if [ -e "$dir/$3" ]; then
            printf '%s\n' "$dir/$3"
            return
        fi
    done
}

# lab_cpio FOLDER FILE: a newc archive owned by root, with names in a fixed order.
lab_cpio() {
    (cd "$1" && find . -print0 | LC_ALL=C sort -z |
        cpio --null --quiet --reproducible -o -H newc -R 0:0) >"$2"
}
