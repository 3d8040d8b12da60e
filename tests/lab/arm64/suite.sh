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
