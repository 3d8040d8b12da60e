# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Everything that a run of the arm64 laboratory is made from. Each part is stored by content.

LAB_CROSS=aarch64-linux-gnu-
LAB_LIBDIR=lib/aarch64-linux-gnu
LAB_READELF=${LAB_CROSS}readelf
LAB_ARM64=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# The library packages of a program that runs in dom0; the sysroot adds what compiling needs.
ARM64_RUNTIME=(libc6 libgcc-s1 libjson-c5 libfdt1 libsubunit0)
ARM64_DEVEL=(libc6-dev linux-libc-dev libcrypt1 libjson-c-dev libfdt-dev libsubunit-dev check)

ARM64_WARN=(-O2 -g -std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror)

# arm64_sysroot VERSION: headers and libraries to compile for dom0 with this Xen's libxenctrl.
# libc is always the older release's, so that one binary runs beside both.
arm64_sysroot() {
    local items
    lab_need_tools "${LAB_CROSS}gcc" "${LAB_CROSS}readelf"
    items=$(lab_deb_each bookworm arm64 "${ARM64_RUNTIME[@]}" "${ARM64_DEVEL[@]}")
    items+=" $(lab_xen_libraries "$1" arm64)"
    # shellcheck disable=SC2086
    lab_deb_tree "arm64-sysroot-$1" arm64 $items
    lab_own_root "arm64-sysroot-$1" "$LAB_LIBDIR"
    ARM64_SYSROOT=$LAB_PATH
}

# arm64_flags: the compiler with its options for ARM64_SYSROOT, in ARM64_CC and ARM64_LDFLAGS. The
# cross compiler's own C library (whatever release it comes from) must not be looked at; all that
# ensures this is part of ARM64_CC because libtool drops some of it elsewhere.
arm64_flags() {
    local root=$ARM64_SYSROOT lib=usr/$LAB_LIBDIR
    ARM64_CC="${LAB_CROSS}gcc --sysroot=$root -nostdinc -isystem $("${LAB_CROSS}gcc" -print-file-name=include)"
    ARM64_CC+=" -isystem $root/usr/include/aarch64-linux-gnu -isystem $root/usr/include"
    ARM64_CC+=" -B$root/$lib -L$root/$lib -L$root/$LAB_LIBDIR -Wl,-rpath-link,$root/$lib:$root/$LAB_LIBDIR"
    # Newer Xen libraries name symbols of a newer libc, which dom0 has.
    ARM64_LDFLAGS=-Wl,--allow-shlib-undefined
}

arm64_hypervisor() {
    if [ -n "${XMEM_LAB_HYPERVISOR:-}" ]; then
        lab_own_hypervisor
    else
        lab_xen "$(lab_suite "$1")" arm64 "$LAB_CROSS" \
            $'CONFIG_MEM_ACCESS=y\nCONFIG_GICV3=y\nCONFIG_DEBUG=n'
    fi
    ARM64_XEN=$LAB_PATH/xen
    ARM64_XEN_VERSION=$LAB_VERSION
}

arm64_kernel_fill() {
    local item=$1 folder=$2 image
    lab_deb_unpack "$folder/deb" arm64 "$item" './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/xen/*'
    image=$(echo "$folder"/deb/boot/vmlinuz-*)
    # The guest builder wants the plain image; some releases compress it.
    if gzip -t "$image" 2>/dev/null; then
        gzip -dc "$image" >"$folder/Image"
    else
        cp "$image" "$folder/Image"
    fi
    mkdir "$folder/modules"
    find "$folder/deb/lib/modules" -name 'xen-*.ko*' -exec cp {} "$folder/modules/" \;
    rm -rf "$folder/deb"
}

# One kernel serves dom0 on every hypervisor, and the Linux guest.
arm64_kernel() {
    local item
    item=$(lab_deb_kernel bookworm arm64 linux-image-arm64)
    mkdir -p "$LAB_CACHE/tmp"
    lab_store arm64-kernel "$(lab_key "$item")" arm64_kernel_make "$item"
    ARM64_KERNEL=$LAB_PATH
}

arm64_kernel_make() {
    mkdir "$2/deb"
    arm64_kernel_fill "$1" "$2"
}

arm64_guest_fill() {
    local folder=$1
    "${LAB_CROSS}gcc" "${ARM64_WARN[@]}" -ffreestanding -nostdlib -static -fno-pic -no-pie \
        -mgeneral-regs-only -mstrict-align -fno-stack-protector \
        -Wl,-T,"$LAB_ARM64/guest/guest.lds" -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
        "$LAB_ARM64"/guest/*.S "$LAB_ARM64"/guest/*.c -o "$folder/guest.elf"
    "${LAB_CROSS}objcopy" -O binary "$folder/guest.elf" "$folder/guest.img"
}

arm64_guest() {
    lab_store arm64-guest "$(lab_key "$(arm64_gcc)" "$LAB_ARM64"/guest "$LAB_COMMON/mailbox.h" \
        "$LAB_ARM64/build.sh")" arm64_guest_fill
    ARM64_GUEST=$LAB_PATH
}

arm64_gcc() {
    "${LAB_CROSS}gcc" -dumpfullversion
}

arm64_tools_fill() {
    local folder=$1
    # shellcheck disable=SC2086
    $ARM64_CC "${ARM64_WARN[@]}" "$LAB_ARM64"/dom/*.c "$LAB_COMMON/guest.c" \
        $ARM64_LDFLAGS -lxenctrl -lxencall -lxenevtchn -lxenforeignmemory -lfdt -o "$folder/labdom"
    # shellcheck disable=SC2086
    $ARM64_CC "${ARM64_WARN[@]}" "$LAB_ARM64/probe.c" "$LAB_COMMON/guest.c" \
        $ARM64_LDFLAGS -lxenctrl -lxenevtchn -lxenforeignmemory -o "$folder/probe"
}

# arm64_tools VERSION: labdom and probe, linked against this Xen's libxenctrl.
arm64_tools() {
    arm64_sysroot "$1"
    arm64_flags
    lab_store "arm64-tools-$1" "$(lab_key "$(arm64_gcc) ${ARM64_SYSROOT##*/}" "$LAB_ARM64/dom" \
        "$LAB_ARM64"/guest/{layout,ops}.h "$LAB_ARM64/probe.c" "$LAB_ARM64/build.sh" \
        "$LAB_COMMON"/{guest.c,guest.h,mailbox.h})" arm64_tools_fill
    ARM64_TOOLS=$LAB_PATH
}

# arm64_runtime VERSION: the libraries that dom0 has, from the release that carries this Xen.
arm64_runtime() {
    local items suite
    suite=$(lab_suite "$1")
    items=$(lab_deb_each "$suite" arm64 "${ARM64_RUNTIME[@]}" busybox-static)
    items+=" $(lab_xen_libraries "$1" arm64)"
    # shellcheck disable=SC2086
    lab_deb_tree "arm64-runtime-$1" arm64 $items
    lab_own_root "arm64-runtime-$1" "$LAB_LIBDIR"
    ARM64_RUNTIME_ROOT=$LAB_PATH
}

arm64_busybox() {
    local file
    for file in "$ARM64_RUNTIME_ROOT"/{usr/,}bin/busybox; do
        [ ! -f "$file" ] || break
    done
    cp "$file" "$1"
}

arm64_soname() {
    LC_ALL=C "$LAB_READELF" -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'
}

# The Xen libraries that a program may open at run time, beyond those that its ELF header names.
arm64_dom0_libraries() {
    local root=$ARM64_RUNTIME_ROOT dir=$1 name file
    mkdir -p "$dir/$LAB_LIBDIR"
    for name in ctrl call evtchn foreignmemory devicemodel gnttab store toolcore toollog; do
        for file in "$root/usr/$LAB_LIBDIR/libxen$name".so.*; do
            # A user's own libraries need not be all of them.
            [ ! -e "$file" ] || [ "$(arm64_soname "$file")" != "${file##*/}" ] ||
                cp -L "$file" "$dir/$LAB_LIBDIR/"
        done
    done
    lab_elf_closure "$root" "$dir" "$LAB_LIBDIR" "$dir/$LAB_LIBDIR"/*.so.*
    cp -L "$(lab_find_library "$root" "$LAB_LIBDIR" ld-linux-aarch64.so.1)" "$dir/lib/"
}

arm64_dom0_fill() {
    local folder=$1 dir
    dir=$folder/root
    mkdir -p "$dir"/{bin,sbin,dev,proc,sys,tmp,lab/modules,payload,results}
    arm64_busybox "$dir/bin/busybox"
    cp "$LAB_ARM64/dom0/init" "$dir/init"
    cp "$LAB_ARM64/dom0/selftest" "$dir/bin/lab-selftest"
    chmod 755 "$dir/init" "$dir/bin/lab-selftest"
    cp "$ARM64_TOOLS"/{labdom,probe} "$dir/bin/"
    cp "$ARM64_GUEST/guest.img" "$dir/lab/"
    cp "$ARM64_KERNEL"/modules/xen-{evtchn,privcmd}.ko* "$dir/lab/modules/"
    arm64_dom0_libraries "$dir"
    lab_elf_closure "$ARM64_RUNTIME_ROOT" "$dir" "$LAB_LIBDIR" "$dir"/bin/{labdom,probe}
    lab_cpio "$dir" "$folder/dom0.cpio"
    rm -rf "$dir"
}

# arm64_dom0 VERSION: dom0's initial RAM disk without a payload.
arm64_dom0() {
    arm64_tools "$1"
    arm64_guest
    arm64_kernel
    arm64_runtime "$1"
    lab_store "arm64-dom0-$1" "$(lab_key "${ARM64_TOOLS##*/} ${ARM64_GUEST##*/} ${ARM64_KERNEL##*/} \
        ${ARM64_RUNTIME_ROOT##*/}" "$LAB_ARM64/dom0" "$LAB_ARM64/build.sh" "$LAB_COMMON/initrd.sh")" arm64_dom0_fill
    ARM64_DOM0=$LAB_PATH/dom0.cpio
}

# A 32-bit program needs a compiler of its own, with its C library; without it there is none.
ARM64_CC32=(arm-linux-gnueabihf-gcc -march=armv8-a+simd -masm-syntax-unified)

arm64_gcc32() {
    echo 'int main(void) { return 0; }' | "${ARM64_CC32[@]}" -static -x c - -o /dev/null 2>/dev/null &&
        "${ARM64_CC32[0]}" -dumpfullversion
}

# Programs whose check sums say that each of their accesses was done as it should be.
arm64_sums() {
    local dir=$LAB_ARM64/linux/sums set
    # shellcheck disable=SC2086
    $ARM64_CC "${ARM64_WARN[@]}" "$dir"/{main,a64,a64-vector}.c $ARM64_LDFLAGS -static -o "$1/sums64"
    arm64_gcc32 >/dev/null || return 0
    for set in arm thumb; do
        "${ARM64_CC32[@]}" "${ARM64_WARN[@]}" -m$set -DSET=op_$set -c "$dir/a32.c" -o "$1/$set.o"
    done
    "${ARM64_CC32[@]}" "${ARM64_WARN[@]}" -static "$dir/main.c" "$1"/{arm,thumb}.o -o "$1/sums32"
    rm "$1"/{arm,thumb}.o
}

arm64_linux_fill() {
    local folder=$1 guest
    guest=$folder/guest
    mkdir -p "$guest"/{bin,sbin,dev,proc,sys,tmp} "$folder/root/lab/linux"
    arm64_busybox "$guest/bin/busybox"
    cp "$LAB_ARM64/linux/init" "$guest/init"
    chmod 755 "$guest/init"
    # shellcheck disable=SC2086
    $ARM64_CC "${ARM64_WARN[@]}" "$LAB_ARM64/linux/work.c" \
        $ARM64_LDFLAGS -static -pthread -o "$guest/bin/work"
    arm64_sums "$guest/bin"
    lab_cpio "$guest" "$folder/root/lab/linux/initrd"
    cp "$ARM64_KERNEL/Image" "$folder/root/lab/linux/"
    lab_cpio "$folder/root" "$folder/linux.cpio"
    rm -rf "$guest" "$folder/root"
}

# The Debian Linux guest: a second archive for dom0, with the guest's kernel and RAM disk. To be
# called after arm64_dom0.
arm64_linux() {
    lab_store arm64-linux "$(lab_key "$(arm64_gcc) $(arm64_gcc32 || :) ${ARM64_KERNEL##*/} ${ARM64_RUNTIME_ROOT##*/} \
        ${ARM64_SYSROOT##*/}" "$LAB_ARM64/linux" "$LAB_ARM64/build.sh")" arm64_linux_fill
    ARM64_LINUX=$LAB_PATH/linux.cpio
}
