#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# hypervisor/xen/apply changes a tree as a whole or not at all. The tree here is made from the places that the
# hooks look for: whether real Xen has them is what the laboratories find.
. "$(dirname "$0")/lib.sh"

apply=$TOP_SRCDIR/hypervisor/xen/apply
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A file for each that has hooks, with a function for each that is named.
make_tree() {
    mkdir -p "$1/xen"
    printf 'export XEN_VERSION       = 4\nexport XEN_SUBVERSION    = %s\n' "$2" >"$1/xen/Makefile"
    python3 - "$apply" "$1" <<'END'
import os, runpy, sys
files = {}
for hook in (h for subject in runpy.run_path(sys.argv[1])['load_subjects']() for h in subject.hooks):
    places = files.setdefault(hook.keys['file'], {}).setdefault(hook.keys['in'] or '', [])
    at = hook.at.strip('\n')
    if at not in places:
        places.append(at)
for path, places in files.items():
    full = os.path.join(sys.argv[2], path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, 'w') as f:
        f.write('\n'.join(places.pop('', [])) + '\n')
        for function, lines in places.items():
            f.write(f'\nint {function}(void)\n{{\n' + '\n'.join(lines) + '\n}\n')
END
}

sum_of() {
    (cd "$1" && find . -type f -exec sha256sum {} + | sort | sha256sum)
}

# refused TREE WORDS WHAT: says so, with these words, and leaves the tree alone.
refused() {
    before=$(sum_of "$1")
    if "$apply" "$1" >"$work/out" 2>&1; then
        bad "$3: was not refused"
    fi
    grep -q -e "$2" "$work/out" || bad "$3: $(cat "$work/out")"
    [ "$(sum_of "$1")" = "$before" ] || bad "$3: the tree was changed"
}

# series TREE CHANGED: as patches they make of a tree what apply makes, and each says why.
series() {
    before=$(sum_of "$1")
    "$apply" --series "$work/series" "$1" >"$work/out" 2>&1 || bad "--series: $(cat "$work/out")"
    [ "$(sum_of "$1")" = "$before" ] || bad '--series has changed the tree'
    ! "$apply" --series "$work/series" "$1" >"$work/out" 2>&1 || bad '--series into a folder that is not empty'
    cp -a "$1" "$work/patched"
    if command -v git >/dev/null 2>&1; then
        (cd "$work/patched" && git init -q . && git add . && git commit -q -m base && git am -q "$work"/series/*) \
            >"$work/out" 2>&1 || bad "git am: $(cat "$work/out")"
        rm -rf "$work/patched/.git"
    else
        cat "$work"/series/* | patch -s -p1 -d "$work/patched" >"$work/out" 2>&1 || bad "patch: $(cat "$work/out")"
    fi
    [ "$(sum_of "$work/patched")" = "$(sum_of "$2")" ] || bad "the series makes another tree of $1"
    for patch in "$work"/series/*; do
        grep -q '^Subject: \[PATCH [0-9]*/[0-9]*\] [a-z0-9_/]*: .' "$patch" &&
            sed -n '/^Subject/,/^---$/p' "$patch" | sed '1,2d;$d' | grep -q '^[A-Z].*[a-z]' ||
            bad "${patch##*/}: no subject, or no reason"
    done
    rm -rf "$work/series" "$work/patched"
}
export GIT_CONFIG_GLOBAL=/dev/null GIT_COMMITTER_NAME=gate GIT_COMMITTER_EMAIL=gate@localhost
export GIT_AUTHOR_NAME=gate GIT_AUTHOR_EMAIL=gate@localhost

"$apply" --core | while read -r file; do
    [ -e "$TOP_SRCDIR/$file" ] || echo "$file"
done >"$work/out"
[ ! -s "$work/out" ] || bad "--core names what is not there: $(cat "$work/out")"
[ "$("$apply" --core | wc -l)" -gt 5 ] || bad "--core names too little"
mkdir "$work/empty"
refused "$work/empty" 'No such file' 'a folder that is no tree'
make_tree "$work/other" 19
refused "$work/other" 'Xen 4.19 is not one of' 'another release'
for minor in 17 20 21 22; do
    make_tree "$work/$minor" $minor
    "$apply" --check "$work/$minor" >"$work/out" || bad "4.$minor: $(cat "$work/out")"
    [ ! -e "$work/$minor/xen/include/xen/xmem.h" ] || bad "--check has changed 4.$minor"
    cp -a "$work/$minor" "$work/blocked"
    mkdir -p "$work/blocked/xen/common/vm_event.c.xmem-new"
    refused "$work/blocked" 'the tree is as it was' 'a tree that cannot be written'
    rm -rf "$work/blocked"
    cp -a "$work/$minor" "$work/lacks"
    sed -i 's/prepare_ring_for_helper/prepare_ring/' "$work/lacks/xen/common/vm_event.c"
    refused "$work/lacks" 'pv-enable-ring: its place is in' 'a tree without a place'
    rm -rf "$work/lacks"
    cp -a "$work/$minor" "$work/clean"
    "$apply" "$work/$minor" >"$work/out" || bad "4.$minor: $(cat "$work/out")"
    grep -q "XMEM_XEN_MINOR $minor" "$work/$minor/xen/include/xen/xmem-release.h" ||
        bad "4.$minor: the release is not noted"
    cmp -s "$TOP_SRCDIR/$("$apply" --core | grep '/pv-set\.c$')" \
        "$work/$minor/xen/arch/x86/mm/xmem/core/pv-set.c" || bad "the core is not what it was"
    refused "$work/$minor" 'was changed already' 'a changed tree'
    series "$work/clean" "$work/$minor"
    rm -rf "$work/clean"
done
gate_end
