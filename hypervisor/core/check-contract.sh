#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-contract.sh OBJECT...
# Fails when the core's objects, taken together, need a symbol that contract.txt does not allow.
# Objects must be built without sanitizers, coverage and stack protector, which add their own.
set -eu

here=$(dirname "$0")
nm=${NM:-nm}
if [ $# -eq 0 ]; then
    echo "usage: $0 OBJECT..." >&2
    exit 2
fi
for o in "$@"; do
    [ -r "$o" ] || { echo "$0: $o: cannot read it" >&2; exit 2; }
done

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$nm" -u "$@" | sed -n 's/^ *[Uw] //p' | sort -u > "$tmp/undefined"
"$nm" --defined-only "$@" | sed -n 's/^[0-9a-f]* [A-Z] //p' | sort -u > "$tmp/defined"
grep -v '^#' "$here/contract.txt" | sort -u > "$tmp/allowed"
[ -s "$tmp/defined" ] || { echo "$0: the objects define nothing" >&2; exit 2; }
sort -u "$tmp/defined" "$tmp/allowed" > "$tmp/known"
comm -23 "$tmp/undefined" "$tmp/known" > "$tmp/bad"
if [ -s "$tmp/bad" ]; then
    echo "$0: outside the environment contract (contract.txt):" >&2
    sed 's/^/  /' "$tmp/bad" >&2
    exit 1
fi
# The other way round: all that the core exports begins with xm_.
if grep -v '^xm_' "$tmp/defined" > "$tmp/foreign"; then
    echo "$0: exported without the prefix xm_:" >&2
    sed 's/^/  /' "$tmp/foreign" >&2
    exit 1
fi
echo "contract: $# objects, $(comm -12 "$tmp/undefined" "$tmp/allowed" | wc -l) of" \
     "$(wc -l < "$tmp/allowed") symbols of the environment used, none besides"
