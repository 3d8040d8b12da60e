# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# PMSAv8-64's encoding on QEMU's machine virt, whose processor has no EL2 MPU: its registers trap and are emulated.

BOARD_CROSS=${XMEM_LAB_CROSS_AARCH64:-aarch64-linux-gnu-}
BOARD_PACKAGE=gcc-aarch64-linux-gnu
BOARD_ARCH_CFLAGS=(-march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics)
BOARD_ARCH_LDFLAGS=()
A64_QEMU=${XMEM_LAB_QEMU_AARCH64:-qemu-system-aarch64}

machine_emulator() {
    lab_need_tools "$A64_QEMU"
}

# machine_command IMAGE: what runs it, in MACHINE_COMMAND.
machine_command() {
    # shellcheck disable=SC2206,SC2054 # words are wanted; the commas are QEMU's
    MACHINE_COMMAND=("$A64_QEMU" -machine virt,virtualization=on,gic-version=3 -cpu cortex-a72 -m 64 -display none
        -monitor none -serial stdio -semihosting-config enable=on,target=native -kernel "$1" ${XMEM_LAB_QEMU_ARGS:-})
}
