# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Real Xen on an emulated arm64 machine: cross-compiled, under QEMU.

LAB_CROSS=aarch64-linux-gnu-
LAB_DEB_ARCH=arm64
LAB_LIBDIR=lib/aarch64-linux-gnu
LAB_LOADER=lib/ld-linux-aarch64.so.1
LAB_GCC=${LAB_CROSS}gcc
LAB_OBJCOPY=${LAB_CROSS}objcopy
LAB_READELF=${LAB_CROSS}readelf
# The library packages of a program that runs in dom0; compiling needs more.
LAB_RUNTIME=(libc6 libgcc-s1 libfdt1 libsubunit0)
ARM64_DEVEL=(libc6-dev linux-libc-dev libcrypt1 libfdt-dev libsubunit-dev check)
LAB_KERNEL_PACKAGE="linux-image-arm64"

LAB_DOM=(hvm arch/arm64 arch/arm64-linux)
LAB_DOM_LIBS=-lfdt
LAB_GUEST_SOURCES=(arm64.S arm64.c arm64-step.c arm64-context.c)
LAB_GUEST_FLAGS=(-no-pie -mgeneral-regs-only -mstrict-align)
LAB_GUEST_HEADER=$LAB_DIR/guest/arch/arm64.h
LAB_GUEST_IMAGE=binary
LAB_PROBE=("$LAB_PLACE"/probe/*.c)
LAB_LINUX_ARGS=
LAB_LINUX_PROGRAMS=()
ARM64_QEMU=${XMEM_LAB_QEMU_AARCH64:-qemu-system-aarch64}

machine_need() {
    lab_need_tools "$ARM64_QEMU" "$LAB_GCC" "$LAB_READELF"
    # The host's time where several processors race, or a Linux guest sleeps.
    LAB_CLOCK=counted
    [ -z "${linux:-}" ] && [ "${smp:-1}" = 1 ] || LAB_CLOCK=real
}

# lab_sysroot VERSION: headers and libraries to compile for dom0 with this Xen's libxenctrl. libc is always the older
# release's, so that one binary runs beside both. The cross compiler's own C library (whatever release it comes from)
# must not be looked at; all that ensures this is part of LAB_CC because libtool drops some of it elsewhere.
lab_sysroot() {
    local items lib=usr/$LAB_LIBDIR root
    items=$(lab_deb_each bookworm arm64 "${LAB_RUNTIME[@]}" "${ARM64_DEVEL[@]}")
    items+=" $(lab_xen_libraries "$1" arm64)"
    # shellcheck disable=SC2086
    lab_deb_tree "arm64-sysroot-$1" arm64 $items
    lab_own_root "arm64-sysroot-$1" "$LAB_LIBDIR"
    root=$LAB_PATH
    LAB_SYSROOT=$root
    LAB_CC="$LAB_GCC --sysroot=$root -nostdinc -isystem $("$LAB_GCC" -print-file-name=include)"
    LAB_CC+=" -isystem $root/usr/include/aarch64-linux-gnu -isystem $root/usr/include"
    LAB_CC+=" -B$root/$lib -L$root/$lib -L$root/$LAB_LIBDIR -Wl,-rpath-link,$root/$lib:$root/$LAB_LIBDIR"
    # Newer Xen libraries name symbols of a newer libc, which dom0 has.
    LAB_LDFLAGS=-Wl,--allow-shlib-undefined
}

machine_hypervisor() {
    if [ -n "${XMEM_LAB_HYPERVISOR:-}" ]; then
        lab_own_hypervisor
    else
        lab_xen "$1" arm64 "$LAB_CROSS" $'CONFIG_MEM_ACCESS=y\nCONFIG_GICV3=y\nCONFIG_DEBUG=n'
    fi
    LAB_XEN=$LAB_PATH/xen
    LAB_XEN_VERSION=$LAB_VERSION
}

# The guest builder wants the plain image; some releases compress it.
machine_kernel_image() {
    if gzip -t "$1" 2>/dev/null; then
        gzip -dc "$1" >"$2"
    else
        cp "$1" "$2"
    fi
}

# A 32-bit program needs a compiler of its own, with its C library; without it there is none.
ARM64_CC32=(arm-linux-gnueabihf-gcc -march=armv8-a+simd -masm-syntax-unified)

machine_linux_id() {
    echo 'int main(void) { return 0; }' | "${ARM64_CC32[@]}" -static -x c - -o /dev/null 2>/dev/null &&
        "${ARM64_CC32[0]}" -dumpfullversion || :
}

# Programs whose check sums say that each of their accesses was done as it should be.
machine_linux() {
    local dir=$LAB_DIR/linux/sums set
    # shellcheck disable=SC2086
    $LAB_CC "${LAB_WARN[@]}" "$dir"/{main,a64}.c $LAB_LDFLAGS -static -o "$1/sums64"
    [ -n "$(machine_linux_id)" ] || return 0
    for set in arm thumb; do
        "${ARM64_CC32[@]}" "${LAB_WARN[@]}" -m$set -DSET=op_$set -c "$dir/a32.c" -o "$1/$set.o"
    done
    "${ARM64_CC32[@]}" "${LAB_WARN[@]}" -static "$dir/main.c" "$1"/{arm,thumb}.o -o "$1/sums32"
    rm "$1"/{arm,thumb}.o
}

# One of the probe's checks is left out under these releases of QEMU.
machine_env() {
    case $("$ARM64_QEMU" --version) in
    *'version 10.0.'[012]*) echo 'export XMEM_LAB_NO_HCBUF=1' ;;
    esac
}

# Without scrubbing the emulated memory (bootscrub=0) Xen boots in seconds.
machine_boot() {
    lab_vm_run "$log" "$limit" "$ARM64_QEMU" \
        -machine virt,virtualization=on,gic-version=3 -cpu "${cpu:-cortex-a57}" -smp "$smp" -m 2048 \
        -accel tcg,tb-size=512 "${clock_args[@]}" \
        -display none -nodefaults "${serial_args[@]}" -monitor none -no-reboot -nic none "${LAB_QEMU_ARGS[@]}" \
        -kernel "$LAB_XEN" \
        -append "dom0_mem=768M dom0_max_vcpus=1 console=dtuart bootscrub=0 loglvl=info guest_loglvl=warning ${XMEM_LAB_XEN_ARGS:-}" \
        -device "guest-loader,addr=0x49000000,kernel=$LAB_KERNEL/kernel,bootargs=console=hvc0 rdinit=/init quiet ${XMEM_LAB_DOM0_ARGS:-}" \
        -device "guest-loader,addr=0x50000000,initrd=$work/initrd"
}

# ---- the suite ----

suite_env() {
    lab_sysroot "$1"
    export CC=$LAB_CC LDFLAGS=$LAB_LDFLAGS AR=${LAB_CROSS}ar RANLIB=${LAB_CROSS}ranlib
    export STRIP=${LAB_CROSS}strip NM=${LAB_CROSS}nm PKG_CONFIG_SYSROOT_DIR=$LAB_SYSROOT
    export PKG_CONFIG_LIBDIR=$LAB_SYSROOT/usr/$LAB_LIBDIR/pkgconfig:$LAB_SYSROOT/usr/share/pkgconfig
    SUITE_HOST=--host=aarch64-linux-gnu
    SUITE_ID="$(lab_gcc) ${LAB_SYSROOT##*/}"
}

# A small Python for dom0: Debian 12's, with the libraries that its modules name. What nobody imports
# there stays away, to keep the RAM disk small.
SUITE_PYTHON=(python3.11-minimal libpython3.11-minimal libpython3.11-stdlib)
SUITE_PYTHON_LIBS=(libffi8 libexpat1 zlib1g)

suite_python_fill() {
    local root=$1 folder=$2 name
    mkdir -p "$folder/python/bin" "$folder/python/lib" "$folder/lib"
    cp "$root/usr/bin/python3.11" "$folder/python/bin/python3"
    cp -R "$root/usr/lib/python3.11" "$folder/python/lib/"
    for name in test idlelib lib2to3 pydoc_data ensurepip unittest distutils tkinter xmlrpc wsgiref \
        sqlite3 curses turtledemo __pycache__; do
        rm -rf "$folder/python/lib/python3.11/$name"
    done
    mkdir "$folder/modules"
    for name in _asyncio _contextvars _ctypes _json _typing; do
        mv "$folder/python/lib/python3.11/lib-dynload/$name".*.so "$folder/modules/"
    done
    rm -rf "$folder/python/lib/python3.11/lib-dynload"
    mv "$folder/modules" "$folder/python/lib/python3.11/lib-dynload"
    for name in libffi.so.8 libexpat.so.1 libz.so.1; do
        cp -L "$(lab_find_library "$root" "$LAB_LIBDIR" "$name")" "$folder/lib/"
    done
}

# The part python needs more than the others do: the bindings, an example, and a Python.
suite_extra() {
    local items
    cp "$LAB_PLACE"/log/* "$2/"
    case ${SUITE_PARTS:-} in
    *' python '*) ;;
    *) return 0 ;;
    esac
    items=$(lab_deb_each bookworm arm64 "${SUITE_PYTHON[@]}" "${SUITE_PYTHON_LIBS[@]}")
    # shellcheck disable=SC2086
    lab_deb_tree arm64-python arm64 $items
    suite_python_fill "$LAB_PATH" "$2"
    cp -R "$SUITE_TOP/bindings/python/xmem" "$2/python/lib/python3.11/"
    cp "$SUITE_TOP/examples/python/watch_page.py" "$SUITE_TOP/tests/lab/suite/dom0/in_dom0.py" "$2/python/"
}
