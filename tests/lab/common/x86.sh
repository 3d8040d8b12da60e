# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# What the x86 machines have in common: compiler, libraries, dom0's kernel, and one hypervisor for each release with
# every option of ours (x86_hypervisor); for those under QEMU, their boot. Read by machines/x86-*/machine.sh.

LAB_DEB_ARCH=amd64
LAB_LIBDIR=lib/x86_64-linux-gnu
LAB_LOADER=lib64/ld-linux-x86-64.so.2
LAB_GCC=${XMEM_LAB_CC:-gcc}
LAB_OBJCOPY=objcopy
# libc is always the newest release's: programs built beside an older libc run on it, whichever Xen's libraries stand
# next to them. zlib1g and what follows it: libxenguest, the builder of PV domains, needs them.
LAB_LIBC_SUITE=trixie
LAB_RUNTIME=(libc6 libgcc-s1 libsubunit0 zlib1g libzstd1 liblzma5)
LAB_KERNEL_PACKAGE=linux-image-amd64

# With asserts, and with what Debian leaves out: shadow paging of PV guests, memory sharing.
X86_XEN_OPTIONS=$'CONFIG_EXPERT=y\nCONFIG_UNSUPPORTED=y\nCONFIG_PV=y\nCONFIG_HVM=y\nCONFIG_SHADOW_PAGING=y
CONFIG_MEM_ACCESS=y\nCONFIG_MEM_SHARING=y\nCONFIG_DEBUG=y\nCONFIG_VERBOSE_DEBUG=y\nCONFIG_LIVEPATCH=n\nCONFIG_TBOOT=n'
# Our additions.
X86_XEN_ADDED=$'CONFIG_XMEM_PV=y\nCONFIG_XMEM_NPT=y'
X86_APPLY=$LAB_TOP/hypervisor/xen/apply

# lab_sysroot VERSION: what dom0 has, with the headers to compile for it; libc's are the building machine's.
lab_sysroot() {
    lab_runtime "$1"
    LAB_SYSROOT=$LAB_ROOT
    LAB_CC="$LAB_GCC -isystem $LAB_ROOT/usr/include"
    LAB_LDFLAGS="-L$LAB_ROOT/usr/$LAB_LIBDIR -Wl,-rpath-link,$LAB_ROOT/usr/$LAB_LIBDIR"
    # Newer Xen libraries name symbols of a newer libc, which dom0 has.
    LAB_LDFLAGS+=" -Wl,--allow-shlib-undefined"
}

# machine_runtime VERSION: Debian's own xen-access, for comparisons by hand; it goes with Debian's libraries only.
machine_runtime() {
    lab_deb_pick "$(lab_suite "$1")" amd64 "xen-utils-$1"
}

machine_dom0() {
    local file=$LAB_ROOT/usr/lib/xen-$1/bin/xen-access
    [ ! -e "$file" ] || cp "$file" "$2/bin/"
}

# The ELF image inside a bzImage, unpacked here and not once a boot by an emulated processor.
x86_vmlinux() {
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

machine_kernel_image() {
    lab_need_tools strip xz zstd
    x86_vmlinux "$1" "$2.full"
    strip -o "$2" "$2.full"
    rm "$2.full"
}

# Everything that hypervisor/xen/apply lays over a tree: its own files, and those of the core's that it takes.
x86_additions_key() {
    # shellcheck disable=SC2046
    lab_key '' $(find "$LAB_TOP/hypervisor/xen" -mindepth 1 -maxdepth 1 ! -name '*.md' ! -name '__*' | LC_ALL=C sort) \
        $("$X86_APPLY" --core | sed "s|^|$LAB_TOP/|")
}

x86_debian_xen_fill() {
    local item=$1 folder=$2
    lab_deb_unpack "$folder" amd64 "$item" './boot/*.gz' './boot/*.config'
    gzip -dc "$folder"/boot/*.gz >"$folder/xen"
    mv "$folder"/boot/*.config "$folder/config"
    rm -r "${folder:?}/boot"
}

x86_debian_xen() {
    local item
    item=$(lab_deb_pick "$(lab_suite "$1")" amd64 "xen-hypervisor-$1-amd64")
    lab_store "xen-debian-$1" "$(lab_key "$item $(declare -f x86_debian_xen_fill)")" x86_debian_xen_fill "$item"
    LAB_VERSION=${item#*=}
}

# machine_hypervisor VERSION: ours, one for all x86 machines, or Debian's own, if the user names no other one.
machine_hypervisor() {
    if [ -n "${XMEM_LAB_HYPERVISOR:-}" ]; then
        lab_own_hypervisor
    elif [ "$kind" = stock ]; then
        x86_debian_xen "$1"
    else
        [ -x "$X86_APPLY" ] || lab_skip "hypervisor/xen/apply is not there"
        lab_xen "$1" x86_64 '' "$X86_XEN_OPTIONS"$'\n'"$X86_XEN_ADDED" "$X86_APPLY" "$(x86_additions_key)"
    fi
    LAB_XEN=$LAB_PATH/xen
    LAB_XEN_VERSION=$LAB_VERSION
}

# For the environment of dom0: whether the hypervisor has memory sharing; of the user's nothing is known.
machine_env() {
    [ -n "${XMEM_LAB_HYPERVISOR:-}" ] ||
        echo "export XMEM_LAB_SHARING=$([ "$kind" = stock ] || echo yes)"
}

# What Debian's kernel would spend a third of its start with: self-tests, certificates, page protection.
# No xenstore for guests, so no driver of it.
X86_LINUX_ARGS='nokaslr mitigations=off panic=-1 audit=0 rodata=off cryptomgr.notests'
X86_LINUX_BLACKLIST=load_system_certificate_list,netns_bpf_init,btf_vmlinux_init,cubictcp_register
LAB_LINUX_ARGS="$X86_LINUX_ARGS initcall_blacklist=xenbus_init,$X86_LINUX_BLACKLIST"
X86_DOM0_ARGS="console=hvc0 quiet $X86_LINUX_ARGS initcall_blacklist=$X86_LINUX_BLACKLIST"

suite_env() {
    lab_sysroot "$1"
    export CC=$LAB_CC LDFLAGS=$LAB_LDFLAGS
    SUITE_HOST=
    SUITE_ID="$(lab_gcc) ${LAB_SYSROOT##*/}"
}

# ---- the machines under QEMU ----

X86_QEMU=${XMEM_LAB_QEMU_X86:-qemu-system-x86_64}

# noreboot=0: a machine that fails ends.
X86_XEN_ARGS="com1=115200,8n1 console=com1 loglvl=info guest_loglvl=warning noreboot=0
    dom0_mem=512M,max:512M dom0_max_vcpus=1 bootscrub=0 spec-ctrl=no xpti=0"

x86_need_qemu() {
    lab_need_tools "$X86_QEMU" "$LAB_GCC" strip objcopy
}

# x86_boot_qemu CPU: a comma stands between QEMU's modules; in a module's own words it is written twice.
x86_boot_qemu() {
    local words="$X86_DOM0_ARGS tsc=reliable ${XMEM_LAB_DOM0_ARGS:-}"
    lab_vm_run "$log" "$limit" "$X86_QEMU" -accel tcg,tb-size=512 -cpu "$1" -m "${XMEM_LAB_MEMORY:-1536}" -smp "$smp" \
        "${clock_args[@]}" -nodefaults -no-user-config -display none -no-reboot "${serial_args[@]}" -monitor none \
        "${LAB_QEMU_ARGS[@]}" -kernel "$LAB_XEN" -append "$(echo $X86_XEN_ARGS "${XMEM_LAB_XEN_ARGS:-}")" \
        -initrd "$LAB_KERNEL/kernel ${words//,/,,},$work/initrd"
}

# What Xen complains of is a failure of the run, whatever the command found.
machine_complaints() {
    [ "$kind" != stock ] || return 0
    if grep -a '^(XEN)' "$log" | grep -aE 'Assertion .* failed|Xen WARN|Xen BUG|Xen call trace|FATAL|sh error' >&2; then
        lab_fail "the hypervisor complains (serial log: $log)"
    fi
}
