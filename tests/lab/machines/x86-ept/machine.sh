# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Real Xen with EPT and altp2m, on a processor that Bochs emulates: PVH guests.
# shellcheck source=tests/lab/common/x86.sh
. "$LAB_COMMON/x86.sh"

LAB_DOM=(hvm arch/x86-pvh)
LAB_DOM_LIBS=
LAB_GUEST_SOURCES=(x86-pvh.S x86.c x86-pvh.c)
LAB_GUEST_FLAGS=(-mno-red-zone -mgeneral-regs-only -fcf-protection=none)
LAB_GUEST_HEADER=$LAB_DIR/guest/arch/x86-pvh.h
LAB_GUEST_IMAGE=binary
LAB_PROBE=("$LAB_PLACE"/probe/*.c)
LAB_CLOCK=counted
EPT_GRUB=${XMEM_LAB_GRUB:-/usr/lib/grub/i386-pc}

machine_need() {
    [ -z "${linux:-}" ] || lab_skip "no Linux guest is built for this machine"
    lab_need_tools "$LAB_GCC" strip objcopy grub-mkrescue xorriso mformat
    [ -e "$EPT_GRUB/multiboot2.mod" ] || lab_skip "no GRUB modules in $EPT_GRUB (package grub-pc-bin)"
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

machine_emulator() {
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

EPT_XEN_ARGS="com1=115200,8n1 console=com1 loglvl=warning guest_loglvl=warning
    dom0_mem=384M,max:384M dom0_max_vcpus=1 altp2m=1 bootscrub=0 spec-ctrl=no xpti=0 noreboot
    edid=no apicv=0"

# ept_iso XEN KERNEL INITRD FOLDER: FOLDER/xen.iso.
ept_iso() {
    local xen=$1 kernel=$2 initrd=$3 folder=$4 dir=$4/iso
    mkdir -p "$dir/boot/grub"
    ln "$xen" "$dir/boot/xen" 2>/dev/null || cp "$xen" "$dir/boot/xen"
    ln "$kernel" "$dir/boot/vmlinux" 2>/dev/null || cp "$kernel" "$dir/boot/vmlinux"
    mv "$initrd" "$dir/boot/initrd"
    cat >"$dir/boot/grub/grub.cfg" <<EOF
set timeout=0
serial --unit=0 --speed=115200
terminal_output serial
set gfxpayload=text
multiboot2 /boot/xen $(echo $EPT_XEN_ARGS "${XMEM_LAB_XEN_ARGS:-}")
module2 /boot/vmlinux $X86_DOM0_ARGS ${XMEM_LAB_DOM0_ARGS:-}
module2 /boot/initrd
boot
EOF
    grub-mkrescue -d "$EPT_GRUB" -o "$folder/xen.iso" "$dir" --compress=no --locales= --themes= --fonts= \
        >"$folder/iso.log" 2>&1 || lab_fail "no CD-ROM image: $(tail -n 1 "$folder/iso.log")"
    rm -rf "$dir"
}

# ept_bochsrc FOLDER LOG CPUS: FOLDER/bochsrc. Time is counted in instructions and the clock starts at
# a fixed date, so that runs are nearly repeatable.
ept_bochsrc() {
    local folder=$1 log=$2 cpus=$3
    cat >"$folder/bochsrc" <<EOF
config_interface: textconfig
display_library: nogui
memory: guest=1024, host=1024, block_size=1024
cpu: model=${XMEM_LAB_BOCHS_CPU:-corei7_haswell_4770}, count=$cpus, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
romimage: file=$EPT_BIOS, options=fastboot
vgaromimage: file=$EPT_VGABIOS
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$folder/xen.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$log
clock: sync=none, time0=1795000000
log: $folder/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
speaker: enabled=0
vga: extension=vbe, update_freq=5, realtime=0
EOF
}

# Bochs ends with 1 at power-off: only the log decides. Its own talk goes elsewhere, so that the log is the serial
# line alone.
machine_boot() {
    ept_iso "$LAB_XEN" "$LAB_KERNEL/kernel" "$work/initrd" "$work"
    ept_bochsrc "$work" "$log" "$smp"
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_vm_run "$log" "$limit" bash -c 'exec "$@" >"$0/bochs.out" 2>&1' "$work" \
        "$EPT_BOCHS" -q -f "$work/bochsrc"
    [ -s "$log" ] || tail -n 5 "$work/bochs.log" >&2 || :
}
