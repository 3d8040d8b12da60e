#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# setup.sh demo|test|ci: installs the Debian packages that are missing for building and
# showing, for testing, or for everything that .ci/run does. Does nothing when all are there.
set -eu

demo='gcc libc6-dev make autoconf automake libtool pkg-config
zlib1g-dev liblzma-dev valgrind'
test="$demo check python3 python3-jsonschema"
ci="$test git g++ clang clang-format libclang-rt-14-dev lcov mandoc graphviz shellcheck xz-utils
qemu-system-arm qemu-system-x86 gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf
libc6-dev-arm64-cross libc6-dev-armhf-cross qemu-user libcapstone-dev flex bison patch cpio gzip dpkg-dev debian-archive-keyring
grub-common grub-pc-bin xorriso mtools zstd binutils
abigail-tools libxen-dev python3-setuptools python3-wheel python3-numpy mypy
build-essential debhelper dh-python pybuild-plugin-pyproject python3-all lintian fakeroot mmdebstrap"

case ${1-} in
demo) wanted=$demo ;;
test) wanted=$test ;;
ci) wanted=$ci ;;
*)
    echo 'usage: setup.sh demo|test|ci' >&2
    exit 2
    ;;
esac

missing=
for package in $wanted; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: not root and no sudo; as root: apt-get install$missing" >&2
        exit 1
    }
    root='sudo env'
fi

# The network may fail for a moment: three tries, each bounded.
apt() {
    for try in 1 2 3; do
        # shellcheck disable=SC2086 # words on purpose
        timeout -k 10 600 $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
            -o Acquire::Retries=3 -o Acquire::http::Timeout=60 -o DPkg::Lock::Timeout=300 "$@" &&
            return 0
        echo "setup.sh: apt-get $1 failed, try $try of 3" >&2
        sleep $((try * 5))
    done
    return 1
}

echo "setup.sh: installing$missing" >&2
apt update
# shellcheck disable=SC2086 # words on purpose
apt install --no-install-recommends $missing
