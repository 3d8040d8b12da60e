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
    python3 - "$TOP_SRCDIR/hypervisor/xen/hooks" "$1" <<'END'
import os, sys
files = {}
for name in sorted(os.listdir(sys.argv[1])):
    keys, at = {}, None
    for line in open(os.path.join(sys.argv[1], name)):
        if line.startswith('@'):
            at = '' if line.strip() == '@at' else None if at is None else at
            if line.strip() != '@at':
                break
        elif at is not None:
            at += line
        elif ':' in line and not line.startswith('#'):
            key, value = line.split(':', 1)
            keys[key] = value.strip()
    places = files.setdefault(keys['file'], {}).setdefault(keys.get('in', ''), [])
    at = at.strip('\n')
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
    refused "$work/lacks" 'pv-enable-ring.hook: its place is in' 'a tree without a place'
    rm -rf "$work/lacks"
    "$apply" "$work/$minor" >"$work/out" || bad "4.$minor: $(cat "$work/out")"
    grep -q "XMEM_XEN_MINOR $minor" "$work/$minor/xen/include/xen/xmem-release.h" ||
        bad "4.$minor: the release is not noted"
    cmp -s "$TOP_SRCDIR/hypervisor/core/pv/pv-set.c" \
        "$work/$minor/xen/arch/x86/mm/xmem/core/pv-set.c" || bad "the core is not what it was"
    refused "$work/$minor" 'was changed already' 'a changed tree'
done
gate_end
