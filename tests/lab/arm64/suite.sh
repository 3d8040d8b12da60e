# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# How the suite is built for the arm64 laboratory.
# shellcheck source=tests/lab/arm64/build.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/build.sh"

suite_need() {
    lab_need_tools "${XMEM_LAB_QEMU_AARCH64:-qemu-system-aarch64}" "${LAB_CROSS}gcc"
}

suite_env() {
    arm64_sysroot "$1"
    arm64_flags
    export CC=$ARM64_CC LDFLAGS=$ARM64_LDFLAGS AR=${LAB_CROSS}ar RANLIB=${LAB_CROSS}ranlib
    export STRIP=${LAB_CROSS}strip NM=${LAB_CROSS}nm PKG_CONFIG_SYSROOT_DIR=$ARM64_SYSROOT
    export PKG_CONFIG_LIBDIR=$ARM64_SYSROOT/usr/$LAB_LIBDIR/pkgconfig:$ARM64_SYSROOT/usr/share/pkgconfig
    SUITE_HOST=--host=aarch64-linux-gnu
    SUITE_ID="$(arm64_gcc) ${ARM64_SYSROOT##*/}"
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
    cp "$LAB_ARM64"/log/* "$2/"
    case ${SUITE_PARTS:-} in
    *' python '*) ;;
    *) return 0 ;;
    esac
    items=$(lab_deb_each bookworm arm64 "${SUITE_PYTHON[@]}" "${SUITE_PYTHON_LIBS[@]}")
    # shellcheck disable=SC2086
    lab_deb_tree arm64-python arm64 $items
    suite_python_fill "$LAB_PATH" "$2"
    cp -R "$SUITE_TOP/bindings/python/xmem" "$2/python/lib/python3.11/"
    cp "$SUITE_TOP/examples/python/watch_page.py" "$SUITE_TOP/tests/lab/suite/python/in_dom0.py" "$2/python/"
}
