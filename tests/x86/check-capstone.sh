#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-capstone.sh [COUNT]: what lib/x86 says that an instruction touches beside capstone's operands,
# over COUNT random encodings of each size of code; check-capstone.c has the differences that are right.
set -eu
cd "${TOP_SRCDIR:-.}"
: "${CC:=cc}"
program=$(mktemp "${TMPDIR:-/tmp}/xm-capstone.XXXXXX")
echo '#include <capstone/capstone.h>
int main(void) { return !cs_support(CS_ARCH_X86); }' >"$program.c"
trap 'rm -f "$program" "$program.c"' EXIT INT TERM
# Linked with the library: its files may be there for another machine.
if ! $CC -o "$program" "$program.c" -lcapstone 2>/dev/null || ! "$program"; then
    echo '1..0 # SKIP libcapstone-dev is not installed'
    exit 0
fi
$CC -std=gnu11 -O2 -g -Wall -Wextra -D_GNU_SOURCE -Ilib -Iinclude -o "$program" \
    lib/x86/*.c tests/x86/check-capstone.c -lcapstone
"$program" "$@"
