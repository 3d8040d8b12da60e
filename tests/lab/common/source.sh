# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Debian source packages: downloaded with apt, every tarball checked against the Sources index, and
# unpacked without the .dsc (which the archive does not always deliver).

# lab_source_files PACKAGE VERSION: lines "NAME SHA256" of the package's tarballs.
lab_source_files() {
    # 'URI' NAME SIZE SHA256:HASH
    apt-get source --print-uris --only-source "$1=$2" 2>/dev/null |
        awk '$2 ~ /\.tar\./ && $2 !~ /\.asc$/ && $4 ~ /^SHA256:/ { sub("SHA256:", "", $4); print $2, $4 }'
}

# lab_source_known FIELDS...: of the lines of source.known that begin with these, the rest.
lab_source_known() {
    local want=("$@") line
    while read -ra line; do
        [ "${line[*]:0:${#want[@]}}" != "$*" ] || echo "${line[*]:${#want[@]}}"
    done <"$(dirname -- "${BASH_SOURCE[0]}")/source.known"
}

# All revisions that are listed or known, newest first.
lab_source_versions() {
    { lab_apt_versions "$1" source "$2" && lab_source_known "$1" "$2" | cut -d ' ' -f 1; } |
        sort -u | lab_sort_versions
}

# A revision that no list names any more: from where the package's other revisions are.
lab_source_get_known() {
    local folder=$1 suite=$2 name=$3 version=$4 base file sum
    lab_source_known "$suite" "$name" "$version" >"$folder/files"
    [ -s "$folder/files" ] || return 1
    base=$(apt-get source --print-uris --only-source "$name=$(lab_apt_versions "$suite" source "$name" | tail -n 1)" \
        2>/dev/null | sed -n "s|^'\(.*\)/[^/]*' .*|\1|p" | head -n 1)
    [ -n "$base" ] || return 1
    while read -r file sum; do
        (cd "$folder" && timeout 900 /usr/lib/apt/apt-helper download-file "$base/${file//+/%2b}" "$file" "SHA256:$sum") \
            >>"$folder/log" 2>&1 || return 1
    done <"$folder/files"
    lab_source_check "$folder"
}

lab_source_check() {
    local folder=$1 name sum count=0
    while read -r name sum; do
        count=$((count + 1))
        printf '%s  %s\n' "$sum" "$folder/$name" | sha256sum -c --status 2>/dev/null || return 1
    done <"$folder/files"
    [ "$count" -gt 0 ]
}

lab_source_get() {
    local folder=$1 name=$2 version=$3
    # A missing .dsc makes apt fail although the tarballs came: only their hashes decide.
    (cd "$folder" && timeout 900 apt-get -q source --download-only --only-source "$name=$version") \
        >"$folder/log" 2>&1 || :
    lab_source_check "$folder"
}

lab_source_fill() {
    local suite=$1 name=$2 version=$3 folder=$4
    lab_say "fetching source $name $version"
    lab_source_files "$name" "$version" >"$folder/files" || : # not listed any more
    { [ -s "$folder/files" ] && lab_try 3 lab_source_get "$folder" "$name" "$version"; } ||
        lab_try 3 lab_source_get_known "$folder" "$suite" "$name" "$version" || {
        lab_say "$name $version is not delivered: trying the next older revision"
        lab_missing_mark source "$name" "$version"
        return 1
    }
}

# lab_source SUITE PACKAGE: tarballs of the newest revision that arrives, in LAB_PATH; LAB_VERSION.
lab_source() {
    local suite=$1 name=$2 version place
    for version in $(lab_source_versions "$suite" "$name"); do
        place=$LAB_CACHE/store/source-$name-${version//[^A-Za-z0-9.+~-]/_}
        [ -e "$place" ] || lab_missing source "$name" "$version" ||
            lab_lock "source-$name" lab_store_fill "$place" lab_source_fill "$suite" "$name" "$version"
        if [ -e "$place" ]; then
            LAB_PATH=$place
            LAB_VERSION=$version
            return
        fi
    done
    lab_skip "no revision of source package $name arrives from $suite"
}

lab_source_series() {
    local tree=$1 patch
    [ -e "$tree/debian/patches/series" ] || return 0
    while read -r patch _; do
        case $patch in '' | '#'*) continue ;; esac
        patch -s -p1 -d "$tree" -i "$tree/debian/patches/$patch" ||
            lab_fail "Debian patch $patch does not apply"
    done <"$tree/debian/patches/series"
}

# lab_source_unpack FOLDER TREE: upstream tarball, Debian's folder, Debian's patches, in TREE.
lab_source_unpack() {
    local folder=$1 tree=$2 tarball part
    mkdir -p "$tree"
    for tarball in "$folder"/*.orig.tar.*; do
        case $tarball in *.asc) continue ;; esac
        tar -x -C "$tree" --strip-components=1 -f "$tarball"
    done
    for tarball in "$folder"/*.orig-*.tar.*; do
        [ -e "$tarball" ] || continue
        part=${tarball##*.orig-}
        mkdir -p "$tree/${part%%.tar.*}"
        tar -x -C "$tree/${part%%.tar.*}" --strip-components=1 -f "$tarball"
    done
    for tarball in "$folder"/*.debian.tar.*; do
        [ ! -e "$tarball" ] || tar -x -C "$tree" -f "$tarball"
    done
    lab_source_series "$tree"
}
