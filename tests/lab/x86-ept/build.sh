# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Everything that a run of the x86 EPT laboratory is made from. Each part is stored by content.

LAB_LIBDIR=lib/x86_64-linux-gnu
LAB_EPT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_EPT_CC=${XMEM_LAB_CC:-gcc}

# The library packages of a program that runs in dom0. libc is always the newest release's: programs
# built beside an older libc run on it, whichever Xen's libraries stand next to them.
EPT_LIBC_SUITE=trixie
EPT_RUNTIME=(libc6 libgcc-s1 libjson-c5 libsubunit0)

EPT_WARN=(-O2 -g -std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror)

ept_cc() {
    "$LAB_EPT_CC" -dumpfullversion -dumpversion
}

# Bochs: the packaged one that Debian 12 has lacks the monitor trap flag, so Xen has no single step
# there. The options leave out what needs a display, and show-ips, which is not needed.
EPT_BOCHS_OPTIONS=(--with-nogui --enable-x86-64 --enable-cpu-level=6 --enable-vmx=2 --enable-avx
    --enable-evex --enable-all-optimizations --enable-pci --enable-memtype --enable-smp
    --disable-debugger --disable-docbook --disable-plugins --disable-show-ips)

ept_bochs_fill() {
    local source=$1 folder=$2 tree=$2/tree
    mkdir "$tree"
    tar -x -C "$tree" --strip-components=1 -f "$source"/*.orig.tar.*
    (cd "$tree" && CXXFLAGS="-O3 -fomit-frame-pointer -pipe" CFLAGS="-O2 -pipe" \
        timeout 300 ./configure "${EPT_BOCHS_OPTIONS[@]}") >"$folder/log" 2>&1 ||
        lab_fail "bochs does not configure: $(tail -n 1 "$folder/log")"
    timeout 1500 make -C "$tree" -j"$LAB_JOBS" bochs >>"$folder/log" 2>&1 ||
        lab_fail "bochs does not build: $(grep -m1 'error:' "$folder/log")"
    strip -o "$folder/bochs" "$tree/bochs"
    rm -rf "$tree"
}

ept_bochs() {
    local key
    lab_need_tools make g++ strip
    lab_source trixie bochs
    EPT_BOCHS_VERSION=$LAB_VERSION
    key=$(lab_key "$LAB_VERSION ${EPT_BOCHS_OPTIONS[*]} $(g++ -dumpfullversion) $(declare -f ept_bochs_fill)")
    [ -e "$LAB_CACHE/store/bochs-$key" ] || lab_say "building bochs $LAB_VERSION (2 to 5 minutes)"
    lab_store bochs "$key" ept_bochs_fill "$LAB_PATH"
    EPT_BOCHS=$LAB_PATH/bochs
    # shellcheck disable=SC2046
    lab_deb_tree bochs-bios amd64 $(lab_deb_each trixie amd64 bochsbios vgabios)
    EPT_BIOS=$LAB_PATH/usr/share/bochs/BIOS-bochs-latest
    EPT_VGABIOS=$LAB_PATH/usr/share/vgabios/vgabios.bin
}

ept_debian_xen_fill() {
    local item=$1 folder=$2
    lab_deb_unpack "$folder" amd64 "$item" './boot/*.gz' './boot/*.config'
    gzip -dc "$folder"/boot/*.gz >"$folder/xen"
    mv "$folder"/boot/*.config "$folder/config"
    rm -r "${folder:?}/boot"
}

# ept_hypervisor VERSION [sharing]: Debian's own binary, or one with memory sharing built in.
ept_hypervisor() {
    local item
    if [ -n "${XMEM_LAB_HYPERVISOR:-}" ]; then
        lab_own_hypervisor
        EPT_XEN_VERSION=$LAB_VERSION
    elif [ -n "${2:-}" ]; then
        lab_xen "$(lab_suite "$1")" x86_64 '' \
            $'CONFIG_EXPERT=y\nCONFIG_UNSUPPORTED=y\nCONFIG_MEM_SHARING=y\nCONFIG_DEBUG=n'
        EPT_XEN_VERSION=$LAB_VERSION
    else
        item=$(lab_deb_pick "$(lab_suite "$1")" amd64 "xen-hypervisor-$1-amd64")
        lab_store "xen-debian-$1" "$(lab_key "$item $(declare -f ept_debian_xen_fill)")" ept_debian_xen_fill "$item"
        EPT_XEN_VERSION=${item#*=}
    fi
    EPT_XEN=$LAB_PATH/xen
}

# The ELF image inside a bzImage, unpacked here and not once a boot by an emulated processor.
ept_vmlinux() {
    local image=$1 out=$2 offset tool magic='\xfd7zXZ\x00|\x28\xb5\x2f\xfd|\x1f\x8b\x08'
    # shellcheck disable=SC2013 # numbers
    for offset in $(LC_ALL=C grep -aobP "$magic" "$image" | cut -d: -f1); do
        tail -c +$((offset + 1)) "$image" >"$out.packed"
        for tool in xz zstd gzip; do
            # They complain of what follows the compressed part; the ELF header decides.
            "$tool" -dc <"$out.packed" >"$out" 2>/dev/null || :
            if [ "$(head -c 4 "$out" | tail -c 3)" = ELF ]; then
                rm "$out.packed"
                return
            fi
        done
    done
    lab_fail "no vmlinux found in ${image##*/}"
}

ept_kernel_fill() {
    local item=$1 folder=$2
    mkdir "$folder/deb" "$folder/modules"
    lab_deb_unpack "$folder/deb" amd64 "$item" './boot/vmlinuz-*' './lib/modules/*/kernel/drivers/xen/*'
    ept_vmlinux "$(echo "$folder"/deb/boot/vmlinuz-*)" "$folder/vmlinux.full"
    strip -o "$folder/vmlinux" "$folder/vmlinux.full"
    find "$folder/deb/lib/modules" -name 'xen-*.ko*' -exec cp {} "$folder/modules/" \;
    rm -rf "$folder/deb" "$folder/vmlinux.full"
}

# One kernel serves dom0 on every hypervisor.
ept_kernel() {
    local item
    lab_need_tools strip xz zstd
    item=$(lab_deb_kernel bookworm amd64 linux-image-amd64)
    lab_store ept-kernel "$(lab_key "$item $(declare -f ept_vmlinux ept_kernel_fill)")" ept_kernel_fill "$item"
    EPT_KERNEL=$LAB_PATH
}

# ept_runtime VERSION: the libraries that dom0 has, with the headers to compile for it.
ept_runtime() {
    local items
    items=$(lab_deb_each "$EPT_LIBC_SUITE" amd64 "${EPT_RUNTIME[@]}")
    items+=" $(lab_deb_each "$(lab_suite "$1")" amd64 busybox-static)"
    items+=" $(lab_deb_pick "$(lab_suite "$1")" amd64 "xen-utils-$1")"
    items+=" $(lab_xen_libraries "$1" amd64)"
    # shellcheck disable=SC2086
    lab_deb_tree "ept-runtime-$1" amd64 $items
    lab_own_root "ept-runtime-$1" "$LAB_LIBDIR"
    EPT_ROOT=$LAB_PATH
}

# ept_flags: how to compile against this Xen's libraries; libc is the building machine's.
ept_flags() {
    EPT_CPPFLAGS="-isystem $EPT_ROOT/usr/include"
    EPT_LDFLAGS="-L$EPT_ROOT/usr/$LAB_LIBDIR -Wl,-rpath-link,$EPT_ROOT/usr/$LAB_LIBDIR"
    # Newer Xen libraries name symbols of a newer libc, which dom0 has.
    EPT_LDFLAGS+=" -Wl,--allow-shlib-undefined"
}

ept_tools_fill() {
    local folder=$1
    # shellcheck disable=SC2086
    "$LAB_EPT_CC" "${EPT_WARN[@]}" $EPT_CPPFLAGS "$LAB_EPT"/dom/*.c \
        $EPT_LDFLAGS -lxenctrl -lxenforeignmemory -o "$folder/labdom"
    # shellcheck disable=SC2086
    "$LAB_EPT_CC" "${EPT_WARN[@]}" $EPT_CPPFLAGS "$LAB_EPT"/probe/*.c "$LAB_COMMON/guest.c" \
        $EPT_LDFLAGS -lxenctrl -lxenevtchn -lxenforeignmemory -o "$folder/probe"
}

# ept_tools VERSION: labdom and probe, linked against this Xen's libxenctrl.
ept_tools() {
    local key
    ept_runtime "$1"
    ept_flags
    key=$(lab_key "$(ept_cc) ${EPT_ROOT##*/} ${EPT_WARN[*]} $(declare -f ept_flags ept_tools_fill)" \
        "$LAB_EPT"/{dom,probe} "$LAB_EPT"/guest/{layout,ops}.h "$LAB_COMMON"/{guest.c,guest.h,mailbox.h})
    lab_store "ept-tools-$1" "$key" ept_tools_fill
    EPT_TOOLS=$LAB_PATH
}

ept_guest_fill() {
    local folder=$1
    "$LAB_EPT_CC" "${EPT_WARN[@]}" -ffreestanding -nostdlib -static -fno-pic -mno-red-zone \
        -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
        -Wl,-T,"$LAB_EPT/guest/guest.lds" -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
        "$LAB_EPT"/guest/{entry.S,main.c,arch.c} -o "$folder/guest.elf"
    objcopy -O binary "$folder/guest.elf" "$folder/guest.img"
}

ept_guest() {
    lab_need_tools "$LAB_EPT_CC" objcopy readelf
    lab_store ept-guest "$(lab_key "$(ept_cc) ${EPT_WARN[*]} $(declare -f ept_guest_fill)" \
        "$LAB_EPT/guest" "$LAB_COMMON/mailbox.h")" ept_guest_fill
    EPT_GUEST=$LAB_PATH
}

ept_soname() {
    LC_ALL=C readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'
}

# The Xen libraries that a program may open at run time, beyond those that its ELF header names.
ept_dom0_libraries() {
    local dir=$1 name file
    mkdir -p "$dir/$LAB_LIBDIR" "$dir/lib64"
    for name in ctrl call evtchn foreignmemory devicemodel gnttab store toolcore toollog; do
        for file in "$EPT_ROOT/usr/$LAB_LIBDIR/libxen$name".so.*; do
            # A user's own libraries need not be all of them.
            [ ! -e "$file" ] || [ "$(ept_soname "$file")" != "${file##*/}" ] ||
                cp -L "$file" "$dir/$LAB_LIBDIR/"
        done
    done
    lab_elf_closure "$EPT_ROOT" "$dir" "$LAB_LIBDIR" "$dir/$LAB_LIBDIR"/*.so.*
    cp -L "$(lab_find_library "$EPT_ROOT" "$LAB_LIBDIR" ld-linux-x86-64.so.2)" "$dir/lib64/"
}

# Debian's, for comparisons by hand; it goes with Debian's libraries only.
ept_xen_access() {
    local file=$EPT_ROOT/usr/lib/xen-$1/bin/xen-access
    [ ! -e "$file" ] || cp "$file" "$2/"
}

ept_dom0_fill() {
    local version=$1 folder=$2 dir=$2/root busybox
    mkdir -p "$dir"/{bin,sbin,dev,proc,sys,tmp,lab/modules,payload,results}
    for busybox in "$EPT_ROOT"/{usr/,}bin/busybox; do
        [ ! -f "$busybox" ] || cp "$busybox" "$dir/bin/busybox"
    done
    install -m 755 "$LAB_EPT/dom0/init" "$dir/init"
    cp "$EPT_TOOLS"/{labdom,probe} "$dir/bin/"
    ept_xen_access "$version" "$dir/bin"
    cp "$EPT_GUEST/guest.img" "$dir/lab/"
    cp "$EPT_KERNEL"/modules/xen-{evtchn,privcmd}.ko* "$dir/lab/modules/"
    ept_dom0_libraries "$dir"
    lab_elf_closure "$EPT_ROOT" "$dir" "$LAB_LIBDIR" "$dir"/bin/*
    lab_cpio "$dir" "$folder/dom0.cpio"
    rm -rf "$dir"
}

# ept_dom0 VERSION: dom0's initial RAM disk without a payload.
ept_dom0() {
    local key
    ept_tools "$1"
    ept_guest
    ept_kernel
    key=$(lab_key "${EPT_TOOLS##*/} ${EPT_GUEST##*/} ${EPT_KERNEL##*/} ${EPT_ROOT##*/} \
        $(declare -f ept_soname ept_dom0_libraries ept_xen_access ept_dom0_fill)" "$LAB_EPT/dom0" "$LAB_COMMON/initrd.sh")
    lab_store "ept-dom0-$1" "$key" ept_dom0_fill "$1"
    EPT_DOM0=$LAB_PATH/dom0.cpio
}
