# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154,SC2317
# The emulated machine of the x86 laboratories under QEMU, and one run of it.

PV_QEMU=${XMEM_LAB_QEMU_X86:-qemu-system-x86_64}

# noreboot=0: a machine that fails ends.
# shellcheck disable=SC2206,SC2054 # words are wanted, with commas
PV_XEN_ARGS=(com1=115200,8n1 console=com1 loglvl=info guest_loglvl=warning noreboot=0
    dom0_mem=512M,max:512M dom0_max_vcpus=1 bootscrub=0 spec-ctrl=no xpti=0 ${XMEM_LAB_XEN_ARGS:-})

# What Debian's kernel would spend a third of its start with: self-tests, certificates, page protection.
# shellcheck disable=SC2206,SC2054
PV_DOM0_ARGS=(console=hvc0 quiet nokaslr mitigations=off panic=-1 audit=0
    rodata=off cryptomgr.notests tsc=reliable
    initcall_blacklist=load_system_certificate_list,netns_bpf_init,btf_vmlinux_init,cubictcp_register
    ${XMEM_LAB_DOM0_ARGS:-})

pv_usage() {
    cat >&2 <<'END'
usage: run VERSION [options]              VERSION is 4.17 or 4.20
  --payload DIR    copied to /payload in dom0, with the shared objects its programs need
  --cmd COMMAND    run there by sh; its exit code is this program's (default: lab-selftest)
  --results DIR    brings back what the command put into /results
  --linux-guest    Debian's Linux as a guest at hand (x86-pv only)
  --stock          Debian's own hypervisor instead of the one with our additions
  --clock KIND     counted: time is instructions, runs repeat; real: the host's time (default)
  --smp N          processors of the emulated machine (default 1)
  --hypervisor FILE  boots this one instead: what Xen's build leaves as xen/xen.gz
  --libs DIR       its libraries and headers, as `make install-tools` leaves them, or packages unpacked
  --timeout S      limit of the emulated machine's life in seconds (default 600)
  --log FILE       the serial log (default: a file in the cache, named at the end)
  --prepare        fetch and build everything, boot nothing
exit: 0 pass, 1 fail, 77 skipped with a reason
END
    exit 2
}

pv_options() {
    version=${1:-}
    [ -n "$version" ] || pv_usage
    shift
    payload='' command='' results='' linux='' kind=ours clock=real smp=1 limit=600 log='' prepare=''
    while [ $# -gt 0 ]; do
        case $1 in
        --linux-guest) linux=yes && shift && continue ;;
        --stock) kind=stock && shift && continue ;;
        --prepare) prepare=yes && shift && continue ;;
        esac
        [ $# -ge 2 ] || pv_usage
        case $1 in
        --payload) payload=$2 ;;
        --cmd) command=$2 ;;
        --results) results=$2 ;;
        --clock) clock=$2 ;;
        --smp) smp=$2 ;;
        --timeout) limit=$2 ;;
        --log) log=$2 ;;
        *) lab_own_option "$1" "$2" || pv_usage ;;
        esac
        shift 2
    done
    LAB_NAME=$lab-$version$([ "$kind" = ours ] || echo "-$kind")
    lab_suite "$version" >/dev/null
    [ -z "$payload" ] || [ -d "$payload" ] || lab_fail "no payload folder $payload"
    # Counted: 2 ns an instruction, and sleeping takes no time.
    case $clock in
    counted) clock_args=(-icount "shift=1,sleep=off") ;;
    real) clock_args=() ;;
    *) pv_usage ;;
    esac
}

pv_payload() {
    local dir=$work/root files=()
    mkdir -p "$dir"/{payload,lab}
    [ -z "$payload" ] || cp -RL "$payload/." "$dir/payload/"
    printf '%s\n' "$command" >"$dir/lab/cmd"
    {
        printf 'export XMEM_LAB_XEN=%s XMEM_LAB_ARCH=%s XMEM_LAB_LINUX=%s\n' "$version" "$lab" "$linux"
        [ "$kind" = ours ] || echo 'export XMEM_LAB_STOCK=yes'
        # QEMU takes INT3 for a software interrupt when it looks whether SVM intercepts the exception.
        [ "$lab" != x86-npt ] || echo 'export XMEM_LAB_NO_INT3=1'
        # Settings of the tests in dom0 itself.
        env | sed -n 's/^\(XMEM_LAB_\(SOAK\|BALLOON\)_SECONDS=[0-9]*\)$/export \1/p'
    } >"$dir/lab/env"
    mapfile -t files < <(find "$dir/payload" -type f -exec sh -c 'head -c 4 "$1" | grep -aq ELF' _ {} \; -print)
    # A payload's own libraries come first: they count as found.
    find "$dir/payload" -name '*.so*' -printf '%f\n' >"$work/own"
    [ ${#files[@]} -eq 0 ] || LAB_ELF_OWN=$work/own \
        lab_elf_closure "$EPT_ROOT" "$dir" "$LAB_LIBDIR" "${files[@]}"
    lab_cpio "$dir" "$work/payload.cpio"
    rm -rf "$dir"
}

# A comma stands between QEMU's modules; in a module's own words it is written twice.
pv_boot() {
    local words=${PV_DOM0_ARGS[*]}
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_vm_run "$log" "$limit" "$PV_QEMU" -accel tcg,tb-size=512 -cpu "$cpu" -m "$memory" -smp "$smp" \
        "${clock_args[@]}" -nodefaults -no-user-config -display none -no-reboot -serial stdio -monitor none \
        -kernel "$EPT_XEN" -append "${PV_XEN_ARGS[*]}" \
        -initrd "$EPT_KERNEL/vmlinux ${words//,/,,},$work/initrd"
}

# What Xen complains of is a failure of the run, whatever the command found.
pv_warnings() {
    if grep -a '^(XEN)' "$log" | grep -aE 'Assertion .* failed|Xen WARN|Xen BUG|Xen call trace|FATAL|sh error' >&2; then
        lab_fail "the hypervisor complains (serial log: $log)"
    fi
}

# pv_run: to be called with the options set, and with cpu, memory, lab, and what ends up in dom0.
pv_run() {
    [ -z "$prepare" ] || { lab_say "everything is in $LAB_CACHE" && exit 0; }
    work=$(mktemp -d "$LAB_CACHE/tmp/run.XXXXXX")
    pv_remove_work() {
        rm -rf "$work"
    }
    lab_at_exit pv_remove_work
    log=${log:-$(lab_vm_log "$lab-$version")}
    pv_payload
    cat "$EPT_DOM0" ${linux:+"$PV_LINUX"} "$work/payload.cpio" >"$work/initrd"
    lab_say "booting Xen $EPT_XEN_VERSION"
    pv_boot
    [ -z "$results" ] || lab_vm_files "$log" "$results"
    lab_say "machine ended after $LAB_VM_SECONDS s; serial log $log"
    [ "$kind" = stock ] || pv_warnings
    lab_vm_finish "$log"
}
