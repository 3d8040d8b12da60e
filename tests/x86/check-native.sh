#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-native.sh: what lib/x86 says that an instruction touches beside what this processor does.
set -eu
cd "${TOP_SRCDIR:-.}"
: "${CC:=cc}"
if [ "$(uname -m)" != x86_64 ] || ! echo | $CC -dM -E - | grep -q __x86_64__; then
    echo '1..0 # SKIP this is no x86-64'
    exit 0
fi
program=$(mktemp "${TMPDIR:-/tmp}/xm-native.XXXXXX")
trap 'rm -f "$program"' EXIT INT TERM
$CC -std=gnu11 -O2 -g -Wall -Wextra -D_GNU_SOURCE -Ilib -Iinclude -o "$program" \
    lib/x86/*.c tests/x86/check-native.c
"$program"
