# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Small initial RAM disks: programs with exactly the shared objects they need.

# lab_elf_needs FILE: the shared objects that an ELF file names.
lab_elf_needs() {
    { LC_ALL=C "${LAB_READELF:-readelf}" -d "$1" 2>/dev/null || :; } |
        sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# lab_elf_closure ROOT DEST LIBDIR FILE...: copies to DEST/LIBDIR what FILE... need, from the unpacked
# packages in ROOT, except what the list file LAB_ELF_OWN names (LIBDIR is "lib/TRIPLET"; Debian 13 has moved it below /usr).
lab_elf_closure() {
    local root=$1 dest=$2 libdir=$3 file lib found
    shift 3
    mkdir -p "$dest/$libdir"
    for file in "$@"; do
        for lib in $(lab_elf_needs "$file"); do
            [ ! -e "$dest/$libdir/$lib" ] || continue
            ! grep -Fxqs -e "$lib" "${LAB_ELF_OWN:-/dev/null}" || continue
            found=$(lab_find_library "$root" "$libdir" "$lib")
            [ -n "$found" ] || lab_fail "no $lib (needed by ${file##*/}) in the unpacked packages"
            cp -L "$found" "$dest/$libdir/$lib"
            lab_elf_closure "$root" "$dest" "$libdir" "$dest/$libdir/$lib"
        done
    done
}

lab_find_library() {
    local dir
    for dir in "$1/$2" "$1/usr/$2"; do
        if [ -e "$dir/$3" ]; then
            printf '%s\n' "$dir/$3"
            return
        fi
    done
}

# lab_cpio FOLDER FILE: a newc archive owned by root, with names in a fixed order.
lab_cpio() {
    (cd "$1" && find . -print0 | LC_ALL=C sort -z |
        cpio --null --quiet --reproducible -o -H newc -R 0:0) >"$2"
}
