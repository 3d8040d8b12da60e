# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2153
# What the suite runs in dom0, built once for a machine and used with every Xen release: the
# library and xmemctl by the project's own build system, and the suite's programs around them.
# machine.sh sets how to compile (suite_env VERSION: CC, LDFLAGS, SUITE_HOST, SUITE_ID).

SUITE_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
SUITE_TOP=$LAB_TOP
SUITE_WARN=(-O2 -g -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror)
# The release whose libraries everything is built beside; what is built runs on all of them.
SUITE_BASE=4.17

# What the library is made from, with all that the build system reads.
suite_library_files() {
    (cd "$SUITE_TOP" && sh tests/source-files.sh) |
        grep -E '^(configure\.ac|Makefile\.am|(include|lib|hypervisor|examples|pkgconfig|bindings)/|.*\.(am|mk|in)$)' |
        grep -v '^hypervisor/xen/'
}

suite_library_key() {
    suite_library_files | (cd "$SUITE_TOP" && xargs -d '\n' sha256sum) | sha256sum
}

suite_library_fill() {
    local folder=$1
    mkdir "$folder/src" "$folder/build"
    suite_library_files | (cd "$SUITE_TOP" && tar -cf - -T -) | tar -xf - -C "$folder/src"
    (cd "$folder/src" && autoreconf -fi) >"$folder/log" 2>&1 ||
        lab_fail "autoreconf: $(tail -n 3 "$folder/log")"
    (cd "$folder/build" && ../src/configure --quiet $SUITE_HOST --disable-static --without-zlib --without-liblzma \
        CFLAGS='-O2 -g' &&
        make -s -j"$LAB_JOBS" lib/libxmem.la lib/libxmem-internal.la examples/xmemctl/xmemctl) >>"$folder/log" 2>&1 || {
        grep -m5 -i 'error' "$folder/log" >&2 || tail -n 5 "$folder/log" >&2
        lab_fail "the library does not build for this laboratory"
    }
    cp -L "$folder/build/lib/.libs/libxmem.so.0" "$folder/build/examples/xmemctl/.libs/xmemctl" "$folder/"
    ln -s libxmem.so.0 "$folder/libxmem.so"
    # With the simulated machine's insides, for what commands both kinds.
    cp "$folder/build/lib/.libs/libxmem-internal.a" "$folder/"
    rm -rf "$folder/src" "$folder/build"
}

# suite_library: libxmem.so.0 and xmemctl, in SUITE_LIBRARY.
suite_library() {
    local key
    lab_need_tools autoreconf libtoolize make pkg-config
    XMEM_LAB_LIBS='' suite_env "$SUITE_BASE"
    key=$(lab_key "$SUITE_ID $CC $LDFLAGS $(suite_library_key) $(declare -f suite_library_fill)")
    [ -e "$LAB_CACHE/store/suite-library-$key" ] || lab_say "building the library"
    lab_store suite-library "$key" suite_library_fill
    SUITE_LIBRARY=$LAB_PATH
}

suite_compile() {
    local out=$1
    shift
    # shellcheck disable=SC2086 # both are lists of words
    $CC "${SUITE_WARN[@]}" -I"$SUITE_TOP/include" -I"$SUITE_TOP/tests/conformance" "$@" \
        -L"$SUITE_LIBRARY" -lxmem $LDFLAGS -o "$out" ||
        lab_fail "${out##*/} does not compile"
}

suite_programs_fill() {
    local folder=$1 conf=$SUITE_TOP/tests/conformance statements
    local guest=("$conf/conf.c" "$conf/guest-xen.c" "$SUITE_TOP/tests/lab/common/guest.c")
    statements=$(echo "$conf"/{main,session,rights,batch,events,reply,views,errors,death,pages,unseen,policy,steps,finish}.c)
    # shellcheck disable=SC2086
    suite_compile "$folder/conformance" -DCONF_WITH_XEN $statements "${guest[@]}" \
        "$SUITE_DIR/no-sim.c" -lxenforeignmemory
    suite_compile "$folder/real" "$SUITE_DIR"/{real,statements,emulation,carried,kill}.c \
        "${guest[@]}" -lxenforeignmemory
    suite_compile "$folder/wx-guest" "$SUITE_DIR/wx-guest.c" "$SUITE_TOP/tests/lab/common/guest.c" -lxenforeignmemory
    suite_inside "$folder/differ" "$SUITE_DIR/differ.c" "$conf/guest-sim.c" "${guest[@]}"
    # Arm alone has the guest's side of it.
    case $SUITE_HOST in
    *aarch64*) suite_arm "$folder" ;;
    esac
}

suite_arm() {
    local folder=$1
    suite_inside "$folder/context" "$SUITE_DIR/context.c" "$SUITE_TOP/tests/lab/common/guest.c"
    suite_compile "$folder/bench-step" "$SUITE_DIR/bench-step.c" "$SUITE_TOP/tests/lab/common/guest.c" \
        -lxenforeignmemory
}

# What needs the library's insides, or the simulated machine's: linked to the objects, not to libxmem.so.
suite_inside() {
    local out=$1 top=$SUITE_TOP include=() name
    shift
    for name in include lib hypervisor/sim hypervisor/core/include hypervisor/env/sim tests/conformance; do
        include+=("-I$top/$name")
    done
    # shellcheck disable=SC2086
    $CC "${SUITE_WARN[@]}" "${include[@]}" "$@" "$SUITE_LIBRARY/libxmem-internal.a" \
        $LDFLAGS -lxenforeignmemory -ldl -lpthread -o "$out" || lab_fail "${out##*/} does not compile"
}

# What uses libxenctrl itself is built for its release.
suite_plain_fill() {
    local folder=$1
    suite_compile "$folder/bench" "$SUITE_DIR"/bench{,-plain}.c "$SUITE_TOP/tests/lab/common/guest.c" \
        -lxenctrl -lxenevtchn -lxenforeignmemory
    # A library between libxmem and Xen's: named first, so that its dlsym() is the program's.
    $CC "${SUITE_WARN[@]}" -shared -fPIC "$SUITE_DIR/between.c" -Wl,-soname,libbetween.so -o "$folder/libbetween.so" ||
        lab_fail "between.c does not compile"
    suite_compile "$folder/faults" "$SUITE_DIR"/{faults,statements}.c "$SUITE_TOP"/tests/conformance/{conf,guest-xen}.c \
        "$SUITE_TOP/tests/lab/common/guest.c" "$folder/libbetween.so" -lxenctrl -lxenforeignmemory
}

suite_source_key() {
    lab_key "$SUITE_ID $CC $LDFLAGS ${SUITE_LIBRARY##*/} ${SUITE_WARN[*]} $(declare -f suite_compile suite_inside suite_arm suite_programs_fill suite_plain_fill)" \
        "$SUITE_TOP"/tests/conformance/*.[ch] "$SUITE_TOP"/tests/lab/common/{guest.c,guest.h,mailbox.h} \
        "$SUITE_TOP"/tests/lab/guest/arch/{x86-pvh,arm64}.h \
        "$SUITE_DIR"/*.[ch]
}

# suite_programs VERSION: the suite's programs, in SUITE_PROGRAMS and, for this release, SUITE_PLAIN.
suite_programs() {
    lab_store suite-programs "$(suite_source_key)" suite_programs_fill
    SUITE_PROGRAMS=$LAB_PATH
    suite_env "$1"
    lab_store "suite-plain-$1" "$(suite_source_key)" suite_plain_fill
    SUITE_PLAIN=$LAB_PATH
}

# suite_payload VERSION FOLDER: all that goes into dom0.
suite_payload() {
    suite_library
    suite_programs "$1"
    mkdir -p "$2"
    cp -L "$SUITE_LIBRARY"/{libxmem.so.0,xmemctl} "$SUITE_PROGRAMS"/* "$SUITE_PLAIN"/* "$SUITE_DIR"/dom0/* "$2/"
    cp "$SUITE_TOP"/examples/policies/*.json "$2/"
    # What only this laboratory has to prove: its machine.sh says.
    if declare -F suite_extra >/dev/null; then
        suite_extra "$1" "$2"
    fi
}
