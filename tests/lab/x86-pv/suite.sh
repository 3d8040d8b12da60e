# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# How the suite is built for the x86 laboratories under QEMU: by the machine's own compiler.
# shellcheck source=tests/lab/x86-pv/build.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/build.sh"

suite_need() {
    lab_need_tools "$LAB_EPT_CC" "${XMEM_LAB_QEMU_X86:-qemu-system-x86_64}"
}

suite_env() {
    ept_runtime "$1"
    ept_flags
    export CC="$LAB_EPT_CC $EPT_CPPFLAGS" LDFLAGS=$EPT_LDFLAGS
    SUITE_HOST=
    SUITE_ID="$(ept_cc) ${EPT_ROOT##*/}"
}

suite_pv_fill() {
    local folder=$1
    # The checklist uses libxenctrl itself: built for its release.
    suite_compile "$folder/checklist" "$LAB_PV"/check/*.c "$LAB_COMMON/guest.c" \
        -lxenctrl -lxencall -lxenevtchn -lxenforeignmemory
    suite_compile "$folder/calls" "$LAB_PV"/calls/*.c "$LAB_COMMON/guest.c" \
        -lxenctrl -lxencall -lxenevtchn -lxenforeignmemory
    suite_compile "$folder/ways" "$LAB_PV"/ways/*.c "$LAB_PV"/check/{monitor,guest}.c \
        "$LAB_COMMON/guest.c" -lxenctrl -lxencall -lxenevtchn -lxenforeignmemory
    suite_compile "$folder/figures" "$LAB_PV"/figures/figures.c "$LAB_PV"/check/{monitor,guest}.c \
        "$LAB_COMMON/guest.c" -lxenctrl -lxencall -lxenevtchn -lxenforeignmemory
    suite_compile "$folder/soak" "$LAB_PV/soak/soak.c"
    suite_compile "$folder/balloon" "$LAB_PV/soak/balloon.c" "$LAB_COMMON/guest.c" -lxenctrl -lxenforeignmemory
    cp "$LAB_PV"/soak/{soak-linux,balloon-part} "$LAB_PV/stock" "$folder/"
}

# What only PV guests have to prove: the checklist, and the soak of a Linux guest.
suite_extra() {
    lab_store "suite-pv-$1" "$(lab_key "$SUITE_ID ${SUITE_LIBRARY##*/} ${SUITE_WARN[*]} \
        $(declare -f suite_compile suite_pv_fill)" "$LAB_PV"/{check,calls,ways,soak,stock,figures} "$LAB_PV"/guest/{layout,ops}.h \
        "$LAB_COMMON"/{guest.c,guest.h,mailbox.h})" suite_pv_fill
    cp -L "$LAB_PATH"/* "$2/"
}
