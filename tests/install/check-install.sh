#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-install.sh TOP_SRCDIR PKGCONFIGDIR LIBDIR BINDIR: what a user of the installed library does.
# Compiles README.md's example through pkg-config, shared and static, and runs both.
set -eu
top=$1 pkgconfigdir=$2 libdir=$3 bindir=$4
: "${DESTDIR:=}" "${CC:=cc}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/xm-install.XXXXXX")
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "check-install: $*" >&2
    exit 1
}

# The staged library alone is moved by DESTDIR, what it requires lies where the system has it.
pkg() {
    PKG_CONFIG_PATH="$DESTDIR$pkgconfigdir${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" \
        pkg-config "$@" libxmem | sed -E "s#(-[IL])($prefix)#\\1$DESTDIR\\2#g"
}
prefix=$(PKG_CONFIG_PATH="$DESTDIR$pkgconfigdir" pkg-config --variable=prefix libxmem) ||
    fail "pkg-config does not find libxmem in $DESTDIR$pkgconfigdir"

# example NAME: the program that was compiled sees at least one event of the simulated machine.
run_example() {
    LD_LIBRARY_PATH="$DESTDIR$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
        timeout 60 "$dir/$1" >"$dir/$1.out" || fail "$1 example: exit status $?"
    grep -q gfn "$dir/$1.out" || fail "$1 example printed no event"
    echo "check-install: $1 example saw $(grep -c gfn "$dir/$1.out") events"
}

awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$top/README.md" >"$dir/example.c"
[ -s "$dir/example.c" ] || fail 'README.md has no C example'
strict='-std=c11 -Wall -Wextra -Werror'

# shellcheck disable=SC2046,SC2086 # words on purpose
$CC $strict -o "$dir/shared" "$dir/example.c" $(pkg --cflags --libs)
LD_LIBRARY_PATH="$DESTDIR$libdir" ldd "$dir/shared" | grep -q 'libxmem\.so\.0 ' ||
    fail 'the shared example does not need libxmem.so.0'
run_example shared

if [ -e "$DESTDIR$libdir/libxmem.a" ]; then
    # shellcheck disable=SC2046,SC2086 # words on purpose
    $CC $strict -o "$dir/static" "$dir/example.c" $(pkg --cflags) \
        $(pkg --static --libs | sed 's/-lxmem/-Wl,--whole-archive -l:libxmem.a -Wl,--no-whole-archive/')
    ! ldd "$dir/static" | grep -q libxmem || fail 'the static example needs libxmem.so'
    leaked=$(nm -g --defined-only "$DESTDIR$libdir/libxmem.a" |
        awk 'NF == 3 && $3 !~ /^(xmem|xmi|xm)_/ { print $3 }')
    [ -z "$leaked" ] || fail "libxmem.a shows names without its prefixes:" $leaked
    run_example static
else
    echo 'check-install: built without a static library'
fi

LD_LIBRARY_PATH="$DESTDIR$libdir" "$DESTDIR$bindir/xmemctl" --version >"$dir/version" ||
    fail "xmemctl --version: exit status $?"
version=$(PKG_CONFIG_PATH="$DESTDIR$pkgconfigdir" pkg-config --modversion libxmem)
grep -qF "$version" "$dir/version" ||
    fail "xmemctl says '$(cat "$dir/version")', libxmem.pc says $version"
echo "check-install: libxmem $version"
