#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# hide-symbols.sh ARCHIVE, with LD, OBJCOPY, AR and RANLIB in the environment.
# Makes a static library one object in which what is hidden is local: the API is all that a
# program can call or clash with, as in the shared library.
set -eu
archive=$1
: "${LD:=ld}" "${OBJCOPY:=objcopy}" "${AR:=ar}" "${RANLIB:=ranlib}"
[ -e "$archive" ] || exit 0 # --disable-static
dir=$(mktemp -d "$(dirname "$archive")/hide.XXXXXX")
trap 'rm -rf "$dir"' EXIT
# shellcheck disable=SC2086 # tools may come with options
{
    $LD -r -o "$dir/libxmem.o" --whole-archive "$archive"
    $OBJCOPY --localize-hidden "$dir/libxmem.o"
    $AR crD "$dir/libxmem.a" "$dir/libxmem.o"
    $RANLIB -D "$dir/libxmem.a"
}
mv -f "$dir/libxmem.a" "$archive"
