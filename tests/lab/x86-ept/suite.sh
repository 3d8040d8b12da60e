# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# How the suite is built for the x86 EPT laboratory: by the machine's own compiler.
# shellcheck source=tests/lab/x86-ept/build.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/build.sh"

suite_need() {
    lab_need_tools "$LAB_EPT_CC" grub-mkrescue xorriso mformat
}

suite_env() {
    ept_runtime "$1"
    ept_flags
    export CC="$LAB_EPT_CC $EPT_CPPFLAGS" LDFLAGS=$EPT_LDFLAGS
    SUITE_HOST=
    SUITE_ID="$(ept_cc) ${EPT_ROOT##*/}"
}
