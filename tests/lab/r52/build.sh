# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# The bare-metal images: hypervisor/env/bare, the core, and the programs of this folder.

R52_HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
R52_TOP=$(cd -- "$R52_HERE/../../.." && pwd)
R52_BARE=$R52_TOP/hypervisor/env/bare

# One optimisation level for tests and figures. The core's loops must not become calls of memset in memset.
R52_CFLAGS=(-O2 -g -std=gnu11 -ffreestanding -fno-common -fno-stack-protector -fno-pic -fno-pie
    -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror)
# shellcheck disable=SC2054 # the commas are the linker's
R52_LDFLAGS=(-nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments
    -Wl,-z,noexecstack -Wl,-z,max-page-size=4096)

# r52_arch KIND: compiler, options and sources of r52 or a64.
r52_arch() {
    case $1 in
    r52)
        R52_CROSS=${XMEM_LAB_CROSS_ARM:-arm-linux-gnueabihf-}
        R52_PACKAGE=gcc-arm-linux-gnueabihf
        R52_ARCH_CFLAGS=(-mcpu=cortex-r52 -marm -mfloat-abi=hard -mgeneral-regs-only)
        R52_ARCH_LDFLAGS=(-mcpu=cortex-r52 -marm)
        ;;
    a64)
        R52_CROSS=${XMEM_LAB_CROSS_AARCH64:-aarch64-linux-gnu-}
        R52_PACKAGE=gcc-aarch64-linux-gnu
        R52_ARCH_CFLAGS=(-march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics)
        R52_ARCH_LDFLAGS=()
        ;;
    esac
    command -v "${R52_CROSS}gcc" >/dev/null 2>&1 ||
        lab_skip "no ${R52_CROSS}gcc (package $R52_PACKAGE)"
}

# Of the core's lists those of a machine whose guests an MPU confines.
r52_core_sources() {
    sed -nE '/^XM_(CORE_(RIGHTS|BASE|MPU)|KIND_ARM_MPU) *=/,/[^\\]$/p' "$R52_TOP/hypervisor/core/sources.mk" |
        grep -o '[^ 	]*\.c'
}

r52_compile() {
    local arch=$1 folder=$2 file=$3 object extra=()
    object=${file#"$R52_TOP"/}
    object=$folder/${object//\//_}.o
    case $file in */bare/guest.c) extra=(-fpie -fno-jump-tables) && object=$folder/guest.o ;; esac
    case $file in */start.S) object=$folder/start.o ;; esac
    "${R52_CROSS}gcc" "${R52_ARCH_CFLAGS[@]}" "${R52_CFLAGS[@]}" "${extra[@]}" \
        -I"$R52_TOP/hypervisor/core/include" -I"$R52_BARE" -I"$R52_BARE/$arch" \
        -I"$R52_TOP/tests/hypervisor" -c "$file" -o "$object"
    R52_OBJECTS+=("$object")
}

r52_link() {
    local arch=$1 image=$2
    shift 2
    "${R52_CROSS}gcc" "${R52_ARCH_LDFLAGS[@]}" "${R52_LDFLAGS[@]}" -Wl,-T,"$R52_BARE/$arch/link.ld" \
        -o "$image" "$@" -lgcc
}

r52_fill() {
    local arch=$1 folder=$2 file common=()
    mkdir "$folder/o"
    R52_OBJECTS=()
    for file in "$R52_BARE"/*.c "$R52_BARE/$arch"/*.{c,S}; do
        r52_compile "$arch" "$folder/o" "$file"
    done
    for file in $(r52_core_sources); do
        r52_compile "$arch" "$folder/o" "$R52_TOP/$file"
    done
    common=("${R52_OBJECTS[@]}")
    for file in "$R52_HERE"/board/*.c "$R52_TOP/tests/hypervisor/mpu-scenario.c"; do
        r52_compile "$arch" "$folder/o" "$file"
    done
    r52_link "$arch" "$folder/board.elf" "${R52_OBJECTS[@]}"
    if [ "$arch" = r52 ]; then
        R52_OBJECTS=()
        r52_compile "$arch" "$folder/o" "$R52_HERE/bench/bench.c"
        r52_link "$arch" "$folder/bench.elf" "${common[@]}" "${R52_OBJECTS[@]}"
    fi
    rm -rf "$folder/o"
}

# r52_images KIND: board.elf, and for r52 bench.elf, in LAB_PATH.
r52_images() {
    local key
    r52_arch "$1"
    key=$(lab_key "$("${R52_CROSS}gcc" -dumpfullversion -dumpmachine) ${R52_CFLAGS[*]} ${R52_LDFLAGS[*]} \
        ${R52_ARCH_CFLAGS[*]} $(declare -f r52_fill r52_compile r52_link)" "$R52_BARE" "$R52_TOP/hypervisor/core" \
        "$R52_HERE/board" "$R52_HERE/bench" "$R52_HERE"/{wx.def,differ.h} "$R52_TOP"/tests/hypervisor/mpu-scenario.{c,h})
    lab_store "r52-images-$1" "$key" r52_fill "$1"
}

r52_differ_fill() {
    local folder=$1
    # shellcheck disable=SC2086 # a compiler may be two words: "ccache gcc"
    ${CC:-cc} -O2 -std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror \
        -I"$R52_TOP/hypervisor/core/include" -I"$R52_TOP/hypervisor/env/sim" \
        "$R52_HERE/differ.c" "$R52_TOP/hypervisor/env/sim/mpu-model.c" -o "$folder/differ"
}

# r52_differ: the program that compares with the model, in LAB_PATH.
r52_differ() {
    local words=${CC:-cc}
    lab_need_tools "${words%% *}"
    lab_store r52-differ "$(lab_key "$(declare -f r52_differ_fill)" "$R52_HERE"/differ.{c,h} \
        "$R52_TOP/hypervisor/env/sim" "$R52_TOP/hypervisor/core/include")" r52_differ_fill
}
