# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For scripts that try things in a clean root of the suite: steps that count as tests, a root, and
# commands in it. $out is the script's folder.
. tests/lab/common/cache.sh
: "${SUITE:=bookworm}"
passed=0 failed=0 skipped=0

# step NAME FUNCTION: 0 passed; 77 skipped, the last line says why; else failed.
step() {
    local name=$1 status
    "$2" >"$out/$2.log" 2>&1
    status=$?
    case $status in
    0) passed=$((passed + 1)) && echo "PASS: $name" ;;
    77) skipped=$((skipped + 1)) && echo "SKIP: $name: $(tail -n 1 "$out/$2.log")" ;;
    *)
        failed=$((failed + 1))
        tail -n 60 "$out/$2.log" | cut -c1-300
        echo "FAIL: $name: status $status"
        ;;
    esac
    return $status
}

skip() {
    echo "$*"
    exit 77
}

bounded() { timeout -k 10 "$@"; }

# begin FOLDER: emptied, and $out from now on.
begin() {
    [ $# -eq 1 ] || {
        echo "usage: ${0##*/} FOLDER" >&2
        exit 2
    }
    rm -rf "$1" && mkdir -p "$1" && out=$(cd "$1" && pwd) || exit 1
    trap 'rm -rf "$out/root"' EXIT
}

# end WHAT: the summary for .ci/run, and the verdict.
end() {
    printf 'Testsuite summary for %s\n# PASS:  %s\n# SKIP:  %s\n# FAIL:  %s\n# ERROR: 0\n' \
        "$1" "$passed" "$skipped" "$failed"
    [ "$failed" -eq 0 ]
}

# A root of the suite's minimal set, as debootstrap makes it, kept from run to run.
make_root() {
    local sources=/etc/apt/sources.list.d/debian.sources
    [ -e $sources ] || sources=/etc/apt/sources.list
    [ -s $sources ] || sources=
    bounded 600 mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Retries "3"' \
        --aptopt='Acquire::http::Timeout "60"' "$SUITE" "$1/root.tar" $sources
}

clean_root() (
    set -e
    [ "$(id -u)" -eq 0 ] || skip 'a clean root needs to be root, for chroot'
    command -v mmdebstrap >/dev/null || skip 'mmdebstrap is not installed'
    mkdir -p "$LAB_CACHE/store" "$LAB_CACHE/tmp" "$LAB_CACHE/debs"
    store=$LAB_CACHE/store/root-$SUITE-$(dpkg --print-architecture)-2
    if [ ! -e "$store" ]; then
        new=$(mktemp -d "$LAB_CACHE/tmp/root.XXXXXX")
        make_root "$new"
        mv -T "$new" "$store" 2>/dev/null || rm -rf "$new" # another run was faster
    fi
    mkdir "$out/root"
    tar -xf "$store/root.tar" -C "$out/root"
    cp /etc/resolv.conf "$out/root/etc/"
    ! ls "$out/root"/usr/lib/*/libxmem* 2>/dev/null
)

in_root() {
    bounded "$1" chroot "$out/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "${@:2}"
}

# What apt fetches in a root is kept for the next one.
give_packages() {
    mkdir -p "$LAB_CACHE/debs-root"
    cp "$LAB_CACHE"/debs-root/*.deb "$out/root/var/cache/apt/archives/" 2>/dev/null || :
}
keep_packages() {
    local deb kept
    for deb in "$out/root"/var/cache/apt/archives/*.deb; do
        kept=$LAB_CACHE/debs-root/${deb##*/}
        [ ! -e "$deb" ] || [ -e "$kept" ] || { cp "$deb" "$kept.$$" && mv "$kept.$$" "$kept"; }
    done
}

# apt finds what the packages depend on.
apt_in_root() {
    local try
    for try in 1 2 3; do
        give_packages
        in_root 300 apt-get -q -y -o APT::Keep-Downloaded-Packages=true \
            -o Acquire::Retries=3 -o Acquire::http::Timeout=60 "$@" && break
        [ "$try" -lt 3 ] || return 1
        sleep $((try * 5))
    done
    keep_packages
}
