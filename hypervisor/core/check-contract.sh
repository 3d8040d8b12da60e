#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# check-contract.sh BUILT
# Fails when a folder of the core needs a symbol that is neither its own, nor of a folder that it may use
# (the table in README.md), nor of the environment contract (contract.txt, as far as that table allows);
# and when files of base/ need each other in a circle. BUILT has the objects, FOLDER/*NAME.o for FOLDER/NAME.c.
# Objects must be built without sanitizers, coverage and stack protector, which add their own.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
nm=${NM:-nm}
if [ $# -ne 1 ]; then
    echo "usage: $0 BUILT" >&2
    exit 2
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# column FOLDER N: of the folder's row in the table
column() { sed -n "s/^| \`$1\/\` |/|/p" "$here/README.md" | cut -d'|' -f"$2" | tr -d '\`,'; }
# shellcheck disable=SC2016 # backticks of the table
folders=$(sed -n 's/^| `\([a-z0-9-]*\)\/` |.*/\1/p' "$here/README.md")

# All lines "FILE d SYMBOL" and "FILE u SYMBOL"; what is left of older builds is passed over.
symbols() {
    for source in "$here/$1"/*.c; do
        name=${source##*/}
        object=$(find "$2/$1" -maxdepth 1 \( -name "${name%.c}.o" -o -name "*_la-${name%.c}.o" \) | head -n 1)
        [ -n "$object" ] || { echo "$0: $1/$name has no object in $2" >&2; return 2; }
        "$nm" "$object" | sed -n "/ U _GLOBAL_OFFSET_TABLE_$/d; s|^ *[Uw] |$1/$name u |p; s|^[0-9a-f]* [A-Z] |$1/$name d |p"
    done
}

grep -v '^#' "$here/contract.txt" | sort -u >"$tmp/contract"
: >"$tmp/all"
for folder in $folders; do
    symbols "$folder" "$1" >>"$tmp/all" || exit 2
done
[ -s "$tmp/all" ] || { echo "$0: README.md lists no folders" >&2; exit 2; }

# of FOLDER d|u
of() { sed -n "s|^$1/[^ ]* $2 ||p" "$tmp/all" | sort -u; }

# The environment's symbols that a folder may need.
allowed() {
    environment=$(column "$1" 3 | xargs)
    case $environment in
    all) cat "$tmp/contract" ;;
    nothing) ;;
    *) for name in $environment; do grep -x "$name\|xm_env_$name" "$tmp/contract"; done ;;
    esac
}

failed=0
for folder in $folders; do
    {
        of "$folder" d
        allowed "$folder"
        for other in $(column "$folder" 2); do of "${other%/}" d; done
    } | sort -u >"$tmp/known"
    of "$folder" u | comm -23 - "$tmp/known" >"$tmp/bad"
    while read -r symbol; do
        failed=1
        from=$(sed -n "s|^\([^ ]*\) d $symbol\$|\1|p" "$tmp/all")
        files=$(sed -n "s|^\($folder/[^ ]*\) u $symbol\$|\1|p" "$tmp/all" | tr '\n' ' ')
        if [ -n "$from" ]; then
            echo "$0: ${files}needs $symbol of $from: $folder/ may not use that folder" >&2
        else
            echo "$0: ${files}needs $symbol: outside the environment contract of $folder/" >&2
        fi
    done <"$tmp/bad"
done

# The other way round: all that the core exports begins with xm_.
sed -n '/ d xm_/d; s/^[^ ]* d //p' "$tmp/all" >"$tmp/foreign"
while read -r symbol; do
    failed=1
    echo "$0: $symbol is exported without the prefix xm_" >&2
done <"$tmp/foreign"

awk '$1 !~ /^base\// { next } $2 == "d" { has[$3] = $1 } $2 == "u" { lacks[$1 SUBSEP $3] = 1 }
    END { for (k in lacks) { split(k, p, SUBSEP); if (p[2] in has) print p[1], has[p[2]] } }' "$tmp/all" >"$tmp/calls"
circle=$(tsort "$tmp/calls" 2>&1 >/dev/null | sed -n 's/^tsort: \(base\)/\1/p' | sort -u | tr '\n' ' ')
[ -z "$circle" ] || { failed=1; echo "$0: a circle of files: $circle" >&2; }

[ "$failed" -eq 0 ] || exit 1
echo "contract: $(echo "$folders" | wc -w) folders, none needs what it may not"
