# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Real Xen with mem_access on AMD's nested paging, under QEMU: PVH guests.
# shellcheck source=tests/lab/common/x86.sh
. "$LAB_COMMON/x86.sh"

LAB_DOM=(hvm arch/x86-pvh)
LAB_DOM_LIBS=
LAB_GUEST_SOURCES=(x86-pvh.S x86.c x86-pvh.c)
# Hypercalls are another instruction on AMD's processors.
LAB_GUEST_FLAGS=(-mno-red-zone -mgeneral-regs-only -fcf-protection=none '-DLAB_HYPERCALL="vmmcall"')
LAB_GUEST_HEADER=$LAB_DIR/guest/arch/x86-pvh.h
LAB_GUEST_IMAGE=binary
LAB_CLOCK=real

machine_need() {
    [ -z "${linux:-}" ] || lab_skip "Linux as a PVH guest does not boot on the emulated processor"
    x86_need_qemu
}

# No altp2m on AMD's processors. QEMU takes INT3 for a software interrupt when it looks whether SVM intercepts
# the exception.
machine_env() {
    echo 'export LAB_NO_ALTP2M=yes XMEM_LAB_NO_INT3=1'
}

machine_boot() {
    x86_boot_qemu qemu64,+svm,+npt,+nrip-save,+vgif
}
