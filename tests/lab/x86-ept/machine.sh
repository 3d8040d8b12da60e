# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The emulated machine: a CD-ROM image that GRUB boots Xen from, and Bochs around it.

# shellcheck disable=SC2206,SC2054 # words are wanted, with commas
EPT_XEN_ARGS=(com1=115200,8n1 console=com1 loglvl=warning guest_loglvl=warning
    dom0_mem=384M,max:384M dom0_max_vcpus=1 altp2m=1 bootscrub=0 spec-ctrl=no xpti=0 noreboot
    edid=no apicv=0 ${XMEM_LAB_XEN_ARGS:-})

# What Debian's kernel would spend a third of its start with: self-tests, certificates, page protection.
# shellcheck disable=SC2206,SC2054
EPT_DOM0_ARGS=(console=hvc0 quiet nokaslr mitigations=off panic=-1 audit=0
    rodata=off cryptomgr.notests
    initcall_blacklist=load_system_certificate_list,netns_bpf_init,btf_vmlinux_init,cubictcp_register
    ${XMEM_LAB_DOM0_ARGS:-})

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
multiboot2 /boot/xen ${EPT_XEN_ARGS[*]}
module2 /boot/vmlinux ${EPT_DOM0_ARGS[*]}
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

# ept_boot FOLDER LOG SECONDS: runs to power-off. Bochs ends with 1 then: only the log decides. Its own
# talk goes elsewhere, so that the log is the serial line alone.
ept_boot() {
    local folder=$1 log=$2 limit=$3
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_vm_run "$log" "$limit" bash -c 'exec "$@" >"$0/bochs.out" 2>&1' "$folder" \
        "$EPT_BOCHS" -q -f "$folder/bochsrc"
}
